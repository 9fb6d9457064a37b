// SPDX-License-Identifier: Apache-2.0
// Derived points, agreement, packs that change, the examples that packs carry.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyse/examples.h"
#include "analyse/test_city.h"

namespace cityloop {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Pack plain(const std::string& expr = "x >= 25", int hold = 0) { return test_pack({test_rule("r", {at_level(Level::yellow, expr, hold)})}); }

// ---- derived --------------------------------------------------------------------------------------------------

Pack chained() {
  auto points = std::vector{test_point("x"), test_point("twice", 0, "half * 4"), test_point("half", 0, "x / 2 + 0 * y"), test_point("y")};
  points[1].decimals = 1;
  return test_pack({test_rule("r", {at_level(Level::yellow, "twice >= 50")})}, points);
}

TEST(Derived, ChainsInOrderOfNeedAtTheSameEventTime) {
  TestCity city(chained());
  city.see(0, 12.525);
  EXPECT_THAT(city.derived, IsEmpty()) << "y is missing";
  city.see(10, 1, 3);
  ASSERT_EQ(city.derived.size(), 2u);
  EXPECT_EQ(city.derived[0].point, 2);
  EXPECT_EQ(city.derived[0].number, 6.26);
  EXPECT_EQ(city.derived[0].quality, Quality::derived);
  EXPECT_EQ(city.derived[0].at, second(10));
  EXPECT_EQ(city.derived[1].point, 1);
  EXPECT_EQ(city.derived[1].number, 25.0);
  EXPECT_EQ(city.derived[1].value, decimal_of(25.0));
  EXPECT_EQ(city.analyse.live().find(1)->points[1].quality, Quality::derived);
  city.see(20, 25);
  EXPECT_EQ(city.state(), "yellow");
  city.tick(200.001);
  EXPECT_EQ(city.open()->why.steps.back().state, "stale") << "as old as what it is made of";
}

TEST(Derived, WindowsOverDerivedPointsAndTheirWhy) {
  auto points = std::vector{test_point("x"), test_point("sum", 0, "x + 1")};
  TestCity city(test_pack({test_rule("r", {at_level(Level::yellow, "avg_over_time(sum[2m]) >= 11")})}, points));
  city.see(0, 9);
  city.see(60, 11);
  EXPECT_EQ(city.state(), "yellow");
  ASSERT_EQ(city.open()->why.samples.size(), 2u);
  EXPECT_EQ(city.open()->why.samples[0].point, "sum");
  EXPECT_TRUE(verify_why(city.open()->why)->agrees);
}

TEST(Derived, ACircleIsAnError) {
  Analyse analyse;
  const auto set = analyse.set_packs(std::make_shared<const Packs>(
      *Packs::create({test_pack({}, {test_point("a", 60, "b + 1"), test_point("b", 60, "a + 1")})})));
  ASSERT_FALSE(set.has_value());
  EXPECT_EQ(set.error().code, &errors::kBadExpression);
  EXPECT_THAT(set.error().detail, HasSubstr("needs itself"));
  const auto self = analyse.set_packs(std::make_shared<const Packs>(*Packs::create({test_pack({}, {test_point("a", 60, "a + 1")})})));
  EXPECT_THAT(self.error().detail, HasSubstr("reads itself"));
}

// ---- agreement ------------------------------------------------------------------------------------------------

TEST(Agreement, NeedsTheConditionForItsTime) {
  Pack pack = plain();
  pack.the_case.emplace();
  pack.the_case->agreement = "x < 10";
  pack.the_case->agreement_hold = Millis{600'000};
  TestCity city(pack);
  const auto ask = [&](double t) { return city.analyse.agreement(*city.tables.asset("a"), second(t)); };
  EXPECT_TRUE(ask(0).needed);
  EXPECT_FALSE(ask(0).agrees);
  EXPECT_THAT(ask(0).because, HasSubstr("nothing has been heard"));
  city.see(0, 12);
  EXPECT_THAT(ask(1).because, HasSubstr("does not hold"));
  for (int t = 60; t <= 720; t += 60) city.see(t, 9.9);
  EXPECT_FALSE(ask(659.999).agrees);
  EXPECT_TRUE(ask(660).agrees);
  EXPECT_TRUE(ask(900).agrees);
  EXPECT_FALSE(ask(900.001).agrees) << "stale";
  EXPECT_THAT(ask(901).because, HasSubstr("not been heard since 2022-08-22T06:12:00Z"));
  city.see(1000, 9);
  EXPECT_FALSE(ask(1000).agrees) << "what happened in the gap is not known";
  EXPECT_THAT(ask(1000).because, HasSubstr("must for 10m"));
  city.see(1060, 10);
  EXPECT_THAT(ask(1061).because, HasSubstr("does not hold"));
}

TEST(Agreement, IsNotNeededWithoutOne) {
  TestCity city(plain());
  EXPECT_FALSE(city.analyse.agreement(*city.tables.asset("a"), second(0)).needed);
}

// ---- packs that change ----------------------------------------------------------------------------------------

TEST(PackChange, UnchangedRulesKeepHoldsWindowsAndAlarms) {
  const auto rules = [] {
    return std::vector{test_rule("r", {at_level(Level::yellow, "avg_over_time(x[10m]) >= 25", 120)}), test_rule("s", {at_level(Level::red, "y > 0")})};
  };
  TestCity city(test_pack(rules()));
  city.see(0, 40);
  city.see(1, 1, 1);
  city.see(60, 20);
  Pack next = test_pack(rules(), {test_point("new"), test_point("z", 0), test_point("y"), test_point("x")});
  next.version = "2";
  next.rules.insert(next.rules.begin(), test_rule("first", {at_level(Level::blue, "new > 1 or avg_over_time(new[1h]) > 1")}));
  ASSERT_TRUE(city.put_pack(next).has_value());
  city.story();
  city.tick(119.999);
  EXPECT_EQ(city.state(), "pending");
  city.tick(120);
  EXPECT_EQ(city.state(), "yellow") << "the hold went on";
  EXPECT_EQ(city.state("s"), "red");
  EXPECT_TRUE(verify_why(city.open()->why)->agrees);
  city.see(180, 10, 3);  // (40 + 20 + 10) / 3 < 25
  EXPECT_EQ(city.state(), "none");
  EXPECT_EQ(city.analyse.live().find(1)->points[3].value, decimal_of(10));
  EXPECT_EQ(city.analyse.live().find(1)->points[2].value, decimal_of(1));
}

TEST(PackChange, ChangedRulesStartAfreshAndRemovedOnesAreCleared) {
  TestCity city(test_pack({test_rule("r", {at_level(Level::yellow, "x >= 25")}), test_rule("s", {at_level(Level::red, "x > 0")})}));
  city.see(0, 30);
  city.story();
  const std::string id = city.open()->id;
  const std::string other = city.open("s")->id;
  ASSERT_TRUE(city.put_pack(plain("x >= 20")).has_value());
  EXPECT_LE(city.analyse.next_due(), second(0));
  city.tick(1);
  EXPECT_EQ(city.analyse.alarm(id)->why.steps.back().because, "the rule was changed");
  EXPECT_EQ(city.analyse.alarm(other)->why.steps.back().because, "the rule was removed");
  EXPECT_THAT(city.story(), ElementsAre("alarm.clear cleared:yellow", "alarm.clear cleared:red"));
  EXPECT_EQ(city.analyse.live().find(1)->alarms, 0);
  city.see(2, 30);
  EXPECT_EQ(city.state(), "yellow");
  EXPECT_NE(city.open()->id, id);
}

TEST(PackChange, AKindThatIsGoneTakesItsAlarmsAlong) {
  TestCity city(plain());
  city.see(0, 30);
  const std::string id = city.open()->id;
  Pack other = test_pack({});
  other.kinds[0].name = "another";
  ASSERT_TRUE(city.put_pack(other).has_value());
  city.tick(1);
  EXPECT_EQ(city.analyse.alarm(id)->state, AlarmState::cleared);
  city.see(2, 30);
}

// Such a rule would be true for every asset for ever, or never (found by the fuzzer).
TEST(Packs, ARuleThatListensToNothingIsRefused) {
  TestCity city(plain("x >= 25"));
  for (const char* expr : {"28 >= 21", "depth > 3", "true"}) {
    const auto set = city.put_pack(plain(expr));
    ASSERT_FALSE(set.has_value()) << expr;
    EXPECT_THAT(set.error().detail, testing::HasSubstr("reads nothing that is measured"));
  }
  EXPECT_TRUE(city.put_pack(plain("depth > 3 and x > 1")).has_value());
}

TEST(PackChange, APackThatDoesNotCompileChangesNothing) {
  TestCity city(plain("x >= 25", 60));
  city.see(0, 30);
  const std::string before = city.saved();
  const auto set = city.put_pack(plain("xx >= 25"));
  ASSERT_FALSE(set.has_value());
  EXPECT_EQ(set.error().code, &errors::kBadExpression);
  EXPECT_THAT(set.error().detail, HasSubstr("pack p: rule r, level yellow: column 1"));
  EXPECT_EQ(city.saved(), before);
  city.tick(60);
  EXPECT_EQ(city.state(), "yellow");
}

TEST(PackChange, RefusesWhatCannotWork) {
  const auto error = [](const std::function<void(Pack&)>& edit) {
    Pack pack = plain();
    pack.records = {{"passage", {}, "thing", {{"gross", {}, "number", "t", true}}}};
    edit(pack);
    Analyse analyse;
    const auto set = analyse.set_packs(std::make_shared<const Packs>(*Packs::create({pack})));
    return set ? "compiled" : set.error().detail;
  };
  EXPECT_EQ(error([](Pack&) {}), "compiled");
  EXPECT_THAT(error([](Pack& p) { p.rules[0].record = "passage"; p.rules[0].levels[0].hold = Millis{1}; }), HasSubstr("cannot hold"));
  EXPECT_THAT(error([](Pack& p) { p.rules[0].levels.push_back(at_level(Level::blue, "x > 1")); }), HasSubstr("ascend"));
  EXPECT_THAT(error([](Pack& p) { p.rules[0].clear_expr = "x"; }), HasSubstr("clear_when: column 1"));
  EXPECT_THAT(error([](Pack& p) { p.rules[0].clear_expr = "sequence(x > 1, y > 1, 5m)"; }), HasSubstr("belongs to levels"));
  EXPECT_THAT(error([](Pack& p) { p.the_case.emplace().agreement = "ch4 < 1"; }), HasSubstr("case.agreement"));
  EXPECT_THAT(error([](Pack& p) { p.rules[0].levels[0].expr = "gross > 3"; }), HasSubstr("no point or attribute `gross`"));
}

// ---- examples -------------------------------------------------------------------------------------------------

Result<std::vector<std::string>> run(const std::string& expect, const std::string& inputs) {
  Pack pack = plain("x >= 25", 60);
  pack.kinds[0].points[0].least = 0;
  pack.kinds[0].points[0].sentinels = {999};
  pack.kinds[0].points[0].plausible_high = 500;
  pack.examples = {{"e", R"({"name":"e","assets":[{"id":"a","kind":"thing","location":[106.4,29.5]}],"inputs":[)" + inputs +
                             R"(],"expect":[)" + expect + "]}"}};
  const Packs packs = *Packs::create({pack});
  return run_examples(packs, packs.all()[0]);
}

TEST(Examples, HoldAndFail) {
  const std::string inputs = R"({"at":"0s","asset":"a","values":{"x":30}},{"from":"30s","to":"90s","every":"30s","asset":"a","values":{"x":30}},
                                {"at":"120s","asset":"a","values":{"x":10}})";
  const auto good = run(R"({"at":"59s","asset":"a","alert":"r","state":"pending"},{"at":"60s","asset":"a","alert":"p/r","state":"firing","level":"yellow"},
                           {"until":"119s","asset":"a","alert":"r","state":"firing"},{"at":"120s","asset":"a","alert":"r","state":"cleared"})",
                        inputs);
  ASSERT_TRUE(good.has_value()) << good.error().detail;
  EXPECT_THAT(*good, IsEmpty());
  const auto bad = run(R"({"at":"59s","asset":"a","alert":"r","state":"firing"},{"at":"60s","asset":"a","alert":"r","state":"firing","level":"red"},
                          {"until":"130s","asset":"a","alert":"r","state":"firing"})",
                       inputs);
  ASSERT_TRUE(bad.has_value());
  EXPECT_THAT(*bad, ElementsAre("example \"e\", expectation 1: at 59s alarm p/r of a is pending yellow, expected firing",
                                "example \"e\", expectation 2: at 1m alarm p/r of a is firing yellow, expected firing red",
                                "example \"e\", expectation 3: at 2m alarm p/r of a is cleared yellow, expected firing"));
}

TEST(Examples, BadValuesAreDroppedAsSenseWould) {
  const auto said = run(R"({"at":"10m","asset":"a","alert":"r","state":"none"})",
                        R"({"at":"0s","asset":"a","values":{"x":-1}},{"at":"10s","asset":"a","values":{"x":999}},{"at":"20s","asset":"a","values":{"x":501}},
                           {"at":"40s","asset":"a","values":{"x":1}},{"at":"30s","arrival":"50s","asset":"a","values":{"x":30}},{"at":"9m","tick":true})");
  ASSERT_TRUE(said.has_value());
  EXPECT_THAT(*said, IsEmpty());
}

TEST(Examples, MalformedOnesAreErrors) {
  EXPECT_FALSE(run(R"({"at":"0s","asset":"a","alert":"r","state":"none"})", R"({"at":"0s","asset":"b","values":{"x":1}})").has_value());
  EXPECT_FALSE(run(R"({"at":"0s","asset":"a","alert":"r"})", "").has_value());
}

}  // namespace
}  // namespace cityloop
