// SPDX-License-Identifier: Apache-2.0
#include "edge/backup.h"

#include <atomic>
#include <future>
#include <thread>

#include "edge/attachments.h"
#include "edge/checkpoints_files.h"
#include "edge/history_rocks.h"
#include "edge/journal_cases_test.h"
#include "edge/journal_sqlite.h"
#include "edge/scratch_test.h"

namespace cityloop {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;
using journal_cases::batch, journal_cases::row;

constexpr FolderVersion kOurs{"0.2.0", 2, 1};

// The four stores of one folder, turned as a city turns them: Log, then Journal and History.
struct City {
  explicit City(const std::string& path) {
    folder = DataFolder::open(path, kOurs).value();
    log = LogFiles::create(folder->log(), {.segment_bytes = 4096}).value();
    checkpoints = CheckpointsFiles::create(folder->checkpoint()).value();
    journal = JournalSqlite::create(folder->journal(), journal_cases::specs()).value();
    history = HistoryRocks::create(folder->history()).value();
    attachments = Attachments::create(folder->path()).value();
  }
  void turn(std::uint64_t number) {
    std::promise<void> synced;
    log->append(number, "turn " + std::to_string(number) + std::string(100, '.'), [&] { synced.set_value(); });
    synced.get_future().wait();
    ASSERT_TRUE(journal->commit({batch(number, {row("k" + std::to_string(number), {})})}).has_value());
    const std::vector<PointSample> samples{{1, {from_ms(static_cast<std::int64_t>(number)), Decimal{7, 0}, Quality::good}}};
    ASSERT_TRUE(history->append(number, samples, {}).has_value());
  }
  void checkpoint(std::uint64_t number) {
    ASSERT_TRUE(history->flush().has_value());
    ASSERT_TRUE(journal->sync().has_value());
    ASSERT_TRUE(checkpoints->save({number, 2, "state"}).has_value());
    ASSERT_TRUE(log->cut(number).has_value());
  }
  std::unique_ptr<DataFolder> folder;
  std::unique_ptr<LogFiles> log;
  std::unique_ptr<CheckpointsFiles> checkpoints;
  std::unique_ptr<JournalSqlite> journal;
  std::unique_ptr<HistoryRocks> history;
  std::unique_ptr<Attachments> attachments;
};

const std::string kPng = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0\x3a\x7e\x9b\x55\0\0\0\nIDAT\x78\x9c\x63\x60\0\0\0\2\0\1\x48\xaf\xa4\x71\0\0\0\0IEND\xae\x42\x60\x82"s;

TEST(Backup, RestoresACityThatWentOnMeanwhile) {
  const Scratch scratch;
  City city(scratch / "city");
  ASSERT_TRUE(city.folder->stamp().has_value());
  const std::string picture = city.attachments->keep(kPng, "user:a", from_ms(1)).value().id;
  for (std::uint64_t number = 1; number <= 60; ++number) city.turn(number);
  city.checkpoint(50);
  std::atomic<bool> stop = false;
  std::thread going([&] {
    for (std::uint64_t number = 61; !stop; ++number) {
      city.turn(number);
      if (number % 50 == 0) city.checkpoint(number);
    }
  });
  const auto made = backup_city(*city.folder, *city.journal, *city.history, *city.log, scratch / "copy", from_ms(5));
  stop = true;
  going.join();
  ASSERT_TRUE(made.has_value()) << made.error().detail;
  EXPECT_EQ(check_backup(scratch / "copy").value().files, made->files);
  EXPECT_EQ(backup_city(*city.folder, *city.journal, *city.history, *city.log, scratch / "copy", from_ms(5)).error().code, &errors::kConflict);
  const std::string epoch = city.journal->head().value().epoch;

  const auto restored = restore_city(scratch / "copy", scratch / "again", from_ms(9));
  ASSERT_TRUE(restored.has_value()) << restored.error().detail;
  City again(scratch / "again");
  EXPECT_TRUE(again.folder->is_restored());
  EXPECT_EQ(again.folder->keys().personal, city.folder->keys().personal);
  EXPECT_EQ(again.folder->found()->program, "0.2.0");
  EXPECT_EQ(again.attachments->read(picture).value().bytes, kPng);
  const JournalHead head = again.journal->head().value();
  EXPECT_NE(head.epoch, epoch);
  EXPECT_EQ(head.turn, restored->turn);
  // from the checkpoint on the log is whole, at least as far as Journal and History
  const Checkpoint checkpoint = again.checkpoints->newest().value().value();
  EXPECT_GE(checkpoint.turn, 50u);
  EXPECT_GE(head.turn, checkpoint.turn);
  EXPECT_GE(again.history->seen_turn(), checkpoint.turn);
  EXPECT_GE(again.log->last_turn(), head.turn);
  EXPECT_GE(again.log->last_turn(), again.history->seen_turn());
  std::uint64_t next = checkpoint.turn + 1;
  ASSERT_TRUE(again.log->replay(checkpoint.turn, [&](std::uint64_t number, std::string_view) -> Result<void> {
    EXPECT_EQ(number, next++);
    return {};
  }).has_value());
  EXPECT_EQ(next, again.log->last_turn() + 1);
  again.turn(next);
  ASSERT_TRUE(again.folder->release_restored().has_value());
  EXPECT_FALSE(again.folder->is_restored());
}

TEST(Backup, ChecksEveryFileBeforeItRestores) {
  const Scratch scratch;
  {
    City city(scratch / "city");
    for (std::uint64_t number = 1; number <= 5; ++number) city.turn(number);
    city.checkpoint(5);
    ASSERT_TRUE(backup_city(*city.folder, *city.journal, *city.history, *city.log, scratch / "copy", from_ms(5)).has_value());
  }
  EXPECT_EQ(restore_city(scratch / "copy", scratch / "city", from_ms(9)).error().code, &errors::kConflict);
  EXPECT_EQ(restore_city(scratch / "nowhere", scratch / "new", from_ms(9)).error().code, &errors::kUsage);
  const std::string manifest = slurp(scratch / "copy/manifest.json");
  const std::string journal = slurp(scratch / "copy/journal.db");
  std::string rotten = journal;
  rotten[rotten.size() / 2] ^= 1;
  spill(scratch / "copy/journal.db", rotten);
  EXPECT_EQ(check_backup(scratch / "copy").error().code, &errors::kCorrupt);
  EXPECT_EQ(restore_city(scratch / "copy", scratch / "new", from_ms(9)).error().code, &errors::kCorrupt);
  fs::remove(scratch / "copy/journal.db");
  EXPECT_EQ(check_backup(scratch / "copy").error().code, &errors::kCorrupt);
  spill(scratch / "copy/journal.db", journal);
  ASSERT_TRUE(check_backup(scratch / "copy").has_value());

  std::string outside = manifest;
  outside.replace(outside.find("journal.db"), 10, "../journal");
  spill(scratch / "copy/manifest.json", outside);
  EXPECT_EQ(check_backup(scratch / "copy").error().code, &errors::kCorrupt);
  spill(scratch / "copy/manifest.json", "{}");
  EXPECT_EQ(check_backup(scratch / "copy").error().code, &errors::kCorrupt);
  EXPECT_FALSE(fs::exists(scratch / "new"));
}

}  // namespace
}  // namespace cityloop
