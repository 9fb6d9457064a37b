// SPDX-License-Identifier: Apache-2.0
#include "supervise/limit.h"

#include <charconv>
#include <string>

namespace cityloop {

Result<Limit> parse_limit(std::string_view text) {
  const auto wrong = [&] {
    return fail(errors::kBadField,
                "limit `" + std::string(text.substr(0, 40)) + "` is none of 15m, 2h, 2UH, 1UD, 4WH, 1WD");
  };
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error == std::errc{} && (unit == "UH" || unit == "UD" || unit == "WH" || unit == "WD")) {
    if (number <= 0 || number > 10'000) return wrong();  // a year of hours is 8,784
    const int hours = unit == "UD" ? 24 : unit == "WD" ? 8 : 1;
    return Limit{std::chrono::hours(hours * number), unit[0] == 'W'};
  }
  const Result<Millis> length = parse_duration(text);
  if (!length || *length <= Millis{0}) return wrong();
  return Limit{*length, false};
}

}  // namespace cityloop
