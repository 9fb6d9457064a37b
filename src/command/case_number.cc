// SPDX-License-Identifier: Apache-2.0
#include "command/case_number.h"

#include <algorithm>
#include <chrono>

namespace cityloop {
namespace {

constexpr std::uint32_t kMost = 99'999;

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string padded(std::uint32_t number) {
  std::string digits = std::to_string(number);
  return std::string(5 - digits.size(), '0') + digits;
}

}  // namespace

std::string area_digits(std::string_view area, std::string_view root) {
  std::string digits;
  if (is_digits(area)) {
    digits = area;
  } else {
    std::ranges::copy_if(root, std::back_inserter(digits), [](char c) { return c >= '0' && c <= '9'; });
  }
  digits.resize(6, '0');
  return digits;
}

std::string CaseNumbers::next(std::string_view area, std::string_view root, Time now, Millis utc_offset) {
  const std::string place = area_digits(area, root);
  for (Time day = now;; day += std::chrono::hours(24)) {
    const std::string date = local_date(day, utc_offset);
    std::uint32_t& used = used_[date + place];
    if (used < kMost) return place + date + padded(++used);
  }
}

void CaseNumbers::forget_before(Time day, Millis utc_offset) {
  used_.erase(used_.begin(), used_.lower_bound(local_date(day, utc_offset)));
}

}  // namespace cityloop
