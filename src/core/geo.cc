// SPDX-License-Identifier: Apache-2.0
#include "core/geo.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numbers>

namespace cityloop {
namespace {

using std::numbers::pi;

constexpr double kEarthRadius = 6'371'008.8;            // mean radius, IUGG
constexpr double kAxis = 6'378'137.0;                   // WGS84 semi-major axis
constexpr double kEccentricity = 0.00669342162296594323;  // squared, as the published transformation has it
constexpr int kInverseRounds = 8;                       // each round gains about three digits

double radians(double degrees) { return degrees * pi / 180; }

bool outside_china(LngLat p) { return p.lng < 72.004 || p.lng > 137.8347 || p.lat < 0.8293 || p.lat > 55.8271; }

double shift_lat(double x, double y, double common) {
  return -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * std::sqrt(std::abs(x)) +
         (common + 20 * std::sin(pi * y) + 40 * std::sin(pi * y / 3) + 160 * std::sin(pi * y / 12) +
          320 * std::sin(pi * y / 30)) * 2 / 3;
}

double shift_lng(double x, double y, double common) {
  return 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * std::sqrt(std::abs(x)) +
         (common + 20 * std::sin(pi * x) + 40 * std::sin(pi * x / 3) + 150 * std::sin(pi * x / 12) +
          300 * std::sin(pi * x / 30)) * 2 / 3;
}

enum class Side { outside, edge, inside };

Side side_of(const Ring& ring, LngLat p) {
  bool in = false;
  for (std::size_t i = 0, j = ring.size() - 1; i < ring.size(); j = i++) {
    const LngLat a = ring[i], b = ring[j];
    const double cross = (b.lng - a.lng) * (p.lat - a.lat) - (b.lat - a.lat) * (p.lng - a.lng);
    if (cross == 0 && p.lng >= std::min(a.lng, b.lng) && p.lng <= std::max(a.lng, b.lng) &&
        p.lat >= std::min(a.lat, b.lat) && p.lat <= std::max(a.lat, b.lat)) {
      return Side::edge;
    }
    if ((a.lat > p.lat) != (b.lat > p.lat) && p.lng < (b.lng - a.lng) * (p.lat - a.lat) / (b.lat - a.lat) + a.lng) {
      in = !in;
    }
  }
  return in ? Side::inside : Side::outside;
}

bool polygon_contains(const Polygon& polygon, LngLat place) {
  if (polygon.empty() || polygon.front().empty() || side_of(polygon.front(), place) == Side::outside) return false;
  return std::none_of(polygon.begin() + 1, polygon.end(),
                      [&](const Ring& hole) { return !hole.empty() && side_of(hole, place) == Side::inside; });
}

// Area under the ring's edges on the sphere (Chamberlain & Duquette 2007, eq. 2).
double ring_m2(const Ring& ring) {
  double sum = 0;
  for (std::size_t i = 0, j = ring.size() - 1; i < ring.size(); j = i++) {
    sum += radians(ring[i].lng - ring[j].lng) * (2 + std::sin(radians(ring[i].lat)) + std::sin(radians(ring[j].lat)));
  }
  return std::abs(sum) * kEarthRadius * kEarthRadius / 2;
}

}  // namespace

bool is_valid(LngLat place) {
  return std::isfinite(place.lng) && std::isfinite(place.lat) && std::abs(place.lng) <= 180 && std::abs(place.lat) <= 90;
}

double distance_m(LngLat from, LngLat to) {
  const double dlat = std::sin(radians(to.lat - from.lat) / 2);
  const double dlng = std::sin(radians(to.lng - from.lng) / 2);
  const double h = dlat * dlat + std::cos(radians(from.lat)) * std::cos(radians(to.lat)) * dlng * dlng;
  return 2 * kEarthRadius * std::asin(std::min(1.0, std::sqrt(h)));
}

LngLat gcj02_from_wgs84(LngLat wgs84) {
  if (outside_china(wgs84)) return wgs84;
  const double x = wgs84.lng - 105, y = wgs84.lat - 35;
  const double common = 20 * std::sin(6 * pi * x) + 20 * std::sin(2 * pi * x);
  const double sine = std::sin(radians(wgs84.lat));
  const double m = 1 - kEccentricity * sine * sine;
  const double dlat = shift_lat(x, y, common) * 180 / (kAxis * (1 - kEccentricity) / (m * std::sqrt(m)) * pi);
  const double dlng = shift_lng(x, y, common) * 180 / (kAxis / std::sqrt(m) * std::cos(radians(wgs84.lat)) * pi);
  return {wgs84.lng + dlng, wgs84.lat + dlat};
}

LngLat wgs84_from_gcj02(LngLat gcj02) {
  LngLat guess = gcj02;
  for (int i = 0; i < kInverseRounds; ++i) {
    const LngLat there = gcj02_from_wgs84(guess);
    guess.lng -= there.lng - gcj02.lng;
    guess.lat -= there.lat - gcj02.lat;
  }
  return guess;
}

LngLat gcj02_from_bd09(LngLat bd09) {
  const double x = bd09.lng - 0.0065, y = bd09.lat - 0.006;
  const double z = std::hypot(x, y) - 2e-5 * std::sin(y * pi * 3000 / 180);
  const double theta = std::atan2(y, x) - 3e-6 * std::cos(x * pi * 3000 / 180);
  return {z * std::cos(theta), z * std::sin(theta)};
}

bool MultiPolygon::contains(LngLat place) const {
  return std::any_of(parts.begin(), parts.end(), [&](const Polygon& part) { return polygon_contains(part, place); });
}

Box MultiPolygon::box() const {
  Box box{};
  bool first = true;
  for (const Polygon& part : parts) {
    for (const Ring& ring : part) {
      for (const LngLat p : ring) {
        if (first) box = {p.lng, p.lat, p.lng, p.lat};
        first = false;
        box = {std::min(box.west, p.lng), std::min(box.south, p.lat), std::max(box.east, p.lng), std::max(box.north, p.lat)};
      }
    }
  }
  return box;
}

double MultiPolygon::area_m2() const {
  double sum = 0;
  for (const Polygon& part : parts) {
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (!part[i].empty()) sum += (i == 0 ? 1 : -1) * ring_m2(part[i]);
    }
  }
  return sum;
}

Result<Box> parse_box(std::string_view text) {
  std::array<double, 4> sides{};
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  bool good = true;
  for (std::size_t i = 0; i < sides.size() && good; ++i) {
    const auto [next, code] = std::from_chars(at, end, sides[i]);
    good = code == std::errc{} && (i == 3 ? next == end : next != end && *next == ',');
    at = good && i < 3 ? next + 1 : next;
  }
  const Box box{sides[0], sides[1], sides[2], sides[3]};
  if (!good || !is_valid({box.west, box.south}) || !is_valid({box.east, box.north}) || box.west > box.east ||
      box.south > box.north) {
    return fail(errors::kBadField, "a box is west,south,east,north in degrees, such as 106.2,29.1,107,30.2");
  }
  return box;
}

}  // namespace cityloop
