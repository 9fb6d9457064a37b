// SPDX-License-Identifier: Apache-2.0
// Assets around a place, nearest first. Of this room only; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/geo.h"
#include "serve/call.h"

namespace cityloop::serve {

Result<LngLat> parse_near(std::string_view name, std::string_view text);  // `lng,lat`; `name` of the parameter, for the refusal
void add_box(Query& query, const Box& box);
Box box_around(LngLat place, double radius_m);

struct Found {
  double distance = 0;
  std::string doc;
};
// Assets of the query within the radius, at most `most`. Reads pages of a thousand, kAggregateAssets candidates in all.
Result<std::vector<Found>> nearest(const Call& call, Query query, LngLat place, double radius_m, std::size_t most);

}  // namespace cityloop::serve
