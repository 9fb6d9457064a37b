// SPDX-License-Identifier: Apache-2.0
#include "sense/number.h"

#include <algorithm>
#include <array>

namespace cityloop {
namespace {

constexpr int kExactDigits = 17;  // as parse_decimal keeps

bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

// What Python, JavaScript and C libraries print where JSON has no word.
NumberText word_or_malformed(std::string_view text) {
  static constexpr std::array<std::string_view, 9> kWords{"NaN", "nan",      "-nan", "Infinity", "-Infinity",
                                                          "inf", "-inf", "+Infinity", "NAN"};
  return std::ranges::find(kWords, text) != kWords.end() ? NumberText::not_finite : NumberText::malformed;
}

NumberText read_long(std::string_view text, Decimal& out) {
  const Result<Decimal> value = parse_decimal(text);
  if (!value) return NumberText::not_finite;
  out = *value;
  return NumberText::number;
}

}  // namespace

NumberText read_number(std::string_view text, Decimal& out) {
  const char* p = text.data();
  const char* const end = p + text.size();
  const bool negative = p != end && *p == '-';
  if (negative) ++p;
  const char* const whole = p;
  std::uint64_t digits = 0;  // wraps beyond 19 digits, which are then read the long way
  for (; p != end && is_digit(*p); ++p) digits = digits * 10 + static_cast<std::uint64_t>(*p - '0');
  const std::ptrdiff_t whole_digits = p - whole;
  if (whole_digits == 0 || (whole_digits > 1 && *whole == '0')) return word_or_malformed(text);
  std::ptrdiff_t fraction_digits = 0;
  if (p != end && *p == '.') {
    const char* const fraction = ++p;
    for (; p != end && is_digit(*p); ++p) digits = digits * 10 + static_cast<std::uint64_t>(*p - '0');
    fraction_digits = p - fraction;
    if (fraction_digits == 0) return NumberText::malformed;
  }
  if (p != end) {
    if (*p != 'e' && *p != 'E') return NumberText::malformed;
    ++p;
    if (p != end && (*p == '+' || *p == '-')) ++p;
    const char* const exponent = p;
    while (p != end && is_digit(*p)) ++p;
    if (p != end || p == exponent) return NumberText::malformed;
    return read_long(text, out);
  }
  if (whole_digits + fraction_digits > kExactDigits) return read_long(text, out);
  if (digits == 0) {
    out = Decimal{};
    return NumberText::number;
  }
  auto scale = static_cast<std::int32_t>(fraction_digits);
  while (digits % 10 == 0) {
    digits /= 10;
    --scale;
  }
  const auto mantissa = static_cast<std::int64_t>(digits);
  out = Decimal{negative ? -mantissa : mantissa, scale};
  return NumberText::number;
}

}  // namespace cityloop
