// SPDX-License-Identifier: Apache-2.0
// Absence and deafness, who holds back whom, what people do, assets that change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyse/test_city.h"
#include "core/limits.h"

namespace cityloop {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Pack watch() {
  return test_pack({test_rule("silent", {at_level(Level::blue, "absent_for(15m)"), at_level(Level::yellow, "absent_for(1h)")})});
}

Pack plain() { return test_pack({test_rule("r", {at_level(Level::yellow, "x >= 25"), at_level(Level::red, "x >= 100")})}); }

// ---- absence --------------------------------------------------------------------------------------------------

TEST(Absence, CountsFromTheArrivalOfAnyPoint) {
  TestCity city(watch());
  city.now = 100;
  city.give({city.one(0, 1, 0)});  // measured at 0, arrived at 100
  EXPECT_EQ(city.analyse.next_due(), second(1000));
  city.now = 400;
  city.give({city.one(1, 1, 300)});
  city.tick(1299.999);
  EXPECT_EQ(city.state("silent"), "none");
  city.tick(1300);
  EXPECT_EQ(city.state("silent"), "blue");
  EXPECT_EQ(city.open("silent")->raised_at, second(1300));
  city.tick(3999.999);
  EXPECT_EQ(city.state("silent"), "blue");
  city.tick(4000);
  EXPECT_EQ(city.state("silent"), "yellow");
  const auto verdict = verify_why(city.open("silent")->why);
  ASSERT_TRUE(verdict.has_value()) << verdict.error().detail;
  EXPECT_TRUE(verdict->agrees) << verdict->because;
  city.see(5000, 1);
  EXPECT_EQ(city.state("silent"), "none");
}

TEST(Absence, ASuspectValueIsASignOfLife) {
  TestCity city(watch());
  city.see(0, 1);
  city.tick(900);
  EXPECT_EQ(city.state("silent"), "blue");
  city.now = 901;
  Observation odd = city.one(0, 1, 901);
  odd.quality = Quality::suspect;
  city.give({odd});
  EXPECT_EQ(city.state("silent"), "none");
}

TEST(Absence, NeverHeardIsNotAbsent) {
  TestCity city(watch());
  city.change("a", [](Asset& asset) { asset.name = "b"; });
  city.tick(100'000);
  EXPECT_EQ(city.state("silent"), "none");
}

TEST(Absence, OnePointMayBeSilentWhileAnotherSpeaks) {
  TestCity city(test_pack({test_rule("silent", {at_level(Level::blue, "absent_for(x, 10m)")})}));
  city.see(0, 1, 0);
  for (int t = 60; t <= 540; t += 60) city.see(t, 1, 1);
  EXPECT_EQ(city.state("silent"), "none");
  city.see(600, 1, 1);
  EXPECT_EQ(city.state("silent"), "blue");
  city.see(660, 1, 0);
  EXPECT_EQ(city.state("silent"), "none");
}

// What grew stale before the absence began was worked off after it, as of then: the alarm was cleared and raised again.
class AbsenceBegins : public testing::TestWithParam<int> {};

TEST_P(AbsenceBegins, WhatFallsDueByAnOlderEventTimeDoesNotEndIt) {
  TestCity city(test_pack({test_rule("silent", {at_level(Level::blue, "absent_for(20m)"), at_level(Level::yellow, "absent_for(y, 12m)")})}));
  city.see(0, 1, 1);
  for (int t = 60; t <= GetParam(); t += 60) city.see(t, 1, 0);
  ASSERT_EQ(city.state("silent"), "yellow");
  const std::string episode = city.open("silent")->id;
  city.tick(1200);
  ASSERT_NE(city.open("silent"), nullptr);
  EXPECT_EQ(city.open("silent")->id, episode) << "one episode";
  EXPECT_EQ(city.open("silent")->why.steps.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(WithASampleOrBeforeIt, AbsenceBegins, testing::Values(720, 780));

// Another point's sample was taken for the time since which the absence held: that of the last sample before it.
TEST(Absence, AHoldOnTopBeginsWithTheAbsence) {
  TestCity city(test_pack({test_rule("silent", {at_level(Level::yellow, "absent_for(y, 12m)", 180)})}));
  city.see(0, 1, 1);
  for (int t = 60; t <= 840; t += 60) city.see(t, 1, 0);
  EXPECT_EQ(city.state("silent"), "pending");
  city.see(900, 1, 0);
  EXPECT_EQ(city.state("silent"), "yellow");
  EXPECT_EQ(city.open("silent")->raised_at, second(900));
}

TEST(Absence, NoStormAfterARestart) {
  TestCity city(watch());
  for (int i = 0; i < 50; ++i) city.add("n" + std::to_string(i), 10 * i);
  for (int i = 0; i < 50; ++i) city.see(i, 1, 0, "n" + std::to_string(i));
  const std::string saved = city.saved();
  Analyse restarted;
  ASSERT_TRUE(restarted.set_packs(city.packs).has_value());
  Reader in(saved);
  restarted.decode(in);
  ASSERT_TRUE(in.ok() && in.done());
  city.analyse = std::move(restarted);
  city.now = 100'000;  // down for more than a day
  city.analyse.deaf(second(100), second(100'000), "");
  city.tick(100'000);
  EXPECT_THAT(city.story(), IsEmpty());
  city.tick(100'000 + 800 - 0.001);  // 100 s had passed before
  EXPECT_THAT(city.story(), IsEmpty());
  city.tick(100'000 + 900);
  EXPECT_EQ(city.story().size(), 50u) << "but those that stay silent are missed";
}

TEST(Absence, DeafnessOfOneSourceExcusesItsAssetsOnly) {
  TestCity city(watch());
  city.add("b", 10);
  city.change("b", [](Asset& asset) { asset.source = "gw"; });
  city.see(0, 1, 0, "a");
  city.see(0, 1, 0, "b");
  city.analyse.deaf(second(100), second(700), "source:gw");
  city.tick(900);
  EXPECT_EQ(city.state("silent", "a"), "blue");
  EXPECT_EQ(city.state("silent", "b"), "none");
  city.tick(1499.999);
  EXPECT_EQ(city.state("silent", "b"), "none");
  city.tick(1500);
  EXPECT_EQ(city.state("silent", "b"), "blue");
}

TEST(Absence, DeafTimeIsNoStalenessEither) {
  TestCity city(plain());
  city.see(0, 30);
  city.story();
  city.analyse.deaf(second(60), second(1060), "");
  city.tick(1180);
  EXPECT_THAT(city.story(), IsEmpty());
  city.tick(1180.001);
  EXPECT_THAT(city.story(), ElementsAre("alarm.update firing:yellow"));
}

// ---- held back ------------------------------------------------------------------------------------------------

Pack inhibiting() {
  Pack pack = test_pack({test_rule("cover", {at_level(Level::orange, "y > 0")}, "y"), test_rule("r", {at_level(Level::yellow, "x >= 25")})});
  pack.rules[1].inhibited_by = {"cover"};
  return pack;
}

TEST(Inhibition, HoldsBackAndReleases) {
  TestCity city(inhibiting());
  city.see(0, 30);
  EXPECT_EQ(city.open()->inhibited_by, "");
  city.story();
  city.see(1, 1, 1);
  EXPECT_EQ(city.open()->inhibited_by, "p/cover");
  EXPECT_EQ(city.state(), "yellow") << "it still exists";
  EXPECT_EQ(city.analyse.live().find(1)->alarms, 1);
  EXPECT_EQ(city.analyse.live().find(1)->level, Level::orange);
  EXPECT_THAT(city.story(), ElementsAre("alarm.new firing:orange", "alarm.update firing:yellow"));
  city.see(2, 0, 1);
  EXPECT_EQ(city.open()->inhibited_by, "");
  EXPECT_THAT(city.story(), ElementsAre("alarm.clear cleared:orange", "alarm.update firing:yellow"));
  EXPECT_EQ(city.analyse.live().find(1)->level, Level::yellow);
}

TEST(Inhibition, AnAlarmCanBeBornHeldBack) {
  TestCity city(inhibiting());
  city.see(0, 1, 1);
  city.see(1, 30);
  EXPECT_EQ(city.open()->inhibited_by, "p/cover");
}

TEST(Inhibition, ACircleIsRefused) {
  Pack pack = inhibiting();
  pack.rules[0].inhibited_by = {"r"};
  auto packs = std::make_shared<const Packs>(*Packs::create({pack}));
  Analyse analyse;
  const auto set = analyse.set_packs(packs);
  ASSERT_FALSE(set.has_value());
  EXPECT_THAT(set.error().detail, HasSubstr("leads back to itself"));
}

TEST(Silence, HoldsBackUntilItEnds) {
  TestCity city(plain());
  city.change("a", [](Asset& asset) { asset.silence = Silence{second(500), "cleaning", "user:t"}; });
  city.see(0, 30);
  EXPECT_EQ(city.open()->inhibited_by, "silence");
  EXPECT_EQ(city.analyse.live().find(1)->alarms, 0);
  for (int t = 60; t < 500; t += 60) city.see(t, 30);
  city.tick(499.999);
  EXPECT_EQ(city.open()->inhibited_by, "silence");
  city.tick(500);
  EXPECT_EQ(city.open()->inhibited_by, "");
  EXPECT_EQ(city.analyse.live().find(1)->alarms, 1);
}

TEST(Silence, MaintenanceToo) {
  TestCity city(plain());
  city.see(0, 30);
  city.change("a", [](Asset& asset) { asset.life = Life::maintenance; });
  EXPECT_EQ(city.open()->inhibited_by, "silence");
  city.change("a", [](Asset& asset) { asset.life = Life::in_use; });
  EXPECT_EQ(city.open()->inhibited_by, "");
}

// ---- people ---------------------------------------------------------------------------------------------------

TEST(Actions, AcknowledgedThenClearedLeavesMemory) {
  TestCity city(plain());
  city.see(0, 30);
  const std::string id = city.open()->id;
  city.story();
  EXPECT_EQ(city.act("alarm.acknowledge", id, "", Role::dispatcher).status, 200);
  EXPECT_TRUE(city.open()->acknowledged);
  EXPECT_EQ(city.open()->acknowledged_by, "user:t");
  EXPECT_THAT(city.story(), ElementsAre("alarm.ack firing:yellow"));
  EXPECT_EQ(city.act("alarm.acknowledge", id, "", Role::acceptor).status, 200) << "the first one stays; the second is no error";
  EXPECT_THAT(city.story(), IsEmpty());
  city.see(1, 1);
  EXPECT_EQ(city.analyse.alarm(id), nullptr);
}

TEST(Actions, ClearedUnseenStaysListedUntilSomebodySawIt) {
  TestCity city(plain());
  city.see(0, 30);
  const std::string id = city.open()->id;
  city.see(1, 1);
  ASSERT_NE(city.analyse.alarm(id), nullptr);
  EXPECT_EQ(city.analyse.alarm(id)->state, AlarmState::cleared);
  city.see(2, 30);
  EXPECT_NE(city.open()->id, id) << "a new episode has a new id";
  city.story();
  EXPECT_EQ(city.act("alarm.acknowledge", id, "", Role::leader).status, 200);
  EXPECT_EQ(city.analyse.alarm(id), nullptr);
  EXPECT_THAT(city.story(), ElementsAre("alarm.ack cleared:yellow"));
}

TEST(Actions, RolesAndAreas) {
  TestCity city(plain());
  city.see(0, 30);
  const std::string id = city.open()->id;
  for (const Role role : {Role::wall, Role::integrator, Role::device, Role::handler, Role::unit_desk, Role::collector}) {
    const Answer said = city.act("alarm.acknowledge", id, "", role);
    EXPECT_EQ(said.code, errors::kForbidden.name) << role_name(role);
  }
  EXPECT_EQ(city.act("alarm.acknowledge", id, "", Role::acceptor, "500103").code, errors::kForeignArea.name);
  EXPECT_EQ(city.act("alarm.acknowledge", "a-none", "", Role::acceptor).code, errors::kNotFound.name);
  EXPECT_EQ(city.act("alarm.acknowledge", id, "", Role::acceptor, "500106").status, 200);
  EXPECT_EQ(city.act("alarm.acknowledge", id, "[1]", Role::acceptor).code, errors::kBadJson.name);
  EXPECT_TRUE(Analyse::handles("alarm.shelve"));
  EXPECT_FALSE(Analyse::handles("alarm.open_case"));
}

TEST(Actions, APendingAlarmCannotBeAcknowledged) {
  TestCity city(test_pack({test_rule("r", {at_level(Level::yellow, "x >= 25", 60)})}));
  city.see(0, 30);
  EXPECT_EQ(city.act("alarm.acknowledge", city.open()->id, "", Role::acceptor).code, errors::kNotAllowed.name);
}

TEST(Actions, AShelvedAlarmComesBack) {
  TestCity city(plain());
  city.see(0, 30);
  const std::string id = city.open()->id;
  EXPECT_EQ(city.act("alarm.shelve", id, R"({"until":"2022-08-22T06:10:00Z"})", Role::acceptor).code, errors::kMissingField.name);
  EXPECT_EQ(city.act("alarm.shelve", id, R"({"reason":"x"})", Role::acceptor).code, errors::kMissingField.name);
  EXPECT_EQ(city.act("alarm.shelve", id, R"({"until":"2022-08-22T06:00:00Z","reason":"x"})", Role::acceptor).code, errors::kBadField.name);
  EXPECT_EQ(city.act("alarm.shelve", id, R"({"until":"2022-08-30T06:00:00Z","reason":"x"})", Role::acceptor).code, errors::kBadField.name);
  ASSERT_EQ(city.act("alarm.shelve", id, R"({"until":"2022-08-22T06:10:00Z","reason":"known"})", Role::acceptor).status, 200);
  EXPECT_EQ(city.open()->shelved_until, second(600));
  EXPECT_EQ(city.open()->note, "known");
  EXPECT_EQ(city.analyse.live().find(1)->alarms, 0);
  city.story();
  for (int t = 60; t < 600; t += 60) city.see(t, 30);
  city.tick(599.999);
  EXPECT_TRUE(city.open()->shelved_until.has_value());
  EXPECT_LE(city.analyse.next_due(), second(600));
  city.tick(600);
  EXPECT_FALSE(city.open()->shelved_until.has_value());
  EXPECT_EQ(city.analyse.live().find(1)->alarms, 1);
  EXPECT_THAT(city.story(), ElementsAre("alarm.update firing:yellow"));
  EXPECT_EQ(city.act("alarm.unshelve", id, "", Role::acceptor).code, errors::kNotAllowed.name);
}

TEST(Actions, FalseAlarmSaysWhy) {
  TestCity city(plain());
  city.see(0, 30);
  const std::string id = city.open()->id;
  EXPECT_EQ(city.act("alarm.false_alarm", id, "{}", Role::acceptor).code, errors::kMissingField.name);
  EXPECT_EQ(city.act("alarm.false_alarm", id, R"({"reason":"steam"})", Role::acceptor).status, 200);
  EXPECT_TRUE(city.open()->false_alarm);
  EXPECT_TRUE(city.open()->acknowledged);
  EXPECT_EQ(city.open()->note, "steam");
}

TEST(Actions, ADrillIsMarkedAndEndsByItself) {
  TestCity city(plain());
  const std::string body = R"({"rule":"p/r","level":"red"})";
  EXPECT_EQ(city.act("alarm.test", "a", body, Role::acceptor).code, errors::kForbidden.name);
  EXPECT_EQ(city.act("alarm.test", "nobody", body, Role::admin).code, errors::kUnknownAsset.name);
  EXPECT_EQ(city.act("alarm.test", "a", R"({"rule":"p/other"})", Role::admin).code, errors::kBadField.name);
  EXPECT_EQ(city.act("alarm.test", "a", R"({"rule":"p/r","level":"orange"})", Role::admin).code, errors::kBadField.name);
  ASSERT_EQ(city.act("alarm.test", "a", body, Role::shift_leader).status, 200);
  ASSERT_NE(city.open(), nullptr);
  EXPECT_TRUE(city.open()->drill);
  EXPECT_EQ(city.state(), "red");
  EXPECT_EQ(city.analyse.live().asset(1).level, Level::red);
  EXPECT_EQ(city.act("alarm.test", "a", body, Role::admin).code, errors::kConflict.name);
  city.tick(599.999);
  EXPECT_EQ(city.state(), "red");
  city.tick(600);
  EXPECT_EQ(city.state(), "none");
  EXPECT_TRUE(city.analyse.alarms().empty());
  EXPECT_EQ(city.analyse.live().asset(1).level, Level::none);
}

TEST(Actions, AcknowledgingEndsADrillAndTheRealThingTakesPrecedence) {
  TestCity city(plain());
  city.act("alarm.test", "a", R"({"rule":"p/r"})", Role::admin);
  EXPECT_EQ(city.act("alarm.acknowledge", city.open()->id, "", Role::acceptor).status, 200);
  EXPECT_EQ(city.state(), "none");
  city.act("alarm.test", "a", R"({"rule":"p/r"})", Role::admin);
  city.see(10, 30);
  EXPECT_EQ(city.state(), "yellow");
  EXPECT_FALSE(city.open()->drill);
  EXPECT_EQ(city.analyse.live().find(1)->alarms, 1);
  EXPECT_EQ(city.act("alarm.test", "a", R"({"rule":"p/r"})", Role::admin).code, errors::kConflict.name);
}

TEST(Actions, TheCaseIsNoted) {
  TestCity city(plain());
  city.see(0, 30);
  city.story();
  Context context = city.context();
  city.analyse.set_case(city.open()->id, "5001062022082200001", context);
  EXPECT_EQ(city.open()->case_no, "5001062022082200001");
  EXPECT_THAT(city.story(), ElementsAre("alarm.update firing:yellow"));
}

// ---- assets ---------------------------------------------------------------------------------------------------

TEST(Assets, ARemovedOneTakesItsAlarmsAlong) {
  TestCity city(plain());
  city.see(0, 30);
  city.story();
  city.tables.remove_asset("a");
  Context context = city.context();
  city.analyse.hear(Event{0, second(1), "asset.delete", "", Removed{"assets", "a"}}, context);
  EXPECT_EQ(city.state(), "none");
  EXPECT_THAT(city.story(), ElementsAre("alarm.clear cleared:yellow"));
  EXPECT_TRUE(city.analyse.live().find(1)->points.empty());
}

TEST(Assets, ARetiredOneToo) {
  TestCity city(plain());
  city.see(0, 30);
  city.change("a", [](Asset& asset) { asset.life = Life::retired; });
  EXPECT_EQ(city.state(), "none");
  city.see(10, 30);
  EXPECT_EQ(city.state(), "none");
}

TEST(Assets, AttributesAreReadAsTheyAreNow) {
  TestCity city(test_pack({test_rule("r", {at_level(Level::yellow, "x >= depth and grade == 'one'")})}));
  city.see(0, 30);
  EXPECT_EQ(city.state(), "none") << "attributes missing";
  city.change("a", [](Asset& asset) { asset.attributes = {{"depth", 20.0}, {"grade", std::string("one")}}; });
  city.see(1, 30);
  EXPECT_EQ(city.state(), "yellow");
  city.change("a", [](Asset& asset) { asset.attributes["grade"] = std::string("two"); });
  city.see(2, 30);
  EXPECT_EQ(city.state(), "none");
}

TEST(Assets, NeighboursWithinTheDistanceCount) {
  TestCity city(test_pack({test_rule("r", {at_level(Level::yellow, "x > neighbour_max(x, 100m) + 5"),
                                           at_level(Level::orange, "neighbour_count(x >= 20 and depth > 1, 100) >= 2 and x >= 20")})}));
  city.add("near", 90);
  city.add("far", 101);
  city.see(0, 10, 0, "near");
  city.see(0, 90, 0, "far");
  city.see(1, 15);
  EXPECT_EQ(city.state(), "none");
  city.see(2, 15.1);
  EXPECT_EQ(city.state(), "yellow");
  const auto verdict = verify_why(city.open()->why);
  ASSERT_TRUE(verdict.has_value()) << verdict.error().detail;
  EXPECT_TRUE(verdict->agrees) << verdict->because;
  city.add("near2", -50);
  for (const char* id : {"near", "near2"}) city.change(id, [](Asset& asset) { asset.attributes["depth"] = 2.0; });
  city.see(3, 20, 0, "near");
  city.see(3, 20, 0, "near2");
  city.see(4, 22);
  EXPECT_EQ(city.state(), "orange") << "one that came later is seen";
  EXPECT_TRUE(verify_why(city.open()->why)->agrees);
  city.change("near2", [](Asset& asset) { asset.place = LngLat{107, 29.54}; });
  city.see(5, 22);
  EXPECT_EQ(city.state(), "none") << "and one that went away is not";
}

}  // namespace
}  // namespace cityloop
