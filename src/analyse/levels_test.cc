// SPDX-License-Identifier: Apache-2.0
// Holds, levels, hysteresis, staleness: one rule of one asset.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyse/test_city.h"

namespace cityloop {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Pack simple(int hold_s = 0, const std::string& expr = "x >= 25") { return test_pack({test_rule("r", {at_level(Level::yellow, expr, hold_s)})}); }

Pack four_levels() {
  return test_pack({test_rule("r", {at_level(Level::blue, "x >= 10", 300), at_level(Level::yellow, "x >= 25", 60),
                                    at_level(Level::orange, "x >= 50", 30), at_level(Level::red, "x >= 100")})});
}

TEST(Levels, FiresAtTheThresholdAtOnceAndTellsEverything) {
  TestCity city(simple());
  city.see(0, 24.9);
  EXPECT_EQ(city.state(), "none");
  EXPECT_THAT(city.story(), IsEmpty());
  city.now = 12;
  city.see(10, 25);
  const Alarm* alarm = city.open();
  ASSERT_NE(alarm, nullptr);
  EXPECT_EQ(alarm->state, AlarmState::firing);
  EXPECT_EQ(alarm->raised_at, second(10));
  EXPECT_EQ(alarm->arrival, second(12));
  EXPECT_EQ(alarm->changed_at, second(12));
  EXPECT_EQ(alarm->value, 25);
  EXPECT_EQ(alarm->unit, "u");
  EXPECT_EQ(alarm->point, "x");
  EXPECT_EQ(alarm->area, "500106");
  EXPECT_EQ(alarm->asset_name, "Asset a");
  EXPECT_EQ(alarm->title, "Asset a x值 25u ≥ 25");
  EXPECT_EQ(alarm->title_en, "x value 25 over 25");
  EXPECT_EQ(alarm->id.size(), 18u);
  EXPECT_EQ(alarm->why.steps.back().state, "firing:yellow");
  EXPECT_EQ(alarm->why.steps.back().because, "x 25 >= 25");
  EXPECT_THAT(city.story(), ElementsAre("alarm.new firing:yellow"));
  const LiveAsset* live = city.analyse.live().find(1);
  EXPECT_EQ(live->level, Level::yellow);
  EXPECT_EQ(live->alarms, 1);
  EXPECT_EQ(live->points[0].value, decimal_of(25));
  city.see(20, 30);
  EXPECT_THAT(city.story(), IsEmpty()) << "one alarm; no news";
  city.see(30, 24);
  EXPECT_EQ(city.state(), "none");
  EXPECT_THAT(city.story(), ElementsAre("alarm.clear cleared:yellow"));
  EXPECT_EQ(city.analyse.live().find(1)->level, Level::none);
  EXPECT_EQ(city.analyse.live().find(1)->alarms, 0);
}

TEST(Levels, APendingHoldFiresByTickAtItsEndNotBefore) {
  TestCity city(simple(60));
  city.see(0, 30);
  EXPECT_EQ(city.state(), "pending");
  EXPECT_EQ(city.open()->raised_at, second(0));
  EXPECT_EQ(city.analyse.next_due(), second(60));
  city.tick(59.999);
  EXPECT_EQ(city.state(), "pending");
  city.tick(60);
  EXPECT_EQ(city.state(), "yellow");
  EXPECT_EQ(city.open()->raised_at, second(60));
  EXPECT_EQ(city.open()->arrival, second(60));
  EXPECT_EQ(city.open()->why.steps.back().because, "x 30 >= 25 held 1m");
  EXPECT_THAT(city.story(), ElementsAre("alarm.new pending:yellow", "alarm.update firing:yellow"));
}

TEST(Levels, ASampleAtTheEndOfTheHoldFiresToo) {
  TestCity city(simple(60));
  city.see(0, 30);
  city.see(59.999, 30);
  EXPECT_EQ(city.state(), "pending");
  city.see(60, 30);
  EXPECT_EQ(city.state(), "yellow");
}

TEST(Levels, AContradictedHoldStartsAgain) {
  TestCity city(simple(60));
  city.see(0, 30);
  city.see(30, 20);
  EXPECT_EQ(city.state(), "none");
  city.see(40, 30);
  city.see(99.999, 30);
  EXPECT_EQ(city.state(), "pending");
  city.see(100, 30);
  EXPECT_EQ(city.state(), "yellow");
  EXPECT_THAT(city.story(), ElementsAre("alarm.new pending:yellow", "alarm.clear cleared:yellow", "alarm.new pending:yellow",
                                        "alarm.update firing:yellow"));
  EXPECT_EQ(city.analyse.alarms().size(), 1u) << "a pending alarm that came to nothing leaves no trace";
}

TEST(Levels, AHoldCountsInTheAssetsOwnTimeHoweverLateTheSamplesArrive) {
  TestCity city(simple(60));
  city.now = 10'000;  // an hourly logger hands over what it has
  city.give({city.one(0, 30, 0), city.one(0, 30, 30)});
  EXPECT_EQ(city.state(), "pending");
  city.give({city.one(0, 20, 90)});  // the condition was true from 0 to 90
  EXPECT_THAT(city.story(), ElementsAre("alarm.new pending:yellow", "alarm.update firing:yellow", "alarm.clear cleared:yellow"));
  ASSERT_EQ(city.analyse.alarms().size(), 1u);
  const Alarm& alarm = city.analyse.alarms().begin()->second;
  EXPECT_EQ(alarm.raised_at, second(60));
  EXPECT_EQ(alarm.cleared_at, second(90));
}

TEST(Levels, ASampleThatContradictsAtTheVeryEndOfTheHoldWins) {
  TestCity city(simple(60));
  city.see(0, 30);
  city.see(60, 20);
  EXPECT_THAT(city.story(), ElementsAre("alarm.new pending:yellow", "alarm.clear cleared:yellow"));
}

TEST(Levels, EveryLevelHoldsByItself) {
  TestCity city(four_levels());
  city.see(0, 60);
  EXPECT_EQ(city.state(), "pending");
  city.tick(29.999);
  EXPECT_EQ(city.state(), "pending");
  city.tick(30);
  EXPECT_EQ(city.state(), "orange");
  city.see(40, 120);
  EXPECT_EQ(city.state(), "red");
  city.see(50, 30);
  EXPECT_EQ(city.state(), "red") << "yellow holds only since 0 and needs 60 s; nothing has held, nothing is over";
  city.tick(60);
  EXPECT_EQ(city.state(), "yellow");
  EXPECT_EQ(city.open()->peak, Level::red);
  city.see(70, 15);
  EXPECT_EQ(city.state(), "yellow") << "blue's own hold still runs";
  for (double t = 130; t < 300; t += 60) city.see(t, 15);
  city.tick(300);
  EXPECT_EQ(city.state(), "blue");
  city.see(310, 9);
  EXPECT_EQ(city.state(), "none");
  EXPECT_EQ(city.analyse.alarms().size(), 1u) << "one episode";
}

TEST(Levels, RaisedStraightToRedThenFallsToTheLevelThatHolds) {
  TestCity city(four_levels());
  city.see(0, 120);
  EXPECT_EQ(city.state(), "red");
  EXPECT_THAT(city.story(), ElementsAre("alarm.new firing:red"));
  city.see(10, 60);
  EXPECT_EQ(city.state(), "red");
  city.see(31, 60);
  EXPECT_EQ(city.state(), "orange");
  EXPECT_EQ(city.open()->why.level, Level::red) << "the why tells of the rise";
  EXPECT_EQ(city.open()->why.steps.back().state, "firing:orange");
  EXPECT_THAT(city.story(), ElementsAre("alarm.update firing:orange"));
}

TEST(Levels, KeepFiringForBridgesShortCalm) {
  Pack pack = simple();
  pack.rules[0].keep_firing_for = Millis{60'000};
  TestCity city(pack);
  city.see(0, 30);
  city.see(10, 20);
  EXPECT_EQ(city.state(), "yellow");
  city.see(60, 30);
  city.see(70, 20);
  city.tick(129.999);
  EXPECT_EQ(city.state(), "yellow");
  city.tick(130);
  EXPECT_EQ(city.state(), "none");
  EXPECT_THAT(city.story(), ElementsAre("alarm.new firing:yellow", "alarm.clear cleared:yellow"));
  EXPECT_EQ(city.analyse.alarms().begin()->second.cleared_at, second(130));
}

TEST(Levels, ClearWhenMakesABand) {
  Pack pack = test_pack({test_rule("r", {at_level(Level::blue, "x >= 10"), at_level(Level::yellow, "x >= 25")})});
  pack.rules[0].clear_expr = "x < 8";
  TestCity city(pack);
  city.see(0, 30);
  city.see(1, 9);
  EXPECT_EQ(city.state(), "blue") << "in the band: the lowest level";
  city.see(2, 8);
  EXPECT_EQ(city.state(), "blue");
  city.see(3, 26);
  EXPECT_EQ(city.state(), "yellow");
  city.see(4, 7.9);
  EXPECT_EQ(city.state(), "none");
}

TEST(Levels, StaleAfterThreeIntervalsTheAlarmStaysWithAStep) {
  TestCity city(simple());
  city.see(0, 30);
  city.story();
  city.tick(180);
  EXPECT_THAT(city.story(), IsEmpty());
  city.tick(180.001);
  EXPECT_EQ(city.state(), "yellow");
  EXPECT_EQ(city.open()->why.steps.back().state, "stale");
  EXPECT_THAT(city.open()->why.steps.back().because, HasSubstr("x 30 (stale)"));
  EXPECT_THAT(city.story(), ElementsAre("alarm.update firing:yellow"));
  city.tick(100'000);
  EXPECT_THAT(city.story(), IsEmpty()) << "told once";
  city.see(100'010, 31);
  city.tick(100'200);
  EXPECT_THAT(city.story(), ElementsAre("alarm.update firing:yellow")) << "and again for the next silence";
  city.see(100'300, 1);
  EXPECT_EQ(city.state(), "none");
}

TEST(Levels, AHoldDoesNotRunOutOnAStaleValueHoweverLateTheTick) {
  TestCity city(simple(600));
  city.see(0, 30);
  city.tick(10'000);
  EXPECT_EQ(city.state(), "none");
  EXPECT_THAT(city.story(), ElementsAre("alarm.new pending:yellow", "alarm.clear cleared:yellow"));
  city.see(10'001, 30);
  EXPECT_EQ(city.open()->raised_at, second(10'001)) << "the hold begins anew";
  TestCity prompt(simple(120));
  prompt.see(0, 30);
  prompt.tick(10'000);
  EXPECT_EQ(prompt.open()->raised_at, second(120)) << "it ran out before the value went stale";
}

TEST(Levels, AnEventDrivenPointNeverGoesStale) {
  TestCity city(simple(600, "z > 0"));
  city.see(0, 1, 2);
  city.tick(600);
  EXPECT_EQ(city.state(), "yellow");
  city.tick(1'000'000);
  EXPECT_EQ(city.open()->why.steps.back().state, "firing:yellow");
}

TEST(Levels, MissingNeitherRaisesNorClears) {
  TestCity city(simple(0, "x >= 25 and y > 0"));
  city.see(0, 30);
  EXPECT_EQ(city.state(), "none");
  city.see(1, 1, 1);
  EXPECT_EQ(city.state(), "yellow");
  city.see(190, 30);  // y is stale by now
  EXPECT_EQ(city.state(), "yellow");
  city.see(200, 10);  // whatever y is, this is false
  EXPECT_EQ(city.state(), "none");
}

TEST(Levels, LateValuesChangeNothing) {
  TestCity city(simple());
  city.see(100, 10);
  const std::string before = city.saved();
  Observation late = city.one(0, 99, 50);
  late.late = true;
  city.give({late});
  EXPECT_EQ(city.saved(), before);
  late.late = false;  // not marked, but older than the newest all the same
  city.give({late});
  EXPECT_EQ(city.state(), "none");
  EXPECT_EQ(city.analyse.live().find(1)->points[0].value, decimal_of(10));
}

TEST(Levels, SuspectValuesAreShownButNeitherRaiseNorClear) {
  TestCity city(simple());
  Observation odd = city.one(0, 99, 0);
  odd.quality = Quality::suspect;
  city.give({odd});
  EXPECT_EQ(city.state(), "none");
  EXPECT_EQ(city.analyse.live().find(1)->points[0].quality, Quality::suspect);
  Observation end = city.one(0, 100, 1);
  end.quality = Quality::at_limit;
  city.give({end});
  EXPECT_EQ(city.state(), "yellow") << "a saturated sensor is no reason for silence";
  odd = city.one(0, 0, 2);
  odd.quality = Quality::suspect;
  city.give({odd});
  EXPECT_EQ(city.state(), "yellow");
}

TEST(Levels, ACorrectionOfTheNewestSampleCounts) {
  TestCity city(simple());
  city.see(0, 30);
  city.see(0, 20);
  EXPECT_EQ(city.state(), "none");
}

TEST(Levels, WhatWasMeasuredTogetherIsJudgedTogether) {
  TestCity city(simple(0, "x > 10 and y > 5"));
  city.give({city.one(0, 1, 0), city.one(1, 6, 0)});
  city.now = 60;
  city.give({city.one(0, 11, 60), city.one(1, 3, 60)});
  EXPECT_THAT(city.story(), IsEmpty()) << "never was x over 10 while y was over 5";
  city.now = 120;
  city.give({city.one(0, 11, 120), city.one(1, 6, 120)});
  EXPECT_EQ(city.state(), "yellow");
}

TEST(Levels, AnotherSensorsClockDoesNotAgeThisOne) {
  TestCity city(simple(0, "max_over_time(x[5m]) >= 25"));
  city.now = 1000;
  city.give({city.one(1, 1, 1000)});  // y's device runs ahead
  city.give({city.one(0, 30, 600)});
  EXPECT_EQ(city.state(), "yellow");
  city.give({city.one(1, 1, 1060), city.one(0, 20, 660)});
  EXPECT_EQ(city.state(), "yellow") << "30 is still within five minutes of x's own time";
  city.give({city.one(0, 20, 900)});
  EXPECT_EQ(city.state(), "none") << "(600, 900] no longer holds it";
}

TEST(Levels, WindowsOfEventDrivenPointsMoveOnByThemselvesWhileTheAlarmFires) {
  TestCity city(simple(0, "sum_over_time(z[1h]) >= 3"));
  city.see(0, 1, 2);
  city.see(10, 1, 2);
  city.see(20, 1, 2);
  EXPECT_EQ(city.state(), "yellow");
  city.tick(3599.999);
  EXPECT_EQ(city.state(), "yellow");
  city.tick(3600);
  EXPECT_EQ(city.state(), "none");
}

TEST(Levels, StuckForNeedsTheWholeTimeAndNoGap) {
  TestCity city(simple(0, "stuck_for(x, 10m)"));
  for (int t = 0; t < 600; t += 60) city.see(t, 7);
  EXPECT_EQ(city.state(), "none");
  city.see(600, 7);
  EXPECT_EQ(city.state(), "yellow");
  city.see(660, 7.1);
  EXPECT_EQ(city.state(), "none");
  TestCity gap(simple(0, "stuck_for(x, 10m)"));
  gap.see(0, 7);
  gap.see(600, 7);
  EXPECT_EQ(gap.state(), "none") << "nobody knows what happened in between";
}

TEST(Levels, ARecordAlarmStaysForItsTimeAndRisesWithWorseRecords) {
  Pack pack = test_pack({test_rule("r", {at_level(Level::yellow, "gross > 49"), at_level(Level::red, "gross > 100 or plate == 'X'")}, "gross")});
  pack.records = {{"passage", {}, "thing", {{"gross", {}, "number", "t", true}, {"plate", {}, "text", "", false}}}};
  pack.rules[0].record = "passage";
  pack.rules[0].keep_firing_for = Millis{60'000};
  TestCity city(pack);
  const auto pass = [&](double t, const std::string& fields) {
    city.now = t;
    Record record;
    record.id = "1";
    record.asset = "a";
    record.kind = "passage";
    record.at = record.arrival = second(t);
    record.fields = fields;
    Context context = city.context();
    city.analyse.observe(record, context);
  };
  pass(0, R"({"gross":49})");
  EXPECT_EQ(city.state(), "none");
  pass(1, R"({"gross":60,"plate":"A"})");
  EXPECT_EQ(city.state(), "yellow");
  EXPECT_EQ(city.open()->value, 60);
  EXPECT_EQ(city.open()->unit, "t");
  pass(2, R"({"gross":20})");
  EXPECT_EQ(city.state(), "yellow") << "another truck";
  pass(30, R"({"plate":"X"})");
  EXPECT_EQ(city.state(), "red");
  const auto verdict = verify_why(city.open()->why);
  ASSERT_TRUE(verdict.has_value()) << verdict.error().detail;
  EXPECT_TRUE(verdict->agrees) << verdict->because;
  pass(40, R"({"gross":55})");
  EXPECT_EQ(city.state(), "red");
  city.tick(99.999);
  EXPECT_EQ(city.state(), "red");
  city.tick(100);
  EXPECT_EQ(city.state(), "none");
}

// The definition, computed the slow way: sample by sample over a whole series.
struct Expected {
  std::vector<std::pair<double, double>> episodes;  // raised, cleared (or -1)
};

Expected by_definition(const std::vector<std::pair<double, double>>& samples, double threshold, double hold, double keep, double end) {
  Expected out;
  double since = -1, calm = -1, raised = -1;
  const auto pass = [&](double until, bool inclusive) {  // what time alone does
    const auto reached = [&](double due) { return inclusive ? due <= until : due < until; };
    if (since >= 0 && raised < 0 && reached(since + hold)) raised = since + hold;
    if (raised >= 0 && calm >= 0 && reached(calm + keep)) {
      out.episodes.emplace_back(raised, calm + keep);
      raised = calm = -1;
    }
  };
  for (const auto& [t, value] : samples) {
    pass(t, false);
    if (value >= threshold) {
      calm = -1;
      if (since < 0) since = t;
    } else {
      since = -1;
      if (raised >= 0 && calm < 0) calm = t;
    }
    pass(t, true);
  }
  pass(end, true);
  if (raised >= 0) out.episodes.emplace_back(raised, -1);
  return out;
}

TEST(Levels, RandomSeriesGiveTheEpisodesOfTheDefinitionHoweverOftenTheCityTicks) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    Chance random(seed);
    const int hold = static_cast<int>(random.next() % 5) * 30;
    const int keep = static_cast<int>(random.next() % 4) * 45;
    std::vector<std::pair<double, double>> samples;
    double t = 0;
    for (int i = 0; i < 80; ++i) {
      samples.emplace_back(t, static_cast<double>(random.next() % 4 == 0 ? 20 : 30));
      t += static_cast<double>(1 + random.next() % 12) * 15;  // at most 180 s: never stale
    }
    const Expected expected = by_definition(samples, 25, hold, keep, t);
    for (const double every : {0.0, 1.0, 40.0}) {
      Pack pack = simple(hold);
      pack.rules[0].keep_firing_for = Millis{keep * 1000};
      TestCity city(pack);
      double ticked = 0;
      for (const auto& [at, value] : samples) {
        for (; every > 0 && ticked + every < at; ticked += every) city.tick(ticked + every);
        city.see(at, value);
      }
      city.tick(t);
      std::vector<std::pair<double, double>> episodes;
      for (const auto& [id, alarm] : city.analyse.alarms()) {
        if (alarm.state == AlarmState::pending) continue;
        const double cleared = alarm.cleared_at ? static_cast<double>((*alarm.cleared_at - second(0)).count()) / 1000 : -1;
        episodes.emplace_back(static_cast<double>((alarm.raised_at - second(0)).count()) / 1000, cleared);
      }
      std::ranges::sort(episodes);
      EXPECT_EQ(episodes, expected.episodes) << "seed " << seed << " hold " << hold << " keep " << keep << " ticks " << every;
    }
  }
}

}  // namespace
}  // namespace cityloop
