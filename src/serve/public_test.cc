// SPDX-License-Identifier: Apache-2.0
// The calls of people without an account: what they are told, what they are never told, how often they may ask.
#include "core/citizen.h"
#include "serve/api_city_test.h"
#include "serve/public_calls.h"

namespace cityloop {
namespace {

constexpr const char* kPack = R"({
  "version": "1.0", "title": {"zh": "市民", "en": "Citizens"},
  "kinds": [{"name": "wc", "title": {"zh": "公厕", "en": "Toilet"},
             "attributes": [{"name": "hours", "title": {"zh": "开放时间", "en": "Hours"}, "type": "text"},
                            {"name": "cost", "title": {"zh": "造价", "en": "Cost"}}]}],
  "citizen": {"report": [{"class": "GB2013/event/0113", "zh": "路面破损", "en": "Broken road"},
                         {"class": "GB2013/event/9999", "zh": "没有", "en": "Not in the table"}],
              "find": [{"name": "toilet", "kind": "wc", "zh": "找公厕", "en": "Toilets", "show": ["hours"]}]}
})";
constexpr const char* kKey = "3f1c2a9e-0f51-4d2c-9a44-0e5f6a7b8c9d";

struct PublicCity : testing::Test {
  PublicCity() {
    auto pack = parse_pack("people", kPack);
    EXPECT_TRUE(pack) << (pack ? "" : pack.error().detail);
    std::vector<Pack> all;
    all.push_back(std::move(*pack));
    city.packs_ = std::make_shared<const Packs>(std::move(*Packs::create(std::move(all))));
    city.happen("rev.config", RowPut{"classes", "GB2013/event/0113", "", {},
                                     R"({"key":"GB2013/event/0113","radius_m":30,"conditions":[{"id":"1","limit":"4WH"}]})"});
    city.on_action = [this](const ActionIn& in, const Actor& actor, Context& context) { return act(in, actor, context); };
  }

  // As command does it, as far as these calls need it.
  Answer act(const ActionIn& in, const Actor&, Context& context) {
    const json::value body = *parse_json(in.body);
    if (in.verb == "citizen.report") {
      Report report;
      report.id = "r-1";
      report.state = "waiting";
      report.case_no = "5001062022082200001";
      report.title = text_or(body.as_object(), "title");
      report.text = text_or(body.as_object(), "text");
      report.klass = {"GB2013", "event", "0113"};
      report.reporter = body.as_object().contains("person") ? text_or(body.at("person").as_object(), "key") : "";
      report.received = report.at = context.now;
      context.emit("report.new", "public", report);
      context.emit("follow.put", "public", RowPut{"follows", "r-1", "", {}, R"({"report":"r-1","digest":")" + text_or(body.as_object(), "follow") + R"(","expected_at":null})"});
      if (!report.reporter.empty())
        context.emit("person.put", "public", RowPut{"persons", report.reporter, "", {}, R"({"name":"","phone":")" + text_or(body.at("person").as_object(), "phone") + R"("})"});
      return done(R"({"id":"r-1"})", 0, 201);
    }
    return done("{}");
  }

  HttpResponse call(const std::string& method, const std::string& target, const std::string& body = "", const std::string& key = "", const std::string& peer = "10.0.0.1") {
    HttpRequest request = ApiCity::request(method, "/api/v1/public" + target, "", body);
    if (method == "POST") request.headers["idempotency-key"] = kKey;
    if (!key.empty()) request.headers["follow-key"] = key;
    request.peer = peer;
    return city.call(std::move(request));
  }
  std::string filed(const std::string& more = "") {
    const HttpResponse answer = call("POST", "/reports", R"({"class":"GB2013/event/0113","location":{"type":"Point","coordinates":[106.45,29.55]})" + more + "}");
    EXPECT_EQ(answer.status, 201) << answer.body;
    return std::string(doc_of_body(answer).at("key").as_string());
  }
  Case the_case(Stage stage) {
    Case file = city.file("5001062022082200001", "500106");
    file.stage = stage;
    file.klass = {"GB2013", "event", "0113"};
    file.place = LngLat{106.4501, 29.55};
    file.title = "张三家门口";
    file.address = "张三家";
    file.unit = "u-1";
    file.reports = {"r-1"};
    if (stage == Stage::closed) file.closed_at = city.now_;
    city.happen("case.stage", file);
    return file;
  }
  void entry(std::uint64_t seq, const std::string& action, Stage from, Stage to, const std::string& comment = "", std::map<std::string, std::string> fields = {}, std::vector<std::string> pictures = {}) {
    city.happen("case.entry", TimelineAdded{"5001062022082200001", "500106", {seq, city.now_, "user:li", "李四", action, from, to, comment, std::move(fields), std::move(pictures)}});
  }
  ApiCity city;
};

