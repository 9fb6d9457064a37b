// SPDX-License-Identifier: Apache-2.0
// Every route × every role × a foreign area, on the real city. Each route declares here how a caller of one district reaches for
// what belongs to another; a route without a declaration fails.
#include <algorithm>
#include <set>

#include "tests/access_city.h"

namespace cityloop {
namespace {

const std::string kTank = R"("kind":"septic_tank","name":"usurped","location":{"type":"Point","coordinates":[106.55,29.54]})";  // lies in the other district

const std::string kFormulas =
    R"({"version":"9","grades":{"A":90,"B":80,"C":70,"D":60},"indicators":[{"id":"usurped_rate","title":{"zh":"x","en":"x"},)"
    R"("definition":{"zh":"x","en":"x"},"numerator":"on_time","denominator":"due","objects":["area"]}]})";

// How to reach for the other district. `@` in the path is its name for the subject.
struct Reach {
  std::string path{};
  std::string body{};
  std::string type = "application/json";
  std::string code{};  // of the refusal where the route's scope does not say it; `shared`: everybody may know it
};

const std::map<std::string, Reach>& reaches() {
  static const std::map<std::string, Reach> kReaches{
      {"POST /api/v1/session", {"/api/v1/session", R"({"name":"x","password":"y"})", "application/json", "auth.wrong"}},
      {"GET /api/v1/session", {"/api/v1/session"}},
      {"DELETE /api/v1/session", {"/api/v1/session"}},
      {"POST /api/v1/session/password", {"/api/v1/session/password", R"({"old":"x","password":"y"})"}},
      {"POST /api/v1/live/ticket", {"/api/v1/live/ticket", "{}"}},
      {"GET /api/v1/changes", {"/api/v1/changes?since=e1:0"}},
      {"GET /api/v1/events", {"/api/v1/events?since=e1:0"}},
      {"GET /healthz", {"/healthz"}},
      {"GET /readyz", {"/readyz"}},
      {"GET /metrics", {"/metrics"}},
      {"GET /api/v1/openapi.json", {"/api/v1/openapi.json"}},
      {"GET /api/v1/indicators", {"/api/v1/indicators"}},
      {"GET /api/v1/areas", {"/api/v1/areas", "", "", "shared"}},  // a district's page draws its neighbours
      {"GET /api/v1/packs", {"/api/v1/packs", "", "", "shared"}},
      {"GET /api/v1/packs/{name}", {"/api/v1/packs/septic_gas", "", "", "shared"}},
      {"GET /api/v1/scores", {"/api/v1/scores"}},
      {"GET /api/v1/scores/cases", {"/api/v1/scores/cases?object=area&id=500103&count_of=opened"}},
      {"GET /api/v1/scores/formulas", {"/api/v1/scores/formulas", "", "", "shared"}},  // one set for the whole city
      {"GET /api/v1/scores/formulas/{name}", {"/api/v1/scores/formulas/china", "", "", "shared"}},
      {"GET /api/v1/scores/locks", {"/api/v1/scores/locks", "", "", "shared"}},  // a month is locked for the whole city
      {"POST /api/v1/scores/locks/{month}", {"/api/v1/scores/locks/2022-07", "{}"}},
      {"GET /api/v1/scores/reports", {"/api/v1/scores/reports"}},
      {"GET /api/v1/scores/reports/{id}", {"/api/v1/scores/reports/@"}},
      {"PUT /api/v1/scores/reports/{id}", {"/api/v1/scores/reports/@", R"({"title":"usurped","text":"usurped","snapshot":"x"})"}},
      {"POST /api/v1/scores/reports/{id}:sign", {"/api/v1/scores/reports/@:sign", "{}"}},
      {"PUT /api/v1/scores/formulas/{name}", {"/api/v1/scores/formulas/ours", kFormulas}},
      {"GET /api/v1/assets", {"/api/v1/assets"}},
      {"POST /api/v1/assets:import",
       {"/api/v1/assets:import",
        R"({"type":"FeatureCollection","features":[{"type":"Feature","id":"away-new","geometry":{"type":"Point","coordinates":[106.55,29.54]},"properties":{"kind":"septic_tank","name":"n"}}]})",
        "application/json", "item by item"}},
      {"POST /api/v1/classes:import", {"/api/v1/classes:import", "scheme,type,code,name\nGB2013,event,0101,x\n", "text/csv"}},
      {"GET /api/v1/classes", {"/api/v1/classes", "", "", "shared"}},  // one table for the whole city
      {"GET /api/v1/classes:export", {"/api/v1/classes:export", "", "", "shared"}},
      {"POST /api/v1/areas:import", {"/api/v1/areas:import", R"({"type":"FeatureCollection","features":[]})"}},
      {"GET /api/v1/assets/{id}", {"/api/v1/assets/@"}},
      {"PUT /api/v1/assets/{id}", {"/api/v1/assets/@", "{" + kTank + "}"}},
      {"DELETE /api/v1/assets/{id}", {"/api/v1/assets/@"}},
      {"GET /api/v1/assets/{id}/nearby", {"/api/v1/assets/@/nearby?radius_m=50000"}},
      {"GET /api/v1/assets/{id}/commands", {"/api/v1/assets/@/commands"}},
      {"POST /api/v1/assets/{id}/commands", {"/api/v1/assets/@/commands", R"({"command":"fan_on"})"}},
      {"POST /api/v1/assets/{id}/silence",
       {"/api/v1/assets/@/silence", R"({"until":"2022-08-23T14:00:00+08:00","reason":"work"})"}},
      {"DELETE /api/v1/assets/{id}/silence", {"/api/v1/assets/@/silence"}},
      {"GET /api/v1/state", {"/api/v1/state"}},
      {"GET /api/v1/points", {"/api/v1/points"}},
      {"GET /api/v1/assets/{id}/history", {"/api/v1/assets/@/history?point=ch4"}},
      {"GET /api/v1/aggregates", {"/api/v1/aggregates?metric=septic_tank.ch4&by=asset"}},
      {"POST /api/v1/readings",
       {"/api/v1/readings", R"({"asset":"away-tank","values":{"ch4":1}})", "application/json", "auth.foreign_area"}},
      {"POST /api/v1/records",
       {"/api/v1/records", R"({"asset":"away-tank","kind":"x","id":"1","fields":{}})", "application/json",
        "auth.foreign_area"}},
      {"GET /api/v1/records", {"/api/v1/records"}},
      {"GET /api/v1/alarms", {"/api/v1/alarms"}},
      {"POST /api/v1/alarms:test",
       {"/api/v1/alarms:test", R"({"asset":"away-tank","rule":"septic_gas/ch4_high","level":"blue"})"}},
      {"GET /api/v1/alarms/{id}", {"/api/v1/alarms/@"}},
      {"GET /api/v1/alarms/{id}/why", {"/api/v1/alarms/@/why"}},
      {"POST /api/v1/alarms/{id}/actions", {"/api/v1/alarms/@/actions", R"({"action":"acknowledge"})"}},
      {"GET /api/v1/reports", {"/api/v1/reports"}},
      {"POST /api/v1/reports",
       {"/api/v1/reports",
        R"({"title":"seen across the border","location":{"type":"Point","coordinates":[106.55,29.54]},"class":{"scheme":"GB2013","type":"event","code":"0101"}})",
        "application/json", "shared"}},  // whoever sees it says it
      {"GET /api/v1/reports/{id}", {"/api/v1/reports/@"}},
      {"POST /api/v1/reports/{id}:place",
       {"/api/v1/reports/@:place", R"({"location":{"type":"Point","coordinates":[106.55,29.54]}})", "application/json",
        "auth.foreign_area"}},
      {"POST /api/v1/reports/{id}/reveal", {"/api/v1/reports/@/reveal", R"({"reason":"because"})"}},
      {"DELETE /api/v1/reports/{id}/reporter", {"/api/v1/reports/@/reporter"}},
      {"POST /api/v1/reports:caller", {"/api/v1/reports:caller", R"({"phone":"138 0000 0000"})"}},
      {"GET /api/v1/repeat-points", {"/api/v1/repeat-points?least=1"}},
      {"POST /api/v1/cases:offers", {"/api/v1/cases:offers", R"({"cases":["1"]})"}},
      {"POST /api/v1/cases:act",
       {"/api/v1/cases:act", R"({"action":"comment","comment":"x","cases":[{"no":"1","rev":1}]})"}},
      {"PUT /api/v1/cases/{no}/references/{system}", {"/api/v1/cases/@/references/other", R"({"number":"1"})"}},
      {"GET /api/v1/references", {"/api/v1/references"}},
      {"GET /api/v1/partners", {"/api/v1/partners"}},
      {"GET /api/v1/shifts:open", {"/api/v1/shifts:open"}},
      {"GET /api/v1/shifts", {"/api/v1/shifts"}},
      {"POST /api/v1/shifts", {"/api/v1/shifts", "{}"}},
      {"GET /api/v1/shifts/{id}", {"/api/v1/shifts/@"}},
      {"POST /api/v1/shifts/{id}:take", {"/api/v1/shifts/@:take", "{}"}},
      {"POST /api/v1/shifts/{id}:withdraw", {"/api/v1/shifts/@:withdraw", "{}"}},
      {"GET /api/v1/cases", {"/api/v1/cases"}},
      {"POST /api/v1/cases",
       {"/api/v1/cases",
        R"({"title":"usurped","class":{"scheme":"GB2013","type":"event","code":"0101"},"location":{"type":"Point","coordinates":[106.55,29.54]}})",
        "application/json", "auth.foreign_area"}},
      {"GET /api/v1/cases/{no}", {"/api/v1/cases/@"}},
      {"GET /api/v1/cases/{no}/timeline", {"/api/v1/cases/@/timeline"}},
      {"POST /api/v1/cases/{no}/actions", {"/api/v1/cases/@/actions", R"({"action":"comment","comment":"x"})"}},
      {"GET /api/v1/orders", {"/api/v1/orders"}},
      {"POST /api/v1/attachments", {"/api/v1/attachments", "bytes", "image/jpeg"}},
      {"GET /api/v1/attachments/{id}", {"/api/v1/attachments/@"}},
      {"GET /api/v1/sources", {"/api/v1/sources"}},
      {"GET /api/v1/sources/{name}", {"/api/v1/sources/x"}},
      {"PUT /api/v1/sources/{name}", {"/api/v1/sources/x", "{}"}},
      {"DELETE /api/v1/sources/{name}", {"/api/v1/sources/x"}},
      {"GET /api/v1/units", {"/api/v1/units"}},
      {"GET /api/v1/units/{id}", {"/api/v1/units/@"}},
      {"PUT /api/v1/units/{id}", {"/api/v1/units/@", R"({"name":"usurped","area":"500106","duties":[]})"}},
      {"DELETE /api/v1/units/{id}", {"/api/v1/units/@"}},
      {"GET /api/v1/people", {"/api/v1/people"}},
      {"GET /api/v1/notices", {"/api/v1/notices"}},
      {"POST /api/v1/notices:release", {"/api/v1/notices:release", "{}"}},
      {"GET /api/v1/notices/{id}", {"/api/v1/notices/@"}},
      {"POST /api/v1/notices/{id}/receipt", {"/api/v1/notices/@/receipt", R"({"state":"read"})"}},
      {"GET /n/{id}", {"/n/x?k=guessed"}},
      {"POST /n/{id}", {"/n/x?k=guessed"}},
      {"GET /api/v1/alarms/{id}/notice", {"/api/v1/alarms/@/notice"}},
      {"POST /api/v1/notices/{id}:retry", {"/api/v1/notices/@:retry", "{}"}},
      {"GET /api/v1/calendars", {"/api/v1/calendars", "", "", "shared"}},  // everybody's deadlines hang on it
      {"GET /api/v1/calendars/{name}", {"/api/v1/calendars/china", "", "", "shared"}},
      {"PUT /api/v1/calendars/{name}",
       {"/api/v1/calendars/china",
        R"({"version":"1","hours":["08:00-12:00"],"weekend":[],"years":{"2022":{"holidays":[],"workdays":[]}}})"}},
      {"GET /api/v1/receivers", {"/api/v1/receivers"}},
      {"GET /api/v1/receivers/{name}", {"/api/v1/receivers/@"}},
      {"PUT /api/v1/receivers/{name}", {"/api/v1/receivers/@", R"({"url":"https://x.example/"})"}},
      {"DELETE /api/v1/receivers/{name}", {"/api/v1/receivers/@"}},
      {"GET /api/v1/quarantine", {"/api/v1/quarantine"}},
      {"POST /api/v1/quarantine:reingest", {"/api/v1/quarantine:reingest", R"({"ids":["q-1"]})"}},
      {"POST /api/v1/quarantine/{id}:reingest", {"/api/v1/quarantine/q-1:reingest", "{}"}},
      {"POST /api/v1/quarantine/{id}:drop", {"/api/v1/quarantine/q-1:drop", "{}"}},
      {"GET /api/v1/users", {"/api/v1/users"}},
      {"GET /api/v1/users/{name}", {"/api/v1/users/@"}},
      {"PUT /api/v1/users/{name}", {"/api/v1/users/@", R"({"roles":["handler"],"area":"500106"})"}},
      {"DELETE /api/v1/users/{name}", {"/api/v1/users/@"}},
      {"POST /api/v1/users/{name}:disable", {"/api/v1/users/@:disable", "{}"}},
      {"POST /api/v1/users/{name}:enable", {"/api/v1/users/@:enable", "{}"}},
      {"POST /api/v1/users/{name}:password", {"/api/v1/users/@:password", R"({"password":"Fresh-Start-12"})"}},
      {"GET /api/v1/tokens", {"/api/v1/tokens"}},
      {"POST /api/v1/tokens", {"/api/v1/tokens", R"({"name":"usurped","role":"integrator","area":"500103"})"}},
      {"DELETE /api/v1/tokens/{id}", {"/api/v1/tokens/@"}},
      {"GET /api/v1/credentials", {"/api/v1/credentials"}},
      {"POST /api/v1/credentials", {"/api/v1/credentials", R"({"name":"usurped","assets":["away-*"]})"}},
      {"POST /api/v1/credentials/{id}:rotate", {"/api/v1/credentials/x:rotate", "{}"}},
      {"POST /api/v1/credentials/{id}:disable", {"/api/v1/credentials/x:disable", "{}"}},
      {"POST /api/v1/credentials/{id}:enable", {"/api/v1/credentials/x:enable", "{}"}},
      {"DELETE /api/v1/credentials/{id}", {"/api/v1/credentials/x"}},
      {"GET /api/v1/audit", {"/api/v1/audit"}},
      // Of people without an account: what opens a report is its key, whoever asks.
      {"GET /api/v1/public", {"/api/v1/public", "", "", "shared"}},
      {"GET /api/v1/public/districts", {"/api/v1/public/districts", "", "", "shared"}},
      {"GET /api/v1/public/nearby", {"/api/v1/public/nearby?class=GB2013/event/0113&near=106.55,29.54", "", "", "shared"}},
      {"GET /api/v1/public/places", {"/api/v1/public/places?kind=toilet&area=500103", "", "", "shared"}},
      {"POST /api/v1/public/photos", {"/api/v1/public/photos", "x", "image/jpeg"}},
      {"POST /api/v1/public/reports", {"/api/v1/public/reports", R"({"text":"t"})"}},
      {"POST /api/v1/public/cases/{no}:same", {"/api/v1/public/cases/x:same", "{}"}},
      {"GET /api/v1/public/follows/{report}", {"/api/v1/public/follows/r-1"}},
      {"GET /api/v1/public/follows/{report}/photos/{photo}", {"/api/v1/public/follows/r-1/photos/x"}},
      {"POST /api/v1/public/follows/{report}:unsolved", {"/api/v1/public/follows/r-1:unsolved", R"({"reason":"r"})"}},
      {"POST /api/v1/public/follows/{report}:rate", {"/api/v1/public/follows/r-1:rate", R"({"stars":5})"}},
      {"GET /api/v1/public/follows/{report}/person", {"/api/v1/public/follows/r-1/person"}},
      {"DELETE /api/v1/public/follows/{report}/person", {"/api/v1/public/follows/r-1/person"}},
  };
  return kReaches;
}

std::string name_of(const RouteFace& route) { return route.method + " " + route.pattern; }

std::string path_of(const RouteFace& route, const AccessCity::Names& names) {
  std::string path = reaches().at(name_of(route)).path;
  const std::string family = route.pattern.size() > 8 ? route.pattern.substr(8, route.pattern.find_first_of("/:", 8) - 8) : "";
  if (const std::size_t at = path.find('@'); at != std::string::npos) path.replace(at, 1, names.at(family));
  return path;
}

// What an answer gives away of the other district.
std::string leak_in(const std::string& body) {
  for (const char* sign : {"away", AccessCity::kAway})
    if (const std::size_t at = body.find(sign); at != std::string::npos) return body.substr(at < 60 ? 0 : at - 60, 120);
  return "";
}

std::vector<RouteFace> routes_of(const std::set<std::string>& scopes) {
  std::vector<RouteFace> out;
  for (const RouteFace& route : route_table())
    if (scopes.contains(route.scope) && reaches().contains(name_of(route))) out.push_back(route);
  return out;
}

std::vector<Role> roles_of(const RouteFace& route) {
  std::vector<Role> out;
  for (const Role role : route.roles)
    if (role != Role::device) out.push_back(role);  // bound to its assets: sense's tests
  return out;
}

TEST(Access, every_route_says_here_how_a_foreign_area_is_tried) {
  std::set<std::string> known;
  for (const RouteFace& route : route_table()) {
    EXPECT_TRUE(reaches().contains(name_of(route))) << name_of(route) << " is new: declare it";
    known.insert(name_of(route));
  }
  for (const auto& [name, reach] : reaches()) EXPECT_TRUE(known.contains(name)) << name << " is no route any more";
}

// Refused, told nothing, and nothing has changed.
TEST(Access, a_subject_of_a_foreign_area_is_refused_to_every_role) {
  AccessCity city;
  const std::string before = city.facts();
  std::size_t tried = 0;
  for (const RouteFace& route : routes_of({"item"})) {
    const Reach& reach = reaches().at(name_of(route));
    for (const Role role : roles_of(route)) {
      const auto answer = city.call(route.method, path_of(route, city.away()), city.token(role, AccessCity::kHome), reach.body, reach.type);
      EXPECT_EQ(answer.code, "auth.foreign_area") << role_name(role) << " " << name_of(route) << ": " << answer.status << " " << answer.body;
      ++tried;
    }
  }
  EXPECT_GT(tried, 150u);
  // New tokens of callers above are the only facts that came.
  const std::string after = city.facts();
  for (const char* sign : {"usurped", "Fresh-Start"}) EXPECT_EQ(after.find(sign), std::string::npos);
  EXPECT_EQ(std::count(before.begin(), before.end(), '\n'), std::count(after.begin(), after.end(), '\n') - static_cast<std::ptrdiff_t>(city.tokens_drawn() - 1));
}

// The same calls do get through for whom they are meant, or the refusals above would prove nothing.
TEST(Access, the_same_subject_is_open_to_the_whole_city_and_ones_own_to_oneself) {
  for (const RouteFace& route : routes_of({"item", "city"})) {
    const Reach& reach = reaches().at(name_of(route));
    AccessCity city;
    const Role role = roles_of(route).back();
    const auto whole = city.call(route.method, path_of(route, city.away()), city.token(role, "50"), reach.body, reach.type);
    EXPECT_NE(whole.code, "auth.foreign_area") << name_of(route) << ": " << whole.body;
    if (route.scope == "city" || route.method != "GET") continue;
    const auto own = city.get(path_of(route, city.home()), city.token(role, AccessCity::kHome));
    EXPECT_EQ(own.status, 200) << name_of(route) << ": " << own.body;
    EXPECT_EQ(leak_in(own.body), "") << name_of(route);
  }
}

TEST(Access, what_is_kept_for_the_whole_city_is_refused_to_a_district) {
  AccessCity city;
  for (const RouteFace& route : routes_of({"city"})) {
    const Reach& reach = reaches().at(name_of(route));
    for (const Role role : roles_of(route)) {
      const auto answer = city.call(route.method, path_of(route, city.away()), city.token(role, AccessCity::kHome), reach.body, reach.type);
      EXPECT_EQ(answer.code, "auth.foreign_area") << role_name(role) << " " << name_of(route) << ": " << answer.status << " " << answer.body;
    }
  }
}

// Lists, as JSON, as CSV, by area, by box, by nearness, by words.
TEST(Access, lists_leave_out_what_is_foreign_in_every_form) {
  AccessCity city;
  city.tick();
  const Time now = city.city().now() - Millis{1};
  const std::vector<Record> records{{"home-1", "home-tank", "visit", now, now, "{}", {}}, {"away-1", "away-tank", "visit", now, now, "{}", {}}};
  ASSERT_TRUE(city.city().history().append(city.city().city().turn() + 1, {}, records).has_value());
  std::set<std::string> empty;
  for (const RouteFace& route : routes_of({"list"})) {
    if (route.method != "GET") continue;
    const auto has = [&](const char* name) { return std::find(route.parameters.begin(), route.parameters.end(), name) != route.parameters.end(); };
    const std::string path = path_of(route, city.away()), more = path + (path.find('?') == std::string::npos ? "?" : "&");
    std::vector<std::string> forms{path};
    if (has("format")) forms.push_back(more + "format=csv");
    if (has("count")) forms.push_back(more + "count=true&limit=1000");
    if (has("area")) forms.push_back(more + "area=50");
    if (has("bbox")) forms.push_back(more + "bbox=106,29,107,30");
    if (has("near")) forms.push_back(more + "near=106.55,29.54&radius_m=50000");
    if (has("q")) forms.push_back(more + "q=away");
    if (has("asset")) forms.push_back(more + "asset=away-tank");
    if (has("case")) forms.push_back(more + "case=" + city.away().at("cases"));
    if (has("unit")) forms.push_back(more + "unit=away-unit");
    for (const Role role : roles_of(route)) {
      for (const std::string& form : forms) {
        const auto answer = city.get(form, city.token(role, AccessCity::kHome));
        EXPECT_TRUE(answer.status == 200 || answer.code == "auth.foreign_area") << role_name(role) << " " << form << ": " << answer.body;
        EXPECT_EQ(leak_in(answer.body), "") << role_name(role) << " " << form;
      }
      if (!has("area")) continue;
      EXPECT_EQ(city.get(more + "area=500103", city.token(role, AccessCity::kHome)).code, "auth.foreign_area") << role_name(role) << " " << path;
    }
    // The caller of the whole city is shown what was hidden.
    const Role role = roles_of(route).back();
    if (leak_in(city.get(path, city.token(role, "50")).body).empty()) empty.insert(route.pattern);
  }
  // Numbers only: they are told apart below.
  EXPECT_EQ(empty, (std::set<std::string>{"/api/v1/indicators"}));
}

TEST(Access, numbers_are_of_ones_own_district) {
  AccessCity city;
  city.tick();
  const auto value = [&](const std::string& bearer, std::string_view id) {
    const auto doc = parse_json(city.get("/api/v1/indicators", bearer).body);
    for (const json::value& item : doc->at("items").as_array())
      if (item.at("name").as_string() == id) return item.at("value").to_number<int>();
    ADD_FAILURE() << "no indicator " << id;
    return -1;
  };
  EXPECT_EQ(value(city.token(Role::leader, AccessCity::kHome), "alarms_red"), 1);
  EXPECT_EQ(value(city.token(Role::leader, "50"), "alarms_red"), 2);
  EXPECT_EQ(value(city.token(Role::leader, AccessCity::kHome), "cases_open"), 2);  // the tank's and the report's
  EXPECT_EQ(value(city.token(Role::leader, "50"), "cases_open"), 4);
}

// What names its subject in the body: the place or the asset decides.
TEST(Access, a_body_that_reaches_into_a_foreign_area_is_refused) {
  AccessCity city;
  const std::string before = city.facts();
  for (const RouteFace& route : routes_of({"any", "list"})) {
    const Reach& reach = reaches().at(name_of(route));
    if (reach.code.empty() || reach.code == "shared") continue;
    for (const Role role : roles_of(route)) {
      const auto answer = city.call(route.method, path_of(route, city.away()), city.token(role, AccessCity::kHome), reach.body, reach.type);
      const std::string code = answer.code.empty() && answer.body.find("auth.foreign_area") != std::string::npos ? "item by item" : answer.code;
      EXPECT_EQ(code, reach.code) << role_name(role) << " " << name_of(route) << ": " << answer.body;
    }
  }
  EXPECT_EQ(city.city().city().tables().asset("away-new"), nullptr);
  EXPECT_EQ(city.get("/api/v1/assets/away-tank/history?point=ch4", city.boss()).body.find("\"value\":1,"), std::string::npos);
}

// Many cases in one call, a caller by the phone, a shift: each by itself, and nothing of the neighbour's.
TEST(Access, the_desks_lists_and_bulk_keep_to_ones_own_district) {
  AccessCity city;
  const std::string leader = city.token(Role::shift_leader, AccessCity::kHome);
  const std::string away = city.away().at("cases"), home = city.home().at("cases");
  const auto offers = city.call("POST", "/api/v1/cases:offers", leader, R"({"cases":[")" + away + R"(",")" + home + R"("]})");
  EXPECT_NE(offers.body.find("\"unread\":[\"" + away + "\"]"), std::string::npos) << offers.body;
  EXPECT_NE(offers.body.find("\"can\":[\"" + home + "\"]"), std::string::npos) << offers.body;
  const std::uint64_t rev = city.city().city().command().open_case(home)->rev;
  const auto acted = city.call("POST", "/api/v1/cases:act", leader, R"({"action":"comment","comment":"both","cases":[{"no":")" + away + R"(","rev":9},{"no":")" + home +
                                                                        R"(","rev":)" + std::to_string(rev) + "}]}");
  const json::value said = parse_json(acted.body).value();
  EXPECT_EQ(text_or(said.at("items").at(0).as_object(), "code"), "auth.foreign_area") << acted.body;
  EXPECT_EQ(said.at("items").at(1).at("status").to_number<int>(), 200) << acted.body;
  EXPECT_EQ(leak_in(city.get("/api/v1/shifts:open", leader).body), "");
  const auto caller = city.call("POST", "/api/v1/reports:caller", leader, R"({"phone":"+86 138-0000-0000"})");
  EXPECT_EQ(leak_in(caller.body), "");
  EXPECT_EQ(parse_json(caller.body)->at("total").to_number<int>(), 1) << caller.body;
  EXPECT_EQ(parse_json(city.call("POST", "/api/v1/reports:caller", city.boss(), R"({"phone":"13800000000"})").body)->at("total").to_number<int>(), 2);
}

