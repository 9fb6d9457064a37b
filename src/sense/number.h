// SPDX-License-Identifier: Apache-2.0
// Reads a JSON number's text into an exact decimal without going through a double. Pure; any thread; hot.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/decimal.h"

namespace cityloop {

enum class NumberText : std::uint8_t {
  number,      // `out` holds it
  not_finite,  // a number that no Decimal can hold, or one of the words NaN, Infinity, -Infinity
  malformed,   // not JSON
};

NumberText read_number(std::string_view text, Decimal& out);

// value * scale + offset, exact while 17 digits suffice. Nothing where the result is no Decimal.
std::optional<Decimal> scaled(Decimal value, Decimal scale, Decimal offset);

}  // namespace cityloop
