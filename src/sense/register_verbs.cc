// SPDX-License-Identifier: Apache-2.0
// What people and systems do to single assets and units.
#include "core/json.h"
#include "core/limits.h"
#include "sense/asset_form.h"
#include "sense/decode.h"
#include "sense/roles.h"
#include "sense/sense.h"

namespace cityloop {
namespace {

// Whether a put changes anything: the register's own members apart.
bool is_same(Asset a, const Asset& b) {
  a.slot = b.slot;
  a.rev = b.rev;
  a.silence = b.silence;
  return encoded(a) == encoded(b);
}

Answer stored(const Asset& asset, bool created) {
  JsonWriter out;
  out.begin_object().member("id", asset.id).member("kind", asset.kind).member_or_null("area", asset.area);
  out.member("rev", asset.rev).end_object();
  return done(out.take(), asset.rev, created ? 201 : 200);
}

Error stale(std::uint64_t rev) {
  return fail(errors::kStale, "it is at revision " + std::to_string(rev) + "; read it again");
}

}  // namespace

Result<Sense::Change> Sense::store_asset(Asset asset, const Actor& actor, Context& city) {
  const Asset* const old = register_.asset(asset.id);
  const std::string found = asset.place ? register_.area_of(*asset.place) : std::string();
  if (!asset.area.empty() && register_.area(asset.area) == nullptr) {
    return fail(errors::kBadField, "there is no area `" + asset.area + "`");
  }
  // A polygon decides; a given area may say it more precisely where streets have no geometry.
  const bool is_finer = !found.empty() && asset.area.size() > found.size() && asset.area.starts_with(found);
  if (!found.empty() && !is_finer) asset.area = found;
  if (asset.area.empty()) asset.area = register_.root_area();
  const auto covers = [&](const std::string& area) { return in_scope(actor.area, area, register_.root_area()); };
  if (!covers(asset.area) || (old != nullptr && !covers(old->area))) {
    return fail(errors::kForeignArea, "the asset lies in " + (covers(asset.area) ? old->area : asset.area) + ", outside your area");
  }
  if (old != nullptr) asset.silence = old->silence;
  if (old != nullptr && is_same(asset, *old)) return Change::unchanged;
  const std::uint32_t old_slot = old != nullptr ? old->slot : 0;
  asset.rev = old != nullptr ? old->rev + 1 : 1;
  const Asset& kept = register_.put_asset(std::move(asset));
  index_.put(kept, register_);
  if (old_slot != 0 && kept.slot != old_slot) heads_.forget(old_slot);  // another kind: its points mean something else
  city.emit("asset.put", actor.id, kept);
  return old_slot != 0 ? Change::updated : Change::created;
}

Answer Sense::put_asset(const ActionIn& in, const Actor& actor, Context& city) {
  if (!may_write_register(actor)) return refuse(register_is_closed());
  const Result<json::value> body = parse_json(in.body);
  if (!body || !body->is_object()) return refuse(errors::kBadJson, "the body must be a JSON object");
  Result<Asset> asset = asset_of_json(in.subject, body->get_object(), city.packs);
  if (!asset) return refuse(asset.error());
  const Asset* const old = register_.asset(asset->id);
  if (in.if_match != 0 && (old == nullptr || old->rev != in.if_match)) return refuse(stale(old == nullptr ? 0 : old->rev));
  const std::string id = asset->id;
  const Result<Change> change = store_asset(std::move(*asset), actor, city);
  if (!change) return refuse(change.error());
  return stored(*register_.asset(id), *change == Change::created);
}

Answer Sense::delete_asset(const ActionIn& in, const Actor& actor, Context& city) {
  if (!may_write_register(actor)) return refuse(register_is_closed());
  const Asset* const old = register_.asset(in.subject);
  if (old == nullptr) return refuse(errors::kNotFound, "there is no asset `" + in.subject + "`");
  if (!in_scope(actor.area, old->area, register_.root_area())) return refuse(errors::kForeignArea, "the asset lies in " + old->area);
  if (in.if_match != 0 && old->rev != in.if_match) return refuse(stale(old->rev));
  if (old->silence) silences_.erase({old->silence->until, old->id});
  heads_.forget(old->slot);
  register_.remove_asset(in.subject);
  index_.remove(in.subject, register_);
  city.emit("asset.remove", actor.id, Removed{"assets", in.subject});
  return done();
}

void Sense::keep_silence(const Asset& asset, std::optional<Silence> silence, const std::string& by, std::string kind, Context& city) {
  if (asset.silence) silences_.erase({asset.silence->until, asset.id});
  Asset changed = asset;
  changed.silence = std::move(silence);
  ++changed.rev;
  if (changed.silence) silences_.emplace(changed.silence->until, changed.id);
  const Asset& kept = register_.put_asset(std::move(changed));
  index_.put(kept, register_);
  city.emit(std::move(kind), by, kept);
}

Answer Sense::silence_asset(const ActionIn& in, const Actor& actor, Context& city) {
  if (!may_silence(actor)) return refuse(errors::kForbidden, "silencing an asset is for integrator, admin, shift_leader and dispatcher");
  const Asset* const asset = register_.asset(in.subject);
  if (asset == nullptr) return refuse(errors::kNotFound, "there is no asset `" + in.subject + "`");
  if (!in_scope(actor.area, asset->area, register_.root_area())) return refuse(errors::kForeignArea, "the asset lies in " + asset->area);
  const Result<json::value> body = parse_json(in.body);
  if (!body || !body->is_object()) return refuse(errors::kBadJson, "the body must be a JSON object");
  const auto until = want_time(body->get_object(), "until");
  if (!until) return refuse(until.error());
  const Result<std::string> reason = need_string(body->get_object(), "reason");
  if (!reason) return refuse(reason.error());
  if (!*until) return refuse(errors::kMissingField, "`until` is missing");
  if (**until <= city.now) return refuse(errors::kBadField, "`until` has passed");
  if (**until > city.now + kLongestSilence) return refuse(errors::kBadField, "an asset is silenced for 90 days at most");
  if (reason->empty() || reason->size() > limits::kTextBytes) return refuse(errors::kBadField, "`reason` has 1 to 4,000 bytes");
  if (in.if_match != 0 && asset->rev != in.if_match) return refuse(stale(asset->rev));
  keep_silence(*asset, Silence{**until, *reason, actor.id}, actor.id, "asset.silence", city);
  return stored(*register_.asset(in.subject), false);
}

Answer Sense::unsilence_asset(const ActionIn& in, const Actor& actor, Context& city) {
  if (!may_silence(actor)) return refuse(errors::kForbidden, "silencing an asset is for integrator, admin, shift_leader and dispatcher");
  const Asset* const asset = register_.asset(in.subject);
  if (asset == nullptr) return refuse(errors::kNotFound, "there is no asset `" + in.subject + "`");
  if (!in_scope(actor.area, asset->area, register_.root_area())) return refuse(errors::kForeignArea, "the asset lies in " + asset->area);
  if (asset->silence) keep_silence(*asset, std::nullopt, actor.id, "asset.unsilence", city);
  return stored(*register_.asset(in.subject), false);
}

namespace {

Result<Unit> unit_of(std::string_view id, const std::string& body, const Register& tables) {
  const json::value document = TRY(parse_json(body));
  if (!document.is_object()) return fail(errors::kWrongType, "the body must be a JSON object");
  const json::object& o = document.get_object();
  if (const auto known = only_keys(o, {"id", "name", "area", "duties", "phone", "enabled"}, ""); !known) return known.error();
  Unit unit;
  unit.id = id;
  if (const auto written = TRY(want_string(o, "id"))) {
    if (!id.empty() && *written != id) return fail(errors::kBadField, "`id` is not the id of the address");
    unit.id = *written;
  }
  if (!is_asset_id(unit.id)) return fail(errors::kBadField, "a unit's id is [A-Za-z0-9._:-], 1 to 128 characters");
  unit.name = TRY(need_string(o, "name"));
  unit.area = TRY(want_string(o, "area")).value_or(tables.root_area());
  unit.phone = TRY(want_string(o, "phone")).value_or("");
  unit.enabled = TRY(want_bool(o, "enabled")).value_or(true);
  if (tables.area(unit.area) == nullptr) return fail(errors::kBadField, "there is no area `" + unit.area + "`");
  const json::value* const duties = o.if_contains("duties");
  if (duties == nullptr || duties->is_null()) return unit;
  if (!duties->is_array()) return fail(errors::kWrongType, "`duties` must be an array of words");
  for (const json::value& duty : duties->get_array()) {
    if (!duty.is_string()) return fail(errors::kWrongType, "`duties` must be an array of words");
    unit.duties.emplace_back(duty.get_string());
  }
  return unit;
}

}  // namespace

Answer Sense::put_unit(const ActionIn& in, const Actor& actor, Context& city) {
  if (!may_write_register(actor)) return refuse(register_is_closed());
  Result<Unit> unit = unit_of(in.subject, in.body, register_);
  if (!unit) return refuse(unit.error());
  const Unit* const old = register_.unit(unit->id);
  const auto covers = [&](const std::string& area) { return in_scope(actor.area, area, register_.root_area()); };
  if (!covers(unit->area) || (old != nullptr && !covers(old->area))) return refuse(errors::kForeignArea, "the unit answers for an area outside yours");
  const bool created = old == nullptr;
  const std::string id = unit->id;
  if (created || encoded(*old) != encoded(*unit)) {
    city.emit("unit.put", actor.id, *unit);
    register_.put_unit(std::move(*unit));
  }
  JsonWriter out;
  out.begin_object().member("id", id).end_object();
  return done(out.take(), 0, created ? 201 : 200);
}

Answer Sense::delete_unit(const ActionIn& in, const Actor& actor, Context& city) {
  if (!may_write_register(actor)) return refuse(register_is_closed());
  const Unit* const old = register_.unit(in.subject);
  if (old == nullptr) return refuse(errors::kNotFound, "there is no unit `" + in.subject + "`");
  if (!in_scope(actor.area, old->area, register_.root_area())) return refuse(errors::kForeignArea, "the unit answers for an area outside yours");
  register_.remove_unit(in.subject);
  city.emit("unit.remove", actor.id, Removed{"units", in.subject});
  return done();
}

}  // namespace cityloop
