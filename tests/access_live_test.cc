// SPDX-License-Identifier: Apache-2.0
// The live feed and what answers in its stead, for a caller of one district: snapshots, events as they come, replays, layers,
// objects, long polls. Nothing of the other district is heard, and what is one's own is.
#include "tests/access_city.h"

namespace cityloop {
namespace {

void expect_only_home(const std::string& heard, const std::string& what) {
  EXPECT_NE(heard.find("home"), std::string::npos) << what << " heard nothing of its own";
  for (const char* sign : {"away", AccessCity::kAway}) {
    const std::size_t at = heard.find(sign);
    EXPECT_EQ(at, std::string::npos) << what << ": " << heard.substr(at < 100 ? 0 : at - 100, 200);
  }
}

void say(AccessCity& city, LiveFeed::Id id, const std::string& text) { city.feed().message(id, text); }

class LiveAccess : public testing::TestWithParam<Role> {};

TEST_P(LiveAccess, snapshots_events_and_replays_are_of_ones_own_district) {
  AccessCity city;
  const auto [home, id] = city.screen(GetParam(), AccessCity::kHome);
  const auto [whole, whole_id] = city.screen(GetParam(), "50");
  int n = 0;
  for (const char* topic : {"alarm", "case", "report", "notice", "sys", "rev", "kpi", "layer:septic_tank", "obj:asset:home-tank", "obj:asset:away-tank"})
    for (const LiveFeed::Id one : {id, whole_id}) say(city, one, R"({"t":"sub","id":)" + std::to_string(++n) + R"(,"topic":")" + topic + "\"}");
  city.tick();
  expect_only_home(home->heard.substr(0, home->heard.find("\"t\":\"err\"")), "the snapshot");
  EXPECT_NE(whole->heard.find("away"), std::string::npos) << "the whole city hears both";
  EXPECT_NE(home->heard.find("auth.foreign_area"), std::string::npos) << "an object of another district is refused";
  EXPECT_EQ(whole->heard.find("auth.foreign_area"), std::string::npos);
  home->heard.clear();
  whole->heard.clear();
  for (int i = 0; i < 5; ++i) {
    city.tick();
    city.send("home-tank", "120");
    city.send("away-tank", "120");
    city.act("unit.put", "home-unit", R"({"name":"home unit renamed","area":"500106","duties":["sanitation"]})");
    city.act("unit.put", "away-unit", R"({"name":"away unit renamed","area":"500103","duties":["sanitation"]})");
    city.act("case.comment", city.home().at("cases"), R"({"comment":"home again"})", city.city().city().command().open_case(city.home().at("cases"))->rev);
    city.act("case.comment", city.away().at("cases"), R"({"comment":"away again"})", city.city().city().command().open_case(city.away().at("cases"))->rev);
  }
  city.tick();
  expect_only_home(home->heard, "the feed");
  EXPECT_NE(whole->heard.find("away"), std::string::npos);

  const auto [again, again_id] = city.screen(GetParam(), AccessCity::kHome, R"({"epoch":"e1","seq":0})");
  n = 100;
  for (const char* topic : {"alarm", "case", "report", "notice", "sys", "rev"}) say(city, again_id, R"({"t":"sub","id":)" + std::to_string(++n) + R"(,"from":0,"topic":")" + topic + "\"}");
  city.tick();
  expect_only_home(again->heard, "the replay");
}

TEST_P(LiveAccess, long_polls_and_server_sent_events_are_of_ones_own_district) {
  AccessCity city;
  for (const char* path : {"/api/v1/changes?since=e1:0", "/api/v1/events?since=e1:0"}) {
    const auto answer = city.get(path, city.token(GetParam(), AccessCity::kHome));
    EXPECT_EQ(answer.status, 200) << path << answer.body;
    expect_only_home(answer.body, path);
    EXPECT_NE(city.get(path, city.token(GetParam(), "50")).body.find("away"), std::string::npos) << path;
  }
}

INSTANTIATE_TEST_SUITE_P(Roles, LiveAccess,
                         testing::Values(Role::collector, Role::acceptor, Role::shift_leader, Role::dispatcher, Role::unit_desk, Role::handler, Role::inspector,
                                         Role::evaluator, Role::leader, Role::integrator, Role::wall, Role::admin),
                         [](const auto& role) { return std::string(role_name(role.param)); });

TEST(LiveAccess, who_may_not_listen_hears_nothing) {
  AccessCity city;
  for (const Role role : {Role::security_admin, Role::audit_admin}) {
    const auto [screen, id] = city.screen(role, "50");
    EXPECT_EQ(screen->closed, 4401) << role_name(role);
    EXPECT_EQ(screen->heard.find("home"), std::string::npos);
  }
  const auto [wall, id] = city.screen(Role::wall, "50");
  say(city, id, R"({"t":"sub","id":1,"topic":"report"})");
  city.tick();
  EXPECT_NE(wall->heard.find("auth.forbidden"), std::string::npos) << "a wall shows no reports";
  for (const Role role : {Role::wall, Role::integrator, Role::handler, Role::collector}) {
    const auto [screen, screen_id] = city.screen(role, AccessCity::kHome);
    say(city, screen_id, R"({"t":"sub","id":7,"topic":"notice"})");
    city.tick();
    EXPECT_NE(screen->heard.find("auth.forbidden"), std::string::npos) << role_name(role) << " may not list notices either";
  }
  // A token that is revoked falls silent.
  const auto [cut, cut_id] = city.screen(Role::leader, AccessCity::kHome);
  say(city, cut_id, R"({"t":"sub","id":1,"topic":"alarm"})");
  city.act("token.revoke", "leader-500106", "{}");
  for (int i = 0; i < 10; ++i) city.tick();
  EXPECT_EQ(cut->closed, 4401);
}

}  // namespace
}  // namespace cityloop
