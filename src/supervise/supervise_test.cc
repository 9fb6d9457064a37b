// SPDX-License-Identifier: Apache-2.0
// Supervise behind a real Command: clocks in the case events, reminders, audit entries, and scores against a recount.
#include "supervise/supervise.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "command/command_fixture.h"
#include "core/limits.h"

namespace cityloop {
namespace {

using namespace std::chrono_literals;

Supervise::Settings settings() { return {std::string(32, 'k'), std::chrono::hours(8), {}}; }

class Watch {
 public:
  explicit Watch(Pack pack = gas_pack()) : city(std::move(pack)) {
    city.on_event = [this](Event& event, Context& context) { supervise.hear(event, context); };
  }
  Watch(const Watch&) = delete;

  void tick() {
    Context context = city.context();
    city.command.tick(context);
    city.settle();
    supervise.tick(context);
    city.settle();
    for (const ActionIn& demand : supervise.take_demands()) {
      Actor system{"system", {}, "", "", "system"};
      EXPECT_EQ(city.act(demand.verb, demand.subject, demand.body, system).status, 200);
    }
  }
  // Goes on to `until` as the city does: ticking whenever a room is due.
  void pass(Millis time) {
    const Time until = city.now + time;
    const auto next = [&] { return std::min(supervise.next_due(), city.command.next_due()); };
    while (next() <= until) {
      city.now = std::max(city.now, next());
      tick();
    }
    city.now = until;
    tick();
  }
  Case last(const std::string& no) const {
    Case found;
    for (const Case& file : city.bodies<Case>()) {
      if (file.no == no) found = file;
    }
    return found;
  }
  std::vector<TimelineEntry> reminders(const std::string& no) const {
    std::vector<TimelineEntry> all;
    for (const TimelineEntry& entry : city.timeline(no)) {
      if (entry.action == "reminder") all.push_back(entry);
    }
    return all;
  }

