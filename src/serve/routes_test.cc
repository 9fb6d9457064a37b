// SPDX-License-Identifier: Apache-2.0
// Every route × every role × foreign area; and what is generated from the table.
#include <fstream>

#include "serve/api_city_test.h"

namespace cityloop {
namespace {

// A path of the pattern whose arguments are `arg`.
std::string path_of(const std::string& pattern, const std::string& arg) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '{') {
      out += pattern[i];
      continue;
    }
    out += arg;
    i = pattern.find('}', i);
  }
  return out;
}

TEST(Routes, role_by_role_as_the_table_says) {
  ApiCity city;
  for (int r = 0; r <= static_cast<int>(Role::audit_admin); ++r) {
    const Role role = static_cast<Role>(r);
    const std::string token = city.token(role);
    for (const RouteFace& route : route_table()) {
      const HttpResponse response = city.call(ApiCity::request(route.method, path_of(route.pattern, "x"), token, route.method == "GET" ? "" : "{}"));
      if (route.roles.empty()) continue;
      const bool allowed = std::find(route.roles.begin(), route.roles.end(), role) != route.roles.end();
      const bool refused = response.status == 403 && code_of(response) == "auth.forbidden" &&
                           doc_of_body(response).at("detail").as_string().starts_with("this takes one of the roles");
      EXPECT_NE(allowed, refused) << role_name(role) << " " << route.method << " " << route.pattern << ": " << response.status << " " << response.body;
    }
  }
}

TEST(Routes, nobody_gets_in_without_signing_in) {
  ApiCity city;
  for (const RouteFace& route : route_table()) {
    const HttpResponse response = city.call(ApiCity::request(route.method, path_of(route.pattern, "x"), "", route.method == "GET" ? "" : "{}"));
    if (route.scope == "open") EXPECT_NE(route.method + route.pattern, "");
    else EXPECT_EQ(response.status, 401) << route.method << " " << route.pattern;
  }
}

TEST(Routes, a_foreign_area_is_refused_item_by_item) {
  ApiCity city;
  city.asset("tank-1", "500106", {106.45, 29.54});
  city.alarm("a-1", "500106");
  city.file("5001062022082200001", "500106");
  Report report;
  report.id = "r-1";
  report.area = "500106";
  report.state = "waiting";
  city.happen("report.new", report);
  city.happen("attachment.put", Attachment{"ab12", "image/jpeg", 3, "user:x", "500106", city.now_, {}, {}, ""});
  city.happen("unit.put", Unit{"u-1", "环卫", "500106", {"sanitation"}, "", true});
  city.happen("rev.config", RowPut{"receivers", "hook", "500106", {}, R"({"name":"hook","area":"500106"})"});
  city.happen("shift.put", RowPut{"shifts", "h-1", "500106", {}, R"({"id":"h-1","area":"500106","rev":1})"});
  city.user("li", {Role::acceptor}, "500106");
  Notice notice;
  notice.id = "5001062022082200001:1";
  notice.area = "500106";
  city.happen("notice.put", notice);
  city.happen("score.report", RowPut{"score_reports", "daily.2022-08-21.500106", "500106", {}, R"({"id":"daily.2022-08-21.500106","area":"500106","rev":1})"});
  const std::map<std::string, std::string> args{{"scores", "daily.2022-08-21.500106"}, {"assets", "tank-1"}, {"alarms", "a-1"},       {"cases", "5001062022082200001"}, {"reports", "r-1"},
                                                {"units", "u-1"},     {"attachments", "ab12"}, {"receivers", "hook"},            {"users", "li"},
                                                {"notices", "5001062022082200001:1"}, {"shifts", "h-1"}};
  for (const Role role : {Role::admin, Role::dispatcher, Role::shift_leader, Role::security_admin}) {
    const std::string home = city.token(role, "500106"), foreign = city.token(role, "500103");
    for (const RouteFace& route : route_table()) {
      if (route.scope != "item" || std::find(route.roles.begin(), route.roles.end(), role) == route.roles.end()) continue;
      const std::string family = route.pattern.substr(8, route.pattern.find_first_of("/:", 8) - 8);
      // Registering and changing the register is checked in the turn, where the area of the place is known.
      const bool in_the_turn = (family == "assets" && (route.method == "PUT" || route.method == "DELETE" || route.pattern.ends_with("silence"))) ||
                               ((family == "units" || family == "scores") && route.method != "GET") || family == "tokens" || (family == "users" && route.method == "PUT") || route.pattern == "/api/v1/alarms:test";
      if (in_the_turn) continue;
      ASSERT_TRUE(args.contains(family)) << route.pattern;
      const std::string path = path_of(route.pattern, args.at(family));
      const std::string body = route.method == "GET" ? "" : R"({"action":"comment","reason":"why","password":"Fresh-Start-12"})";
      const HttpResponse theirs = city.call(ApiCity::request(route.method, path, foreign, body));
      EXPECT_EQ(code_of(theirs), "auth.foreign_area") << role_name(role) << " " << route.method << " " << path << " " << theirs.body;
      if (route.method == "GET") {
        EXPECT_EQ(code_of(city.call(ApiCity::request("GET", path + (family == "assets" && path.ends_with("history") ? "?point=ch4" : ""), home))), "") << path;
      }
    }
  }
}

