// SPDX-License-Identifier: Apache-2.0
#include "command/outbox.h"

#include <gtest/gtest.h>

#include "command/command_fixture.h"
#include "core/limits.h"

namespace cityloop {
namespace {

class OutboxTest : public ::testing::Test {
 protected:
  void SetUp() override { outbox.put_receiver({"duty", "https://duty.example/hook", "", {"city.case"}}); }
  void post(const std::string& subject, const std::string& type = "city.case.new", const std::string& area = "500106") {
    Context context = city.context();
    outbox.post(subject, area, type, "{}", context);
  }
  void result(const std::string& id, bool delivered) {
    Context context = city.context();
    outbox.result({id, delivered, delivered ? "200" : "connection refused", city.now}, context);
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
  outbox.put_receiver({"elsewhere", "https://e.example", "500103", {}});
  outbox.put_receiver({"closings", "https://c.example", "500106", {"city.case.closed"}});
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
  outbox.put_receiver({"dead", "https://dead.example", "", {}});
  post("c1");
  post("c1", "city.case.dispatched");
  for (const Notice& notice : outbox.due(city.now)) result(notice.id, notice.target == "duty");
  ASSERT_EQ(outbox.due(city.now).size(), 1u);
  EXPECT_EQ(outbox.due(city.now)[0].target, "duty");
}

TEST_F(OutboxTest, FailuresBackOffUpToTheCapAndEndAfterTwenty) {
  post("c1");
  post("c1", "city.case.dispatched");
  Millis before{0};
  for (int attempt = 1; attempt < limits::kNoticeAttempts; ++attempt) {
    result("c1:1", false);
    const Notice notice = last();
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
  }
  result("c1:1", false);
  EXPECT_EQ(due(), std::vector<std::string>{"c1:2"}) << "the next goes";
  bool failed = false;
  for (const Notice& notice : city.bodies<Notice>())
    failed = failed || (notice.id == "c1:1" && notice.state == "failed");
  EXPECT_TRUE(failed);
  Context context = city.context();
  EXPECT_TRUE(outbox.retry("c1:1", context));
  EXPECT_FALSE(outbox.retry("c1:1", context)) << "it waits already";
  result("c1:2", true);
  EXPECT_EQ(due(), std::vector<std::string>{"c1:1"});
  EXPECT_EQ(last().attempts, 0);
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