  TestCity city;
  Supervise supervise{settings()};
};

TEST(Supervise, EveryCaseEventCarriesItsClocks) {
  Watch watch;
  watch.city.fire(watch.city.alarm("a-1", "t-1", Level::yellow));
  const std::string no = watch.city.cases()[0]->no;
  ASSERT_EQ(watch.last(no).clocks.size(), 1u);
  EXPECT_EQ(watch.last(no).clocks[0].stage, Stage::pending_dispatch);
  EXPECT_EQ(watch.last(no).clocks[0].deadline, watch.city.now + 15min);
  watch.city.step(no, "dispatch", watch.city.dispatcher, R"({"unit":"u-san"})");
  ASSERT_EQ(watch.last(no).clocks.size(), 2u);
  EXPECT_EQ(watch.last(no).clocks[1].limit, "2UH");
  EXPECT_EQ(watch.last(no).clocks[1].deadline, watch.city.now + 2h);
  EXPECT_TRUE(watch.city.file(no).clocks.empty()) << "command keeps none: it cannot lose any";
}

TEST(Supervise, RemindsOnceAtFiftyEightyHundred) {
  Watch watch;
  watch.city.act("receiver.put", "duty", R"({"url":"https://duty.example","types":["city.case.overdue"]})",
                 watch.city.admin);
  const std::string no = watch.city.at(Stage::pending_handle);
  const Time dispatched = watch.city.now;
  watch.pass(3h);
  const auto reminders = watch.reminders(no);
  ASSERT_EQ(reminders.size(), 3u);
  EXPECT_EQ(reminders[0].at, dispatched + 1h);
  EXPECT_EQ(reminders[1].at, dispatched + 96min);
  EXPECT_EQ(reminders[2].at, dispatched + 2h);
  EXPECT_EQ(reminders[2].fields.at("percent"), "100");
  const auto sla = watch.city.bodies<Case>("case.sla");
  ASSERT_EQ(sla.size(), 4u) << "the reminders, and the mark at a quarter left";
  EXPECT_TRUE(sla[1].clocks.back().due_soon);
  EXPECT_EQ(sla[1].clocks.back().reminded, 50);
  EXPECT_EQ(sla[3].clocks.back().reminded, 100);
  EXPECT_TRUE(sla[3].clocks.back().overdue);
  EXPECT_EQ(sla[3].rev, watch.city.file(no).rev) << "a reminder makes nobody's If-Match stale";
  ASSERT_EQ(watch.city.bodies<Notice>().size(), 1u) << "people hear of the end of the time";
  EXPECT_EQ(watch.city.bodies<Notice>()[0].type, "city.case.overdue");
  EXPECT_EQ(watch.supervise.next_due(), Time::max());
}

TEST(Supervise, ALongNightBringsEachReminderOnce) {
  Watch watch;
  const std::string no = watch.city.at(Stage::pending_handle);
  watch.city.now += 10h;
  watch.tick();
  watch.tick();
  EXPECT_EQ(watch.reminders(no).size(), 3u);
}

TEST(Supervise, TheTimelineIsNumberedWithoutGapsAcrossReminders) {
  Watch watch;
  const std::string no = watch.city.at(Stage::pending_handle);
  watch.pass(70min);
  watch.city.step(no, "accept", watch.city.crew);
  watch.pass(70min);
  watch.city.step(no, "comment", watch.city.admin, R"({"comment":"hurry"})");
  std::uint64_t seq = 0;
  for (const TimelineEntry& entry : watch.city.timeline(no)) EXPECT_EQ(entry.seq, ++seq) << entry.action;
  EXPECT_GT(seq, 8u);
}

TEST(Supervise, AWorkingLimitRemindsNobody) {
  Pack pack = gas_pack();
  pack.the_case->limit = "1WD";
  Watch watch(pack);
  const std::string no = watch.city.at(Stage::pending_handle);
  watch.pass(100h);
  EXPECT_TRUE(watch.reminders(no).empty());
  EXPECT_EQ(watch.last(no).clocks.back().note, "calendar not set");
}

// ---- the working calendar -------------------------------------------------------------------------------------

// 2022 alone, with one holiday: Tuesday the 23rd of August, the day after the fixture's Monday.
std::string calendar_text(const std::string& hours = R"("08:00-12:00", "14:00-18:00")") {
  return R"({"version": "1", "hours": [)" + hours + R"(], "weekend": ["saturday", "sunday"],
             "years": {"2022": {"holidays": [{"from": "2022-08-23"}], "workdays": []}}})";
}

class CalendarWatch : public ::testing::Test {
 protected:
  static Pack one_day() {
    Pack pack = gas_pack();
    pack.the_case->limit = "1WD";
    return pack;
  }
  Answer put(const std::string& text, const std::string& verb = "calendar.put", std::optional<Actor> actor = {}) {
    ActionIn in;
    in.verb = verb;
    in.subject = "china";
    in.body = text;
    Context context = watch.city.context();
    const Actor system{"system", {Role::admin}, "", "", "system"};
    const Answer answer = watch.supervise.act(in,
                                              actor                     ? *actor
                                              : verb == "calendar.ship" ? system
                                                                        : watch.city.admin,
                                              context);
    watch.city.settle();
    return answer;
  }
  Clock disposal(const std::string& no) const { return watch.last(no).clocks.back(); }
  Watch watch{one_day()};
};

