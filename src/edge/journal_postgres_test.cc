// SPDX-License-Identifier: Apache-2.0
// Against a real server: CITYLOOP_POSTGRES names an empty database that is ours (`make test-postgres` gives one).
// Without it they are skipped.
#include "edge/journal_postgres.h"

#include <atomic>
#include <cstdlib>
#include <thread>

#include "edge/journal_cases_test.h"
#include "edge/journal_memory.h"
#include "edge/journal_sqlite.h"
#include "edge/postgres_session.h"
#include "edge/scratch_test.h"
#include "edge/secrets.h"

namespace cityloop {
namespace {

using journal_cases::batch, journal_cases::row, journal_cases::walk;
using Keys = std::vector<std::string>;

class JournalPostgresTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* server = std::getenv("CITYLOOP_POSTGRES");
    if (server == nullptr) GTEST_SKIP() << "no PostgreSQL is given (CITYLOOP_POSTGRES): run `make test-postgres`";
    server_ = server;
    new_schema();
  }
  void TearDown() override {
    for (const std::string& schema : schemas_) (void)sql("DROP SCHEMA " + schema + " CASCADE");
  }
  void new_schema() {
    schemas_.push_back("test_" + random_hex(6));
    (void)sql("CREATE SCHEMA " + schemas_.back());
    url_ = server_ + "?options=-csearch_path%3D" + schemas_.back();
  }
  // The first cell of the answer, by somebody else's connection.
  std::string sql(const std::string& text) {
    auto session = PostgresSession::open(url_.empty() ? server_ : url_, PostgresSession::Use::write);
    EXPECT_TRUE(session.has_value()) << session.error().detail;
    const auto result = (*session)->ask(text);
    EXPECT_TRUE(result.has_value()) << text << ": " << result.error().detail;
    return result && result->rows() > 0 ? std::string(result->at(0, 0)) : "";
  }
  Result<std::unique_ptr<JournalPostgres>> try_open(std::string city = "a", std::uint32_t schema = 1,
                                                    std::vector<TableSpec> tables = journal_cases::specs()) {
    return JournalPostgres::create(
        std::move(tables), {.url = url_, .city = std::move(city), .schema = schema, .lock_patience = Millis{1500}});
  }
  std::unique_ptr<JournalPostgres> open() {
    auto journal = try_open();
    EXPECT_TRUE(journal.has_value()) << journal.error().detail;
    return std::move(journal).value();
  }
  // Ends the session that writes, as an administrator or a broken network would.
  void cut_writer() {
    (void)sql(
        "SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted AND l.objid = "
        "(hashtext(current_schema())::bigint & 4294967295)::oid");
  }

  std::string server_, url_;
  Keys schemas_;
};

TEST(PostgresText, EveryTextComesBack) {
  Chance chance(5);
  const std::vector<std::string> parts{"a",        "化粪池",       std::string(1, '\0'), "\xff",
                                       "\xe5\x8c", "\xef\x9c\x80", "\xef\x9f\xbf",       "\xef\xa0\x80",
                                       "😀",        "\x80",         "\xed\xa0\x80"};
  for (int i = 0; i < 2'000; ++i) {
    std::string text;
    for (std::uint64_t n = chance.next() % 6; n > 0; --n) text += parts[chance.next() % parts.size()];
    const std::string kept = postgres_text(text);
    EXPECT_EQ(text_of_postgres(kept), text);
    EXPECT_EQ(kept.find('\0'), std::string::npos);
  }
  EXPECT_EQ(postgres_text("化粪池 a"), "化粪池 a");
  EXPECT_EQ(postgres_text("\xff"), "\xef\x9f\xbf");
}

TEST(PostgresText, TheStoredUrlHasNoPassword) {
  const std::string stored =
      without_password("postgres://city:geheim@db1,db2:5433/city?options=-csearch_path%3Dx").value();
  EXPECT_EQ(stored.find("geheim"), std::string::npos) << stored;
  EXPECT_NE(stored.find("host='db1,db2'"), std::string::npos) << stored;
  EXPECT_TRUE(is_postgres_url(stored));
  EXPECT_EQ(without_password("postgres://h/db?nonsense=1").error().code, &errors::kUsage);
}

