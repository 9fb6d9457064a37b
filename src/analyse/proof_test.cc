// SPDX-License-Identifier: Apache-2.0
// Properties over random cities: a checkpoint at any step changes nothing; every why can be run again and agrees; a
// tampered one does not; pictures of the live state never change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyse/test_city.h"
#include "core/json.h"
#include "core/limits.h"

namespace cityloop {
namespace {

using testing::HasSubstr;

// One of everything.
Pack everything() {
  auto points = std::vector{test_point("x"), test_point("y", 90), test_point("z", 0), test_point("d", 0, "coalesce(x, 0) + y")};
  Pack pack = test_pack({}, points);
  pack.tables = {{"curve", {{0, 0}, {10, 5}, {50, 100}}}};
  pack.the_case.emplace();
  pack.the_case->agreement = "x < 20";
  pack.the_case->agreement_hold = Millis{300'000};
  auto add = [&](const std::string& alert, std::vector<RuleLevel> levels) -> RuleSpec& {
    return pack.rules.emplace_back(test_rule(alert, std::move(levels)));
  };
  add("levels", {at_level(Level::blue, "x >= 10", 120), at_level(Level::yellow, "x >= 25", 60), at_level(Level::orange, "x >= 35", 30),
                 at_level(Level::red, "x >= 45")});
  add("band", {at_level(Level::yellow, "y >= 30")}).clear_expr = "y < 20";
  add("kept", {at_level(Level::yellow, "y >= 35", 45)}).keep_firing_for = Millis{150'000};
  add("mean", {at_level(Level::yellow, "avg_over_time(x[5m]) >= 26", 60), at_level(Level::red, "max_over_time(x[5m]) - min_over_time(x[5m]) > 45")});
  add("spread", {at_level(Level::yellow, "stddev_over_time(x[4m]) > 14 and count_over_time(x[4m]) >= 3")});
  add("steep", {at_level(Level::orange, "delta(x[3m]) > 30 or rate(y[5m]) > 0.2")});
  add("stuck", {at_level(Level::blue, "stuck_for(y, 4m)")});
  add("order", {at_level(Level::orange, "sequence(y >= 30, x >= 30, 3m)", 30)});
  add("rain", {at_level(Level::blue, "sum_over_time(z[10m]) >= 60")});
  add("curve", {at_level(Level::yellow, "interp('curve', clamp(d / 2, 0, 50)) >= 60", 60)});
  add("silent", {at_level(Level::blue, "absent_for(6m)"), at_level(Level::yellow, "absent_for(y, 12m)")});
  add("old", {at_level(Level::blue, "is_stale(x) and not is_missing(y)", 60)});
  add("near", {at_level(Level::yellow, "x > neighbour_max(x, 500m) + 10 and neighbour_count(y > 5, 500) >= 1")});
  pack.rules[1].inhibited_by = {"levels"};
  pack.rules[6].inhibited_by = {"silent"};
  return pack;
}

struct Deed {
  double at;
  int what;  // 0 sample, 1 pair, 2 tick, 3 deaf, 4 silence, 5 suspect, 6 late
  std::string asset;
  int point;
  double value, second_value;
};

std::vector<Deed> deeds(unsigned seed, int count) {
  Chance random(seed);
  std::vector<Deed> all;
  double t = 1;
  double level = 15;
  for (int i = 0; i < count; ++i) {
    t += static_cast<double>(random.next() % 40'000) / 1000;
    if (random.next() % 60 == 0) t += 500;
    level += static_cast<double>(random.next() % 21) - 10;
    level = std::clamp(level, 0.0, 50.0);
    const auto dice = random.next() % 100;
    const int what = dice < 62 ? 0 : dice < 76 ? 1 : dice < 93 ? 2 : dice < 94 ? 3 : dice < 95 ? 4 : dice < 98 ? 5 : 6;
    const std::string asset(1, static_cast<char>('a' + random.next() % 3));
    all.push_back({t, what, asset, static_cast<int>(random.next() % 3), std::round(level * 10) / 10,
                   static_cast<double>(random.next() % 400) / 10});
  }
  return all;
}

void perform(TestCity& city, const Deed& deed) {
  city.now = deed.at;
  const double coarse = std::round(deed.value / 25) * 20;  // so that y also stays the same now and then
  if (deed.what == 0) city.see(deed.at, deed.point == 1 ? coarse : deed.value, deed.point, deed.asset);
  if (deed.what == 1) city.give({city.one(0, deed.value, deed.at, deed.asset), city.one(1, coarse, deed.at, deed.asset)});
  if (deed.what == 2) city.tick(deed.at);
  if (deed.what == 3) city.analyse.deaf(second(deed.at - 200), second(deed.at - 20), deed.value > 20 ? "" : "credential:" + deed.asset);
  if (deed.what == 4) {
    city.change(deed.asset, [&](Asset& asset) { asset.silence = Silence{second(deed.at + 120), "r", "u"}; });
  }
  if (deed.what >= 5) {
    Observation odd = city.one(deed.point, deed.second_value, deed.what == 5 ? deed.at : deed.at - 300, deed.asset);
    odd.quality = deed.what == 5 ? Quality::suspect : Quality::good;
    odd.late = deed.what == 6;
    city.give({odd});
  }
}

std::unique_ptr<TestCity> three_assets() {
  auto city = std::make_unique<TestCity>(everything());
  city->add("b", 200);
  city->add("c", 400);
  return city;
}

TEST(Proof, ACheckpointAtAnyStepChangesNothing) {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    auto steady = three_assets();
    auto shaken = three_assets();
    std::size_t alarms = 0;
    for (const Deed& deed : deeds(seed, 500)) {
      perform(*steady, deed);
      perform(*shaken, deed);
      const std::string saved = shaken->saved();
      ASSERT_EQ(steady->saved(), saved) << "seed " << seed << " at " << deed.at;
      ASSERT_EQ(steady->analyse.next_due(), shaken->analyse.next_due());
      ASSERT_EQ(steady->events.size(), shaken->events.size());
      for (std::size_t i = 0; i < steady->events.size(); ++i) {
        ASSERT_EQ(encoded(std::get<Alarm>(steady->events[i].body)), encoded(std::get<Alarm>(shaken->events[i].body)));
      }
      alarms += steady->events.size();
      steady->events.clear();
      shaken->events.clear();
      Analyse restored;
      ASSERT_TRUE(restored.set_packs(shaken->packs).has_value());
      Reader in(saved);
      restored.decode(in);
      ASSERT_TRUE(in.ok() && in.done());
      ASSERT_EQ(encoded(restored), saved);
      shaken->analyse = std::move(restored);
    }
    EXPECT_GT(alarms, 100u);
  }
}

TEST(Proof, ForgedCheckpointsAreRefusedNotCrashedOn) {
  auto city = three_assets();
  for (const Deed& deed : deeds(3, 200)) perform(*city, deed);
  const std::string saved = city->saved();
  Chance random(9);
  for (int i = 0; i < 2000; ++i) {
    std::string forged = saved;
    if (i % 2 == 0) forged.resize(random.next() % forged.size());
    for (int n = 0; n < 3 && !forged.empty(); ++n) forged[random.next() % forged.size()] = static_cast<char>(random.next());
    Analyse restored;
    ASSERT_TRUE(restored.set_packs(city->packs).has_value());
    Reader in(forged);
    restored.decode(in);
  }
}

std::string told(const Why& why) {
  std::string text;
  for (const WhySample& s : why.samples) {
    text += "\n  " + s.point + " " + format_decimal(s.value) + " at " + format_time(s.at) + " arrived " + format_time(s.arrival) + " " +
            std::string(quality_name(s.quality));
  }
  return text;
}

TEST(Proof, EveryWhyCanBeRunAgainAndAgrees) {
  std::map<std::string, int> fired;
  for (unsigned seed = 11; seed <= 30; ++seed) {
    auto city = three_assets();
    for (const Deed& deed : deeds(seed, 500)) {
      perform(*city, deed);
      for (const Event& event : city->events) {
        const auto* alarm = std::get_if<Alarm>(&event.body);
        if (alarm == nullptr || alarm->state != AlarmState::firing || !alarm->why.steps.back().state.starts_with("firing")) continue;
        if (alarm->why.level != alarm->level) continue;  // a fall keeps the why of the rise
        ++fired[alarm->rule];
        const auto verdict = verify_why(alarm->why);
        ASSERT_TRUE(verdict.has_value()) << alarm->rule << ": " << verdict.error().detail;
        EXPECT_TRUE(verdict->agrees) << "seed " << seed << " " << alarm->rule << " " << level_name(alarm->level) << ": " << verdict->because
                                     << "\n" << alarm->why.rule_text << told(alarm->why);
      }
      city->events.clear();
    }
  }
  for (const RuleSpec& rule : everything().rules) EXPECT_GT(fired["p/" + rule.alert], 0) << rule.alert << " never fired: the test proves nothing about it";
}

Why held_why() {
  TestCity city(test_pack({test_rule("r", {at_level(Level::yellow, "x >= 25", 120), at_level(Level::red, "x >= 100")})}));
  city.see(0, 30);
  city.see(60, 31);
  city.see(120, 32);
  return city.open()->why;
}

TEST(Proof, AWhyHoldsWhatItNeeds) {
  const Why why = held_why();
  EXPECT_EQ(why.expr, "x >= 25");
  EXPECT_EQ(why.level, Level::yellow);
  EXPECT_EQ(why.evaluated_at, second(120));
  ASSERT_EQ(why.samples.size(), 3u);
  EXPECT_EQ(why.samples[0].at, second(0));
  EXPECT_EQ(why.samples[2].value, decimal_of(32));
  EXPECT_EQ(why.samples[2].arrival, second(120));
  EXPECT_TRUE(parse_json(why.rule_text).has_value());
  const auto verdict = verify_why(why);
  EXPECT_TRUE(verdict->agrees);
  EXPECT_EQ(verdict->level, Level::yellow);
  EXPECT_THAT(verdict->because, HasSubstr("yellow since 2022-08-22T06:02:00Z"));
}

// A window's older samples are not kept for ever: without knowing since when the condition held, a run of the why alone would have
// begun the hold too early (found by the fuzzer).
TEST(Proof, AHoldOverAWindowBeginsWhereItBegan) {
  TestCity city(test_pack({test_rule("r", {at_level(Level::yellow, "avg_over_time(x[5m]) >= 26", 60), at_level(Level::red, "avg_over_time(x[5m]) >= 26", 180)})}));
  for (int t = 0; t <= 600; t += 60) city.see(t, t < 240 ? 0 : 60);
  ASSERT_EQ(city.state(), "red");
  for (const Event& event : city.events) {
    const auto& alarm = std::get<Alarm>(event.body);
    if (alarm.state != AlarmState::firing) continue;
    const auto verdict = verify_why(alarm.why);
    ASSERT_TRUE(verdict.has_value());
    EXPECT_TRUE(verdict->agrees) << level_name(alarm.level) << ": " << verdict->because;
  }
}

TEST(Proof, ATamperedWhyIsFoundOut) {
  const auto judged = [](const std::function<void(Why&)>& edit) {
    Why why = held_why();
    edit(why);
    const auto verdict = verify_why(why);
    return verdict.has_value() && verdict->agrees;
  };
  const auto replace = [](std::string& text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, from.size(), to);
  };
  EXPECT_TRUE(judged([](Why&) {}));
  EXPECT_FALSE(judged([](Why& w) { w.samples[1].value = decimal_of(24.9); }));
  EXPECT_FALSE(judged([](Why& w) { w.samples[2].value = decimal_of(100); })) << "that would have been red";
  EXPECT_FALSE(judged([](Why& w) { w.samples.erase(w.samples.begin()); })) << "the hold began later";
  EXPECT_FALSE(judged([](Why& w) { w.samples.clear(); }));
  EXPECT_FALSE(judged([](Why& w) { w.samples[0].at = second(1); }));
  EXPECT_FALSE(judged([](Why& w) { w.samples[1].quality = Quality::suspect; w.samples[2].quality = Quality::suspect; w.samples[0].quality = Quality::suspect; }));
  EXPECT_FALSE(judged([](Why& w) { w.evaluated_at = second(119.999); w.samples.pop_back(); }));
  EXPECT_FALSE(judged([](Why& w) { w.level = Level::red; w.expr = "x >= 100"; }));
  EXPECT_FALSE(judged([&](Why& w) { replace(w.rule_text, "x >= 25", "x >= 33"); })) << "text and expression differ";
  EXPECT_FALSE(judged([&](Why& w) { replace(w.rule_text, "x >= 25", "x >= 33"); w.expr = "x >= 33"; }));
  EXPECT_FALSE(judged([&](Why& w) { replace(w.rule_text, "\"for\":\"2m\"", "\"for\":\"3m\""); }));
  EXPECT_FALSE(judged([](Why& w) { w.rule_text = "{}"; }));
  EXPECT_FALSE(judged([](Why& w) { w.rule = "p/other"; }));
}

TEST(Proof, ALongHoldSaysThatSamplesWereLeftOut) {
  TestCity city(test_pack({test_rule("r", {at_level(Level::yellow, "x >= 25", 3000)})}));
  for (int t = 0; t <= 3000; ++t) city.see(t, 30);
  ASSERT_EQ(city.state(), "yellow");
  EXPECT_EQ(city.open()->why.samples.size(), limits::kWhySamples);
  const auto verdict = verify_why(city.open()->why);
  ASSERT_TRUE(verdict.has_value());
  EXPECT_FALSE(verdict->agrees);
  EXPECT_THAT(verdict->because, HasSubstr("1001 were left out"));
}

TEST(Live, PicturesNeverChange) {
  TestCity city(test_pack({test_rule("r", {at_level(Level::yellow, "x >= 25")})}));
  EXPECT_EQ(city.analyse.live().publish(1, second(0))->asset(1), nullptr);
  city.see(0, 1);
  const auto first = city.analyse.live().publish(2, second(0));
  const auto same = city.analyse.live().publish(3, second(1));
  EXPECT_EQ(first->chunks[0], same->chunks[0]) << "nothing changed, nothing copied";
  EXPECT_EQ(same->turn, 3u);
  city.see(60, 30);
  EXPECT_EQ(first->asset(1)->points[0].value, decimal_of(1));
  EXPECT_EQ(first->asset(1)->alarms, 0);
  const auto second_picture = city.analyse.live().publish(4, second(60));
  EXPECT_EQ(second_picture->asset(1)->points[0].value, decimal_of(30));
  EXPECT_EQ(second_picture->asset(1)->alarms, 1);
  EXPECT_EQ(second_picture->asset(1)->level, Level::yellow);
  EXPECT_EQ(second_picture->asset(100'000), nullptr);
}

}  // namespace
}  // namespace cityloop
