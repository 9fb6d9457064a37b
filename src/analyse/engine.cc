// SPDX-License-Identifier: Apache-2.0
#include "analyse/engine.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "analyse/engine_around.h"
#include "core/json.h"

namespace cityloop {

// ---- surroundings ---------------------------------------------------------------------------------------------

std::int64_t Engine::Around::heard(int point) const {
  const AssetState& state = engine_.states_[slot_];
  if (point < 0) return state.heard;
  const LiveAsset* live = engine_.live_.find(slot_);
  const auto index = static_cast<std::size_t>(point);
  if (live == nullptr || index >= live->points.size() || live->points[index].at == kNoTime) return kNever;
  return to_ms(live->points[index].arrival);
}

const std::vector<std::uint32_t>& Engine::Around::slots_within(double metres) const {
  static const std::vector<std::uint32_t> kNobody;
  const AssetState& state = engine_.states_[slot_];
  if (tables_ == nullptr || asset() == nullptr || !asset()->place || !state.detail) return kNobody;
  AssetDetail& detail = *state.detail;
  const std::uint64_t places = engine_.rows_of(state).places;
  if (detail.places != places) {
    detail.around.clear();
    detail.places = places;
  }
  for (const auto& [radius, slots] : detail.around) {
    if (radius == metres) return slots;
  }
  std::vector<std::uint32_t> slots;
  for (const Asset* other : tables_->near(*asset()->place, metres, limits::kNeighbours)) {
    if (other->slot == slot_ || other->kind != asset()->kind || other->life != Life::in_use) continue;
    slots.push_back(other->slot);
  }
  return detail.around.emplace_back(metres, std::move(slots)).second;
}

void Engine::Around::neighbours(double metres, std::vector<Neighbour>& out) const {
  out.clear();
  for (const std::uint32_t slot : slots_within(metres)) {
    if (slot >= engine_.states_.size()) continue;
    const AssetState& other = engine_.states_[slot];
    if (other.row == AssetState::kNoRow || !other.bound) continue;
    const KindRows& rows = engine_.rows_of(other);
    out.push_back({engine_.seen_of(other), rows.attributes.data() + other.row * engine_.plan_of(other).attribute_count()});
  }
}

// ---- samples in -----------------------------------------------------------------------------------------------

AssetState* Engine::ready(std::uint32_t slot, Context& city) {
  if (slot < states_.size() && states_[slot].bound) return &states_[slot];
  const Asset* asset = city.tables.asset_at(slot);
  if (asset == nullptr || plans_.index_of(asset->kind) < 0) return nullptr;
  if (slot >= states_.size()) states_.resize(std::max<std::size_t>(slot + std::size_t{1}, city.tables.slots()));
  if (!indexed_) index_assets(city);
  return bind(slot, states_[slot], *asset) ? &states_[slot] : nullptr;
}

void Engine::observe(std::span<const Observation> seen, Context& city, std::vector<Observation>& derived) {
  if (!owed_.empty()) pay_owed(city);
  for (std::size_t i = 0; i < seen.size();) {
    look_ahead(seen, i);
    std::size_t end = i + 1;  // what was measured together is judged together
    while (end < seen.size() && seen[end].slot == seen[i].slot && seen[end].at == seen[i].at) ++end;
    take_group(seen.subspan(i, end - i), city, derived);
    i = end;
  }
}

// A hundred thousand assets do not fit a cache: what the next messages touch is asked for while this one is judged.
void Engine::look_ahead(std::span<const Observation> seen, std::size_t from) const {
  const auto slot_at = [&](std::size_t ahead) {
    const std::size_t i = from + ahead;
    return i < seen.size() && seen[i].slot < states_.size() ? seen[i].slot : 0;  // slot 0 is nobody's
  };
  if (const std::uint32_t slot = slot_at(16)) __builtin_prefetch(&states_[slot], 1);
  if (const std::uint32_t slot = slot_at(10); slot != 0 && states_[slot].row != AssetState::kNoRow) {
    __builtin_prefetch(seen_of(states_[slot]), 1);
    __builtin_prefetch(states_[slot].detail.get());
    __builtin_prefetch(live_.find(slot), 1);
  }
  if (const std::uint32_t slot = slot_at(5); slot != 0 && states_[slot].row != AssetState::kNoRow) {
    if (const LiveAsset* live = live_.find(slot)) __builtin_prefetch(live->points.data() + seen[from + 5].point, 1);
    if (const AssetDetail* detail = states_[slot].detail.get()) __builtin_prefetch(detail->windows.data(), 1);
  }
}

void Engine::take_group(std::span<const Observation> group, Context& city, std::vector<Observation>& derived) {
  const std::uint32_t slot = group[0].slot;
  AssetState* state = ready(slot, city);
  if (state == nullptr) return;
  const KindPlan& plan = plan_of(*state);
  const std::int64_t t = to_ms(group[0].at);
  const std::int64_t now = to_ms(city.now);
  if (std::ranges::all_of(group, [](const Observation& one) { return one.late; })) return;
  if (state->event_due < t || state->now_due < now) advance(slot, t - 1, now - 1, city);
  std::fill_n(mask_.begin(), plan.mask_words, 0);
  const Around around(*this, slot, nullptr, &city.tables);
  bool any = false;
  for (const Observation& one : group) {
    if (one.late || one.point >= plan.point_count()) continue;
    any = true;
    if (take_value(slot, *state, one)) {
      take_sample(*state, one, around);
      wake_units(plan, one.point);
    }
  }
  if (!any) return;
  for (const std::uint16_t unit : plan.restless) mask_[unit / 64] |= std::uint64_t{1} << (unit % 64);
  state->advanced = std::min(state->advanced, t);
  run_units(slot, {t, now, false}, city, derived);
  if (state->now_due <= now) hold_back(slot, city);  // a silence that ends just now
  state->advanced_now = std::max(state->advanced_now, now);
  const bool busy = state->detail && !state->detail->rules.empty();
  const std::int64_t looked_at = std::min(state->event_due, state->now_due);
  if (busy || std::min(t, state->heard) + plan.restless_after < looked_at) reschedule(slot, city);
}

// Live state shows every value; rules read only what can be trusted: a suspect value neither raises nor clears.
bool Engine::take_value(std::uint32_t slot, AssetState& state, const Observation& seen) {
  LiveAsset& live = live_.asset(slot);
  if (live.points.empty()) live.points.resize(plan_of(state).point_count());
  LiveValue& value = live.points[seen.point];
  if (value.at != kNoTime && seen.at < value.at) return false;
  value = {seen.at, seen.arrival, seen.value, seen.quality};
  state.heard = std::max(state.heard, to_ms(seen.arrival));
  return seen.quality != Quality::suspect;
}

void Engine::take_sample(AssetState& state, const Observation& one, const Around& around) {
  const std::uint8_t point = one.point;
  const std::int64_t at = to_ms(one.at);
  const KindPlan& plan = plan_of(state);
  KindRows& rows = rows_of(state);
  Seen& seen = rows.seen[state.row * plan.point_count() + point];
  const std::int64_t limit = plan.stale_after[point];
  const bool gap = limit != 0 && seen.at != kNever && at - seen.at > limit && around.listened(seen.at, at) > limit;
  if (gap && plan.agreement >= 0) rows.agreed_since[state.row] = kNever;
  seen = {at, one.number};
  if (!state.detail) return;
  AssetDetail& detail = *state.detail;
  for (const std::uint16_t index : plan.windows_of[point]) {
    Window& window = detail.windows[index];
    window.push(at, one.number);
    window.move_to(at);
  }
  for (const std::uint16_t index : plan.stuck_of[point]) {
    Cell& cell = detail.cells[index];
    if (cell.at == kNever || cell.value != one.number || gap) cell = {at, at, one.number, false, false, false};
    cell.last = at;
  }
  for (RuleState& rule : detail.rules) {
    if (rule.trail.empty() || !std::ranges::binary_search(plan.units[rule.unit].points, point)) continue;
    const bool again = rule.trail.back().point == point && rule.trail.back().at == at;
    if (again) rule.trail.pop_back();
    if (rule.trail.size() < limits::kWhySamples) {
      rule.trail.push_back({point, one.quality, at, to_ms(one.arrival), one.number});
    } else {
      ++rule.left_out;
    }
  }
}

void Engine::wake_units(const KindPlan& plan, std::uint8_t point) {
  const std::uint64_t* wakes = plan.wakes.data() + point * plan.mask_words;
  for (std::size_t w = 0; w < plan.mask_words; ++w) mask_[w] |= wakes[w];
}

Frame Engine::frame_of(AssetState& state, const Around& around) const {
  const KindPlan& plan = plan_of(state);
  const KindRows& rows = rows_of(state);
  Frame frame;
  frame.seen = rows.seen.data() + state.row * plan.point_count();
  frame.stale_after = plan.stale_after.data();
  frame.attributes = rows.attributes.data() + state.row * plan.attribute_count();
  if (state.detail) {
    frame.windows = state.detail->windows.data();
    frame.cells = state.detail->cells.data();
  }
  frame.around = &around;
  return frame;
}

// A unit lives in the time of what it reads: another sensor of the asset with a clock of its own does not age it. What asks for
// absence lives in the city's time.
void Engine::aim(Frame& frame, const UnitPlan& unit, const Moment& moment) const {
  std::int64_t clock = kNever;
  for (const std::uint8_t point : unit.points) clock = std::max(clock, frame.seen[point].at);
  if (clock == kNever) clock = moment.t;
  frame.clock = clock;
  frame.t = moment.ticking ? moment.t : unit.absent ? std::max(clock, moment.now) : clock;
  frame.now = moment.now;
}

void Engine::run_units(std::uint32_t slot, Moment moment, Context& city, std::vector<Observation>& derived) {
  const KindPlan& plan = plan_of(states_[slot]);
  const Around around(*this, slot, nullptr, &city.tables);
  for (std::size_t w = 0; w < plan.mask_words; ++w) {
    while (mask_[w] != 0) {
      const std::size_t index = w * 64 + static_cast<std::size_t>(std::countr_zero(mask_[w]));
      mask_[w] &= mask_[w] - 1;
      const UnitPlan& unit = plan.units[index];
      Frame frame = frame_of(states_[slot], around);
      aim(frame, unit, moment);
      switch (unit.role) {
        case UnitPlan::Role::derived: run_derived(slot, index, frame, around, city, derived); break;
        case UnitPlan::Role::rule: run_rule(slot, index, frame, moment, city); break;
        case UnitPlan::Role::agreement: run_agreement(states_[slot], unit, frame); break;
      }
    }
  }
}

void Engine::run_derived(std::uint32_t slot, std::size_t index, const Frame& frame, const Around& around, Context& city,
                         std::vector<Observation>& derived) {
  const KindPlan& plan = plan_of(states_[slot]);
  const UnitPlan& unit = plan.units[index];
  const Value value = evaluate(unit.levels[0].program, frame);
  if (value.known != Known::yes) return;
  const double scale = std::pow(10, unit.decimals);
  const double rounded = std::round(value.number * scale) / scale;
  if (!(std::abs(rounded) < 1e15)) return;  // beyond what a decimal keeps
  Observation made;
  made.slot = slot;
  made.point = unit.target;
  made.quality = Quality::derived;
  made.at = from_ms(frame.t);
  made.arrival = city.arrival;
  made.value = decimal_of(rounded);
  made.number = made.value.number();
  if (!take_value(slot, states_[slot], made)) return;
  take_sample(states_[slot], made, around);
  wake_units(plan, made.point);
  derived.push_back(made);
}

// ---- records --------------------------------------------------------------------------------------------------

namespace {

Value field_value(const FieldSpec& spec, const json::value* found) {
  if (found == nullptr) return {0, {}, Known::missing};
  if (spec.type == "text" && found->is_string()) return {0, std::string_view(found->get_string()), Known::yes};
  if (spec.type == "flag" && found->is_bool()) return {found->get_bool() ? 1.0 : 0.0, {}, Known::yes};
  if (spec.type == "number" && found->is_number()) return {found->to_number<double>(), {}, Known::yes};
  if (spec.type == "time" && found->is_number()) return {found->to_number<double>(), {}, Known::yes};
  if (spec.type == "time" && found->is_string()) {
    const auto time = parse_time(found->get_string());
    if (time) return {static_cast<double>(to_ms(*time)), {}, Known::yes};
  }
  return {0, {}, Known::missing};
}

}  // namespace

void Engine::observe(const Record& seen, Context& city) {
  if (!owed_.empty()) pay_owed(city);
  const Asset* asset = city.tables.asset(seen.asset);
  const RecordSpec* spec = plans_.packs ? plans_.packs->record(seen.kind) : nullptr;
  if (asset == nullptr || spec == nullptr) return;
  AssetState* state = ready(asset->slot, city);
  if (state == nullptr) return;
  const KindPlan& plan = plan_of(*state);
  const auto rules = std::ranges::find(plan.record_rules, seen.kind, &std::pair<std::string, std::vector<std::uint16_t>>::first);
  if (rules == plan.record_rules.end()) return;
  const auto fields = parse_json(seen.fields);
  if (!fields || !fields->is_object()) return;  // sense lets only objects through
  std::vector<Value> values;
  for (const FieldSpec& field : spec->fields) values.push_back(field_value(field, fields->get_object().if_contains(field.name)));
  const Moment moment{to_ms(seen.at), to_ms(city.now), false};
  if (state->event_due < moment.t || state->now_due < moment.now) advance(asset->slot, moment.t - 1, moment.now - 1, city);
  const Around around(*this, asset->slot, asset, &city.tables);
  for (const std::uint16_t unit : rules->second) {
    Frame frame = frame_of(states_[asset->slot], around);
    frame.fields = values.data();
    frame.t = frame.clock = moment.t;
    frame.now = moment.now;
    run_record_rule(asset->slot, unit, seen, frame, moment, city);
  }
  reschedule(asset->slot, city);
}

// ---- agreement ------------------------------------------------------------------------------------------------

void Engine::run_agreement(AssetState& state, const UnitPlan& unit, const Frame& frame) {
  std::int64_t& since = rows_of(state).agreed_since[state.row];
  if (truth(unit.levels[0].program, frame) != Truth::yes) {
    since = kNever;
  } else if (since == kNever) {
    since = frame.t;
  }
}

Analyse::Agreement Engine::agreement(const Asset& asset, std::int64_t now) const {
  const int plan_index = plans_.index_of(asset.kind);
  if (plan_index < 0 || plans_.kinds[static_cast<std::size_t>(plan_index)].agreement < 0) return {};
  const KindPlan& plan = plans_.kinds[static_cast<std::size_t>(plan_index)];
  const UnitPlan& unit = plan.units[static_cast<std::size_t>(plan.agreement)];
  const std::string wanted = "`" + unit.definition + "`";
  if (asset.slot >= states_.size() || states_[asset.slot].row == AssetState::kNoRow) {
    return {true, false, wanted + ": nothing has been heard yet"};
  }
  const AssetState& state = states_[asset.slot];
  const Around around(*this, asset.slot, &asset, nullptr);
  std::string unheard;  // says why where the expression does not hold; what is not fitted need not stand in the way (is_missing)
  for (const std::uint8_t point : unit.points) {
    const Seen& seen = seen_of(state)[point];
    const std::string& name = plan.kind->points[point].name;
    if (seen.at == kNever) {
      if (unheard.empty()) unheard = ": " + name + " has never been heard";
      continue;
    }
    const std::int64_t limit = plan.stale_after[point];
    if (limit != 0 && around.listened(seen.at, now) > limit) {
      return {true, false, wanted + ": " + name + " has not been heard since " + format_time(from_ms(seen.at))};
    }
  }
  const std::int64_t since = rows_of(state).agreed_since[state.row];
  const std::int64_t hold = unit.levels[0].hold;
  if (since == kNever) return {true, false, wanted + " does not hold now" + unheard};
  const std::string from = " since " + format_time(from_ms(since));
  if (now - since < hold) return {true, false, wanted + " holds" + from + ", but must for " + format_duration(Millis{hold})};
  return {true, true, wanted + " holds" + from};
}

}  // namespace cityloop