TEST_F(JournalPostgresTest, CommitsAndReads) { journal_cases::commits_and_reads(*open()); }
TEST_F(JournalPostgresTest, GuardsUniqueColumns) { journal_cases::guards_unique_columns(*open()); }
TEST_F(JournalPostgresTest, Filters) { journal_cases::filters(*open()); }
TEST_F(JournalPostgresTest, RefusesNonsense) { journal_cases::refuses_nonsense(*open()); }

TEST_F(JournalPostgresTest, AnswersAsTheTwinDoes) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    new_schema();
    JournalMemory model(journal_cases::specs());
    journal_cases::agrees_with(*open(), model, seed);
  }
}

TEST_F(JournalPostgresTest, KeepsEverythingAcrossStarts) {
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
  EXPECT_EQ(walk(*journal, {.table = "cases"}), (Keys{"a"}));
}

TEST_F(JournalPostgresTest, GrowsItsTablesAndRefusesNewerData) {
  ASSERT_TRUE(open()->commit({batch(1, {row("a", {{"stage", "x"}})})}).has_value());
  std::vector<TableSpec> more = journal_cases::specs();
  more[0].columns.push_back({"urgency", ColumnSpec::Type::integer});
  more.push_back({"orders", {{"unit", ColumnSpec::Type::text}}});
  {
    auto journal = try_open("a", 2, more).value();
    ASSERT_TRUE(
        journal->commit({batch(2, {row("b", {{"urgency", std::int64_t{2}}}), row("o", {{"unit", "u"}}, "orders")})})
            .has_value());
    EXPECT_EQ(walk(*journal, {.table = "cases", .where = {{"urgency", Where::Op::equal, {Cell{}}}}}), (Keys{"a"}));
    EXPECT_EQ(walk(*journal, {.table = "cases", .order = "urgency", .descending = true, .limit = 1}), (Keys{"b", "a"}));
    EXPECT_EQ(walk(*journal, {.table = "orders"}), (Keys{"o"}));
  }
  EXPECT_EQ(try_open().error().code, &errors::kNewerData);
}

TEST_F(JournalPostgresTest, TakesTextsOfEveryKind) {
  auto journal = open();
  const std::string nul("a\0b", 3), endless(5'000, 'x'), long_words(20'000, 'y');
  ASSERT_TRUE(
      journal
          ->commit({batch(1, {row("1", {{"stage", nul}}), row("2", {{"stage", endless + "1"}}),
                              row("3", {{"stage", endless + "2"}}), row("4", {{"title", long_words + "NEEDLE"}}),
                              row(endless, {{"stage", "z"}, {"origin", endless}})})})
          .has_value());
  using Op = Where::Op;
  const auto found = [&](std::vector<Where> where) {
    return walk(*journal, {.table = "cases", .where = std::move(where)});
  };
  EXPECT_EQ(found({{"stage", Op::equal, {nul}}}), (Keys{"1"}));
  EXPECT_EQ(found({{"stage", Op::equal, {endless + "2"}}}), (Keys{"3"}));
  EXPECT_EQ(found({{"title", Op::contains, {"needle"}}}), (Keys{"4"}));
  EXPECT_EQ(journal->find("cases", endless).value()->doc, "{\"no\":\"" + endless + "\"}");
  EXPECT_EQ(journal->commit({batch(2, {row("6", {{"origin", endless}})})}).error().code, &errors::kConflict);
  Keys all;
  for (Query query{.table = "cases", .order = "stage", .limit = 1}; all.size() < 9;) {
    const Page page = journal->list(query).value();
    all.push_back(page.rows.at(0).key.substr(0, 1));
    if (page.next.empty()) break;
    query.cursor = page.next;
  }
  EXPECT_EQ(all, (Keys{"4", "1", "2", "3", "x"}));
}