TEST(Access, bodies_cannot_smuggle_a_foreign_subject_into_ones_own_case_or_alarm) {
  AccessCity city;
  const std::string leader = city.token(Role::shift_leader, AccessCity::kHome);
  const auto drill = city.call("POST", "/api/v1/alarms:test", leader, R"({"asset":"home-tank","rule":"septic_gas/h2s_high","level":"blue"})");
  ASSERT_LT(drill.status, 300) << drill.body;
  const std::string alarm = "/api/v1/alarms/" + text_or(parse_json(drill.body)->as_object(), "id") + "/actions";
  EXPECT_EQ(city.call("POST", alarm, leader, R"({"action":"link","case":")" + city.away().at("cases") + "\"}").code, "auth.foreign_area");
  EXPECT_EQ(city.call("POST", alarm, leader, R"({"action":"notify","receiver":"away-hook"})").code, "auth.foreign_area");
  EXPECT_LT(city.call("POST", alarm, leader, R"({"action":"notify","receiver":"home-hook"})").status, 300);
  const std::string report = city.get("/api/v1/reports/" + city.home().at("reports"), leader).body;
  const std::string file = text_or(parse_json(report)->as_object(), "case");
  const std::uint64_t rev = city.city().city().command().open_case(file)->rev;
  EXPECT_EQ(city.city().act(city.principal(Role::shift_leader, AccessCity::kHome), "case.merge", file, R"({"into":")" + city.away().at("cases") + "\"}", rev).code, "auth.foreign_area");
  // An asset of one's own moved across the border leaves one's hands: refused.
  EXPECT_EQ(city.call("PUT", "/api/v1/assets/home-tank", city.token(Role::integrator, AccessCity::kHome), "{" + kTank + "}").code, "auth.foreign_area");
  EXPECT_EQ(city.call("PUT", "/api/v1/users/home-li", city.token(Role::admin, AccessCity::kHome), R"({"roles":["handler"],"area":"500103"})").code, "auth.foreign_area");
  EXPECT_EQ(city.call("PUT", "/api/v1/units/home-unit", city.token(Role::admin, AccessCity::kHome), R"({"name":"x","area":"500103","duties":[]})").code, "auth.foreign_area");
}

TEST(Access, nobody_gets_in_without_signing_in_and_no_role_where_it_is_not_named) {
  AccessCity city;
  for (const RouteFace& route : route_table()) {
    const std::string path = path_of(route, city.home());
    const Reach& reach = reaches().at(name_of(route));
    if (route.scope != "open") {
      EXPECT_EQ(city.call(route.method, path, "", reach.body, reach.type).status, 401) << name_of(route);
      EXPECT_EQ(city.call(route.method, path, "Bearer cl_forged_s3cret", reach.body, reach.type).status, 401) << name_of(route);
    }
    for (int r = 0; r <= static_cast<int>(Role::audit_admin); ++r) {
      const Role role = static_cast<Role>(r);
      if (role == Role::device || route.scope == "open" || std::find(route.roles.begin(), route.roles.end(), role) != route.roles.end()) continue;
      EXPECT_EQ(city.call(route.method, path, city.token(role, "50"), reach.body, reach.type).code, "auth.forbidden") << role_name(role) << " " << name_of(route);
    }
  }
}

}  // namespace
}  // namespace cityloop