TEST_F(PublicCity, what_can_be_reported_and_found_is_what_the_packs_and_the_table_have) {
  const auto offer = doc_of_body(call("GET", ""));
  ASSERT_EQ(offer.at("classes").as_array().size(), 1u) << "a class that the city's table does not have is not offered";
  EXPECT_EQ(offer.at("classes").at(0).at("key").as_string(), "GB2013/event/0113");
  EXPECT_EQ(offer.at("places").at(0).at("name").as_string(), "toilet");
}

TEST_F(PublicCity, a_report_answers_with_a_key_whose_digest_alone_is_kept) {
  const std::string key = filed();
  EXPECT_EQ(key.size(), 32u);
  EXPECT_EQ(key, serve::follow_key(kKey));
  const std::string kept = (*city.journal_.find("follows", "r-1"))->doc;
  EXPECT_EQ(kept.find(key), std::string::npos);
  EXPECT_EQ(kept.find(kKey), std::string::npos);
  EXPECT_NE(kept.find(serve::sha256_hex(key)), std::string::npos);
  const ActionIn& in = city.actions_.back();
  EXPECT_EQ(in.principal, "public");
  EXPECT_EQ(in.body.find(kKey), std::string::npos) << "what goes into the log opens nothing";
  EXPECT_EQ(in.body.find(key), std::string::npos);
  EXPECT_EQ(in.idempotency_key, "");
}

TEST_F(PublicCity, a_report_without_a_key_of_its_own_is_refused) {
  HttpRequest request = ApiCity::request("POST", "/api/v1/public/reports", "", R"({"text":"t"})");
  EXPECT_EQ(code_of(city.call(request)), "field.missing");
  request.headers["idempotency-key"] = "1";
  EXPECT_EQ(code_of(city.call(request)), "field.missing") << "two people would share it";
}

TEST_F(PublicCity, what_is_wrong_with_a_report_is_said) {
  const auto code = [&](const std::string& body) { return code_of(call("POST", "/reports", body)); };
  EXPECT_EQ(code(R"({"title":"t"})"), "field.unknown");
  EXPECT_EQ(code(R"({"class":"GB2013/event/0101"})"), "field.invalid") << "not one that is offered";
  EXPECT_EQ(code("{}"), "field.missing");
  EXPECT_EQ(code(R"({"text":"t","phone":"call me"})"), "field.invalid");
  EXPECT_EQ(code(R"({"text":"t","phone":"138"})"), "field.invalid");
  EXPECT_EQ(code(R"({"text":")" + std::string(limits::kCitizenBodyBytes, 'x') + R"("})"), "request.too_large");
  EXPECT_EQ(code("not json"), "json.malformed");
}

TEST_F(PublicCity, the_telephone_number_is_sealed_masked_and_deleted) {
  const std::string key = filed(R"(,"phone":"13812345678")");
  EXPECT_EQ(city.actions_.back().body.find("13812345678"), std::string::npos);
  EXPECT_EQ(doc_of_body(call("GET", "/follows/r-1/person", "", key)).at("phone").as_string(), "138****5678");
  EXPECT_EQ(call("GET", "/follows/r-1", "", key).body.find("5678"), std::string::npos);
  // Who mends it is told nothing, the desk a mask.
  EXPECT_EQ(city.get("/api/v1/reports/r-1", city.token(Role::handler)).body.find("5678"), std::string::npos);
  EXPECT_NE(city.get("/api/v1/reports/r-1", city.token(Role::acceptor)).body.find("138****5678"), std::string::npos);
  EXPECT_EQ(call("DELETE", "/follows/r-1/person", "", "wrong").status, 404);
  EXPECT_EQ(call("DELETE", "/follows/r-1/person", "", key).status, 204);
  EXPECT_TRUE(doc_of_body(call("GET", "/follows/r-1/person", "", key)).at("phone").is_null());
  EXPECT_FALSE(*city.journal_.find("persons", "p-" + serve::sha256_hex("citizen\n" + std::string(kKey)).substr(0, 24)));
  EXPECT_EQ(call("GET", "/follows/r-1", "", key).status, 200) << "the report stays";
  EXPECT_EQ(call("DELETE", "/follows/r-1/person", "", key).status, 204) << "again is the same";
}

