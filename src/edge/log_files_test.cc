// SPDX-License-Identifier: Apache-2.0
#include "edge/log_files.h"

#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <future>

#include "core/context.h"
#include "edge/checkpoints_files.h"
#include "edge/crc32c.h"
#include "edge/scratch_test.h"

namespace cityloop {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<LogFiles> open_log(const std::string& folder, std::uint64_t segment_bytes = 64 << 10) {
  auto log = LogFiles::create(folder, {.segment_bytes = segment_bytes});
  EXPECT_TRUE(log.has_value()) << log.error().detail;
  return log ? std::move(log).value() : nullptr;
}

void append_and_wait(LogFiles& log, std::uint64_t turn, const std::string& bytes) {
  std::promise<void> synced;
  log.append(turn, bytes, [&] { synced.set_value(); });
  synced.get_future().wait();
}

using Records = std::vector<std::pair<std::uint64_t, std::string>>;

Result<Records> replayed(Log& log, std::uint64_t after = 0) {
  Records records;
  TRY(log.replay(after, [&](std::uint64_t turn, std::string_view bytes) -> Result<void> {
    records.emplace_back(turn, bytes);
    return {};
  }));
  return records;
}

std::vector<std::string> segments(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".seg") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

TEST(Crc32c, KnownAnswersAndBothWays) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);  // the check value of CRC-32C
  EXPECT_EQ(crc32c_by_table("123456789"), 0xE3069283U);
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(crc32c(bytes), crc32c_by_table(bytes));
    EXPECT_EQ(crc32c(std::string_view(bytes).substr(bytes.size() / 3), crc32c(std::string_view(bytes).substr(0, bytes.size() / 3))), crc32c(bytes));
    bytes += static_cast<char>(i * 7);
  }
}

