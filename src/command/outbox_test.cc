// SPDX-License-Identifier: Apache-2.0
#include "command/outbox.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "command/command_fixture.h"
#include "core/limits.h"

namespace cityloop {
namespace {

class OutboxTest : public ::testing::Test {
 protected:
  void SetUp() override { put("duty", "", {"city.case"}); }
  void put(const std::string& name, const std::string& area = "", std::vector<std::string> types = {},
           std::vector<QuietHours> quiet = {}) {
    Receiver receiver;
    receiver.name = name;
    receiver.target = "https://" + name + ".example";
    receiver.area = area;
    receiver.types = std::move(types);
    receiver.quiet = std::move(quiet);
    put(std::move(receiver));
  }
  void put(Receiver receiver) {
    Context context = city.context();
    outbox.put_receiver(std::move(receiver), context);
  }
  void post(const std::string& subject, const std::string& type = "city.case.new", const std::string& area = "500106",
            Level level = Level::none) {
    Context context = city.context();
    outbox.post({subject, area, type, "{}", level}, context);
  }
  void fail(const std::string& id, Millis retry_after, bool final = false) {
    Context context = city.context();
    outbox.result({id, false, "503", city.now, retry_after, final}, context);
  }
  Result<Notice> receipt(const std::string& id, std::string_view state) {
    Context context = city.context();
    return outbox.receipt(id, state, "token:gate", "said so", context);
  }
  void result(const std::string& id, bool delivered) {
    Context context = city.context();
    outbox.result({id, delivered, delivered ? "200" : "connection refused", city.now, Millis{0}, false}, context);
  }
  std::vector<std::string> due() const {
    std::vector<std::string> ids;
    for (const Notice& notice : outbox.due(city.now)) ids.push_back(notice.id);
    return ids;
  }
  Notice last() const { return city.bodies<Notice>().back(); }

