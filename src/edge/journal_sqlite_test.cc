// SPDX-License-Identifier: Apache-2.0
#include "edge/journal_sqlite.h"

#include <thread>

#include "edge/journal_cases_test.h"
#include "edge/journal_memory.h"
#include "edge/scratch_test.h"

namespace cityloop {
namespace {

using journal_cases::batch, journal_cases::row, journal_cases::walk;

class JournalSqliteTest : public testing::Test {
 protected:
  std::unique_ptr<JournalSqlite> open(std::vector<TableSpec> tables = journal_cases::specs(), std::uint32_t schema = 1) {
    auto journal = JournalSqlite::create(scratch_ / "journal.db", std::move(tables), {.schema = schema});
    EXPECT_TRUE(journal.has_value()) << journal.error().detail;
    return std::move(journal).value();
  }
  Scratch scratch_;
};

TEST_F(JournalSqliteTest, CommitsAndReads) { journal_cases::commits_and_reads(*open()); }
TEST_F(JournalSqliteTest, GuardsUniqueColumns) { journal_cases::guards_unique_columns(*open()); }
TEST_F(JournalSqliteTest, Filters) { journal_cases::filters(*open()); }
TEST_F(JournalSqliteTest, RefusesNonsense) { journal_cases::refuses_nonsense(*open()); }

TEST_F(JournalSqliteTest, AnswersAsTheTwinDoes) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const Scratch scratch;
    auto journal = JournalSqlite::create(scratch / "journal.db", journal_cases::specs()).value();
    JournalMemory model(journal_cases::specs());
    journal_cases::agrees_with(*journal, model, seed);
  }
}

TEST_F(JournalSqliteTest, KeepsEverythingAcrossStarts) {
  std::string epoch;
  {
    auto journal = open();
    ASSERT_TRUE(journal->commit({batch(7, {row("a", {{"origin", "o"}})}, 3)}).has_value());
    ASSERT_TRUE(journal->sync().has_value());
    epoch = journal->head().value().epoch;
  }
  auto journal = open();
  EXPECT_EQ(journal->head().value().turn, 7u);
  EXPECT_EQ(journal->head().value().seq, 3u);
  EXPECT_EQ(journal->head().value().epoch, epoch);
  EXPECT_EQ(walk(*journal, {.table = "cases"}), (std::vector<std::string>{"a"}));
}

TEST_F(JournalSqliteTest, GrowsItsTablesAndRefusesNewerData) {
  ASSERT_TRUE(open()->commit({batch(1, {row("a", {{"stage", "x"}})})}).has_value());
  std::vector<TableSpec> more = journal_cases::specs();
  more[0].columns.push_back({"urgency", ColumnSpec::Type::integer});
  more.push_back({"orders", {{"unit", ColumnSpec::Type::text}}});
  {
    auto journal = open(more, 2);
    ASSERT_TRUE(journal->commit({batch(2, {row("b", {{"urgency", std::int64_t{2}}}), row("o", {{"unit", "u"}}, "orders")})}).has_value());
    EXPECT_EQ(walk(*journal, {.table = "cases", .where = {{"urgency", Where::Op::equal, {Cell{}}}}}), (std::vector<std::string>{"a"}));
    EXPECT_EQ(walk(*journal, {.table = "cases", .order = "urgency", .descending = true, .limit = 1}), (std::vector<std::string>{"b", "a"}));
    EXPECT_EQ(walk(*journal, {.table = "orders"}), (std::vector<std::string>{"o"}));
  }
  const auto older = JournalSqlite::create(scratch_ / "journal.db", journal_cases::specs(), {.schema = 1});
  ASSERT_FALSE(older.has_value());
  EXPECT_EQ(older.error().code, &errors::kNewerData);
}

TEST_F(JournalSqliteTest, ReadsGoOnWhileItIsWrittenAndCopied) {
  auto journal = open();
  std::atomic<bool> stop = false;
  std::atomic<int> reads = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 6; ++i) {  // more than there are connections
    readers.emplace_back([&] {
      while (!stop) {
        const auto page = journal->list({.table = "cases", .order = "level", .limit = 1000, .count = true});
        ASSERT_TRUE(page.has_value()) << page.error().detail;
        ASSERT_EQ(page->rows.size(), page->total.value());  // of one moment
        ASSERT_EQ(page->rows.size() % 2, 0u);               // a transaction is seen whole or not at all
        ++reads;
      }
    });
  }
  for (std::uint64_t turn = 1; turn <= 200; ++turn) {
    const std::string key = std::to_string(turn);
    ASSERT_TRUE(journal->commit({batch(turn, {row("a" + key, {{"level", std::int64_t{1}}}), row("b" + key, {})})}).has_value());
    if (turn == 100) {
      ASSERT_TRUE(journal->backup(scratch_ / "copy.db").has_value());
    }
  }
  while (reads < 50) std::this_thread::yield();
  stop = true;
  for (std::thread& reader : readers) reader.join();
  auto copy = JournalSqlite::create(scratch_ / "copy.db", journal_cases::specs()).value();
  EXPECT_EQ(copy->head().value().turn, 100u);
  EXPECT_EQ(copy->list({.table = "cases", .limit = 1, .count = true}).value().total, 200u);
}

// Killed at any moment (the files as they are, WAL and all): the journal opens at some whole turn.
TEST_F(JournalSqliteTest, OpensWholeAfterAKill) {
  auto journal = open();
  for (std::uint64_t turn = 1; turn <= 30; ++turn) {
    ASSERT_TRUE(journal->commit({batch(turn, {row("k", {{"level", static_cast<std::int64_t>(turn)}})}, turn)}).has_value());
  }
  const std::string wal = slurp(scratch_ / "journal.db-wal");
  ASSERT_GT(wal.size(), 1000u);
  for (std::size_t part = 0; part <= 10; ++part) {
    const Scratch other;
    spill(other / "journal.db", slurp(scratch_ / "journal.db"));
    spill(other / "journal.db-wal", wal.substr(0, wal.size() * part / 10));
    auto reopened = JournalSqlite::create(other / "journal.db", journal_cases::specs());
    ASSERT_TRUE(reopened.has_value()) << reopened.error().detail;
    const JournalHead head = (*reopened)->head().value();
    EXPECT_EQ(head.seq, head.turn);
    const Page page = (*reopened)->list({.table = "cases", .where = {{"level", Where::Op::equal, {static_cast<std::int64_t>(head.turn)}}}}).value();
    EXPECT_EQ(page.rows.size(), head.turn == 0 ? 0u : 1u);
    if (part == 10) {
      EXPECT_EQ(head.turn, 30u);
    }
  }
}

TEST_F(JournalSqliteTest, SaysThatTheFileIsDamaged) {
  spill(scratch_ / "journal.db", std::string(10'000, 'x'));
  EXPECT_EQ(JournalSqlite::create(scratch_ / "journal.db", journal_cases::specs()).error().code, &errors::kCorrupt);
}

}  // namespace
}  // namespace cityloop
