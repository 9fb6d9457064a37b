// SPDX-License-Identifier: Apache-2.0
// A number kept as the decimal that was sent: value = mantissa * 10^-scale. History compresses it losslessly.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace cityloop {

struct Decimal {
  std::int64_t mantissa = 0;
  std::int32_t scale = 0;  // -18..18 after normalisation; trailing zeros of the mantissa are dropped, zero is {0,0}

  double number() const;

  friend bool operator==(const Decimal&, const Decimal&) = default;  // equal value <=> equal fields (normalised)
};

// JSON number grammar, exponent allowed; more than 17 significant digits, and digits below 1e-18, are rounded half away from zero.
// kNotANumber when it is not a number, is not finite as a double, or its magnitude is outside 1e-18 .. 1e18.
Result<Decimal> parse_decimal(std::string_view text);
Decimal decimal_of(double value);  // shortest decimal that reads back as `value`; value must be finite.
                                  // Outside 1e-18 .. 1e18 it is the nearest that a Decimal can keep: zero, or ±1e18.
std::string format_decimal(Decimal value);  // plain notation, no exponent: "1.25", "-0.004"

}  // namespace cityloop
