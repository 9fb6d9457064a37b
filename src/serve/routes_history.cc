// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "serve/engine.h"
#include "serve/list.h"
#include "serve/project.h"

namespace cityloop::serve {
namespace {

struct Span {
  Time from{}, to{};
  std::optional<Millis> step;
};

Result<Span> span_of(const Call& call, Millis usual) {
  Span span;
  span.to = TRY(time_parameter(call, "to", call.now()));
  span.from = TRY(time_parameter(call, "from", span.to - usual));
  span.from = TRY(time_parameter(call, "cursor", span.from));  // `next` of the page before: where to go on
  if (span.from >= span.to) return bad_parameter("from", "must lie before `to`");
  const auto text = parameter(call, "step");
  if (!text) return span;
  const auto step = parse_duration(*text);
  if (!step || step->count() <= 0) return bad_parameter("step", "must be a duration such as 60s, 5m, 1h or 1d");
  span.step = *step;
  const auto buckets = static_cast<std::uint64_t>((span.to - span.from) / *step) + 1;
  if (buckets > limits::kHistoryItems)
    return fail(errors::kTooMany, "that makes " + std::to_string(buckets) + " steps; take a longer step or a shorter time (at most 50000)");
  return span;
}

// Which of min max avg sum count are wanted.
Result<unsigned> aggregates_of(const Call& call) {
  static constexpr std::string_view kNames[] = {"min", "max", "avg", "sum", "count"};
  std::string_view text = call.request.parameter("agg");
  if (text.empty()) return 31u;
  unsigned wanted = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const auto found = std::find(std::begin(kNames), std::end(kNames), text.substr(0, end));
    if (found == std::end(kNames)) return bad_parameter("agg", "may name min, max, avg, sum and count");
    wanted |= 1u << (found - std::begin(kNames));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return wanted;
}

void put_bucket(JsonWriter& out, const Bucket& bucket, unsigned wanted) {
  if (wanted & 1) out.member("min", bucket.least);
  if (wanted & 2) out.member("max", bucket.most);
  if (wanted & 4) out.member("avg", bucket.count == 0 ? 0 : bucket.sum / static_cast<double>(bucket.count));
  if (wanted & 8) out.member("sum", bucket.sum);
  if (wanted & 16) out.member("count", bucket.count);
}

Result<std::string> raw_values(const Call& call, PointId point, const Span& span) {
  const std::size_t limit = TRY(number_parameter(call, "limit", limits::kPageMost, limits::kHistoryItems));
  const auto samples = TRY(call.city().history->read(point, span.from, span.to, limit + 1));
  JsonWriter out(64 * samples.size() + 64);
  out.begin_object().key("items").begin_array();
  for (std::size_t i = 0; i < std::min(limit, samples.size()); ++i) {
    out.begin_object().member("at", samples[i].at).member("value", samples[i].value);
    out.member("quality", quality_name(samples[i].quality)).end_object();
  }
  out.end_array().key("next");
  samples.size() > limit ? out.value(samples[limit].at) : out.null();
  return out.end_object().take();
}

Result<std::string> stepped_values(const Call& call, PointId point, const Span& span) {
  const unsigned wanted = TRY(aggregates_of(call));
  const auto buckets = TRY(call.city().history->buckets(point, span.from, span.to, *span.step));
  JsonWriter out(128 * buckets.size() + 64);
  out.begin_object().key("items").begin_array();
  for (const Bucket& bucket : buckets) {
    out.begin_object().member("from", bucket.from);
    put_bucket(out, bucket, wanted);
    out.end_object();
  }
  return out.end_array().key("next").null().end_object().take();
}

std::string history_csv(const json::value& answer, bool stepped) {
  static constexpr std::string_view kRaw[] = {"at", "value", "quality"};
  static constexpr std::string_view kStepped[] = {"from", "min", "max", "avg", "sum", "count"};
  const std::span<const std::string_view> columns = stepped ? std::span<const std::string_view>(kStepped) : std::span<const std::string_view>(kRaw);
  std::string out = "\xEF\xBB\xBF";
  for (const std::string_view column : columns) out += (out.size() == 3 ? "" : ",") + std::string(column);
  out += "\r\n";
  for (const json::value& item : answer.at("items").as_array()) out += csv_line(item, columns);
  return out;
}

Result<HttpResponse> history(const Call& call) {
  const Asset asset = TRY(asset_of_doc(TRY(call.find_row("assets", call.arg())).doc));
  if (!call.sees(asset.area)) return fail(errors::kForeignArea, "this asset lies outside your area");
  const auto name = parameter(call, "point");
  if (!name) return bad_parameter("point", "names the point whose values you want");
  const auto packs = call.city().packs();
  const KindSpec* kind = packs->kind(asset.kind);
  const int point = kind == nullptr ? -1 : kind->point_index(*name);
  if (point < 0) return fail(errors::kUnknownPoint, "the kind " + asset.kind + " has no point " + std::string(name->substr(0, 64)));
  const Span span = TRY(span_of(call, std::chrono::hours(24)));
  const PointId id = point_id(asset.slot, static_cast<std::uint8_t>(point));
  std::string answer = span.step ? TRY(stepped_values(call, id, span)) : TRY(raw_values(call, id, span));
  if (!wants_csv(call)) return json_response(200, std::move(answer));
  return csv_response(history_csv(TRY(parse_json(answer)), span.step.has_value()), "history");
}

// ---- aggregates over many assets

struct Metric {
  std::string kind;
  std::uint8_t point = 0;
};

Result<Metric> metric_of(const Call& call) {
  const std::string_view text = call.request.parameter("metric");
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return bad_parameter("metric", "must be <kind>.<point>");
  const auto packs = call.city().packs();
  const KindSpec* kind = packs->kind(text.substr(0, dot));
  if (kind == nullptr) return fail(errors::kUnknownKind, "no pack describes the kind " + std::string(text.substr(0, std::min<std::size_t>(dot, 64))));
  const int point = kind->point_index(text.substr(dot + 1));
  if (point < 0) return fail(errors::kUnknownPoint, "the kind " + kind->name + " has no such point");
  return Metric{kind->name, static_cast<std::uint8_t>(point)};
}

// Groups of `by=area` are the areas one level below the one asked for: districts of a city, streets of a district.
std::size_t group_digits(std::string_view area, std::string_view root) {
  if (area.empty() || area == root) return 6;
  return area.size() < 6 ? 6 : area.size() < 9 ? 9 : area.size() < 12 ? 12 : 15;
}

void merge(Bucket& into, const Bucket& more) {
  if (into.count == 0) {
    into = more;
    return;
  }
  into.count += more.count;
  into.sum += more.sum;
  into.least = std::min(into.least, more.least);
  into.most = std::max(into.most, more.most);
}

Error too_big(std::string_view what) {
  return fail(errors::kTooMany, "this covers too many " + std::string(what) + "; ask for a smaller area, a shorter time or a longer step");
}

Result<HttpResponse> aggregates(const Call& call) {
  const Metric metric = TRY(metric_of(call));
  const std::string_view by = call.request.parameter("by").empty() ? "area" : call.request.parameter("by");
  if (by != "area" && by != "asset" && by != "kind") return bad_parameter("by", "must be area, asset or kind");
  Span span = TRY(span_of(call, std::chrono::hours(24)));
  const Millis step = span.step.value_or(span.to - span.from);
  const auto steps = static_cast<std::size_t>((span.to - span.from) / step) + 1;
  Query scope{"assets"};
  TRY(apply_area(call, scope));  // refuses a foreign area
  const std::string own = call.whole_city() ? "" : call.caller.actor.area;
  std::string area(call.request.parameter("area"));
  if (area == call.city().root_area) area.clear();
  const std::size_t digits = group_digits(area.size() >= own.size() ? area : own, call.city().root_area);
  const auto book = TRY(call.engine->book.picture());
  const auto shelf = book->kinds.find(metric.kind);
  std::map<std::pair<std::string, Time>, Bucket> groups;
  std::size_t assets = 0;
  if (shelf != book->kinds.end()) {
    for (const auto& entry : *shelf->second) {
      if (!entry->area.starts_with(own) || !entry->area.starts_with(area)) continue;
      if (++assets > limits::kAggregateAssets || assets * steps > limits::kAggregateReads) return too_big("assets and steps");
      const std::string group = by == "asset" ? entry->id : by == "kind" ? metric.kind : entry->area.substr(0, digits);
      for (const Bucket& bucket : TRY(call.city().history->buckets(point_id(entry->slot, metric.point), span.from, span.to, step)))
        merge(groups[{group, bucket.from}], bucket);
    }
  }
  if (groups.size() > limits::kHistoryItems) return too_big("groups");
  JsonWriter out(128 * groups.size() + 256);
  out.begin_object().key("items").begin_array();
  for (const auto& [key, bucket] : groups) {
    out.begin_object().member("group", key.first).member("from", key.second);
    put_bucket(out, bucket, 31);
    out.end_object();
  }
  out.end_array().key("next").null().member("exact", true).member("as_of", call.now()).member("assets", assets);
  out.member("definition", "every stored value of the point with from <= at < to, of the assets as they are registered now");
  return json_response(200, out.end_object().take());
}

}  // namespace

void add_history_routes(std::vector<Route>& out) {
  out.insert(out.end(), {
    {"GET", "/api/v1/assets/{id}/history", "Values of one point, or buckets with `step`", kViewers, Scope::item, "point from to step agg limit cursor format", "", "[]HistoryItem", [](Call& c) { c.settle(history(c)); }, true},
    {"GET", "/api/v1/aggregates", "One point over many assets, by area, asset or kind", kViewers, Scope::list, "metric by area from to step", "", "[]Aggregate", [](Call& c) { c.settle(aggregates(c)); }, true},
  });
}

}  // namespace cityloop::serve
