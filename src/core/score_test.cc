// SPDX-License-Identifier: Apache-2.0
#include "core/score.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace cityloop {
namespace {

ScoreRow row_of(std::initializer_list<std::pair<Count, int>> counts) {
  ScoreRow row{};
  for (const auto& [count, n] : counts) row[static_cast<std::size_t>(count)] = n;
  return row;
}

std::string shipped() {
  std::ifstream file(std::string(CITYLOOP_SOURCE_DIR) + "/standards/scores.jsonc");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t found = text.find(what);
  EXPECT_NE(found, std::string::npos) << what;
  return text.replace(found, what.size(), by);
}

TEST(Score, EveryCountHasANameAndComesBack) {
  for (std::size_t i = 0; i < kCounts; ++i) {
    const auto count = static_cast<Count>(i);
    ASSERT_FALSE(count_name(count).empty()) << i;
    EXPECT_EQ(count_of(count_name(count)), count);
  }
  EXPECT_EQ(count_of("suspension_exempt"), static_cast<Count>(kCounts - 1)) << "the table ends where the counts end";
  EXPECT_EQ(count_of("x"), std::nullopt);
  EXPECT_EQ(kind_of(Count::extended), FactKind::disposal);
  EXPECT_EQ(kind_of(Count::returned), FactKind::dispatch);
}

// domain.md §1.9: 30 disposal + 20 on time + 20 (1 - rework) + 20 (1 - overdue and open) + 10 (1 - extension).
TEST(Score, TheShippedFormulasGiveWhatAPersonReckons) {
  const auto formulas = ScoreFormulas::parse(shipped());
  ASSERT_TRUE(formulas) << formulas.error().detail;
  const auto unit = formulas->of("unit");
  const ScoreRow row = row_of({{Count::due, 8}, {Count::disposed, 6}, {Count::on_time, 5}, {Count::rework, 1}, {Count::outstanding, 2},
                               {Count::extended, 4}});
  const double expected = 30 * 6. / 8 + 20 * 5. / 8 + 20 * 7. / 8 + 20 * 6. / 8 + 10 * 4. / 8;
  EXPECT_NEAR(*score_of(unit, row), expected, 1e-9);
  EXPECT_EQ(grade_of(expected, formulas->grades), 'C');
  const auto dispatcher = formulas->of("post:dispatcher");
  EXPECT_NEAR(*score_of(dispatcher, row_of({{Count::step_due, 4}, {Count::step_on_time, 3}, {Count::dispatched, 2}, {Count::accurate, 1}})),
              60 * 75. / 100 + 40 * 50. / 100, 1e-9);
  for (const char* object : {"area", "unit", "post:acceptor", "post:shift_leader", "post:dispatcher", "post:collector", "post:handler", "class"})
    EXPECT_FALSE(formulas->of(object).empty()) << object;
}

TEST(Score, NothingToDivideByIsNeitherNoughtNorAHundred) {
  const auto formulas = ScoreFormulas::parse(shipped());
  ASSERT_TRUE(formulas);
  const auto unit = formulas->of("unit");
  EXPECT_EQ(score_of(unit, ScoreRow{}), std::nullopt);
  for (const Indicator* one : unit) EXPECT_EQ(points_of(*one, ScoreRow{}), std::nullopt) << one->id;
  // Without a weight's denominator the others make up the whole.
  const auto dispatcher = formulas->of("post:dispatcher");
  EXPECT_EQ(score_of(dispatcher, row_of({{Count::dispatched, 2}, {Count::accurate, 1}})), 50.0);
}

TEST(Score, GradesBeginAtTheirLimit) {
  const std::array<double, 4> grades{90, 80, 70, 60};
  EXPECT_EQ(grade_of(90, grades), 'A');
  EXPECT_EQ(grade_of(89.999, grades), 'B');
  EXPECT_EQ(grade_of(60, grades), 'D');
  EXPECT_EQ(grade_of(59.9, grades), 'E');
}

TEST(Score, AFileThatIsNotRightSaysWhere) {
  const std::string good = shipped();
  const auto why = [&](const std::string& what, const std::string& by) {
    const auto parsed = ScoreFormulas::parse(replaced(good, what, by));
    return parsed ? "taken" : parsed.error().detail;
  };
  EXPECT_NE(why(R"("numerator": "disposed")", R"("numerator": "disposd")").find("did you mean `disposed`"), std::string::npos);
  EXPECT_NE(why(R"("id": "on_time_rate")", R"("id": "disposal_rate")").find("taken"), std::string::npos);
  EXPECT_NE(why(R"("id": "on_time_rate")", R"("id": "due")").find("taken"), std::string::npos) << "a count's own name";
  EXPECT_NE(why(R"("weight": 30)", R"("weight": -1)").find("weight"), std::string::npos);
  EXPECT_NE(why(R"("post:handler"])", R"("post:plumber"])").find("objects"), std::string::npos);
  EXPECT_NE(why(R"("A": 90, "B": 80)", R"("A": 80, "B": 80)").find("grades"), std::string::npos);
  EXPECT_NE(why(R"("good": "low")", R"("good": "least")").find("high or low"), std::string::npos);
  EXPECT_NE(why(R"("version": "1")", R"("verison": "1")").find("version"), std::string::npos);
  EXPECT_FALSE(ScoreFormulas::parse("[]"));
  EXPECT_FALSE(ScoreFormulas::parse("{"));
  EXPECT_FALSE(ScoreFormulas::parse(R"({"version":"1","grades":{"A":90,"B":80,"C":70,"D":60},"indicators":[]})"));
}

}  // namespace
}  // namespace cityloop
