// SPDX-License-Identifier: Apache-2.0
#include "app/retention.h"

#include <gtest/gtest.h>

#include "edge/journal_memory.h"
#include "serve/project.h"

namespace cityloop {
namespace {

const Time kBefore = *parse_time("2025-11-28T00:00:00Z");

struct Rows {
  JournalMemory journal{tables()};
  Retention retention{journal};
  std::uint64_t turn = 0;

  void put(RowChange row) {
    JournalBatch batch;
    batch.turn = ++turn;
    batch.rows.push_back(std::move(row));
    ASSERT_TRUE(journal.commit({batch}).has_value());
  }
  void person(const std::string& key) { put({"persons", key, false, {}, "{}"}); }
  void report(const std::string& id, const std::string& person, const std::string& no, const std::string& received) {
    put({"reports", id, false, {{"reporter", person}},
         R"({"case":")" + no + R"(","reporter":")" + person + R"(","received_at":")" + received + "\"}"});
  }
  void a_case(const std::string& no, const std::string& stage, const std::string& closed) {
    put({"cases", no, false, {}, R"({"stage":")" + stage + R"(","closed_at":)" + (closed.empty() ? "null" : "\"" + closed + "\"") +
                                     R"(,"changed_at":"2025-11-27T23:00:00Z"})"});
  }
  std::vector<std::string> found() {
    auto keys = retention.to_forget(kBefore, [] { return false; });
    EXPECT_TRUE(keys.has_value());
    return keys ? *keys : std::vector<std::string>{};
  }
};
using Keys = std::vector<std::string>;

TEST(Retention, AYearAfterTheCaseWasClosedAndNotASecondBefore) {
  Rows rows;
  for (const char* key : {"p-exact", "p-late", "p-open", "p-cancelled"}) rows.person(key);
  rows.a_case("1", "closed", "2025-11-28T00:00:00Z");
  rows.a_case("2", "closed", "2025-11-28T00:00:01Z");
  rows.a_case("3", "handling", "2020-01-01T00:00:00Z");
  rows.a_case("4", "cancelled", "");
  rows.report("r1", "p-exact", "1", "2020-01-01T00:00:00Z");
  rows.report("r2", "p-late", "2", "2020-01-01T00:00:00Z");
  rows.report("r3", "p-open", "3", "2020-01-01T00:00:00Z");
  rows.report("r4", "p-cancelled", "4", "2020-01-01T00:00:00Z");
  EXPECT_EQ(rows.found(), (Keys{"p-cancelled", "p-exact"}));
}

TEST(Retention, EveryReportOfThePersonCounts) {
  Rows rows;
  rows.person("p");
  rows.a_case("1", "closed", "2024-01-01T00:00:00Z");
  rows.report("r1", "p", "1", "2024-01-01T00:00:00Z");
  rows.report("r2", "p", "", "2025-11-28T00:00:01Z");
  EXPECT_EQ(rows.found(), Keys{});
  rows.report("r2", "p", "", "2025-11-28T00:00:00Z");
  EXPECT_EQ(rows.found(), Keys{"p"});
}

TEST(Retention, ARowWhoseReportNeverCameGoesAtTheSecondLook) {
  Rows rows;
  rows.person("p-alone");
  rows.person("p-follows");
  EXPECT_EQ(rows.found(), Keys{}) << "its report may be on its way";
  rows.report("r1", "p-follows", "", "2025-12-01T00:00:00Z");
  EXPECT_EQ(rows.found(), Keys{"p-alone"});
}

TEST(Retention, ManyPages) {
  Rows rows;
  rows.a_case("1", "forced_close", "2024-01-01T00:00:00Z");
  for (int i = 0; i < 1'203; ++i) {
    rows.person("p" + std::to_string(i));
    rows.report("r" + std::to_string(i), "p" + std::to_string(i), "1", "2024-01-01T00:00:00Z");
  }
  EXPECT_EQ(rows.found().size(), 1'203u);
}

TEST(Retention, WhatCannotBeReadIsKept) {
  Rows rows;
  rows.person("p");
  rows.a_case("1", "no such stage", "2020-01-01T00:00:00Z");
  rows.report("r1", "p", "1", "2020-01-01T00:00:00Z");
  EXPECT_EQ(rows.found(), Keys{});
}

}  // namespace
}  // namespace cityloop
