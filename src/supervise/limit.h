// SPDX-License-Identifier: Apache-2.0
// A time limit as written in packs and settings: `15m`, `2h`, `1h30m` (continuous), `2UH`, `1UD` (continuous urgent
// hours and days), `4WH`, `1WD` (working hours and days: need a calendar). Pure.
#pragma once

#include <string_view>

#include "core/time.h"

namespace cityloop {

struct Limit {
  Millis length{};
  bool working = false;  // counts in the working time of the city's calendar; 1 WD is 8 WH (domain.md §1.5), not 24 h
};

// kBadField when it is none of these, or not above zero.
Result<Limit> parse_limit(std::string_view text);

}  // namespace cityloop