TEST_F(CalendarWatch, ADeadlineComesWithTheCalendarAndEscalatesOnce) {
  watch.city.act("receiver.put", "duty", R"({"url":"https://duty.example","types":["city.case.overdue"]})",
                 watch.city.admin);
  const std::string no = watch.city.at(Stage::pending_handle);
  const Time dispatched = watch.city.now;
  EXPECT_EQ(disposal(no).note, "calendar not set");
  ASSERT_EQ(put(calendar_text()).status, 200);
  // The independent count of this one: Monday's rest, no Tuesday, Wednesday.
  const Time midnight = *parse_time("2022-08-22T00:00:00+08:00");
  const auto worked_on_monday = [&] {
    Millis sum{0};
    for (Time t = dispatched; t < midnight + 24h; t += 1s) {
      const auto hour = (t - midnight) / 1h;
      if ((hour >= 8 && hour < 12) || (hour >= 14 && hour < 18)) sum += 1s;
    }
    return sum;
  }();
  Time expected = midnight + 48h + 8h + (Millis(8h) - worked_on_monday);
  if (expected > midnight + 48h + 12h) expected += 2h;
  EXPECT_EQ(disposal(no).deadline, expected);
  EXPECT_EQ(disposal(no).note, "");
  watch.pass(100h);
  const auto reminders = watch.reminders(no);
  ASSERT_EQ(reminders.size(), 3u);
  EXPECT_EQ(reminders[2].at, expected);
  EXPECT_EQ(watch.city.bodies<Notice>().size(), 1u);
  // Ten minutes a day from now on: not yet overdue after all, and nobody is called a second time.
  ASSERT_EQ(put(calendar_text(R"("08:00-08:10")")).status, 200);
  EXPECT_FALSE(disposal(no).overdue);
  watch.pass(24h * 75);
  EXPECT_TRUE(disposal(no).overdue);
  EXPECT_EQ(watch.reminders(no).size(), 3u);
  EXPECT_EQ(watch.city.bodies<Notice>().size(), 1u);
}

TEST_F(CalendarWatch, WhatShipsGivesWayToTheCitysOwn) {
  EXPECT_EQ(put(calendar_text(), "calendar.ship").status, 200);
  EXPECT_TRUE(watch.supervise.calendar().shipped());
  EXPECT_EQ(put(calendar_text(R"("09:00-12:00")"), "calendar.ship").status, 200) << "a newer one of ours";
  EXPECT_EQ(put(calendar_text(R"("10:00-12:00")")).status, 200);
  EXPECT_EQ(put(calendar_text(), "calendar.ship").status, 409);
  EXPECT_NE(watch.supervise.calendar().text().find("10:00"), std::string::npos);
  EXPECT_EQ(watch.city.bodies<RowPut>("rev.config").back().table, "calendars");
}

TEST_F(CalendarWatch, OnlyAdministratorsOfTheWholeCityPutIt) {
  EXPECT_EQ(put(calendar_text(), "calendar.put", watch.city.dispatcher).status, 403);
  EXPECT_EQ(put(calendar_text(), "calendar.put", person("boss", {Role::admin}, "", "500106")).status, 403);
  EXPECT_EQ(put(calendar_text(), "calendar.ship", watch.city.admin).status, 403);
  EXPECT_EQ(put("{").status, 400);
  EXPECT_EQ(put(R"({"version":"1"})").status, 422);
  EXPECT_EQ(watch.supervise.calendar().in_force(), nullptr);
}

TEST_F(CalendarWatch, StaysAcrossARestart) {
  ASSERT_EQ(put(calendar_text()).status, 200);
  const std::string no = watch.city.at(Stage::pending_handle);
  const std::string bytes = encoded(watch.supervise);
  Supervise copy(settings());
  Reader state(bytes);
  copy.decode(state);
  ASSERT_TRUE(state.ok() && state.done());
  EXPECT_EQ(encoded(copy), bytes);
  EXPECT_EQ(copy.next_due(), watch.supervise.next_due());
  ASSERT_NE(copy.calendar().in_force(), nullptr);
  EXPECT_LT(copy.next_due(), Time::max());
}

TEST(Supervise, AuditKeepsWhoDidWhatAndNoBody) {
  Watch watch;
  Context context = watch.city.context();
  ActionIn in;
  in.verb = "report.submit";
  in.body = R"({"reporter":"Wang","phone":"13800000000"})";
  watch.supervise.audit(in, watch.city.collector, done(R"({"id":"r-1"})", 0, 201), context);
  in.verb = "case.close";
  in.subject = "5001062022082200001";
  watch.supervise.audit(in, watch.city.crew, refuse(errors::kForbidden, "13800000000 may not"), context);
  const auto entries = watch.city.bodies<AuditEntry>();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].subject, "r-1");
  EXPECT_EQ(entries[0].outcome, "ok");
  EXPECT_EQ(entries[1].actor, "user:crew");
  EXPECT_EQ(entries[1].outcome, "auth.forbidden");
  EXPECT_EQ(encoded(entries).find("13800000000"), std::string::npos);
  EXPECT_TRUE(verify_chain(entries, settings().audit_key, watch.supervise.audit_head()).has_value());

  Supervise copy(settings());
  const std::string bytes = encoded(watch.supervise);
  Reader state(bytes);
  copy.decode(state);
  copy.audit(in, watch.city.crew, done(), context);
  EXPECT_TRUE(verify_chain(watch.city.bodies<AuditEntry>(), settings().audit_key, copy.audit_head()).has_value())
      << "the chain goes on after a restart";
}