TEST(LogFiles, KeepsRecordsInOrderAcrossStarts) {
  Scratch scratch;
  const std::string folder = scratch / "log";
  std::vector<std::uint64_t> order;
  {
    auto log = open_log(folder);
    EXPECT_TRUE(log->has_room());
    EXPECT_EQ(log->last_turn(), 0u);
    for (std::uint64_t turn = 1; turn <= 500; ++turn) log->append(turn, std::string(turn, 'x'), [&order, turn] { order.push_back(turn); });
  }
  ASSERT_EQ(order.size(), 500u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_GT(segments(folder).size(), 1u);
  auto log = open_log(folder);
  EXPECT_EQ(log->last_turn(), 500u);
  Records records = replayed(*log).value();
  ASSERT_EQ(records.size(), 500u);
  for (std::uint64_t turn = 1; turn <= 500; ++turn) EXPECT_EQ(records[turn - 1].second.size(), turn);
  EXPECT_EQ(replayed(*log, 490).value().size(), 10u);
  append_and_wait(*log, 501, "next");
  EXPECT_EQ(replayed(*log, 499).value().back(), (std::pair<std::uint64_t, std::string>{501, "next"}));
}

TEST(LogFiles, TakesARecordLargerThanASegment) {
  Scratch scratch;
  {
    auto log = open_log(scratch / "log");
    append_and_wait(*log, 1, "small");
    append_and_wait(*log, 2, std::string(300'000, 'b'));
    append_and_wait(*log, 3, "small again");
  }
  auto log = open_log(scratch / "log");
  const Records records = replayed(*log).value();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[1].second, std::string(300'000, 'b'));
}

TEST(LogFiles, CutRecyclesSegmentsAndOldBytesNeverComeBack) {
  Scratch scratch;
  const std::string folder = scratch / "log";
  std::uint64_t turn = 0;
  {
    auto log = open_log(folder, 4096);
    for (int i = 0; i < 300; ++i) append_and_wait(*log, ++turn, "0123456789012345678901234567890123456789");
    EXPECT_GT(log->uncut_bytes(), 300u * 40);
    const std::size_t before = segments(folder).size();
    ASSERT_TRUE(log->cut(turn - 10).has_value());
    EXPECT_LE(log->uncut_bytes(), 10u * 64 + 4096);
    EXPECT_LT(segments(folder).size(), before);
    ASSERT_TRUE(log->cut(turn).has_value());
    EXPECT_EQ(log->uncut_bytes(), 0u);
    for (int i = 0; i < 300; ++i) append_and_wait(*log, ++turn, "new");
  }
  auto log = open_log(folder, 4096);
  EXPECT_EQ(log->last_turn(), 600u);
  for (const auto& [number, bytes] : replayed(*log, 300).value()) EXPECT_EQ(bytes, "new") << number;
}

TEST(LogFiles, AppendsThatWaitTogetherShareASync) {
  Scratch scratch;
  auto log = open_log(scratch / "log", 1 << 20);
  std::promise<void> gate, all;
  log->append(1, "first", [&] { gate.get_future().wait(); });
  for (std::uint64_t turn = 2; turn <= 1000; ++turn) log->append(turn, "x", {});
  log->append(1001, "last", [&] { all.set_value(); });
  gate.set_value();
  all.get_future().wait();
  EXPECT_EQ(log->counters().appends, 1001u);
  EXPECT_LE(log->counters().syncs, 3u);
}

// Power fails while a batch is being written: of its sectors any may be old or new. What was acknowledged before is there, the
// rest is a prefix, and what is written next never mixes with leftovers.
TEST(LogFiles, TornBatchIsCutOff) {
  Scratch scratch;
  const std::string folder = scratch / "log";
  std::string before, after, name;
  {
    auto log = open_log(folder);
    for (std::uint64_t turn = 1; turn <= 9; ++turn) append_and_wait(*log, turn, std::string(100, 'a'));
    std::promise<void> gate, all;
    log->append(10, "ten", [&] { gate.get_future().wait(); });
    while (log->counters().syncs < 10) std::this_thread::yield();
    for (std::uint64_t turn = 11; turn <= 20; ++turn) log->append(turn, std::string(400, static_cast<char>('a' + turn)), {});
    log->append(21, "end", [&] { all.set_value(); });
    name = segments(folder).front();
    before = slurp(name);
    gate.set_value();
    all.get_future().wait();
    after = slurp(name);
  }
  std::size_t lengths = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    Chance chance(seed);
    std::string image = before;
    for (std::size_t at = 0; at < image.size(); at += 512) {
      if (chance.next() % 8 != 0) image.replace(at, 512, after, at, 512);
    }
    spill(name, image);
    std::uint64_t last = 0;
    {
      auto log = open_log(folder);
      ASSERT_NE(log, nullptr) << seed;
      last = log->last_turn();
      ASSERT_GE(last, 10u);
      ASSERT_LE(last, 21u);
      lengths |= std::size_t{1} << last;
      append_and_wait(*log, last + 1, std::string(400, '!'));  // as long as the leftovers
    }
    auto log = open_log(folder);
    const Records records = replayed(*log, last).value();
    ASSERT_EQ(records.size(), 1u) << seed;
    ASSERT_EQ(records[0].second, std::string(400, '!'));
  }
  EXPECT_GT(__builtin_popcountll(lengths), 3);
}

TEST(LogFiles, DamageBehindSyncedRecordsIsCorrupt) {
  Scratch scratch;
  const std::string folder = scratch / "log";
  {
    auto log = open_log(folder, 1 << 20);
    for (std::uint64_t turn = 1; turn <= 20; ++turn) append_and_wait(*log, turn, std::string(100, 'a'));
  }
  const std::string name = segments(folder).front();
  const std::string whole = slurp(name);
  for (const std::size_t turn : {std::size_t{1}, std::size_t{7}, std::size_t{20}}) {  // also the last one: the stop left a mark
    for (const std::size_t inside : {std::size_t{0}, std::size_t{5}, std::size_t{9}, std::size_t{60}}) {
      std::string image = whole;
      image[8 + (turn - 1) * 128 + inside] ^= 0x10;
      spill(name, image);
      auto log = LogFiles::create(folder, {.segment_bytes = 1 << 20});
      ASSERT_FALSE(log.has_value()) << turn << " " << inside;
      EXPECT_EQ(log.error().code, &errors::kCorrupt);
      EXPECT_NE(log.error().detail.find("turn " + std::to_string(turn) + " in " + name + " at offset " + std::to_string(8 + (turn - 1) * 128)), std::string::npos)
          << log.error().detail;
    }
  }
}

TEST(LogFiles, DamageInAnOlderSegmentIsFoundByReplay) {
  Scratch scratch;
  const std::string folder = scratch / "log";
  {
    auto log = open_log(folder, 4096);
    for (std::uint64_t turn = 1; turn <= 200; ++turn) append_and_wait(*log, turn, std::string(100, 'a'));
  }
  const std::string second = segments(folder)[1];
  std::string image = slurp(second);
  image[1000] ^= 1;
  spill(second, image);
  auto log = open_log(folder, 4096);
  EXPECT_EQ(replayed(*log).error().code, &errors::kCorrupt);
  fs::remove(second);
  auto shorter = open_log(folder, 4096);
  EXPECT_EQ(replayed(*shorter).error().code, &errors::kCorrupt);
  spill(segments(folder).back(), "rubbish");
  EXPECT_EQ(LogFiles::create(folder, {.segment_bytes = 4096}).error().code, &errors::kCorrupt);
}

void write_beyond_a_quota() {
  Scratch scratch;
  auto log = open_log(scratch / "log");
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit small{};
  small.rlim_cur = small.rlim_max = 512;
  setrlimit(RLIMIT_FSIZE, &small);
  log->append(1, std::string(4000, 'x'), [] { std::_Exit(0); });
  std::this_thread::sleep_for(std::chrono::seconds(20));
}

TEST(LogFilesDeathTest, AFailedWriteEndsTheProcess) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(write_beyond_a_quota(), testing::ExitedWithCode(3), "the log failed and the program stops");
}

TEST(CheckpointsFiles, KeepsTwoAndFallsBackFromDamage) {
  Scratch scratch;
  const std::string folder = scratch / "checkpoint";
  auto kept = CheckpointsFiles::create(folder).value();
  EXPECT_FALSE(kept->newest().value().has_value());
  for (std::uint64_t turn : {5u, 9u, 1000u}) ASSERT_TRUE(kept->save({turn, 7, "state of " + std::to_string(turn)}).has_value());
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path());
  ASSERT_EQ(names.size(), 2u);
  std::sort(names.begin(), names.end());
  spill(folder + "/00000000000000002000.ckpt.tmp", "half a check");  // a crash while writing
  kept = CheckpointsFiles::create(folder).value();
  auto newest = kept->newest().value();
  EXPECT_EQ(newest->turn, 1000u);
  EXPECT_EQ(newest->step_version, 7u);
  EXPECT_EQ(newest->state, "state of 1000");
  const std::string whole = slurp(names.back());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string image = whole;
    image[at] ^= 4;
    spill(names.back(), image);
    ASSERT_EQ(kept->newest().value()->turn, 9u) << at;
    spill(names.back(), whole.substr(0, at));
    ASSERT_EQ(kept->newest().value()->turn, 9u) << at;
  }
  EXPECT_EQ(kept->damaged(), 2 * whole.size());
}

}  // namespace
}  // namespace cityloop
