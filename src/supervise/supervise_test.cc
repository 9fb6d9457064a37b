// SPDX-License-Identifier: Apache-2.0
// Supervise behind a real Command: clocks in the case events, reminders, the calendar, audit entries.
#include <gtest/gtest.h>

#include "core/limits.h"
#include "supervise/watch_test.h"

namespace cityloop {
namespace {

using namespace std::chrono_literals;

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

}  // namespace
}  // namespace cityloop