TEST(Supervise, ClosedCasesAreForgotten) {
  Watch watch;
  const std::string no = watch.city.at(Stage::closed);
  EXPECT_NE(watch.supervise.clocks(no), nullptr);
  watch.pass(limits::kClosedCaseKept + 1s);
  EXPECT_EQ(watch.supervise.clocks(no), nullptr);
  EXPECT_EQ(watch.city.command.open_case(no), nullptr);
}

// ---- scores ---------------------------------------------------------------------------------------------------

TEST(Scores, OneCaseOneDay) {
  Watch watch;
  const std::string no = watch.city.at(Stage::pending_handle);
  watch.pass(1h);
  watch.city.step(no, "return", watch.city.desk, R"({"reason":"no"})");
  watch.city.step(no, "dispatch", watch.city.dispatcher, R"({"unit":"u-street"})");
  watch.pass(10s);
  std::map<std::string, json::object> rows;
  for (const RowPut& row : watch.city.bodies<RowPut>("score.put")) {
    EXPECT_EQ(row.table, "scores");
    rows[row.key] = parse_json(row.doc)->as_object();
  }
  const json::object& district = rows.at("area:500106:2022-08-22");
  EXPECT_EQ(district.at("name").as_string(), "沙坪坝区");
  EXPECT_EQ(district.at("opened").as_int64(), 1);
  EXPECT_EQ(district.at("dispatched").as_int64(), 2);
  EXPECT_EQ(district.at("returned").as_int64(), 1);
  EXPECT_EQ(district.at("due").as_int64(), 1);
  EXPECT_EQ(district.at("on_time").as_int64(), 0);
  EXPECT_EQ(district.at("return_rate").as_object().at("d").as_int64(), 2);
  EXPECT_EQ(district.at("return_rate").as_object().at("value").as_double(), 0.5);
  EXPECT_TRUE(district.at("rework_rate").as_object().at("value").is_null()) << "nothing to divide by";
  EXPECT_TRUE(rows.contains("area:50:2022-08"));
  EXPECT_TRUE(rows.contains("area:500106009:2022-08-22"));
  EXPECT_EQ(rows.at("unit:u-san:2022-08-22").at("returned").as_int64(), 1);
  EXPECT_EQ(rows.at("unit:u-san:2022-08-22").at("due").as_int64(), 0) << "the clock is the other unit's now";
  EXPECT_EQ(rows.at("unit:u-street:2022-08-22").at("due").as_int64(), 1);
  EXPECT_EQ(rows.at("post:dispatcher:2022-08-22").at("dispatched").as_int64(), 2);
  EXPECT_EQ(rows.at("post:acceptor:2022-08-22").at("on_time").as_int64(), 1);
}

