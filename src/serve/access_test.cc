// SPDX-License-Identifier: Apache-2.0
#include "serve/access.h"

#include <gtest/gtest.h>

#include "core/codec.h"
#include "core/json_write.h"
#include "core/limits.h"

namespace cityloop {
namespace {

const std::string kHashA(64, 'a'), kHashB(64, 'b'), kPhc = "$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA";

struct AccessTest : testing::Test {
  AccessTest() {
    tables.set_root_area("50");
    put("system", "admin1", R"({"roles":["admin"],"area":"50","password":")" + kPhc + "\"}");
  }
  Answer act(const std::string& principal, const std::string& verb, const std::string& subject, const std::string& body = "{}",
             std::uint64_t if_match = 0) {
    Context city{1, now, now, chance, tables, packs, events};
    const auto actor = actor_of(access.table(), principal);
    if (!actor) return refuse(errors::kUnauthenticated, "unknown");
    ActionIn in;
    in.principal = principal;
    in.verb = verb;
    in.subject = subject;
    in.body = body;
    in.if_match = if_match;
    return access.act(in, *actor, city);
  }
  Answer put(const std::string& who, const std::string& name, const std::string& body) { return act(who, "user.put", name, body); }
  Answer open(const std::string& name, const std::string& key, bool wall = false) {
    JsonWriter body;
    body.begin_object().member("key", key).member("csrf", kHashA).member("wall", wall);
    body.member("seen", access.table().users.at(name).rev).end_object();
    return act("user:" + name, "session.open", name, body.text());
  }
  void tick() {
    Context city{1, now, now, chance, tables, packs, events};
    access.tick(city);
  }

  Access access;
  Register tables;
  Packs packs;
  Chance chance{1};
  std::vector<Event> events;
  Time now = from_ms(1'661'148'000'000);
};

TEST_F(AccessTest, users_are_kept_by_admin_and_security_admin_only) {
  EXPECT_EQ(put("user:admin1", "li", R"({"roles":["acceptor"],"area":"5001"})").status, 201);
  EXPECT_EQ(put("user:li", "zhang", R"({"roles":["acceptor"]})").code, "auth.forbidden");
  EXPECT_EQ(put("user:admin1", "Li Hua", R"({"roles":["acceptor"]})").code, "field.invalid");
  EXPECT_EQ(put("user:admin1", "x", R"({"roles":["device"]})").code, "field.invalid");
  EXPECT_EQ(put("user:admin1", "x", R"({"roles":["handler"]})").code, "field.missing");
  EXPECT_EQ(put("user:admin1", "x", R"({"roles":["acceptor"],"rolls":[]})").code, "field.unknown");
  EXPECT_EQ(put("user:admin1", "x", R"({"roles":["acceptor"],"password":"plain"})").code, "field.invalid");
}

TEST_F(AccessTest, nobody_raises_their_own_role_or_area) {
  put("user:admin1", "sec", R"({"roles":["security_admin"],"area":"50"})");
  EXPECT_EQ(put("user:sec", "sec", R"({"roles":["security_admin","acceptor"]})").code, "auth.forbidden");
  EXPECT_EQ(put("user:sec", "sec", R"({"person":"王"})").status, 200);
  EXPECT_EQ(put("user:sec", "boss", R"({"roles":["admin"]})").code, "auth.forbidden");
  EXPECT_EQ(act("user:sec", "user.password", "admin1", R"({"password":")" + kPhc + "\"}").code, "auth.forbidden");
  EXPECT_EQ(put("user:admin1", "both", R"({"roles":["admin","audit_admin"]})").code, "field.invalid");
}

