// SPDX-License-Identifier: Apache-2.0
// For the tests of this room: packs made by hand, a register, a clock in seconds, and the events that came out.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "analyse/analyse.h"

namespace cityloop {

inline constexpr std::int64_t kDay0 = 1'661'148'000'000;  // 2022-08-22T06:00:00Z
inline Time second(double s) { return from_ms(kDay0 + static_cast<std::int64_t>(s * 1000)); }

inline PointSpec test_point(const std::string& name, int interval_s = 60, const std::string& derived = "") {
  PointSpec point;
  point.name = name;
  point.title = {name + "值", name + " value"};
  point.unit = "u";
  point.interval = Millis{interval_s * 1000};
  point.derived = derived;
  return point;
}

inline RuleSpec test_rule(const std::string& alert, std::vector<RuleLevel> levels, const std::string& point = "x") {
  RuleSpec rule;
  rule.alert = alert;
  rule.kind = "thing";
  rule.levels = std::move(levels);
  rule.point = point;
  rule.title = {"{{ asset }} {{ point }} {{ value }}{{ unit }} ≥ {{threshold}}", "{{ point }} {{ value }} over {{ threshold }}"};
  return rule;
}

inline Pack test_pack(std::vector<RuleSpec> rules, std::vector<PointSpec> points = {test_point("x"), test_point("y"), test_point("z", 0)}) {
  Pack pack;
  pack.name = "p";
  pack.version = "1";
  KindSpec kind;
  kind.name = "thing";
  kind.points = std::move(points);
  kind.attributes = {{"depth", {}, "number", "m", false}, {"grade", {}, "text", "", false}};
  pack.kinds.push_back(std::move(kind));
  pack.rules = std::move(rules);
  return pack;
}

inline RuleLevel at_level(Level level, const std::string& expr, int hold_s = 0) { return {level, expr, Millis{hold_s * 1000}}; }

struct TestCity {
  Register tables;
  std::shared_ptr<const Packs> packs;
  Analyse analyse;
  Chance chance{42};
  std::vector<Event> events;
  std::vector<Observation> derived;
  double now = 0;

  explicit TestCity(Pack pack) : TestCity(std::vector<Pack>{std::move(pack)}) {}
  explicit TestCity(std::vector<Pack> all) {
    tables.set_root_area("50");
    const Result<void> set = put_packs(std::move(all));
    if (!set) std::fprintf(stderr, "%s\n", set.error().detail.c_str());
    CHECK(set.has_value());
    add("a", 0);
  }

  Result<void> put_packs(std::vector<Pack> all) {
    auto made = std::make_shared<const Packs>(TRY(Packs::create(std::move(all))));
    TRY(analyse.set_packs(made));
    packs = std::move(made);
    return {};
  }
  Result<void> put_pack(Pack pack) { return put_packs({std::move(pack)}); }

  Context context() { return Context{0, second(now), second(now), chance, tables, *packs, events}; }

  const Asset& add(const std::string& id, double metres_north, const std::string& kind = "thing") {
    Asset asset;
    asset.id = id;
    asset.kind = kind;
    asset.name = "Asset " + id;
    asset.area = "500106";
    asset.place = LngLat{106.45, 29.54 + metres_north / 111'195.08};
    return tables.put_asset(std::move(asset));
  }
  void change(const std::string& id, const std::function<void(Asset&)>& edit) {
    Asset asset = *tables.asset(id);
    edit(asset);
    const Asset& put = tables.put_asset(std::move(asset));
    Context city = context();
    analyse.hear(Event{0, second(now), "asset.put", "", put}, city);
  }

  Observation one(int point, double value, double at, const std::string& asset = "a") const {
    Observation seen;
    seen.slot = tables.asset(asset)->slot;
    seen.point = static_cast<std::uint8_t>(point);
    seen.at = second(at);
    seen.arrival = second(now);
    seen.value = decimal_of(value);
    seen.number = value;
    return seen;
  }
  void give(std::vector<Observation> seen) {
    Context city = context();
    analyse.observe(seen, city, derived);
  }
  // A sample of `point` at second `at`, arriving then.
  void see(double at, double value, int point = 0, const std::string& asset = "a") {
    now = std::max(now, at);
    give({one(point, value, at, asset)});
  }
  void tick(double at) {
    now = at;
    Context city = context();
    analyse.tick(city);
  }
  Answer act(const std::string& verb, const std::string& subject, const std::string& body, Role role, const std::string& area = "50") {
    ActionIn in;
    in.verb = verb;
    in.subject = subject;
    in.body = body;
    Actor actor;
    actor.id = "user:t";
    actor.roles = {role};
    actor.area = area;
    Context city = context();
    return analyse.act(in, actor, city);
  }

  // The uncleared alarm of a rule, or null.
  const Alarm* open(const std::string& alert = "r", const std::string& asset = "a") const {
    for (const auto& [id, alarm] : analyse.alarms()) {
      if (alarm.rule == "p/" + alert && alarm.asset == asset && alarm.state != AlarmState::cleared) return &alarm;
    }
    return nullptr;
  }
  std::string state(const std::string& alert = "r", const std::string& asset = "a") const {
    const Alarm* alarm = open(alert, asset);
    if (alarm == nullptr) return "none";
    return alarm->state == AlarmState::pending ? "pending" : std::string(level_name(alarm->level));
  }
  // "kind state:level" of every alarm event so far, then forgotten.
  std::vector<std::string> story() {
    std::vector<std::string> told;
    for (const Event& event : events) {
      const auto* alarm = std::get_if<Alarm>(&event.body);
      if (alarm == nullptr) continue;
      told.push_back(event.kind + " " + std::string(alarm_state_name(alarm->state)) + ":" + std::string(level_name(alarm->level)));
    }
    events.clear();
    return told;
  }
  std::string saved() const { return encoded(analyse); }
};

}  // namespace cityloop
