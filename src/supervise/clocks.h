// SPDX-License-Identifier: Apache-2.0
// The stage clocks of one case (domain.md §1.8): at every moment of an open case that is not suspended exactly one
// runs. A clock keeps when it ran, and what of that counts follows from its limit: all of it, or the working time of
// the city's calendar. Plain state and pure functions; supervise owns them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/words.h"
#include "supervise/calendar.h"

namespace cityloop {

// Stage name -> limit text: what a case does not bring itself. `handling` is the disposal limit of a case without one.
using StageLimits = std::map<std::string, std::string>;
StageLimits default_stage_limits();  // 15m accept, 15m dispatch, 30m verify, 30m check

struct ClockRules {
  const StageLimits& limits;
  const Calendar* calendar = nullptr;  // null: the city has none, and working time has no deadline
};

struct StageClock {
  Clock clock;                             // as the case shows it
  std::optional<Millis> length;            // of the limit; nothing: no limit
  std::vector<std::pair<Time, Time>> ran;  // before it last started running
  std::optional<Time> running_since;       // nothing: paused or stopped
};

class CaseClocks {
 public:
  // The case is in `stage` from `now` on: stops, pauses, resumes and starts what domain.md §1.8 says. `disposal` is the
  // case's own limit; another one than before (an extension) moves the deadline. The same again changes nothing.
  void enter(Stage stage, Time now, const std::string& disposal, const ClockRules& rules);
  // The calendar is another one: what runs or waits is counted anew, and what stopped without a deadline because no
  // calendar knew it. Reminders that were sent stay sent.
  void recount(Time now, const ClockRules& rules);

  std::vector<Clock> shown() const;
  const std::vector<StageClock>& all() const { return clocks_; }
  Millis total(Time now) const;  // sum of all clocks, nights and pauses for lunch included

  // What the running clock reaches next: when, and at how many per cent; nothing when there is nothing to come. At 50,
  // 80 and 100 people are told, once; at 75 the clock is due soon, at 100 overdue.
  struct Mark {
    Time at{};
    int percent = 0;
    bool tells = false;  // not yet told
    Stage stage = Stage::reported;
  };
  std::optional<Mark> next_mark(const ClockRules& rules) const;
  void reach(int percent);  // it is that late

  void encode(class Writer& out) const;
  void decode(class Reader& in);

 private:
  StageClock* running();
  StageClock* waiting(Stage stage);    // a paused clock, or the stopped disposal clock of this round
  void start(Stage stage, Time now, const std::string& disposal, const ClockRules& rules);
  void extend(Time now, const std::string& disposal, const ClockRules& rules);

  std::vector<StageClock> clocks_;
  std::size_t round_ = 0;              // clocks before this belong to the time before a reopening
  bool over_ = false;
};

// The clock that a stage runs: pending_handle, handling and handle_finish are one disposal clock; nothing for a case
// that is over or suspended.
std::optional<Stage> clock_of(Stage stage);

}  // namespace cityloop
