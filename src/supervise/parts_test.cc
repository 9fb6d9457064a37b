// SPDX-License-Identifier: Apache-2.0
// The small parts of supervise: limits, stage clocks, the audit chain.
#include <gtest/gtest.h>

#include "core/codec.h"
#include "supervise/audit.h"
#include "supervise/clocks.h"
#include "supervise/limit.h"

namespace cityloop {
namespace {

using namespace std::chrono_literals;

const Time kStart = from_ms(1661148000000);
const StageLimits kLimits = default_stage_limits();
const ClockRules kRules{kLimits};

TEST(Limit, ContinuousUrgentAndWorking) {
  EXPECT_EQ(parse_limit("15m")->length, Millis(15min));
  EXPECT_EQ(parse_limit("1h30m")->length, Millis(90min));
  EXPECT_EQ(parse_limit("2UH")->length, Millis(2h));
  EXPECT_EQ(parse_limit("1UD")->length, Millis(24h));
  EXPECT_EQ(parse_limit("4WH")->length, Millis(4h));
  EXPECT_EQ(parse_limit("2WD")->length, Millis(16h)) << "a working day is eight working hours, not 24";
  for (const char* text : {"4WH", "1WD"}) {
    const auto limit = parse_limit(text);
    ASSERT_TRUE(limit.has_value());
    EXPECT_TRUE(limit->working);
  }
  for (const char* text : {"", "0UH", "-1UD", "2uh", "2 UH", "UH", "2XH", "0s", "soon", "99999WD", "2UHx"}) {
    const auto limit = parse_limit(text);
    ASSERT_FALSE(limit.has_value()) << text;
    EXPECT_EQ(limit.error().code->name, "field.invalid");
  }
}

class ClocksTest : public ::testing::Test {
 protected:
  void enter(Stage stage, Millis after) {
    now += after;
    clocks.enter(stage, now, "2UH", kRules);
  }
  Clock last(Stage stage) const {
    Clock found;
    for (const Clock& clock : clocks.shown()) {
      if (clock.stage == stage) found = clock;
    }
    return found;
  }
  int running() const {
    int count = 0;
    for (const StageClock& clock : clocks.all()) count += clock.running_since ? 1 : 0;
    return count;
  }

