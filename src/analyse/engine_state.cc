// SPDX-License-Identifier: Apache-2.0
// The checkpoint: all state that results depend on, slot by slot, in an order of its own. What can be found again (rows,
// attributes, neighbours, sums) is left out.
#include "analyse/engine.h"

namespace cityloop {

void Engine::encode(Writer& out) const {
  live_.encode(out);
  deaf_.encode(out);
  book_.encode(out);
  cityloop::encode(out, owed_);
  std::uint32_t count = 0;
  for (const AssetState& state : states_) count += state.row != AssetState::kNoRow ? 1 : 0;
  cityloop::encode(out, count);
  for (std::uint32_t slot = 0; slot < states_.size(); ++slot) {
    if (states_[slot].row != AssetState::kNoRow) encode_asset(out, slot);
  }
}

void Engine::encode_asset(Writer& out, std::uint32_t slot) const {
  const AssetState& state = states_[slot];
  const KindPlan& plan = plan_of(state);
  cityloop::encode(out, slot);
  cityloop::encode(out, state.plan);
  cityloop::encode(out, state.event_due);
  cityloop::encode(out, state.now_due);
  cityloop::encode(out, heap_.at(slot));
  cityloop::encode(out, state.advanced);
  cityloop::encode(out, state.advanced_now);
  cityloop::encode(out, state.heard);
  for (std::size_t p = 0; p < plan.point_count(); ++p) cityloop::encode(out, seen_of(state)[p]);
  cityloop::encode(out, rows_of(state).agreed_since[state.row]);
  cityloop::encode(out, state.detail != nullptr);
  if (!state.detail) return;
  for (const Window& window : state.detail->windows) window.encode(out);
  for (const Cell& cell : state.detail->cells) cityloop::encode(out, cell);
  cityloop::encode(out, state.detail->rules);
}

void Engine::decode(Reader& in) {
  live_.decode(in);
  deaf_.decode(in);
  book_.decode(in);
  cityloop::decode(in, owed_);
  states_.clear();
  heap_ = {};
  slot_of_.clear();
  indexed_ = false;
  for (KindRows& rows : rows_) rows = {};
  std::uint32_t count = 0;
  cityloop::decode(in, count);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) decode_asset(in);
}

void Engine::decode_asset(Reader& in) {
  std::uint32_t slot = 0;
  std::uint16_t plan_index = 0;
  cityloop::decode(in, slot);
  cityloop::decode(in, plan_index);
  constexpr std::uint32_t kSlotsMost = 1u << 30;
  if (!in.ok() || plan_index >= plans_.kinds.size() || slot >= kSlotsMost) return in.spoil();
  if (slot >= states_.size()) states_.resize(slot + std::size_t{1});
  AssetState& state = states_[slot];
  if (state.row != AssetState::kNoRow) return in.spoil();
  give_row(state, plan_index);
  const KindPlan& plan = plan_of(state);
  std::int64_t wake = WakeHeap::kAsleep;
  cityloop::decode(in, state.event_due);
  cityloop::decode(in, state.now_due);
  cityloop::decode(in, wake);
  cityloop::decode(in, state.advanced);
  cityloop::decode(in, state.advanced_now);
  cityloop::decode(in, state.heard);
  heap_.set(slot, wake);
  KindRows& rows = rows_of(state);
  for (std::size_t p = 0; p < plan.point_count(); ++p) cityloop::decode(in, rows.seen[state.row * plan.point_count() + p]);
  cityloop::decode(in, rows.agreed_since[state.row]);
  bool detailed = false;
  cityloop::decode(in, detailed);
  if (!detailed) return;
  add_detail(state);
  for (Window& window : state.detail->windows) window.decode(in);
  for (Cell& cell : state.detail->cells) cityloop::decode(in, cell);
  cityloop::decode(in, state.detail->rules);
  for (const RuleState& rule : state.detail->rules) {
    const bool sound = rule.unit < plan.units.size() && plan.units[rule.unit].role == UnitPlan::Role::rule &&
                       rule.current < static_cast<int>(plan.units[rule.unit].levels.size()) &&
                       (rule.alarm.empty() || book_.find(rule.alarm) != nullptr);
    if (!sound) return in.spoil();
  }
}

}  // namespace cityloop
