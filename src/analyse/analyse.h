// SPDX-License-Identifier: Apache-2.0
// Live state and rules: observations and ticks in, alarms with their why out. City thread only, except what live_state.h
// publishes. The same object code serves live, back-test, import --evaluate, why --verify and simulation.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "analyse/live_state.h"
#include "core/context.h"

namespace cityloop {

class Analyse {
 public:
  // Compiles every rule, derived point and agreement; the error names pack, rule and column.
  Result<void> set_packs(std::shared_ptr<const Packs> packs);

  // One gated value, in order of acceptance. Updates live state and runs only the rules on this kind and point.
  // Derived points come back in `derived` (for History). Alarm events: alarm.new / alarm.update / alarm.clear.
  void observe(const Observation& seen, Context& city, std::vector<Observation>& derived);
  void observe(const Record& seen, Context& city);
  // An asset was put, silenced, retired or removed.
  void hear(const Event& event, Context& city);
  // Event-time holds that ran out, absent_for, staleness, shelving and silences that ended. Cheap when nothing is due.
  void tick(Context& city);
  Time next_due() const;  // when tick wants to be called at the latest; Time::max() when never
  // We, or this source's connection, did not listen between `from` and `to`: neither absence nor staleness.
  void deaf(Time from, Time to, const std::string& principal);

  // Verbs: alarm.acknowledge alarm.shelve alarm.unshelve alarm.false_alarm alarm.test
  static bool handles(std::string_view verb);
  Answer act(const ActionIn& in, const Actor& actor, Context& city);
  // command tells which case an alarm belongs to; emits alarm.update.
  void set_case(const std::string& alarm, const std::string& case_no, Context& city);

  const Alarm* alarm(std::string_view id) const;  // pending, firing, and cleared but unseen ones
  // Whether the sensor agrees that the trouble of this asset is over (pack's case.agreement held long enough).
  struct Agreement { bool needed = false; bool agrees = false; std::string because; };
  Agreement agreement(const Asset& asset, Time now) const;

  LiveState& live() { return live_; }

  void encode(Writer& out) const;
  void decode(Reader& in);  // after set_packs

 private:
  LiveState live_;
};

// Re-evaluates a stored why alone, from its rule text, samples and attributes. Returns what it evaluates to and since when.
struct Verdict { bool agrees = false; Level level = Level::none; std::string because; };
Result<Verdict> verify_why(const Why& why);

}  // namespace cityloop
