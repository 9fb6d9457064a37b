// SPDX-License-Identifier: Apache-2.0
// Reads sources/<name>.jsonc. Every error says where it is.
#include "sense/source.h"

#include <cmath>

#include "core/json.h"
#include "sense/decode.h"
#include "sense/geojson.h"

namespace cityloop {
namespace {

std::string quoted(std::string_view word) { return "`" + std::string(word) + "`"; }

template <class T>
Result<T> at_place(std::string_view where, Result<T> result) {
  if (result || result.error().detail.starts_with(where)) return result;
  return fail(*result.error().code, std::string(where) + ": " + result.error().detail);
}

Result<const json::object*> want_object(const json::object& o, std::string_view key) {
  const json::value* const found = o.if_contains(key);
  if (found == nullptr || found->is_null()) return static_cast<const json::object*>(nullptr);
  if (!found->is_object()) return fail(errors::kWrongType, quoted(key) + " must be an object");
  return &found->get_object();
}

Result<std::vector<std::string>> want_texts(const json::object& o, std::string_view key) {
  std::vector<std::string> texts;
  const json::value* const found = o.if_contains(key);
  if (found == nullptr || found->is_null()) return texts;
  if (!found->is_array()) return fail(errors::kWrongType, quoted(key) + " must be an array of texts");
  for (const json::value& text : found->get_array()) {
    if (!text.is_string()) return fail(errors::kWrongType, quoted(key) + " must be an array of texts");
    texts.emplace_back(text.get_string());
  }
  return texts;
}

Result<std::map<std::string, std::string, std::less<>>> want_text_map(const json::object& o, std::string_view key) {
  std::map<std::string, std::string, std::less<>> map;
  const json::object* const found = TRY(want_object(o, key));
  if (found == nullptr) return map;
  for (const auto& [name, text] : *found) {
    if (!text.is_string()) return fail(errors::kWrongType, quoted(key) + ": " + quoted(name) + " must be text");
    map.emplace(name, text.get_string());
  }
  return map;
}

Result<Millis> want_interval(const json::object& o, std::string_view key, Millis otherwise) {
  const auto text = TRY(want_string(o, key));
  if (!text) return otherwise;
  const Result<Millis> interval = parse_duration(*text);
  if (!interval) return fail(errors::kBadField, quoted(key) + ": " + interval.error().detail);
  return *interval;
}

Result<std::string> need_url(const json::object& o, std::initializer_list<std::string_view> schemes) {
  std::string url = TRY(need_string(o, "url"));
  for (const std::string_view scheme : schemes) {
    if (url.starts_with(scheme) && url.size() > scheme.size()) return url;
  }
  return fail(errors::kBadField, quoted(url) + ": the url starts with " + std::string(*schemes.begin()));
}

Result<MqttTransport> mqtt_of(const json::object& o) {
  if (const auto k = only_keys(o, {"url", "topics", "qos", "client_id", "username", "password_env"}, ""); !k) return k.error();
  MqttTransport mqtt;
  mqtt.url = TRY(need_url(o, {"mqtt://", "mqtts://"}));
  mqtt.topics = TRY(want_texts(o, "topics"));
  if (mqtt.topics.empty()) return fail(errors::kMissingField, "`topics` is missing");
  const double qos = TRY(want_number(o, "qos")).value_or(1);
  if (qos != 0 && qos != 1 && qos != 2) return fail(errors::kBadField, "`qos` is 0, 1 or 2");
  mqtt.qos = static_cast<int>(qos);
  mqtt.client_id = TRY(want_string(o, "client_id")).value_or("");
  mqtt.username = TRY(want_string(o, "username")).value_or("");
  mqtt.password_env = TRY(want_string(o, "password_env")).value_or("");
  return mqtt;
}

Result<HttpTransport> http_of(const json::object& o) {
  if (const auto k = only_keys(o, {"url", "method", "body", "interval", "token_env", "headers", "pagination"}, ""); !k) return k.error();
  HttpTransport http;
  http.url = TRY(need_url(o, {"http://", "https://"}));
  http.method = TRY(want_string(o, "method")).value_or("GET");
  if (http.method != "GET" && http.method != "POST") return fail(errors::kBadField, "`method` is GET or POST");
  http.body = TRY(want_string(o, "body")).value_or("");
  http.interval = TRY(want_interval(o, "interval", http.interval));
  if (http.interval < Millis{1000}) return fail(errors::kBadField, "`interval` is at least 1s");
  http.token_env = TRY(want_string(o, "token_env")).value_or("");
  for (auto& [name, text] : TRY(want_text_map(o, "headers"))) http.headers.emplace(name, std::move(text));
  const json::object* const pagination = TRY(want_object(o, "pagination"));
  if (pagination == nullptr) return http;
  if (const auto k = only_keys(*pagination, {"next", "parameter", "pages"}, "pagination"); !k) return k.error();
  http.next = TRY(need_string(*pagination, "next"));
  if (const auto path = parse_path(http.next); !path) return path.error();
  http.next_parameter = TRY(want_string(*pagination, "parameter")).value_or("");
  const double pages = TRY(want_number(*pagination, "pages")).value_or(http.pages);
  if (pages < 1 || pages > 10'000 || pages != std::floor(pages)) return fail(errors::kBadField, "`pages` is 1 to 10,000");
  http.pages = static_cast<int>(pages);
  return http;
}

Result<FolderTransport> folder_of(const json::object& o) {
  if (const auto k = only_keys(o, {"path", "pattern", "interval", "after"}, ""); !k) return k.error();
  FolderTransport folder;
  folder.path = TRY(need_string(o, "path"));
  folder.pattern = TRY(want_string(o, "pattern")).value_or("*");
  folder.interval = TRY(want_interval(o, "interval", folder.interval));
  const std::string after = TRY(want_string(o, "after")).value_or("keep");
  if (after != "keep" && after != "move") return fail(errors::kBadField, "`after` is keep or move");
  folder.move = after == "move";
  return folder;
}

Result<void> read_transport(const json::object& o, SourceSpec& spec) {
  const json::object* const transport = TRY(want_object(o, "transport"));
  if (transport == nullptr) return fail(errors::kMissingField, "`transport` is missing");
  if (const auto k = only_keys(*transport, {"mqtt", "http", "folder", "push"}, "transport"); !k) return k.error();
  if (transport->size() != 1) return fail(errors::kBadField, "transport: name exactly one of mqtt, http, folder, push");
  const json::object* const inner = TRY(want_object(*transport, transport->begin()->key()));
  if (inner == nullptr) return fail(errors::kWrongType, "transport: must be an object");
  if (transport->contains("mqtt")) spec.transport = TRY(at_place("transport.mqtt", mqtt_of(*inner)));
  if (transport->contains("http")) spec.transport = TRY(at_place("transport.http", http_of(*inner)));
  if (transport->contains("folder")) spec.transport = TRY(at_place("transport.folder", folder_of(*inner)));
  if (transport->contains("push")) spec.transport = PushTransport{};
  return {};
}

Result<Path> need_path(const json::object& o, PayloadForm form, std::string_view key = "path") {
  const std::string text = TRY(need_string(o, key));
  if (text.empty()) return fail(errors::kBadField, quoted(key) + " is empty");
  if (form == PayloadForm::csv) return Path{text, {text}};
  return parse_path(text);
}

Result<void> read_asset(const json::object& o, SourceDecode& decode) {
  const json::object* const asset = TRY(want_object(o, "asset"));
  if (asset == nullptr) return fail(errors::kMissingField, "`asset` is missing");
  if (const auto k = only_keys(*asset, {"constant", "path", "topic"}, "asset"); !k) return k.error();
  if (asset->size() != 1) return fail(errors::kBadField, "asset: name exactly one of constant, path, topic");
  if (asset->contains("path")) decode.asset_path = TRY(need_path(*asset, decode.form));
  if (asset->contains("topic")) {
    decode.asset_topic = TRY(need_string(*asset, "topic"));
    if (decode.asset_topic.find("{device}") == std::string::npos) return fail(errors::kBadField, "asset.topic has one level {device}");
  }
  if (asset->contains("constant")) {
    decode.asset_constant = TRY(need_string(*asset, "constant"));
    if (!is_asset_id(decode.asset_constant)) return fail(errors::kBadAssetId, "asset.constant is not an asset id");
  }
  return {};
}

Result<void> read_at(const json::object& o, SourceDecode& decode) {
  const json::object* const at = TRY(want_object(o, "at"));
  if (at == nullptr) return {};
  if (const auto k = only_keys(*at, {"path", "format", "utc_offset"}, "at"); !k) return k.error();
  decode.at = TRY(need_path(*at, decode.form));
  decode.at_form = TRY(parse_time_form(TRY(want_string(*at, "format")).value_or("rfc3339")));
  if (const auto offset = TRY(want_string(*at, "utc_offset"))) decode.at_form.zone = Zone::fixed(TRY(parse_utc_offset(*offset)));
  return {};
}

Result<Decimal> want_decimal(const json::object& o, std::string_view key, Decimal otherwise) {
  const auto number = TRY(want_number(o, key));
  if (!number) return otherwise;
  return decimal_of(*number);
}

Result<void> read_values(const json::object& o, SourceDecode& decode) {
  const json::object* const values = TRY(want_object(o, "values"));
  if (values == nullptr || values->empty()) return fail(errors::kMissingField, "`values` is missing: which point is found where");
  for (const auto& [name, value] : *values) {
    SourcePoint point;
    point.name = name;
    if (value.is_string()) {
      point.path = decode.form == PayloadForm::csv ? Path{std::string(value.get_string()), {std::string(value.get_string())}}
                                                   : TRY(parse_path(value.get_string()));
    } else if (value.is_object()) {
      const json::object& inner = value.get_object();
      const std::string where = "values." + point.name;
      if (const auto k = only_keys(inner, {"path", "column", "scale", "offset", "unit"}, where); !k) return k.error();
      point.path = TRY(at_place(where, need_path(inner, decode.form, inner.contains("column") ? "column" : "path")));
      point.scale = TRY(at_place(where, want_decimal(inner, "scale", point.scale)));
      point.offset = TRY(at_place(where, want_decimal(inner, "offset", point.offset)));
      point.unit = TRY(at_place(where, want_string(inner, "unit"))).value_or("");
      if (point.scale == Decimal{}) return fail(errors::kBadField, where + ": `scale` 0 leaves nothing");
    } else {
      return fail(errors::kWrongType, "values." + point.name + " must be a path or an object");
    }
    if (point.path.empty()) return fail(errors::kMissingField, "values." + point.name + ": `path` is missing");
    decode.values.push_back(std::move(point));
  }
  return {};
}

Result<void> read_csv(const json::object& o, SourceDecode& decode) {
  const json::object* const csv = TRY(want_object(o, "csv"));
  if (csv == nullptr) return {};
  if (const auto k = only_keys(*csv, {"delimiter", "decimal_comma", "missing"}, "csv"); !k) return k.error();
  const std::string delimiter = TRY(want_string(*csv, "delimiter")).value_or(",");
  if (delimiter.size() != 1 || delimiter == "\"" || delimiter == "\n") return fail(errors::kBadField, "csv.delimiter is one character");
  decode.csv.delimiter = delimiter.front();
  decode.csv.decimal_comma = TRY(want_bool(*csv, "decimal_comma")).value_or(false);
  for (std::string& token : TRY(want_texts(*csv, "missing"))) decode.csv.missing.push_back(std::move(token));
  return {};
}

Result<void> read_decode(const json::object& o, SourceDecode& decode) {
  if (const auto k = only_keys(o, {"format", "items", "asset", "at", "values", "csv"}, ""); !k) return k.error();
  const std::string form = TRY(want_string(o, "format")).value_or("json");
  if (form != "json" && form != "ndjson" && form != "csv") return fail(errors::kBadField, "`format` is json, ndjson or csv");
  decode.form = form == "csv" ? PayloadForm::csv : form == "ndjson" ? PayloadForm::ndjson : PayloadForm::json;
  if (const auto items = TRY(want_string(o, "items"))) decode.items = TRY(parse_path(*items));
  if (const auto done = read_asset(o, decode); !done) return done.error();
  if (const auto done = read_at(o, decode); !done) return done.error();
  if (const auto done = read_values(o, decode); !done) return done.error();
  return read_csv(o, decode);
}

Result<void> read_ids(const json::object& o, SourceSpec& spec) {
  const json::object* const ids = TRY(want_object(o, "ids"));
  if (ids == nullptr) return {};
  if (const auto k = only_keys(*ids, {"map", "template"}, "ids"); !k) return k.error();
  spec.ids = TRY(want_text_map(*ids, "map"));
  for (const auto& [device, asset] : spec.ids) {
    if (!is_asset_id(asset)) return fail(errors::kBadAssetId, "ids.map: " + quoted(asset) + " (of " + quoted(device) + ") is not an asset id");
  }
  spec.id_template = TRY(want_string(*ids, "template")).value_or("");
  if (!spec.id_template.empty() && spec.id_template.find("{device}") == std::string::npos) {
    return fail(errors::kBadField, "ids.template contains {device}");
  }
  return {};
}

}  // namespace

std::string_view SourceSpec::transport_name() const {
  static constexpr std::string_view kNames[] = {"push", "mqtt", "http", "folder"};
  return kNames[transport.index()];
}

Result<SourceSpec> parse_source(std::string_view name, std::string_view text) {
  const json::value document = TRY(parse_jsonc(text));
  if (!document.is_object()) return fail(errors::kWrongType, "a source is an object");
  const json::object& o = document.get_object();
  if (const auto k = only_keys(o, {"name", "title", "transport", "decode", "ids", "crs", "owner_unit", "expected_interval", "sentinels"}, "");
      !k) {
    return k.error();
  }
  SourceSpec spec;
  spec.name = name;
  if (!is_asset_id(spec.name)) return fail(errors::kBadField, quoted(name) + ": a source's name is [A-Za-z0-9._:-], 1 to 128 characters");
  if (const auto written = TRY(want_string(o, "name")); written && *written != name) {
    return fail(errors::kBadField, "`name` is " + quoted(*written) + ", the file or address says " + quoted(name));
  }
  const json::value* const title = o.if_contains("title");
  if (title != nullptr && title->is_string()) {
    spec.title.zh = spec.title.en = title->get_string();
  } else if (const json::object* words = TRY(want_object(o, "title"))) {
    if (const auto k = only_keys(*words, {"zh", "en"}, "title"); !k) return k.error();
    spec.title.zh = TRY(want_string(*words, "zh")).value_or("");
    spec.title.en = TRY(want_string(*words, "en")).value_or(spec.title.zh);
    if (spec.title.zh.empty()) spec.title.zh = spec.title.en;
  }
  if (const auto done = read_transport(o, spec); !done) return done.error();
  const json::object* const decode = TRY(want_object(o, "decode"));
  if (decode == nullptr) return fail(errors::kMissingField, "`decode` is missing");
  if (const auto done = at_place("decode", read_decode(*decode, spec.decode)); !done) return done.error();
  if (const auto done = read_ids(o, spec); !done) return done.error();
  spec.crs = TRY(want_string(o, "crs")).value_or("wgs84");
  if (const auto crs = parse_crs(spec.crs); !crs) return crs.error();
  spec.owner_unit = TRY(want_string(o, "owner_unit")).value_or("");
  spec.expected_interval = TRY(want_interval(o, "expected_interval", spec.expected_interval));
  if (const json::value* sentinels = o.if_contains("sentinels")) {
    if (!sentinels->is_array()) return fail(errors::kWrongType, "`sentinels` must be an array of numbers");
    for (const json::value& number : sentinels->get_array()) {
      if (!number.is_number()) return fail(errors::kWrongType, "`sentinels` must be an array of numbers");
      spec.sentinels.push_back(number.to_number<double>());
    }
  }
  spec.text = json::serialize(o);
  return spec;
}

}  // namespace cityloop