TEST_F(JournalPostgresTest, ReadsGoOnWhileItIsWrittenAndCopied) {
  const Scratch scratch;
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
    ASSERT_TRUE(journal->commit({batch(turn, {row("a" + key, {{"level", std::int64_t{1}}}), row("b" + key, {})}, turn)})
                    .has_value());
    if (turn == 100) {
      ASSERT_TRUE(journal->backup(scratch / "copy.db").has_value());
    }
  }
  while (reads < 50) std::this_thread::yield();
  stop = true;
  for (std::thread& reader : readers) reader.join();
  auto copy = JournalSqlite::create(scratch / "copy.db", journal_cases::specs()).value();
  EXPECT_EQ(copy->head().value().turn, 100u);
  EXPECT_EQ(copy->head().value().epoch, journal->head().value().epoch);
  EXPECT_EQ(copy->list({.table = "cases", .limit = 1, .count = true}).value().total, 200u);
}

// A backup is one form for both stores: from PostgreSQL into a file, from the file into another database.
TEST_F(JournalPostgresTest, ABackupFillsAnEmptyDatabase) {
  const Scratch scratch;
  JournalMemory model(journal_cases::specs());
  Keys wanted;
  {
    auto journal = open();
    journal_cases::agrees_with(*journal, model, 3);
    ASSERT_TRUE(
        journal
            ->commit({batch(
                99, {row("odd", {{"stage", std::string("\0\xff", 2)}, {"score", 0.1}, {"level", std::int64_t{-7}}})},
                77)})
            .has_value());
    wanted = walk(*journal, {.table = "cases", .order = "score"});
    ASSERT_TRUE(journal->backup(scratch / "copy.db").has_value());
  }
  new_schema();
  auto other = open();
  const auto fill = [&] {
    return other->fill({99, 77, "new"}, [&](const TakeRows& take) -> Result<void> {
      TRY(read_journal_file(scratch / "copy.db", journal_cases::specs(), {}, take));
      return {};
    });
  };
  const auto filled = fill();
  ASSERT_TRUE(filled.has_value()) << filled.error().detail;
  EXPECT_EQ(walk(*other, {.table = "cases", .order = "score"}), wanted);
  EXPECT_EQ(walk(*other, {.table = "cases",
                          .where = {{"stage", Where::Op::equal, {std::string("\0\xff", 2)}},
                                    {"score", Where::Op::equal, {0.1}}}}),
            (Keys{"odd"}));
  EXPECT_EQ(other->head().value().turn, 99u);
  EXPECT_EQ(fill().error().code, &errors::kConflict);
}

TEST_F(JournalPostgresTest, HasOneWriterAndAnyReaders) {
  auto journal = open();
  ASSERT_TRUE(journal->commit({batch(1, {row("a", {})})}).has_value());
  const auto second = try_open();
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, &errors::kHeld) << second.error().detail;
  auto beside = JournalPostgres::open_to_read(journal_cases::specs(), {.url = url_, .city = "a"});
  ASSERT_TRUE(beside.has_value()) << beside.error().detail;
  EXPECT_EQ(walk(**beside, {.table = "cases"}), (Keys{"a"}));
  EXPECT_EQ((*beside)->head().value().turn, 1u);
  EXPECT_EQ((*beside)->commit({batch(2, {row("b", {})})}).error().code, &errors::kInternal);
  journal.reset();
  EXPECT_EQ(try_open("another folder's").error().code, &errors::kUsage);
  EXPECT_TRUE(try_open().has_value());
}

// The connection is cut, another server takes over: the first one finds out, whatever it tries, and has changed
// nothing.
TEST_F(JournalPostgresTest, WhoLostTheLockNeverWritesAgain) {
  auto first = open();
  ASSERT_TRUE(first->commit({batch(1, {row("a", {})})}).has_value());
  cut_writer();
  auto second = open();
  ASSERT_TRUE(second->commit({batch(2, {row("b", {})})}).has_value());
  for (std::uint64_t turn = 2; turn < 5; ++turn) {
    const auto outcome = first->commit({batch(turn, {row("c", {})})});
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().code, &errors::kHeld) << outcome.error().detail;
  }
  EXPECT_EQ(first->sync().error().code, &errors::kHeld);
  EXPECT_EQ(first->set_epoch("x").error().code, &errors::kHeld);
  second.reset();  // also when the lock is free again
  EXPECT_EQ(first->commit({batch(9, {row("c", {})})}).error().code, &errors::kHeld);
  EXPECT_EQ(walk(*open(), {.table = "cases"}), (Keys{"a", "b"}));
}

