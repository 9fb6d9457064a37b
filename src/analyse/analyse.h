// SPDX-License-Identifier: Apache-2.0
// Live state and rules: observations and ticks in, alarms with their why out. City thread only, except what live_state.h
// publishes. The same object code serves live, back-test, import --evaluate, why --verify and simulation.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "analyse/live_state.h"
#include "core/context.h"

namespace cityloop {

class Engine;
struct UrgentInputs;  // plan.h

class Analyse {
 public:
  Analyse();
  ~Analyse();
  Analyse(Analyse&&) noexcept;
  Analyse& operator=(Analyse&&) noexcept;

  // Compiles every rule, derived point and agreement; the error names pack, rule and column, and changes nothing. Units
  // whose text is unchanged keep their state; alarms of changed and removed rules are cleared with the next call that can.
  Result<void> set_packs(std::shared_ptr<const Packs> packs);

  std::shared_ptr<const UrgentInputs> urgent() const;  // by the packs in force; never null

  // Gated values in order of acceptance. Updates live state and runs only the rules on this kind and point. Neighbours in
  // the span with the same slot and time are judged together, so give a message whole: one by one, a rule over two points
  // sees the new value of one beside the old value of the other.
  // Derived points are appended to `derived` (for History). Alarm events: alarm.new / alarm.update / alarm.clear.
  void observe(std::span<const Observation> seen, Context& city, std::vector<Observation>& derived);
  void observe(const Observation& seen, Context& city, std::vector<Observation>& derived);
  void observe(const Record& seen, Context& city);
  // An asset was put, silenced, retired or removed.
  void hear(const Event& event, Context& city);
  // Event-time holds that ran out, absent_for, staleness, shelving and silences that ended. Cheap when nothing is due.
  void tick(Context& city);
  Time next_due() const;  // when tick wants to be called at the latest; Time::max() when never
  // We, or this source's connection, did not listen between `from` and `to`: neither absence nor staleness.
  void deaf(Time from, Time to, const std::string& principal);
  // For running a why again: rules sleep before this event time, and are looked at then (city.now).
  void rules_from(Time t);
  void look_at(std::uint32_t slot, Context& city);

  // Verbs: alarm.acknowledge alarm.shelve alarm.unshelve alarm.false_alarm alarm.test
  static bool handles(std::string_view verb);
  Answer act(const ActionIn& in, const Actor& actor, Context& city);
  // command tells which case an alarm belongs to; emits alarm.update.
  void set_case(const std::string& alarm, const std::string& case_no, Context& city);

  const Alarm* alarm(std::string_view id) const;  // pending, firing, and cleared but unseen ones
  const std::map<std::string, Alarm, std::less<>>& alarms() const;
  // Whether the sensor agrees that the trouble of this asset is over (pack's case.agreement held long enough).
  struct Agreement { bool needed = false; bool agrees = false; std::string because; };
  Agreement agreement(const Asset& asset, Time now) const;

  LiveState& live();

  void encode(Writer& out) const;
  void decode(Reader& in);  // after set_packs

 private:
  std::unique_ptr<Engine> engine_;
};

// Re-evaluates a stored why alone, from its rule text, samples and attributes, by a whole engine with this one asset.
// `level` is what the samples evaluate to; `agrees` says whether that is the why's own level. kBadField: the why cannot be read.
struct Verdict { bool agrees = false; Level level = Level::none; std::string because; };
Result<Verdict> verify_why(const Why& why);

}  // namespace cityloop
