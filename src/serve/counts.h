// SPDX-License-Identifier: Apache-2.0
// The city in numbers, for indicators and the KPI topic: counted in the Journal at most once a second per area.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"
#include "core/time.h"

namespace cityloop::serve {

struct Engine;

struct CityCounts {
  Time at{};
  std::uint64_t red = 0, orange = 0, yellow = 0, blue = 0, unacknowledged = 0;
  std::uint64_t cases_open = 0, cases_today = 0, cases_closed_today = 0, reports_waiting = 0, sources_late = 0;
  std::uint64_t on_time = 0, due = 0;                       // of this month
  std::uint64_t assets = 0, points_heard = 0;
};
// Of everything in `area` (a prefix; empty: the whole city).
Result<CityCounts> count_city(Engine& engine, const std::string& area);
Time local_midnight(Time now, Millis utc_offset);

}  // namespace cityloop::serve
