// SPDX-License-Identifier: Apache-2.0
// Places and shapes as GeoJSON (RFC 7946), in the coordinate systems that maps of China come in. Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

#include "core/geo.h"
#include "core/json_write.h"
#include "core/result.h"

namespace cityloop {

enum class Crs : std::uint8_t { wgs84, gcj02, bd09 };

Result<Crs> parse_crs(std::string_view name);  // `wgs84`, `cgcs2000` (the same for us), `gcj02`, `bd09`; kBadField otherwise
LngLat to_wgs84(LngLat place, Crs crs);

// The `crs` member of a document: a name as above, or the old GeoJSON form that names CRS84, EPSG:4326 or EPSG:4490.
Result<Crs> crs_of(const boost::json::object& document, Crs otherwise);

// A Point; its own `crs` member, if any, goes before `crs`. kWrongType, kBadField.
Result<LngLat> point_of_geojson(const boost::json::value& geometry, Crs crs);
// A Polygon or MultiPolygon; null is the empty shape. At most 500,000 corners.
Result<MultiPolygon> shape_of_geojson(const boost::json::value& geometry, Crs crs);

void write_shape(JsonWriter& out, const MultiPolygon& shape);  // a MultiPolygon, or null where it is empty

}  // namespace cityloop
