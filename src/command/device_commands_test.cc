// SPDX-License-Identifier: Apache-2.0
#include "command/device_commands.h"

#include "command/command_fixture.h"
#include "core/codec.h"
#include "core/limits.h"

namespace cityloop {
namespace {

struct Commanded : testing::Test {
  TestCity city;
  Answer send(const std::string& body = R"({"command":"fan_on","arguments":{"speed":2},"reason":"ch4 is high"})") {
    return city.act("device.command", "t-1", body, city.dispatcher);
  }
  std::string id_of(const Answer& answer) { return text_or(parse_json(answer.body)->as_object(), "id"); }
  std::string shown(std::string_view member) {
    const std::vector<RowPut> rows = city.bodies<RowPut>("device.command");
    return text_or(parse_json(rows.back().doc)->as_object(), member);
  }
  void answer(const std::string& id, const std::string& status, const std::string& asset = "t-1") {
    Record result;
    result.asset = asset;
    result.kind = kCommandResult;
    result.fields = R"({"command":")" + id + R"(","status":")" + status + R"(","detail":"said so"})";
    Context context = city.context();
    city.command.device_answered(result, context);
  }
};

TEST_F(Commanded, WaitsIsDeliveredAndAnswered) {
  const Answer sent = send();
  ASSERT_EQ(sent.status, 202) << sent.detail;
  const std::string id = id_of(sent);
  const auto waiting = city.command.device_commands(city.now);
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(
      payload_of(waiting[0]),
      R"({"id":")" + id +
          R"(","command":"fan_on","arguments":{"speed":2},"at":"2022-08-22T06:00:00Z","expires_at":"2022-08-22T06:05:00Z"})");
  EXPECT_EQ(city.act("device.delivered", id, "{}", city.admin).status, 403) << "only the listener knows";
  Actor system{"system", {}, "", "", ""};
  EXPECT_EQ(city.act("device.delivered", id, "{}", system).status, 200);
  EXPECT_EQ(shown("state"), "delivered");
  EXPECT_TRUE(city.command.device_commands(city.now).empty());
  answer(id, "done", "t-2");
  EXPECT_EQ(shown("state"), "delivered") << "another device cannot answer for it";
  answer(id, "done");
  EXPECT_EQ(shown("state"), "done");
  EXPECT_EQ(shown("detail"), "said so");
}

TEST_F(Commanded, AnAnswerMayComeBeforeTheAcknowledgement) {
  const std::string id = id_of(send());
  answer(id, "failed");
  EXPECT_EQ(shown("state"), "failed");
  Actor system{"system", {}, "", "", ""};
  city.act("device.delivered", id, "{}", system);
  EXPECT_EQ(shown("state"), "failed");
}

TEST_F(Commanded, WhatNobodyTakesExpiresOnce) {
  send(R"({"command":"fan_on","expires_in_s":30})");
  city.now += std::chrono::seconds(29);
  city.tick();
  EXPECT_EQ(shown("state"), "waiting");
  city.now += std::chrono::seconds(1);
  EXPECT_LE(city.command.next_due(), city.now);
  EXPECT_TRUE(city.command.device_commands(city.now).empty());
  city.tick();
  EXPECT_EQ(shown("state"), "expired");
  const std::size_t told = city.bodies<RowPut>("device.command").size();
  city.now += limits::kCommandKept;
  city.tick();
  EXPECT_EQ(city.bodies<RowPut>("device.command").size(), told);
}

TEST_F(Commanded, OnlyThoseWhoMayAndWithinTheirArea) {
  for (const Actor& actor : {city.collector, city.acceptor, city.desk, city.crew, city.leader})
    EXPECT_EQ(city.act("device.command", "t-1", R"({"command":"fan_on"})", actor).status, 403) << actor.id;
  const Actor foreign = person("far", {Role::dispatcher}, "", "500103");
  EXPECT_EQ(city.act("device.command", "t-1", R"({"command":"fan_on"})", foreign).code, errors::kForeignArea.name);
  EXPECT_EQ(city.act("device.command", "nothing", R"({"command":"fan_on"})", city.dispatcher).status, 404);
  EXPECT_TRUE(city.bodies<RowPut>("device.command").empty());
}

TEST_F(Commanded, BadBodiesAreNamed) {
  for (const char* body :
       {"{}", R"({"command":"two words"})", R"({"command":"x","arguments":[1]})", R"({"command":"x","expires_in_s":1})",
        R"({"command":"x","expires_in_s":100000})", R"({"command":"x","sped":2})", R"({"command":7})"})
    EXPECT_EQ(send(body).status, 422) << body;
}

TEST_F(Commanded, ASilentDeviceIsNotToldWithoutEnd) {
  for (int i = 0; i < limits::kCommandsOfAsset; ++i) ASSERT_EQ(send().status, 202);
  EXPECT_EQ(send().status, 429);
  EXPECT_EQ(city.act("device.command", "t-2", R"({"command":"fan_on"})", city.dispatcher).status, 202);
}

TEST_F(Commanded, AreNotSentAfterARestoreUntilReleased) {
  send();
  city.command.hold(true);
  EXPECT_TRUE(city.command.device_commands(city.now).empty());
  city.act("notice.release", "", "{}", city.admin);
  EXPECT_EQ(city.command.device_commands(city.now).size(), 1u);
}

TEST_F(Commanded, SurviveACheckpoint) {
  const std::string id = id_of(send());
  Command again{Command::Settings{}};
  const std::string bytes = encoded(city.command);
  Reader in(bytes);
  again.decode(in);
  ASSERT_TRUE(in.ok() && in.done());
  ASSERT_EQ(again.device_commands(city.now).size(), 1u);
  EXPECT_EQ(again.device_commands(city.now)[0].id, id);
}

}  // namespace
}  // namespace cityloop
