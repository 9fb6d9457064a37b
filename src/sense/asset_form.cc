// SPDX-License-Identifier: Apache-2.0
#include "sense/asset_form.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/json.h"
#include "core/limits.h"
#include "sense/decode.h"
#include "sense/number.h"

namespace cityloop {
namespace {

constexpr std::size_t kNameBytes = 256;
constexpr std::array<std::string_view, 10> kColumns{"id",   "kind", "name",       "lng",         "lat",
                                                    "area", "life", "owner_unit", "keeper_unit", "component_code"};

std::string quoted(std::string_view word) { return "`" + std::string(word) + "`"; }

const AttributeSpec* find_attribute(const KindSpec& kind, std::string_view name) {
  for (const AttributeSpec& spec : kind.attributes) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

Error unknown_attribute(const KindSpec& kind, std::string_view name) {
  std::vector<std::string_view> known;
  for (const AttributeSpec& spec : kind.attributes) known.push_back(spec.name);
  const std::string near = nearest_word(name, known);
  return fail(errors::kUnknownField, quoted(kind.name) + " has no attribute " + quoted(name) +
                                         (near.empty() ? "" : "; did you mean " + quoted(near) + "?"));
}

Result<AttributeValue> attribute_of(const AttributeSpec& spec, const json::value& value) {
  const auto wrong = [&](std::string_view wanted) {
    return fail(errors::kWrongType, "the attribute " + quoted(spec.name) + " must be " + std::string(wanted));
  };
  if (spec.type == "number") {
    if (!value.is_number()) return wrong("a number");
    const double number = value.to_number<double>();
    if (!std::isfinite(number)) return wrong("a finite number");
    return AttributeValue{number};
  }
  if (spec.type == "flag") {
    if (!value.is_bool()) return wrong("true or false");
    return AttributeValue{value.get_bool()};
  }
  if (!value.is_string()) return wrong("text");
  if (value.get_string().size() > limits::kTextBytes) return wrong("text of at most 4,000 bytes");
  return AttributeValue{std::string(value.get_string())};
}

Result<void> check(Asset& asset, const Packs& packs) {
  if (!is_asset_id(asset.id)) return fail(errors::kBadAssetId, quoted(asset.id.substr(0, 128)) + " is not an id: [A-Za-z0-9._:-], 1 to 128 characters");
  const KindSpec* const kind = packs.kind(asset.kind);
  if (kind == nullptr) return fail(errors::kUnknownKind, "no pack describes the kind " + quoted(asset.kind));
  for (const AttributeSpec& spec : kind->attributes) {
    if (spec.required && !asset.attributes.contains(spec.name)) {
      return fail(errors::kMissingField, "the attribute " + quoted(spec.name) + " is required");
    }
  }
  if (asset.name.empty()) asset.name = asset.id;
  if (asset.name.size() > kNameBytes) return fail(errors::kBadField, "`name` has at most 256 bytes");
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const std::string& code = asset.component_code;
  if (!code.empty() && (code.size() != 16 || !std::ranges::all_of(code, is_digit))) {
    return fail(errors::kBadField, "`component_code` has 16 digits (GB/T 30428.2)");
  }
  return {};
}

Result<Life> life_from(std::string_view text) {
  const std::optional<Life> life = life_of(text);
  if (!life) return fail(errors::kBadField, "`life` is in_use, maintenance or retired");
  return *life;
}

Result<void> take_member(const json::object& document, std::string_view key, std::string& into) {
  if (std::optional<std::string> text = TRY(want_string(document, key))) into = std::move(*text);
  return {};
}

Result<void> take_plain(const json::object& document, Asset& asset) {
  asset.kind = TRY(need_string(document, "kind"));
  struct Member { std::string_view key; std::string* into; };
  for (const auto& [key, into] : {Member{"name", &asset.name}, Member{"area", &asset.area}, Member{"component_code", &asset.component_code},
                                  Member{"owner_unit", &asset.owner_unit}, Member{"keeper_unit", &asset.keeper_unit},
                                  Member{"source", &asset.source}}) {
    if (const Result<void> taken = take_member(document, key, *into); !taken) return taken;
  }
  if (const auto life = TRY(want_string(document, "life"))) asset.life = TRY(life_from(*life));
  return {};
}

Result<void> take_attributes(const json::object& document, const Packs& packs, Asset& asset) {
  const json::value* const attributes = document.if_contains("attributes");
  if (attributes == nullptr || attributes->is_null()) return {};
  if (!attributes->is_object()) return fail(errors::kWrongType, "`attributes` must be an object");
  const KindSpec* const kind = packs.kind(asset.kind);
  if (kind == nullptr) return {};  // check() says so
  for (const auto& [name, value] : attributes->get_object()) {
    if (value.is_null()) continue;
    const AttributeSpec* const spec = find_attribute(*kind, name);
    if (spec == nullptr) return unknown_attribute(*kind, name);
    asset.attributes[std::string(name)] = TRY(attribute_of(*spec, value));
  }
  return {};
}

Result<double> number_from(std::string_view name, std::string_view text) {
  Decimal number;
  if (read_number(text, number) != NumberText::number) {
    return fail(errors::kWrongType, quoted(name) + ": " + quoted(text.substr(0, 64)) + " is not a number");
  }
  return number.number();
}

Result<AttributeValue> attribute_from(const AttributeSpec& spec, const std::string& text) {
  if (spec.type == "number") return AttributeValue{TRY(number_from(spec.name, text))};
  if (spec.type != "flag") return AttributeValue{text};
  if (text == "true" || text == "1") return AttributeValue{true};
  if (text == "false" || text == "0") return AttributeValue{false};
  return fail(errors::kWrongType, "the attribute " + quoted(spec.name) + " must be true or false");
}

}  // namespace

Result<Asset> asset_of_json(std::string_view id, const json::object& document, const Packs& packs, Crs crs) {
  if (const auto known = only_keys(document, {"id", "kind", "name", "location", "attributes", "area", "component_code", "life",
                                              "owner_unit", "keeper_unit", "source", "crs", "slot", "rev", "silence"}, "");
      !known) {
    return known.error();
  }
  Asset asset;
  asset.id = id;
  if (const auto written = TRY(want_string(document, "id"))) {
    if (!id.empty() && *written != id) return fail(errors::kBadField, "`id` is not the id of the address");
    asset.id = *written;
  }
  if (const auto taken = take_plain(document, asset); !taken) return taken.error();
  if (const auto taken = take_attributes(document, packs, asset); !taken) return taken.error();
  const json::value* const location = document.if_contains("location");
  if (location != nullptr && !location->is_null()) asset.place = TRY(point_of_geojson(*location, TRY(crs_of(document, crs))));
  if (const auto checked = check(asset, packs); !checked) return checked.error();
  return asset;
}

Result<Asset> asset_of_feature(const json::value& feature, const Packs& packs, Crs crs) {
  if (!feature.is_object()) return fail(errors::kWrongType, "a feature must be an object");
  const json::object& document = feature.get_object();
  const json::value* const properties = document.if_contains("properties");
  if (properties == nullptr || !properties->is_object()) return fail(errors::kMissingField, "`properties` is missing");
  const json::object& p = properties->get_object();
  Asset asset;
  asset.id = text_or(p, "id");
  if (const json::value* id = document.if_contains("id")) {
    if (id->is_string()) asset.id = id->get_string();
    if (id->is_int64()) asset.id = std::to_string(id->get_int64());
  }
  if (const auto taken = take_plain(p, asset); !taken) return taken.error();
  if (const auto taken = take_attributes(p, packs, asset); !taken) return taken.error();
  const json::value* const geometry = document.if_contains("geometry");
  if (geometry != nullptr && !geometry->is_null()) asset.place = TRY(point_of_geojson(*geometry, crs));
  if (const auto checked = check(asset, packs); !checked) return checked.error();
  return asset;
}

Result<Asset> asset_of_row(const std::vector<std::string>& header, const std::vector<std::string>& cells, const Packs& packs, Crs crs) {
  if (cells.size() != header.size()) {
    return fail(errors::kBadField, "the row has " + std::to_string(cells.size()) + " cells, the header " + std::to_string(header.size()));
  }
  const auto cell = [&](std::string_view column) {
    const auto at = std::ranges::find(header, column);
    return at == header.end() ? std::string() : cells[static_cast<std::size_t>(at - header.begin())];
  };
  Asset asset;
  asset.id = cell("id");
  asset.kind = cell("kind");
  asset.name = cell("name");
  asset.area = cell("area");
  asset.component_code = cell("component_code");
  asset.owner_unit = cell("owner_unit");
  asset.keeper_unit = cell("keeper_unit");
  if (const std::string life = cell("life"); !life.empty()) asset.life = TRY(life_from(life));
  const std::string lng = cell("lng"), lat = cell("lat");
  if (lng.empty() != lat.empty()) return fail(errors::kMissingField, "`lng` and `lat` come together");
  if (!lng.empty()) {
    const LngLat place{TRY(number_from("lng", lng)), TRY(number_from("lat", lat))};
    if (!is_valid(place)) return fail(errors::kBadField, "`lng`, `lat` are no place");
    asset.place = to_wgs84(place, crs);
  }
  const KindSpec* const kind = packs.kind(asset.kind);
  for (std::size_t i = 0; kind != nullptr && i < header.size(); ++i) {
    if (cells[i].empty() || std::ranges::find(kColumns, header[i]) != kColumns.end()) continue;
    const AttributeSpec* const spec = find_attribute(*kind, header[i]);
    if (spec == nullptr) return unknown_attribute(*kind, header[i]);
    asset.attributes[header[i]] = TRY(attribute_from(*spec, cells[i]));
  }
  if (const auto checked = check(asset, packs); !checked) return checked.error();
  return asset;
}

}  // namespace cityloop
