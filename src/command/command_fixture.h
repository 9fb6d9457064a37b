// SPDX-License-Identifier: Apache-2.0
// For tests: a small city around a Command, with its clock, register, one pack and its people. Hears like the city
// does.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "command/command.h"
#include "core/json.h"

namespace cityloop {

inline Actor person(std::string name, std::vector<Role> roles, std::string unit = "", std::string area = "") {
  return Actor{"user:" + name, std::move(roles), std::move(area), std::move(unit), name};
}

inline Receiver webhook(std::string name) {
  Receiver receiver;
  receiver.target = "https://" + name + ".example";
  receiver.name = std::move(name);
  return receiver;
}

inline Pack gas_pack() {
  Pack pack;
  pack.name = "gas";
  pack.version = "1";
  KindSpec kind;
  kind.name = "tank";
  pack.kinds.push_back(kind);
  for (const char* alert : {"high", "rise", "dead", "quiet"}) {
    RuleSpec rule;
    rule.alert = alert;
    rule.kind = "tank";
    rule.opens = std::string(alert) == "dead" ? "repair" : std::string(alert) == "quiet" ? "none" : "case";
    pack.rules.push_back(rule);
  }
  CaseSpec spec;
  spec.klass = {"GB2013", "component", "0303"};
  spec.title = {"化粪池气体", "Septic gas"};
  spec.opens_from = Level::yellow;
  spec.routes = {
      {Level::none, "sanitation", "district"}, {Level::none, "street", "street"}, {Level::orange, "", "owner"}};
  spec.agreement = "ch4 < 10";
  pack.the_case = spec;
  return pack;
}

class TestCity {
 public:
  explicit TestCity(Pack pack = gas_pack()) : packs(*Packs::create({std::move(pack)})) {
    tables.set_root_area("50");
    square("50", "", "重庆市", 105, 29, 108, 31);
    square("500106", "50", "沙坪坝区", 106.2, 29.4, 106.5, 29.7);
    square("500106009", "500106", "石井坡街道", 106.4, 29.5, 106.5, 29.6);
    square("500103", "50", "渝中区", 106.5, 29.5, 106.6, 29.6);
    unit("u-san", "500106", {"sanitation"});
    unit("u-street", "500106009", {"street"});
    unit("u-owner", "50", {"property"});
    asset("t-1", {106.45, 29.55});
    asset("t-2", {106.4501, 29.55});  // about 10 m further east
    asset("t-3", {106.46, 29.55});    // about 970 m
  }

  void square(std::string code, std::string parent, std::string name, double west, double south, double east,
              double north) {
    Area area;
    area.code = std::move(code);
    area.parent = std::move(parent);
    area.name = std::move(name);
    area.shape.parts.push_back({{{west, south}, {east, south}, {east, north}, {west, north}}});
    tables.put_area(std::move(area));
  }
  void unit(std::string id, std::string area, std::vector<std::string> duties) {
    Unit unit;
    unit.id = id;
    unit.name = id;
    unit.area = std::move(area);
    unit.duties = std::move(duties);
    tables.put_unit(std::move(unit));
  }
  void asset(std::string id, LngLat place) {
    Asset asset;
    asset.id = id;
    asset.kind = "tank";
    asset.name = id;
    asset.place = place;
    asset.area = tables.area_of(place);
    asset.owner_unit = "u-owner";
    asset.keeper_unit = "u-san";
    tables.put_asset(std::move(asset));
  }

  // A class with these limits, one condition each; two of them must be chosen from.
  void standard(std::string code, std::vector<std::string> limits, std::string duty = "") {
    ClassStandard klass;
    klass.code = {"GB2013", "event", std::move(code)};
    klass.name = "class";
    klass.duty = std::move(duty);
    for (std::string& limit : limits) {
      Condition& one = klass.conditions.emplace_back();
      one.id = std::to_string(klass.conditions.size());
      one.filing = "filed when " + one.id;
      one.closing = "closed when " + one.id;
      one.limit = std::move(limit);
    }
    tables.put_standard(std::move(klass));
  }
  Context context() { return Context{1, now, now, chance, tables, packs, events}; }

  Alarm alarm(std::string id, std::string asset, Level level, std::string rule = "gas/high") {
    Alarm alarm;
    alarm.id = std::move(id);
    alarm.rule = std::move(rule);
    alarm.asset = asset;
    alarm.kind = "tank";
    alarm.state = AlarmState::firing;
    alarm.level = level;
    alarm.title = "甲烷超限";
    if (const Asset* known = tables.asset(asset)) {
      alarm.area = known->area;
      alarm.place = known->place;
      alarm.asset_name = known->name;
    }
    alarm.raised_at = now;
    alarm.changed_at = now;
    return alarm;
  }

  // As the city does it: hears the alarm and whatever comes of it. Gives the links that analyse must learn.
  std::vector<Command::Link> fire(const Alarm& alarm) {
    Context city = context();
    city.emit(alarm.state == AlarmState::cleared ? "alarm.clear" : "alarm.update", "", alarm);
    return settle();
  }
  std::vector<Command::Link> clear(Alarm alarm) {
    alarm.state = AlarmState::cleared;
    alarm.cleared_at = now;
    alarm.changed_at = now;
    return fire(alarm);
  }
  std::vector<Command::Link> settle() {
    Context city = context();
    std::vector<Command::Link> made;
    for (; heard < events.size(); ++heard) {
      Event event = events[heard];
      for (auto& link : command.hear(event, city)) made.push_back(link);
      if (on_event) on_event(event, city);
      events[heard] = event;
    }
    return made;
  }

