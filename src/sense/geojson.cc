// SPDX-License-Identifier: Apache-2.0
#include "sense/geojson.h"

#include "core/json.h"

namespace cityloop {
namespace {

constexpr std::size_t kCorners = 500'000;  // the 38 districts together have 10,000

Result<LngLat> position(const json::value& value, Crs crs) {
  if (!value.is_array() || value.get_array().size() < 2) {
    return fail(errors::kWrongType, "a position is [longitude, latitude]");
  }
  double at[2];
  for (std::size_t i = 0; i < 2; ++i) {
    const json::value& number = value.get_array()[i];
    if (!number.is_number()) return fail(errors::kWrongType, "a position is [longitude, latitude]");
    at[i] = number.to_number<double>();
  }
  const LngLat place{at[0], at[1]};
  if (!is_valid(place)) {
    return fail(errors::kBadField, "[" + std::to_string(at[0]) + ", " + std::to_string(at[1]) +
                                       "] is no place: longitude -180 to 180, then latitude -90 to 90");
  }
  return to_wgs84(place, crs);
}

Result<Polygon> polygon_of(const json::value& value, Crs crs, std::size_t& corners) {
  if (!value.is_array() || value.get_array().empty()) return fail(errors::kWrongType, "a polygon is an array of rings");
  Polygon polygon;
  for (const json::value& ring_value : value.get_array()) {
    if (!ring_value.is_array()) return fail(errors::kWrongType, "a ring is an array of positions");
    Ring& ring = polygon.emplace_back();
    for (const json::value& corner : ring_value.get_array()) {
      if (++corners > kCorners) return fail(errors::kTooMany, "a shape has at most 500,000 corners");
      ring.push_back(TRY(position(corner, crs)));
    }
    if (ring.size() < 3) return fail(errors::kBadField, "a ring has at least three corners");
  }
  return polygon;
}

}  // namespace

Result<Crs> parse_crs(std::string_view name) {
  if (name == "wgs84" || name == "cgcs2000") return Crs::wgs84;
  if (name == "gcj02") return Crs::gcj02;
  if (name == "bd09") return Crs::bd09;
  return fail(errors::kBadField, "`" + std::string(name) + "`: `crs` is wgs84, cgcs2000, gcj02 or bd09");
}

LngLat to_wgs84(LngLat place, Crs crs) {
  switch (crs) {
    case Crs::wgs84: return place;
    case Crs::gcj02: return wgs84_from_gcj02(place);
    case Crs::bd09: return wgs84_from_gcj02(gcj02_from_bd09(place));
  }
  return place;
}

Result<Crs> crs_of(const json::object& document, Crs otherwise) {
  const json::value* const crs = document.if_contains("crs");
  if (crs == nullptr || crs->is_null()) return otherwise;
  if (crs->is_string()) return parse_crs(crs->get_string());
  const json::value* const properties = crs->is_object() ? crs->get_object().if_contains("properties") : nullptr;
  const std::string name = properties != nullptr && properties->is_object() ? text_or(properties->get_object(), "name") : "";
  for (const std::string_view known : {"CRS84", "EPSG::4326", "EPSG:4326", "EPSG::4490", "EPSG:4490"}) {
    if (name.ends_with(known)) return Crs::wgs84;
  }
  return fail(errors::kBadField, "this coordinate system is not known; send WGS84, or `crs` gcj02 or bd09");
}

Result<LngLat> point_of_geojson(const json::value& geometry, Crs crs) {
  if (!geometry.is_object()) return fail(errors::kWrongType, "a location is a GeoJSON Point");
  const json::object& point = geometry.get_object();
  const std::string type = TRY(need_string(point, "type"));
  if (type != "Point") return fail(errors::kBadField, "a location is a GeoJSON Point, not a " + type);
  const json::value* const coordinates = point.if_contains("coordinates");
  if (coordinates == nullptr) return fail(errors::kMissingField, "`coordinates` is missing");
  return position(*coordinates, TRY(crs_of(point, crs)));
}

Result<MultiPolygon> shape_of_geojson(const json::value& geometry, Crs crs) {
  MultiPolygon shape;
  if (geometry.is_null()) return shape;
  if (!geometry.is_object()) return fail(errors::kWrongType, "a geometry is a GeoJSON Polygon or MultiPolygon");
  const std::string type = TRY(need_string(geometry.get_object(), "type"));
  const json::value* const coordinates = geometry.get_object().if_contains("coordinates");
  if (coordinates == nullptr || !coordinates->is_array()) return fail(errors::kMissingField, "`coordinates` is missing");
  std::size_t corners = 0;
  if (type == "Polygon") {
    shape.parts.push_back(TRY(polygon_of(*coordinates, crs, corners)));
  } else if (type == "MultiPolygon") {
    for (const json::value& part : coordinates->get_array()) shape.parts.push_back(TRY(polygon_of(part, crs, corners)));
  } else {
    return fail(errors::kBadField, "an area's geometry is a Polygon or MultiPolygon, not a " + type);
  }
  return shape;
}

void write_shape(JsonWriter& out, const MultiPolygon& shape) {
  if (shape.parts.empty()) {
    out.null();
    return;
  }
  out.begin_object().member("type", "MultiPolygon").key("coordinates").begin_array();
  for (const Polygon& polygon : shape.parts) {
    out.begin_array();
    for (const Ring& ring : polygon) {
      out.begin_array();
      for (const LngLat& corner : ring) out.begin_array().value(corner.lng).value(corner.lat).end_array();
      out.end_array();
    }
    out.end_array();
  }
  out.end_array().end_object();
}

}  // namespace cityloop
