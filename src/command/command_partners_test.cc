// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "command/command_fixture.h"
#include "core/json.h"
#include "core/limits.h"

namespace cityloop {
namespace {

std::string number(const std::string& system, const std::string& said) {
  return R"({"system":")" + system + R"(","number":")" + said + "\"}";
}

TEST(References, ANumberStandsForOneCaseAndACaseHasOneInASystem) {
  TestCity city;
  const std::string no = city.at(Stage::pending_handle);
  EXPECT_EQ(city.act("reference.put", no, number("district-106", "QX-1"), city.desk).status, 201);
  const std::size_t before = city.bodies<RowPut>().size(), entries = city.timeline(no).size();
  EXPECT_EQ(city.act("reference.put", no, number("district-106", "QX-1"), city.desk).status, 200) << "said again";
  EXPECT_EQ(city.bodies<RowPut>().size(), before);
  EXPECT_EQ(city.timeline(no).size(), entries);
  EXPECT_EQ(city.act("reference.put", no, number("district-106", "QX-2"), city.desk).code, "conflict");
  EXPECT_EQ(city.act("reference.put", no, number("hotline", "QX-1"), city.desk).status, 201) << "another system numbers for itself";
  const std::string other = city.act("case.open", "", R"({"title":"x","class":"0110","location":[106.45,29.55]})", city.dispatcher).body;
  const std::string second = text_or(parse_json(other)->as_object(), "no");
  EXPECT_EQ(city.act("reference.put", second, number("district-106", "QX-1"), city.dispatcher).code, "conflict");
  EXPECT_EQ(city.timeline(no).back().fields.at("number"), "QX-1");
}

TEST(References, OnlyTheUnitThatHasTheCaseAndTheDesk) {
  TestCity city;
  const std::string no = city.at(Stage::pending_handle);
  EXPECT_EQ(city.act("reference.put", no, number("s", "1"), city.crew).code, "auth.forbidden");
  Actor other = city.desk;
  other.unit = "u-other";
  EXPECT_EQ(city.act("reference.put", no, number("s", "1"), other).code, "auth.forbidden");
  Actor abroad = city.dispatcher;
  abroad.area = "500112";
  EXPECT_EQ(city.act("reference.put", no, number("s", "1"), abroad).code, "auth.foreign_area");
  EXPECT_EQ(city.act("reference.put", "no-such-case", number("s", "1"), city.dispatcher).status, 404);
  EXPECT_EQ(city.act("reference.put", no, number("a:b", "1"), city.dispatcher).code, "field.invalid");
  EXPECT_EQ(city.act("reference.put", no, R"({"system":"s"})", city.dispatcher).code, "field.missing");
}

TEST(References, OutliveARestartAndGoWithTheCase) {
  TestCity city;
  const std::string no = city.at(Stage::closed);
  ASSERT_EQ(city.act("reference.put", no, number("s", "1"), city.dispatcher).status, 201);
  city.restart();
  EXPECT_EQ(city.act("reference.put", no, number("s", "1"), city.dispatcher).status, 200);
  EXPECT_EQ(city.act("reference.put", no, number("s", "2"), city.dispatcher).code, "conflict");
  city.now += limits::kClosedCaseKept + std::chrono::hours(1);
  city.tick();
  EXPECT_EQ(city.act("reference.put", no, number("s", "1"), city.dispatcher).status, 404) << "it is only in the journal now";
  const std::string fresh = city.at(Stage::reported);
  EXPECT_EQ(city.act("reference.put", fresh, number("s", "1"), city.dispatcher).status, 201);
}

}  // namespace
}  // namespace cityloop
