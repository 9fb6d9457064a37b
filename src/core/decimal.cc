// SPDX-License-Identifier: Apache-2.0
#include "core/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace cityloop {
namespace {

constexpr int kDigits = 17;   // significant digits kept
constexpr int kScale = 18;    // largest scale, and largest power of ten
constexpr std::array<double, 19> kTens{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                       1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A number's text taken apart: value = 0.digits * 10^point, digits without leading zeros.
struct Parts {
  bool negative = false;
  std::string_view whole, fraction;
  int exponent = 0;
  bool valid = false;
};

Parts take_apart(std::string_view text) {
  Parts parts;
  if (text.starts_with('-')) {
    parts.negative = true;
    text.remove_prefix(1);
  }
  const auto run = [&] {
    std::size_t n = 0;
    while (n < text.size() && is_digit(text[n])) ++n;
    const std::string_view digits = text.substr(0, n);
    text.remove_prefix(n);
    return digits;
  };
  parts.whole = run();
  if (parts.whole.empty() || (parts.whole.size() > 1 && parts.whole.front() == '0')) return parts;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    parts.fraction = run();
    if (parts.fraction.empty()) return parts;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    const bool minus = text.starts_with('-');
    if (minus || text.starts_with('+')) text.remove_prefix(1);
    const std::string_view digits = run();
    if (digits.empty()) return parts;
    int exponent = 0;
    for (const char c : digits) exponent = std::min(exponent * 10 + (c - '0'), 1'000'000);
    parts.exponent = minus ? -exponent : exponent;
  }
  parts.valid = text.empty();
  return parts;
}

Decimal normalised(std::int64_t mantissa, int scale) {
  if (mantissa == 0) return {};
  while (mantissa % 10 == 0) {
    mantissa /= 10;
    --scale;
  }
  return {mantissa, scale};
}

// Rounds half away from zero to what a Decimal can keep. `point` is the power of ten that digits[0] stands for, plus one.
Decimal rounded(bool negative, std::string_view whole, std::string_view fraction, std::int64_t point) {
  const std::int64_t keep = std::min<std::int64_t>(kDigits, point + kScale);
  if (keep < 0) return {};
  std::int64_t mantissa = 0;
  std::int64_t taken = 0;
  bool up = false;
  for (const std::string_view digits : {whole, fraction}) {
    for (const char c : digits) {
      if (taken == 0 && c == '0') continue;  // leading zeros
      if (taken < keep) {
        mantissa = mantissa * 10 + (c - '0');
      } else if (taken == keep) {
        up = c >= '5';
      }
      ++taken;
    }
  }
  const std::int64_t scale = std::min(taken, keep) - point;
  if (up) ++mantissa;
  return normalised(negative ? -mantissa : mantissa, static_cast<int>(scale));
}

// Position of the decimal point after the first significant digit's left side: 123.4 -> 3, 0.01 -> -1. Nothing for zero.
bool find_point(const Parts& parts, std::int64_t& point) {
  const std::size_t w = parts.whole.find_first_not_of('0');
  if (w != std::string_view::npos) {
    point = static_cast<std::int64_t>(parts.whole.size() - w) + parts.exponent;
    return true;
  }
  const std::size_t f = parts.fraction.find_first_not_of('0');
  if (f == std::string_view::npos) return false;
  point = parts.exponent - static_cast<std::int64_t>(f);
  return true;
}

}  // namespace

double Decimal::number() const {
  // Both operands are exact below 2^53 and 10^22, so that one rounding is the right one.
  if (mantissa > -(1LL << 53) && mantissa < (1LL << 53) && scale >= -kScale && scale <= kScale) {
    const auto whole = static_cast<double>(mantissa);
    return scale >= 0 ? whole / kTens[static_cast<std::size_t>(scale)] : whole * kTens[static_cast<std::size_t>(-scale)];
  }
  std::array<char, 48> text{};
  auto [end, code] = std::to_chars(text.data(), text.data() + 24, mantissa);
  *end++ = 'e';
  end = std::to_chars(end, text.data() + text.size(), -scale).ptr;
  double value = 0;
  std::from_chars(text.data(), end, value);
  return value;
}

Result<Decimal> parse_decimal(std::string_view text) {
  const Parts parts = take_apart(text);
  if (!parts.valid) {
    return fail(errors::kNotANumber, "`" + std::string(text.substr(0, 64)) + "` is not a number");
  }
  std::int64_t point = 0;
  if (!find_point(parts, point)) return Decimal{};
  const Decimal value = rounded(parts.negative, parts.whole, parts.fraction, point);
  // point p means 10^(p-1) <= |value| < 10^p, before rounding.
  const bool one_e18 = point == kScale + 1 && (value.mantissa == 1 || value.mantissa == -1) && value.scale == -kScale;
  if (point < 1 - kScale || (point > kScale && !one_e18)) {
    return fail(errors::kNotANumber, "`" + std::string(text.substr(0, 64)) + "` is outside 1e-18 .. 1e18");
  }
  return value;
}

Decimal decimal_of(double value) {
  CHECK(std::isfinite(value));
  std::array<char, 32> text{};
  const auto [end, code] = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific);
  CHECK(code == std::errc{});
  const Parts parts = take_apart(std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
  std::int64_t point = 0;
  if (!find_point(parts, point)) return {};
  if (point > kScale) return {parts.negative ? -1 : 1, -kScale};
  return rounded(parts.negative, parts.whole, parts.fraction, point);
}

std::string format_decimal(Decimal value) {
  std::string digits = std::to_string(value.mantissa);
  if (value.mantissa == 0) return digits;
  if (value.scale <= 0) return digits.append(static_cast<std::size_t>(-value.scale), '0');
  const std::size_t sign = digits.front() == '-' ? 1 : 0;
  const auto scale = static_cast<std::size_t>(value.scale);
  if (digits.size() - sign <= scale) digits.insert(sign, scale + 1 - (digits.size() - sign), '0');
  digits.insert(digits.size() - scale, 1, '.');
  return digits;
}

}  // namespace cityloop
