// SPDX-License-Identifier: Apache-2.0
// Random alarms, reports, actions and ticks, from many seeds: whatever happens, the invariants of the case file hold,
// and a copy made from the stored state at any moment goes on exactly like the original.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "command/command_fixture.h"

namespace cityloop {
namespace {

class Walk {
 public:
  explicit Walk(std::uint64_t seed) : chance_(seed) {
    Pack pack = gas_pack();
    pack.the_case->auto_dispatch = seed % 2 == 0;
    pack.the_case->join_radius_m = seed % 3 == 0 ? 30 : 0;
    city.packs = *Packs::create({pack});
    city.act("receiver.put", "duty", R"({"url":"https://duty.example"})", city.admin);
    people_ = {city.collector,  city.acceptor, city.leader_of_shift,
               city.dispatcher, city.desk,     city.crew,
               city.admin,      city.leader,   person("inspector", {Role::inspector}),
               person("far", {Role::unit_desk, Role::handler}, "u-street", "500106")};
  }

  void step() {
    switch (pick(10)) {
      case 0:
      case 1: return alarm();
      case 2: return report();
      case 3:
        city.now += Millis{static_cast<std::int64_t>(pick(7'200'000))};
        if (pick(20) == 0) city.now += std::chrono::hours(24 * 5);
        return city.tick();
      case 4: return notice();
      default: return action();
    }
  }

  void check() const {
    std::set<std::pair<std::string, std::string>> open;
    std::set<std::string> origins;
    for (const Case* file : city.cases()) {
      EXPECT_TRUE(origins.insert(file->origin).second) << "two cases of " << file->origin;
      EXPECT_EQ(file->no.size(), 19u);
      if (is_open(file->stage) && !file->asset.empty()) {
        EXPECT_TRUE(open.emplace(class_key(file->klass), file->asset).second) << "two open cases of " << file->asset << ": " << file->no;
      }
      EXPECT_EQ(file->closed_at.has_value(), file->stage == Stage::closed || file->stage == Stage::forced_close);
      int at_work = 0;
      for (const Order& order : city.held(file->no).orders) {
        at_work += order.state == "sent" || order.state == "accepted" || order.state == "arrived" ? 1 : 0;
      }
      EXPECT_LE(at_work, 1) << "orders at work";
      EXPECT_EQ(file->course.suspended_until.has_value(), file->stage == Stage::suspended) << stage_name(file->stage);
      EXPECT_LE(file->course.extensions, kExtensions);
      const bool with_unit = file->stage == Stage::pending_handle || file->stage == Stage::handling;
      EXPECT_TRUE(with_unit || !file->course.request);
      for (std::size_t i = 0; i + 1 < file->course.supervisions.size(); ++i)
        EXPECT_TRUE(file->course.supervisions[i].concluded_at.has_value()) << "two supervisions at once";
      EXPECT_TRUE(!file->course.exempt || file->course.appeal->state == "upheld");
      if (file->stage == Stage::pending_handle || file->stage == Stage::handling) {
        EXPECT_EQ(at_work, 1) << stage_name(file->stage);
      }
    }
    // Every revision of a case is told once, in order, by its stage and field events; agreement and clocks have none.
    std::map<std::string, std::uint64_t> revs;
    for (const Event& event : city.events) {
      if (const auto* file = std::get_if<Case>(&event.body)) {
        EXPECT_EQ(file->rev, ++revs[file->no]) << file->no;
      }
    }
    // The outbox lets one notice of a subject and receiver out at a time.
    std::set<std::string> heads;
    for (const Notice& notice : city.command.due(city.now))
      EXPECT_TRUE(heads.insert(notice.subject + notice.target).second);
  }

  TestCity city;

 private:
  std::uint64_t pick(std::uint64_t below) { return chance_.next() % below; }
  std::string asset() { return "t-" + std::to_string(1 + pick(3)); }

  void alarm() {
    if (!fired_.empty() && pick(2) == 0) {
      Alarm& alarm = fired_[pick(fired_.size())];
      if (alarm.state == AlarmState::cleared) return;
      alarm.level = static_cast<Level>(1 + pick(4));
      alarm.acknowledged = pick(3) == 0;
      if (pick(2) == 0) {
        alarm.state = AlarmState::cleared;
        alarm.changed_at = city.now;
      }
      city.fire(alarm);
      return;
    }
    const char* rules[] = {"gas/high", "gas/rise", "gas/dead"};
    fired_.push_back(
        city.alarm("a-" + std::to_string(fired_.size()), asset(), static_cast<Level>(1 + pick(4)), rules[pick(3)]));
    city.fire(fired_.back());
  }

  void report() {
    json::object body{{"title", "smell"}, {"class", pick(3) == 0 ? "0101" : "0303"}};
    if (pick(2) == 0) body["asset"] = asset();
    if (pick(2) == 0) body["location"] = json::array{106.45 + static_cast<double>(pick(5)) * 0.0003, 29.55};
    if (pick(3) == 0) body["external"] = std::to_string(pick(10));
    city.act("report.submit", "", json::serialize(body), city.collector);
  }

  void notice() {
    const std::vector<Notice> due = city.command.due(city.now);
    if (due.empty()) return;
    Context context = city.context();
    city.command.notice_result({due[pick(due.size())].id, pick(2) == 0, "503", city.now}, context);
  }

  // Mostly what the stage allows, and seldom its way out, so that cases get far; sometimes anything.
  const Transition& likely(Stage stage) {
    for (int tries = 0; tries < 40; ++tries) {
      const Transition& row = case_table()[pick(case_table().size())];
      const bool out = !is_open(row.to) && row.action != "close";
      if (std::ranges::find(row.from, stage) != row.from.end() && (!out || pick(30) == 0)) return row;
    }
    return case_table()[pick(case_table().size())];
  }
  const Actor& likely(const Transition& row) {
    for (int tries = 0; tries < 20; ++tries) {
      const Actor& actor = people_[pick(people_.size())];
      if (std::ranges::any_of(row.roles, [&](Role role) { return actor.is(role); })) return actor;
    }
    return people_[pick(people_.size())];
  }

  void action() {
    const std::vector<const Case*> cases = city.cases();
    if (cases.empty()) return;
    const Case file = *cases[pick(cases.size())];
    const Case other = *cases[pick(cases.size())];
    const Transition& row = likely(file.stage);
    json::object body;
    for (const FieldNeed& field : row.fields) {
      if (!field.required && pick(2) == 0) continue;
      if (field.name == "unit") body["unit"] = pick(2) == 0 ? "u-san" : "u-street";
      else if (field.name == "handler") body["handler"] = pick(2) == 0 ? "crew" : "far";
      else if (field.name == "into") body["into"] = other.no;
      else if (field.name == "result") body["result"] = row.action == "check" ? "ok" : "confirmed";
      else if (field.name == "class") body["class"] = pick(2) == 0 ? "0303" : "0101";
      else if (field.name == "urgency") body["urgency"] = "urgent";
      else if (field.name == "location") body["location"] = json::array{106.45, 29.55};
      else if (field.name == "attachments")
        body["attachments"] = json::array{city.picture(static_cast<char>('a' + pick(6)))};
      else if (field.name == "collector") body["collector"] = pick(3) == 0 ? "nobody" : "collector";
      else if (field.name == "until" || field.name == "due")
        body[field.name] = format_time(city.now + std::chrono::hours(1 + pick(40)));
      else if (field.name == "kind") body["kind"] = pick(2) == 0 ? "timeout" : "leader";
      else if (field.name == "satisfaction") body["satisfaction"] = "satisfied";
      else if (field.name == "look_back") body["look_back"] = pick(2) == 0 ? "kept" : "relapsed";
      else body[field.name] = "because";
    }
    const Actor& actor = likely(row);
    const Agreed agreed{true, pick(2) == 0, "x", pick(2) == 0};
    const std::size_t events = city.events.size();
    const Answer answer = city.step(file.no, std::string(row.action), actor, json::serialize(body), agreed);
    if (answer.status >= 400) {
      EXPECT_EQ(city.events.size(), events) << row.action << " was refused and yet did something: " << answer.detail;
      EXPECT_FALSE(answer.detail.empty());
    } else {
      EXPECT_GT(city.file(file.no).rev, file.rev);
    }
  }

  Chance chance_;
  std::vector<Actor> people_;
  std::vector<Alarm> fired_;
};

TEST(CommandProperty, InvariantsHoldWhateverHappens) {
  std::size_t closed = 0;
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    Walk walk(seed);
    for (int i = 0; i < 2'400; ++i) {
      walk.step();
      if (i % 50 == 0) walk.check();
    }
    walk.check();
    if (HasFailure()) FAIL() << "seed " << seed;
    for (const Case& file : walk.city.bodies<Case>("case.stage")) closed += file.stage == Stage::closed ? 1 : 0;
  }
  EXPECT_GT(closed, 20u) << "the walks hardly ever got a case closed: they prove little";
}

TEST(CommandProperty, TheStoredStateGoesOnLikeTheOriginal) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Walk walk(seed);
    for (int i = 0; i < 300; ++i) walk.step();
    const std::string bytes = encoded(walk.city.command);
    Command copy{Command::Settings{}};
    Reader in(bytes);
    copy.decode(in);
    ASSERT_TRUE(in.ok() && in.done());
    ASSERT_EQ(encoded(copy), bytes);
    Walk twin = walk;
    twin.city.command = std::move(copy);
    for (int i = 0; i < 300; ++i) {
      walk.step();
      twin.step();
    }
    EXPECT_EQ(encoded(walk.city.events), encoded(twin.city.events)) << "seed " << seed;
    EXPECT_EQ(encoded(walk.city.command), encoded(twin.city.command)) << "seed " << seed;
  }
}

TEST(CommandProperty, DamagedStateNeverCrashes) {
  Walk walk(3);
  for (int i = 0; i < 200; ++i) walk.step();
  const std::string bytes = encoded(walk.city.command);
  Chance chance(9);
  for (int i = 0; i < 300; ++i) {
    std::string damaged = bytes.substr(0, i % 3 == 0 ? chance.next() % bytes.size() : bytes.size());
    if (damaged.empty()) continue;
    damaged[chance.next() % damaged.size()] ^= static_cast<char>(1 + chance.next() % 255);
    Command copy{Command::Settings{}};
    Reader in(damaged);
    copy.decode(in);
  }
}

}  // namespace
}  // namespace cityloop