  CaseClocks clocks;
  Time now = kStart;
};

TEST_F(ClocksTest, VerificationPausesAcceptance) {
  enter(Stage::reported, 0min);
  EXPECT_EQ(last(Stage::reported).deadline, kStart + 15min);
  enter(Stage::verifying, 5min);
  EXPECT_TRUE(last(Stage::reported).paused);
  EXPECT_EQ(last(Stage::verifying).deadline, now + 30min);
  enter(Stage::reported, 20min);
  EXPECT_FALSE(last(Stage::reported).paused);
  EXPECT_EQ(last(Stage::reported).deadline, now + 10min) << "five of the fifteen were used";
  EXPECT_EQ(clocks.shown().size(), 2u);
  enter(Stage::pending_dispatch, 4min);
  EXPECT_EQ(last(Stage::reported).stopped, now);
}

TEST_F(ClocksTest, DisposalStopsAtHandBackAndGoesOnWithRework) {
  enter(Stage::pending_dispatch, 0min);
  enter(Stage::pending_handle, 10min);
  const Time dispatched = now;
  EXPECT_EQ(last(Stage::handling).deadline, dispatched + 2h);
  enter(Stage::handling, 10min);
  enter(Stage::handle_finish, 40min);
  EXPECT_FALSE(last(Stage::handling).stopped.has_value()) << "the handler's finish is not the department's hand-back";
  enter(Stage::checking, 10min);
  EXPECT_EQ(last(Stage::handling).stopped, dispatched + 1h);
  enter(Stage::handling, 3h);
  EXPECT_FALSE(last(Stage::handling).stopped.has_value());
  EXPECT_EQ(last(Stage::handling).deadline, now + 1h) << "an hour was left";
  EXPECT_EQ(clocks.shown().size(), 3u) << "the same disposal clock";
}

TEST_F(ClocksTest, AReturnPausesDisposalAndRestartsDispatch) {
  enter(Stage::pending_dispatch, 0min);
  enter(Stage::pending_handle, 10min);
  enter(Stage::pending_dispatch, 30min);
  EXPECT_TRUE(last(Stage::handling).paused);
  EXPECT_EQ(last(Stage::pending_dispatch).started, now);
  EXPECT_EQ(last(Stage::pending_dispatch).deadline, now + 15min) << "afresh";
  enter(Stage::pending_handle, 5min);
  EXPECT_FALSE(last(Stage::handling).paused);
  EXPECT_EQ(last(Stage::handling).deadline, now + 90min);
}

TEST_F(ClocksTest, TheSumOfTheClocksIsTheTimeOpen) {
  const Stage way[] = {Stage::reported,       Stage::verifying,     Stage::reported,      Stage::pending_dispatch,
                       Stage::pending_handle, Stage::handling,      Stage::handle_finish, Stage::checking,
                       Stage::handling,       Stage::handle_finish, Stage::checking,      Stage::pending_close};
  for (Stage stage : way) {
    enter(stage, 7min);
    EXPECT_EQ(running(), 1) << stage_name(stage);
    EXPECT_EQ(clocks.total(now + 1min), now + 1min - (kStart + 7min));
  }
  enter(Stage::closed, 7min);
  EXPECT_EQ(running(), 0);
  EXPECT_EQ(clocks.total(now + 5h), now - (kStart + 7min));
  for (const Clock& clock : clocks.shown()) EXPECT_TRUE(clock.stopped.has_value());
}

TEST_F(ClocksTest, AReopenedCaseGetsNewClocks) {
  enter(Stage::pending_dispatch, 0min);
  enter(Stage::pending_handle, 1min);
  enter(Stage::forced_close, 1h);
  enter(Stage::pending_dispatch, 1h);
  enter(Stage::pending_handle, 1min);
  EXPECT_EQ(clocks.shown().size(), 4u);
  EXPECT_EQ(last(Stage::handling).deadline, now + 2h);
}

TEST_F(ClocksTest, WorkingTimeHasNoDeadlineWithoutACalendar) {
  clocks.enter(Stage::pending_handle, now, "1WD", kRules);
  EXPECT_EQ(last(Stage::handling).limit, "1WD");
  EXPECT_EQ(last(Stage::handling).note, "calendar not set");
  EXPECT_FALSE(last(Stage::handling).deadline.has_value());
  EXPECT_FALSE(clocks.next_mark(kRules).has_value());
}

TEST_F(ClocksTest, WithoutALimitAndWithANonsenseOne) {
  clocks.enter(Stage::pending_handle, now, "", kRules);
  EXPECT_EQ(last(Stage::handling).note, "no limit");
  CaseClocks other;
  other.enter(Stage::pending_handle, now, "tomorrow", kRules);
  EXPECT_NE(other.shown()[0].note.find("tomorrow"), std::string::npos);
  CaseClocks set;
  const StageLimits own{{"handling", "4h"}};
  set.enter(Stage::pending_handle, now, "", {own});
  EXPECT_EQ(set.shown()[0].deadline, now + 4h);
}

TEST_F(ClocksTest, RemindersFollowTheTimeUsed) {
  enter(Stage::pending_dispatch, 0min);
  enter(Stage::pending_handle, 1min);
  EXPECT_EQ(clocks.next_mark(kRules)->at, now + 1h);
  EXPECT_EQ(clocks.next_mark(kRules)->percent, 50);
  enter(Stage::pending_dispatch, 30min);
  enter(Stage::pending_handle, 24h);
  EXPECT_EQ(clocks.next_mark(kRules)->at, now + 30min) << "the pause does not count";
  EXPECT_TRUE(clocks.next_mark(kRules)->tells);
  clocks.reach(50);
  EXPECT_EQ(clocks.next_mark(kRules)->at, now + 60min);
  EXPECT_EQ(clocks.next_mark(kRules)->percent, 75);
  EXPECT_FALSE(clocks.next_mark(kRules)->tells) << "due soon is a mark, nobody is called";
  clocks.reach(75);
  EXPECT_TRUE(last(Stage::handling).due_soon);
  EXPECT_EQ(clocks.next_mark(kRules)->at, now + 66min);
  clocks.reach(80);
  EXPECT_EQ(clocks.next_mark(kRules)->at, *last(Stage::handling).deadline);
  clocks.reach(100);
  EXPECT_TRUE(last(Stage::handling).overdue);
  EXPECT_FALSE(last(Stage::handling).due_soon);
  EXPECT_FALSE(clocks.next_mark(kRules).has_value());
}

// ---- audit ----------------------------------------------------------------------------------------------------

const std::string kKey(32, 'k');

std::vector<AuditEntry> chain(int length, AuditHead& head) {
  std::vector<AuditEntry> all;
  for (int i = 0; i < length; ++i) {
    AuditEntry entry;
    entry.at = kStart + Millis{i};
    entry.actor = "user:a";
    entry.action = "case.close";
    entry.subject = std::to_string(i);
    entry.outcome = "ok";
    link_audit(entry, head, kKey);
    all.push_back(entry);
  }
  return all;
}

TEST(Audit, KnownDigest) {  // RFC 4231, test case 2
  EXPECT_EQ(keyed_digest("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Audit, AWholeChainHolds) {
  AuditHead head;
  const auto all = chain(5, head);
  EXPECT_TRUE(verify_chain(all, kKey, head).has_value());
  EXPECT_TRUE(verify_chain({}, kKey, {}).has_value());
  EXPECT_TRUE(verify_chain(std::span(all).subspan(2), kKey, head).has_value()) << "the newest links alone";
  EXPECT_EQ(head.number, 5u);
}

TEST(Audit, EveryTamperingShows) {
  AuditHead head;
  const auto good = chain(5, head);
  const auto breaks = [&](auto change) {
    auto all = good;
    change(all);
    const auto result = verify_chain(all, kKey, head);
    return !result && result.error().code->name == "storage.corrupt";
  };
  EXPECT_TRUE(breaks([](auto& all) { all[2].actor = "user:b"; }));
  EXPECT_TRUE(breaks([](auto& all) { all[2].at += Millis{1}; }));
  EXPECT_TRUE(breaks([](auto& all) { all[2].outcome = "auth.forbidden"; }));
  EXPECT_TRUE(breaks([](auto& all) { all[2].detail = "x"; }));
  EXPECT_TRUE(breaks([](auto& all) {
    all[2].action += all[2].subject;
    all[2].subject = "";
  })) << "moved between fields";
  EXPECT_TRUE(breaks([](auto& all) { all.erase(all.begin() + 2); }));
  EXPECT_TRUE(breaks([](auto& all) { all.pop_back(); })) << "cut off at the end";
  EXPECT_TRUE(breaks([](auto& all) { all.clear(); }));
  EXPECT_TRUE(breaks([](auto& all) { std::swap(all[1], all[2]); }));
  EXPECT_TRUE(breaks([](auto& all) { all[0].previous = "00"; all[0].number = 1; }));
  EXPECT_FALSE(verify_chain(good, std::string(32, 'x'), head).has_value());
  // Two true chains of one key, as a restore makes them: the newer links of one do not follow the older ones of the
  // other.
  AuditHead other;
  AuditEntry first = good[0];
  first.subject = "elsewhere";
  link_audit(first, other, kKey);
  EXPECT_TRUE(breaks([&](auto& all) { all[0] = first; }));
  // Rewritten to its end with a wrong key, it cannot reach the anchored head.
  AuditHead forged;
  std::vector<AuditEntry> rewritten = good;
  for (AuditEntry& entry : rewritten) link_audit(entry, forged, "guess");
  EXPECT_FALSE(verify_chain(rewritten, kKey, head).has_value());
  EXPECT_FALSE(verify_chain(rewritten, "guess", head).has_value());
}

}  // namespace
}  // namespace cityloop