TEST_F(PublicCity, nobody_follows_without_the_key) {
  const std::string key = filed();
  the_case(Stage::handling);
  for (const std::string& wrong : {std::string(), key + "0", key.substr(1), serve::sha256_hex(key), std::string(64, '-')}) {
    EXPECT_EQ(call("GET", "/follows/r-1", "", wrong).status, 404) << wrong;
    EXPECT_EQ(call("GET", "/follows/r-1/person", "", wrong).status, 404);
    EXPECT_EQ(call("POST", "/follows/r-1:unsolved", R"({"reason":"r"})", wrong).status, 404);
  }
  EXPECT_EQ(call("GET", "/follows/r-2", "", key).status, 404) << "the key of another report";
  EXPECT_EQ(call("GET", "/follows/r-2", "", key).body, call("GET", "/follows/r-1", "", "x").body) << "unknown and wrong look the same";
  EXPECT_EQ(call("GET", "/follows/r-1", "", key).status, 200);
}

TEST_F(PublicCity, whoever_guesses_keys_is_slowed_down_and_others_are_not) {
  const std::string key = filed();
  int status = 404;
  for (int i = 0; status == 404 && i < 100; ++i) status = call("GET", "/follows/r-1", "", "guess" + std::to_string(i)).status;
  EXPECT_EQ(status, 429);
  EXPECT_EQ(call("GET", "/follows/r-1", "", "one more", "10.0.0.2").status, 404);
  EXPECT_EQ(call("GET", "/follows/r-1", "", key).status, 200) << "who has the key is not locked out by a neighbour who guesses";
}

TEST_F(PublicCity, following_tells_the_steps_and_the_unit_and_no_person) {
  const std::string key = filed();
  city.happen("unit.put", Unit{"u-1", "沙坪坝区市政所", "500106", {}, "023-1234", true});
  the_case(Stage::closed);
  city.pictures_["before"] = city.pictures_["after"] = city.pictures_["inside"] = "\xFF\xD8 x";
  for (const char* id : {"after", "inside"}) city.happen("attachment.put", Attachment{id, "image/jpeg", 3, "user:li", "500106", city.now_, {}, {}, ""});
  entry(1, "open", Stage::reported, Stage::reported);
  entry(2, "register", Stage::reported, Stage::pending_dispatch, "内部意见");
  entry(3, "dispatch", Stage::pending_dispatch, Stage::pending_handle, "内部意见", {{"unit", "u-1"}});
  entry(4, "finish", Stage::handling, Stage::handle_finish, "内部意见", {}, {"after"});
  entry(5, "comment", Stage::checking, Stage::checking, "内部意见", {}, {"inside"});
  entry(6, "close", Stage::pending_close, Stage::closed, "已修复");
  const HttpResponse answer = call("GET", "/follows/r-1", "", key);
  const auto doc = doc_of_body(answer);
  EXPECT_EQ(doc.at("progress").as_string(), "closed");
  EXPECT_EQ(doc.at("unit").as_string(), "沙坪坝区市政所");
  EXPECT_EQ(doc.at("steps").as_array().size(), 3u);
  EXPECT_EQ(doc.at("events").as_array().back().at("note").as_string(), "已修复");
  EXPECT_EQ(doc.at("after").as_array().size(), 1u);
  EXPECT_TRUE(doc.at("may").at("unsolved").as_bool());
  for (const char* hidden : {"内部意见", "李四", "user:", "张三", "023-1234", "inside"}) EXPECT_EQ(answer.body.find(hidden), std::string::npos) << hidden;
  EXPECT_EQ(call("GET", "/follows/r-1/photos/after", "", key).status, 200);
  EXPECT_EQ(call("GET", "/follows/r-1/photos/inside", "", key).status, 404);
  EXPECT_EQ(call("GET", "/follows/r-1/photos/after", "", "x").status, 404);
  // Before it is checked and closed, the work's pictures are nobody's but the city's.
  the_case(Stage::checking);
  EXPECT_EQ(doc_of_body(call("GET", "/follows/r-1", "", key)).at("after").as_array().size(), 0u);
  EXPECT_EQ(call("GET", "/follows/r-1/photos/after", "", key).status, 404);
}

TEST_F(PublicCity, the_time_for_unsolved_is_over_at_its_end) {
  const std::string key = filed();
  the_case(Stage::closed);
  city.now_ += limits::kUnsolvedWindow - Millis{1};
  EXPECT_TRUE(doc_of_body(call("GET", "/follows/r-1", "", key)).at("may").at("unsolved").as_bool());
  city.now_ += Millis{1};
  EXPECT_FALSE(doc_of_body(call("GET", "/follows/r-1", "", key)).at("may").at("unsolved").as_bool());
}