TEST(Scores, OnTimeAndOverdueByTheDeadlinesDay) {
  Watch watch;
  const std::string no = watch.city.at(Stage::handle_finish);
  watch.city.step(no, "feedback", watch.city.desk);
  const ScoreKey day{"unit", "u-san", "2022-08-22"};
  const auto count = [&](Count which) {
    const auto row = watch.supervise.scores().find(day);
    return row == watch.supervise.scores().end() ? 0 : row->second[static_cast<std::size_t>(which)];
  };
  EXPECT_EQ(count(Count::due), 1);
  EXPECT_EQ(count(Count::on_time), 1);
  watch.city.step(no, "rework", watch.city.dispatcher, R"({"reason":"no"})");
  EXPECT_EQ(count(Count::on_time), 0) << "the clock goes on";
  EXPECT_EQ(count(Count::rework), 1);
  watch.pass(3h);
  EXPECT_EQ(count(Count::overdue), 1);
  watch.city.step(no, "finish", watch.city.crew, R"({"attachments":[")" + watch.city.picture('b') + R"("]})");
  watch.city.step(no, "feedback", watch.city.desk);
  EXPECT_EQ(count(Count::overdue), 1);
  EXPECT_EQ(count(Count::on_time), 0);

  // An upheld appeal takes it out of the counts; the clock keeps what it showed.
  watch.city.step(no, "feedback", watch.city.dispatcher);
  watch.city.step(no, "check", watch.city.collector);
  watch.city.step(no, "close", watch.city.leader_of_shift, "{}", Agreed{true, true, ""});
  Agreed late;
  late.disposal_missed = disposal_missed(watch.supervise.clocks(no)->shown(), watch.city.now);
  ASSERT_TRUE(late.disposal_missed);
  ASSERT_EQ(watch.city.step(no, "appeal", watch.city.desk, R"({"reason":"flood"})", late).status, 200);
  ASSERT_EQ(watch.city.step(no, "uphold_appeal", watch.city.dispatcher).status, 200);
  EXPECT_EQ(count(Count::overdue), 1) << "one of two has said yes";
  ASSERT_EQ(watch.city.step(no, "uphold_appeal", watch.city.acceptor).status, 200);
  EXPECT_EQ(count(Count::overdue), 0);
  EXPECT_EQ(count(Count::due), 0);
  EXPECT_TRUE(disposal_missed(watch.supervise.clocks(no)->shown(), watch.city.now));
}

TEST(Scores, AnExtensionMovesTheDeadlineAndCountsAndATakenBackCaseIsNoReturn) {
  Watch watch;
  const std::string no = watch.city.at(Stage::handling);
  const auto count = [&](Count which) {
    const auto row = watch.supervise.scores().find(ScoreKey{"unit", "u-san", "2022-08-22"});
    return row == watch.supervise.scores().end() ? 0 : row->second[static_cast<std::size_t>(which)];
  };
  watch.pass(1h);
  ASSERT_EQ(watch.city.step(no, "request_extension", watch.city.desk, R"({"reason":"parts"})").status, 200);
  ASSERT_EQ(watch.city.step(no, "extend", watch.city.dispatcher).status, 200);
  EXPECT_EQ(count(Count::extended), 1);
  watch.pass(2h);
  EXPECT_EQ(count(Count::overdue), 0) << "two hours more";
  ASSERT_EQ(watch.city.step(no, "recall", watch.city.dispatcher, R"({"reason":"other bureau"})").status, 200);
  EXPECT_EQ(count(Count::returned), 0);
  ASSERT_EQ(watch.city.step(no, "dispatch", watch.city.dispatcher, R"({"unit":"u-san"})").status, 200);
  EXPECT_EQ(count(Count::dispatched), 2);
  watch.pass(59min);
  EXPECT_EQ(count(Count::overdue), 0);
  watch.pass(2min);
  EXPECT_EQ(count(Count::overdue), 1) << "four hours of the clock, however often it was handed over";
}

TEST(Scores, ASuspensionStopsTheDisposalClock) {
  Watch watch;
  const std::string no = watch.city.at(Stage::handling);
  const std::string until = format_time(watch.city.now + 30h);
  ASSERT_EQ(watch.city.step(no, "suspend", watch.city.dispatcher, R"({"reason":"r","until":")" + until + "\"}").status, 200);
  watch.pass(29h);
  EXPECT_FALSE(disposal_missed(watch.supervise.clocks(no)->shown(), watch.city.now));
  watch.pass(1h + 1s);
  EXPECT_EQ(watch.city.file(no).stage, Stage::handling) << "resumed by itself";
  watch.pass(2h);
  EXPECT_TRUE(disposal_missed(watch.supervise.clocks(no)->shown(), watch.city.now));
}

// The same numbers once more, from nothing but the events that were told.
class Recount {
 public:
  explicit Recount(const Register& tables) : tables_(tables) {}

