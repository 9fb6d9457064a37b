// SPDX-License-Identifier: Apache-2.0
// Time zones from the bytes of a TZif file (RFC 8536), which the caller reads; g++ 12 has no std::chrono tz. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace cityloop {

class Zone {
 public:
  Zone() = default;                                                // UTC
  static Zone fixed(Millis offset);                                // offset = local - UTC
  static Result<Zone> parse(std::string_view tzif);                // kCorrupt when it is no TZif file of version 2 or later

  // The instant of a local wall-clock time (given as if it were UTC). A time that a jump forward leaves out (a gap) is taken with
  // the offset before the jump, and so moves forward by its length; a time that comes twice (a fold) is the first of the two.
  Time to_utc(Time local) const;
  Millis offset_at(Time utc) const;

 private:
  struct Change {
    std::int64_t at = 0;      // seconds UTC
    std::int64_t offset = 0;  // seconds east of UTC from then on
  };
  struct Rule {               // one end of the footer's daylight saving time: Mm.w.d/time
    int month = 0, week = 0, day = 0;
    std::int64_t time = 0;    // seconds of local time
    int form = 0;             // 0: M form; 1: Jn; 2: n
    int number = 0;
  };
  Result<void> read_footer(std::string_view footer);
  void extend();              // the footer's rule, written out as changes up to 2100

  std::int64_t first_ = 0;    // offset before the first change
  std::vector<Change> changes_;
  std::int64_t standard_ = 0, daylight_ = 0;
  bool has_rule_ = false;
  Rule start_{}, end_{};
};

}  // namespace cityloop
