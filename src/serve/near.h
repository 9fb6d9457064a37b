// SPDX-License-Identifier: Apache-2.0
// Lists of what lies near a place or in a box: parameters `near` (lng,lat), `radius_m`, and the columns lng and lat. Of this room only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/geo.h"
#include "serve/call.h"

namespace cityloop::serve {

void add_box(Query& query, const Box& box);
Result<LngLat> parse_near(std::string_view name, std::string_view text);  // `lng,lat`; `name` of the parameter, for the refusal
Result<double> radius_of(const Call& call);

struct Found {
  double distance = 0;
  Row row;
};
// Within the radius, nearest first. Reads a page of candidates at a time, limits::kAggregateAssets in all. `place_of` tells where
// a row lies.
using PlaceOf = std::optional<LngLat> (*)(const Row&);
std::optional<LngLat> place_of_asset(const Row& row);
Result<std::vector<Found>> nearest(const Call& call, Query query, LngLat place, double radius_m, std::size_t most, PlaceOf place_of);

}  // namespace cityloop::serve
