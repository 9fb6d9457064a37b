// SPDX-License-Identifier: Apache-2.0
#include "core/time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace cityloop {
namespace {

constexpr std::int64_t kLastMs = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z

struct Scan {
  std::string_view rest;

  // Exactly `digits` decimal digits.
  bool number(std::size_t digits, int& value) {
    if (rest.size() < digits) return false;
    value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest[i] < '0' || rest[i] > '9') return false;
      value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(digits);
    return true;
  }
  bool one_of(std::string_view any, char& found) {
    if (rest.empty() || any.find(rest.front()) == std::string_view::npos) return false;
    found = rest.front();
    rest.remove_prefix(1);
    return true;
  }
  bool sign(char wanted) {
    char found = 0;
    return one_of(std::string_view(&wanted, 1), found);
  }
};

Error bad_time(std::string_view text) {
  return fail(errors::kBadTime,
              "`" + std::string(text.substr(0, 64)) + "` is not a time such as 2022-08-22T14:00:00+08:00 or 1661148000000");
}

bool is_digits(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// The offset after the seconds: `Z`, `+08:00`, `-05:30`.
bool scan_offset(Scan& scan, int& minutes) {
  char sign = 0;
  if (!scan.one_of("Zz+-", sign)) return false;
  if (sign == 'Z' || sign == 'z') {
    minutes = 0;
    return true;
  }
  int h = 0, m = 0;
  if (!scan.number(2, h) || !scan.sign(':') || !scan.number(2, m) || h > 23 || m > 59) return false;
  minutes = (h * 60 + m) * (sign == '-' ? -1 : 1);
  return true;
}

// Digits after the point, cut (not rounded) to milliseconds.
bool scan_fraction(Scan& scan, int& ms) {
  ms = 0;
  if (!scan.sign('.')) return true;
  int digits = 0, digit = 0;
  while (scan.number(1, digit)) {
    if (digits < 3) ms = ms * 10 + digit;
    ++digits;
  }
  for (int i = digits; i < 3; ++i) ms *= 10;
  return digits > 0;
}

void pad(std::string& out, int value, std::size_t width) {
  const std::string digits = std::to_string(value);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out += digits;
}

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array<Unit, 5> kUnits{{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

Error bad_duration(std::string_view text) {
  return fail(errors::kBadField, "`" + std::string(text.substr(0, 64)) + "` is not a duration such as 60s, 5m or 1h30m");
}

}  // namespace

Result<Time> parse_time(std::string_view text) {
  if (is_digits(text)) {
    std::int64_t ms = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), ms);
    if (code != std::errc{} || end != text.data() + text.size() || ms < 0 || ms > kLastMs) return bad_time(text);
    return from_ms(ms);
  }
  Scan scan{text};
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0, offset = 0;
  char t = 0;
  const bool read = scan.number(4, year) && scan.sign('-') && scan.number(2, month) && scan.sign('-') &&
                    scan.number(2, day) && scan.one_of("Tt ", t) && scan.number(2, hour) && scan.sign(':') &&
                    scan.number(2, minute) && scan.sign(':') && scan.number(2, second) && scan_fraction(scan, ms) &&
                    scan_offset(scan, offset) && scan.rest.empty();
  using namespace std::chrono;
  const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  // Second 60 is a leap second: RFC 3339 allows it, UTC milliseconds cannot tell it from the next second.
  if (!read || !date.ok() || hour > 23 || minute > 59 || second > 60) return bad_time(text);
  const Time time = Time{sys_days{date}} + hours{hour} + minutes{minute - offset} + seconds{second} + Millis{ms};
  if (to_ms(time) < 0 || to_ms(time) > kLastMs) return bad_time(text);
  return time;
}

std::string format_time(Time time) {
  using namespace std::chrono;
  const auto days = floor<std::chrono::days>(time);
  const year_month_day date{days};
  const hh_mm_ss clock{time - days};
  std::string out;
  out.reserve(24);
  pad(out, static_cast<int>(date.year()), 4);
  out += '-';
  pad(out, static_cast<int>(static_cast<unsigned>(date.month())), 2);
  out += '-';
  pad(out, static_cast<int>(static_cast<unsigned>(date.day())), 2);
  out += 'T';
  pad(out, static_cast<int>(clock.hours().count()), 2);
  out += ':';
  pad(out, static_cast<int>(clock.minutes().count()), 2);
  out += ':';
  pad(out, static_cast<int>(clock.seconds().count()), 2);
  if (const auto ms = clock.subseconds().count(); ms != 0) {
    out += '.';
    pad(out, static_cast<int>(ms), 3);
  }
  out += 'Z';
  return out;
}

Result<Millis> parse_duration(std::string_view text) {
  std::int64_t total = 0;
  std::string_view rest = text;
  std::size_t next_unit = 0;  // units descend and appear once, as Prometheus has it
  if (rest.empty()) return bad_duration(text);
  while (!rest.empty()) {
    std::int64_t count = 0;
    if (rest.front() == '-') return bad_duration(text);
    const auto [end, code] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
    if (code != std::errc{}) return bad_duration(text);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const std::size_t letters = std::min(rest.find_first_of("0123456789"), rest.size());
    const std::string_view name = rest.substr(0, letters);
    const auto unit = std::find_if(kUnits.begin() + static_cast<std::ptrdiff_t>(next_unit), kUnits.end(),
                                   [&](const Unit& u) { return u.name == name; });
    if (unit == kUnits.end()) return bad_duration(text);
    if (count > (std::numeric_limits<std::int64_t>::max() - total) / unit->ms) return bad_duration(text);
    total += count * unit->ms;
    next_unit = static_cast<std::size_t>(unit - kUnits.begin()) + 1;
    rest.remove_prefix(letters);
  }
  if (total > kLastMs) return bad_duration(text);
  return Millis{total};
}

std::string format_duration(Millis duration) {
  std::string out;
  std::int64_t left = duration.count();
  if (left < 0) out += '-';
  left = left < 0 ? -left : left;
  for (const Unit& unit : kUnits) {
    if (left < unit.ms) continue;
    out += std::to_string(left / unit.ms);
    out += unit.name;
    left %= unit.ms;
  }
  return out.empty() ? "0s" : out;
}

std::string local_date(Time time, Millis utc_offset) {
  using namespace std::chrono;
  const year_month_day date{floor<days>(time + utc_offset)};
  std::string out;
  pad(out, static_cast<int>(date.year()), 4);
  pad(out, static_cast<int>(static_cast<unsigned>(date.month())), 2);
  pad(out, static_cast<int>(static_cast<unsigned>(date.day())), 2);
  return out;
}

}  // namespace cityloop
