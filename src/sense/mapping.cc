// SPDX-License-Identifier: Apache-2.0
// Reads maps/*.map.jsonc.
#include "sense/mapping.h"

#include "core/json.h"
#include "core/json_write.h"
#include "sense/decode.h"

namespace cityloop {
namespace {

std::string quoted(std::string_view word) { return "`" + std::string(word) + "`"; }

Result<const json::object*> want_object(const json::object& o, std::string_view key) {
  const json::value* const found = o.if_contains(key);
  if (found == nullptr || found->is_null()) return static_cast<const json::object*>(nullptr);
  if (!found->is_object()) return fail(errors::kWrongType, quoted(key) + " must be an object");
  return &found->get_object();
}

Result<CsvForm> csv_of(const json::object& o) {
  CsvForm csv;
  const json::object* const form = TRY(want_object(o, "format"));
  if (form != nullptr) {
    if (const auto k = only_keys(*form, {"delimiter", "decimal_comma"}, "format"); !k) return k.error();
    const std::string delimiter = TRY(want_string(*form, "delimiter")).value_or(",");
    if (delimiter.size() != 1) return fail(errors::kBadField, "format.delimiter is one character");
    csv.delimiter = delimiter.front();
    csv.decimal_comma = TRY(want_bool(*form, "decimal_comma")).value_or(false);
  }
  const json::value* const missing = o.if_contains("missing");
  if (missing == nullptr) return csv;
  if (!missing->is_array()) return fail(errors::kWrongType, "`missing` must be an array of texts");
  for (const json::value& token : missing->get_array()) {
    if (!token.is_string()) return fail(errors::kWrongType, "`missing` must be an array of texts");
    csv.missing.emplace_back(token.get_string());
  }
  return csv;
}

// "column", {"column","format"?} or {"columns":{"year","month","day","hour"?,"minute"?}}
Result<MapTime> time_of(const json::value& value, std::string_view where) {
  MapTime time;
  if (value.is_string()) {
    time.column = value.get_string();
    return time;
  }
  if (!value.is_object()) return fail(errors::kWrongType, quoted(where) + " must be a column or an object");
  const json::object& o = value.get_object();
  if (const auto k = only_keys(o, {"column", "columns", "format", "utc_offset", "zone"}, where); !k) return k.error();
  if (const json::object* columns = TRY(want_object(o, "columns"))) {
    static constexpr std::array<std::string_view, 5> kParts{"year", "month", "day", "hour", "minute"};
    if (const auto k = only_keys(*columns, {"year", "month", "day", "hour", "minute"}, where); !k) return k.error();
    for (std::size_t i = 0; i < kParts.size(); ++i) {
      time.columns[i] = i < 3 ? TRY(need_string(*columns, kParts[i])) : TRY(want_string(*columns, kParts[i])).value_or("");
    }
  } else {
    time.column = TRY(need_string(o, "column"));
    time.form = TRY(parse_time_form(TRY(want_string(o, "format")).value_or("rfc3339")));
  }
  time.form.zone_name = TRY(want_string(o, "zone")).value_or("");
  if (const auto offset = TRY(want_string(o, "utc_offset"))) {
    if (!time.form.zone_name.empty()) return fail(errors::kBadField, std::string(where) + ": name `zone` or `utc_offset`, not both");
    time.form.zone = Zone::fixed(TRY(parse_utc_offset(*offset)));
  }
  return time;
}

Result<MapTime> want_map_time(const json::object& o, std::string_view key) {
  const json::value* const value = o.if_contains(key);
  if (value == nullptr || value->is_null()) return MapTime{};
  return time_of(*value, key);
}

std::string pattern_of_column(std::string_view column) { return "{" + std::string(column) + "}"; }

// "column", or {"column"|"template"|"constant", "map"?, "otherwise"?}
Result<MapText> want_map_text(const json::object& o, std::string_view key) {
  MapText text;
  const json::value* const value = o.if_contains(key);
  if (value == nullptr || value->is_null()) return text;
  if (value->is_string()) {
    text.pattern = pattern_of_column(std::string_view(value->get_string()));
    return text;
  }
  if (!value->is_object()) return fail(errors::kWrongType, quoted(key) + " must be a column or an object");
  const json::object& inner = value->get_object();
  if (const auto k = only_keys(inner, {"column", "template", "constant", "map", "otherwise"}, key); !k) return k.error();
  if (inner.contains("column") + inner.contains("template") + inner.contains("constant") != 1) {
    return fail(errors::kBadField, std::string(key) + ": name exactly one of column, template, constant");
  }
  if (inner.contains("column")) text.pattern = pattern_of_column(TRY(need_string(inner, "column")));
  if (inner.contains("template")) text.pattern = TRY(need_string(inner, "template"));
  if (inner.contains("constant")) text.otherwise = TRY(need_string(inner, "constant"));
  if (const json::object* map = TRY(want_object(inner, "map"))) {
    for (const auto& [from, to] : *map) {
      if (!to.is_string()) return fail(errors::kWrongType, std::string(key) + ".map: " + quoted(from) + " must be text");
      text.map.emplace(from, to.get_string());
    }
  }
  if (const auto otherwise = TRY(want_string(inner, "otherwise"))) text.otherwise = *otherwise;
  return text;
}

// {id, kind, name, lng, lat, attributes} as the feature that assets.import takes.
Result<MappedAsset> mapped_asset(std::string_view cell, const json::value& value) {
  MappedAsset asset;
  if (value.is_string()) {
    asset.id = value.get_string();
  } else if (value.is_object()) {
    const json::object& o = value.get_object();
    const std::string where = "asset.map." + std::string(cell);
    if (const auto k = only_keys(o, {"id", "kind", "name", "lng", "lat", "attributes", "area"}, where); !k) return k.error();
    asset.id = TRY(need_string(o, "id"));
    const auto lng = TRY(want_number(o, "lng")), lat = TRY(want_number(o, "lat"));
    if (lng.has_value() != lat.has_value()) return fail(errors::kMissingField, where + ": `lng` and `lat` come together");
    json::object properties = o;
    for (const char* key : {"id", "lng", "lat"}) properties.erase(key);
    json::object feature{{"type", "Feature"}, {"id", asset.id}, {"geometry", nullptr}, {"properties", std::move(properties)}};
    if (lng) feature["geometry"] = json::object{{"type", "Point"}, {"coordinates", json::array{*lng, *lat}}};
    if (o.contains("kind")) asset.document = json::serialize(feature);
  } else {
    return fail(errors::kWrongType, "asset.map: " + quoted(cell) + " must be an asset id or an object");
  }
  if (!is_asset_id(asset.id)) return fail(errors::kBadAssetId, "asset.map: " + quoted(asset.id) + " is not an asset id");
  return asset;
}

Result<void> read_assets(const json::object& o, ReadingMap& map) {
  const json::object* const asset = TRY(want_object(o, "asset"));
  if (asset == nullptr) return fail(errors::kMissingField, "`asset` is missing");
  if (const auto k = only_keys(*asset, {"column", "template", "map"}, "asset"); !k) return k.error();
  map.asset_column = TRY(need_string(*asset, "column"));
  map.asset_template = TRY(want_string(*asset, "template")).value_or("");
  if (!map.asset_template.empty() && map.asset_template.find("{value}") == std::string::npos) {
    return fail(errors::kBadField, "asset.template contains {value}");
  }
  if (const json::object* assets = TRY(want_object(*asset, "map"))) {
    for (const auto& [cell, value] : *assets) map.assets.emplace(cell, TRY(mapped_asset(cell, value)));
  }
  return {};
}

Result<Decimal> want_decimal(const json::object& o, std::string_view key, Decimal otherwise) {
  const auto number = TRY(want_number(o, key));
  return number ? decimal_of(*number) : otherwise;
}

Result<void> read_values(const json::object& o, ReadingMap& map) {
  const json::object* const values = TRY(want_object(o, "values"));
  if (values == nullptr || values->empty()) return fail(errors::kMissingField, "`values` is missing: which point is in which column");
  for (const auto& [name, value] : *values) {
    SourcePoint point;
    point.name = name;
    if (value.is_string()) {
      point.path.text = value.get_string();
    } else if (value.is_object()) {
      const json::object& inner = value.get_object();
      if (const auto k = only_keys(inner, {"column", "scale", "offset", "unit"}, "values." + point.name); !k) return k.error();
      point.path.text = TRY(need_string(inner, "column"));
      point.scale = TRY(want_decimal(inner, "scale", point.scale));
      point.offset = TRY(want_decimal(inner, "offset", point.offset));
      point.unit = TRY(want_string(inner, "unit")).value_or("");
    } else {
      return fail(errors::kWrongType, "values." + point.name + " must be a column or an object");
    }
    map.values.push_back(std::move(point));
  }
  return {};
}

Result<json::object> read_document(std::string_view text, std::string_view what) {
  json::value document = TRY(parse_jsonc(text));
  if (!document.is_object()) return fail(errors::kWrongType, "a map is an object");
  const std::string says = TRY(want_string(document.get_object(), "what")).value_or(std::string(what));
  if (says != what) return fail(errors::kBadField, "this map is for " + says + ", not for " + std::string(what));
  return std::move(document.get_object());
}

}  // namespace

Result<ReadingMap> parse_reading_map(std::string_view text) {
  const json::object o = TRY(read_document(text, "readings"));
  if (const auto k = only_keys(o, {"what", "title", "format", "missing", "time", "asset", "values"}, ""); !k) return k.error();
  ReadingMap map;
  map.csv = TRY(csv_of(o));
  map.time = TRY(want_map_time(o, "time"));
  if (map.time.empty()) return fail(errors::kMissingField, "`time` is missing");
  if (const auto done = read_assets(o, map); !done) return done.error();
  if (const auto done = read_values(o, map); !done) return done.error();
  return map;
}

Result<ReportMap> parse_report_map(std::string_view text) {
  const json::object o = TRY(read_document(text, "reports"));
  if (const auto k = only_keys(o, {"what", "name", "format", "missing", "source", "zone", "utc_offset", "id", "title", "text", "address", "status",
                                   "unit", "area", "class", "scheme", "at", "due", "closed", "lng", "lat", "crs"}, "");
      !k) {
    return k.error();
  }
  ReportMap map;
  map.csv = TRY(csv_of(o));
  map.source = TRY(need_string(o, "source"));
  map.zone = TRY(want_string(o, "zone")).value_or("");
  struct Text { std::string_view key; MapText* into; };
  for (const auto& [key, into] : {Text{"id", &map.id}, Text{"title", &map.title}, Text{"text", &map.text}, Text{"address", &map.address},
                                  Text{"status", &map.status}, Text{"unit", &map.unit}, Text{"area", &map.area}, Text{"class", &map.klass}}) {
    *into = TRY(want_map_text(o, key));
  }
  if (map.id.empty()) return fail(errors::kMissingField, "`id` is missing: without it a repeat is not seen");
  if (map.title.empty()) return fail(errors::kMissingField, "`title` is missing");
  map.scheme = TRY(want_string(o, "scheme")).value_or(map.scheme);
  map.at = TRY(want_map_time(o, "at"));
  map.due = TRY(want_map_time(o, "due"));
  map.closed = TRY(want_map_time(o, "closed"));
  if (map.at.empty()) return fail(errors::kMissingField, "`at` is missing");
  if (const auto offset = TRY(want_string(o, "utc_offset"))) {
    if (!map.zone.empty()) return fail(errors::kBadField, "name `zone` or `utc_offset`, not both");
    map.set_zone(Zone::fixed(TRY(parse_utc_offset(*offset))));
  }
  map.lng = TRY(want_string(o, "lng")).value_or("");
  map.lat = TRY(want_string(o, "lat")).value_or("");
  if (map.lng.empty() != map.lat.empty()) return fail(errors::kMissingField, "`lng` and `lat` come together");
  map.crs = TRY(parse_crs(TRY(want_string(o, "crs")).value_or("wgs84")));
  return map;
}

void ReportMap::set_zone(const Zone& zone_of_times) {
  for (MapTime* time : {&at, &due, &closed}) time->form.zone = zone_of_times;
}

std::string ReadingMap::assets_document() const {
  JsonWriter out;
  bool some = false;
  out.begin_object().member("type", "FeatureCollection").key("features").begin_array();
  for (const auto& [cell, asset] : assets) {
    if (asset.document.empty()) continue;
    out.raw(asset.document);
    some = true;
  }
  out.end_array().end_object();
  return some ? out.take() : std::string();
}

}  // namespace cityloop
