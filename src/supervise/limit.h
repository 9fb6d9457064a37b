// SPDX-License-Identifier: Apache-2.0
// A time limit as written in packs and settings: `15m`, `2h`, `1h30m` (continuous), `2UH`, `1UD` (continuous urgent
// hours and days), `4WH`, `1WD` (working hours and days: need a calendar). Pure.
#pragma once

#include <optional>
#include <string_view>

#include "core/time.h"

namespace cityloop {

struct Limit {
  std::optional<Millis> length;  // nothing: working time, and no calendar is set. 1 WD is not 24 h.
  bool working = false;
};

// kBadField when it is none of these, or not above zero.
Result<Limit> parse_limit(std::string_view text);

}  // namespace cityloop