TEST_F(PublicCity, similar_cases_within_the_classs_radius_and_without_words) {
  the_case(Stage::handling);  // 10 m from the place
  const HttpResponse near = call("GET", "/nearby?class=GB2013/event/0113&near=106.45,29.55");
  const auto items = doc_of_body(near).at("items").as_array();
  ASSERT_EQ(items.size(), 1u) << near.body;
  EXPECT_EQ(items[0].at("distance_m").to_number<int>(), 10);
  EXPECT_EQ(near.body.find("张三"), std::string::npos);
  EXPECT_EQ(doc_of_body(call("GET", "/nearby?class=GB2013/event/0113&near=106.4505,29.55")).at("items").as_array().size(), 0u) << "39 m, the class says 30";
  the_case(Stage::closed);
  EXPECT_EQ(doc_of_body(call("GET", "/nearby?class=GB2013/event/0113&near=106.45,29.55")).at("items").as_array().size(), 0u);
  for (const char* bad : {"", "?class=GB2013/event/0113", "?near=1,2", "?class=x&near=1,2", "?class=GB2013/event/0113&near=1;2"})
    EXPECT_EQ(code_of(call("GET", "/nearby" + std::string(bad))), "query.invalid") << bad;
}

TEST_F(PublicCity, places_are_nearest_first_with_what_may_be_shown) {
  for (const auto& [id, lng] : {std::pair{"far", 106.46}, {"near", 106.451}, {"gone", 106.4501}}) {
    Asset asset = city.asset(id, "500106", {lng, 29.55});
    asset.kind = "wc";
    asset.attributes = {{"hours", std::string("6-22")}, {"cost", 300000.0}};
    if (std::string(id) == "gone") asset.life = Life::retired;
    city.happen("asset.put", asset);
  }
  const HttpResponse answer = call("GET", "/places?kind=toilet&near=106.45,29.55");
  const auto items = doc_of_body(answer).at("items").as_array();
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].at("id").as_string(), "near");
  EXPECT_EQ(items[0].at("distance_m").to_number<int>(), 97);
  EXPECT_EQ(items[0].at("facts").as_array().size(), 1u);
  EXPECT_EQ(answer.body.find("300000"), std::string::npos);
  EXPECT_NE(items[0].at("gcj02").at(0).to_number<double>(), 106.451);
  EXPECT_EQ(doc_of_body(call("GET", "/places?kind=toilet&area=500106")).at("items").as_array().size(), 2u);
  EXPECT_EQ(doc_of_body(call("GET", "/places?kind=toilet&area=500103")).at("items").as_array().size(), 0u);
  EXPECT_EQ(code_of(call("GET", "/places?kind=tank")), "query.invalid") << "only what is meant to be found";
}

TEST_F(PublicCity, reports_of_one_address_are_bounded_and_others_go_on) {
  int taken = 0, status = 201;
  for (; status == 201 && taken < 100; ++taken) status = call("POST", "/reports", R"({"text":"t"})").status;
  EXPECT_EQ(taken - 1, static_cast<int>(limits::kCitizenReportsBurst));
  const HttpResponse refused = call("POST", "/reports", R"({"text":"t"})");
  EXPECT_EQ(refused.status, 429);
  EXPECT_NE(header_of(refused, "Retry-After"), "");
  EXPECT_EQ(call("GET", "").status, 200) << "reading goes on";
  EXPECT_EQ(call("POST", "/reports", R"({"text":"t"})", "", "10.0.0.2").status, 201);
  EXPECT_EQ(call("POST", "/reports", R"({"text":"t"})", "", "2001:db8:1:2::1").status, 201);
  city.now_ += std::chrono::minutes(1);
  EXPECT_EQ(call("POST", "/reports", R"({"text":"t"})").status, 201) << "after a minute one more";
}

TEST_F(PublicCity, pictures_of_one_address_are_bounded_and_checked) {
  const auto send = [&](const std::string& bytes) {
    HttpRequest request = ApiCity::request("POST", "/api/v1/public/photos", "", bytes);
    request.headers["content-type"] = "image/jpeg";
    return city.call(std::move(request));
  };
  EXPECT_EQ(send("\xFF\xD8\xFF x").status, 201);
  EXPECT_EQ(city.actions_.back().principal, "public");
  EXPECT_EQ(send("<svg/>").status, 415);
  EXPECT_EQ(send("").status, 415);
  int status = 201;
  for (int i = 0; status == 201 && i < 100; ++i) status = send("\xFF\xD8\xFF" + std::to_string(i)).status;
  EXPECT_EQ(status, 429);
}

TEST(AddressBlock, a_household_is_one_address) {
  EXPECT_EQ(serve::address_block("10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(serve::address_block("::ffff:10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(serve::address_block("2001:db8:1:2:3:4:5:6"), serve::address_block("2001:db8:1:2::9"));
  EXPECT_NE(serve::address_block("2001:db8:1:2::9"), serve::address_block("2001:db8:1:3::9"));
  EXPECT_EQ(serve::address_block("2001:db8::1"), serve::address_block("2001:db8:0:0:7::1"));
  EXPECT_EQ(serve::address_block("::1"), serve::address_block("::2"));
}

}  // namespace
}  // namespace cityloop
