// SPDX-License-Identifier: Apache-2.0
// What people do with alarms. The role is checked here again, whatever the pages offered.
#include <algorithm>

#include "analyse/engine.h"
#include "analyse/why.h"
#include "core/json.h"

namespace cityloop {
namespace {

bool has_any(const Actor& actor, std::initializer_list<Role> roles) {
  return std::ranges::any_of(roles, [&](Role role) { return actor.is(role); });
}

bool may_handle(const Actor& actor) {
  return has_any(actor, {Role::acceptor, Role::shift_leader, Role::dispatcher, Role::leader, Role::admin});
}

Answer answer(const Alarm& alarm) {
  json::object body{{"id", alarm.id}, {"state", alarm_state_name(alarm.state)}, {"level", level_name(alarm.level)},
                    {"acknowledged", alarm.acknowledged}, {"false_alarm", alarm.false_alarm}, {"drill", alarm.drill}};
  body["shelved_until"] = alarm.shelved_until ? json::value(format_time(*alarm.shelved_until)) : json::value();
  return done(json::serialize(body));
}

Result<json::object> object_of(const std::string& body) {
  if (body.empty()) return json::object{};
  json::value parsed = TRY(parse_json(body));
  if (!parsed.is_object()) return fail(errors::kBadJson, "the body must be a JSON object");
  return std::move(parsed.get_object());
}

Result<std::string> reason_of(const json::object& body) {
  std::string reason = TRY(need_string(body, "reason"));
  if (reason.empty()) return fail(errors::kMissingField, "reason is empty; say why");
  if (reason.size() > limits::kTextBytes) return fail(errors::kBadField, "reason is longer than " + std::to_string(limits::kTextBytes) + " bytes");
  return reason;
}

}  // namespace

Answer Engine::act(const ActionIn& in, const Actor& actor, Context& city) {
  pay_owed(city);
  const auto body = object_of(in.body);
  if (!body) return refuse(body.error());
  if (in.verb == "alarm.test") return test(in.subject, *body, actor, city);
  if (!may_handle(actor)) return refuse(errors::kForbidden, "alarms are handled by the desk: acceptor, shift leader, dispatcher, leader, admin");
  Alarm* alarm = book_.find(in.subject);
  if (alarm == nullptr) return refuse(errors::kNotFound, "no alarm " + in.subject + " is open or waiting to be seen");
  if (!in_scope(actor.area, alarm->area, city.tables.root_area())) return refuse(errors::kForeignArea, "the alarm lies in area " + alarm->area);
  if (in.verb == "alarm.acknowledge") return acknowledge(*alarm, actor, city);
  if (in.verb == "alarm.shelve") return shelve(*alarm, *body, actor, city);
  if (in.verb == "alarm.unshelve") return unshelve(*alarm, actor, city);
  if (in.verb == "alarm.false_alarm") return false_alarm(*alarm, *body, actor, city);
  return refuse(errors::kUnknownAction, "there is no action " + in.verb);
}

// A second acknowledgement changes nothing: the first one stays.
Answer Engine::acknowledge(Alarm& alarm, const Actor& actor, Context& city) {
  if (alarm.state == AlarmState::pending) return refuse(errors::kNotAllowed, "the alarm is pending; there is nothing to acknowledge yet");
  if (alarm.acknowledged) return answer(alarm);
  alarm.acknowledged = true;
  alarm.acknowledged_by = actor.id;
  alarm.acknowledged_at = city.now;
  add_step(alarm.why, to_ms(city.now), "acknowledged", "by " + actor.id);
  changed(alarm, "alarm.ack", city, actor.id);
  const Answer said = answer(alarm);
  const std::string id = alarm.id, asset_id = alarm.asset;
  if (alarm.state == AlarmState::cleared) {
    book_.forget(id);
  } else if (alarm.drill) {
    clear_alarm(id, to_ms(city.now), "the drill was acknowledged", city);
    if (const Asset* asset = city.tables.asset(asset_id)) recount(asset->slot, *asset);
  }
  return said;
}

Answer Engine::false_alarm(Alarm& alarm, const json::object& body, const Actor& actor, Context& city) {
  if (alarm.state == AlarmState::pending) return refuse(errors::kNotAllowed, "the alarm is pending; it has not been raised yet");
  const auto reason = reason_of(body);
  if (!reason) return refuse(reason.error());
  alarm.false_alarm = true;
  alarm.note = *reason;
  add_step(alarm.why, to_ms(city.now), "false_alarm", "by " + actor.id + ": " + *reason);
  if (!alarm.acknowledged) return acknowledge(alarm, actor, city);
  changed(alarm, "alarm.update", city, actor.id);
  return answer(alarm);
}

Answer Engine::shelve(Alarm& alarm, const json::object& body, const Actor& actor, Context& city) {
  if (alarm.state != AlarmState::firing) return refuse(errors::kNotAllowed, "only a firing alarm can be shelved");
  const auto reason = reason_of(body);
  if (!reason) return refuse(reason.error());
  const auto until = want_time(body, "until");
  if (!until) return refuse(until.error());
  if (!*until) return refuse(errors::kMissingField, "until");
  if (**until <= city.now || **until > city.now + limits::kShelfMost) {
    return refuse(errors::kBadField, "until must lie ahead, at most " + format_duration(limits::kShelfMost));
  }
  alarm.shelved_until = **until;
  alarm.note = *reason;
  add_step(alarm.why, to_ms(city.now), "shelved", "until " + format_time(**until) + " by " + actor.id + ": " + *reason);
  book_.set_timer(alarm);
  changed(alarm, "alarm.update", city, actor.id);
  if (const Asset* asset = city.tables.asset(alarm.asset)) recount(asset->slot, *asset);
  return answer(alarm);
}

Answer Engine::unshelve(Alarm& alarm, const Actor& actor, Context& city) {
  if (!alarm.shelved_until) return refuse(errors::kNotAllowed, "the alarm is not shelved");
  alarm.shelved_until.reset();
  add_step(alarm.why, to_ms(city.now), "unshelved", "by " + actor.id);
  book_.set_timer(alarm);
  changed(alarm, "alarm.update", city, actor.id);
  if (const Asset* asset = city.tables.asset(alarm.asset)) recount(asset->slot, *asset);
  return answer(alarm);
}

// A test alarm for drills: marked as such, opens no case, ends by itself or when somebody acknowledges it.
Answer Engine::test(const std::string& asset_id, const json::object& body, const Actor& actor, Context& city) {
  if (!has_any(actor, {Role::shift_leader, Role::admin})) return refuse(errors::kForbidden, "drills are started by shift leader or admin");
  if (const auto known = only_keys(body, {"rule", "level"}, "alarm.test"); !known) return refuse(known.error());
  const Asset* asset = city.tables.asset(asset_id);
  if (asset == nullptr) return refuse(errors::kUnknownAsset, "no asset " + asset_id);
  if (!in_scope(actor.area, asset->area, city.tables.root_area())) return refuse(errors::kForeignArea, "the asset lies in area " + asset->area);
  const auto rule_name = need_string(body, "rule");
  if (!rule_name) return refuse(rule_name.error());
  const int plan = plans_.index_of(asset->kind);
  const int index = plan < 0 ? -1 : plans_.kinds[static_cast<std::size_t>(plan)].unit_named(*rule_name);
  if (index < 0) return refuse(errors::kBadField, "kind " + asset->kind + " has no rule " + *rule_name);
  const UnitPlan& unit = plans_.kinds[static_cast<std::size_t>(plan)].units[static_cast<std::size_t>(index)];
  const auto wanted = want_string(body, "level");
  if (!wanted) return refuse(wanted.error());
  const auto level = *wanted ? level_of(**wanted) : unit.levels.back().level;
  if (!level || std::ranges::find(unit.levels, *level, &LevelPlan::level) == unit.levels.end()) {
    return refuse(errors::kBadField, "rule " + unit.name + " has no level " + wanted->value_or(""));
  }
  for (const auto& [id, other] : book_.all()) {
    if (other.asset == asset->id && other.rule == unit.name && other.state != AlarmState::cleared) {
      return refuse(errors::kConflict, "alarm " + id + " of this rule is open here");
    }
  }
  Alarm alarm;
  alarm.id = city.chance.id("a-");
  alarm.rule = unit.name;
  alarm.asset = asset->id;
  alarm.asset_name = asset->name;
  alarm.kind = asset->kind;
  alarm.area = asset->area;
  alarm.place = asset->place;
  alarm.state = AlarmState::firing;
  alarm.level = alarm.peak = *level;
  alarm.drill = true;
  alarm.raised_at = city.now;
  alarm.arrival = city.arrival;
  alarm.title = "演练：" + (unit.spec->title.zh.empty() ? unit.spec->alert : filled(unit.spec->title.zh, alarm, "", ""));
  alarm.title_en = "Drill: " + (unit.spec->title.en.empty() ? unit.spec->alert : filled(unit.spec->title.en, alarm, "", ""));
  alarm.why.rule = unit.name;
  alarm.why.pack_version = unit.pack->version;
  alarm.why.evaluated_at = city.now;
  add_step(alarm.why, to_ms(city.now), "firing:" + std::string(level_name(*level)), "a drill, started by " + actor.id);
  Alarm& kept = book_.add(std::move(alarm));
  book_.set_timer(kept);
  changed(kept, "alarm.new", city, actor.id);
  recount(asset->slot, *asset);
  return answer(kept);
}

void Engine::set_case(const std::string& id, const std::string& case_no, Context& city) {
  Alarm* alarm = book_.find(id);
  if (alarm == nullptr || alarm->case_no == case_no) return;
  alarm->case_no = case_no;
  changed(*alarm, "alarm.update", city);
}

}  // namespace cityloop
