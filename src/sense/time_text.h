// SPDX-License-Identifier: Apache-2.0
// Times as other systems write them: RFC 3339, epoch seconds or milliseconds, or a pattern such as `%m/%d/%y %H:%M` read
// at a fixed offset or in a named zone. Pure.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "core/time.h"
#include "sense/zone.h"

namespace cityloop {

struct TimeForm {
  enum class Kind : std::uint8_t { rfc3339, epoch_s, epoch_ms, pattern };
  Kind kind = Kind::rfc3339;
  std::string pattern;    // %Y %y %m %d %H %I %M %S %f %p %b %z and %%, other characters as they are
  std::string zone_name;  // `America/New_York`; empty: `zone` is fixed
  Zone zone;              // for local times
};

// `rfc3339`, `epoch_s`, `epoch_ms`, or a pattern with a `%` in it. kBadField otherwise.
Result<TimeForm> parse_time_form(std::string_view text);

// `+08:00`, `-05:30`, `Z`. kBadField otherwise.
Result<Millis> parse_utc_offset(std::string_view text);

// kBadTime when the text does not fit.
Result<Time> read_time(const TimeForm& form, std::string_view text);

}  // namespace cityloop
