// SPDX-License-Identifier: Apache-2.0
// Time as the city counts it: UTC milliseconds. Nothing here reads a clock; `now` is always an argument.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace cityloop {

using Millis = std::chrono::milliseconds;
using Time = std::chrono::sys_time<Millis>;

inline constexpr Time kNoTime{Millis{0}};  // stands for "absent" where an optional would cost too much

inline std::int64_t to_ms(Time time) { return time.time_since_epoch().count(); }
inline Time from_ms(std::int64_t ms) { return Time{Millis{ms}}; }

// RFC 3339 (`2022-08-22T14:00:00+08:00`, any fraction, `Z` or offset required) or, where the text is only digits and
// an optional minus, epoch milliseconds. kBadTime otherwise. Years 1970 to 9999.
Result<Time> parse_time(std::string_view text);

// RFC 3339 in UTC; milliseconds are printed only when they are not zero: `2022-08-22T06:00:00Z`.
std::string format_time(Time time);

// `500ms`, `60s`, `5m`, `24h`, `7d`, and sums such as `1h30m`. kBadField otherwise; never negative.
Result<Millis> parse_duration(std::string_view text);
std::string format_duration(Millis duration);  // shortest exact sum: `1h30m`, `0s`

// Local calendar day `YYYYMMDD` at a fixed offset from UTC (Chongqing +8 h). Used in case numbers and scores.
std::string local_date(Time time, Millis utc_offset);

}  // namespace cityloop
