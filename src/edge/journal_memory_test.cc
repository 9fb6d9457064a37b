// SPDX-License-Identifier: Apache-2.0
#include "edge/journal_memory.h"

#include "edge/journal_cases_test.h"

namespace cityloop {
namespace {

class JournalMemoryTest : public testing::Test {
 protected:
  JournalMemory journal_{journal_cases::specs()};
};

TEST_F(JournalMemoryTest, CommitsAndReads) { journal_cases::commits_and_reads(journal_); }
TEST_F(JournalMemoryTest, GuardsUniqueColumns) { journal_cases::guards_unique_columns(journal_); }
TEST_F(JournalMemoryTest, Filters) { journal_cases::filters(journal_); }
TEST_F(JournalMemoryTest, RefusesNonsense) { journal_cases::refuses_nonsense(journal_); }

TEST_F(JournalMemoryTest, IsDeterministic) {
  JournalMemory other(journal_cases::specs());
  journal_cases::agrees_with(journal_, other, 3);
}

TEST_F(JournalMemoryTest, PagesInOrderBothWays) {
  std::vector<RowChange> rows;
  for (int i = 0; i < 25; ++i) {
    rows.push_back(journal_cases::row("k" + std::to_string(100 + i), i % 5 == 0 ? std::vector<std::pair<std::string, Cell>>{}
                                                                               : std::vector<std::pair<std::string, Cell>>{{"level", std::int64_t{i % 3}}}));
  }
  ASSERT_TRUE(journal_.commit({journal_cases::batch(1, rows)}).has_value());
  Query query{.table = "cases", .order = "level", .limit = 4, .count = true};
  const auto up = journal_cases::walk(journal_, query);
  EXPECT_EQ(up.size(), 25u);
  EXPECT_EQ(up.front(), "k100");  // absent first
  query.descending = true;
  auto down = journal_cases::walk(journal_, query);
  std::reverse(down.begin(), down.end());
  EXPECT_EQ(down, up);
  EXPECT_EQ(journal_.list(query).value().total, 25u);
  query.limit = 0;
  EXPECT_TRUE(journal_.list(query).value().next.empty());
}

TEST_F(JournalMemoryTest, ForgetsWhatWasNotSynced) {
  JournalMemory journal(journal_cases::specs(), JournalMemory::Losses::possible);
  using journal_cases::batch, journal_cases::row, journal_cases::removal;
  ASSERT_TRUE(journal.commit({batch(1, {row("a", {{"origin", "o"}})}, 4)}).has_value());
  ASSERT_TRUE(journal.sync().has_value());
  ASSERT_TRUE(journal.commit({batch(2, {removal("a"), row("b", {{"origin", "o"}})}, 5), batch(3, {row("c", {})}, 6)}).has_value());
  journal.drop_unsynced();
  EXPECT_EQ(journal_cases::walk(journal, {.table = "cases"}), (std::vector<std::string>{"a"}));
  EXPECT_EQ(journal.head().value().turn, 1u);
  EXPECT_EQ(journal.head().value().seq, 4u);
  ASSERT_TRUE(journal.commit({batch(2, {removal("a"), row("b", {{"origin", "o"}})}, 5)}).has_value());
  EXPECT_EQ(journal_cases::walk(journal, {.table = "cases"}), (std::vector<std::string>{"b"}));
}

}  // namespace
}  // namespace cityloop
