// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/register.h"
#include "serve/engine.h"
#include "serve/list.h"
#include "serve/near.h"
#include "serve/project.h"
#include "serve/state_doc.h"

namespace cityloop::serve {
namespace {

constexpr std::string_view kCsv =
    "id kind name area location.coordinates.0 location.coordinates.1 component_code life owner_unit keeper_unit source attributes";

std::string found_items(const std::vector<Found>& found) {
  JsonWriter out(4096);
  out.begin_object().key("items").begin_array();
  for (const Found& one : found)
    out.begin_object().member_raw("asset", one.row.doc).member("distance_m", std::round(one.distance * 10) / 10).end_object();
  return out.end_array().key("next").null().end_object().take();
}

Result<Query> asset_query(const Call& call) {
  static constexpr Filter kFilters[] = {{"kind", "kind"}, {"life", "life"}, {"source", "source"}, {"owner_unit", "owner_unit"},
                                        {"keeper_unit", "keeper_unit"}, {"component_code", "component_code"},
                                        {"q", "words", Filter::Type::text, Where::Op::contains}};
  Query query{"assets"};
  TRY(apply_filters(call, kFilters, query));
  TRY(apply_area(call, query));
  if (const auto text = parameter(call, "bbox")) {
    const auto box = parse_box(*text);
    if (!box) return bad_parameter("bbox", "must be west,south,east,north");
    add_box(query, *box);
  }
  return query;
}

void list_assets(Call& call) {
  auto query = asset_query(call);
  if (!query) return call.refuse(query.error());
  const auto near = parameter(call, "near");
  if (!near) return answer_list(call, {std::move(*query), kCsv});
  const auto work = [&]() -> Result<HttpResponse> {
    const LngLat place = TRY(parse_near("near", *near));
    const std::size_t most = TRY(number_parameter(call, "limit", limits::kPageDefault, limits::kPageMost));
    const auto found = TRY(nearest(call, *query, place, TRY(radius_of(call)), most, place_of_asset));
    std::string out = "{\"items\":[";
    for (const Found& one : found) out += (out.back() == '[' ? "" : ",") + one.row.doc;
    return json_response(200, out + "],\"next\":null}");
  };
  call.settle(work());
}

void put_points(JsonWriter& out, const KindSpec& kind) {
  out.key("points").begin_array();
  for (const PointSpec& point : kind.points) {
    out.begin_object().member("name", point.name).member("title_zh", point.title.zh).member("title_en", point.title.en);
    out.member("unit", point.unit).member("interval_s", static_cast<double>(point.interval.count()) / 1000.0);
    out.member("decimals", point.decimals).member_or_null("least", point.least).member_or_null("most", point.most);
    out.member("derived", !point.derived.empty()).end_object();
  }
  out.end_array().key("attributes_spec").begin_array();
  for (const AttributeSpec& attribute : kind.attributes) {
    out.begin_object().member("name", attribute.name).member("title_zh", attribute.title.zh).member("title_en", attribute.title.en);
    out.member("type", attribute.type).member("unit", attribute.unit).member("required", attribute.required).end_object();
  }
  out.end_array();
}

Result<std::vector<std::string>> keys(const Call& call, std::string table, std::vector<Where> where, std::size_t most) {
  Query query{std::move(table), std::move(where)};
  query.limit = most;
  std::vector<std::string> out;
  for (const Row& row : TRY(call.city().journal->list(query)).rows) out.push_back(row.key);
  return out;
}

Result<HttpResponse> asset_card(const Call& call) {
  Row row = TRY(call.find_row("assets", call.arg()));
  const Asset asset = TRY(asset_of_doc(row.doc));
  if (!call.sees(asset.area)) return fail(errors::kForeignArea, "this asset lies outside your area");
  const auto packs = call.city().packs();
  const auto live = call.city().live();
  const KindSpec* kind = packs->kind(asset.kind);
  JsonWriter out(2048);
  out.begin_object().member("kind_title_zh", kind == nullptr ? asset.kind : kind->title.zh);
  out.member("kind_title_en", kind == nullptr ? asset.kind : kind->title.en);
  if (kind != nullptr) put_points(out, *kind);
  out.key("state");
  put_state(out, asset.id, asset.kind, kind, live ? live->asset(asset.slot) : nullptr, call.now());
  const auto is_mine = Where{"asset", Where::Op::equal, {asset.id}};
  const auto open = TRY(keys(call, "cases", {is_mine, {"open", Where::Op::equal, {std::int64_t{1}}}}, 1));
  out.member_or_null("open_case", open.empty() ? "" : open.front());
  out.list("alarms", TRY(keys(call, "alarms", {is_mine, {"state", Where::Op::equal, {std::string("firing")}}}, 100)));
  const std::string more = out.end_object().take();
  append_members(row.doc, std::string_view(more).substr(1, more.size() - 2));
  return document(200, std::move(row.doc), asset.rev);
}

void nearby(Call& call) {
  const auto work = [&]() -> Result<HttpResponse> {
    const Asset asset = TRY(asset_of_doc(TRY(call.find_row("assets", call.arg())).doc));
    if (!call.sees(asset.area)) return fail(errors::kForeignArea, "this asset lies outside your area");
    if (!asset.place) return json_response(200, R"({"items":[],"next":null})");
    Query query{"assets"};
    TRY(apply_area(call, query));
    query.where.push_back({"key", Where::Op::not_equal, {asset.id}});
    const std::size_t most = TRY(number_parameter(call, "limit", 20, limits::kPageMost));
    return json_response(200, found_items(TRY(nearest(call, std::move(query), *asset.place, TRY(radius_of(call)), most, place_of_asset))));
  };
  call.settle(work());
}

void put_asset(Call& call) {
  const auto rev = call.if_match();
  if (!rev) return call.refuse(rev.error());
  offer_and_show(call, {"asset.put", call.arg(), call.request.body, *rev}, "assets", call.arg());
}

void delete_asset(Call& call) {
  const auto rev = call.if_match();
  if (!rev) return call.refuse(rev.error());
  offer(call, {"asset.delete", call.arg(), "{}", *rev});
}

Result<void> asset_in_scope(const Call& call) {
  const json::object asset = TRY(call.find("assets", call.arg()));
  if (!call.sees(text_or(asset, "area"))) return fail(errors::kForeignArea, "this asset lies outside your area");
  return {};
}

void list_commands(Call& call) {
  if (const auto seen = asset_in_scope(call); !seen) return call.refuse(seen.error());
  static constexpr Filter kFilters[] = {{"state", "state"}};
  Query query{"commands", {{"asset", Where::Op::equal, {std::string(call.arg())}}}};
  if (const auto filtered = apply_filters(call, kFilters, query); !filtered) return call.refuse(filtered.error());
  query.order = "at";
  query.descending = true;
  answer_list(call, {std::move(query), "id asset command state by at delivered_at answered_at detail reason"});
}

void send_command(Call& call) {
  if (const auto seen = asset_in_scope(call); !seen) return call.refuse(seen.error());
  offer(call, {"device.command", call.arg(), call.request.body});
}

void silence(Call& call) { offer_and_show(call, {"asset.silence", call.arg(), call.request.body}, "assets", call.arg()); }
void unsilence(Call& call) { offer_and_show(call, {"asset.unsilence", call.arg(), "{}"}, "assets", call.arg()); }

// CSV travels as a JSON member, since an action's body is JSON.
Result<std::string> import_body(const Call& call) {
  const std::string_view type = call.request.header("content-type");
  if (type.starts_with("text/csv"))
    return JsonWriter().begin_object().member("format", "csv").member("text", call.request.body).end_object().take();
  if (!type.starts_with("application/json") && !type.starts_with("application/geo+json"))
    return fail(errors::kUnsupportedMedia, "send GeoJSON as application/json or application/geo+json, or text/csv");
  if (call.request.body.empty()) return fail(errors::kBadJson, "the body is empty");
  return call.request.body;
}

void import_assets(Call& call) {
  auto body = import_body(call);
  if (!body) return call.refuse(body.error());
  offer(call, {"assets.import", "", std::move(*body)});
}

void import_areas(Call& call) {
  auto body = import_body(call);
  if (!body) return call.refuse(body.error());
  if (const auto root = parameter(call, "root")) {
    auto parsed = parse_json(*body);
    if (!parsed) return call.refuse(parsed.error());
    if (!parsed->is_object()) return call.refuse(fail(errors::kWrongType, "the body must be a GeoJSON object"));
    parsed->get_object()["root"] = *root;
    *body = json::serialize(*parsed);
  }
  offer(call, {"areas.import", "", std::move(*body)});
}

}  // namespace

void add_asset_routes(std::vector<Route>& out) {
  constexpr RoleSet kCommanders = roles(Role::dispatcher, Role::shift_leader, Role::admin);
  constexpr RoleSet kSilencers = kKeepers | roles(Role::shift_leader, Role::dispatcher);
  out.insert(
      out.end(),
      {
          {"GET", "/api/v1/assets", "The register", kViewers, Scope::list,
           "kind area bbox near radius_m q life source owner_unit keeper_unit component_code @list", "", "[]Asset",
           list_assets},
          {"POST", "/api/v1/assets:import", "Many assets: GeoJSON or CSV", kKeepers, Scope::list, "", "*",
           "ImportResult", import_assets},
          {"POST", "/api/v1/areas:import", "Areas with borders: GeoJSON", kKeepers, Scope::city, "root", "*",
           "ImportResult", import_areas},
          {"GET", "/api/v1/assets/{id}", "One asset with points, state, open case and alarms", kViewers, Scope::item,
           "", "", "AssetCard", [](Call& c) { c.settle(asset_card(c)); }},
          {"PUT", "/api/v1/assets/{id}", "Register or change an asset", kKeepers, Scope::item, "", "AssetPut", "Asset",
           put_asset},
          {"DELETE", "/api/v1/assets/{id}", "Remove an asset", kKeepers, Scope::item, "", "", "", delete_asset},
          {"GET", "/api/v1/assets/{id}/nearby", "Other assets around it, nearest first", kViewers, Scope::item,
           "radius_m limit", "", "[]Nearby", nearby},
          {"GET", "/api/v1/assets/{id}/commands", "What the device was told to do, newest first", kStaff, Scope::item,
           "state @list", "", "[]DeviceCommand", list_commands},
          {"POST", "/api/v1/assets/{id}/commands", "Tell the device to do something (MQTT); 202, its state follows",
           kCommanders, Scope::item, "", "DeviceCommandNew", "DeviceCommand", send_command},
          {"POST", "/api/v1/assets/{id}/silence", "No alarms until then: maintenance", kSilencers, Scope::item, "",
           "Silence", "Asset", silence},
          {"DELETE", "/api/v1/assets/{id}/silence", "End the silence", kSilencers, Scope::item, "", "", "Asset",
           unsilence},
      });
}

}  // namespace cityloop::serve
