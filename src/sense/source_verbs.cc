// SPDX-License-Identifier: Apache-2.0
// Connected systems: their specifications, and how they fare.
#include <algorithm>

#include "core/json_write.h"
#include "core/limits.h"
#include "sense/roles.h"
#include "sense/sense.h"

namespace cityloop {
namespace {

constexpr std::size_t kSources = 1'000;      // the article's city has 153
constexpr std::size_t kDevices = 100'000;    // presence rows of credentials
constexpr std::string_view kSourcePrefix = "source:";

}  // namespace

Answer Sense::put_source(const ActionIn& in, const Actor& actor, Context& city) {
  if (!may_write_register(actor)) return refuse(register_is_closed());
  if (!in_scope(actor.area, register_.root_area(), register_.root_area())) return refuse(errors::kForeignArea, "sources are connected by whole-city actors");
  Result<SourceSpec> spec = parse_source(in.subject, in.body);
  if (!spec) return refuse(spec.error());
  const auto old = sources_.find(in.subject);
  const bool created = old == sources_.end();
  if (created && sources_.size() >= kSources) return refuse(errors::kTooMany, "at most 1,000 sources are connected");
  if (created || old->second.text != spec->text) {
    sources_.insert_or_assign(in.subject, std::move(*spec));
    ++sources_rev_;
    Health& health = health_[in.subject];
    if (health.listening_since == kNoTime) health.listening_since = city.now;
    put_health(in.subject, health, city);
  }
  JsonWriter out;
  out.begin_object().member("name", in.subject).end_object();
  return done(out.take(), 0, created ? 201 : 200);
}

Answer Sense::delete_source(const ActionIn& in, const Actor& actor, Context& city) {
  if (!may_write_register(actor)) return refuse(register_is_closed());
  if (!in_scope(actor.area, register_.root_area(), register_.root_area())) return refuse(errors::kForeignArea, "sources are connected by whole-city actors");
  if (sources_.erase(in.subject) == 0) return refuse(errors::kNotFound, "there is no source `" + in.subject + "`");
  health_.erase(in.subject);
  ++sources_rev_;
  city.emit("source.remove", actor.id, Removed{"sources", in.subject});
  return done();
}

void Sense::put_health(std::string_view key, Health& health, Context& city) {
  const auto spec = sources_.find(key);
  health.put = city.now;
  health.changed = false;
  city.emit("source.put", {}, health_row(key, spec == sources_.end() ? nullptr : &spec->second, health));
}

void Sense::count_health(std::string_view source, Time arrival, const Findings& found, Context& city) {
  const auto spec = sources_.find(source);
  if (spec == sources_.end()) return;
  Health& health = health_[std::string(source)];
  const bool was_late = std::exchange(health.is_late, false);
  health.last_seen = std::max(health.last_seen, arrival);
  health.accepted += found.accepted + found.corrected;
  health.duplicate += found.duplicate;
  health.late += found.late;
  health.quarantined += found.refused_count();
  if (found.good() == 0 && !found.refused.empty()) {
    health.error = found.refused.front().code + ": " + found.refused.front().detail;
  } else if (found.good() > 0) {
    health.error.clear();
  }
  health.changed = true;
  if (was_late || city.now - health.put >= kHealthEvery) put_health(source, health, city);
}

void Sense::started(const StartedIn&, Context& city) {
  for (auto& [key, health] : health_) {
    health.listening_since = city.now;
    if (key.starts_with("credential:")) health.connected = false;  // connections do not survive us
  }
}

void Sense::presence(const PresenceIn& in, Context& city) {
  const bool is_source = in.principal.starts_with(kSourcePrefix);
  const std::string key = is_source ? in.principal.substr(kSourcePrefix.size()) : in.principal;
  if (is_source && !sources_.contains(key)) return;
  if (!is_source && !in.principal.starts_with("credential:")) return;
  const auto known = health_.find(key);
  if (known == health_.end() && health_.size() >= kSources + kDevices) return;
  Health& health = known == health_.end() ? health_[key] : known->second;
  const bool changed = !health.known_connection || health.connected != in.connected;
  health.known_connection = true;
  health.connected = in.connected;
  health.error = in.connected ? "" : in.reason;
  if (in.connected) health.listening_since = city.now;
  if (!is_source) health.last_seen = std::max(health.last_seen, in.arrival);
  health.changed = true;
  if (changed && city.now - health.put >= kHealthEvery) put_health(key, health, city);
}

void Sense::tick(Context& city) {
  ready_index(city);  // so that lookups() can be asked before the first reading
  while (!silences_.empty() && silences_.begin()->first <= city.now) {
    const Asset* const asset = register_.asset(silences_.begin()->second);
    CHECK(asset != nullptr && asset->silence);
    keep_silence(*asset, std::nullopt, "system", "asset.unsilence", city);
  }
  if (city.now - last_health_ < std::chrono::seconds(1)) return;
  last_health_ = city.now;
  for (auto& [key, health] : health_) {
    const auto spec = sources_.find(key);
    if (spec != sources_.end() && update_lateness(health, spec->second.expected_interval, city.now)) health.changed = true;
    if (health.changed && city.now - health.put >= kHealthEvery) put_health(key, health, city);
  }
}

}  // namespace cityloop