TEST(Routes, lists_leave_out_foreign_areas) {
  ApiCity city;
  city.asset("tank-1", "500106", {106.45, 29.54});
  city.asset("tank-2", "500103", {106.55, 29.55});
  city.alarm("a-1", "500106");
  city.alarm("a-2", "500103");
  city.file("5001062022082200001", "500106");
  city.file("5001032022082200001", "500103");
  const std::string home = city.token(Role::admin, "500106"), whole = city.token(Role::admin, "50");
  for (const char* list : {"/api/v1/assets", "/api/v1/alarms", "/api/v1/cases", "/api/v1/state"}) {
    EXPECT_EQ(doc_of_body(city.get(list, home)).at("items").as_array().size(), 1u) << list;
    EXPECT_EQ(doc_of_body(city.get(list, whole)).at("items").as_array().size(), 2u) << list;
    EXPECT_EQ(code_of(city.get(std::string(list) + "?area=500103", home)), "auth.foreign_area") << list;
    EXPECT_EQ(doc_of_body(city.get(std::string(list) + "?area=5001", home)).at("items").as_array().size(), 1u) << list;
    EXPECT_EQ(doc_of_body(city.get(std::string(list) + "?area=500103", whole)).at("items").as_array().size(), 1u) << list;
  }
  EXPECT_EQ(doc_of_body(city.get("/api/v1/points", home)).at("rows").as_array().size(), 1u);
  EXPECT_EQ(code_of(city.get("/api/v1/sources", home)), "auth.foreign_area");
  EXPECT_EQ(code_of(city.get("/api/v1/audit", home)), "auth.foreign_area");
}

TEST(Routes, unknown_paths_and_methods) {
  ApiCity city;
  const std::string token = city.token(Role::admin);
  for (const char* path : {"/", "/api", "/api/v1", "/api/v1/nothing", "/api/v1/cases/1/2/3", "/api/v1/cases/", "/api/v2/cases", "/api/v1/cases:x",
                           "/api/v1/notices/:retry", "/api/v1/assets/../users", "/etc/passwd"})
    EXPECT_EQ(city.get(path, token).status, 404) << path;
  const HttpResponse wrong = city.call(ApiCity::request("PATCH", "/api/v1/users/li", token, "{}"));
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(header_of(wrong, "Allow"), "GET, PUT, DELETE");
  EXPECT_EQ(header_of(city.call(ApiCity::request("GET", "/api/v1/users/li:disable", token)), "Allow"), "POST");
  EXPECT_EQ(city.call(ApiCity::request("HEAD", "/api/v1/assets", token)).status, 200);
}

