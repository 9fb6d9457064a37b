// SPDX-License-Identifier: Apache-2.0
// What comes due without a sample. Dues of event time (holds, keep_firing_for, growing stale) that lie before a new sample
// are worked off before it is taken, so that results do not depend on how often the city ticks.
#include <algorithm>

#include "analyse/engine_around.h"

namespace cityloop {

void Engine::due_of_rule(const AssetState& state, const RuleState& rule, const Around& around, Due& due) const {
  const KindPlan& plan = plan_of(state);
  const UnitPlan& unit = plan.units[rule.unit];
  bool active = rule.current >= 0 && !rule.stale;
  for (std::size_t i = 0; i < unit.levels.size(); ++i) {
    const LevelState& level = rule.levels[i];
    if (level.since == kNever || level.held) continue;
    active = true;
    due.event = std::min(due.event, level.since + unit.levels[i].hold);
  }
  if (rule.clear_since != kNever) due.event = std::min(due.event, rule.clear_since + unit.keep);
  if (unit.record != nullptr) return;
  const auto offer = [&](std::int64_t t) {
    if (t > rule.evaluated) due.event = std::min(due.event, t);
  };
  if (active) {
    for (const std::uint8_t point : unit.points) {
      const Seen& seen = seen_of(state)[point];
      const std::int64_t limit = plan.stale_after[point];
      if (limit != 0 && seen.at != kNever) offer(around.after(seen.at, limit) + 1);
    }
  }
  for (std::size_t i = unit.first_window; i < unit.first_window + unit.windows; ++i) {
    const WindowUse& use = plan.windows[i];
    const Window& window = state.detail->windows[i];
    if (plan.stale_after[use.point] != 0 || window.size() == 0) continue;  // a periodic point's next sample will tell
    offer(window[0].at + use.width);
  }
}

Engine::Due Engine::due_of(std::uint32_t slot, const AssetState& state, const Context& city) const {
  Due due;
  if (state.row == AssetState::kNoRow) return due;
  const KindPlan& plan = plan_of(state);
  const Around around(*this, slot, nullptr, &city.tables);
  if (state.detail && !state.detail->rules.empty()) {
    for (const RuleState& rule : state.detail->rules) due_of_rule(state, rule, around, due);
    const Asset* asset = around.asset();  // alarms that are held back by its silence are to be released
    const std::int64_t until = asset != nullptr && asset->silence ? to_ms(asset->silence->until) : kNever;
    if (until > state.advanced_now) due.now = std::min(due.now, until);
  }
  for (const std::uint8_t point : plan.aged_points) {
    const Seen& seen = seen_of(state)[point];
    if (plan.stale_after[point] == 0 || seen.at == kNever) continue;
    const std::int64_t t = around.after(seen.at, plan.stale_after[point]) + 1;
    if (t > state.advanced) due.event = std::min(due.event, t);
  }
  for (const auto& [point, span] : plan.absences) {
    const std::int64_t heard = around.heard(point);
    if (heard == kNever) continue;
    const std::int64_t t = around.after(heard, span);
    if (t > state.advanced_now) due.now = std::min(due.now, t);
  }
  return due;
}

void Engine::schedule(std::uint32_t slot, AssetState& state, Due due) {
  state.event_due = due.event;
  state.now_due = due.now;
  heap_.set(slot, std::min(due.event, due.now));
}

void Engine::reschedule(std::uint32_t slot, Context& city) { schedule(slot, states_[slot], due_of(slot, states_[slot], city)); }

// Works off, in order, event dues up to `event_limit` and city-time dues up to `now_limit`.
void Engine::advance(std::uint32_t slot, std::int64_t event_limit, std::int64_t now_limit, Context& city) {
  for (;;) {
    AssetState& state = states_[slot];
    const Due due = due_of(slot, state, city);
    const bool event = due.event <= event_limit && due.event != WakeHeap::kAsleep;
    const bool now = due.now <= now_limit && due.now != WakeHeap::kAsleep;
    if (!event && !now) return schedule(slot, state, due);
    const bool event_first = event && (!now || due.event <= due.now);
    const std::int64_t moment = event_first ? due.event : due.now;
    std::int64_t& advanced = event_first ? state.advanced : state.advanced_now;
    advanced = std::max(advanced, moment);
    // What is due by an event time that lies back is judged by what is known of the city's time: that never goes back.
    evaluate_all(slot, {moment, std::max(moment, state.advanced_now), true}, city);
  }
}

void Engine::evaluate_all(std::uint32_t slot, const Moment& moment, Context& city) {
  const KindPlan& plan = plan_of(states_[slot]);
  std::vector<std::uint16_t> units = plan.restless;
  if (states_[slot].detail) {
    for (const RuleState& rule : states_[slot].detail->rules) units.push_back(rule.unit);
  }
  std::ranges::sort(units);
  units.erase(std::ranges::unique(units).begin(), units.end());
  const Around around(*this, slot, nullptr, &city.tables);
  for (const std::uint16_t index : units) {
    const UnitPlan& unit = plan.units[index];
    Frame frame = frame_of(states_[slot], around);
    aim(frame, unit, moment);
    if (unit.role == UnitPlan::Role::agreement) {
      run_agreement(states_[slot], unit, frame);
    } else if (unit.record == nullptr) {
      run_rule(slot, index, frame, moment, city);
    } else if (RuleState* rule = rule_state(states_[slot], index)) {
      follow_calm(slot, *rule, frame, moment, city);
      forget_idle(states_[slot]);
    }
  }
  hold_back(slot, city);
}

void Engine::look_at(std::uint32_t slot, Context& city) {
  if (ready(slot, city) == nullptr || states_[slot].row == AssetState::kNoRow) return;
  evaluate_all(slot, {to_ms(city.now), to_ms(city.now), true}, city);
  reschedule(slot, city);
}

std::int64_t Engine::next_due() const {
  if (!owed_.empty()) return 0;
  return std::min(heap_.first_at(), book_.next_timer());
}

void Engine::tick(Context& city) {
  pay_owed(city);
  const std::int64_t now = to_ms(city.now);
  while (heap_.first_at() <= now) {
    const std::uint32_t slot = heap_.first();
    if (city.tables.asset_at(slot) == nullptr || ready(slot, city) == nullptr) {
      drop(slot, "", "the asset is gone", city);
      continue;
    }
    advance(slot, now, now, city);
  }
  tick_alarms(city);
}

void Engine::pay_owed(Context& city) {
  for (const auto& [id, because] : std::exchange(owed_, {})) {
    const Alarm* alarm = book_.find(id);
    if (alarm == nullptr) continue;
    const Asset* asset = city.tables.asset(alarm->asset);
    clear_alarm(id, to_ms(city.now), because, city);
    if (asset != nullptr) recount(asset->slot, *asset);
  }
}

}  // namespace cityloop