  Answer act(const std::string& verb, const std::string& subject, const std::string& body, const Actor& actor,
             std::uint64_t if_match = 0, const Agreed& agreed = {}) {
    ActionIn in;
    in.principal = actor.id;
    in.verb = verb;
    in.subject = subject;
    in.body = body;
    in.if_match = if_match;
    in.arrival = now;
    Context city = context();
    Answer answer = command.act(in, actor, agreed, city, persons);
    links = settle();
    return answer;
  }
  // A new program on what this one has kept.
  void restart() {
    std::string bytes;
    Writer out(bytes);
    command.encode(out);
    command = Command(Command::Settings{});
    Reader in(bytes);
    command.decode(in);
    ASSERT_TRUE(in.ok() && in.done());
  }
  // An action with the revision that holds now.
  Answer step(const std::string& no, const std::string& action, const Actor& actor, const std::string& body = "{}",
              const Agreed& agreed = {}) {
    const Case* file = command.open_case(no);
    return act("case." + action, no, body, actor, file == nullptr ? 0 : file->rev, agreed);
  }
  void tick() {
    Context city = context();
    command.tick(city);
    settle();
  }

  std::vector<const Case*> cases() const {
    std::vector<const Case*> all;
    for (const auto& [no, held] : command.files()) all.push_back(&held.file);
    return all;
  }
  const Case& file(const std::string& no) const { return *command.open_case(no); }
  const CaseFile& held(const std::string& no) const { return command.files().find(no)->second; }
  std::vector<TimelineEntry> timeline(const std::string& no) const {
    std::vector<TimelineEntry> all;
    for (const Event& event : events) {
      const auto* added = std::get_if<TimelineAdded>(&event.body);
      if (added != nullptr && added->case_no == no) all.push_back(added->entry);
    }
    return all;
  }
  bool has_entry(const std::string& no, std::string_view action) const {
    for (const TimelineEntry& entry : timeline(no)) {
      if (entry.action == action) return true;
    }
    return false;
  }
  template <class T>
  std::vector<T> bodies(std::string_view kind = "") const {
    std::vector<T> all;
    for (const Event& event : events) {
      if (const T* body = std::get_if<T>(&event.body); body != nullptr && (kind.empty() || event.kind == kind))
        all.push_back(*body);
    }
    return all;
  }
  std::string picture(char letter = 'a') {
    const std::string id(64, letter);
    EXPECT_LT(act("attachment.add", "", R"({"id":")" + id + R"(","type":"image/jpeg","bytes":1000})", crew).status,
              400);
    return id;
  }
  // A case at `stage` along the usual way, opened by hand for asset t-1.
  std::string at(Stage stage) {
    const Answer answer = act("case.open", "", R"({"title":"gas","class":"0303","asset":"t-1"})", acceptor);
    EXPECT_EQ(answer.status, 201) << answer.detail;
    const std::string no = text_or(parse_json(answer.body)->as_object(), "no");
    using enum Stage;
    const auto go = [&](const std::string& action, const Actor& actor, const std::string& body = "{}",
                        const Agreed& agreed = {}) {
      if (file(no).stage == stage) return;
      const Answer result = step(no, action, actor, body, agreed);
      EXPECT_EQ(result.status, 200) << action << ": " << result.detail;
    };
    if (stage == verifying) return go("verify", acceptor), no;
    if (stage == not_accepted) return go("reject", leader_of_shift, R"({"reason":"r"})"), no;
    if (stage == cancelled) return go("cancel", leader_of_shift, R"({"reason":"r"})"), no;
    if (stage == forced_close) return go("force_close", leader_of_shift, R"({"reason":"r"})"), no;
    if (stage == pending_register) return go("register", acceptor), no;
    go("register", leader_of_shift);
    go("dispatch", dispatcher, R"({"unit":"u-san"})");
    go("accept", crew);
    if (stage != handling && stage != pending_handle && stage != pending_dispatch && stage != reported) {
      go("finish", crew, R"({"attachments":[")" + picture() + R"("]})");
    }
    if (stage == pending_feedback) return go("feedback", desk), no;
    go("feedback", dispatcher);
    go("check", collector);
    go("close", leader_of_shift, "{}", Agreed{true, true, ""});
    EXPECT_EQ(file(no).stage, stage);
    return no;
  }

  Time now = from_ms(1661148000000);  // 2022-08-22T06:00:00Z, 14:00 in Chongqing
  Chance chance{42};
  Register tables;
  Packs packs;
  std::vector<Event> events;
  std::size_t heard = 0;
  std::vector<Command::Link> links;   // made by the last act
  Command command{Command::Settings{}};
  Command::Persons persons;
  std::function<void(Event&, Context&)> on_event;

  Actor collector = person("collector", {Role::collector});
  Actor acceptor = person("acceptor", {Role::acceptor});
  Actor leader_of_shift = person("shift", {Role::shift_leader});
  Actor dispatcher = person("dispatcher", {Role::dispatcher});
  Actor desk = person("desk", {Role::unit_desk}, "u-san", "500106");
  Actor crew = person("crew", {Role::handler}, "u-san", "500106");
  Actor admin = person("admin", {Role::admin});
  Actor leader = person("leader", {Role::leader});
};

}  // namespace cityloop
