// SPDX-License-Identifier: Apache-2.0
// The tables of scores by themselves: facts of a case, figures that can be opened, locked months, what leaves memory.
#include "supervise/scores.h"

#include <gtest/gtest.h>

#include "core/json.h"

namespace cityloop {
namespace {

CaseFacts closed_case(const std::string& no, const std::string& day) {
  CaseFacts facts;
  facts.no = no;
  facts.areas = {"500106009", "500106", "50"};
  facts.klass = "GB2013/component/0303";
  facts.source = "sensor";
  facts.unit = "u-san";
  facts.opened = facts.filed = facts.closed = day;
  facts.dispatches = {{day, "u-street", true}, {day, "u-san", false}};
  facts.terms = {{Stage::pending_dispatch, day, true, false, true}, {Stage::handling, day, true, false, true}};
  return facts;
}

// What the rows say: figures by object, id and day, base and corrections apart, and the facts that are there.
class Rows {
 public:
  Rows() { tables_.set_root_area("50"); }

  void flush(Scores& scores) {
    std::vector<Event> events;
    Chance chance(1);
    Packs packs;
    Context city{1, Time{}, Time{}, chance, tables_, packs, events};
    scores.flush(city);
    for (const Event& event : events) {
      if (const auto* put = std::get_if<RowPut>(&event.body)) rows_[put->table][put->key] = *put;
      if (const auto* gone = std::get_if<Removed>(&event.body)) rows_[gone->table].erase(gone->key);
    }
  }
  // The rows of each day added up, as readers do.
  ScoreTable figures() {
    ScoreTable table;
    for (const auto& [key, row] : rows_["scores"]) {
      const json::object doc = parse_json(row.doc)->as_object();
      ScoreRow& sum = table[{row.columns.at("object"), row.columns.at("id"), row.columns.at("day"), doc.at("correction").as_bool()}];
      for (const auto& [name, value] : doc.at("counts").as_object())
        sum[static_cast<std::size_t>(*count_of(name))] += value.to_number<std::int32_t>();
    }
    return table;
  }
  std::int64_t figure(const std::string& object, const std::string& id, const std::string& day, Count count, bool correction = false) {
    const ScoreTable table = figures();
    const auto row = table.find({object, id, day, correction});
    return row == table.end() ? 0 : at(row->second, count);
  }
  // The facts behind the figures of one object and day, as a reader finds them; corrections add and take away.
  ScoreRow behind(const ScoreKey& key) {
    ScoreRow sum{};
    const std::size_t slash = key.id.find('/');
    const std::string area = key.object == "unit" ? "50" : key.id.substr(0, slash);
    const std::string rest = slash == std::string::npos ? "" : key.id.substr(slash + 1);
    for (const auto& [name, row] : rows_["score_facts"]) {
      const auto& columns = row.columns;
      if (columns.at("day") != key.day || (columns.at("correction") == "1") != key.correction) continue;
      if (area != "50" && !row.area.starts_with(area)) continue;
      if (key.object == "unit" && columns.at("unit") != key.id) continue;
      if (key.object == "post" && columns.at("post") != rest) continue;
      if (key.object == "class" && (columns.at("class") != rest || columns.at("kind") != "filing")) continue;
      if (key.object != "post" && columns.at("kind") == "step") continue;
      const std::int64_t sign = parse_json(row.doc)->as_object().at("sign").as_int64();
      for (std::size_t i = 0; i < kCounts; ++i)
        if (columns.at("counts").find(" " + std::string(count_name(static_cast<Count>(i))) + " ") != std::string::npos)
          sum[i] += static_cast<std::int32_t>(sign);
    }
    return sum;
  }
  // Each figure of the tables equals the facts behind it.
  void expect_whole() {
    const ScoreTable table = figures();
    EXPECT_FALSE(table.empty());
    for (const auto& [key, row] : table) EXPECT_EQ(row, behind(key)) << key.object << " " << key.id << " " << key.day;
  }
  std::size_t rows(const std::string& table) { return rows_[table].size(); }