  ScoreTable of(const std::vector<Event>& events) {
    std::map<std::string, std::vector<const Case*>> histories;
    std::map<const Case*, std::string> days;
    for (const Event& event : events) {
      if (const auto* file = std::get_if<Case>(&event.body)) {
        histories[file->no].push_back(file);
        days[file] = day(event.at);
      }
    }
    for (const auto& [no, history] : histories) count(history, days);
    return table_;
  }

 private:
  static std::string day(Time time) {
    const std::string date = local_date(time, std::chrono::hours(8));
    return date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6);
  }
  void add(const std::string& object, const std::string& id, const std::string& on, Count count) {
    if (id.empty()) return;
    for (const std::string& period : {on, on.substr(0, 7)})
      ++table_[{object, id, period}][static_cast<std::size_t>(count)];
  }
  void everywhere(const Case& file, const std::string& unit, const std::string& post, const std::string& on,
                  Count count) {
    for (const auto& [code, area] : tables_.areas()) {  // codes are hierarchical
      if (file.area.starts_with(code)) add("area", code, on, count);
    }
    add("unit", unit, on, count);
    add("post", post, on, count);
  }
  void count(const std::vector<const Case*>& history, const std::map<const Case*, std::string>& days) {
    const Case& now = *history.back();
    everywhere(now, "", "acceptor", day(now.opened_at), Count::opened);
    if (now.closed_at) everywhere(now, now.unit, "shift_leader", day(*now.closed_at), Count::closed);
    for (std::size_t i = 1; i < history.size(); ++i) {
      const Case& before = *history[i - 1];
      const Case& after = *history[i];
      const std::string on = days.at(&after);
      const bool sent = before.stage == Stage::pending_dispatch && after.stage == Stage::pending_handle;
      const bool back = before.stage == Stage::pending_handle && after.stage == Stage::pending_dispatch;
      if (sent) everywhere(now, after.unit, "dispatcher", on, Count::dispatched);
      if (back) everywhere(now, before.unit, "dispatcher", on, Count::returned);
      if (after.reworks > before.reworks) everywhere(now, after.unit, "handler", on, Count::rework);
    }
    for (const Clock& clock : now.clocks) {
      if (!clock.deadline) continue;
      const std::string on = day(*clock.deadline);
      const auto term = [&](Count count) {
        const std::string stage(stage_name(clock.stage));
        if (stage == "handling") return everywhere(now, now.unit, "handler", on, count);
        add("post",
            stage == "reported"           ? "acceptor"
            : stage == "pending_dispatch" ? "dispatcher"
                                          : "collector",
            on, count);
      };
      term(Count::due);
      if (clock.stopped && *clock.stopped <= *clock.deadline) term(Count::on_time);
      if (clock.stopped ? *clock.stopped > *clock.deadline : clock.overdue) term(Count::overdue);
    }
  }

  const Register& tables_;
  ScoreTable table_;
};

ScoreTable without_zeros(ScoreTable table) {
  std::erase_if(table, [](const auto& item) { return item.second == ScoreRow{}; });
  return table;
}

