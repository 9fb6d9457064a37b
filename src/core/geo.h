// SPDX-License-Identifier: Apache-2.0
// Places. Inside, always WGS84/CGCS2000 longitude, latitude in degrees; GCJ-02 exists only at the edges.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace cityloop {

struct LngLat {
  double lng = 0;
  double lat = 0;

  friend bool operator==(const LngLat&, const LngLat&) = default;
};

bool is_valid(LngLat place);                        // finite, |lng| <= 180, |lat| <= 90
double distance_m(LngLat from, LngLat to);          // great circle, mean radius 6,371,008.8 m
LngLat gcj02_from_wgs84(LngLat wgs84);              // identity outside lng 72.004..137.8347, lat 0.8293..55.8271
LngLat wgs84_from_gcj02(LngLat gcj02);              // fixed-point inverse, error < 1e-9 degrees
LngLat gcj02_from_bd09(LngLat bd09);

struct Box {
  double west = 0, south = 0, east = 0, north = 0;
  bool contains(LngLat place) const { return place.lng >= west && place.lng <= east && place.lat >= south && place.lat <= north; }
};

using Ring = std::vector<LngLat>;            // closed or open; orientation does not matter
using Polygon = std::vector<Ring>;           // outer ring first, then holes
struct MultiPolygon {
  std::vector<Polygon> parts;
  bool contains(LngLat place) const;         // even-odd; a point on an outer edge counts as inside
  Box box() const;
  double area_m2() const;                    // spherical, for checks only
};

// `w,s,e,n` in degrees. kBadField otherwise.
Result<Box> parse_box(std::string_view text);

}  // namespace cityloop
