// SPDX-License-Identifier: Apache-2.0
// The small parts of command: case numbers, the index of open cases, routing, bodies.
#include <gtest/gtest.h>

#include "command/body.h"
#include "command/case_index.h"
#include "command/case_number.h"
#include "command/command_fixture.h"
#include "command/routing.h"

namespace cityloop {
namespace {

const Time kNoon = from_ms(1661148000000);  // 2022-08-22, 14:00 in Chongqing
constexpr Millis kOffset = std::chrono::hours(8);

TEST(CaseNumbers, AreaDateSequence) {
  CaseNumbers numbers;
  EXPECT_EQ(numbers.next("500106", "50", kNoon, kOffset), "5001062022082200001");
  EXPECT_EQ(numbers.next("500106009", "50", kNoon, kOffset), "5001062022082200002")
      << "a street counts with its district";
  EXPECT_EQ(numbers.next("500103", "50", kNoon, kOffset), "5001032022082200001");
  EXPECT_EQ(numbers.next("50", "50", kNoon, kOffset), "5000002022082200001");
  EXPECT_EQ(numbers.next("", "50", kNoon, kOffset), "5000002022082200002");
  EXPECT_EQ(numbers.next("BK-12", "NYC", kNoon, kOffset), "0000002022082200001");
  EXPECT_EQ(numbers.next("500106", "50", kNoon + std::chrono::hours(10), kOffset), "5001062022082300001")
      << "local midnight";
}

TEST(CaseNumbers, AFullDayDrawsFromTheNext) {
  CaseNumbers numbers;
  for (int i = 0; i < 99'999; ++i) numbers.next("500106", "50", kNoon, kOffset);
  EXPECT_EQ(numbers.next("500106", "50", kNoon, kOffset), "5001062022082300001");
  EXPECT_EQ(numbers.next("500106", "50", kNoon + std::chrono::hours(24), kOffset), "5001062022082300002");
}

TEST(CaseNumbers, ForgettingTheDaysBeforeKeepsToday) {
  CaseNumbers numbers;
  numbers.next("500106", "50", kNoon, kOffset);
  numbers.next("500106", "50", kNoon + std::chrono::hours(24), kOffset);
  numbers.forget_before(kNoon + std::chrono::hours(24), kOffset);
  EXPECT_EQ(numbers.next("500106", "50", kNoon + std::chrono::hours(24), kOffset), "5001062022082300002");
}

TEST(CaseIndex, FindsByAssetAndByPlaceWhileOpen) {
  CaseIndex index;
  Case file;
  file.no = "1";
  file.klass = {"GB2013", "component", "0303"};
  file.asset = "t-1";
  file.place = LngLat{106.45, 29.55};
  index.update(file);
  EXPECT_EQ(index.of_asset(file.klass, "t-1"), "1");
  EXPECT_EQ(index.of_asset({"GB2013", "component", "0101"}, "t-1"), "");
  EXPECT_EQ(index.of_asset({"CJ2007", "component", "0303"}, "t-1"), "") << "another scheme is another class";
  EXPECT_EQ(index.near(file.klass, {106.4504, 29.55}, 50), std::vector<std::string>{"1"});
  EXPECT_TRUE(index.near(file.klass, {106.4506, 29.55}, 50).empty());
  Case second = file;
  second.no = "2";
  second.asset = "t-2";
  second.place = LngLat{106.4502, 29.55};
  index.update(second);
  EXPECT_EQ(index.near(file.klass, {106.4502, 29.55}, 50), (std::vector<std::string>{"2", "1"})) << "nearest first";
  EXPECT_EQ(index.near(file.klass, {106.50, 29.58}, 20'000).size(), 2u) << "over many cells";
  file.stage = Stage::closed;
  index.update(file);
  EXPECT_EQ(index.of_asset(file.klass, "t-1"), "");
  EXPECT_EQ(index.near(file.klass, {106.45, 29.55}, 50), std::vector<std::string>{"2"});
}

TEST(CaseIndex, ANewClassLeavesTheOldOne) {
  CaseIndex index;
  Case file;
  file.no = "1";
  file.klass.code = "0303";
  file.asset = "t-1";
  index.update(file);
  const ClassCode old = file.klass;
  file.klass.code = "0101";
  index.update(file);
  EXPECT_EQ(index.of_asset(old, "t-1"), "");
  EXPECT_EQ(index.of_asset(file.klass, "t-1"), "1");
}

TEST(Routing, CandidatesByDutyAndScopeWithReasons) {
  TestCity city;
  city.unit("u-san-far", "500103", {"sanitation"});
  city.unit("u-off", "500106", {"sanitation"});
  Unit off = *city.tables.unit("u-off");
  off.enabled = false;
  city.tables.put_unit(off);
  Case file;
  file.area = "500106009";
  file.asset = "t-1";
  file.level = Level::yellow;
  const std::vector<RouteSpec> routes = gas_pack().the_case->routes;
  Routing routing = route(file, routes, city.tables);
  ASSERT_EQ(routing.candidates.size(), 2u) << "the owner only from orange";
  EXPECT_EQ(routing.candidates[0].unit, "u-san");
  EXPECT_EQ(routing.candidates[1].unit, "u-street");
  EXPECT_GT(routing.candidates[0].score, routing.candidates[1].score);
  EXPECT_NE(routing.candidates[0].because.find("沙坪坝区"), std::string::npos) << routing.candidates[0].because;
  file.level = Level::orange;
  routing = route(file, routes, city.tables);
  ASSERT_EQ(routing.candidates.size(), 3u);
  EXPECT_EQ(routing.candidates[2].unit, "u-owner");
  file.returned_from = "u-san";
  routing = route(file, routes, city.tables);
  EXPECT_EQ(routing.candidates.back().unit, "u-san") << "who gave it back comes last";
  file.area = "500199";
  file.level = Level::blue;
  routing = route(file, routes, city.tables);
  EXPECT_TRUE(routing.candidates.empty());
  EXPECT_FALSE(routing.reason.empty());
}

TEST(Routing, TheCityScopeMeansUnitsOfTheWholeCity) {
  TestCity city;
  Case file;
  file.area = "500106009";
  const Routing routing = route(file, {RouteSpec{Level::none, "property", "city"}}, city.tables);
  ASSERT_EQ(routing.candidates.size(), 1u);
  EXPECT_EQ(routing.candidates[0].unit, "u-owner");
  EXPECT_TRUE(route(file, {RouteSpec{Level::none, "sanitation", "city"}}, city.tables).candidates.empty());
}

TEST(Body, PlacesClassesAndTextsNameTheirField) {
  TestCity city;
  const auto body = *read_body(R"({"location":{"type":"Point","coordinates":[106.5,29.5]},"pair":[106.5,29.5],
    "swapped":[29.5,106.5],"class":"0303","other":{"code":"0101"},"bad":"03 03","words":["a",1]})");
  EXPECT_EQ(**want_place(body, "location"), (LngLat{106.5, 29.5}));
  EXPECT_EQ(**want_place(body, "pair"), (LngLat{106.5, 29.5}));
  EXPECT_FALSE(want_place(body, "none")->has_value());
  const auto swapped = want_place(body, "swapped");
  ASSERT_FALSE(swapped.has_value());
  EXPECT_EQ(swapped.error().code->name, "field.invalid");
  EXPECT_NE(swapped.error().detail.find("swapped"), std::string::npos);
  EXPECT_EQ(want_class(body, "class", city.packs)->type, "component") << "from the pack";
  EXPECT_EQ(want_class(body, "other", city.packs)->type, "event");
  EXPECT_EQ(want_class(body, "bad", city.packs).error().code->name, "field.invalid");
  EXPECT_EQ(want_texts(body, "words", 9).error().code->name, "json.wrong_type");
  EXPECT_EQ(need_text(body, "none", 9).error().code->name, "field.missing");
  EXPECT_EQ(want_text(body, "class", 3).error().code->name, "field.invalid");
}

}  // namespace
}  // namespace cityloop
