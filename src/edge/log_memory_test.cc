// SPDX-License-Identifier: Apache-2.0
#include "edge/log_memory.h"

#include <gtest/gtest.h>

namespace cityloop {
namespace {

std::vector<std::uint64_t> turns(Log& log, std::uint64_t after = 0) {
  std::vector<std::uint64_t> seen;
  const auto outcome = log.replay(after, [&](std::uint64_t turn, std::string_view) -> Result<void> {
    seen.push_back(turn);
    return {};
  });
  EXPECT_TRUE(outcome.has_value());
  return seen;
}

TEST(LogMemory, CompletesAtOnceOrWhenTold) {
  LogMemory at_once;
  int done = 0;
  at_once.append(1, "a", [&] { ++done; });
  EXPECT_EQ(done, 1);

  LogMemory told(LogMemory::Syncs::when_told);
  std::vector<int> order;
  for (int i = 1; i <= 3; ++i) told.append(static_cast<std::uint64_t>(i), "x", [&order, i] { order.push_back(i); });
  EXPECT_EQ(told.waiting(), 3u);
  told.sync_some(1);
  EXPECT_EQ(order, (std::vector<int>{1}));
  told.sync();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(LogMemory, PowerLossKeepsWhatWasSyncedAndAPrefixOfTheRest) {
  bool lost_all = false, kept_some = false;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Chance chance(seed);
    LogMemory log(LogMemory::Syncs::when_told);
    int done = 0;
    for (std::uint64_t turn = 1; turn <= 5; ++turn) log.append(turn, std::to_string(turn), [&] { ++done; });
    log.sync_some(2);
    log.drop_unsynced(chance);
    EXPECT_EQ(done, 2);
    const auto left = turns(log);
    ASSERT_GE(left.size(), 2u);
    for (std::size_t i = 0; i < left.size(); ++i) EXPECT_EQ(left[i], i + 1);
    lost_all |= left.size() == 2;
    kept_some |= left.size() > 2;
    log.append(left.size() + 1, "next", [&] { ++done; });  // the torn record is overwritten
    log.sync();
    EXPECT_EQ(done, 3);
    EXPECT_EQ(turns(log).size(), left.size() + 1);
  }
  EXPECT_TRUE(lost_all);
  EXPECT_TRUE(kept_some);
}

TEST(LogMemory, CutForgetsAndCountsBytes) {
  LogMemory log;
  for (std::uint64_t turn = 1; turn <= 4; ++turn) log.append(turn, "12345", [] {});
  EXPECT_EQ(log.uncut_bytes(), 20u);
  ASSERT_TRUE(log.cut(3).has_value());
  EXPECT_EQ(log.uncut_bytes(), 5u);
  EXPECT_EQ(turns(log), (std::vector<std::uint64_t>{4}));
  Chance chance(1);
  log.drop_unsynced(chance);  // nothing waits
  log.append(5, "x", [] {});
  EXPECT_EQ(turns(log, 4), (std::vector<std::uint64_t>{5}));
}

TEST(LogMemory, DamageIsReported) {
  LogMemory log;
  for (std::uint64_t turn = 1; turn <= 3; ++turn) log.append(turn, "x", [] {});
  log.damage(2);
  const auto outcome = log.replay(0, [](std::uint64_t, std::string_view) -> Result<void> { return {}; });
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code, &errors::kCorrupt);
}

TEST(CheckpointsMemory, KeepsTwoAndFallsBack) {
  CheckpointsMemory kept;
  EXPECT_FALSE(kept.newest().value().has_value());
  for (std::uint64_t turn = 1; turn <= 3; ++turn) ASSERT_TRUE(kept.save({turn, 7, "state"}).has_value());
  EXPECT_EQ(kept.newest().value()->turn, 3u);
  kept.damage_newest();
  EXPECT_EQ(kept.newest().value()->turn, 2u);
  kept.damage_newest();
  EXPECT_FALSE(kept.newest().value().has_value());
}

}  // namespace
}  // namespace cityloop
