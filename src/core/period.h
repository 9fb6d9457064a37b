// SPDX-License-Identifier: Apache-2.0
// The periods that scores are told for, by name: `2022-08-22`, `2022-W34` (ISO 8601, from Monday), `2022-08`, `2022-Q3`,
// `2022-H2`, `2022`. Days are local ones, as text `YYYY-MM-DD`, so that they compare as they follow each other.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace cityloop {

struct Period {
  std::string name;
  std::string kind;  // day, week, month, quarter, half, year
  std::string from;  // first day
  std::string to;    // last day
};

Result<Period> parse_period(std::string_view name);  // kBadField; years 1970 to 9998
Period period_before(const Period& period);          // the one of the same kind that ends the day before
// The period of `kind` that holds the day.
Period period_of(std::string_view kind, std::string_view day);

}  // namespace cityloop
