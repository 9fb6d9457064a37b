// SPDX-License-Identifier: Apache-2.0
// What the calls answer: lists, filters, CSV, changes, history, personal data, pictures.
#include "serve/api_city_test.h"
#include "serve/list.h"
#include "serve/multipart.h"
#include "serve/persons.h"

namespace cityloop {
namespace {

struct ApiTest : testing::Test {
  ApiTest() : admin(city.token(Role::admin)) {}
  HttpResponse act(const std::string& no, const std::string& body, const std::string& if_match, const std::string& key = "") {
    HttpRequest request = ApiCity::request("POST", "/api/v1/cases/" + no + "/actions", admin, body);
    if (!if_match.empty()) request.headers["if-match"] = if_match;
    if (!key.empty()) request.headers["idempotency-key"] = key;
    return city.call(std::move(request));
  }
  ApiCity city;
  std::string admin;
};

TEST_F(ApiTest, lists_page_count_and_order) {
  for (int i = 0; i < 5; ++i) {
    city.now_ += std::chrono::seconds(1);
    city.alarm("a-" + std::to_string(i), "500106", i % 2 == 0 ? Level::red : Level::blue);
  }
  const auto first = doc_of_body(city.get("/api/v1/alarms?limit=2&count=true", admin));
  EXPECT_EQ(first.at("total").to_number<int>(), 5);
  EXPECT_EQ(first.at("items").at(0).at("id").as_string(), "a-4");
  const auto second = doc_of_body(city.get("/api/v1/alarms?limit=2&cursor=" + std::string(first.at("next").as_string()), admin));
  EXPECT_EQ(second.at("items").at(0).at("id").as_string(), "a-2");
  EXPECT_EQ(doc_of_body(city.get("/api/v1/alarms?level=red,blue&state=firing&limit=1000", admin)).at("items").as_array().size(), 5u);
  EXPECT_EQ(doc_of_body(city.get("/api/v1/alarms?level=red", admin)).at("items").as_array().size(), 3u);
  EXPECT_TRUE(doc_of_body(city.get("/api/v1/alarms?level=red", admin)).at("next").is_null());
  EXPECT_EQ(doc_of_body(city.get("/api/v1/alarms?order=level&limit=1", admin)).at("items").at(0).at("level").as_string(), "red");
}

TEST_F(ApiTest, misspelt_and_bad_parameters_are_named) {
  const HttpResponse typo = city.get("/api/v1/alarms?stat=firing", admin);
  EXPECT_EQ(typo.status, 400);
  EXPECT_EQ(code_of(typo), "query.unknown");
  EXPECT_NE(typo.body.find("did you mean `state`"), std::string::npos) << typo.body;
  for (const char* bad : {"limit=0", "limit=1001", "limit=x", "count=maybe", "unseen=2", "order=name", "format=xml", "state=a&state=b", "from=yesterday"})
    EXPECT_EQ(code_of(city.get("/api/v1/alarms?" + std::string(bad), admin)), "query.invalid") << bad;
  EXPECT_EQ(city.get("/api/v1/alarms?cursor=nonsense", admin).status, 422);
  EXPECT_EQ(code_of(city.get("/api/v1/assets?bbox=1,2,3", admin)), "query.invalid");
  EXPECT_EQ(code_of(city.get("/api/v1/assets?near=1;2", admin)), "query.invalid");
}

TEST_F(ApiTest, filters_are_values_never_words_of_a_query) {
  city.file("5001062022082200001", "500106");
  for (const char* evil : {"' OR '1'='1", "x'; DROP TABLE cases;--", "%", "_", "\\", "*"}) {
    EXPECT_EQ(doc_of_body(city.get("/api/v1/cases?unit=" + std::string(evil), admin)).at("items").as_array().size(), 0u) << evil;
    EXPECT_EQ(doc_of_body(city.get("/api/v1/cases?q=" + std::string(evil), admin)).at("items").as_array().size(), 0u) << evil;
  }
  EXPECT_EQ(doc_of_body(city.get("/api/v1/cases?q=化粪", admin)).at("items").as_array().size(), 1u);
}

TEST_F(ApiTest, csv_opens_in_a_spreadsheet_and_runs_nothing) {
  Asset asset = city.asset("tank-1", "500106", {106.45, -29.54});
  asset.name = "=HYPERLINK(\"http://evil\",\"x\")";
  city.happen("asset.put", asset);
  const HttpResponse csv = city.get("/api/v1/assets?format=csv", admin);
  EXPECT_EQ(header_of(csv, "Content-Type"), "text/csv; charset=utf-8");
  EXPECT_TRUE(csv.body.starts_with("\xEF\xBB\xBFid,kind,name,"));
  EXPECT_NE(csv.body.find("\"'=HYPERLINK(\"\"http://evil\"\""), std::string::npos) << csv.body;
  EXPECT_NE(csv.body.find(",-29.54,"), std::string::npos) << csv.body;  // a number stays a number
  HttpRequest accepting = ApiCity::request("GET", "/api/v1/alarms", admin);
  accepting.headers["accept"] = "text/csv";
  EXPECT_EQ(header_of(city.call(accepting), "Content-Type"), "text/csv; charset=utf-8");
  for (const char* risky : {"=1", "+1", "-1", "@x", "\tx", "\rx", " =1"}) EXPECT_NE(serve::csv_cell(risky).find('\''), std::string::npos) << risky;
  EXPECT_EQ(serve::csv_cell("a,b\"c"), "\"a,b\"\"c\"");
}

TEST_F(ApiTest, a_case_is_changed_only_by_who_saw_it) {
  city.file("5001062022082200001", "500106");
  EXPECT_EQ(act("5001062022082200001", R"({"action":"dispatch","unit":"u"})", "").status, 428);
  EXPECT_EQ(act("5001062022082200001", R"({"action":"dispatch","unit":"u"})", "*").status, 428);
  for (const char* bad : {"7", "W/\"7\"", "\"x\"", "\"7\", \"8\"", "\"\"", "\"0\"", "\"-1\""})
    EXPECT_EQ(code_of(act("5001062022082200001", R"({"action":"dispatch"})", bad)), "precondition.malformed") << bad;
  EXPECT_EQ(code_of(act("5001062022082200001", R"({"action":"open"})", "\"7\"")), "action.unknown");
  EXPECT_EQ(code_of(act("5001062022082200001", R"({"action":"remind"})", "\"7\"")), "action.unknown");
  EXPECT_EQ(code_of(act("5001062022082200001", R"({})", "\"7\"")), "field.missing");
  EXPECT_EQ(act("5001999999999999999", R"({"action":"dispatch"})", "\"7\"").status, 404);
  city.on_action = [&](const ActionIn& in, const Actor&, Context& context) -> Answer {
    if (in.if_match != 7) return refuse(errors::kStale, "the case is at rev 8");
    Case file = *case_of_doc((*city.journal_.find("cases", in.subject))->doc);
    file.stage = Stage::pending_handle;
    file.rev = 8;
    context.emit("case.stage", "token:x", file);
    return done("{}", 8);
  };
  EXPECT_EQ(act("5001062022082200001", R"({"action":"dispatch"})", "\"6\"").status, 412);
  const HttpResponse changed = act("5001062022082200001", R"({"action":"dispatch","unit":"u"})", "\"7\"", "k");
  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(header_of(changed, "ETag"), "\"8\"");
  EXPECT_EQ(doc_of_body(changed).at("stage").as_string(), "pending_handle");
  EXPECT_TRUE(doc_of_body(changed).at("actions").is_array());
  EXPECT_EQ(city.actions_.back().verb, "case.dispatch");
  EXPECT_EQ(city.actions_.back().body, R"({"unit":"u"})");
  EXPECT_EQ(city.actions_.back().idempotency_key, "k");
  // The same again answers the same; the same key for something else is refused.
  EXPECT_EQ(act("5001062022082200001", R"({"action":"dispatch","unit":"u"})", "\"7\"", "k").status, 200);
  EXPECT_EQ(code_of(act("5001062022082200001", R"({"action":"dispatch","unit":"v"})", "\"7\"", "k")), "idempotency.reused");
  EXPECT_EQ(act("5001062022082200001", R"({"action":"dispatch"})", "\"7\"", std::string("a\nb")).status, 400);
}

TEST_F(ApiTest, a_whole_case_answers_every_question) {
  city.asset("tank-1", "500106", {106.45, 29.54});
  city.alarm("a-1", "500106");
  Case file = city.file("5001062022082200001", "500106");
  file.alarms = {"a-1"};
  file.asset = "tank-1";
  file.unit = "u-1";
  city.happen("unit.put", Unit{"u-1", "环卫所", "500106", {}, "", true});
  city.happen("rev.config", RowPut{"areas", "500106", "500106", {{"name", "沙坪坝"}}, R"({"code":"500106","name":"沙坪坝","parent":"50"})"});
  city.happen({Event{0, city.now_, "case.field", "", file},
               Event{0, city.now_, "case.entry", "", TimelineAdded{file.no, file.area, {1, city.now_, "user:boss", "王", "comment", file.stage, file.stage, "hi", {}, {}}}}});
  const auto doc = doc_of_body(city.get("/api/v1/cases/5001062022082200001", admin));
  EXPECT_EQ(doc.at("asset_name").as_string(), "池 tank-1");
  EXPECT_EQ(doc.at("unit_name").as_string(), "环卫所");
  EXPECT_EQ(doc.at("area_name").as_string(), "沙坪坝");
  EXPECT_EQ(doc.at("timeline").at(0).at("comment").as_string(), "hi");
  EXPECT_EQ(doc.at("alarm_docs").at(0).at("id").as_string(), "a-1");
  const auto& actions = doc.at("actions").as_array();
  const auto dispatch = std::find_if(actions.begin(), actions.end(), [](const json::value& a) { return a.at("name").as_string() == "dispatch"; });
  ASSERT_NE(dispatch, actions.end());
  EXPECT_TRUE(dispatch->at("enabled").as_bool());
  EXPECT_TRUE(dispatch->at("fields").at(0).is_string());
  EXPECT_EQ(doc_of_body(city.get("/api/v1/cases?open=true&asset=tank-1", admin)).at("items").at(0).at("unit_name").as_string(), "环卫所");
}

TEST_F(ApiTest, alarms_offer_actions_by_role_and_tell_why) {
  city.alarm("a-1", "500106");
  EXPECT_EQ(doc_of_body(city.get("/api/v1/alarms/a-1", admin)).at("actions").at(0).at("name").as_string(), "acknowledge");
  EXPECT_EQ(doc_of_body(city.get("/api/v1/alarms/a-1", city.token(Role::leader))).at("actions").as_array().size(), 0u);
  EXPECT_EQ(doc_of_body(city.get("/api/v1/alarms/a-1/why", admin)).at("rule").as_string(), "gas/ch4_high");
  city.on_action = [](const ActionIn&, const Actor&, Context&) { return done(); };
  EXPECT_EQ(city.post("/api/v1/alarms/a-1/actions", admin, R"({"action":"shelve","until":"2022-08-23T00:00:00Z","reason":"x"})").status, 200);
  EXPECT_EQ(city.actions_.back().verb, "alarm.shelve");
  EXPECT_EQ(code_of(city.post("/api/v1/alarms/a-1/actions", admin, R"({"action":"test"})")), "action.unknown");
  EXPECT_EQ(code_of(city.post("/api/v1/alarms/a-1/actions", admin, "[1]")), "json.wrong_type");
  EXPECT_EQ(code_of(city.post("/api/v1/alarms/a-1/actions", admin, "{")), "json.malformed");
}

TEST_F(ApiTest, who_reported_is_sealed_masked_and_revealed_with_a_reason) {
  city.on_action = [](const ActionIn& in, const Actor&, Context& context) {
    if (in.verb != "report.submit") return done();
    Report report;
    report.id = "r-1";
    report.area = "500106";
    report.state = "waiting";
    report.reporter = text_or(parse_json(in.body)->as_object(), "reporter");
    context.emit("report.new", "", report);
    return done(R"({"id":"r-1"})", 0, 201);
  };
  const HttpResponse made = city.post("/api/v1/reports", admin, R"({"title":"臭","reporter":{"name":"张三丰","phone":"13812341234"}})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(doc_of_body(made).at("reporter").at("phone").as_string(), "138****1234");
  EXPECT_EQ(doc_of_body(made).at("reporter").at("name").as_string(), "张*");
  for (const ActionIn& action : city.actions_) {
    EXPECT_EQ(action.body.find("13812341234"), std::string::npos) << action.verb;
    EXPECT_EQ(action.body.find("张三丰"), std::string::npos) << action.verb;
  }
  const std::string handler = city.token(Role::handler, "500106", "u");
  EXPECT_TRUE(doc_of_body(city.get("/api/v1/reports/r-1", handler)).at("reporter").is_null());
  EXPECT_EQ(code_of(city.post("/api/v1/reports/r-1/reveal", handler, R"({"reason":"x y"})")), "auth.forbidden");
  EXPECT_EQ(code_of(city.post("/api/v1/reports/r-1/reveal", admin, "{}")), "field.missing");
  const HttpResponse full = city.post("/api/v1/reports/r-1/reveal", admin, R"({"reason":"回访"})");
  EXPECT_EQ(doc_of_body(full).at("phone").as_string(), "13812341234");
  EXPECT_EQ(city.actions_.back().verb, "person.reveal");
  EXPECT_EQ(city.actions_.back().subject, "r-1");
  EXPECT_EQ(city.call(ApiCity::request("DELETE", "/api/v1/reports/r-1/reporter", admin)).status, 204);
  EXPECT_TRUE(doc_of_body(city.get("/api/v1/reports/r-1", admin)).at("reporter").is_null());
  EXPECT_EQ(city.get("/api/v1/reports/r-1", admin).body.find("p-"), std::string::npos);
  EXPECT_EQ(serve::mask_phone("123"), "****");
  EXPECT_EQ(serve::mask_name(""), "");
}

TEST_F(ApiTest, history_raw_stepped_and_bounded) {
  const Asset asset = city.asset("tank-1", "500106", {106.45, 29.54});
  std::vector<PointSample> samples;
  const Time start = city.now_ - std::chrono::hours(1);
  for (int i = 0; i < 60; ++i) samples.push_back({point_id(asset.slot, 0), {start + std::chrono::minutes(i), Decimal{i, 0}, Quality::good}});
  ASSERT_TRUE(city.history_.append(1, samples, {}));
  const auto raw = doc_of_body(city.get("/api/v1/assets/tank-1/history?point=ch4&limit=50", admin));
  EXPECT_EQ(raw.at("items").as_array().size(), 50u);
  EXPECT_EQ(raw.at("items").at(1).at("value").to_number<int>(), 1);
  const auto rest = doc_of_body(city.get("/api/v1/assets/tank-1/history?point=ch4&cursor=" + std::string(raw.at("next").as_string()), admin));
  EXPECT_EQ(rest.at("items").as_array().size(), 10u);
  EXPECT_TRUE(rest.at("next").is_null());
  const std::string from = "&from=" + std::to_string(to_ms(start)) + "&to=" + std::to_string(to_ms(city.now_));
  const auto stepped = doc_of_body(city.get("/api/v1/assets/tank-1/history?point=ch4&step=30m" + from, admin));
  ASSERT_EQ(stepped.at("items").as_array().size(), 2u);
  EXPECT_EQ(stepped.at("items").at(0).at("max").to_number<int>(), 29);
  EXPECT_EQ(stepped.at("items").at(1).at("count").to_number<int>(), 30);
  const auto only = doc_of_body(city.get("/api/v1/assets/tank-1/history?point=ch4&step=30m&agg=max" + from, admin));
  EXPECT_FALSE(only.at("items").at(0).as_object().contains("min"));
  EXPECT_EQ(city.get("/api/v1/assets/tank-1/history?point=ch4&step=1s&from=0", admin).status, 413);
  EXPECT_EQ(code_of(city.get("/api/v1/assets/tank-1/history?point=co2", admin)), "reading.unknown_point");
  EXPECT_EQ(code_of(city.get("/api/v1/assets/tank-1/history", admin)), "query.invalid");
  EXPECT_EQ(code_of(city.get("/api/v1/assets/tank-1/history?point=ch4&step=0s", admin)), "query.invalid");
  EXPECT_TRUE(city.get("/api/v1/assets/tank-1/history?point=ch4&format=csv", admin).body.starts_with("\xEF\xBB\xBF" "at,value,quality\r\n"));
  const auto all = doc_of_body(city.get("/api/v1/aggregates?metric=tank.ch4&by=area" + from, admin));
  EXPECT_EQ(all.at("items").at(0).at("group").as_string(), "500106");
  EXPECT_EQ(all.at("items").at(0).at("count").to_number<int>(), 60);
  EXPECT_EQ(code_of(city.get("/api/v1/aggregates?metric=ch4", admin)), "query.invalid");
  EXPECT_EQ(code_of(city.get("/api/v1/aggregates?metric=dog.ch4", admin)), "asset.unknown_kind");
}

TEST_F(ApiTest, assets_card_state_points_and_neighbours) {
  const Asset one = city.asset("tank-1", "500106", {106.4500, 29.5400});
  city.asset("tank-2", "500106", {106.4510, 29.5400});
  city.asset("tank-3", "500106", {106.6000, 29.5400});
  city.hear(one.slot, 31.5, Level::yellow);
  city.now_ += std::chrono::minutes(10);
  const auto card = doc_of_body(city.get("/api/v1/assets/tank-1", admin));
  EXPECT_EQ(card.at("kind_title_en").as_string(), "Tank");
  EXPECT_EQ(card.at("points").at(0).at("interval_s").to_number<int>(), 60);
  EXPECT_EQ(card.at("state").at("values").at("ch4").at("value").to_number<double>(), 31.5);
  EXPECT_TRUE(card.at("state").at("values").at("ch4").at("stale").as_bool());
  EXPECT_EQ(card.at("state").at("values").at("ch4").at("age_s").to_number<int>(), 600);
  EXPECT_TRUE(card.at("open_case").is_null());
  const auto near = doc_of_body(city.get("/api/v1/assets/tank-1/nearby?radius_m=500", admin));
  ASSERT_EQ(near.at("items").as_array().size(), 1u);
  EXPECT_EQ(near.at("items").at(0).at("asset").at("id").as_string(), "tank-2");
  EXPECT_NEAR(near.at("items").at(0).at("distance_m").to_number<double>(), 96.7, 1);
  EXPECT_EQ(doc_of_body(city.get("/api/v1/assets?near=106.45,29.54&radius_m=50", admin)).at("items").as_array().size(), 1u);
  EXPECT_EQ(doc_of_body(city.get("/api/v1/assets?bbox=106.4,29.5,106.5,29.6", admin)).at("items").as_array().size(), 2u);
  const auto points = doc_of_body(city.get("/api/v1/points", admin));
  EXPECT_EQ(points.at("kinds").at(0).as_string(), "tank");
  EXPECT_EQ(points.at("rows").at(0).at(4).to_number<int>(), 2);
  const auto page = doc_of_body(city.get("/api/v1/state?limit=2", admin));
  EXPECT_EQ(page.at("items").as_array().size(), 2u);
  const auto rest = doc_of_body(city.get("/api/v1/state?limit=2&cursor=" + std::string(page.at("next").as_string()), admin));
  ASSERT_EQ(rest.at("items").as_array().size(), 1u);
  EXPECT_EQ(rest.at("items").at(0).at("asset").as_string(), "tank-3");
  // The book follows the register.
  city.happen("asset.remove", Removed{"assets", "tank-3"});
  EXPECT_EQ(doc_of_body(city.get("/api/v1/points", admin)).at("rows").as_array().size(), 2u);
}

TEST_F(ApiTest, pictures_are_kept_and_served_without_a_chance_to_run) {
  const std::string jpeg = "\xFF\xD8\xFF picture";
  HttpRequest raw = ApiCity::request("POST", "/api/v1/attachments", admin, jpeg);
  raw.headers["content-type"] = "image/jpeg";
  city.on_action = [](const ActionIn& in, const Actor& actor, Context& context) {
    context.emit("attachment.put", actor.id, Attachment{in.subject, "image/jpeg", 3, actor.id, "", context.now, LngLat{1, 2}, {}, ""});
    return done("{}", 0, 201);
  };
  const auto kept = doc_of_body(city.call(raw));
  const std::string url = std::string(kept.at("url").as_string());
  HttpRequest multipart = ApiCity::request("POST", "/api/v1/attachments", admin,
                                           "--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg + "\r\n--XX--\r\n");
  multipart.headers["content-type"] = "multipart/form-data; boundary=XX";
  EXPECT_EQ(doc_of_body(city.call(multipart)).at("id"), kept.at("id"));
  const HttpResponse shown = city.get(url, admin);
  EXPECT_EQ(shown.body, jpeg);
  EXPECT_EQ(header_of(shown, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(header_of(shown, "Content-Security-Policy"), "default-src 'none'; sandbox");
  EXPECT_EQ(code_of(city.get(url, city.token(Role::admin, "500106"))), "auth.foreign_area");  // not linked to a case yet
  EXPECT_TRUE(doc_of_body(city.get(url + "?meta=true", admin)).as_object().contains("taken_place"));
  EXPECT_FALSE(doc_of_body(city.get(url + "?meta=true", city.token(Role::collector))).as_object().contains("taken_place"));
  EXPECT_EQ(city.post("/api/v1/attachments", admin, "<svg onload=x>").status, 415);
}

TEST(Multipart, broken_bodies_are_refused) {
  const char* type = "multipart/form-data; boundary=\"XX\"";
  const std::string head = "Content-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\n";
  EXPECT_TRUE(serve::single_file(type, "--XX\r\n" + head + "abc\r\n--XX--"));
  EXPECT_EQ(serve::single_file(type, "--XX\r\n" + head + "\r\n--XX--")->bytes, "");
  for (const std::string& broken : {std::string(), std::string("--XX"), std::string("--XX--"), "--XX\r\n" + head, "--XX\r\n" + head + "abc\r\n--XX",
                                    "--XX\r\n" + head + "a\r\n--XX\r\n" + head + "b\r\n--XX--", std::string("--XX\r\n\r\n--XX--")})
    EXPECT_FALSE(serve::single_file(type, broken)) << broken;
  EXPECT_FALSE(serve::single_file("multipart/form-data", "--XX--"));
  EXPECT_FALSE(serve::single_file("multipart/form-data; boundary=" + std::string(100, 'x'), "--"));
}

TEST_F(ApiTest, bodies_have_a_type_and_a_size) {
  HttpRequest form = ApiCity::request("POST", "/api/v1/reports", admin, "a=b");
  form.headers["content-type"] = "application/x-www-form-urlencoded";
  EXPECT_EQ(city.call(form).status, 415);
  form.headers["content-type"] = "application/json; charset=utf-8";
  EXPECT_EQ(code_of(city.call(form)), "json.malformed");
  form.body = std::string(limits::kBodyBytes + 1, ' ');
  EXPECT_EQ(city.call(form).status, 413);
  form.body = std::string(100, '[') + std::string(100, ']');
  EXPECT_EQ(code_of(city.call(form)), "json.too_deep");
}

TEST_F(ApiTest, headers_cannot_be_split) {
  HttpRequest request = ApiCity::request("GET", "/api/v1/assets/x", admin);
  request.headers["x-request-id"] = "a\r\nSet-Cookie: evil=1";
  for (const auto& [name, value] : city.call(request).headers) {
    EXPECT_EQ(value.find('\n'), std::string::npos) << name;
    EXPECT_EQ(value.find('\r'), std::string::npos) << name;
  }
}

TEST_F(ApiTest, indicators_areas_packs_scores_sources) {
  city.alarm("a-1", "500106", Level::red);
  city.file("5001062022082200001", "500106");
  city.happen("score.put", RowPut{"scores", "area:50:2022-08-01:1", "50", {{"object", "area"}, {"id", "50"}, {"day", "2022-08-01"}, {"parent", ""}},
                                  R"({"id":"50","correction":false,"counts":{"due":4,"on_time":3}})"});
  const auto items = doc_of_body(city.get("/api/v1/indicators", admin)).at("items").as_array();
  EXPECT_EQ(items.size(), 14u);
  const auto value = [&](const char* name) {
    for (const auto& item : items)
      if (item.at("name").as_string() == name) return item.at("value").to_number<double>();
    return -1.0;
  };
  EXPECT_EQ(value("alarms_red"), 1);
  EXPECT_EQ(value("cases_open"), 1);
  EXPECT_EQ(value("cases_today"), 1);
  EXPECT_EQ(value("on_time_rate"), 0.75);
  city.happen("rev.config", RowPut{"areas", "500106", "500106", {{"name", "沙坪坝"}, {"parent", "50"}},
      R"({"code":"500106","name":"沙坪坝","name_en":"Shapingba","parent":"50","geometry":{"type":"Polygon","coordinates":[[[106,29],[107,29],[107,30],[106,29]]]}})"});
  EXPECT_EQ(doc_of_body(city.get("/api/v1/areas?parent=50", admin)).at("items").at(0).at("name_en").as_string(), "Shapingba");
  const auto shapes = doc_of_body(city.get("/api/v1/areas?format=geojson", admin));
  EXPECT_EQ(shapes.at("bbox").at(2).to_number<double>(), 107);
  EXPECT_EQ(shapes.at("features").at(0).at("properties").at("code").as_string(), "500106");
  EXPECT_EQ(doc_of_body(city.get("/api/v1/packs", admin)).at("items").at(0).at("rules").at(0).at("levels").at(0).at("expr").as_string(), "ch4 >= 25");
  EXPECT_EQ(city.get("/api/v1/packs/gas?format=source", admin).body, kTestPack);
  city.happen("source.health", RowPut{"sources", "scada", "", {{"state", "ok"}}, R"({"name":"scada","state":"ok","accepted":5,"spec":{"password":"hunter2","nested":[{"api_key":"k"}]}})"});
  const HttpResponse source = city.get("/api/v1/sources/scada", admin);
  EXPECT_EQ(source.body.find("hunter2"), std::string::npos);
  EXPECT_EQ(doc_of_body(source).at("spec").at("nested").at(0).at("api_key").as_string(), "***");
  EXPECT_EQ(doc_of_body(source).at("health").at("accepted").to_number<int>(), 5);
}

TEST_F(ApiTest, people_orders_and_mine) {
  city.user("li", {Role::handler}, "500106", "u-1");
  Order order{"5001062022082200001-01", "handle", "5001062022082200001", "u-1", "user:li", "500106", "sent", city.now_, {}, {}, {}, {}, {}};
  city.file("5001062022082200001", "500106");
  city.happen("order.put", order);
  const auto people = doc_of_body(city.get("/api/v1/people?role=handler", admin));
  ASSERT_EQ(people.at("items").as_array().size(), 1u);
  EXPECT_EQ(people.at("items").at(0).at("id").as_string(), "user:li");
  EXPECT_FALSE(people.at("items").at(0).as_object().contains("must_change"));
  const auto orders = doc_of_body(city.get("/api/v1/orders", admin));
  EXPECT_EQ(orders.at("items").at(0).at("case_rev").to_number<int>(), 7);
  EXPECT_EQ(doc_of_body(city.get("/api/v1/orders?mine=true", admin)).at("items").as_array().size(), 0u);
  EXPECT_EQ(doc_of_body(city.get("/api/v1/orders?mine=true", city.token(Role::unit_desk, "500106", "u-1"))).at("items").as_array().size(), 1u);
}

}  // namespace
}  // namespace cityloop