TEST_F(AccessTest, a_district_admin_stays_in_the_district) {
  put("user:admin1", "district", R"({"roles":["security_admin"],"area":"500106"})");
  EXPECT_EQ(put("user:district", "a", R"({"roles":["acceptor"],"area":"500103"})").code, "auth.foreign_area");
  EXPECT_EQ(put("user:district", "a", R"({"roles":["acceptor"]})").status, 201);
  EXPECT_EQ(access.table().users.at("a").area, "500106");
  EXPECT_EQ(act("user:district", "user.disable", "admin1").code, "auth.foreign_area");
  EXPECT_EQ(act("user:district", "credential.create", "gw", R"({"assets":["*"],"hash":")" + kHashA + "\"}").code, "auth.foreign_area");
  EXPECT_EQ(act("user:district", "token.create", "t", R"({"name":"x","area":"50","hash":")" + kHashA + "\"}").code, "auth.foreign_area");
}

TEST_F(AccessTest, the_last_admin_stays) {
  EXPECT_EQ(act("system", "user.disable", "admin1").code, "action.not_allowed");
  EXPECT_EQ(act("system", "user.delete", "admin1").code, "action.not_allowed");
  EXPECT_EQ(put("system", "admin1", R"({"roles":["acceptor"]})").code, "action.not_allowed");
  put("system", "admin2", R"({"roles":["admin"]})");
  EXPECT_EQ(act("user:admin2", "user.disable", "admin1").status, 200);
  EXPECT_FALSE(actor_of(access.table(), "user:admin1"));
}

TEST_F(AccessTest, a_changed_password_closes_the_other_sessions) {
  ASSERT_EQ(open("admin1", kHashA).status, 201);
  ASSERT_EQ(open("admin1", kHashB).status, 201);
  JsonWriter body;
  body.begin_object().member("password", kPhc).member("keep", kHashB).member("seen", access.table().users.at("admin1").rev).end_object();
  EXPECT_EQ(act("user:admin1", "user.password", "admin1", body.text()).status, 200);
  EXPECT_FALSE(access.table().sessions.contains(kHashA));
  EXPECT_TRUE(access.table().sessions.contains(kHashB));
  EXPECT_EQ(act("user:admin1", "user.password", "admin1", body.text()).code, "precondition.stale");
}

TEST_F(AccessTest, a_session_opened_against_an_old_password_is_refused) {
  JsonWriter body;
  body.begin_object().member("key", kHashA).member("csrf", kHashA).member("seen", access.table().users.at("admin1").rev).end_object();
  act("system", "user.password", "admin1", R"({"password":")" + kPhc + "\"}");
  EXPECT_EQ(act("user:admin1", "session.open", "admin1", body.text()).code, "auth.wrong");
}

TEST_F(AccessTest, sessions_end_by_idleness_and_by_age) {
  ASSERT_EQ(open("admin1", kHashA).status, 201);
  now += limits::kSessionIdle - std::chrono::minutes(1);
  EXPECT_EQ(act("user:admin1", "session.touch", kHashA).status, 200);
  for (int i = 0; i < 40; ++i) {
    now += limits::kSessionIdle - std::chrono::minutes(1);
    act("user:admin1", "session.touch", kHashA);
  }
  EXPECT_EQ(act("user:admin1", "session.touch", kHashA).code, "auth.required");  // eight hours are over
  tick();
  EXPECT_TRUE(access.table().sessions.empty());
}

TEST_F(AccessTest, wall_sessions_need_the_role_and_live_long) {
  EXPECT_EQ(open("admin1", kHashA, true).code, "auth.forbidden");
  put("user:admin1", "wall1", R"({"roles":["wall"],"area":"50"})");
  ASSERT_EQ(open("wall1", kHashB, true).status, 201);
  now += std::chrono::hours(24 * 30);
  tick();
  EXPECT_TRUE(access.table().sessions.contains(kHashB));
}

TEST_F(AccessTest, one_account_has_a_bounded_number_of_sessions) {
  for (std::size_t i = 0; i < limits::kSessionsOfUser + 5; ++i) {
    std::string key(64, 'c');
    key[0] = static_cast<char>('a' + i % 6);
    key[1] = static_cast<char>('0' + i / 6);
    now += std::chrono::seconds(1);
    ASSERT_EQ(open("admin1", key).status, 201) << i;
  }
  EXPECT_EQ(access.table().sessions.size(), limits::kSessionsOfUser);
}

