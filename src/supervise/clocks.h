// SPDX-License-Identifier: Apache-2.0
// The stage clocks of one case (domain.md §1.8): at every moment of an open case exactly one runs, so that their sum is
// the time from opening to closing. Plain state and pure functions; supervise owns them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/words.h"

namespace cityloop {

// Stage name -> limit text: what a case does not bring itself. `handling` is the disposal limit of a case without one.
using StageLimits = std::map<std::string, std::string>;
StageLimits default_stage_limits();  // 15m accept, 15m dispatch, 30m verify, 30m check

struct StageClock {
  Clock clock;                         // as the case shows it
  std::optional<Millis> length;        // of the limit; nothing: no deadline
  Millis used{0};                      // before it last started running
  std::optional<Time> running_since;   // nothing: paused or stopped
};

class CaseClocks {
 public:
  // The case is in `stage` from `now` on: stops, pauses, resumes and starts what domain.md §1.8 says. `disposal` is the
  // case's own limit. The same stage again changes nothing.
  void enter(Stage stage, Time now, const std::string& disposal, const StageLimits& limits);

  std::vector<Clock> shown() const;
  const std::vector<StageClock>& all() const { return clocks_; }
  Millis total(Time now) const;        // sum of all clocks

  // The next reminder of the running clock: when, and at how many per cent; nothing when there is none to come.
  struct Reminder {
    Time at{};
    int percent = 0;
    Stage stage = Stage::reported;
  };
  std::optional<Reminder> next_reminder() const;
  void remind(int percent);            // it has been told

  void encode(class Writer& out) const;
  void decode(class Reader& in);

 private:
  StageClock* running();
  StageClock* waiting(Stage stage);    // a paused clock, or the stopped disposal clock of this round
  void start(Stage stage, Time now, const std::string& disposal, const StageLimits& limits);

  std::vector<StageClock> clocks_;
  std::size_t round_ = 0;              // clocks before this belong to the time before a reopening
  bool over_ = false;
};

// The clock that a stage runs: pending_handle, handling and handle_finish are one disposal clock; nothing for a case
// that is over or suspended.
std::optional<Stage> clock_of(Stage stage);

}  // namespace cityloop