  TestCity city;
  Outbox outbox;
};

TEST_F(OutboxTest, ReceiversHearWhatTheirAreaAndTypesCover) {
  put("elsewhere", "500103");
  put("closings", "500106", {"city.case.closed"});
  post("c1");
  ASSERT_EQ(city.bodies<Notice>().size(), 1u);
  EXPECT_EQ(last().target, "duty");
  EXPECT_EQ(last().id, "c1:1");
  EXPECT_EQ(last().state, "waiting");
  post("c1", "city.case.closed");
  EXPECT_EQ(city.bodies<Notice>().size(), 3u);
  post("c1", "city.alarm.notify");
  EXPECT_EQ(city.bodies<Notice>().size(), 3u) << "duty asked for cases only";
}

TEST_F(OutboxTest, OnlyTheHeadOfASubjectIsInFlight) {
  post("c1");
  post("c1", "city.case.dispatched");
  post("c2");
  EXPECT_EQ(due(), (std::vector<std::string>{"c1:1", "c2:1"}));
  result("c1:2", true);
  EXPECT_EQ(due(), (std::vector<std::string>{"c1:1", "c2:1"})) << "a result out of turn is nobody's";
  result("c1:1", true);
  EXPECT_EQ(due(), (std::vector<std::string>{"c1:2", "c2:1"}));
  EXPECT_EQ(last().id, "c1:2") << "its release is made known";
  result("c1:1", false);
  EXPECT_EQ(due(), (std::vector<std::string>{"c1:2", "c2:1"})) << "answered twice";
}

TEST_F(OutboxTest, ADeadReceiverHoldsUpNobodyElse) {
  put("dead");
  post("c1");
  post("c1", "city.case.dispatched");
  for (const Notice& notice : outbox.due(city.now)) result(notice.id, notice.target == "duty");
  ASSERT_EQ(outbox.due(city.now).size(), 1u);
  EXPECT_EQ(outbox.due(city.now)[0].target, "duty");
}

TEST_F(OutboxTest, FailuresBackOffUpToTheCapAndEndWithTheReceiversPatience) {
  Receiver patient = *outbox.receiver("duty");
  patient.give_up_after = std::chrono::hours(2);
  put(patient);
  post("c1");
  post("c1", "city.case.dispatched");
  const Time made = city.now;
  Millis before{0};
  int attempt = 1;
  for (;; ++attempt) {
    result("c1:1", false);
    bool over = false;
    for (const Notice& notice : city.bodies<Notice>()) over = over || (notice.id == "c1:1" && notice.state == "failed");
    if (over) break;
    const Notice notice = last();
    ASSERT_EQ(notice.id, "c1:1");
    ASSERT_EQ(notice.attempts, attempt);
    ASSERT_TRUE(notice.next_attempt.has_value());
    const Millis wait = *notice.next_attempt - city.now;
    EXPECT_LE(wait, limits::kNoticeBackoffMost);
    if (attempt == 1) {
      EXPECT_GE(wait, Millis{750});
      EXPECT_LE(wait, Millis{1000});
    }
    if (attempt < 10) {
      EXPECT_GT(wait, before) << "attempt " << attempt;
    }
    before = wait;
    EXPECT_TRUE(due().empty());
    city.now += wait;
    EXPECT_EQ(due(), std::vector<std::string>{"c1:1"});
    ASSERT_LT(attempt, 100);
  }
  EXPECT_GT(attempt, 15);
  EXPECT_LE(city.now, made + std::chrono::hours(2)) << "not tried beyond the receiver's time";
  EXPECT_GT(city.now, made + std::chrono::hours(2) - limits::kNoticeBackoffMost);
  EXPECT_EQ(due(), std::vector<std::string>{"c1:2"}) << "the next goes";
  Context context = city.context();
  EXPECT_TRUE(outbox.retry("c1:1", context));
  EXPECT_FALSE(outbox.retry("c1:1", context)) << "it waits already";
  result("c1:2", true);
  EXPECT_EQ(due(), std::vector<std::string>{"c1:1"});
  EXPECT_EQ(last().attempts, 0);
  result("c1:1", false);
  EXPECT_EQ(last().state, "waiting") << "sent again it has all its time again";
}

TEST_F(OutboxTest, AReceiverThatAsksForRestGetsIt) {
  post("c1");
  fail("c1:1", std::chrono::minutes(5));
  EXPECT_EQ(last().next_attempt, city.now + std::chrono::minutes(5));
  city.now += std::chrono::minutes(5);
  fail("c1:1", std::chrono::hours(20));
  EXPECT_EQ(last().next_attempt, city.now + limits::kNoticeRetryAfterMost) << "but not for ever";
  city.now += std::chrono::hours(1);
  fail("c1:1", Millis{1});
  EXPECT_GE(*last().next_attempt, city.now + std::chrono::seconds(3)) << "never less than the back-off";
}

TEST_F(OutboxTest, WhatCannotHelpIsNotTriedAgain) {
  post("c1");
  post("c1", "city.case.closed");
  fail("c1:1", Millis{0}, true);
  EXPECT_EQ(outbox.known("c1:1")->state, "failed");
  EXPECT_EQ(due(), std::vector<std::string>{"c1:2"});
}

TEST_F(OutboxTest, LevelsBelowWhatAReceiverAskedForAreNotSent) {
  Receiver grave = *outbox.receiver("duty");
  grave.least = Level::orange;
  put(grave);
  post("c1", "city.case.new", "500106", Level::yellow);
  EXPECT_TRUE(due().empty());
  post("c1", "city.case.new", "500106", Level::orange);
  EXPECT_EQ(due().size(), 1u);
}

TEST_F(OutboxTest, ReceiversOfALaterStepHearNothingAtOnce) {
  Receiver chief = *outbox.receiver("duty");
  chief.name = "chief";
  chief.step = 2;
  put(chief);
  post("c1");
  for (const Notice& notice : city.bodies<Notice>()) EXPECT_EQ(notice.target, "duty");
}

class QuietOutboxTest : public OutboxTest {
 protected:
  void SetUp() override {
    put("duty", "", {}, {{Level::red, 22 * 60, 7 * 60}});
    city.now = parse_time("2022-08-22T23:00:00+08:00").value();
  }
  const Time morning = parse_time("2022-08-23T07:00:00+08:00").value();
};

TEST_F(QuietOutboxTest, HoldsWhatCanWaitUntilTheMorningInOrder) {
  post("c1", "city.case.new", "500106", Level::orange);
  post("c1", "city.case.dispatched", "500106", Level::orange);
  EXPECT_TRUE(due().empty());
  EXPECT_EQ(outbox.known("c1:1")->held_until, morning);
  EXPECT_EQ(outbox.next_due(), morning);
  city.now = morning - Millis{1};
  EXPECT_TRUE(due().empty());
  city.now = morning;
  EXPECT_EQ(due(), std::vector<std::string>{"c1:1"});
  result("c1:1", true);
  EXPECT_EQ(due(), std::vector<std::string>{"c1:2"});
  EXPECT_FALSE(last().held_until);
}

TEST_F(QuietOutboxTest, RedGoesAtOnceAndTakesAlongWhatWaitsBeforeIt) {
  post("c1", "city.case.new", "500106", Level::orange);
  post("c2", "city.case.new", "500106", Level::orange);
  EXPECT_TRUE(due().empty());
  post("c1", "city.case.dispatched", "500106", Level::red);
  EXPECT_EQ(due(), std::vector<std::string>{"c1:1"}) << "order holds; the other case sleeps on";
  result("c1:1", true);
  EXPECT_EQ(due(), std::vector<std::string>{"c1:2"});
  result("c1:2", true);
  EXPECT_TRUE(due().empty());
}

TEST_F(QuietOutboxTest, ARetryDoesNotRingAtNight) {
  city.now = parse_time("2022-08-22T21:59:59.900+08:00").value();
  post("c1", "city.case.new", "500106", Level::yellow);
  EXPECT_EQ(due(), std::vector<std::string>{"c1:1"});
  result("c1:1", false);
  EXPECT_EQ(last().next_attempt, morning);
  EXPECT_EQ(last().held_until, morning);
  post("c1", "city.case.dispatched", "500106", Level::red);
  EXPECT_EQ(due(), std::vector<std::string>{"c1:1"});
}

TEST_F(QuietOutboxTest, TheTimeItIsTriedForBeginsWhenItMayGo) {
  Receiver duty = *outbox.receiver("duty");
  duty.give_up_after = std::chrono::minutes(30);
  put(duty);
  post("c1");
  EXPECT_EQ(outbox.known("c1:1")->give_up_at, morning + std::chrono::minutes(30));
}

TEST_F(QuietOutboxTest, QuietHoursTakenAwayLetItGo) {
  post("c1");
  EXPECT_TRUE(due().empty());
  put("duty");
  EXPECT_EQ(due(), std::vector<std::string>{"c1:1"});
}

TEST_F(OutboxTest, ALongDeadReceiverDoesNotFillTheAnswerAndWhoWaitsLongestIsFirst) {
  put("dead");
  for (int i = 0; i < 200; ++i) post("c" + std::to_string(i), "city.alarm.notify");
  city.now += Millis{1};
  post("z");
  city.now += Millis{1};
  const std::vector<Notice> offered = outbox.due(city.now);
  EXPECT_EQ(offered.size(), limits::kNoticesOffered + 1) << "64 of the dead one";
  EXPECT_EQ(std::ranges::count(offered, "duty", &Notice::target), 1);
  EXPECT_TRUE(std::ranges::is_sorted(offered, {}, [](const Notice& one) { return *one.next_attempt; }));
}

TEST_F(OutboxTest, ReceiptsOnlyRise) {
  post("c1");
  Context context = city.context();
  outbox.result({"c1:1", true, "200", city.now, Millis{0}, false}, context);
  const Time sent = city.now;
  city.now += std::chrono::minutes(1);
  EXPECT_EQ(receipt("c1:1", "delivered")->state, "delivered");
  EXPECT_EQ(last().delivered_at, city.now);
  EXPECT_EQ(last().sent_at, sent);
  city.now += std::chrono::minutes(1);
  EXPECT_EQ(receipt("c1:1", "read")->state, "read");
  EXPECT_EQ(last().read_at, city.now);
  EXPECT_EQ(last().receipt_by, "token:gate");
  const std::size_t told = city.bodies<Notice>().size();
  EXPECT_EQ(receipt("c1:1", "delivered")->state, "read") << "a late word takes nothing back";
  EXPECT_EQ(receipt("c1:1", "failed")->state, "read");
  EXPECT_EQ(receipt("c1:1", "read")->state, "read");
  EXPECT_EQ(city.bodies<Notice>().size(), told) << "and nothing is told twice";
  EXPECT_FALSE(receipt("c9:1", "read").has_value());
}

TEST_F(OutboxTest, AReceiptProvesWhatTheLostAnswerDidNot) {
  post("c1");
  post("c1", "city.case.closed");
  EXPECT_FALSE(receipt("c1:2", "read").has_value()) << "never sent";
  result("c1:1", false);  // it took the notice and the answer was lost
  ASSERT_TRUE(receipt("c1:1", "read").has_value());
  EXPECT_EQ(outbox.known("c1:1")->state, "read");
  EXPECT_EQ(due(), std::vector<std::string>{"c1:2"}) << "the next goes, the first is not sent again";
  result("c1:1", true);
  EXPECT_EQ(outbox.known("c1:1")->state, "read") << "an answer that comes late changes nothing";
}

TEST_F(OutboxTest, AGatewayThatTakesItBackMakesItFailed) {
  post("c1");
  result("c1:1", true);
  EXPECT_EQ(receipt("c1:1", "failed")->state, "failed");
  EXPECT_EQ(last().last_error, "said so");
  EXPECT_FALSE(receipt("c1:1", "read").has_value());
  Context context = city.context();
  EXPECT_TRUE(outbox.retry("c1:1", context));
  EXPECT_EQ(due(), std::vector<std::string>{"c1:1"});
  result("c1:1", true);
  EXPECT_EQ(receipt("c1:1", "read")->state, "read");
}

TEST_F(OutboxTest, SentOnesAreKeptForTheirReceiptsWithinABound) {
  for (std::size_t i = 0; i < limits::kNoticesKept + 1; ++i) {
    const std::string subject = "c" + std::to_string(i);
    post(subject);
    result(subject + ":1", true);
  }
  EXPECT_EQ(outbox.known("c0:1"), nullptr);
  ASSERT_NE(outbox.known("c1:1"), nullptr);
  outbox.forget_before(city.now + Millis{1});
  EXPECT_EQ(outbox.known("c1:1"), nullptr);
  EXPECT_EQ(outbox.waiting(), 0u);
}

TEST_F(OutboxTest, HeldAfterARestore) {
  post("c1");
  outbox.hold(true);
  EXPECT_TRUE(due().empty());
  EXPECT_EQ(outbox.next_due(), Time::max());
  outbox.hold(false);
  EXPECT_EQ(due(), std::vector<std::string>{"c1:1"});
}

TEST_F(OutboxTest, StateSurvivesAndForgedStateIsRefused) {
  post("c0");
  result("c0:1", true);
  post("c1");
  post("c1", "city.case.closed");
  const std::string bytes = encoded(outbox);
  Outbox copy;
  Reader in(bytes);
  copy.decode(in);
  EXPECT_TRUE(in.ok() && in.done());
  EXPECT_EQ(encoded(copy), bytes);
  Outbox broken;
  std::string cut = bytes;
  const std::size_t at = cut.find("c1:1", cut.find("c1:2") + 4);  // in the queue
  ASSERT_NE(at, std::string::npos);
  cut[at + 3] = '9';
  Reader forged(cut);
  broken.decode(forged);
  EXPECT_FALSE(forged.ok());
}

}  // namespace
}  // namespace cityloop