// The lock alone would not do: a session that still lives, and believes that it holds it, is stopped inside its
// transaction.
TEST_F(JournalPostgresTest, TheFenceIsPartOfEveryTransaction) {
  auto journal = open();
  ASSERT_TRUE(journal->commit({batch(1, {row("a", {})})}).has_value());
  (void)sql("UPDATE meta SET fence = fence + 1, writer = fence + 1");
  const auto outcome = journal->commit({batch(2, {row("b", {})})});
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code, &errors::kHeld) << outcome.error().detail;
  EXPECT_EQ(journal->sync().error().code, &errors::kHeld);
  EXPECT_EQ(sql("SELECT count(*) FROM cases"), "1");
  EXPECT_EQ(sql("SELECT turn FROM meta"), "1");
}

// Cut at any moment, before, within and after a commit: every turn arrives exactly once.
TEST_F(JournalPostgresTest, ALostConnectionGoesOnAtTheRightTurn) {
  auto journal = open();
  std::atomic<bool> stop = false;
  std::atomic<int> cuts = 0;
  std::thread cutter([&] {
    while (!stop) {
      cut_writer();
      ++cuts;
      std::this_thread::sleep_for(Millis{7});
    }
  });
  int away = 0;
  for (std::uint64_t turn = 1; turn <= 300; ++turn) {
    std::vector<RowChange> rows{row("k" + std::to_string(turn), {{"origin", "o" + std::to_string(turn)},
                                                                 {"level", static_cast<std::int64_t>(turn)}})};
    for (int i = 0; i < 40; ++i)
      rows.push_back(row("same", {{"score", i}, {"level", static_cast<std::int64_t>(turn)}}));
    // What may not be done twice: on the second way `moved` would take what `taken` has.
    const std::string free = "f" + std::to_string(turn);
    for (const auto& [key, origin] : {std::pair{"moved", free}, {"moved", free + "x"}, {"taken", free}})
      rows.push_back(row(key, {{"origin", origin}}));
    for (;;) {
      const auto outcome = journal->commit({batch(turn, rows, turn)});
      if (outcome) break;
      ASSERT_EQ(outcome.error().code, &errors::kNotReady) << outcome.error().detail;
      ++away;
    }
    ASSERT_EQ(journal->head().value().turn, turn);
  }
  stop = true;
  cutter.join();
  EXPECT_GT(cuts, 20);
  EXPECT_EQ(sql("SELECT count(*) FROM cases"), "303");
  EXPECT_EQ(sql("SELECT turn || ' ' || seq FROM meta"), "300 300");
  EXPECT_EQ(journal->list({.table = "cases", .limit = 1, .count = true}).value().total, 303u);  // readers come back too
  std::printf("%d cuts, %d times away\n", cuts.load(), away);
}

// A standby that was behind took over, or the database does not wait for its disk: the turns are in the Log, so the
// program must start anew.
TEST_F(JournalPostgresTest, ADatabaseThatForgotIsNotGoneOnWith) {
  auto journal = open();
  ASSERT_TRUE(journal->commit({batch(5, {row("a", {})})}).has_value());
  (void)sql("UPDATE meta SET turn = 4");
  cut_writer();
  const auto outcome = journal->commit({batch(6, {row("b", {})})});
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code, &errors::kCorrupt) << outcome.error().detail;
}

TEST_F(JournalPostgresTest, SaysWhatIsWrongWithTheServer) {
  EXPECT_EQ(
      JournalPostgres::create(journal_cases::specs(), {.url = "postgres://127.0.0.1:1/none", .city = "a"}).error().code,
      &errors::kNotReady);
  EXPECT_EQ(
      JournalPostgres::create(journal_cases::specs(), {.url = "postgres://h/db?nonsense=1", .city = "a"}).error().code,
      &errors::kUsage);
  EXPECT_EQ(JournalPostgres::open_to_read(journal_cases::specs(), {.url = url_, .city = "a"}).error().code,
            &errors::kStorage);  // no tables yet
}

}  // namespace
}  // namespace cityloop
