// SPDX-License-Identifier: Apache-2.0
// Who gets in, and what a stranger, a forger or a guesser meets.
#include "serve/api_city_test.h"

namespace cityloop {
namespace {

struct ApiAuth : testing::Test {
  HttpResponse sign_in(const std::string& name, const std::string& password, bool wall = false, const std::string& peer = "10.0.0.1") {
    JsonWriter body;
    body.begin_object().member("name", name).member("password", password).member("wall", wall).end_object();
    HttpRequest request = ApiCity::request("POST", "/api/v1/session", "", body.take());
    request.peer = peer;
    return city.call(std::move(request));
  }
  // Cookie header and CSRF token of a new session.
  std::pair<std::string, std::string> session(const std::string& name, bool wall = false) {
    const HttpResponse response = sign_in(name, "Secret-" + name + "-1", wall);
    EXPECT_EQ(response.status, 201) << response.body;
    const std::string cookie = header_of(response, "Set-Cookie");
    return {cookie.substr(0, cookie.find(';')), text_or(doc_of_body(response).as_object(), "csrf")};
  }
  HttpResponse with(const std::string& method, const std::string& target, const std::string& cookie, const std::string& csrf = "", const std::string& body = "") {
    HttpRequest request = ApiCity::request(method, target, "", body);
    request.headers["cookie"] = cookie;
    if (!csrf.empty()) request.headers["x-csrf-token"] = csrf;
    return city.call(std::move(request));
  }
  ApiCity city;
};

TEST_F(ApiAuth, a_session_is_opened_shown_and_closed) {
  const HttpResponse opened = sign_in("boss", "Secret-boss-1");
  ASSERT_EQ(opened.status, 201) << opened.body;
  const std::string set = header_of(opened, "Set-Cookie");
  EXPECT_NE(set.find("HttpOnly"), std::string::npos);
  EXPECT_NE(set.find("SameSite=Strict"), std::string::npos);
  EXPECT_EQ(header_of(opened, "Cache-Control"), "no-store");
  const auto doc = doc_of_body(opened);
  EXPECT_EQ(doc.at("user").at("name").as_string(), "boss");
  EXPECT_EQ(doc.at("idle_seconds").to_number<int>(), 1800);
  const std::string cookie = set.substr(0, set.find(';')), csrf = text_or(doc.as_object(), "csrf");
  const auto shown = doc_of_body(with("GET", "/api/v1/session", cookie));
  EXPECT_EQ(shown.at("csrf").as_string(), csrf);
  EXPECT_EQ(shown.at("expires_at").as_string(), doc.at("expires_at").as_string());
  EXPECT_EQ(with("DELETE", "/api/v1/session", cookie, csrf).status, 204);
  EXPECT_EQ(with("GET", "/api/v1/session", cookie).status, 401);
}

TEST_F(ApiAuth, the_secret_never_reaches_the_city) {
  const auto [cookie, csrf] = session("boss");
  for (const ActionIn& action : city.actions_) {
    EXPECT_EQ(action.body.find(cookie.substr(11)), std::string::npos);
    EXPECT_EQ(action.body.find(csrf), std::string::npos);
    EXPECT_EQ(action.body.find("Secret-boss-1"), std::string::npos);
  }
}

TEST_F(ApiAuth, wrong_name_and_wrong_password_answer_and_work_alike) {
  city.verifications_ = 0;
  const HttpResponse name = sign_in("nobody", "Secret-boss-1");
  EXPECT_EQ(city.verifications_, 1);
  const HttpResponse password = sign_in("boss", "wrong");
  EXPECT_EQ(city.verifications_, 2);
  EXPECT_EQ(name.status, 401);
  EXPECT_EQ(name.body, password.body);
}

TEST_F(ApiAuth, five_failures_lock_the_account_for_that_address_only) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(sign_in("boss", "wrong").status, 401);
  const HttpResponse locked = sign_in("boss", "Secret-boss-1");
  EXPECT_EQ(locked.status, 429);
  EXPECT_EQ(code_of(locked), "auth.locked");
  EXPECT_EQ(header_of(locked, "Retry-After"), "900");
  EXPECT_EQ(sign_in("boss", "Secret-boss-1", false, "10.0.0.2").status, 201);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(sign_in("nobody", "wrong").status, 401);
  EXPECT_EQ(code_of(sign_in("nobody", "wrong")), "auth.locked");
  city.now_ += limits::kLoginLock;
  EXPECT_EQ(sign_in("boss", "Secret-boss-1").status, 201);
}

TEST_F(ApiAuth, too_many_sign_ins_from_one_address_wait) {
  int limited = 0;
  for (int i = 0; i < 100; ++i) limited += code_of(sign_in("user" + std::to_string(i), "x")) == "rate.limited" ? 1 : 0;
  EXPECT_GT(limited, 40);
}

TEST_F(ApiAuth, writes_in_a_session_need_the_csrf_token) {
  const auto [cookie, csrf] = session("boss");
  EXPECT_EQ(code_of(with("POST", "/api/v1/live/ticket", cookie)), "auth.csrf");
  EXPECT_EQ(code_of(with("POST", "/api/v1/live/ticket", cookie, std::string(64, 'a'))), "auth.csrf");
  const auto [other_cookie, other_csrf] = session("boss");
  EXPECT_EQ(code_of(with("POST", "/api/v1/live/ticket", cookie, other_csrf)), "auth.csrf");
  EXPECT_EQ(with("POST", "/api/v1/live/ticket", cookie, csrf).status, 201);
}

TEST_F(ApiAuth, forged_cookies_are_nobody) {
  const auto [cookie, csrf] = session("boss");
  for (const std::string& forged :
       {std::string("cl_session="), std::string("cl_session=zz"), "cl_session=" + std::string(64, 'a'), cookie + "a", cookie.substr(0, cookie.size() - 1),
        cookie + "; cl_session=" + std::string(64, 'b'), "cl_session=" + city.table_->sessions.begin()->first})
    EXPECT_EQ(with("GET", "/api/v1/session", forged).status, 401) << forged;
  EXPECT_EQ(with("GET", "/api/v1/session", "a=1; " + cookie + " ; b=2").status, 200);
}

TEST_F(ApiAuth, sessions_end_by_idleness_and_by_age) {
  const auto [cookie, csrf] = session("boss");
  city.now_ += limits::kSessionIdle - std::chrono::seconds(1);
  EXPECT_EQ(with("GET", "/api/v1/session", cookie).status, 200);  // touches
  city.now_ += limits::kSessionIdle - std::chrono::seconds(1);
  EXPECT_EQ(with("GET", "/api/v1/session", cookie).status, 200);
  city.now_ += limits::kSessionIdle;
  EXPECT_EQ(with("GET", "/api/v1/session", cookie).status, 401);
  const auto [second, csrf2] = session("boss");
  for (int i = 0; i < 17; ++i) {
    city.now_ += std::chrono::minutes(28);
    (void)with("GET", "/api/v1/session", second);
  }
  city.now_ += std::chrono::minutes(5);  // eight hours and a little
  EXPECT_EQ(with("GET", "/api/v1/session", second).status, 401);
}

TEST_F(ApiAuth, a_wall_session_only_looks) {
  city.user("wall1", {Role::wall}, "50");
  EXPECT_EQ(sign_in("boss", "Secret-boss-1", true).status, 403);
  const auto [cookie, csrf] = session("wall1", true);
  city.now_ += std::chrono::hours(24 * 100);
  EXPECT_EQ(with("GET", "/api/v1/alarms", cookie).status, 200);
  EXPECT_EQ(code_of(with("POST", "/api/v1/alarms/a-1/actions", cookie, csrf, R"({"action":"acknowledge"})")), "auth.forbidden");
  EXPECT_EQ(code_of(with("GET", "/api/v1/reports", cookie)), "auth.forbidden");
}

TEST_F(ApiAuth, a_disabled_account_and_a_revoked_token_end_at_once) {
  city.user("li", {Role::acceptor}, "50");
  const auto [cookie, csrf] = session("li");
  const std::string admin = city.token(Role::admin);
  EXPECT_EQ(city.post("/api/v1/users/li:disable", admin).status, 200);
  EXPECT_EQ(with("GET", "/api/v1/session", cookie).status, 401);
  EXPECT_EQ(sign_in("li", "Secret-li-1").status, 401);
  const std::string token = city.token(Role::integrator);
  EXPECT_EQ(city.get("/api/v1/assets", token).status, 200);
  const std::string id = token.substr(10, token.rfind('_') - 10);
  EXPECT_EQ(city.call(ApiCity::request("DELETE", "/api/v1/tokens/" + id, admin)).status, 204);
  EXPECT_EQ(city.get("/api/v1/assets", token).status, 401);
}

TEST_F(ApiAuth, tokens_are_made_shown_once_and_expire) {
  const std::string admin = city.token(Role::admin);
  HttpRequest request = ApiCity::request("POST", "/api/v1/tokens", admin, R"({"name":"gis","role":"integrator","expires_at":"2022-08-22T07:00:00Z"})");
  request.headers["idempotency-key"] = "k1";
  const auto made = doc_of_body(city.call(request));
  const std::string secret = text_or(made.as_object(), "secret");
  EXPECT_TRUE(secret.starts_with("cl_"));
  EXPECT_EQ(city.get("/api/v1/assets", "Bearer " + secret).status, 200);
  const auto again = doc_of_body(city.call(request));
  EXPECT_EQ(again.at("id"), made.at("id"));
  EXPECT_TRUE(again.at("secret").is_null());
  EXPECT_EQ(city.get("/api/v1/tokens", admin).body.find(secret.substr(20)), std::string::npos);
  city.now_ += std::chrono::hours(2);
  EXPECT_EQ(city.get("/api/v1/assets", "Bearer " + secret).status, 401);
}

TEST_F(ApiAuth, bad_bearers_are_refused) {
  for (const char* bearer : {"Bearer ", "Bearer cl_", "Bearer cl_x", "Bearer cl_x_y", "Bearer cl__", "Bearer", "Digest x", "Basic !!!", "Basic eDp5", "Basic "}) {
    const HttpResponse response = city.get("/api/v1/assets", bearer);
    EXPECT_EQ(response.status, 401) << bearer;
    EXPECT_EQ(header_of(response, "WWW-Authenticate"), "Bearer realm=\"cityloop\"");
  }
}

TEST_F(ApiAuth, devices_may_only_send) {
  const std::string admin = city.token(Role::admin);
  const auto made = doc_of_body(city.post("/api/v1/credentials", admin, R"({"id":"gw-7","assets":["tank-*"]})"));
  EXPECT_EQ(made.at("id").as_string(), "gw-7");
  std::string basic;  // gw-7:<secret>
  const std::string pair = "gw-7:" + text_or(made.as_object(), "secret");
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < pair.size(); i += 3) {
    unsigned bits = 0;
    for (std::size_t j = 0; j < 3; ++j) bits = bits << 8 | (i + j < pair.size() ? static_cast<unsigned char>(pair[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j) basic += i + j <= pair.size() ? kDigits[bits >> (18 - 6 * j) & 63] : '=';
  }
  const std::string header = "Basic " + basic;
  EXPECT_EQ(city.post("/api/v1/readings", header, "{}").status, 200);
  EXPECT_EQ(city.readings_.back(), "credential:gw-7");
  EXPECT_EQ(code_of(city.get("/api/v1/assets", header)), "auth.forbidden");
  EXPECT_EQ(city.post("/api/v1/credentials/gw-7:disable", admin).status, 200);
  EXPECT_EQ(city.post("/api/v1/readings", header, "{}").status, 401);
}

TEST_F(ApiAuth, a_password_is_changed_by_who_knows_it) {
  city.user("li", {Role::acceptor}, "50");
  const auto [cookie, csrf] = session("li");
  const auto [other, other_csrf] = session("li");
  EXPECT_EQ(code_of(with("POST", "/api/v1/session/password", cookie, csrf, R"({"old":"no","new":"Another-Pass-9"})")), "auth.wrong");
  EXPECT_EQ(code_of(with("POST", "/api/v1/session/password", cookie, csrf, R"({"old":"Secret-li-1","new":"short"})")), "auth.weak_password");
  EXPECT_EQ(code_of(with("POST", "/api/v1/session/password", cookie, csrf, R"({"old":"Secret-li-1","new":"alllowercase"})")), "auth.weak_password");
  EXPECT_EQ(with("POST", "/api/v1/session/password", cookie, csrf, R"({"old":"Secret-li-1","new":"Another-Pass-9"})").status, 204);
  EXPECT_EQ(with("GET", "/api/v1/session", cookie).status, 200);
  EXPECT_EQ(with("GET", "/api/v1/session", other).status, 401);
  EXPECT_EQ(sign_in("li", "Another-Pass-9").status, 201);
}

TEST_F(ApiAuth, a_password_set_by_another_must_be_changed_first) {
  city.user("li", {Role::acceptor}, "50");
  const std::string admin = city.token(Role::admin);
  EXPECT_EQ(city.post("/api/v1/users/li:password", admin, R"({"password":"Fresh-Start-12"})").status, 200);
  const HttpResponse opened = sign_in("li", "Fresh-Start-12");
  ASSERT_EQ(opened.status, 201);
  const std::string set = header_of(opened, "Set-Cookie"), cookie = set.substr(0, set.find(';'));
  EXPECT_EQ(code_of(with("GET", "/api/v1/alarms", cookie)), "auth.must_change");
  EXPECT_EQ(with("GET", "/api/v1/session", cookie).status, 200);
  for (const ActionIn& action : city.actions_) EXPECT_EQ(action.request_digest, 0u) << action.verb;
}

TEST_F(ApiAuth, one_principal_cannot_take_everything) {
  city.calls_per_second_ = 10;
  city.api_ = std::make_unique<Api>(city.face());
  const std::string token = city.token(Role::admin);
  int limited = 0;
  for (int i = 0; i < 30; ++i) limited += city.get("/api/v1/packs", token).status == 429 ? 1 : 0;
  EXPECT_EQ(limited, 20);
  EXPECT_EQ(city.get("/api/v1/packs", city.token(Role::admin)).status, 200);
  city.now_ += std::chrono::seconds(1);
  EXPECT_EQ(city.get("/api/v1/packs", token).status, 200);
}

TEST_F(ApiAuth, tickets_work_once_and_for_a_minute) {
  const std::string token = city.token(Role::acceptor);
  const auto ticket = [&] { return text_or(doc_of_body(city.post("/api/v1/live/ticket", token)).as_object(), "ticket"); };
  const std::string first = ticket();
  EXPECT_TRUE(city.api_->take_ticket(first));
  EXPECT_FALSE(city.api_->take_ticket(first));
  const std::string second = ticket();
  city.now_ += limits::kTicketLife;
  EXPECT_FALSE(city.api_->take_ticket(second));
  EXPECT_FALSE(city.api_->take_ticket(""));
}

TEST_F(ApiAuth, metrics_are_for_loopback_tokens_and_admin) {
  EXPECT_EQ(city.get("/metrics", "").status, 401);
  HttpRequest local = ApiCity::request("GET", "/metrics");
  local.peer = "127.0.0.1";
  EXPECT_EQ(city.call(local).body, "cityloop_up 1\n");
  EXPECT_EQ(city.get("/metrics", city.token(Role::integrator)).status, 200);
  EXPECT_EQ(city.get("/healthz", "").status, 200);
  EXPECT_EQ(city.get("/readyz", "").status, 200);
  city.why_not_ready_ = "behind";
  EXPECT_EQ(code_of(city.get("/readyz", "")), "server.not_ready");
}

}  // namespace
}  // namespace cityloop