TEST(Routes, the_link_in_a_message_opens_its_notice_and_no_other) {
  ApiCity city;
  Notice notice;
  notice.id = "c1:1";
  notice.subject = "c1";
  notice.area = "500103";
  notice.target = "hook";
  notice.type = "city.case.new";
  notice.state = "sent";
  notice.data = R"({"no":"c1","title":"<script>alert(1)</script>"})";
  city.happen("notice.put", notice);
  notice.id = "c1:2";
  city.happen("notice.put", notice);
  city.happen("rev.config", RowPut{"receivers", "hook", "", {}, R"({"name":"hook","language":"en"})"});
  city.on_action = [](const ActionIn&, const Actor&, Context&) { return done(); };
  city.actions_.clear();
  const auto call = [&](const std::string& method, const std::string& path, const std::string& key) {
    HttpRequest request = ApiCity::request(method, path + (key.empty() ? "" : "?k=" + key), "");
    return city.call(std::move(request));
  };
  const std::string key = serve::sha256_hex("key of c1:1").substr(0, 24);
  const HttpResponse page = call("GET", "/n/c1:1", key);
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("New case: &lt;script&gt;"), std::string::npos) << page.body;
  EXPECT_EQ(page.body.find("<script"), std::string::npos);
  EXPECT_NE(page.body.find("I have read it"), std::string::npos);
  EXPECT_TRUE(city.actions_.empty()) << "opening says nothing";
  EXPECT_EQ(call("GET", "/n/c1:2", key).status, 404) << "the key of another notice";
  EXPECT_EQ(call("POST", "/n/c1:2", key).status, 404);
  EXPECT_EQ(call("POST", "/n/c1:1", "").status, 404);
  EXPECT_TRUE(city.actions_.empty());
  EXPECT_EQ(call("POST", "/n/c1:1", key).status, 200);
  ASSERT_EQ(city.actions_.size(), 1u);
  EXPECT_EQ(city.actions_[0].verb, "notice.receipt");
  EXPECT_EQ(city.actions_[0].subject, "c1:1");
  EXPECT_EQ(city.actions_[0].body, R"({"state":"read"})");
  EXPECT_EQ(city.actions_[0].principal, "system");
  int status = 404;
  for (int i = 0; status == 404 && i < static_cast<int>(limits::kCallsBurst) + 10; ++i) status = call("GET", "/n/c1:1", "guess" + std::to_string(i)).status;
  EXPECT_EQ(status, 429) << "whoever guesses keys is slowed down";
}

TEST(Routes, ids_with_colons_and_strange_signs_stay_ids) {
  ApiCity city;
  const std::string token = city.token(Role::admin);
  Notice notice;
  notice.id = "5001062022082200001:3";
  notice.state = "failed";
  city.happen("notice.put", notice);
  city.on_action = [](const ActionIn&, const Actor&, Context&) { return done(); };
  EXPECT_EQ(doc_of_body(city.post("/api/v1/notices/5001062022082200001:3:retry", token)).at("id").as_string(), notice.id);
  EXPECT_EQ(city.actions_.back().subject, notice.id);
  for (const char* id : {"..", "%", "a' OR '1'='1", "\"; drop table cases; --", "\r\nSet-Cookie: x"}) {
    EXPECT_EQ(city.get("/api/v1/cases/" + std::string(id), token).status, 404);
    EXPECT_EQ(city.get("/api/v1/assets/" + std::string(id), token).status, 404);
  }
}

TEST(Routes, openapi_names_every_route_and_only_known_schemas) {
  ApiCity city;
  const HttpResponse response = city.get("/api/v1/openapi.json", "");
  ASSERT_EQ(response.status, 200);
  const json::value doc = doc_of_body(response);
  EXPECT_EQ(doc.at("openapi").as_string(), "3.1.0");
  const json::object& schemas = doc.at("components").at("schemas").as_object();
  for (const RouteFace& route : route_table()) {
    std::string method;
    for (const char c : route.method) method += static_cast<char>(c - 'A' + 'a');
    EXPECT_TRUE(doc.at("paths").at(route.pattern).as_object().contains(method)) << route.pattern;
    for (std::string name : {route.request, route.response}) {
      if (name.starts_with("[]")) name = name.substr(2);
      if (!name.empty() && name != "*") {
        EXPECT_TRUE(schemas.contains(name)) << route.pattern << " " << name;
      }
    }
  }
  for (std::size_t at = response.body.find("#/components/schemas/"); at != std::string::npos; at = response.body.find("#/components/schemas/", at + 1)) {
    const std::string name = response.body.substr(at + 21, response.body.find('"', at) - at - 21);
    EXPECT_TRUE(schemas.contains(name)) << name;
  }
}

TEST(Routes, the_document_is_the_table) {
  const std::string file = std::string(CITYLOOP_SOURCE_DIR) + "/docs/api.md";
  const std::string begin = "<!-- routes: generated by serve_test, CITYLOOP_WRITE_DOCS=1 writes it -->\n", end = "<!-- end of routes -->\n";
  std::ifstream in(file);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  const std::size_t from = text.find(begin), to = text.find(end);
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  if (std::getenv("CITYLOOP_WRITE_DOCS") != nullptr) {
    text.replace(from + begin.size(), to - from - begin.size(), route_table_markdown());
    std::ofstream(file) << text;
    return;
  }
  EXPECT_EQ(text.substr(from + begin.size(), to - from - begin.size()), route_table_markdown());
}

}  // namespace
}  // namespace cityloop
