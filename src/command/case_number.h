// SPDX-License-Identifier: Apache-2.0
// Case numbers: 19 digits, area 6 + local date 8 + sequence 5 (domain.md §1.7), the sequence counted per area and day.
// City thread only; part of the city's state, so that a replayed turn gives the same numbers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/codec.h"
#include "core/time.h"

namespace cityloop {

// Six digits for an area: a code of digits cut or filled with zeros; anything else takes the digits of the root area.
std::string area_digits(std::string_view area, std::string_view root);

class CaseNumbers {
 public:
  // Never the same twice. A day's 99,999 numbers of an area used up, the next day's are drawn.
  std::string next(std::string_view area, std::string_view root, Time now, Millis utc_offset);
  void forget_before(Time day, Millis utc_offset);  // sequences of earlier days

  void encode(Writer& out) const { cityloop::encode(out, used_); }
  void decode(Reader& in) { cityloop::decode(in, used_); }

 private:
  std::map<std::string, std::uint32_t> used_;  // date 8 + area 6 -> last sequence
};

}  // namespace cityloop
