// SPDX-License-Identifier: Apache-2.0
#include "edge/clock.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

namespace cityloop {

namespace {

constexpr double kSlowest = 0.001, kFastest = 100'000;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<std::unique_ptr<CityClock>> CityClock::create(std::string_view text) {
  std::unique_ptr<CityClock> clock(new CityClock());
  text = trimmed(text);
  if (text.empty()) return clock;
  constexpr std::string_view kTimes = "×";
  std::size_t sign = text.find(kTimes), width = kTimes.size();
  if (sign == std::string_view::npos) {
    sign = text.find('x');
    width = 1;
  }
  double speed = 1;
  if (sign != std::string_view::npos) {
    const std::string_view number = trimmed(text.substr(sign + width));
    const auto [end, problem] = std::from_chars(number.data(), number.data() + number.size(), speed);
    if (problem != std::errc() || end != number.data() + number.size() || !(speed >= kSlowest && speed <= kFastest))
      return fail(errors::kUsage, "the clock's speed must be a number from 0.001 to 100000, as in 2022-08-22T06:00:00Z×60");
  }
  const Result<Time> start = parse_time(trimmed(text.substr(0, sign)));
  if (!start) return fail(errors::kUsage, "the clock's start must be a time, as in 2022-08-22T06:00:00Z×60");
  clock->start_ = *start;
  clock->speed_ = speed;
  clock->began_ = std::chrono::steady_clock::now();
  return clock;
}

Time CityClock::reading() const {
  if (speed_ <= 0) return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
  const std::chrono::duration<double, std::milli> gone = std::chrono::steady_clock::now() - began_;
  return start_ + Millis{static_cast<std::int64_t>(gone.count() * speed_)};
}

Time CityClock::now() {
  const std::lock_guard lock(mutex_);
  last_ = std::max(last_, reading());
  return last_;
}

void CityClock::not_before(Time time) {
  const std::lock_guard lock(mutex_);
  if (speed_ > 0 && time > reading()) {
    start_ = time;
    began_ = std::chrono::steady_clock::now();
  }
  last_ = std::max(last_, time);
}

Millis CityClock::real_wait_until(Time time) {
  const Time here = now();
  if (time <= here) return Millis{0};
  constexpr double kMost = 1e12;  // Time::max() means never
  const double wait = static_cast<double>((time - here).count()) / speed();
  return Millis{static_cast<std::int64_t>(std::ceil(std::min(wait, kMost)))};
}

}  // namespace cityloop
