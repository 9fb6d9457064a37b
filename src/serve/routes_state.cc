// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "core/register.h"
#include "serve/engine.h"
#include "serve/list.h"
#include "serve/state_doc.h"

namespace cityloop::serve {
namespace {

// What the filters of /state and /points leave of the book.
struct Selection {
  std::string kind, area, own, asset;
  std::optional<Box> box;

  bool takes(const BookEntry& entry) const {
    if (!asset.empty() && entry.id != asset) return false;
    if (!entry.area.starts_with(own) || !entry.area.starts_with(area)) return false;
    return !box || (entry.has_place && box->contains(entry.place));
  }
};

Result<Selection> selection_of(const Call& call) {
  Selection out;
  out.kind = std::string(call.request.parameter("kind"));
  out.asset = std::string(call.request.parameter("asset"));
  if (!call.whole_city()) out.own = call.caller.actor.area;
  if (const auto area = parameter(call, "area"); area && *area != call.city().root_area) {
    if (!call.whole_city() && !call.sees(*area) && !std::string_view(out.own).starts_with(*area))
      return fail(errors::kForeignArea, "this area lies outside yours");
    out.area = std::string(*area);
  }
  if (const auto text = parameter(call, "bbox")) {
    const auto box = parse_box(*text);
    if (!box) return bad_parameter("bbox", "must be west,south,east,north");
    out.box = *box;
  }
  return out;
}

// Visits the shelves of one kind (or of all) in order of kind and slot.
template <class Visit>
void each(const AssetBook::Picture& book, const Selection& selection, Visit&& visit) {
  const auto walk = [&](const std::string& kind, const AssetBook::Shelf& shelf) {
    for (const auto& entry : shelf)
      if (selection.takes(*entry) && !visit(kind, *entry)) return false;
    return true;
  };
  if (!selection.kind.empty()) {
    const auto shelf = book.kinds.find(selection.kind);
    if (shelf != book.kinds.end()) (void)walk(shelf->first, *shelf->second);
    return;
  }
  for (const auto& [kind, shelf] : book.kinds)
    if (!walk(kind, *shelf)) return;
}

// `next` of /state: kind and slot of the last item.
struct Position {
  std::string kind;
  std::uint32_t slot = 0;
};

Result<std::optional<Position>> position_of(const Call& call) {
  const auto text = parameter(call, "cursor");
  if (!text) return std::optional<Position>{};
  const std::size_t split = text->rfind('.');
  Position position;
  if (split == std::string_view::npos) return bad_parameter("cursor", "is not one of ours");
  position.kind = std::string(text->substr(0, split));
  const auto [end, code] = std::from_chars(text->data() + split + 1, text->data() + text->size(), position.slot);
  if (code != std::errc{} || end != text->data() + text->size()) return bad_parameter("cursor", "is not one of ours");
  return std::optional(position);
}

Result<HttpResponse> state(const Call& call) {
  const Selection selection = TRY(selection_of(call));
  const std::size_t limit = TRY(number_parameter(call, "limit", 10'000, limits::kStateItems));
  const auto after = TRY(position_of(call));
  const auto book = TRY(call.engine->book.picture());
  const auto live = call.city().live();
  const auto packs = call.city().packs();
  const Time now = call.now();
  JsonWriter out(1u << 16);
  out.begin_object().member("turn", live ? live->turn : 0).key("items").begin_array();
  std::size_t taken = 0;
  std::string next, last_kind;
  const KindSpec* kind = nullptr;
  std::uint32_t last_slot = 0;
  each(*book, selection, [&](const std::string& name, const BookEntry& entry) {
    if (after && std::pair(std::string_view(name), entry.slot) <= std::pair(std::string_view(after->kind), after->slot)) return true;
    if (taken == limit) {
      next = last_kind + "." + std::to_string(last_slot);
      return false;
    }
    if (name != last_kind || kind == nullptr) kind = packs->kind(name);
    last_kind = name;
    last_slot = entry.slot;
    put_state(out, entry.id, name, kind, live ? live->asset(entry.slot) : nullptr, now);
    ++taken;
    return true;
  });
  return json_response(200, out.end_array().member_or_null("next", next).end_object().take());
}

Result<HttpResponse> points(const Call& call) {
  const Selection selection = TRY(selection_of(call));
  const auto book = TRY(call.engine->book.picture());
  const auto live = call.city().live();
  JsonWriter rows(1u << 20);
  std::vector<std::string> kinds;
  std::size_t taken = 0;
  bool too_many = false;
  rows.begin_array();
  each(*book, selection, [&](const std::string& kind, const BookEntry& entry) {
    if (entry.retired || !entry.has_place) return true;
    if (kinds.empty() || kinds.back() != kind) kinds.push_back(kind);
    const LiveAsset* asset = live ? live->asset(entry.slot) : nullptr;
    rows.begin_array().value(entry.id).value(kinds.size() - 1).value(entry.place.lng).value(entry.place.lat);
    rows.value(asset == nullptr ? 0 : static_cast<int>(asset->level)).value(entry.name).value(entry.area).end_array();
    too_many = ++taken >= limits::kStateItems;
    return !too_many;
  });
  JsonWriter out(rows.size() + 256);
  out.begin_object().member("turn", live ? live->turn : 0).list("kinds", kinds).member_raw("rows", rows.end_array().text());
  return json_response(200, out.member("complete", !too_many).end_object().take());
}

}  // namespace

void add_state_routes(std::vector<Route>& out) {
  out.insert(out.end(), {
    {"GET", "/api/v1/state", "Last values; up to 100,000 items at once", kViewers, Scope::list, "kind area bbox asset limit cursor", "", "[]State", [](Call& c) { c.settle(state(c)); }},
    {"GET", "/api/v1/points", "All places with their level, compact, for the map", kViewers, Scope::list, "kind area bbox", "", "Points", [](Call& c) { c.settle(points(c)); }},
  });
}

}  // namespace cityloop::serve
