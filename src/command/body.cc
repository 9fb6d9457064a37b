// SPDX-License-Identifier: Apache-2.0
#include "command/body.h"

#include <algorithm>

#include "core/json.h"
#include "core/limits.h"

namespace cityloop {
namespace {

constexpr std::size_t kClassBytes = 32;  // longest code in use: 18 digits (domain.md §1.4)

bool is_code(std::string_view text) {
  return !text.empty() && text.size() <= kClassBytes && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
           c == '_';
  });
}

std::optional<double> number_in(const json::value& value) {
  json::error_code code;
  const double number = value.is_number() ? value.to_number<double>(code) : 0;
  if (!value.is_number() || code) return std::nullopt;
  return number;
}

std::optional<LngLat> pair_in(const json::array& pair) {
  if (pair.size() < 2) return std::nullopt;
  const auto lng = number_in(pair[0]);
  const auto lat = number_in(pair[1]);
  if (!lng || !lat) return std::nullopt;
  return LngLat{*lng, *lat};
}

std::optional<LngLat> place_in(const json::value& value) {
  if (const json::array* pair = value.if_array()) return pair_in(*pair);
  const json::object* object = value.if_object();
  if (object == nullptr) return std::nullopt;
  if (const json::value* lng = object->if_contains("lng")) {
    const json::value* lat = object->if_contains("lat");
    if (lat == nullptr || !number_in(*lng) || !number_in(*lat)) return std::nullopt;
    return LngLat{*number_in(*lng), *number_in(*lat)};
  }
  const json::value* coordinates = object->if_contains("coordinates");
  if (text_or(*object, "type") != "Point" || coordinates == nullptr || !coordinates->is_array()) return std::nullopt;
  return pair_in(coordinates->get_array());
}

}  // namespace

Error bad_field(std::string_view key, std::string_view sentence) {
  return fail(errors::kBadField, "`" + std::string(key) + "` " + std::string(sentence));
}

Result<json::object> read_body(std::string_view text) {
  if (text.empty()) return json::object{};
  json::value value = TRY(parse_json(text));
  if (!value.is_object()) return fail(errors::kWrongType, "the body must be a JSON object");
  return std::move(value.get_object());
}

Result<std::string> want_text(const json::object& body, std::string_view key, std::size_t most) {
  std::string text = TRY(want_string(body, key)).value_or("");
  if (text.size() > most) return bad_field(key, "is longer than " + std::to_string(most) + " bytes");
  return text;
}

Result<std::string> need_text(const json::object& body, std::string_view key, std::size_t most) {
  std::string text = TRY(want_text(body, key, most));
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    return fail(errors::kMissingField, "`" + std::string(key) + "` is missing");
  }
  return text;
}

Result<std::optional<LngLat>> want_place(const json::object& body, std::string_view key) {
  const json::value* value = body.if_contains(key);
  if (value == nullptr || value->is_null()) return std::optional<LngLat>{};
  const std::optional<LngLat> place = place_in(*value);
  if (!place || !is_valid(*place)) {
    return bad_field(key,
                     "must be a GeoJSON Point in WGS84: {\"type\":\"Point\",\"coordinates\":[longitude, latitude]}");
  }
  return place;
}

const Pack* pack_of_class(const ClassCode& klass, const Packs& packs) {
  for (const Pack& pack : packs.all()) {
    if (!pack.the_case) continue;
    const ClassCode& has = pack.the_case->klass;
    if (has.code == klass.code && (klass.type.empty() || has.type == klass.type) && has.scheme == klass.scheme)
      return &pack;
  }
  return nullptr;
}

Result<ClassCode> want_class(const json::object& body, std::string_view key, const Packs& packs) {
  const json::value* value = body.if_contains(key);
  if (value == nullptr || value->is_null()) return ClassCode{};
  ClassCode klass;
  if (value->is_string()) {
    klass.code = value->get_string();
  } else if (const json::object* object = value->if_object()) {
    TRY(only_keys(*object, {"scheme", "type", "code"}, key));
    klass.scheme = TRY(want_string(*object, "scheme")).value_or(klass.scheme);
    klass.type = TRY(want_string(*object, "type")).value_or("");
    klass.code = TRY(need_string(*object, "code"));
  } else {
    return fail(errors::kWrongType, "`" + std::string(key) + "` must be a code or {\"scheme\",\"type\",\"code\"}");
  }
  if (!is_code(klass.code)) return bad_field(key, "has a code that is not 1 to 32 letters and digits");
  if (!is_code(klass.scheme)) return bad_field(key, "has a scheme that is not 1 to 32 letters and digits");
  if (!klass.type.empty() && klass.type != "component" && klass.type != "event" && klass.type != "monitoring") {
    return bad_field(key, "has a type that is not component, event or monitoring");
  }
  if (klass.type.empty()) {
    const Pack* pack = pack_of_class(klass, packs);
    klass.type = pack == nullptr ? "event" : pack->the_case->klass.type;
  }
  return klass;
}

Result<std::optional<Urgency>> want_urgency(const json::object& body, std::string_view key) {
  const std::optional<std::string> name = TRY(want_string(body, key));
  if (!name) return std::optional<Urgency>{};
  const std::optional<Urgency> urgency = urgency_of(*name);
  if (!urgency) return bad_field(key, "must be normal, urgent or very_urgent");
  return urgency;
}

Result<std::vector<std::string>> want_texts(const json::object& body, std::string_view key, std::size_t most) {
  std::vector<std::string> texts;
  const json::value* value = body.if_contains(key);
  if (value == nullptr || value->is_null()) return texts;
  const json::array* array = value->if_array();
  if (array == nullptr) return fail(errors::kWrongType, "`" + std::string(key) + "` must be an array of texts");
  if (array->size() > most) return bad_field(key, "has more than " + std::to_string(most) + " items");
  for (const json::value& item : *array) {
    if (!item.is_string()) return fail(errors::kWrongType, "`" + std::string(key) + "` must be an array of texts");
    texts.emplace_back(item.get_string());
  }
  return texts;
}

}  // namespace cityloop
