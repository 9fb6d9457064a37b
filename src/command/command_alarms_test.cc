// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "command/command_fixture.h"
#include "core/limits.h"

namespace cityloop {
namespace {

TEST(Alarms, OneAlarmOpensOneCaseReadyForDispatch) {
  TestCity city;
  const auto links = city.fire(city.alarm("a-1", "t-1", Level::orange));
  ASSERT_EQ(city.cases().size(), 1u);
  const Case& file = *city.cases()[0];
  EXPECT_EQ(links, (std::vector<Command::Link>{{"a-1", file.no}}));
  EXPECT_EQ(file.stage, Stage::pending_dispatch);
  EXPECT_EQ(file.origin, "alarm:a-1");
  EXPECT_EQ(file.klass.code, "0303");
  EXPECT_EQ(file.pack, "gas");
  EXPECT_EQ(file.limit, "2UH");
  EXPECT_EQ(file.area, "500106009");
  EXPECT_EQ(file.level, Level::orange);
  EXPECT_EQ(file.urgency, Urgency::urgent);
  EXPECT_EQ(file.candidates.size(), 3u);
  EXPECT_TRUE(city.has_entry(file.no, "route.plan"));
  EXPECT_EQ(city.events[1].kind, "case.new");
  // The same alarm again, told with or without its case, is no news.
  EXPECT_TRUE(city.fire(city.alarm("a-1", "t-1", Level::orange)).empty());
  EXPECT_EQ(city.cases().size(), 1u);
  EXPECT_EQ(file.rev, 1u);
}

TEST(Alarms, WhatIsHeldBackOpensNothingAndOpensWhenItIsFree) {
  TestCity city;
  const auto opens = [&](auto change, std::string id) {
    Alarm alarm = city.alarm(std::move(id), "t-1", Level::orange);
    change(alarm);
    city.fire(alarm);
    return !city.cases().empty();
  };
  EXPECT_FALSE(opens([](Alarm& alarm) { alarm.drill = true; }, "a-1"));
  EXPECT_FALSE(opens([](Alarm& alarm) { alarm.inhibited_by = "gas/rise"; }, "a-2"));
  EXPECT_FALSE(opens([&](Alarm& alarm) { alarm.shelved_until = city.now + Millis{1}; }, "a-3"));
  EXPECT_FALSE(opens([](Alarm& alarm) { alarm.false_alarm = true; }, "a-4"));
  EXPECT_FALSE(opens([](Alarm& alarm) { alarm.state = AlarmState::pending; }, "a-5"));
  EXPECT_FALSE(opens([](Alarm& alarm) { alarm.state = AlarmState::cleared; }, "a-6"));
  EXPECT_FALSE(opens([](Alarm& alarm) { alarm.rule = "gas/quiet"; }, "a-7"));
  EXPECT_FALSE(opens([](Alarm& alarm) { alarm.rule = "other/high"; }, "a-8"));
  EXPECT_FALSE(opens([](Alarm& alarm) { alarm.rule = "gas/unknown"; }, "a-9"));
  EXPECT_FALSE(opens([](Alarm& alarm) { alarm.level = Level::blue; }, "a-10")) << "below opens_from";
  EXPECT_TRUE(opens([](Alarm&) {}, "a-10")) << "its level reached opens_from later";
  EXPECT_EQ(city.cases().size(), 1u);
}

TEST(Alarms, AShelvedAlarmOpensWhenTheShelfEnds) {
  TestCity city;
  Alarm alarm = city.alarm("a-1", "t-1", Level::orange);
  alarm.shelved_until = city.now + std::chrono::hours(1);
  city.fire(alarm);
  EXPECT_TRUE(city.cases().empty());
  city.now += std::chrono::hours(1);
  city.fire(alarm);
  EXPECT_EQ(city.cases().size(), 1u);
}

TEST(Alarms, AnotherRuleOfTheAssetJoinsAndTheCaseFollowsTheWorst) {
  TestCity city;
  const Alarm first = city.alarm("a-1", "t-1", Level::yellow);
  city.fire(first);
  const std::string no = city.cases()[0]->no;
  EXPECT_EQ(city.file(no).urgency, Urgency::normal);
  const Alarm second = city.alarm("a-2", "t-1", Level::red, "gas/rise");
  EXPECT_EQ(city.fire(second), (std::vector<Command::Link>{{"a-2", no}}));
  EXPECT_EQ(city.cases().size(), 1u);
  EXPECT_EQ(city.file(no).level, Level::red);
  EXPECT_EQ(city.file(no).urgency, Urgency::very_urgent);
  EXPECT_TRUE(city.has_entry(no, "alarm.joined"));
  city.clear(second);
  EXPECT_EQ(city.file(no).level, Level::yellow);
  EXPECT_EQ(city.file(no).urgency, Urgency::very_urgent) << "urgency does not fall by itself";
  EXPECT_TRUE(city.has_entry(no, "alarm.cleared"));
  city.clear(first);
  EXPECT_EQ(city.file(no).level, Level::none);
  EXPECT_EQ(city.file(no).stage, Stage::pending_dispatch) << "an alarm that clears closes nothing";
  const std::uint64_t rev = city.file(no).rev;
  city.clear(first);
  EXPECT_EQ(city.file(no).rev, rev);
}

TEST(Alarms, AFalseAlarmNoLongerWeighs) {
  TestCity city;
  Alarm alarm = city.alarm("a-1", "t-1", Level::red);
  city.fire(alarm);
  alarm.false_alarm = true;
  alarm.note = "cleaning";
  city.fire(alarm);
  EXPECT_EQ(city.cases()[0]->level, Level::none);
  EXPECT_TRUE(city.has_entry(city.cases()[0]->no, "alarm.false"));
}

TEST(Alarms, ANewEpisodeWhileTheCaseIsOpenAppends) {
  TestCity city;
  const Alarm first = city.alarm("a-1", "t-1", Level::yellow);
  city.fire(first);
  city.clear(first);
  city.fire(city.alarm("a-2", "t-1", Level::yellow));
  ASSERT_EQ(city.cases().size(), 1u);
  EXPECT_EQ(city.cases()[0]->alarms, (std::vector<std::string>{"a-1", "a-2"}));
  city.step(city.cases()[0]->no, "force_close", city.leader, R"({"reason":"done"})");
  city.fire(city.alarm("a-3", "t-1", Level::yellow));
  EXPECT_EQ(city.cases().size(), 2u) << "over is over";
}

TEST(Alarms, ANeighbourJoinsOnlyWhereThePackSaysSo) {
  TestCity city;
  city.fire(city.alarm("a-1", "t-1", Level::yellow));
  city.fire(city.alarm("a-2", "t-2", Level::yellow));
  EXPECT_EQ(city.cases().size(), 2u);

  Pack pack = gas_pack();
  pack.the_case->join_radius_m = 100;
  TestCity joining(pack);
  joining.fire(joining.alarm("a-1", "t-1", Level::yellow));
  joining.fire(joining.alarm("a-2", "t-2", Level::yellow));
  EXPECT_EQ(joining.cases().size(), 1u);
  joining.fire(joining.alarm("a-3", "t-3", Level::yellow));
  EXPECT_EQ(joining.cases().size(), 2u) << "970 m away";
}

TEST(Alarms, ADeadSensorMakesARepairCaseForItsKeeper) {
  Pack pack = gas_pack();
  pack.rules[2].labels["code"] = "9901";
  pack.rules[2].labels["limit"] = "24h";
  TestCity city(pack);
  city.fire(city.alarm("a-1", "t-1", Level::blue, "gas/dead"));
  ASSERT_EQ(city.cases().size(), 1u);
  const Case& repair = *city.cases()[0];
  EXPECT_EQ(repair.klass.type, "monitoring");
  EXPECT_EQ(repair.klass.code, "9901");
  EXPECT_EQ(repair.limit, "24h");
  EXPECT_EQ(repair.pack, "") << "no gas rule governs its closing";
  ASSERT_EQ(repair.candidates.size(), 2u);
  EXPECT_EQ(repair.candidates[0].unit, "u-san");
  EXPECT_EQ(repair.candidates[1].unit, "u-owner");
  city.fire(city.alarm("a-2", "t-1", Level::yellow));
  EXPECT_EQ(city.cases().size(), 2u) << "gas is another matter than the sensor";
}

TEST(Alarms, AutoDispatchSendsToTheFirstWithItsReason) {
  Pack pack = gas_pack();
  pack.the_case->auto_dispatch = true;
  TestCity city(pack);
  city.fire(city.alarm("a-1", "t-1", Level::yellow));
  const Case& file = *city.cases()[0];
  EXPECT_EQ(file.stage, Stage::pending_handle);
  EXPECT_EQ(file.unit, "u-san");
  EXPECT_EQ(file.rev, 2u);
  EXPECT_EQ(city.held(file.no).orders.size(), 1u);
  EXPECT_FALSE(city.timeline(file.no).back().fields.at("because").empty());
  city.step(file.no, "return", city.desk, R"({"reason":"no"})");
  EXPECT_EQ(file.stage, Stage::pending_dispatch) << "given back, a person decides";
}

TEST(Alarms, NobodyKnownLeavesItInTheDispatchPool) {
  Pack pack = gas_pack();
  pack.the_case->auto_dispatch = true;
  pack.the_case->routes = {{Level::none, "unheard-of", "district"}};
  TestCity city(pack);
  city.fire(city.alarm("a-1", "t-1", Level::yellow));
  const Case& file = *city.cases()[0];
  EXPECT_EQ(file.stage, Stage::pending_dispatch);
  EXPECT_TRUE(file.candidates.empty());
  EXPECT_TRUE(city.has_entry(file.no, "route.pool"));
  EXPECT_EQ(city.timeline(file.no).back().fields.at("pool"), "dispatch");
  EXPECT_FALSE(city.timeline(file.no).back().comment.empty());
}

TEST(Alarms, PeopleOpenLinkAndNotify) {
  TestCity city;
  city.act("receiver.put", "duty", R"({"url":"https://duty.example","types":["city.case"]})", city.admin);
  city.fire(city.alarm("a-1", "t-1", Level::blue));
  city.fire(city.alarm("a-3", "t-3", Level::blue));
  EXPECT_EQ(city.act("alarm.open_case", "a-1", "{}", city.collector).status, 403);
  EXPECT_EQ(city.act("alarm.open_case", "a-9", "{}", city.dispatcher).status, 404);
  const Answer opened = city.act("alarm.open_case", "a-1", R"({"reason":"looks bad"})", city.dispatcher);
  EXPECT_EQ(opened.status, 201);
  const std::string no = city.command.known_alarm("a-1")->case_no;
  EXPECT_EQ(city.links, (std::vector<Command::Link>{{"a-1", no}}));
  EXPECT_EQ(city.file(no).origin, "alarm:a-1");
  EXPECT_EQ(city.act("alarm.open_case", "a-1", "{}", city.dispatcher).code, "conflict");
  EXPECT_EQ(city.act("alarm.link", "a-3", R"({"case":"1"})", city.dispatcher).code, "field.invalid");
  EXPECT_EQ(city.act("alarm.link", "a-3", R"({"case":")" + no + R"("})", city.dispatcher).status, 200);
  EXPECT_EQ(city.file(no).alarms.size(), 2u);
  EXPECT_EQ(city.act("alarm.notify", "a-1", R"({"receiver":"nobody"})", city.leader).code, "field.invalid");
  EXPECT_EQ(city.act("alarm.notify", "a-1", R"({"receiver":"duty"})", city.leader).status, 201);
  EXPECT_EQ(city.bodies<Notice>().back().type, "city.alarm.notify");
  EXPECT_EQ(city.bodies<Notice>().back().id, "a-1:1");

  // Its case was cancelled, the alarm holds: opening again is possible and takes another origin.
  city.step(no, "cancel", city.leader_of_shift, R"({"reason":"wrong"})");
  EXPECT_EQ(city.act("alarm.open_case", "a-1", "{}", city.dispatcher).status, 201);
  EXPECT_NE(city.file(city.command.known_alarm("a-1")->case_no).origin, "alarm:a-1");
}

TEST(Alarms, OverAndSeenTheyAreForgotten) {
  TestCity city;
  Alarm alarm = city.alarm("a-1", "t-1", Level::blue);
  city.fire(alarm);
  alarm.acknowledged = true;
  city.clear(alarm);
  EXPECT_EQ(city.command.known_alarm("a-1"), nullptr);
  city.clear(city.alarm("a-2", "t-1", Level::blue));
  EXPECT_NE(city.command.known_alarm("a-2"), nullptr) << "nobody has seen it";
  city.now += limits::kClosedCaseKept + std::chrono::hours(2);
  city.tick();
  EXPECT_EQ(city.command.known_alarm("a-2"), nullptr);
}

}  // namespace
}  // namespace cityloop
