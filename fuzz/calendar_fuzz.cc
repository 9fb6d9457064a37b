// SPDX-License-Identifier: Apache-2.0
// Working calendars of any bytes: refused with a sentence, or taken; what is taken counts there and back the same, at
// the edges of what it knows too.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/json.h"
#include "supervise/calendar.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace cityloop;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const Result<Calendar> calendar = Calendar::parse(text, std::chrono::hours(8));
  if (!calendar) {
    if (calendar.error().detail.empty()) std::abort();
    return 0;
  }
  const Time from = calendar->known_from(), until = calendar->known_until();
  const auto all = calendar->worked(from, until);
  if (!all || *all < Millis{0} || *all > until - from) std::abort();
  for (const Time start : {from, from + (until - from) / 3, until}) {
    for (const Millis work : {Millis{1}, Millis{3'600'000}, *all / 2, *all}) {
      const auto due = calendar->after(start, work);
      if (!due) continue;
      if (*due < start || *due > until || calendar->worked(start, *due) != work) std::abort();
      if (work > Millis{0} && *calendar->worked(start, *due - Millis{1}) >= work) std::abort();
    }
  }
  if (calendar->after(until, Millis{1}) || calendar->after(from - Millis{1}, Millis{1})) std::abort();
  (void)json::serialize(calendar->describe());
  return 0;
}