 private:
  Register tables_;
  std::map<std::string, std::map<std::string, RowPut>> rows_;
};

TEST(ScoreTables, EveryFigureOpensToItsFacts) {
  Scores scores;
  Rows rows;
  for (int i = 0; i < 5; ++i) {
    CaseFacts facts = closed_case("c" + std::to_string(i), "2022-08-2" + std::to_string(i));
    if (i == 1) facts.source = "citizen";
    if (i == 2) facts.cut = "cancelled", facts.cut_on = "2022-08-22";
    if (i == 3) facts.cut = "not_accepted", facts.cut_on = "2022-08-23", facts.terms.clear();
    if (i == 4) facts.exempt = "appeal", facts.exempt_on = "2022-08-24";
    facts.revisited = "2022-08-21";
    facts.supervisions = {{"2022-08-22", true}, {"2022-08-22", false}};
    scores.replace({}, facts);
  }
  rows.flush(scores);
  rows.expect_whole();
  EXPECT_EQ(rows.figure("unit", "u-san", "2022-08-20", Count::on_time), 1);
  EXPECT_EQ(rows.figure("area", "50", "2022-08-22", Count::due), 0) << "cancelled: taken out of all counts";
  EXPECT_EQ(rows.figure("area", "50", "2022-08-22", Count::cancelled), 1) << "but listed";
  EXPECT_EQ(rows.figure("area", "50", "2022-08-23", Count::opened), 1) << "not accepted: it came in";
  EXPECT_EQ(rows.figure("area", "50", "2022-08-23", Count::filed), 0);
  EXPECT_EQ(rows.figure("unit", "u-san", "2022-08-24", Count::due), 0);
  EXPECT_EQ(rows.figure("unit", "u-san", "2022-08-24", Count::appeal_exempt), 1);
  EXPECT_EQ(rows.figure("class", "500106/GB2013/component/0303", "2022-08-20", Count::found_machine), 1);
  EXPECT_EQ(rows.figure("class", "50/GB2013/component/0303", "2022-08-21", Count::found_public), 1);
  EXPECT_EQ(rows.figure("post", "500106/dispatcher", "2022-08-20", Count::returned), 1);
  EXPECT_EQ(rows.figure("post", "500106/dispatcher", "2022-08-20", Count::step_on_time), 1);
}

TEST(ScoreTables, WhatAReopenedCaseDidBeforeStays) {
  CaseFacts facts = closed_case("c", "2022-08-22");
  facts.closed.clear();
  facts.reworked = true;
  facts.terms.push_back({Stage::handling, "2022-09-01", false, true, false});
  const ScoreTable table = counts_of(facts);
  const ScoreRow& first = table.at({"unit", "u-san", "2022-08-22"});
  EXPECT_EQ(at(first, Count::due_closed), 1);
  EXPECT_EQ(at(first, Count::rework), 0);
  const ScoreRow& second = table.at({"unit", "u-san", "2022-09-01"});
  EXPECT_EQ(at(second, Count::due), 1);
  EXPECT_EQ(at(second, Count::outstanding), 1);
  EXPECT_EQ(at(second, Count::due_closed), 0);
  EXPECT_EQ(at(second, Count::rework), 1);
}

TEST(ScoreTables, ALockedMonthNeverChangesAndCorrectionsStandBeside) {
  Scores scores;
  Rows rows;
  CaseFacts late = closed_case("late", "2022-08-31");
  late.terms.back() = {Stage::handling, "2022-08-31", false, true, true};
  scores.replace({}, late);
  scores.replace({}, closed_case("other", "2022-08-31"));
  rows.flush(scores);
  scores.lock("2022-08");
  const auto base = [&](Count count) { return rows.figure("unit", "u-san", "2022-08-31", count); };
  const auto beside = [&](Count count) { return rows.figure("unit", "u-san", "2022-08-31", count, true); };
  EXPECT_EQ(base(Count::due), 2);

  CaseFacts appealed = late;
  appealed.exempt = "appeal";
  appealed.exempt_on = "2022-08-31";
  scores.replace(late, appealed);
  CaseFacts satisfied = appealed;  // a later month goes on as ever
  satisfied.revisited = "2022-09-02";
  satisfied.satisfied = true;
  scores.replace(appealed, satisfied);
  rows.flush(scores);
  EXPECT_EQ(base(Count::due), 2);
  EXPECT_EQ(base(Count::overdue), 1);
  EXPECT_EQ(beside(Count::due), -1);
  EXPECT_EQ(beside(Count::overdue), -1);
  EXPECT_EQ(beside(Count::appeal_exempt), 1);
  EXPECT_EQ(rows.figure("unit", "u-san", "2022-09-02", Count::satisfied), 1);
  rows.expect_whole();

  scores.replace(satisfied, late);  // and back
  rows.flush(scores);
  EXPECT_EQ(base(Count::due), 2);
  EXPECT_EQ(beside(Count::due), 0);
  EXPECT_EQ(beside(Count::appeal_exempt), 0);
  rows.expect_whole();
}

TEST(ScoreTables, TheSameAgainAndWhatWasLockedBeforeAreNoCorrection) {
  Scores scores;
  Rows rows;
  const CaseFacts facts = closed_case("c", "2022-08-31");
  scores.replace({}, facts);
  scores.lock("2022-08");
  scores.replace(facts, facts);
  rows.flush(scores);
  EXPECT_FALSE(scores.has_changes());
  EXPECT_EQ(rows.figure("unit", "u-san", "2022-08-31", Count::due), 1);
  EXPECT_EQ(rows.figure("unit", "u-san", "2022-08-31", Count::due, true), 0);
}

// A year of old cases in any order, with little memory: the rows add up to a recount, and a copy made from the stored
// state goes on exactly like the original.
TEST(ScoreTables, WhatLeftMemoryIsNotLost) {
  Scores small(40), copy(40);
  Rows rows;
  ScoreTable recount;
  Chance chance(7);
  std::vector<CaseFacts> cases;
  for (int i = 0; i < 300; ++i) {
    const std::string day = "2022-0" + std::to_string(1 + chance.next() % 9) + "-1" + std::to_string(chance.next() % 10);
    CaseFacts facts = closed_case("c" + std::to_string(i), day);
    small.replace({}, facts);
    if (!cases.empty() && chance.next() % 3 == 0) {  // an old one changes
      CaseFacts& old = cases[chance.next() % cases.size()];
      const CaseFacts before = old;
      old.exempt = "appeal";
      old.exempt_on = old.opened;
      small.replace(before, old);
    }
    cases.push_back(std::move(facts));
    if (i % 7 == 0) {
      rows.flush(small);
      EXPECT_LE(small.table().size(), 40u);
      std::string bytes;
      Writer out(bytes);
      small.encode(out);
      Reader in(bytes);
      copy.decode(in);
      ASSERT_TRUE(in.ok() && in.done());
      std::swap(small, copy);
    }
  }
  rows.flush(small);
  for (const CaseFacts& facts : cases)
    for (const auto& [key, row] : counts_of(facts))
      for (std::size_t i = 0; i < kCounts; ++i) recount[key][i] += row[i];
  ScoreTable told = rows.figures();
  std::erase_if(told, [](const auto& item) { return item.second == ScoreRow{}; });
  EXPECT_EQ(told, recount);
  rows.expect_whole();
  EXPECT_GT(rows.rows("scores"), recount.size()) << "some rows began anew";
}

}  // namespace
}  // namespace cityloop
