// SPDX-License-Identifier: Apache-2.0
#include "serve/near.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "serve/project.h"

namespace cityloop::serve {
namespace {

Box box_around(LngLat place, double radius_m) {
  const double lat = radius_m / 111'195.0;  // metres of one degree on the sphere of distance_m()
  const double lng = lat / std::max(0.01, std::cos(place.lat * 3.14159265358979 / 180));
  return {place.lng - lng, place.lat - lat, place.lng + lng, place.lat + lat};
}

}  // namespace

void add_box(Query& query, const Box& box) {
  query.where.push_back({"lng", Where::Op::at_least, {box.west}});
  query.where.push_back({"lng", Where::Op::at_most, {box.east}});
  query.where.push_back({"lat", Where::Op::at_least, {box.south}});
  query.where.push_back({"lat", Where::Op::at_most, {box.north}});
}

Result<LngLat> parse_near(std::string_view name, std::string_view text) {
  LngLat place;
  const char* end = text.data() + text.size();
  const auto lng = std::from_chars(text.data(), end, place.lng);
  if (lng.ec != std::errc{} || lng.ptr == end || *lng.ptr != ',') return bad_parameter(name, "must be lng,lat");
  const auto lat = std::from_chars(lng.ptr + 1, end, place.lat);
  if (lat.ec != std::errc{} || lat.ptr != end || !is_valid(place)) return bad_parameter(name, "must be lng,lat");
  return place;
}

std::optional<LngLat> place_of_asset(const Row& row) {
  const auto asset = asset_of_doc(row.doc);
  return asset ? asset->place : std::nullopt;
}

Result<double> radius_of(const Call& call) {
  return static_cast<double>(TRY(number_parameter(call, "radius_m", 500, 50'000)));
}

Result<std::vector<Found>> nearest(const Call& call, Query query, LngLat place, double radius_m, std::size_t most, PlaceOf place_of) {
  add_box(query, box_around(place, radius_m));
  query.limit = limits::kPageMost;
  std::vector<Found> found;
  std::size_t read = 0;
  do {
    Page page = TRY(call.city().journal->list(query));
    for (Row& row : page.rows) {
      const auto where = place_of(row);
      if (!where) continue;
      const double distance = distance_m(place, *where);
      if (distance <= radius_m) found.push_back({distance, std::move(row)});
    }
    read += page.rows.size();
    query.cursor = page.next;
  } while (!query.cursor.empty() && read < limits::kAggregateAssets);
  const std::size_t keep = std::min(most, found.size());
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(keep), found.end(),
                    [](const Found& a, const Found& b) { return a.distance < b.distance; });
  found.resize(keep);
  return found;
}

}  // namespace cityloop::serve