TEST(Scores, AreExactlyWhatARecountOfTheEventsGives) {
  std::int64_t reworked = 0, returned = 0, overdue = 0, closed = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Pack pack = gas_pack();
    pack.the_case->auto_dispatch = seed % 2 == 0;
    Watch watch(pack);
    Chance chance(seed);
    const auto pick = [&](std::uint64_t below) { return chance.next() % below; };
    TestCity& city = watch.city;
    const std::string photo = city.picture();
    const Actor street = person("street", {Role::unit_desk, Role::handler}, "u-street", "500106");
    std::set<std::string> reopened;
    for (int i = 0; i < 700; ++i) {
      if (pick(6) == 0) {
        const std::string asset = "t-" + std::to_string(1 + pick(3));
        city.fire(city.alarm("a-" + std::to_string(i), asset, Level::yellow));
      }
      if (pick(8) == 0)
        city.act("report.submit", "", R"({"title":"x","class":"0101","area":"500103"})", city.collector);
      watch.pass(Millis{static_cast<std::int64_t>(pick(2'400'000))});
      const auto cases = city.cases();
      if (cases.empty()) continue;
      const std::string no = cases[pick(cases.size())]->no;
      const Case file = city.file(no);
      const bool ours = file.unit == "u-san";
      switch (file.stage) {
        case Stage::reported:
          city.step(no, pick(3) == 0 ? "verify" : "register", city.acceptor);
          break;
        case Stage::verifying: city.step(no, "verify", city.collector, R"({"result":"confirmed"})"); break;
        case Stage::pending_dispatch:
          if (pick(8) == 0) city.step(no, "return", city.dispatcher, R"({"reason":"r"})");
          else
            city.step(no, "dispatch", city.dispatcher, pick(2) == 0 ? R"({"unit":"u-san"})" : R"({"unit":"u-street"})");
          break;
        case Stage::pending_handle:
          if (pick(4) == 0) city.step(no, "return", ours ? city.desk : street, R"({"reason":"r"})");
          else city.step(no, "accept", ours ? city.crew : street);
          break;
        case Stage::handling:
          city.step(no, "finish", ours ? city.crew : street, R"({"attachments":[")" + photo + R"("]})");
          break;
        case Stage::handle_finish: city.step(no, "feedback", city.dispatcher); break;
        case Stage::checking:
          city.step(no, pick(3) == 0 ? "rework" : "check", city.collector, pick(3) == 0 ? "{}" : R"({"reason":"r"})");
          city.step(no, "check", city.collector);
          break;
        case Stage::pending_close: city.step(no, "close", city.leader_of_shift, "{}", {true, pick(3) != 0, "x"}); break;
        case Stage::closed:
          if (pick(20) == 0 && city.step(no, "reopen", city.leader_of_shift, R"({"reason":"r"})").status == 200)
            reopened.insert(no);
          break;
        default: break;
      }
      for (const Case* open : city.cases()) {  // exactly one clock runs, and their sum is the time open
        const CaseClocks& clocks = *watch.supervise.clocks(open->no);
        int running = 0;
        for (const StageClock& clock : clocks.all()) running += clock.running_since ? 1 : 0;
        ASSERT_EQ(running, is_open(open->stage) ? 1 : 0);
        if (is_open(open->stage) && !reopened.contains(open->no)) {
          ASSERT_EQ(clocks.total(city.now), city.now - open->opened_at);
        }
      }
      if (i % 100 == 0) {
        ASSERT_EQ(without_zeros(watch.supervise.scores()), without_zeros(Recount(city.tables).of(city.events)))
            << "seed " << seed << " step " << i;
        const std::string bytes = encoded(watch.supervise);
        Supervise copy(settings());
        Reader state(bytes);
        copy.decode(state);
        ASSERT_TRUE(state.ok() && state.done());
        ASSERT_EQ(encoded(copy), bytes);
        ASSERT_EQ(copy.next_due(), watch.supervise.next_due());
        watch.supervise = std::move(copy);
      }
    }
    watch.pass(10s);
    const ScoreTable recount = without_zeros(Recount(city.tables).of(city.events));
    EXPECT_EQ(without_zeros(watch.supervise.scores()), recount) << "seed " << seed;
    for (const auto& [key, row] : recount) {
      if (key.object != "area" || key.id != "50") continue;
      reworked += row[static_cast<std::size_t>(Count::rework)];
      returned += row[static_cast<std::size_t>(Count::returned)];
      overdue += row[static_cast<std::size_t>(Count::overdue)];
      closed += row[static_cast<std::size_t>(Count::closed)];
    }
    // What the tables hold is what the rows told last.
    std::map<std::string, std::string> told;
    for (const RowPut& row : city.bodies<RowPut>("score.put")) told[row.key] = row.doc;
    for (const auto& [key, row] : recount) {
      const json::object doc = parse_json(told.at(key.object + ":" + key.id + ":" + key.period))->as_object();
      for (std::size_t i = 0; i < kCounts; ++i) EXPECT_EQ(doc.at(count_name(static_cast<Count>(i))).as_int64(), row[i]);
    }
  }
  EXPECT_GT(std::min({reworked, returned, overdue, closed}), 20) << "the walks must reach all that is counted";
}

}  // namespace
}  // namespace cityloop
