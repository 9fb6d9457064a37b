// SPDX-License-Identifier: Apache-2.0
#include "serve/engine.h"
#include "serve/list.h"
#include "serve/openapi.h"

namespace cityloop::serve {
namespace {

// ---- running it

void healthz(Call& call) { call.answer_json(200, R"({"status":"ok"})"); }

void readyz(Call& call) {
  const auto why = call.city().why_not_ready();
  if (why) return call.refuse(fail(errors::kNotReady, *why));
  call.answer_json(200, R"({"status":"ready"})");
}

bool is_loopback(std::string_view peer) { return peer == "::1" || peer.starts_with("127.") || peer.starts_with("::ffff:127."); }

void metrics(Call& call) {
  if (!is_loopback(call.request.peer)) {
    const auto caller = authenticate(*call.engine, call.request);
    if (!caller) return call.refuse(caller.error());
    const bool token = caller->principal.starts_with("token:");
    if (!token && !caller->actor.is(Role::admin)) return call.refuse(fail(errors::kForbidden, "metrics are for tokens and admin"));
  }
  HttpResponse response;
  response.headers.emplace_back("Content-Type", "text/plain; version=0.0.4");
  response.body = call.city().metrics();
  call.answer(std::move(response));
}

void show_openapi(Call& call) { call.answer_json(200, openapi_document(call.city().version)); }

// ---- indicators

struct Indicator {
  std::string_view name, title_zh, title_en, unit, definition_zh, definition_en;
};

void put(JsonWriter& out, const Indicator& what, double value, Time as_of, std::optional<std::pair<std::uint64_t, std::uint64_t>> rate = {}) {
  out.begin_object().member("name", what.name).member("title_zh", what.title_zh).member("title_en", what.title_en);
  out.member("unit", what.unit).key("value");
  rate && rate->second == 0 ? out.null() : out.value(value);
  if (rate) out.member("numerator", rate->first).member("denominator", rate->second);
  out.member("as_of", as_of).member("definition_zh", what.definition_zh).member("definition_en", what.definition_en).end_object();
}

void indicators(Call& call) {
  const std::string area = call.whole_city() ? std::string() : call.caller.actor.area;
  const auto counted = count_city(*call.engine, area);
  if (!counted) return call.refuse(counted.error());
  const CityCounts& c = *counted;
  const ReadingCounters readings = call.city().counters ? call.city().counters() : ReadingCounters{};
  const double rate = c.due == 0 ? 0 : static_cast<double>(c.on_time) / static_cast<double>(c.due);
  JsonWriter out(4096);
  out.begin_object().key("items").begin_array();
  const auto one = [&](const Indicator& what, std::uint64_t value) { put(out, what, static_cast<double>(value), c.at); };
  one({"assets", "部件", "Assets", "", "登记在册、未退役的部件数", "Registered assets that are not retired"}, c.assets);
  one({"points_heard", "在线测点", "Points heard", "", "至少上报过一次的测点数", "Points that have sent a value at least once"}, c.points_heard);
  one({"readings_total", "累计读数", "Readings", "", "系统接收的读数总数", "Readings taken since the beginning"}, readings.total);
  one({"alarms_red", "红色报警", "Red alarms", "", "正在发生的Ⅰ级报警,不含演练", "Level I alarms that are firing, drills excluded"}, c.red);
  one({"alarms_orange", "橙色报警", "Orange alarms", "", "正在发生的Ⅱ级报警,不含演练", "Level II alarms that are firing, drills excluded"}, c.orange);
  one({"alarms_yellow", "黄色报警", "Yellow alarms", "", "正在发生的Ⅲ级报警,不含演练", "Level III alarms that are firing, drills excluded"}, c.yellow);
  one({"alarms_blue", "蓝色报警", "Blue alarms", "", "正在发生的Ⅳ级报警,不含演练", "Level IV alarms that are firing, drills excluded"}, c.blue);
  one({"alarms_unacknowledged", "未确认报警", "Unacknowledged alarms", "", "发生或已恢复但无人确认的报警", "Firing or cleared alarms that nobody acknowledged"}, c.unacknowledged);
  one({"cases_open", "在办案件", "Open cases", "", "尚未结案、作废或不予立案的案件", "Cases not closed, cancelled or refused"}, c.cases_open);
  one({"cases_today", "今日立案", "Cases today", "", "今日 0 时以来建立的案件", "Cases opened since local midnight"}, c.cases_today);
  one({"cases_closed_today", "今日结案", "Closed today", "", "今日 0 时以来结案的案件", "Cases closed since local midnight"}, c.cases_closed_today);
  put(out, {"on_time_rate", "按期处置率", "On-time rate", "", "本月到期处置任务中按期完成的比例", "Share of this month's due disposals that were on time"},
      rate, c.at, std::pair{c.on_time, c.due});
  one({"reports_waiting", "待受理来件", "Reports waiting", "", "等待受理或缺少位置的来件", "Reports that wait for a decision or a place"}, c.reports_waiting);
  one({"sources_late", "异常接入", "Sources late", "", "迟到或断开的接入系统", "Connected systems that are late or disconnected"}, c.sources_late);
  call.answer_json(200, out.end_array().end_object().take());
}

// ---- areas

std::string area_row(const json::object& area) {
  JsonWriter out;
  out.begin_object().member("code", text_or(area, "code")).member("name", text_or(area, "name"));
  out.member("name_en", text_or(area, "name_en")).member_or_null("parent", text_or(area, "parent"));
  return out.end_object().take();
}

void grow(const json::value& value, Box& box, bool& any) {
  if (!value.is_array()) return;
  const json::array& items = value.get_array();
  if (items.size() >= 2 && items[0].is_number() && items[1].is_number()) {
    const double lng = items[0].to_number<double>(), lat = items[1].to_number<double>();
    if (!any) box = {lng, lat, lng, lat};
    box = {std::min(box.west, lng), std::min(box.south, lat), std::max(box.east, lng), std::max(box.north, lat)};
    any = true;
    return;
  }
  for (const json::value& item : items) grow(item, box, any);
}

void put_feature(JsonWriter& out, const json::object& area, Box& whole, bool& any) {
  const json::value* geometry = area.if_contains("geometry");
  out.begin_object().member("type", "Feature").member("id", text_or(area, "code"));
  out.member_raw("properties", area_row(area)).key("geometry");
  const json::value* coordinates = geometry != nullptr && geometry->is_object() ? geometry->get_object().if_contains("coordinates") : nullptr;
  if (coordinates == nullptr) {
    out.null().end_object();
    return;
  }
  Box box;
  bool found = false;
  grow(*coordinates, box, found);
  out.raw(json::serialize(*geometry));
  if (found) {
    out.key("bbox").begin_array().value(box.west).value(box.south).value(box.east).value(box.north).end_array();
    if (!any) whole = box;
    whole = {std::min(box.west, whole.west), std::min(box.south, whole.south), std::max(box.east, whole.east), std::max(box.north, whole.north)};
    any = true;
  }
  out.end_object();
}

// Names and borders of areas are no secret: everybody sees all, so that a district's page can draw its neighbours.
Result<Query> area_query(const Call& call) {
  Query query{"areas"};
  if (const auto parent = parameter(call, "parent")) query.where.push_back({"parent", Where::Op::equal, {std::string(*parent)}});
  if (const auto q = parameter(call, "q")) query.where.push_back({"name", Where::Op::contains, {std::string(*q)}});
  return query;
}

Result<HttpResponse> areas_geojson(const Call& call) {
  Query query = TRY(area_query(call));
  query.limit = limits::kPageMost;
  JsonWriter out(1u << 20);
  out.begin_object().member("type", "FeatureCollection").key("features").begin_array();
  Box whole;
  bool any = false;
  do {
    const Page page = TRY(call.city().journal->list(query));
    for (const Row& row : page.rows) {
      const json::value doc = TRY(parse_json(row.doc));
      put_feature(out, doc.as_object(), whole, any);
    }
    query.cursor = page.next;
  } while (!query.cursor.empty());
  out.end_array();
  if (any) out.key("bbox").begin_array().value(whole.west).value(whole.south).value(whole.east).value(whole.north).end_array();
  HttpResponse response = json_response(200, out.end_object().take());
  response.headers.front().second = "application/geo+json";
  return response;
}

void areas(Call& call) {
  if (call.request.parameter("format") == "geojson") {
    call.city().worker([self = call.shared_from_this()] { self->settle(areas_geojson(*self)); });
    return;
  }
  auto query = area_query(call);
  if (!query) return call.refuse(query.error());
  answer_list(call, {std::move(*query), "code name name_en parent", [](Row& row) {
                       const auto doc = parse_json(row.doc);
                       if (doc && doc->is_object()) row.doc = area_row(doc->get_object());
                     }});
}

// ---- packs

std::string pack_doc(const Pack& pack) {
  JsonWriter out(4096);
  out.begin_object().member("name", pack.name).member("version", pack.version);
  out.member("title_zh", pack.title.zh).member("title_en", pack.title.en).key("kinds").begin_array();
  for (const KindSpec& kind : pack.kinds) {
    out.begin_object().member("name", kind.name).member("title_zh", kind.title.zh).member("title_en", kind.title.en);
    out.member("symbol", kind.symbol).member("layer", kind.layer).end_object();
  }
  out.end_array().key("rules").begin_array();
  for (const RuleSpec& rule : pack.rules) {
    out.begin_object().member("alert", rule.alert).member("kind", rule.kind).member("title_zh", rule.title.zh);
    out.member("title_en", rule.title.en).member("advice_zh", rule.advice.zh).member("advice_en", rule.advice.en);
    out.key("levels").begin_array();
    for (const RuleLevel& level : rule.levels)
      out.begin_object().member("level", level_name(level.level)).member("expr", level.expr).member("for", format_duration(level.hold)).end_object();
    out.end_array().end_object();
  }
  return out.end_array().end_object().take();
}

void packs(Call& call) {
  const auto all = call.city().packs();
  std::string out = "{\"items\":[";
  for (const Pack& pack : all->all()) out += (out.back() == '[' ? "" : ",") + pack_doc(pack);
  call.answer_json(200, out + "],\"next\":null}");
}

void show_pack(Call& call) {
  const auto all = call.city().packs();
  const Pack* pack = all->pack(call.arg());
  if (pack == nullptr) return call.refuse(fail(errors::kNotFound, "there is no pack of this name"));
  if (call.request.parameter("format") == "source") return call.answer_json(200, pack->text);
  call.answer_json(200, pack_doc(*pack));
}

}  // namespace

void add_city_routes(std::vector<Route>& out) {
  out.insert(out.end(), {
    {"GET", "/healthz", "The process answers", 0, Scope::open, "", "", "Status", healthz},
    {"GET", "/readyz", "The city takes inputs", 0, Scope::open, "", "", "Status", readyz},
    {"GET", "/metrics", "Prometheus text; loopback, tokens and admin", 0, Scope::open, "", "", "*", metrics},
    {"GET", "/api/v1/openapi.json", "This document", 0, Scope::open, "", "", "*", show_openapi},
    {"GET", "/api/v1/indicators", "The city in numbers, with definitions", kViewers, Scope::list, "", "", "[]Indicator", indicators},
    {"GET", "/api/v1/areas", "Areas; format=geojson: with their borders", kViewers, Scope::any, "parent q @list", "", "[]Area", areas},
    {"GET", "/api/v1/packs", "Scenario packs", kViewers, Scope::any, "", "", "[]Pack", packs},
    {"GET", "/api/v1/packs/{name}", "One pack; format=source: the file", kViewers, Scope::any, "format", "", "Pack", show_pack},
  });
}

}  // namespace cityloop::serve
