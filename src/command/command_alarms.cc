// SPDX-License-Identifier: Apache-2.0
// From alarms to cases: exactly one open case per real event (architecture §4.4, domain.md §8.6: never closed by an
// alarm that clears).
#include <algorithm>

#include "command/body.h"
#include "command/command.h"
#include "core/json.h"
#include "core/limits.h"
#include "core/notice_text.h"

namespace cityloop {
namespace {

TimelineEntry alarm_entry(std::string action, const Alarm& alarm, std::string comment) {
  TimelineEntry entry;
  entry.actor = "system";
  entry.action = std::move(action);
  entry.comment = std::move(comment);
  entry.fields["alarm"] = alarm.id;
  entry.fields["rule"] = alarm.rule;
  entry.fields["level"] = level_name(alarm.level);
  return entry;
}

const Pack* pack_of(const Alarm& alarm, const Packs& packs) {
  return packs.pack(alarm.rule.substr(0, alarm.rule.find('/')));
}

const RuleSpec* rule_of(const Alarm& alarm, const Pack& pack) {
  const std::size_t slash = alarm.rule.find('/');
  if (slash == std::string::npos) return nullptr;
  const std::string_view alert = std::string_view(alarm.rule).substr(slash + 1);
  const auto found = std::ranges::find(pack.rules, alert, &RuleSpec::alert);
  return found == pack.rules.end() ? nullptr : &*found;
}

std::string label_or(const RuleSpec& rule, const std::string& name, std::string fallback) {
  const auto found = rule.labels.find(name);
  return found == rule.labels.end() || found->second.empty() ? std::move(fallback) : found->second;
}

Urgency urgency_for(Level level) {
  if (level == Level::red) return Urgency::very_urgent;
  return level == Level::orange ? Urgency::urgent : Urgency::normal;
}

// Place, area and level of the alarm; class, pack and limit are the caller's.
Case draft_of(const Alarm& alarm, const Context& city) {
  Case file;
  file.origin = "alarm:" + alarm.id;
  file.stage = Stage::pending_dispatch;
  file.asset = alarm.asset;
  file.place = alarm.place;
  file.area = alarm.area;
  if (const Asset* asset = city.tables.asset(alarm.asset)) {
    if (!file.place) file.place = asset->place;
    if (file.area.empty()) file.area = asset->area;
  }
  if (file.area.empty()) file.area = city.tables.root_area();
  file.alarms = {alarm.id};
  if (alarm.state == AlarmState::firing) file.level = alarm.level;
  file.urgency = urgency_for(alarm.level);
  return file;
}

// GB/T 30428.2: a component's 16 digits are its area (6), its class (4) and a number. What an asset is, its own code knows
// better than the pack that watches it.
ClassCode class_for(const CaseSpec& spec, const Asset* asset) {
  ClassCode klass = spec.klass;
  if (klass.type == "component" && asset != nullptr && asset->component_code.size() == 16) klass.code = asset->component_code.substr(6, 4);
  return klass;
}

// By level, and not below what the rule's label says.
Urgency urgency_of_rule(const RuleSpec& rule, Level level) {
  return std::max(urgency_for(level), urgency_of(label_or(rule, "urgency", "")).value_or(Urgency::normal));
}

void govern(Case& file, const Alarm& alarm, const Pack& pack, const Asset* asset) {
  const CaseSpec& spec = *pack.the_case;
  file.klass = class_for(spec, asset);
  file.pack = pack.name;
  file.limit = spec.limit;
  file.title = spec.title.zh.empty() ? alarm.title : spec.title.zh + " · " + alarm.asset_name;
}

void govern_repair(Case& file, const Alarm& alarm, const RuleSpec& rule) {
  file.klass = ClassCode{"GB2013", "monitoring", label_or(rule, "code", "0000")};
  file.limit = label_or(rule, "limit", "");
  file.title = "设备维修:" + (alarm.title.empty() ? alarm.asset_name : alarm.title);
}

}  // namespace

void Command::hear_alarm(const Alarm& heard, Context& city) {
  const auto known = alarms_.find(heard.id);
  if (heard.state == AlarmState::pending && known == alarms_.end()) return;
  std::optional<Alarm> before;
  if (known != alarms_.end()) before = std::move(known->second);
  Alarm alarm = heard;
  alarm.why = {};  // stays with analyse and the Journal: it may be long
  if (alarm.case_no.empty() && before) alarm.case_no = before->case_no;
  const Alarm& now = alarms_.insert_or_assign(heard.id, std::move(alarm)).first->second;
  announce(now, before ? &*before : nullptr, city);
  if (now.case_no.empty()) {
    consider(now, city);
  } else if (CaseFile* held = find_open(now.case_no)) {
    follow(*held, now, before ? &*before : nullptr, city);
  }
  await_acknowledgement(now, city);
  forget_if_over(heard.id);
}

// An alarm of an open case moved: the case follows the worst that holds, and says when one is over. It stays open.
void Command::follow(CaseFile& held, const Alarm& alarm, const Alarm* before, Context& city) {
  const Level level = held.file.level;
  const Urgency urgency = held.file.urgency;
  const bool cleared =
      alarm.state == AlarmState::cleared && (before == nullptr || before->state != AlarmState::cleared);
  const bool mistaken = alarm.false_alarm && (before == nullptr || !before->false_alarm);
  weigh(held.file);
  if (!cleared && !mistaken && level == held.file.level && urgency == held.file.urgency) return;
  std::string action = cleared ? "alarm.cleared" : mistaken ? "alarm.false" : "alarm.level";
  std::string comment = cleared    ? "报警解除:" + alarm.title
                        : mistaken ? "误报:" + alarm.note
                                   : "级别变为 " + std::string(level_name(held.file.level)) + ":" + alarm.title;
  TimelineEntry entry = alarm_entry(std::move(action), alarm, std::move(comment));
  entry.from = held.file.stage;
  entry.fields["case_level"] = level_name(held.file.level);
  record(held, std::move(entry), city);
}

// Level: the worst uncleared alarm. Urgency rises with it and does not fall by itself.
void Command::weigh(Case& file) const {
  Level worst = Level::none;
  for (const std::string& id : file.alarms) {
    const auto alarm = alarms_.find(id);
    if (alarm == alarms_.end() || alarm->second.state != AlarmState::firing || alarm->second.false_alarm) continue;
    worst = std::max(worst, alarm->second.level);
  }
  file.level = worst;
  file.urgency = std::max(file.urgency, urgency_for(worst));
}

// Whether an alarm without a case is one, by its pack.
void Command::consider(const Alarm& alarm, Context& city) {
  if (alarm.state != AlarmState::firing || alarm.drill || alarm.false_alarm || !alarm.inhibited_by.empty()) return;
  if (alarm.shelved_until && *alarm.shelved_until > city.now) return;
  const Pack* pack = pack_of(alarm, city.packs);
  const RuleSpec* rule = pack == nullptr ? nullptr : rule_of(alarm, *pack);
  if (rule == nullptr || rule->opens == "none") return;
  Case draft = draft_of(alarm, city);
  draft.urgency = urgency_of_rule(*rule, alarm.level);
  double radius = 0;
  if (rule->opens == "repair") {
    govern_repair(draft, alarm, *rule);
  } else {
    if (!pack->the_case || alarm.level < pack->the_case->opens_from) return;
    govern(draft, alarm, *pack, city.tables.asset(alarm.asset));
    radius = std::min(pack->the_case->join_radius_m, limits::kJoinRadiusMost_m);
  }
  take_up(alarm, std::move(draft), radius, alarm_entry("open", alarm, alarm.title), city);
}

// Joins the open case of the same class and asset, or of a neighbour within the radius; else opens the draft. Gives its
// number.
std::string Command::take_up(const Alarm& alarm, Case draft, double join_radius_m, TimelineEntry entry, Context& city) {
  std::string no = draft.asset.empty() ? "" : index_.of_asset(draft.klass, draft.asset);
  if (no.empty() && join_radius_m > 0 && draft.place) {
    const std::vector<std::string> near = index_.near(draft.klass, *draft.place, join_radius_m);
    if (!near.empty()) no = near.front();
  }
  if (CaseFile* held = find_open(no)) {
    entry.action = "alarm.joined";
    held->file.urgency = std::max(held->file.urgency, draft.urgency);
    join(*held, alarm, std::move(entry), city);
    return no;
  }
  CaseFile& held = open(std::move(draft), std::move(entry), city);
  no = held.file.no;
  alarms_.find(alarm.id)->second.case_no = no;
  links_.emplace_back(alarm.id, no);
  auto_dispatch(held, city);
  return no;
}

void Command::join(CaseFile& held, const Alarm& alarm, TimelineEntry entry, Context& city) {
  entry.from = held.file.stage;
  if (std::ranges::find(held.file.alarms, alarm.id) == held.file.alarms.end()) held.file.alarms.push_back(alarm.id);
  alarms_.find(alarm.id)->second.case_no = held.file.no;
  links_.emplace_back(alarm.id, held.file.no);
  held.seen_at = city.now;
  weigh(held.file);
  record(held, std::move(entry), city);
}

// Over, seen, and of no open case: nobody asks for it any more.
void Command::forget_if_over(const std::string& id) {
  const auto found = alarms_.find(id);
  if (found == alarms_.end() || found->second.state != AlarmState::cleared || !found->second.acknowledged) return;
  if (!find(found->second.case_no)) alarms_.erase(found);
}

Answer Command::act_on_alarm(const ActionIn& in, const Actor& actor, Context& city) {
  const bool desk =
      actor.is(Role::acceptor) || actor.is(Role::shift_leader) || actor.is(Role::dispatcher) || actor.is(Role::admin);
  const bool may = desk || (in.verb == "alarm.notify" && actor.is(Role::leader));
  if (!may) return refuse(errors::kForbidden, "this takes one of the roles acceptor, shift_leader, dispatcher, admin");
  const auto known = alarms_.find(in.subject);
  if (known == alarms_.end())
    return refuse(errors::kNotFound, "there is no alarm `" + in.subject.substr(0, 40) + "` in memory");
  const Alarm alarm = known->second;
  if (!in_scope(actor.area, alarm.area, city.tables.root_area()))
    return refuse(errors::kForeignArea, "The alarm lies outside your area.");
  const Result<json::object> body = read_body(in.body);
  if (!body) return refuse(body.error());
  const auto reason = want_text(*body, "reason", limits::kTextBytes);
  if (!reason) return refuse(reason.error());

  if (in.verb == "alarm.notify") {
    const auto receiver = need_text(*body, "receiver", limits::kAssetIdBytes);
    if (!receiver) return refuse(receiver.error());
    const Receiver* to = outbox_.receiver(*receiver);
    if (to == nullptr) return refuse(bad_field("receiver", "names no receiver"));
    const std::string_view root = city.tables.root_area();
    // One that hears of this area anyway, or one that the actor sees.
    if (!in_scope(to->area, alarm.area, root) && !in_scope(actor.area, to->area, root))
      return refuse(errors::kForeignArea, "The receiver is of an area outside yours.");
    const std::string data = alarm_notice_data(alarm, *reason, city.tables.area(alarm.area));
    const std::string id =
        outbox_.post_to(*receiver, {alarm.id, alarm.area, "city.alarm.notify", data, alarm.level}, city);
    return done(json::serialize(json::object{{"notice", id}}), 0, 201);
  }

  if (find_open(alarm.case_no) != nullptr) {
    const auto wanted = want_text(*body, "case", 40);
    if (in.verb == "alarm.link" && wanted && *wanted == alarm.case_no) {
      return done(json::serialize(json::object{{"case", alarm.case_no}}));
    }
    return refuse(errors::kConflict,
                  "the alarm belongs to the open case " + alarm.case_no + "; merge the cases instead");
  }
  TimelineEntry entry = alarm_entry("open", alarm, reason->empty() ? alarm.title : *reason);
  entry.actor = actor.id;
  entry.actor_name = actor.person;

  if (in.verb == "alarm.link") {
    const auto no = need_text(*body, "case", 40);
    if (!no) return refuse(no.error());
    CaseFile* held = find_open(*no);
    if (held == nullptr) return refuse(bad_field("case", "names no open case"));
    if (!in_scope(actor.area, held->file.area, city.tables.root_area()))
      return refuse(errors::kForeignArea, "The case lies outside your area.");
    entry.action = "alarm.joined";
    join(*held, alarm, std::move(entry), city);
    return done(json::serialize(json::object{{"case", *no}}));
  }

  if (alarm.drill) return refuse(errors::kNotAllowed, "a drill opens no case");
  const Pack* pack = pack_of(alarm, city.packs);
  const RuleSpec* rule = pack == nullptr ? nullptr : rule_of(alarm, *pack);
  if (rule == nullptr) return refuse(errors::kNotAllowed, "no pack describes the alarm's rule");
  Case draft = draft_of(alarm, city);
  draft.urgency = urgency_of_rule(*rule, alarm.level);
  if (!alarm.case_no.empty())
    draft.origin = "desk:" + city.chance.id("d-");  // its first case took the alarm's own origin
  if (rule->opens == "repair" || !pack->the_case) {
    govern_repair(draft, alarm, *rule);
  } else {
    govern(draft, alarm, *pack, city.tables.asset(alarm.asset));
  }
  const std::string no = take_up(alarm, std::move(draft), 0, std::move(entry), city);
  return done(json::serialize(json::object{{"case", no}}), 0, 201);
}

}  // namespace cityloop
