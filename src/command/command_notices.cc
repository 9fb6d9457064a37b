// SPDX-License-Identifier: Apache-2.0
// What people and systems are told of cases and alarms, and who hears of what nobody takes up.
#include <algorithm>

#include "command/command.h"
#include "core/json.h"
#include "core/limits.h"
#include "core/notice_text.h"

namespace cityloop {
namespace {

// How grave it is for whoever is told: the worst alarm's level, and not below what the urgency stands for.
Level gravity_of(const Case& file) {
  const Level urged = file.urgency == Urgency::very_urgent ? Level::red
                      : file.urgency == Urgency::urgent    ? Level::orange
                                                           : Level::none;
  return std::max(file.level, urged);
}

json::object case_notice_data(const Case& file, const std::string& comment, const Register& tables) {
  json::object data{{"no", file.no},
                    {"stage", stage_name(file.stage)},
                    {"title", file.title},
                    {"area", file.area},
                    {"class", {{"scheme", file.klass.scheme}, {"type", file.klass.type}, {"code", file.klass.code}}},
                    {"urgency", urgency_name(file.urgency)},
                    {"level", level_name(file.level)},
                    {"asset", file.asset},
                    {"unit", file.unit},
                    {"address", file.address},
                    {"opened_at", format_time(file.opened_at)},
                    {"rev", file.rev}};
  if (file.place)
    data["location"] = {{"type", "Point"}, {"coordinates", json::array{file.place->lng, file.place->lat}}};
  if (!comment.empty()) data["comment"] = comment;
  if (const Area* area = tables.area(file.area)) {
    data["area_name"] = area->name;
    if (!area->name_en.empty()) data["area_name_en"] = area->name_en;
  }
  if (const Asset* asset = tables.asset(file.asset)) data["asset_name"] = asset->name;
  if (const Unit* unit = tables.unit(file.unit)) data["unit_name"] = unit->name;
  return data;
}

bool is_active(const Alarm& alarm, Time now) {
  return alarm.state == AlarmState::firing && !alarm.false_alarm && alarm.inhibited_by.empty() &&
         !(alarm.shelved_until && *alarm.shelved_until > now);
}

// Somebody has said yes to the order, or that it waits: whoever is on the way needs no chief behind him.
bool is_taken_up(Stage stage) {
  return stage == Stage::handling || stage == Stage::handle_finish || stage == Stage::pending_feedback ||
         stage == Stage::checking || stage == Stage::pending_close || stage == Stage::suspended;
}

}  // namespace

void Command::notify(const Case& file, const std::string& type, const std::string& comment, Context& city) {
  const std::string data = json::serialize(case_notice_data(file, comment, city.tables));
  outbox_.post({file.no, file.area, type, data, gravity_of(file)}, city);
}

// Whoever asked for alarms hears of each when it fires and when it grows worse.
void Command::announce(const Alarm& alarm, const Alarm* before, Context& city) {
  if (!is_active(alarm, city.now) || alarm.acknowledged) return;
  if (before != nullptr && is_active(*before, city.now) && before->level >= alarm.level) return;
  outbox_.post({alarm.id, alarm.area, "city.alarm.raised", alarm_notice_data(alarm, "", city.tables.area(alarm.area)), alarm.level},
               city);
}

// ---- escalation -----------------------------------------------------------------------------------------------

void Command::await_acknowledgement(const Alarm& alarm, Context& city) {
  const CaseFile* held = find(alarm.case_no);
  const bool taken_up = held != nullptr && is_taken_up(held->file.stage);
  if (!is_active(alarm, city.now) || alarm.acknowledged || alarm.drill || taken_up) return escalations_.end(alarm.id);
  const Escalations::Waiting* before = escalations_.find(alarm.id);
  const Time since = before == nullptr ? city.now : before->since;
  escalations_.wait(alarm.id, {since, alarm.area, "city.alarm.unacknowledged", alarm.level, {}, since, false},
                    outbox_.receivers(), settings_.root_area);
}

// Each dispatch is one round. A case that comes back into it (resumed, unmerged) has its time anew, and nobody hears twice.
void Command::await_acceptance(const Case& file) {
  if (file.stage == Stage::pending_handle && file.dispatched_at) {
    const Escalations::Waiting* before = escalations_.find(file.no);
    const bool same = before != nullptr && before->round == *file.dispatched_at;
    const Time since = !same ? *file.dispatched_at : before->paused ? file.changed_at : before->since;
    escalations_.wait(file.no, {since, file.area, "city.case.unaccepted", gravity_of(file), {}, *file.dispatched_at, false},
                      outbox_.receivers(), settings_.root_area);
    return;
  }
  escalations_.pause(file.no);
  if (!is_taken_up(file.stage)) return;
  for (const std::string& alarm : file.alarms) escalations_.end(alarm);
}

void Command::escalate(Context& city) {
  for (const Escalations::Call& call : escalations_.take_due(city.now, outbox_.receivers(), settings_.root_area)) {
    const std::int64_t minutes = call.waited / std::chrono::minutes(1);
    if (CaseFile* held = find_open(call.subject)) {
      json::object data = case_notice_data(held->file, "", city.tables);
      data["waited_minutes"] = minutes;
      data["step"] = call.step;
      outbox_.post_to(call.receiver, {call.subject, held->file.area, call.type, json::serialize(data), gravity_of(held->file), call.step}, city);
      TimelineEntry entry;
      entry.actor = "system";
      entry.action = "notice.escalated";
      entry.from = held->file.stage;
      entry.fields["receiver"] = call.receiver;
      entry.fields["step"] = std::to_string(call.step);
      entry.fields["waited_minutes"] = std::to_string(minutes);
      note(*held, std::move(entry), city);
    } else if (const Alarm* alarm = known_alarm(call.subject)) {
      json::object data = parse_json(alarm_notice_data(*alarm, "", city.tables.area(alarm->area)))->as_object();
      data["waited_minutes"] = minutes;
      data["step"] = call.step;
      outbox_.post_to(call.receiver, {call.subject, alarm->area, call.type, json::serialize(data), alarm->level, call.step}, city);
    }
  }
}

}  // namespace cityloop
