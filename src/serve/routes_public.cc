// SPDX-License-Identifier: Apache-2.0
// What anybody may read: what can be reported and found, the districts, similar cases nearby. Of cases only what says nothing of
// who reported them: class, distance, how far it is. No words and no pictures of other people.
#include <algorithm>
#include <cmath>

#include "core/class_standard.h"
#include "serve/engine.h"
#include "serve/near.h"
#include "serve/project.h"
#include "serve/public_calls.h"

namespace cityloop::serve {
namespace {

// ---- what there is

void put_words(JsonWriter& out, const Words& words) { out.member("title_zh", words.zh).member("title_en", words.en); }

void offered(Call& call) {
  const auto packs = call.city().packs();
  JsonWriter out(4096);
  out.begin_object().member("city", call.city().root_area).key("classes").begin_array();
  for (const OfferedClass& one : offered_classes(*packs)) {
    if (!class_row(call.city(), one.key)) continue;  // the city's table has no such class
    out.begin_object().member("key", one.key);
    put_words(out, one.title);
    out.end_object();
  }
  out.end_array().key("places").begin_array();
  for (const OfferedPlace& one : offered_places(*packs)) {
    out.begin_object().member("name", one.name);
    put_words(out, one.title);
    out.end_object();
  }
  call.answer_json(200, out.end_array().end_object().take());
}

// ---- districts, simplified: to say where one is and to draw a quiet map without tiles

constexpr double kFine = 0.002;  // degrees between two corners that are kept; the map shows kilometres

void put_ring(JsonWriter& out, const json::array& ring) {
  double lng = 999, lat = 999;
  out.begin_array();
  for (std::size_t i = 0; i < ring.size(); ++i) {
    if (!ring[i].is_array() || ring[i].get_array().size() < 2) continue;
    const double x = ring[i].get_array()[0].to_number<double>(), y = ring[i].get_array()[1].to_number<double>();
    const bool last = i + 1 == ring.size();
    if (!last && std::abs(x - lng) < kFine && std::abs(y - lat) < kFine) continue;
    out.begin_array().value(std::round(x * 1e4) / 1e4).value(std::round(y * 1e4) / 1e4).end_array();
    lng = x;
    lat = y;
  }
  out.end_array();
}

// Outer rings only: a hole is another district, which has its own.
void put_rings(JsonWriter& out, const json::value& geometry) {
  out.key("rings").begin_array();
  const json::object* shape = geometry.if_object();
  const json::value* coordinates = shape != nullptr ? shape->if_contains("coordinates") : nullptr;
  if (coordinates != nullptr && coordinates->is_array()) {
    const bool several = text_or(*shape, "type") == "MultiPolygon";
    const json::array one{*coordinates};
    for (const json::value& polygon : several ? coordinates->get_array() : one)
      if (polygon.is_array() && !polygon.get_array().empty() && polygon.get_array()[0].is_array())
        put_ring(out, polygon.get_array()[0].get_array());
  }
  out.end_array();
}

Result<HttpResponse> districts(const Call& call) {
  Query query{"areas", {{"parent", Where::Op::equal, {call.city().root_area}}}};
  query.limit = limits::kPageMost;
  JsonWriter out(1u << 17);
  out.begin_object().key("items").begin_array();
  do {
    const Page page = TRY(call.city().journal->list(query));
    for (const Row& row : page.rows) {
      const json::value doc = TRY(parse_json(row.doc));
      const json::object& area = doc.as_object();
      out.begin_object().member("code", text_or(area, "code")).member("name", text_or(area, "name"));
      out.member("name_en", text_or(area, "name_en"));
      put_rings(out, area.contains("geometry") ? area.at("geometry") : json::value());
      out.end_object();
    }
    query.cursor = page.next;
  } while (!query.cursor.empty());
  HttpResponse response = json_response(200, out.end_array().key("next").null().end_object().take());
  response.headers.emplace_back("Cache-Control", "public, max-age=3600");
  return response;
}

// ---- similar cases

struct Similar {
  double distance = 0;
  Case file;
};

std::string_view progress_of(Stage stage) {
  switch (stage) {
    case Stage::reported: case Stage::verifying: case Stage::pending_register: return "received";
    case Stage::pending_dispatch: return "accepted";
    default: return "handling";
  }
}

Result<HttpResponse> similar(const Call& call) {
  const auto place = parameter(call, "near");
  const auto key = parameter(call, "class");
  if (!place || !key) return bad_parameter(place ? "class" : "near", "is missing");
  const LngLat here = TRY(parse_near("near", *place));
  const auto offered = offered_classes(*call.city().packs());
  const auto klass = std::find_if(offered.begin(), offered.end(), [&](const OfferedClass& one) { return one.key == *key; });
  if (klass == offered.end()) return bad_parameter("class", "is not one that can be reported");
  const double radius = radius_of_class(class_row(call.city(), klass->key));
  Query query{"cases", {{"open", Where::Op::equal, {std::int64_t{1}}}, {"class", Where::Op::equal, {klass->code.code}},
                        {"class_type", Where::Op::equal, {klass->code.type}}}};
  query.order = "opened_at";
  query.descending = true;
  query.limit = limits::kPageMost;
  std::vector<Similar> found;
  std::size_t read = 0;
  do {
    const Page page = TRY(call.city().journal->list(query));
    for (const Row& row : page.rows) {
      Case file = TRY(case_of_doc(row.doc));
      if (!file.place || file.klass.scheme != klass->code.scheme) continue;
      const double distance = distance_m(here, *file.place);
      if (distance <= radius) found.push_back({distance, std::move(file)});
    }
    read += page.rows.size();
    query.cursor = page.next;
  } while (!query.cursor.empty() && read < limits::kCitizenCasesRead);
  std::sort(found.begin(), found.end(), [](const Similar& a, const Similar& b) { return a.distance < b.distance; });
  if (found.size() > limits::kCitizenNearby) found.resize(limits::kCitizenNearby);
  JsonWriter out;
  out.begin_object().member("radius_m", radius).key("items").begin_array();
  for (const Similar& one : found) {
    out.begin_object().member("no", one.file.no).member("distance_m", std::round(one.distance / 10) * 10);
    put_words(out, klass->title);
    out.member("opened_at", one.file.opened_at).member("progress", progress_of(one.file.stage));
    out.member("people", std::max<std::size_t>(1, one.file.reports.size())).end_object();
  }
  return json_response(200, out.end_array().end_object().take());
}

// ---- toilets, car parks, parks

void put_place(JsonWriter& out, const Asset& asset, const KindSpec& kind, const OfferedPlace& place, std::optional<double> distance) {
  out.begin_object().member("id", asset.id).member("name", asset.name).member("area", asset.area);
  out.member_or_null("location", asset.place).key("gcj02");
  if (asset.place) {
    const LngLat there = gcj02_from_wgs84(*asset.place);  // what the maps on Chinese phones want
    out.begin_array().value(std::round(there.lng * 1e6) / 1e6).value(std::round(there.lat * 1e6) / 1e6).end_array();
  } else {
    out.null();
  }
  out.key("distance_m");
  distance ? out.value(std::round(*distance)) : out.null();
  out.key("facts").begin_array();
  for (const std::string& name : place.show) {
    const auto value = asset.attributes.find(name);
    const auto spec = std::find_if(kind.attributes.begin(), kind.attributes.end(), [&](const AttributeSpec& one) { return one.name == name; });
    if (value == asset.attributes.end() || spec == kind.attributes.end()) continue;
    out.begin_object().member("name", name);
    put_words(out, spec->title);
    out.member("unit", spec->unit).key("value");
    std::visit([&](const auto& one) { out.value(one); }, value->second);
    out.end_object();
  }
  out.end_array().end_object();
}

// Nearest first, or those of a district by name where the phone does not say where it is.
Result<HttpResponse> places(const Call& call) {
  const auto wanted = parameter(call, "kind");
  const auto packs = call.city().packs();
  const auto offered = offered_places(*packs);
  const auto place = std::find_if(offered.begin(), offered.end(), [&](const OfferedPlace& one) { return wanted && one.name == *wanted; });
  if (place == offered.end()) return bad_parameter("kind", "is not a kind of place that can be found here");
  const KindSpec& kind = *packs->kind(place->kind);
  Query query{"assets", {{"kind", Where::Op::equal, {place->kind}}, {"life", Where::Op::equal, {std::string(life_name(Life::in_use))}}}};
  if (const auto area = parameter(call, "area")) query.where.push_back({"area", Where::Op::prefix, {std::string(*area)}});
  JsonWriter out(1u << 14);
  out.begin_object().key("items").begin_array();
  if (const auto near = parameter(call, "near")) {
    const LngLat here = TRY(parse_near("near", *near));
    for (const Found& one : TRY(nearest(call, std::move(query), here, limits::kCitizenPlacesRadius_m, limits::kCitizenPlaces, place_of_asset)))
      put_place(out, TRY(asset_of_doc(one.row.doc)), kind, *place, one.distance);
  } else {
    query.order = "name";
    query.limit = limits::kCitizenPlaces;
    for (const Row& row : TRY(call.city().journal->list(query)).rows) put_place(out, TRY(asset_of_doc(row.doc)), kind, *place, std::nullopt);
  }
  return json_response(200, out.end_array().key("next").null().end_object().take());
}

template <Result<HttpResponse> (*Work)(const Call&)>
void settled(Call& call) { call.settle(Work(call)); }

}  // namespace

void add_public_routes(std::vector<Route>& out) {
  out.insert(out.end(), {
    {"GET", "/api/v1/public", "What people can report and find, by the packs", 0, Scope::open, "", "", "PublicOffer", gated<offered>},
    {"GET", "/api/v1/public/districts", "The districts with simplified borders", 0, Scope::open, "", "", "[]PublicDistrict", gated<settled<districts>>, true},
    {"GET", "/api/v1/public/nearby", "Open cases of a class around a place, without a word of who reported them", 0, Scope::open, "class near", "", "PublicNearby", gated<settled<similar>>, true},
    {"GET", "/api/v1/public/places", "Toilets, car parks, parks: nearest first, or of a district", 0, Scope::open, "kind near area", "", "[]PublicPlace", gated<settled<places>>, true},
  });
}

}  // namespace cityloop::serve
