// SPDX-License-Identifier: Apache-2.0
// Clocks, reminders, audit, scores: reads every event of the turn, changes no case by itself. What it demands (a reminder) it
// returns as actions that the city offers in the next turn. City thread only.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "core/context.h"

namespace cityloop {

class Supervise {
 public:
  struct Settings {
    std::string audit_key;                              // 32 bytes, from the data folder's secret file
    Millis utc_offset = std::chrono::hours(8);
    std::map<std::string, std::string> stage_limits;    // stage name -> limit text
  };
  explicit Supervise(Settings settings) : settings_(std::move(settings)) {}

  // Clocks of cases, score counters, and an AuditEntry for what people and tokens do.
  void hear(const Event& event, Context& city);
  // Every action of a person, token or credential that changes or reveals something, also the refused ones.
  void audit(const ActionIn& in, const Actor& actor, const Answer& answer, Context& city);
  void tick(Context& city);                    // reminders at 50/80/100 %, each once, emitted as case.sla events
  Time next_due() const;
  std::vector<ActionIn> take_demands();        // for the next turn

  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  Settings settings_;
};

}  // namespace cityloop
