// SPDX-License-Identifier: Apache-2.0
// One rule of one asset: every level's hold runs by itself; the alarm has the highest level that has held. What is not known
// (missing, stale) ends a running hold, but neither raises nor clears.
#include <algorithm>

#include "analyse/engine_around.h"
#include "analyse/why.h"

namespace cityloop {

RuleState* Engine::rule_state(const AssetState& state, std::size_t unit) const {
  if (!state.detail) return nullptr;
  for (RuleState& rule : state.detail->rules) {
    if (rule.unit == unit) return &rule;
  }
  return nullptr;
}

RuleState& Engine::need_rule_state(AssetState& state, std::size_t unit) {
  if (RuleState* known = rule_state(state, unit)) return *known;
  if (!state.detail) add_detail(state);
  auto& rules = state.detail->rules;
  const auto at = std::ranges::lower_bound(rules, unit, {}, &RuleState::unit);
  RuleState& rule = *rules.emplace(at);
  rule.unit = static_cast<std::uint16_t>(unit);
  return rule;
}

void Engine::forget_idle(AssetState& state) {
  if (!state.detail) return;
  std::erase_if(state.detail->rules, [](const RuleState& rule) {
    return rule.alarm.empty() && std::ranges::all_of(rule.levels, [](const LevelState& level) { return level.since == kNever; });
  });
}

void Engine::run_rule(std::uint32_t slot, std::size_t index, const Frame& frame, const Moment& moment, Context& city) {
  AssetState& state = states_[slot];
  const UnitPlan& unit = plan_of(state).units[index];
  Truths truths{};
  bool any = false;
  for (std::size_t i = 0; i < unit.levels.size(); ++i) {
    truths[i] = truth(unit.levels[i].program, frame);
    any = any || truths[i] == Truth::yes;
  }
  if (frame.t < rules_from_) return;  // asleep: sequences are remembered all the same
  if (!any && rule_state(state, index) == nullptr) return;
  RuleState& rule = need_rule_state(state, index);
  rule.evaluated = frame.t;
  follow_levels(slot, rule, truths, frame, moment, city);
  follow_alarm(slot, rule, truths, frame, moment, city);
  const bool running = std::ranges::any_of(rule.levels, [](const LevelState& l) { return l.since != kNever && !l.held; });
  if (!running) {
    rule.trail.clear();
    rule.left_out = 0;
  }
  forget_idle(state);
}

void Engine::follow_levels(std::uint32_t slot, RuleState& rule, const Truths& truths, const Frame& frame, const Moment&,
                           Context&) {
  const UnitPlan& unit = plan_of(states_[slot]).units[rule.unit];
  for (std::size_t i = 0; i < unit.levels.size(); ++i) {
    LevelState& level = rule.levels[i];
    if (truths[i] == Truth::no) level = {};
    if (truths[i] == Truth::unknown && !level.held) level = {};
    if (truths[i] != Truth::yes) continue;
    if (level.since == kNever) {
      level.since = frame.t;
      if (unit.levels[i].hold > 0 && rule.trail.empty()) {
        rule.trail = samples_now(plan_of(states_[slot]), unit, frame, *states_[slot].detail, live_.asset(slot), rule.left_out);
      }
    }
    if (frame.t - level.since >= unit.levels[i].hold) level.held = true;
  }
}

void Engine::follow_alarm(std::uint32_t slot, RuleState& rule, const Truths& truths, const Frame& frame, const Moment& moment,
                          Context& city) {
  const UnitPlan& unit = plan_of(states_[slot]).units[rule.unit];
  int highest = -1;
  bool any_running = false, any_unknown = false;
  for (std::size_t i = 0; i < unit.levels.size(); ++i) {
    if (rule.levels[i].held) highest = static_cast<int>(i);
    any_running = any_running || rule.levels[i].since != kNever;
    any_unknown = any_unknown || truths[i] == Truth::unknown;
  }
  if (highest >= 0) {
    rule.clear_since = kNever;
    if (highest > rule.current) rise_to(slot, rule, highest, frame, moment, city);
    if (highest < rule.current) fall_to(slot, rule, highest, frame, moment, city);
    const bool known = truths[static_cast<std::size_t>(highest)] != Truth::unknown;
    if (!known && !rule.stale) note_stale(slot, rule, frame, moment, city);
    rule.stale = !known;
    return;
  }
  if (rule.current < 0) return follow_pending(slot, rule, truths, frame, moment, city);
  if (any_running || any_unknown) {  // a hold still runs, or nobody knows: the alarm stays as it is
    rule.clear_since = kNever;
    if (any_unknown && !any_running && !rule.stale) note_stale(slot, rule, frame, moment, city);
    rule.stale = any_unknown && !any_running;
    return;
  }
  rule.stale = false;
  if (!unit.clear.empty()) {
    const Truth clear_now = truth(unit.clear[0], frame);
    if (clear_now != Truth::yes) {  // between raising and clearing: the lowest level
      rule.clear_since = kNever;
      if (clear_now == Truth::no && rule.current > 0) fall_to(slot, rule, 0, frame, moment, city);
      return;
    }
  }
  if (rule.clear_since == kNever) rule.clear_since = frame.t;
  follow_calm(slot, rule, frame, moment, city);
}

void Engine::follow_calm(std::uint32_t slot, RuleState& rule, const Frame& frame, const Moment& moment, Context& city) {
  const UnitPlan& unit = plan_of(states_[slot]).units[rule.unit];
  const std::int64_t t = unit.record != nullptr ? moment.t : frame.t;
  if (rule.clear_since == kNever || t - rule.clear_since < unit.keep) return;
  std::string because = unit.record != nullptr ? "no such record" : reading_text(plan_of(states_[slot]), unit, unit.levels[0].program, frame);
  if (unit.keep > 0) because += " for " + format_duration(Millis{unit.keep});
  clear(slot, rule, t, because, city);
}

// An alarm is announced as pending while the hold of the lowest level runs.
void Engine::follow_pending(std::uint32_t slot, RuleState& rule, const Truths& truths, const Frame& frame, const Moment& moment,
                            Context& city) {
  const KindPlan& plan = plan_of(states_[slot]);
  const UnitPlan& unit = plan.units[rule.unit];
  const bool waits = rule.levels[0].since != kNever;
  if (waits && rule.alarm.empty()) {
    Alarm& alarm = begin_alarm(slot, rule, AlarmState::pending, rule.levels[0].since, city);
    alarm.level = unit.levels[0].level;
    show_value(alarm, unit, 0, frame);
    add_step(alarm.why, frame.t, "pending", reading_text(plan, unit, unit.levels[0].program, frame));
    changed(alarm, "alarm.new", city);
  } else if (!waits && !rule.alarm.empty()) {
    const bool unknown = truths[0] == Truth::unknown;
    clear(slot, rule, frame.t, (unknown ? "not known: " : "") + reading_text(plan, unit, unit.levels[0].program, frame), city);
  }
  (void)moment;
}

void Engine::run_record_rule(std::uint32_t slot, std::size_t index, const Record& record, Frame& frame, const Moment& moment,
                             Context& city) {
  AssetState& state = states_[slot];
  const UnitPlan& unit = plan_of(state).units[index];
  int highest = -1;
  for (std::size_t i = 0; i < unit.levels.size(); ++i) {
    if (truth(unit.levels[i].program, frame) == Truth::yes) highest = static_cast<int>(i);
  }
  if (highest < 0) return;  // another truck says nothing about the one before
  RuleState& rule = need_rule_state(state, index);
  rule.clear_since = std::max(rule.clear_since, moment.t);
  if (highest > rule.current) return rise_to(slot, rule, highest, frame, moment, city, &record);
  Alarm* alarm = book_.find(rule.alarm);
  if (alarm == nullptr) return;
  show_value(*alarm, unit, highest, frame);
  add_step(alarm->why, moment.t, "again", reading_text(plan_of(state), unit, unit.levels[static_cast<std::size_t>(highest)].program, frame));
  changed(*alarm, "alarm.update", city);
}

}  // namespace cityloop
