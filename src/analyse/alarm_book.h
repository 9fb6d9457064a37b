// SPDX-License-Identifier: Apache-2.0
// The alarms that are in memory: pending, firing, and cleared ones that nobody has acknowledged. Plain bookkeeping; what
// happens to an alarm is decided in the engine.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/codec.h"
#include "core/words.h"

namespace cityloop {

class AlarmBook {
 public:
  Alarm* find(std::string_view id);
  const Alarm* find(std::string_view id) const;
  Alarm& add(Alarm alarm);
  void forget(std::string_view id);
  // Notes that an alarm has just been cleared unseen; beyond limits::kAlarmsListed the oldest such one leaves.
  void list_cleared(const Alarm& alarm);

  // Shelves and drills end by the city's time.
  void set_timer(const Alarm& alarm);  // by shelved_until and drill
  std::int64_t next_timer() const;     // WakeHeap::kAsleep: none
  std::string due(std::int64_t now);   // id of one whose time has come, taken out; empty: none

  const std::set<std::string>& drills() const { return drills_; }
  const std::map<std::string, Alarm, std::less<>>& all() const { return alarms_; }

  void encode(Writer& out) const { cityloop::encode(out, alarms_); }
  void decode(Reader& in);

 private:
  std::map<std::string, Alarm, std::less<>> alarms_;
  std::map<std::string, std::int64_t, std::less<>> timer_of_;
  std::set<std::pair<std::int64_t, std::string>> timers_;
  std::set<std::pair<std::int64_t, std::string>> cleared_;
  std::set<std::string> drills_;  // not cleared
};

// What people may still hear of: firing, not held back, not shelved.
bool is_loud(const Alarm& alarm);

}  // namespace cityloop
