// SPDX-License-Identifier: Apache-2.0
// Assets that come, change and go, and packs that change under them.
#include <algorithm>

#include "analyse/engine.h"
#include "analyse/why.h"

namespace cityloop {

// ---- rows -----------------------------------------------------------------------------------------------------

void Engine::give_row(AssetState& state, std::size_t plan_index) {
  state.plan = static_cast<std::uint16_t>(plan_index);
  const KindPlan& plan = plans_.kinds[plan_index];
  KindRows& rows = rows_[plan_index];
  if (!rows.free.empty()) {
    state.row = rows.free.back();
    rows.free.pop_back();
  } else {
    state.row = rows.rows++;
    rows.seen.resize(rows.rows * plan.point_count());
    rows.attributes.resize(rows.rows * plan.attribute_count());
    rows.agreed_since.resize(rows.rows, kNever);
  }
  std::fill_n(rows.seen.begin() + static_cast<std::ptrdiff_t>(state.row * plan.point_count()), plan.point_count(), Seen{});
  rows.agreed_since[state.row] = kNever;
}

void Engine::add_detail(AssetState& state) {
  state.detail = std::make_unique<AssetDetail>();
  const KindPlan& plan = plan_of(state);
  state.detail->windows.reserve(plan.windows.size());
  for (const WindowUse& use : plan.windows) state.detail->windows.emplace_back(use.width, use.needs);
  state.detail->cells.resize(plan.cells.size());
}

void Engine::fill_attributes(AssetState& state, const Asset& asset) {
  const KindPlan& plan = plan_of(state);
  KindRows& rows = rows_of(state);
  for (std::size_t i = 0; i < plan.attribute_count(); ++i) {
    const AttributeSpec& spec = plan.kind->attributes[i];
    Value& value = rows.attributes[state.row * plan.attribute_count() + i];
    value = {0, {}, Known::missing};
    const auto found = asset.attributes.find(spec.name);
    if (found == asset.attributes.end()) continue;
    if (const auto* number = std::get_if<double>(&found->second); number != nullptr && spec.type == "number") value = {*number, {}, Known::yes};
    if (const auto* flag = std::get_if<bool>(&found->second); flag != nullptr && spec.type == "flag") value = {*flag ? 1.0 : 0.0, {}, Known::yes};
    if (const auto* text = std::get_if<std::string>(&found->second); text != nullptr && spec.type == "text") {
      value = {0, *rows.texts.insert(*text).first, Known::yes};
    }
  }
}

bool Engine::bind(std::uint32_t slot, AssetState& state, const Asset& asset) {
  if (asset.life == Life::retired) return false;
  const auto plan = static_cast<std::size_t>(plans_.index_of(asset.kind));
  if (state.row == AssetState::kNoRow) {
    give_row(state, plan);
    ++rows_[plan].places;
  }
  fill_attributes(state, asset);
  const bool remembers = !plan_of(state).windows.empty() || !plan_of(state).cells.empty();
  const bool looks_around = std::ranges::any_of(plan_of(state).units, [](const UnitPlan& unit) {
    return std::ranges::any_of(unit.levels, [](const LevelPlan& level) { return level.program.neighbours; });
  });
  if (!state.detail && (remembers || looks_around)) add_detail(state);
  slot_of_[asset.id] = slot;
  state.bound = true;
  return true;
}

void Engine::index_assets(const Context& city) {
  indexed_ = true;
  for (std::uint32_t slot = 0; slot < states_.size(); ++slot) {
    const Asset* asset = states_[slot].row == AssetState::kNoRow ? nullptr : city.tables.asset_at(slot);
    if (asset == nullptr) continue;
    slot_of_[asset->id] = slot;
    if (!states_[slot].bound) bind(slot, states_[slot], *asset);
  }
}

// ---- events of the register -----------------------------------------------------------------------------------

void Engine::hear(const Event& event, Context& city) {
  const auto* asset = std::get_if<Asset>(&event.body);
  const auto* removed = std::get_if<Removed>(&event.body);
  if (asset == nullptr && (removed == nullptr || removed->table != "assets")) return;
  if (!indexed_) index_assets(city);
  if (asset != nullptr) return asset_put(*asset, city);
  const auto found = slot_of_.find(removed->key);
  if (found != slot_of_.end()) drop(found->second, removed->key, "the asset was removed", city);
}

void Engine::asset_put(const Asset& asset, Context& city) {
  const auto found = slot_of_.find(asset.id);
  const bool known = found != slot_of_.end() && found->second == asset.slot;
  if (found != slot_of_.end() && !known) drop(found->second, asset.id, "the asset is of another kind now", city);
  const int plan = plans_.index_of(asset.kind);
  if (plan >= 0) ++rows_[static_cast<std::size_t>(plan)].places;
  if (asset.life == Life::retired && known) {
    return drop(asset.slot, asset.id, "the asset is retired", city);
  }
  if (asset.slot >= states_.size() || states_[asset.slot].row == AssetState::kNoRow) return;
  AssetState& state = states_[asset.slot];
  fill_attributes(state, asset);
  if (!state.detail) return;
  for (const RuleState& rule : state.detail->rules) {
    Alarm* alarm = rule.alarm.empty() ? nullptr : book_.find(rule.alarm);
    if (alarm == nullptr) continue;
    if (alarm->area == asset.area && alarm->place == asset.place && alarm->asset_name == asset.name) continue;
    alarm->area = asset.area;
    alarm->place = asset.place;
    alarm->asset_name = asset.name;
    changed(*alarm, "alarm.update", city);
  }
  hold_back(asset.slot, city);
  if (!state.detail->rules.empty()) reschedule(asset.slot, city);
}

void Engine::drop(std::uint32_t slot, std::string asset_id, const std::string& because, Context& city) {
  if (slot >= states_.size() || states_[slot].row == AssetState::kNoRow) return heap_.set(slot, WakeHeap::kAsleep);
  AssetState& state = states_[slot];
  if (state.detail) {
    for (const RuleState& rule : state.detail->rules) {
      if (const Alarm* alarm = book_.find(rule.alarm)) asset_id = alarm->asset;
      clear_alarm(rule.alarm, to_ms(city.now), because, city);
    }
  }
  if (!asset_id.empty()) end_drills(asset_id, "", because, city);
  if (const auto found = slot_of_.find(asset_id); found != slot_of_.end() && found->second == slot) slot_of_.erase(found);
  KindRows& rows = rows_of(state);
  rows.free.push_back(state.row);
  ++rows.places;
  state = AssetState{};
  heap_.set(slot, WakeHeap::kAsleep);
  live_.asset(slot) = LiveAsset{};
}

// ---- packs ----------------------------------------------------------------------------------------------------

// All or nothing: a pack that does not compile changes nothing. A unit whose text is unchanged keeps its windows, holds and
// alarms; a changed rule starts afresh, and the alarms of changed and removed rules are cleared with that reason.
Result<void> Engine::set_packs(std::shared_ptr<const Packs> packs) {
  Plans next = TRY(compile_packs(std::move(packs)));
  std::vector<KindRows> rows(next.kinds.size());
  for (std::uint32_t slot = 0; slot < states_.size(); ++slot) {
    if (states_[slot].row != AssetState::kNoRow) migrate(slot, states_[slot], next, rows);
  }
  plans_ = std::move(next);
  rows_ = std::move(rows);
  std::size_t words = 0;
  for (const KindPlan& plan : plans_.kinds) words = std::max(words, plan.mask_words);
  mask_.assign(words, 0);
  indexed_ = slot_of_.empty() && states_.empty();
  return {};
}

namespace {

int same_unit(const UnitPlan& unit, const KindPlan& plan) {
  for (std::size_t i = 0; i < plan.units.size(); ++i) {
    const UnitPlan& other = plan.units[i];
    if (other.role == unit.role && other.name == unit.name && other.definition == unit.definition) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace

void Engine::migrate(std::uint32_t slot, AssetState& state, const Plans& next, std::vector<KindRows>& rows) {
  const KindPlan& old = plan_of(state);
  const int index = next.index_of(old.kind->name);
  std::unique_ptr<AssetDetail> before = std::move(state.detail);
  if (index < 0) {
    if (before) {
      for (const RuleState& rule : before->rules) owed_.emplace_back(rule.alarm, "no pack describes " + old.kind->name + " any more");
    }
    state = AssetState{};
    heap_.set(slot, WakeHeap::kAsleep);
    live_.asset(slot) = LiveAsset{};
    return;
  }
  const KindPlan& plan = next.kinds[static_cast<std::size_t>(index)];
  KindRows& into = rows[static_cast<std::size_t>(index)];
  const KindRows& from = rows_of(state);
  const std::uint32_t row = into.rows++;
  into.seen.resize(into.rows * plan.point_count());
  into.attributes.resize(into.rows * plan.attribute_count(), Value{0, {}, Known::missing});
  into.agreed_since.resize(into.rows, kNever);
  const bool same_agreement = old.agreement >= 0 && plan.agreement >= 0 &&
                              old.units[static_cast<std::size_t>(old.agreement)].definition ==
                                  plan.units[static_cast<std::size_t>(plan.agreement)].definition;
  if (same_agreement) into.agreed_since[row] = from.agreed_since[state.row];
  LiveAsset& live = live_.asset(slot);
  std::vector<LiveValue> values(live.points.empty() ? 0 : plan.point_count());
  std::vector<int> points(old.point_count(), -1);
  for (std::size_t p = 0; p < old.point_count(); ++p) {
    points[p] = plan.kind->point_index(old.kind->points[p].name);
    if (points[p] < 0) continue;
    const auto to = static_cast<std::size_t>(points[p]);
    into.seen[row * plan.point_count() + to] = from.seen[state.row * old.point_count() + p];
    if (!values.empty()) values[to] = live.points[p];
  }
  live.points = std::move(values);
  state.row = row;
  state.plan = static_cast<std::uint16_t>(index);
  state.bound = false;
  migrate_rules(state, old, plan, points, std::move(before));
  state.event_due = state.now_due = kNever;  // looked at with the next tick
  heap_.set(slot, 0);
}

void Engine::migrate_rules(AssetState& state, const KindPlan& old, const KindPlan& plan, const std::vector<int>& points,
                           std::unique_ptr<AssetDetail> before) {
  if (!before) return;
  state.detail = std::make_unique<AssetDetail>();
  AssetDetail& detail = *state.detail;
  for (const WindowUse& use : plan.windows) detail.windows.emplace_back(use.width, use.needs);
  detail.cells.resize(plan.cells.size());
  for (const UnitPlan& unit : old.units) {
    const int same = same_unit(unit, plan);
    if (same < 0) continue;
    const UnitPlan& kept = plan.units[static_cast<std::size_t>(same)];
    for (std::size_t i = unit.first_window; i < unit.first_window + unit.windows; ++i) {
      for (std::size_t j = kept.first_window; j < kept.first_window + kept.windows; ++j) {
        if (points[old.windows[i].point] != plan.windows[j].point || old.windows[i].width != plan.windows[j].width) continue;
        if (old.windows[i].needs == plan.windows[j].needs) detail.windows[j] = std::move(before->windows[i]);
      }
    }
    std::copy_n(before->cells.begin() + unit.first_cell, std::min(unit.cells, kept.cells), detail.cells.begin() + kept.first_cell);
  }
  for (RuleState& rule : before->rules) {
    const UnitPlan& unit = old.units[rule.unit];
    const int same = same_unit(unit, plan);
    if (same < 0) {
      owed_.emplace_back(rule.alarm, plan.unit_named(unit.name) < 0 ? "the rule was removed" : "the rule was changed");
      continue;
    }
    rule.unit = static_cast<std::uint16_t>(same);
    for (TrailSample& sample : rule.trail) sample.point = static_cast<std::uint8_t>(std::max(0, points[sample.point]));
    detail.rules.push_back(std::move(rule));
  }
  std::ranges::sort(detail.rules, {}, &RuleState::unit);
}

}  // namespace cityloop
