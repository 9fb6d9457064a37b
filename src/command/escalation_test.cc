// SPDX-License-Identifier: Apache-2.0
// What nobody takes up goes to the next receiver: once, in time, by level and area, and across a restart.
#include "command/escalation.h"

#include <gtest/gtest.h>

#include "command/command_fixture.h"

namespace cityloop {
namespace {

using namespace std::chrono_literals;

class Escalate : public testing::Test {
 protected:
  void SetUp() override {
    put("duty", R"({"url":"https://duty.example"})");
    put("chief", R"({"url":"https://chief.example","escalation":{"step":2,"after":"15m"}})");
    put("mayor", R"({"url":"https://mayor.example","at_least":"orange","escalation":{"step":3,"after":"40m"}})");
  }
  void put(const std::string& name, const std::string& body) {
    ASSERT_EQ(city.act("receiver.put", name, body, city.admin).status, 200);
  }
  void pass(Millis time) {
    const Time until = city.now + time;
    while (city.now < until) {
      city.now = std::min(until, std::max(city.now + 1ms, city.command.next_due()));
      city.tick();
    }
  }
  // What the later steps heard, in order: `chief city.case.unaccepted 2`.
  std::vector<std::string> heard() const {
    std::vector<std::string> all;
    std::set<std::string> seen;
    for (const Notice& notice : city.bodies<Notice>())
      if (notice.step > 1 && seen.insert(notice.id).second)
        all.push_back(notice.target + " " + notice.type.substr(5) + " " + std::to_string(notice.step));
    return all;
  }
  void acknowledge(Alarm alarm) {
    alarm.acknowledged = true;
    city.fire(alarm);
  }
  using Lines = std::vector<std::string>;
  TestCity city;
};

TEST_F(Escalate, AnOrderThatNobodyAcceptsGoesUpOncePerStep) {
  const std::string no = city.at(Stage::pending_handle);
  EXPECT_TRUE(heard().empty());
  pass(15min - 1ms);
  EXPECT_TRUE(heard().empty());
  pass(1ms);
  EXPECT_EQ(heard(), Lines{"chief case.unaccepted 2"});
  pass(10h);
  EXPECT_EQ(heard(), Lines{"chief case.unaccepted 2"}) << "once, not every minute; and the mayor wants orange at least";
  EXPECT_TRUE(city.has_entry(no, "notice.escalated"));
  const Notice told = city.bodies<Notice>().back();
  EXPECT_EQ(parse_json(told.data)->at("waited_minutes"), 15);
  EXPECT_EQ(told.subject, no);
}

TEST_F(Escalate, WhatIsAcceptedInTimeStays) {
  const std::string no = city.at(Stage::pending_handle);
  pass(14min);
  ASSERT_EQ(city.step(no, "accept", city.crew).status, 200);
  pass(10h);
  EXPECT_TRUE(heard().empty());
}

TEST_F(Escalate, GivenToAnotherItWaitsAnew) {
  const std::string no = city.at(Stage::pending_handle);
  pass(16min);
  ASSERT_EQ(city.step(no, "return", city.desk, R"({"reason":"not ours"})").status, 200);
  pass(1h);
  EXPECT_EQ(heard().size(), 1u) << "a dispatcher has it";
  ASSERT_EQ(city.step(no, "dispatch", city.dispatcher, R"({"unit":"u-street"})").status, 200);
  pass(16min);
  EXPECT_EQ(heard(), (Lines{"chief case.unaccepted 2", "chief case.unaccepted 2"}));
}

TEST_F(Escalate, SuspendedAndResumedItHasItsTimeAnewAndNobodyHearsTwice) {
  const std::string no = city.at(Stage::pending_handle);
  pass(10min);
  ASSERT_EQ(city.step(no, "suspend", city.dispatcher, R"({"until":")" + format_time(city.now + 2h) + R"(","reason":"road closed"})").status, 200);
  pass(1h);
  EXPECT_TRUE(heard().empty()) << "it waits with leave";
  city.restart();
  ASSERT_EQ(city.step(no, "resume", city.dispatcher).status, 200);
  ASSERT_EQ(city.file(no).stage, Stage::pending_handle);
  pass(14min);
  EXPECT_TRUE(heard().empty());
  pass(1min);
  EXPECT_EQ(heard(), Lines{"chief case.unaccepted 2"});
  ASSERT_EQ(city.step(no, "suspend", city.dispatcher, R"({"until":")" + format_time(city.now + 2h) + R"(","reason":"road closed"})").status, 200);
  ASSERT_EQ(city.step(no, "resume", city.dispatcher).status, 200);
  pass(10h);
  EXPECT_EQ(heard(), Lines{"chief case.unaccepted 2"});
}

TEST_F(Escalate, AnAlarmThatNobodyAcknowledges) {
  Alarm alarm = city.alarm("a-1", "t-1", Level::orange);
  city.fire(alarm);
  pass(15min);
  EXPECT_EQ(heard(), Lines{"chief alarm.unacknowledged 2"});
  pass(25min);
  EXPECT_EQ(heard(), (Lines{"chief alarm.unacknowledged 2", "mayor alarm.unacknowledged 3"}));
  pass(10h);
  EXPECT_EQ(heard().size(), 2u);
}

TEST_F(Escalate, AcknowledgedClearedFalseShelvedOrOnItsWayItIsQuiet) {
  Alarm seen = city.alarm("a-1", "t-1", Level::yellow, "gas/quiet");
  city.fire(seen);
  acknowledge(seen);
  Alarm over = city.alarm("a-2", "t-2", Level::yellow, "gas/quiet");
  city.fire(over);
  city.clear(over);
  Alarm wrong = city.alarm("a-3", "t-3", Level::yellow, "gas/quiet");
  wrong.false_alarm = true;
  city.fire(wrong);
  Alarm later = city.alarm("a-4", "t-3", Level::yellow, "gas/quiet");
  later.shelved_until = city.now + 24h;
  city.fire(later);
  Alarm drill = city.alarm("a-5", "t-3", Level::yellow, "gas/quiet");
  drill.drill = true;
  city.fire(drill);
  pass(10h);
  EXPECT_TRUE(heard().empty());
}

TEST_F(Escalate, ACrewOnItsWayIsAnswerEnough) {
  const Alarm alarm = city.alarm("a-1", "t-1", Level::yellow);
  city.fire(alarm);
  const std::string no = city.cases()[0]->no;
  ASSERT_EQ(city.step(no, "dispatch", city.dispatcher, R"({"unit":"u-san"})").status, 200);
  ASSERT_EQ(city.step(no, "accept", city.crew).status, 200);
  pass(10h);
  EXPECT_TRUE(heard().empty());
  Alarm worse = alarm;
  worse.level = Level::orange;
  city.fire(worse);
  pass(10h);
  EXPECT_TRUE(heard().empty());
}

TEST_F(Escalate, WhenItGrowsWorseThoseWhoWantThatLevelHear) {
  Alarm alarm = city.alarm("a-1", "t-1", Level::yellow, "gas/quiet");
  city.fire(alarm);
  pass(2h);
  EXPECT_EQ(heard(), Lines{"chief alarm.unacknowledged 2"});
  alarm.level = Level::red;
  city.fire(alarm);
  pass(1ms);
  EXPECT_EQ(heard(), (Lines{"chief alarm.unacknowledged 2", "mayor alarm.unacknowledged 3"})) << "it has waited long enough";
}

TEST_F(Escalate, ARestartForgetsNothingAndRepeatsNothing) {
  const std::string no = city.at(Stage::pending_handle);
  city.fire(city.alarm("a-1", "t-3", Level::orange, "gas/quiet"));
  pass(10min);
  city.restart();
  pass(5min);
  EXPECT_EQ(heard().size(), 2u);
  city.restart();
  pass(20min);
  EXPECT_EQ(heard().size(), 2u) << "nobody hears it twice";
  pass(5min);
  EXPECT_EQ(heard().back(), "mayor alarm.unacknowledged 3");
  EXPECT_EQ(heard().size(), 3u);
}

TEST_F(Escalate, AReceiverOfAnotherAreaOrTypeIsLeftAlone) {
  put("chief", R"({"url":"https://chief.example","area":"500103","escalation":{"step":2,"after":"15m"}})");
  put("mayor", R"({"url":"https://mayor.example","types":["city.alarm."],"escalation":{"step":3,"after":"40m"}})");
  city.at(Stage::pending_handle);
  pass(10h);
  EXPECT_TRUE(heard().empty());
}

TEST_F(Escalate, AReceiverThatComesLaterHearsOfWhatStillWaits) {
  ASSERT_EQ(city.act("receiver.delete", "chief", "{}", city.admin).status, 204);
  city.at(Stage::pending_handle);
  pass(1h);
  EXPECT_TRUE(heard().empty());
  put("night", R"({"url":"https://night.example","escalation":{"step":2,"after":"30m"}})");
  pass(1ms);
  EXPECT_EQ(heard(), Lines{"night case.unaccepted 2"});
}

TEST_F(Escalate, AlarmsAreAnnouncedToWhoAsksOnFiringAndOnGrowingWorse) {
  put("sirens", R"({"url":"https://s.example","types":["city.alarm."]})");
  const auto raised = [&] {
    std::size_t count = 0;
    std::set<std::string> seen;
    for (const Notice& notice : city.bodies<Notice>()) {
      count += notice.type == "city.alarm.raised" && seen.insert(notice.id).second ? 1 : 0;
      EXPECT_TRUE(notice.type != "city.alarm.raised" || notice.target == "sirens");
    }
    return count;
  };
  Alarm alarm = city.alarm("a-1", "t-1", Level::yellow);
  city.fire(alarm);
  EXPECT_EQ(raised(), 1u);
  alarm.value = 40;
  city.fire(alarm);
  EXPECT_EQ(raised(), 1u) << "the same level is no news";
  alarm.level = Level::red;
  city.fire(alarm);
  EXPECT_EQ(raised(), 2u);
  alarm.level = Level::yellow;
  city.fire(alarm);
  EXPECT_EQ(raised(), 2u);
  Alarm hushed = city.alarm("a-2", "t-2", Level::red);
  hushed.inhibited_by = "gas/other";
  city.fire(hushed);
  EXPECT_EQ(raised(), 2u);
}

}  // namespace
}  // namespace cityloop
