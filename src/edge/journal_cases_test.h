// SPDX-License-Identifier: Apache-2.0
// The contract of a Journal as tests that every adapter runs: the twin and the embedded one must answer alike.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "city/ports.h"
#include "core/context.h"

namespace cityloop::journal_cases {

inline std::vector<TableSpec> specs() {
  using Type = ColumnSpec::Type;
  return {{"cases", {{"origin", Type::text, true}, {"stage", Type::text}, {"area", Type::text}, {"level", Type::integer}, {"score", Type::real}, {"title", Type::text, false, false}}, {{"stage", "level"}}},
          {"notices", {{"subject", Type::text}}}};
}

inline RowChange row(std::string key, std::vector<std::pair<std::string, Cell>> columns, std::string table = "cases") {
  std::string doc = "{\"no\":\"" + key + "\"}";
  return {std::move(table), std::move(key), false, std::move(columns), std::move(doc)};
}
inline RowChange removal(std::string key, std::string table = "cases") { return {std::move(table), std::move(key), true, {}, {}}; }
inline JournalBatch batch(std::uint64_t turn, std::vector<RowChange> rows, std::uint64_t seq = 0) {
  return {turn, from_ms(1'660'000'000'000), seq, std::move(rows)};
}
inline std::vector<std::string> keys(const Page& page) {
  std::vector<std::string> all;
  for (const Row& each : page.rows) all.push_back(each.key);
  return all;
}
// All pages of the query, one after the other.
inline std::vector<std::string> walk(const Journal& journal, Query query) {
  std::vector<std::string> all;
  while (true) {
    const auto page = journal.list(query);
    EXPECT_TRUE(page.has_value()) << page.error().detail;
    if (!page) return all;
    EXPECT_LE(page->rows.size(), query.limit);
    for (const Row& each : page->rows) all.push_back(each.key);
    if (page->next.empty()) return all;
    query.cursor = page->next;
  }
}

inline void commits_and_reads(Journal& journal) {
  ASSERT_TRUE(journal.commit({batch(1, {row("a", {{"origin", "alarm:1"}, {"level", std::int64_t{3}}}), row("n1", {{"subject", "a"}}, "notices")}, 10)}).has_value());
  EXPECT_EQ(journal.find("cases", "a").value()->doc, R"({"no":"a"})");
  EXPECT_FALSE(journal.find("cases", "b").value().has_value());
  EXPECT_EQ(journal.find("nowhere", "a").error().code, &errors::kBadField);
  EXPECT_EQ(journal.head().value().turn, 1u);
  EXPECT_EQ(journal.head().value().seq, 10u);
  // a batch that is there already is skipped, several go in one transaction, a batch without events keeps the sequence
  ASSERT_TRUE(journal.commit({batch(1, {removal("a")}), batch(2, {row("b", {})}), batch(3, {removal("a"), row("c", {})}, 12), batch(4, {})}).has_value());
  EXPECT_EQ(walk(journal, {.table = "cases"}), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(journal.head().value().turn, 4u);
  EXPECT_EQ(journal.head().value().seq, 12u);
  const std::string epoch = journal.head().value().epoch;
  EXPECT_FALSE(epoch.empty());
  ASSERT_TRUE(journal.set_epoch("other").has_value());
  EXPECT_EQ(journal.head().value().epoch, "other");
}

inline void guards_unique_columns(Journal& journal) {
  ASSERT_TRUE(journal.commit({batch(1, {row("a", {{"origin", "alarm:1"}}), row("b", {{"origin", ""}}), row("c", {{"origin", ""}}), row("d", {})})}).has_value());
  const auto outcome = journal.commit({batch(2, {row("e", {{"origin", "alarm:2"}})}), batch(3, {row("f", {{"origin", "alarm:1"}})})});
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code, &errors::kConflict);
  EXPECT_EQ(journal.head().value().turn, 1u);  // nothing of the transaction is left
  EXPECT_EQ(walk(journal, {.table = "cases"}), (std::vector<std::string>{"a", "b", "c", "d"}));
  // the same row may keep its value, and a value that is given up is free again
  ASSERT_TRUE(journal.commit({batch(2, {row("a", {{"origin", "alarm:1"}, {"stage", "closed"}})}), batch(3, {removal("a"), row("g", {{"origin", "alarm:1"}})})}).has_value());
  EXPECT_EQ(walk(journal, {.table = "cases", .where = {{"origin", Where::Op::equal, {"alarm:1"}}}}), (std::vector<std::string>{"g"}));
}

inline void filters(Journal& journal) {
  using Op = Where::Op;
  ASSERT_TRUE(journal.commit({batch(1, {
      row("1", {{"stage", "reported"}, {"area", "500106"}, {"level", std::int64_t{1}}, {"score", 0.5}, {"title", "Manhole 100% open"}}),
      row("2", {{"stage", "handling"}, {"area", "500106001"}, {"level", std::int64_t{4}}, {"score", std::int64_t{2}}, {"title", "tank_gas"}}),
      row("3", {{"stage", "closed"}, {"area", "500103"}, {"level", std::int64_t{2}}, {"title", "化粪池 Gas"}}),
      row("4", {{"area", "50010"}, {"title", "a\xff"}})})}).has_value());
  const auto found = [&](std::vector<Where> where) { return walk(journal, {.table = "cases", .where = std::move(where)}); };
  using Keys = std::vector<std::string>;
  EXPECT_EQ(found({{"stage", Op::equal, {"handling"}}}), (Keys{"2"}));
  EXPECT_EQ(found({{"stage", Op::not_equal, {"handling"}}}), (Keys{"1", "3", "4"}));
  EXPECT_EQ(found({{"stage", Op::equal, {Cell{}}}}), (Keys{"4"}));
  EXPECT_EQ(found({{"stage", Op::not_equal, {Cell{}}}}), (Keys{"1", "2", "3"}));
  EXPECT_EQ(found({{"stage", Op::in, {"reported", "closed", "x"}}}), (Keys{"1", "3"}));
  EXPECT_EQ(found({{"stage", Op::in, {}}}), (Keys{}));
  EXPECT_EQ(found({{"area", Op::prefix, {"500106"}}}), (Keys{"1", "2"}));
  EXPECT_EQ(found({{"area", Op::prefix, {""}}}), (Keys{"1", "2", "3", "4"}));
  EXPECT_EQ(found({{"title", Op::prefix, {"a\xff"}}}), (Keys{"4"}));
  EXPECT_EQ(found({{"title", Op::contains, {"gas"}}}), (Keys{"2", "3"}));
  EXPECT_EQ(found({{"title", Op::contains, {"100% o"}}}), (Keys{"1"}));
  EXPECT_EQ(found({{"title", Op::contains, {"k_g"}}}), (Keys{"2"}));
  EXPECT_EQ(found({{"title", Op::contains, {"粪"}}}), (Keys{"3"}));
  EXPECT_EQ(found({{"title", Op::contains, {"'; DROP TABLE cases; --"}}}), (Keys{}));
  EXPECT_EQ(found({{"level", Op::at_least, {std::int64_t{2}}}}), (Keys{"2", "3"}));
  EXPECT_EQ(found({{"level", Op::at_most, {std::int64_t{2}}}}), (Keys{"1", "3"}));
  EXPECT_EQ(found({{"level", Op::less, {1.5}}}), (Keys{"1"}));
  EXPECT_EQ(found({{"score", Op::greater, {std::int64_t{0}}}, {"level", Op::greater, {std::int64_t{1}}}}), (Keys{"2"}));
  EXPECT_EQ(found({{"score", Op::equal, {2.0}}}), (Keys{"2"}));
  EXPECT_EQ(found({{"key", Op::greater, {"2"}}}), (Keys{"3", "4"}));
  EXPECT_EQ(found({{"key", Op::in, {"1", "4"}}}), (Keys{"1", "4"}));
}

inline void refuses_nonsense(Journal& journal) {
  using Op = Where::Op;
  ASSERT_TRUE(journal.commit({batch(1, {row("1", {{"stage", "a"}}), row("2", {{"stage", "b"}})})}).has_value());
  const auto code = [&](Query query) -> const Code* {
    const auto page = journal.list(query);
    return page ? nullptr : page.error().code;
  };
  EXPECT_EQ(code({.table = "nowhere"}), &errors::kBadField);
  EXPECT_EQ(code({.table = "cases", .where = {{"nothing", Op::equal, {"x"}}}}), &errors::kBadField);
  EXPECT_EQ(code({.table = "cases", .where = {{"stage", Op::equal, {std::int64_t{1}}}}}), &errors::kBadField);
  EXPECT_EQ(code({.table = "cases", .where = {{"level", Op::equal, {"high"}}}}), &errors::kBadField);
  EXPECT_EQ(code({.table = "cases", .where = {{"level", Op::prefix, {"1"}}}}), &errors::kBadField);
  EXPECT_EQ(code({.table = "cases", .where = {{"stage", Op::equal, {}}}}), &errors::kBadField);
  EXPECT_EQ(code({.table = "cases", .where = {{"stage", Op::less, {Cell{}}}}}), &errors::kBadField);
  EXPECT_EQ(code({.table = "cases", .order = "stage; DROP"}), &errors::kBadField);
  EXPECT_EQ(code({.table = "cases", .cursor = "rubbish!"}), &errors::kBadField);
  EXPECT_EQ(code({.table = "cases", .cursor = "AAAA"}), &errors::kBadField);
  const std::string cursor = journal.list({.table = "cases", .order = "stage", .limit = 1}).value().next;
  ASSERT_FALSE(cursor.empty());
  EXPECT_EQ(code({.table = "cases", .order = "stage", .cursor = cursor}), nullptr);
  EXPECT_EQ(code({.table = "cases", .order = "area", .cursor = cursor}), &errors::kBadField);
  EXPECT_EQ(code({.table = "cases", .order = "stage", .descending = true, .cursor = cursor}), &errors::kBadField);
  EXPECT_EQ(code({.table = "notices", .cursor = cursor}), &errors::kBadField);
  // our own mistakes in a row are told, and change nothing
  EXPECT_EQ(journal.commit({batch(2, {row("3", {}), row("4", {{"nothing", "x"}})})}).error().code, &errors::kInternal);
  EXPECT_EQ(journal.commit({batch(2, {row("3", {}), row("4", {{"level", "x"}})})}).error().code, &errors::kInternal);
  EXPECT_EQ(journal.commit({batch(2, {row("3", {}), row("4", {}, "nowhere")})}).error().code, &errors::kInternal);
  EXPECT_EQ(walk(journal, {.table = "cases"}), (std::vector<std::string>{"1", "2"}));
}

// Random rows and random queries: `journal` against `model`.
inline void agrees_with(Journal& journal, Journal& model, std::uint64_t seed) {
  Chance chance(seed);
  const auto below = [&](std::uint64_t n) { return chance.next() % n; };
  const auto word = [&] { return std::string("ab\x80_%").substr(below(5), 1) + std::string(below(3), 'x'); };
  for (std::uint64_t turn = 1; turn <= 40; ++turn) {
    std::vector<RowChange> rows;
    for (std::uint64_t i = below(8); i > 0; --i) {
      const std::string key = "k" + std::to_string(below(60));
      if (below(4) == 0) {
        rows.push_back(removal(key));
        continue;
      }
      RowChange change = row(key, {});
      if (below(2)) change.columns.emplace_back("origin", below(3) ? Cell{"o" + std::to_string(below(40))} : Cell{""});
      if (below(4)) change.columns.emplace_back("stage", word());
      if (below(4)) change.columns.emplace_back("area", word());
      if (below(4)) change.columns.emplace_back("level", static_cast<std::int64_t>(below(5)));
      if (below(4)) change.columns.emplace_back("score", static_cast<double>(below(50)) / 8);
      rows.push_back(std::move(change));
    }
    const auto ours = journal.commit({batch(turn, rows, turn)});
    const auto theirs = model.commit({batch(turn, rows, turn)});
    ASSERT_EQ(ours.has_value(), theirs.has_value());
  }
  for (int i = 0; i < 200; ++i) {
    using Op = Where::Op;
    Query query{.table = "cases", .limit = 1 + below(9), .count = true};
    query.order = std::vector<std::string>{"key", "stage", "level", "score", "area", "origin"}[below(6)];
    query.descending = below(2) == 0;
    for (std::uint64_t n = below(3); n > 0; --n) {
      const auto op = static_cast<Op>(below(9));
      const bool number = below(2) == 0 && op != Op::prefix && op != Op::contains;
      Where where{number ? "level" : "stage", op, {}};
      for (std::uint64_t v = op == Op::in ? below(4) : 1; v > 0; --v) where.values.push_back(number ? Cell{static_cast<std::int64_t>(below(5))} : Cell{word()});
      query.where.push_back(std::move(where));
    }
    ASSERT_EQ(walk(journal, query), walk(model, query));
    ASSERT_EQ(journal.list(query).value().total, model.list(query).value().total);
    ASSERT_EQ(journal.list(query).value().next, model.list(query).value().next);
  }
}

}  // namespace cityloop::journal_cases
