// SPDX-License-Identifier: Apache-2.0
// The life of an alarm: one episode, one id; its level moves, its peak stays; every step is kept with its reason.
#include <algorithm>

#include "analyse/engine_around.h"
#include "analyse/why.h"

namespace cityloop {
namespace {

std::string firing_step(Level level) { return "firing:" + std::string(level_name(level)); }

}  // namespace

void Engine::changed(Alarm& alarm, const char* kind, Context& city, const std::string& actor) {
  alarm.changed_at = city.now;
  city.emit(kind, actor, alarm);
}

Alarm& Engine::begin_alarm(std::uint32_t slot, RuleState& rule, AlarmState as, std::int64_t t, Context& city) {
  const UnitPlan& unit = plan_of(states_[slot]).units[rule.unit];
  const Asset* asset = city.tables.asset_at(slot);
  CHECK(asset != nullptr);
  end_drills(asset->id, unit.name, "the real alarm begins", city);
  Alarm alarm;
  alarm.id = city.chance.id("a-");
  alarm.rule = unit.name;
  alarm.asset = asset->id;
  alarm.asset_name = asset->name;
  alarm.kind = asset->kind;
  alarm.area = asset->area;
  alarm.place = asset->place;
  alarm.state = as;
  alarm.raised_at = from_ms(t);
  alarm.arrival = city.arrival;
  alarm.why.rule = unit.name;
  alarm.why.pack_version = unit.pack->version;
  rule.alarm = alarm.id;
  Alarm& kept = book_.add(std::move(alarm));
  kept.inhibited_by = holder_of(states_[slot], rule, *asset, to_ms(city.now));
  return kept;
}

void Engine::show_value(Alarm& alarm, const UnitPlan& unit, int level, const Frame& frame) const {
  const Program& program = unit.levels[static_cast<std::size_t>(level)].program;
  const std::string threshold = program.threshold ? number_text(*program.threshold) : "";
  Words title;
  if (unit.shown_field >= 0) {
    const auto index = static_cast<std::size_t>(unit.shown_field);
    const FieldSpec& field = unit.record->fields[index];
    alarm.point = field.name;
    alarm.unit = field.unit;
    title = field.title;
    if (frame.fields != nullptr && frame.fields[index].known == Known::yes) alarm.value = frame.fields[index].number;
  } else if (unit.shown_point >= 0) {
    const auto index = static_cast<std::size_t>(unit.shown_point);
    const PointSpec& point = plans_.kinds[static_cast<std::size_t>(plans_.index_of(unit.spec->kind))].kind->points[index];
    alarm.point = point.name;
    alarm.unit = point.unit;
    title = point.title;
    if (frame.seen[index].at != kNever) alarm.value = frame.seen[index].number;
  }
  const Words& text = unit.spec->title;
  alarm.title = filled(text.zh.empty() ? unit.spec->alert : text.zh, alarm, title.zh.empty() ? alarm.point : title.zh, threshold);
  alarm.title_en = filled(text.en.empty() ? unit.spec->alert : text.en, alarm, title.en.empty() ? alarm.point : title.en, threshold);
}

void Engine::rise_to(std::uint32_t slot, RuleState& rule, int level, const Frame& frame, const Moment& moment, Context& city,
                     const Record* record) {
  const KindPlan& plan = plan_of(states_[slot]);
  const UnitPlan& unit = plan.units[rule.unit];
  const LevelPlan& to = unit.levels[static_cast<std::size_t>(level)];
  const std::int64_t t = frame.t;
  const bool fresh = rule.alarm.empty();
  Alarm& alarm = fresh ? begin_alarm(slot, rule, AlarmState::firing, t, city) : *book_.find(rule.alarm);
  if (rule.current < 0) {
    alarm.state = AlarmState::firing;
    alarm.raised_at = from_ms(t);
    alarm.arrival = moment.ticking ? city.now : city.arrival;
  }
  rule.current = static_cast<std::int8_t>(level);
  alarm.level = to.level;
  alarm.peak = std::max(alarm.peak, to.level);
  show_value(alarm, unit, level, frame);

  std::uint32_t left_out = rule.left_out;
  std::vector<TrailSample> trail = rule.trail;
  if (trail.empty()) trail = samples_now(plan, unit, frame, *states_[slot].detail, live_.asset(slot), left_out);
  WhyContext context;
  context.left_out = left_out;
  context.record = record;
  const Asset& asset = *city.tables.asset_at(slot);
  if (frame.now != t) context.now = frame.now;
  if (record == nullptr) context.from = rule.levels[static_cast<std::size_t>(level)].since;
  std::int64_t oldest = trail.empty() ? t : trail.front().at;  // of all that was read
  const Around around(*this, slot, &asset, &city.tables);
  for (const Op& op : to.program.code) {
    if (op.code != OpCode::neighbour_most && op.code != OpCode::neighbour_least && op.code != OpCode::neighbour_count) continue;
    for (const std::uint32_t other : around.slots_within(op.number)) {
      const Asset* neighbour = city.tables.asset_at(other);
      const bool known = std::ranges::any_of(context.neighbours, [&](const WhyNeighbour& n) { return n.id == neighbour->id; });
      if (known || other >= states_.size() || states_[other].row == AssetState::kNoRow) continue;
      for (const std::uint8_t point : unit.points) {
        if (const Seen& seen = seen_of(states_[other])[point]; seen.at != kNever) oldest = std::min(oldest, seen.at);
      }
      context.neighbours.push_back({neighbour->id, distance_m(*asset.place, *neighbour->place), &neighbour->attributes, seen_of(states_[other])});
    }
  }
  context.deaf = deaf_.spans_for(&asset, oldest);
  alarm.why.rule_text = text_with_context(unit, plan, context);
  alarm.why.expr = to.program.text;
  alarm.why.attributes = attributes_read(plan, unit, asset.attributes);
  alarm.why.evaluated_at = from_ms(t);
  alarm.why.level = to.level;
  alarm.why.samples = why_samples(plan, trail);
  std::string because = reading_text(plan, unit, to.program, frame);
  if (to.hold > 0) because += " held " + format_duration(Millis{to.hold});
  add_step(alarm.why, t, firing_step(to.level), std::move(because));
  changed(alarm, fresh ? "alarm.new" : "alarm.update", city);
  hold_back(slot, city);
  recount(slot, asset);
}

void Engine::fall_to(std::uint32_t slot, RuleState& rule, int level, const Frame& frame, const Moment&, Context& city) {
  const KindPlan& plan = plan_of(states_[slot]);
  const UnitPlan& unit = plan.units[rule.unit];
  const auto above = static_cast<std::size_t>(rule.current);
  rule.current = static_cast<std::int8_t>(level);
  Alarm& alarm = *book_.find(rule.alarm);
  alarm.level = unit.levels[static_cast<std::size_t>(level)].level;
  show_value(alarm, unit, level, frame);
  add_step(alarm.why, frame.t, firing_step(alarm.level), reading_text(plan, unit, unit.levels[above].program, frame));
  changed(alarm, "alarm.update", city);
  recount(slot, *city.tables.asset_at(slot));
}

void Engine::note_stale(std::uint32_t slot, RuleState& rule, const Frame& frame, const Moment&, Context& city) {
  const KindPlan& plan = plan_of(states_[slot]);
  const UnitPlan& unit = plan.units[rule.unit];
  Alarm* alarm = book_.find(rule.alarm);
  if (alarm == nullptr || rule.current < 0) return;
  const Program& program = unit.levels[static_cast<std::size_t>(rule.current)].program;
  add_step(alarm->why, frame.t, "stale", reading_text(plan, unit, program, frame));
  changed(*alarm, "alarm.update", city);
}

void Engine::clear(std::uint32_t slot, RuleState& rule, std::int64_t t, const std::string& because, Context& city) {
  const std::string id = std::exchange(rule.alarm, {});
  rule.current = -1;
  rule.clear_since = kNever;
  rule.stale = false;
  clear_alarm(id, t, because, city);
  hold_back(slot, city);
  const Asset* asset = city.tables.asset_at(slot);
  if (asset != nullptr) recount(slot, *asset);
}

void Engine::clear_alarm(const std::string& id, std::int64_t t, const std::string& because, Context& city) {
  Alarm* alarm = book_.find(id);
  if (alarm == nullptr || alarm->state == AlarmState::cleared) return;
  const bool seen = alarm->state == AlarmState::pending || alarm->acknowledged || alarm->drill;
  alarm->state = AlarmState::cleared;
  alarm->cleared_at = from_ms(t);
  alarm->shelved_until.reset();
  alarm->inhibited_by.clear();
  book_.set_timer(*alarm);
  add_step(alarm->why, t, "cleared", because);
  changed(*alarm, "alarm.clear", city);
  if (seen) return book_.forget(id);
  book_.list_cleared(*alarm);
}

// ---- held back ------------------------------------------------------------------------------------------------

std::string Engine::holder_of(const AssetState& state, const RuleState& rule, const Asset& asset, std::int64_t now) const {
  if (asset.life == Life::maintenance || (asset.silence && to_ms(asset.silence->until) > now)) return "silence";
  const KindPlan& plan = plan_of(state);
  for (const std::uint16_t inhibitor : plan.units[rule.unit].inhibitors) {
    const RuleState* other = rule_state(state, inhibitor);
    if (other != nullptr && other->current >= 0) return plan.units[inhibitor].name;
  }
  return {};
}

void Engine::hold_back(std::uint32_t slot, Context& city) {
  AssetState& state = states_[slot];
  const Asset* asset = city.tables.asset_at(slot);
  if (asset == nullptr || !state.detail) return;
  bool any = false;
  for (const RuleState& rule : state.detail->rules) {
    Alarm* alarm = rule.alarm.empty() ? nullptr : book_.find(rule.alarm);
    if (alarm == nullptr) continue;
    std::string holder = holder_of(state, rule, *asset, to_ms(city.now));
    if (holder == alarm->inhibited_by) continue;
    const std::string because = holder.empty() ? alarm->inhibited_by + " holds it back no longer" : "held back by " + holder;
    add_step(alarm->why, to_ms(city.now), holder.empty() ? "released" : "inhibited", because);
    alarm->inhibited_by = std::move(holder);
    changed(*alarm, "alarm.update", city);
    any = true;
  }
  if (any) recount(slot, *asset);
}

void Engine::recount(std::uint32_t slot, const Asset& asset) {
  LiveAsset& live = live_.asset(slot);
  live.level = Level::none;
  live.alarms = 0;
  const auto count = [&](const Alarm* alarm) {
    if (alarm == nullptr || !is_loud(*alarm)) return;
    live.level = std::max(live.level, alarm->level);
    ++live.alarms;
  };
  if (slot < states_.size() && states_[slot].detail) {
    for (const RuleState& rule : states_[slot].detail->rules) count(book_.find(rule.alarm));
  }
  for (const std::string& drill : book_.drills()) {
    const Alarm* alarm = book_.find(drill);
    if (alarm != nullptr && alarm->asset == asset.id) count(alarm);
  }
}

// ---- by the city's time ---------------------------------------------------------------------------------------

void Engine::end_drills(const std::string& asset, const std::string& rule, const std::string& because, Context& city) {
  std::vector<std::string> ended;
  for (const std::string& id : book_.drills()) {
    const Alarm* alarm = book_.find(id);
    if (alarm != nullptr && alarm->asset == asset && (rule.empty() || alarm->rule == rule)) ended.push_back(id);
  }
  for (const std::string& id : ended) clear_alarm(id, to_ms(city.now), because, city);
}

void Engine::tick_alarms(Context& city) {
  const std::int64_t now = to_ms(city.now);
  for (std::string id = book_.due(now); !id.empty(); id = book_.due(now)) {
    Alarm* alarm = book_.find(id);
    if (alarm == nullptr || alarm->state == AlarmState::cleared) continue;
    const std::string asset_id = alarm->asset;
    if (alarm->drill && city.now >= alarm->raised_at + limits::kDrillLasts) {
      clear_alarm(id, now, "the drill is over", city);
    } else if (alarm->shelved_until) {
      alarm->shelved_until.reset();
      add_step(alarm->why, now, "unshelved", "its time on the shelf is over");
      book_.set_timer(*alarm);
      changed(*alarm, "alarm.update", city);
    }
    const Asset* asset = city.tables.asset(asset_id);
    if (asset != nullptr) recount(asset->slot, *asset);
  }
}

}  // namespace cityloop
