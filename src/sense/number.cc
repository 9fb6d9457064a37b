// SPDX-License-Identifier: Apache-2.0
#include "sense/number.h"

#include <algorithm>
#include <array>
#include <cstdlib>

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

namespace {

__extension__ using Wide = __int128;

// Drops trailing zeros, and rounds half away from zero what 17 digits cannot hold.
std::optional<Decimal> fitted(Wide mantissa, int scale) {
  constexpr Wide kMost = 100'000'000'000'000'000;  // 10^17
  bool up = false;
  while (mantissa >= kMost || mantissa <= -kMost) {
    up = (mantissa < 0 ? -mantissa : mantissa) % 10 >= 5;
    mantissa /= 10;
    --scale;
  }
  if (up) mantissa += mantissa < 0 ? -1 : 1;
  if (mantissa == 0) return Decimal{};
  while (mantissa % 10 == 0) {
    mantissa /= 10;
    --scale;
  }
  if (scale < -18 || scale > 18) return std::nullopt;
  return Decimal{static_cast<std::int64_t>(mantissa), scale};
}

}  // namespace

std::optional<Decimal> scaled(Decimal value, Decimal scale, Decimal offset) {
  const auto product = fitted(Wide{value.mantissa} * scale.mantissa, value.scale + scale.scale);
  if (!product || offset == Decimal{}) return product;
  Wide a = product->mantissa, b = offset.mantissa;
  int places = product->scale;
  if (std::abs(product->scale - offset.scale) > 18) {  // one is lost beside the other
    const double sum = product->number() + offset.number();
    return decimal_of(sum);
  }
  for (; places < offset.scale; ++places) a *= 10;
  for (int other = offset.scale; other < places; ++other) b *= 10;
  return fitted(a + b, places);
}

}  // namespace cityloop