TEST_F(AccessTest, tokens_and_credentials_end_at_once) {
  ASSERT_EQ(act("user:admin1", "token.create", "gis", R"({"name":"GIS","hash":")" + kHashA + "\"}").status, 201);
  EXPECT_EQ(act("user:admin1", "token.create", "gis", R"({"name":"GIS","hash":")" + kHashA + "\"}").code, "conflict");
  EXPECT_TRUE(actor_of(access.table(), "token:gis")->is(Role::integrator));
  EXPECT_EQ(act("user:admin1", "token.revoke", "gis").status, 204);
  EXPECT_FALSE(actor_of(access.table(), "token:gis"));
  ASSERT_EQ(act("user:admin1", "credential.create", "gw-7", R"({"assets":["tank-*"],"hash":")" + kHashA + "\"}").status, 201);
  EXPECT_TRUE(actor_of(access.table(), "credential:gw-7")->is(Role::device));
  ASSERT_EQ(act("user:admin1", "credential.rotate", "gw-7", R"({"hash":")" + kHashB + "\"}").status, 200);
  EXPECT_EQ(access.table().credentials.at("gw-7").old_hash, kHashA);
  now += limits::kRotationGrace + std::chrono::minutes(2);
  tick();
  EXPECT_EQ(access.table().credentials.at("gw-7").old_hash, "");
  EXPECT_EQ(act("user:admin1", "credential.disable", "gw-7").status, 200);
  EXPECT_FALSE(actor_of(access.table(), "credential:gw-7"));
}

TEST_F(AccessTest, documents_never_hold_a_secret) {
  open("admin1", kHashB);
  act("user:admin1", "token.create", "gis", R"({"name":"GIS","hash":")" + kHashA + "\"}");
  act("user:admin1", "credential.create", "gw", R"({"assets":["*"],"hash":")" + kHashA + "\"}");
  for (const Event& event : events) {
    const auto* put_row = std::get_if<RowPut>(&event.body);
    if (put_row == nullptr) continue;
    EXPECT_EQ(put_row->doc.find(kHashA), std::string::npos);
    EXPECT_EQ(put_row->doc.find("argon2"), std::string::npos);
  }
}

TEST_F(AccessTest, survives_encoding) {
  open("admin1", kHashB);
  act("user:admin1", "token.create", "gis", R"({"name":"GIS","hash":")" + kHashA + "\"}");
  std::string bytes;
  Writer out(bytes);
  access.encode(out);
  Access other;
  Reader in(bytes);
  other.decode(in);
  ASSERT_TRUE(in.ok() && in.done());
  std::string again;
  Writer out2(again);
  other.encode(out2);
  EXPECT_EQ(bytes, again);
}

TEST_F(AccessTest, reveal_needs_a_role_and_a_reason) {
  put("user:admin1", "desk", R"({"roles":["unit_desk"],"unit":"u"})");
  EXPECT_EQ(act("user:desk", "person.reveal", "r-1", R"({"reason":"call back"})").code, "auth.forbidden");
  EXPECT_EQ(act("user:admin1", "person.reveal", "r-1", R"({"reason":""})").code, "field.invalid");
  EXPECT_EQ(act("user:admin1", "person.reveal", "r-1", R"({"reason":"call back"})").status, 200);
}

TEST(Glob, matches_and_does_not_explode) {
  EXPECT_TRUE(glob_match("septic-*", "septic-1"));
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("a?c*e", "abcdde"));
  EXPECT_FALSE(glob_match("a?c", "ac"));
  EXPECT_FALSE(glob_match("", "a"));
  EXPECT_FALSE(glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(128, 'a')));
}

}  // namespace
}  // namespace cityloop
