// SPDX-License-Identifier: Apache-2.0
#include "analyse/expr.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "analyse/expr_eval.h"
#include "core/limits.h"

namespace cityloop {
namespace {

using testing::HasSubstr;

KindSpec tank() {
  KindSpec kind;
  kind.name = "tank";
  for (const char* name : {"a", "b", "c", "ch4"}) {
    PointSpec point;
    point.name = name;
    point.interval = Millis{60'000};
    kind.points.push_back(point);
  }
  kind.points[2].interval = Millis{0};
  kind.attributes = {{"depth", {}, "number", "m", false}, {"grade", {}, "text", "", false}, {"fitted", {}, "flag", "", false}};
  return kind;
}

RecordSpec passage() {
  RecordSpec record;
  record.name = "passage";
  record.kind = "tank";
  record.fields = {{"gross", {}, "number", "kg", true}, {"plate", {}, "text", "", false}};
  return record;
}

const std::vector<TableSpecXY> kTables{{"aqi", {{0, 0}, {35, 50}, {75, 100}}}};

struct Around : Surroundings {
  std::int64_t last = kNever;
  std::int64_t deaf = 0;
  std::vector<Neighbour> others;
  mutable double asked_metres = 0;
  std::int64_t listened(std::int64_t from, std::int64_t to) const override { return to - from - deaf; }
  std::int64_t heard(int) const override { return last; }
  void neighbours(double metres, std::vector<Neighbour>& out) const override {
    asked_metres = metres;
    out = others;
  }
};

struct Bench {
  KindSpec kind = tank();
  RecordSpec record = passage();
  Around around;
  std::vector<Seen> seen{4};
  std::vector<std::int64_t> stale_after{180'000, 180'000, 0, 180'000};
  std::vector<Value> attributes{{0, {}, Known::missing}, {0, {}, Known::missing}, {0, {}, Known::missing}};
  std::vector<Value> fields{{0, {}, Known::missing}, {0, {}, Known::missing}};
  std::vector<Window> windows;
  std::vector<Cell> cells;
  std::int64_t t = 1'000'000;
  std::int64_t now = 1'000'000;

  Bench& set(std::size_t point, double value) {
    seen[point] = {t, value};
    return *this;
  }
  Program compile(const std::string& text, ValueType type) {
    auto program = compile_expression(text, {kind, &record, kTables}, type);
    if (!program) {
      ADD_FAILURE() << text << ": " << program.error().detail;
      return {};
    }
    return *program;
  }
  Value run(const Program& program) {
    Frame frame;
    frame.seen = seen.data();
    frame.stale_after = stale_after.data();
    frame.attributes = attributes.data();
    frame.fields = fields.data();
    frame.windows = windows.data();
    frame.cells = cells.data();
    frame.t = t;
    frame.clock = t;
    frame.now = now;
    frame.around = &around;
    return evaluate(program, frame);
  }
  double number(const std::string& text) {
    const Value value = run(compile(text, ValueType::number));
    return value.known == Known::yes ? value.number : std::numeric_limits<double>::quiet_NaN();
  }
  char logic(const std::string& text) {  // t, f, u
    const Program program = compile(text, ValueType::boolean);
    const Truth truth = truth_of(run(program));
    return truth == Truth::yes ? 't' : truth == Truth::no ? 'f' : 'u';
  }
  std::string error(const std::string& text, ValueType type = ValueType::boolean) {
    const auto program = compile_expression(text, {kind, &record, kTables}, type);
    if (program) return "compiled";
    EXPECT_EQ(program.error().code, &errors::kBadExpression);
    return program.error().detail;
  }
};

TEST(Expr, ArithmeticAndPrecedence) {
  Bench bench;
  EXPECT_EQ(bench.number("1 + 2 * 3"), 7);
  EXPECT_EQ(bench.number("(1 + 2) * 3"), 9);
  EXPECT_EQ(bench.number("10 - 4 - 3"), 3);
  EXPECT_EQ(bench.number("24 / 4 / 3"), 2);
  EXPECT_EQ(bench.number("-2 * -3"), 6);
  EXPECT_EQ(bench.number("2 - -3"), 5);
  EXPECT_EQ(bench.number("1.5e2 + 0.25"), 150.25);
}

TEST(Expr, LeadingDotIsRefused) {
  Bench bench;
  EXPECT_THAT(bench.error(".5 > 1"), HasSubstr("column 1"));
}

TEST(Expr, ComparisonsAtTheBoundary) {
  Bench bench;
  bench.set(0, 25);
  EXPECT_EQ(bench.logic("a >= 25"), 't');
  EXPECT_EQ(bench.logic("a > 25"), 'f');
  EXPECT_EQ(bench.logic("a <= 25"), 't');
  EXPECT_EQ(bench.logic("a < 25"), 'f');
  EXPECT_EQ(bench.logic("a == 25"), 't');
  EXPECT_EQ(bench.logic("a != 25"), 'f');
  EXPECT_EQ(bench.logic("25 <= a"), 't');
  EXPECT_EQ(bench.logic("25 < a"), 'f');
  EXPECT_EQ(bench.logic("24.9 < a"), 't');
  EXPECT_EQ(bench.logic("26 > a"), 't');
  EXPECT_EQ(bench.logic("25 >= a + 0"), 't');
  EXPECT_EQ(bench.logic("a + 0 >= 25"), 't');
  EXPECT_EQ(bench.logic("a + 0 > 25"), 'f');
  EXPECT_EQ(bench.logic("a > -1"), 't');
}

TEST(Expr, KleeneTables) {
  Bench bench;
  bench.set(0, 1).set(1, 0);  // a: true, b: false, c: missing
  const std::string names[] = {"a > 0", "b > 0", "c > 0"};
  const char conjunction[3][3] = {{'t', 'f', 'u'}, {'f', 'f', 'f'}, {'u', 'f', 'u'}};
  const char disjunction[3][3] = {{'t', 't', 't'}, {'t', 'f', 'u'}, {'t', 'u', 'u'}};
  const char negation[3] = {'f', 't', 'u'};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(bench.logic("not " + names[i]), negation[i]);
    for (int j = 0; j < 3; ++j) {
      EXPECT_EQ(bench.logic(names[i] + " and " + names[j]), conjunction[i][j]) << i << j;
      EXPECT_EQ(bench.logic(names[i] + " or " + names[j]), disjunction[i][j]) << i << j;
    }
  }
  EXPECT_EQ(bench.logic("true or false and false"), 't') << "and binds tighter than or";
  EXPECT_EQ(bench.logic("not false and false"), 'f') << "not binds tighter than and";
  EXPECT_EQ(bench.logic("not a > 1"), 't') << "not binds looser than a comparison";
}

TEST(Expr, MissingSpreadsThroughArithmeticButNotThroughMinAndMax) {
  Bench bench;
  bench.set(0, 4);
  EXPECT_TRUE(std::isnan(bench.number("a + c")));
  EXPECT_TRUE(std::isnan(bench.number("-c")));
  EXPECT_TRUE(std::isnan(bench.number("abs(c)")));
  EXPECT_TRUE(std::isnan(bench.number("clamp(c, 0, 1)")));
  EXPECT_TRUE(std::isnan(bench.number("interp('aqi', c)")));
  EXPECT_EQ(bench.logic("a + c > 0"), 'u');
  EXPECT_EQ(bench.number("min(a, c)"), 4);
  EXPECT_EQ(bench.number("max(c, a, 3)"), 4);
  EXPECT_EQ(bench.number("min(c, 9, a)"), 4);
  EXPECT_TRUE(std::isnan(bench.number("min(c, b)")));
  EXPECT_TRUE(std::isnan(bench.number("a / 0")));
  EXPECT_TRUE(std::isnan(bench.number("1e308 * 1e308")));
  EXPECT_EQ(bench.number("coalesce(c, b, a)"), 4);
  EXPECT_EQ(bench.number("coalesce(a, 1)"), 4);
  EXPECT_EQ(bench.logic("is_missing(c)"), 't');
  EXPECT_EQ(bench.logic("is_missing(a)"), 'f');
}

TEST(Expr, StaleAfterThreeIntervalsNotBefore) {
  Bench bench;
  bench.set(0, 30);
  bench.set(2, 30);
  bench.t += 180'000;
  EXPECT_EQ(bench.logic("a > 1"), 't');
  EXPECT_EQ(bench.logic("is_stale(a)"), 'f');
  bench.t += 1;
  EXPECT_EQ(bench.logic("a > 1"), 'u');
  EXPECT_EQ(bench.logic("is_stale(a)"), 't');
  EXPECT_EQ(bench.logic("is_missing(a)"), 'f');
  EXPECT_EQ(bench.number("coalesce(a, 5)"), 5);
  EXPECT_EQ(bench.logic("is_stale(a + 1)"), 't');
  EXPECT_EQ(bench.logic("is_missing(a + b)"), 't') << "missing is worse than stale";
  bench.around.deaf = 1;
  EXPECT_EQ(bench.logic("a > 1"), 't') << "deaf time does not count";
  bench.t += 1'000'000'000;
  EXPECT_EQ(bench.logic("c > 1"), 't') << "an event-driven point never goes stale";
}

TEST(Expr, Functions) {
  Bench bench;
  EXPECT_EQ(bench.number("abs(-3)"), 3);
  EXPECT_EQ(bench.number("round(2.5)"), 3);
  EXPECT_EQ(bench.number("round(-2.5)"), -3);
  EXPECT_EQ(bench.number("floor(-1.2)"), -2);
  EXPECT_EQ(bench.number("ceil(1.2)"), 2);
  EXPECT_EQ(bench.number("clamp(5, 1, 3)"), 3);
  EXPECT_EQ(bench.number("clamp(-5, 1, 3)"), 1);
  EXPECT_EQ(bench.number("clamp(2, 1, 3)"), 2);
  EXPECT_EQ(bench.number("min(3, 1, 2)"), 1);
  EXPECT_EQ(bench.number("max(3, 1, 2)"), 3);
  EXPECT_EQ(bench.number("interp('aqi', -1)"), 0);
  EXPECT_EQ(bench.number("interp('aqi', 0)"), 0);
  EXPECT_EQ(bench.number("interp('aqi', 17.5)"), 25);
  EXPECT_EQ(bench.number("interp('aqi', 35)"), 50);
  EXPECT_EQ(bench.number("interp('aqi', 55)"), 75);
  EXPECT_EQ(bench.number("interp('aqi', 75)"), 100);
  EXPECT_EQ(bench.number("interp('aqi', 1000)"), 100);
}

TEST(Expr, TextsAttributesAndFields) {
  Bench bench;
  bench.attributes = {{3.5, {}, Known::yes}, {0, "it's", Known::yes}, {1, {}, Known::yes}};
  bench.fields = {{52'000, {}, Known::yes}, {0, "渝A12345", Known::yes}};
  EXPECT_EQ(bench.logic("grade == 'it''s'"), 't');
  EXPECT_EQ(bench.logic("grade != 'other'"), 't');
  EXPECT_EQ(bench.logic("grade == plate"), 'f');
  EXPECT_EQ(bench.logic("plate == '渝A12345'"), 't');
  EXPECT_EQ(bench.logic("fitted and depth >= 3.5"), 't');
  EXPECT_EQ(bench.logic("fitted == true"), 't');
  EXPECT_EQ(bench.logic("gross > 49000"), 't');
  bench.attributes[1].known = Known::missing;
  EXPECT_EQ(bench.logic("grade == 'x'"), 'u');
  EXPECT_EQ(bench.logic("coalesce(grade, 'x') == 'x'"), 't');
}

TEST(Expr, AbsenceIsReachedAtItsDurationAndNeverForTheNeverHeard) {
  Bench bench;
  EXPECT_EQ(bench.logic("absent_for(15m)"), 'u');
  bench.around.last = bench.now - 899'999;
  EXPECT_EQ(bench.logic("absent_for(15m)"), 'f');
  bench.around.last = bench.now - 900'000;
  EXPECT_EQ(bench.logic("absent_for(15m)"), 't');
  bench.around.deaf = 1;
  EXPECT_EQ(bench.logic("absent_for(a, 15m)"), 'f');
}

TEST(Expr, SequenceNeedsTheFirstThenTheSecondInTime) {
  Bench bench;
  const Program program = bench.compile("sequence(a > 0, b > 0, 10m)", ValueType::boolean);
  ASSERT_EQ(program.cells.size(), 1u);
  const auto play = [&](std::vector<std::tuple<std::int64_t, double, double>> steps) {
    bench.cells.assign(1, {});
    std::string story;
    for (const auto& [at, a, b] : steps) {
      bench.t = at;
      bench.set(0, a).set(1, b);
      story += truth_of(bench.run(program)) == Truth::yes ? 't' : 'f';
    }
    return story;
  };
  EXPECT_EQ(play({{0, 0, 0}, {1000, 1, 0}, {601'000, 1, 1}, {602'000, 0, 1}, {603'000, 0, 0}}), "ffttf");
  EXPECT_EQ(play({{0, 0, 0}, {1000, 1, 0}, {601'001, 1, 1}}), "fff") << "one millisecond too late";
  EXPECT_EQ(play({{0, 0, 0}, {1000, 1, 1}}), "ff") << "at once is not one after the other";
  EXPECT_EQ(play({{0, 0, 1}, {1000, 1, 1}}), "ff") << "the second was true before";
  EXPECT_EQ(play({{0, 1, 0}, {1000, 0, 0}, {2000, 0, 1}}), "fft") << "the first need not stay true";
}

TEST(Expr, NeighboursLookAtOtherAssetsAsTheyAreNow) {
  Bench bench;
  std::vector<Seen> near{{bench.t, 3}, {}, {}, {}};
  std::vector<Seen> far{{bench.t, 7}, {bench.t, 1}, {}, {}};
  std::vector<Seen> old{{bench.t - 180'001, 99}, {}, {}, {}};
  EXPECT_TRUE(std::isnan(bench.number("neighbour_max(a, 200m)")));
  bench.around.others = {{near.data(), nullptr}, {far.data(), nullptr}, {old.data(), nullptr}};
  EXPECT_EQ(bench.number("neighbour_max(a, 200m)"), 7);
  EXPECT_EQ(bench.around.asked_metres, 200);
  EXPECT_EQ(bench.number("neighbour_min(a, 200)"), 3);
  EXPECT_EQ(bench.number("neighbour_count(a >= 3, 1500m)"), 2);
  EXPECT_EQ(bench.number("neighbour_count(a >= 3 and b > 0, 1500m)"), 1);
  EXPECT_EQ(bench.number("neighbour_count(is_stale(a), 5)"), 1);
}

TEST(Expr, ErrorsNameColumnAndWhatWasExpected) {
  Bench bench;
  EXPECT_THAT(bench.error("ch5 > 3"), testing::AllOf(HasSubstr("column 1"), HasSubstr("did you mean ch4")));
  EXPECT_THAT(bench.error("a > 3 and absen_for(5m)"), testing::AllOf(HasSubstr("column 11"), HasSubstr("absent_for")));
  EXPECT_THAT(bench.error("a = 3"), testing::AllOf(HasSubstr("column 3"), HasSubstr("==")));
  EXPECT_THAT(bench.error("a > 3 && b > 3"), HasSubstr("`and`"));
  EXPECT_THAT(bench.error("a > 1 > 2"), HasSubstr("do not chain"));
  EXPECT_THAT(bench.error("a"), testing::AllOf(HasSubstr("whole expression"), HasSubstr("truth value"), HasSubstr("number")));
  EXPECT_THAT(bench.error("a and b > 1"), testing::AllOf(HasSubstr("`and` needs a truth value"), HasSubstr("`a` > 0")));
  EXPECT_THAT(bench.error("grade > 'x'"), HasSubstr("only has == and !="));
  EXPECT_THAT(bench.error("grade == 3"), HasSubstr("compares a text (`grade`) with a number (`3`)"));
  EXPECT_THAT(bench.error("(a > 3"), testing::AllOf(HasSubstr("expected `)`"), HasSubstr("the end")));
  EXPECT_THAT(bench.error("a > "), HasSubstr("expected a value"));
  EXPECT_THAT(bench.error(""), HasSubstr("expected a value, found the end"));
  EXPECT_THAT(bench.error("a > 3 b"), HasSubstr("expected an operator"));
  EXPECT_THAT(bench.error("'abc"), HasSubstr("no closing quote"));
  EXPECT_THAT(bench.error("avg_over_time(a) > 1"), HasSubstr("[5m]"));
  EXPECT_THAT(bench.error("avg_over_time(depth[5m]) > 1"), HasSubstr("needs a point"));
  EXPECT_THAT(bench.error("avg_over_time(a[5]) > 1"), HasSubstr("duration"));
  EXPECT_THAT(bench.error("avg_over_time(a[0s]) > 1"), HasSubstr("longer than 0"));
  EXPECT_THAT(bench.error("avg_over_time(a[32d]) > 1"), HasSubstr("at most"));
  EXPECT_THAT(bench.error("interp('aqj', a) > 1"), HasSubstr("did you mean aqi"));
  EXPECT_THAT(bench.error("interp(a, 1) > 1"), HasSubstr("table's name"));
  EXPECT_THAT(bench.error("neighbour_max(a, 5km) > 1"), HasSubstr("metres"));
  EXPECT_THAT(bench.error("neighbour_count(avg_over_time(a[5m]) > 1, 200) > 1"), HasSubstr("cannot stand inside"));
  EXPECT_THAT(bench.error("neighbour_count(gross > 1, 200) > 1"), HasSubstr("not record fields"));
  EXPECT_THAT(bench.error("clamp(a, 1) > 1"), HasSubstr("takes 3 values, not 2"));
  EXPECT_THAT(bench.error("min(a) > 1"), HasSubstr("at least 2"));
  EXPECT_THAT(bench.error("min > 1"), HasSubstr("is a function"));
  EXPECT_THAT(bench.error("5m > 1"), HasSubstr("stands alone"));
  EXPECT_THAT(bench.error("coalesce(a, 'x') > 1"), HasSubstr("coalesce"));
  EXPECT_THAT(bench.error("a > 1e999"), HasSubstr("not a number that fits"));
}

TEST(Expr, DeepAndLargeExpressionsAreRefusedNotCrashedOn) {
  Bench bench;
  EXPECT_THAT(bench.error(std::string(1500, '(') + "a" + std::string(1500, ')')), HasSubstr("nested deeper"));
  EXPECT_THAT(bench.error(std::string(3999, '-')), HasSubstr("nested deeper"));
  std::string nots;
  for (int i = 0; i < 900; ++i) nots += "not ";
  EXPECT_THAT(bench.error(nots + "a>1"), HasSubstr("nested deeper"));
  EXPECT_THAT(bench.error(std::string(5000, ' ')), HasSubstr("longer than"));
  std::string sum = "1";
  for (int i = 0; i < 600; ++i) sum += "+a";
  EXPECT_THAT(bench.error(sum, ValueType::number), HasSubstr("too large"));
  std::string fits = "1";
  for (int i = 0; i < 450; ++i) fits += "+a";
  bench.set(0, 2);
  EXPECT_EQ(bench.number(fits), 901);
  std::string nested = "a";
  for (int i = 0; i < 31; ++i) nested = "1+(" + nested + ")";
  EXPECT_EQ(bench.number(nested), 33);
}

TEST(Expr, RandomBytesNeverCrash) {
  std::mt19937 random(3);
  const std::string pieces[] = {"a", "ch4", "grade", "'x'", "1", "5m", "(", ")", "[", "]", ",", " and ", " or ", "not ", ">=",
                                "==", "+", "-", "*", "/", "min(", "sequence(", "avg_over_time(a[5m])", "absent_for(1h)",
                                "neighbour_count(", "interp('aqi',", "is_stale(", "coalesce(", "true", "\xff", "'"};
  Bench bench;
  bench.windows.emplace_back(300'000, 15);
  bench.cells.resize(200);
  int compiled = 0;
  for (int i = 0; i < 60'000; ++i) {
    std::string text;
    for (auto n = random() % 12; n > 0; --n) text += pieces[random() % std::size(pieces)];
    for (const ValueType type : {ValueType::boolean, ValueType::number}) {
      const auto program = compile_expression(text, {bench.kind, nullptr, kTables}, type);
      if (program && program->windows.size() <= 1) {
        ++compiled;
        bench.run(*program);
      }
    }
    (void)check_expression(text, bench.kind);
  }
  EXPECT_GT(compiled, 100);
}

TEST(Expr, NotesWhatItReads) {
  Bench bench;
  const Program p = bench.compile("avg_over_time(b[5m]) > 1 and a > 2 and depth > 1 and max_over_time(b[5m]) < 9 and ch4 >= 25",
                                  ValueType::boolean);
  EXPECT_EQ(p.points, (std::vector<std::uint8_t>{0, 1, 3}));
  EXPECT_EQ(p.attributes, (std::vector<std::uint16_t>{0}));
  ASSERT_EQ(p.windows.size(), 1u) << "one window serves both range calls";
  EXPECT_EQ(p.windows[0].needs, window_needs::kSum | window_needs::kMost);
  EXPECT_EQ(p.threshold, 1.0);
  EXPECT_TRUE(bench.compile("ch4 >= 25", ValueType::boolean).simple);
  EXPECT_FALSE(p.simple);
}

}  // namespace
}  // namespace cityloop
