// SPDX-License-Identifier: Apache-2.0
#include "core/receiver.h"

#include <gtest/gtest.h>

#include "core/codec.h"
#include "core/json.h"

namespace cityloop {
namespace {

constexpr Millis kEight = std::chrono::hours(8);

Result<Receiver> read(const std::string& body, Trust trust = Trust::configuration) {
  return parse_receiver(parse_json(body).value().as_object(), "r", trust);
}
std::string problem(const std::string& body, Trust trust = Trust::configuration) {
  const auto receiver = read(body, trust);
  return receiver ? "" : std::string(receiver.error().code->name) + " " + receiver.error().detail;
}
Time at(const char* text) { return parse_time(text).value(); }

constexpr const char* kMail =
    R"({"channel":"smtp","target":"duty@city.example","mail":{"server":"smtps://m.example:465","user":"u","from":"loop@city.example","name":"城循"},"secret":{"env":"CITYLOOP_MAIL"}})";
constexpr const char* kSms =
    R"({"channel":"sms","target":"13800138000","sms":{"url":"https://s.example/send","body":"{\"to\":\"{phone}\",\"t\":\"{text}\"}","ok":{"field":"code","value":"0"}}})";

TEST(Receiver, AWebhookIsTheDefaultAndItsUrlTheTarget) {
  const Receiver receiver = read(R"({"url":"https://duty.example/hook","types":["city.case."],"area":"500106"})").value();
  EXPECT_EQ(receiver.channel, Channel::webhook);
  EXPECT_EQ(receiver.target, "https://duty.example/hook");
  EXPECT_EQ(receiver.name, "r");
  EXPECT_EQ(receiver.language, "zh");
  EXPECT_EQ(receiver.step, 1);
  EXPECT_EQ(problem("{}"), "field.missing url");
  EXPECT_NE(problem(R"({"url":"ftp://x.example"})"), "");
  EXPECT_NE(problem("{\"url\":\"https://x.example/a\\nb\"}"), "") << "a line break would begin a header";
  EXPECT_NE(problem(R"({"url":"https://x.example","tpyes":[]})").find("types"), std::string::npos);
}

TEST(Receiver, WhatItSaysIsReadAgain) {
  for (const char* body : {R"({"url":"https://duty.example/hook","types":["city.case."],"area":"500106","at_least":"orange","language":"en",
        "quiet":[{"below":"red","from":"22:00","to":"07:30"}],"give_up_after":"2h","escalation":{"step":3,"after":"20m"},"secret":{"file":"hook.key"}})",
                           R"({"channel":"wecom","secret":{"env":"CITYLOOP_ROBOT"}})",
                           R"({"channel":"dingtalk","token":{"env":"CITYLOOP_TOKEN"},"secret":{"env":"CITYLOOP_SEC"}})", kMail, kSms}) {
    const Receiver receiver = read(body).value();
    const std::string doc = receiver_doc(receiver);
    const Receiver again = parse_receiver(parse_json(doc).value().as_object(), "r", Trust::api).value();
    EXPECT_EQ(encoded(again), encoded(receiver)) << doc;
  }
}

TEST(Receiver, SecretsAreNamedAndPathsComeFromTheConfigurationOnly) {
  const std::string hook = R"({"url":"https://x.example","secret":)";
  EXPECT_EQ(problem(hook + R"({"env":"CITYLOOP_KEY"}})", Trust::api), "");
  EXPECT_NE(problem(hook + R"({"env":"PGPASSWORD"}})", Trust::api), "") << "not every variable is a receiver's";
  EXPECT_EQ(problem(hook + R"({"file":"hook.key"}})", Trust::api), "");
  EXPECT_NE(problem(hook + R"({"file":"../journal.db"}})", Trust::api), "");
  EXPECT_NE(problem(hook + R"({"file":".hidden"}})", Trust::api), "");
  EXPECT_NE(problem(hook + R"({"file":"/etc/shadow"}})", Trust::api), "");
  EXPECT_EQ(problem(hook + R"({"file":"/etc/cityloop/hook.key"}})"), "");
  EXPECT_NE(problem(hook + R"({"file":"a","env":"CITYLOOP_A"}})"), "");
  EXPECT_NE(problem(hook + R"("plain"})"), "") << "never the secret itself";
  EXPECT_NE(problem(R"({"url":"https://x.example","ca_file":"/etc/ssl/x.pem"})", Trust::api), "");
}

TEST(Receiver, RobotsKeepTheirKeysOutOfTheAddress) {
  EXPECT_EQ(read(R"({"channel":"wecom","secret":{"env":"CITYLOOP_ROBOT"}})")->target, "https://qyapi.weixin.qq.com/cgi-bin/webhook/send");
  EXPECT_NE(problem(R"({"channel":"wecom","target":"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1","secret":{"env":"CITYLOOP_ROBOT"}})"), "");
  EXPECT_NE(problem(R"({"channel":"wecom"})").find("secret"), std::string::npos);
  EXPECT_NE(problem(R"({"channel":"dingtalk","secret":{"env":"CITYLOOP_SEC"}})").find("token"), std::string::npos);
  EXPECT_NE(problem(R"({"channel":"dingtalk","target":"https://oapi.dingtalk.com/robot/send?access_token=1","token":{"env":"CITYLOOP_T"}})"), "");
}

TEST(Receiver, MailboxesHaveNoRoomForAHeader) {
  EXPECT_EQ(problem(kMail), "");
  const auto with = [](const std::string& target, const std::string& mail) {
    return problem("{\"channel\":\"smtp\",\"target\":\"" + target + "\",\"mail\":{" + mail + "},\"secret\":{\"env\":\"CITYLOOP_M\"}}");
  };
  const std::string good = R"("server":"smtp://m.example:587","from":"a@b.example")";
  EXPECT_EQ(with("duty@city.example", good), "");
  for (const char* bad : {"duty", "duty@", "@city.example", "duty@city.example\\r\\nBcc: x@y.example", "a b@c.example", "a@b@c.example", "<a@b.example>", "a,b@c.example", "值班@city.example"})
    EXPECT_NE(with(bad, good), "") << bad;
  EXPECT_NE(with("d@c.example", R"("server":"smtp://m.example","from":"a@b.example\r\nX: y")"), "");
  EXPECT_NE(with("d@c.example", R"("server":"smtp://m.example","from":"a@b.example","name":"A\r\nX: y")"), "");
  EXPECT_NE(with("d@c.example", R"("server":"http://m.example","from":"a@b.example")"), "");
  EXPECT_NE(with("d@c.example", good + R"(,"user":"u","tls":"if_offered")"), "") << "a password goes over TLS";
  EXPECT_NE(problem(R"({"url":"https://x.example","mail":{"server":"smtp://m.example"}})"), "") << "belongs to another channel";
}

TEST(Receiver, AnSmsGatewayIsATemplateWithPlaces) {
  EXPECT_EQ(problem(kSms), "");
  EXPECT_NE(problem(R"({"channel":"sms","target":"13800138000","sms":{"url":"https://s.example/{phone}"}})").find("{text}"), std::string::npos);
  EXPECT_NE(problem(R"({"channel":"sms","target":"110 or 1=1","sms":{"url":"https://s.example/{phone}/{text}"}})"), "");
  EXPECT_NE(problem(R"({"channel":"sms","target":"13800138000","sms":{"url":"https://s.example/{phone}/{text}","headers":{"X":"a\r\nb"}}})"), "");
}

TEST(Receiver, WantsByTypeAndLevel) {
  Receiver receiver = read(R"({"url":"https://x.example","types":["city.case."],"at_least":"orange"})").value();
  EXPECT_TRUE(wants(receiver, "city.case.new", Level::orange));
  EXPECT_FALSE(wants(receiver, "city.case.new", Level::yellow));
  EXPECT_FALSE(wants(receiver, "city.alarm.notify", Level::red));
  receiver.types.clear();
  EXPECT_TRUE(wants(receiver, "city.alarm.notify", Level::red));
  EXPECT_FALSE(wants(receiver, "city.alarm.raised", Level::red)) << "only who asks for it: its case is told already";
  receiver.types = {"city.alarm."};
  EXPECT_TRUE(wants(receiver, "city.alarm.raised", Level::red));
}

TEST(QuietHours, EndInTheMorningOfTheCitysOwnClock) {
  const Receiver receiver = read(R"({"url":"https://x.example","quiet":[{"below":"red","from":"22:00","to":"07:00"}]})").value();
  const auto until = [&](const char* text, Level level) { return quiet_until(receiver, level, at(text), kEight); };
  EXPECT_EQ(until("2022-08-22T23:30:00+08:00", Level::orange), at("2022-08-23T07:00:00+08:00"));
  EXPECT_EQ(until("2022-08-23T06:59:59+08:00", Level::none), at("2022-08-23T07:00:00+08:00"));
  EXPECT_EQ(until("2022-08-22T22:00:00+08:00", Level::yellow), at("2022-08-23T07:00:00+08:00")) << "the first minute";
  EXPECT_EQ(until("2022-08-22T21:59:59+08:00", Level::yellow), at("2022-08-22T21:59:59+08:00"));
  EXPECT_EQ(until("2022-08-23T07:00:00+08:00", Level::yellow), at("2022-08-23T07:00:00+08:00")) << "the end is not quiet";
  EXPECT_EQ(until("2022-08-23T03:00:00+08:00", Level::red), at("2022-08-23T03:00:00+08:00")) << "red goes at once";
}

TEST(QuietHours, DifferByLevelAndJoin) {
  const Receiver receiver =
      read(R"({"url":"https://x.example","quiet":[{"below":"orange","from":"20:00","to":"23:00"},{"below":"red","from":"22:00","to":"07:00"},{"below":"yellow","from":"12:00","to":"14:00"}]})").value();
  const auto until = [&](const char* text, Level level) { return quiet_until(receiver, level, at(text), kEight); };
  EXPECT_EQ(until("2022-08-22T21:00:00+08:00", Level::yellow), at("2022-08-23T07:00:00+08:00")) << "one spell ends in the other";
  EXPECT_EQ(until("2022-08-22T21:00:00+08:00", Level::orange), at("2022-08-22T21:00:00+08:00"));
  EXPECT_EQ(until("2022-08-22T12:30:00+08:00", Level::blue), at("2022-08-22T14:00:00+08:00"));
  EXPECT_EQ(until("2022-08-22T12:30:00+08:00", Level::yellow), at("2022-08-22T12:30:00+08:00"));
}

TEST(QuietHours, BadOnesAreRefused) {
  const auto with = [](const char* hours) { return problem(std::string(R"({"url":"https://x.example","quiet":[)") + hours + "]}"); };
  EXPECT_NE(with(R"({"from":"22:00","to":"22:00"})"), "");
  EXPECT_NE(with(R"({"from":"24:00","to":"07:00"})"), "");
  EXPECT_NE(with(R"({"from":"7:00","to":"08:00"})"), "");
  EXPECT_NE(with(R"({"below":"purple","from":"07:00","to":"08:00"})"), "");
  EXPECT_NE(with(R"({"from":"07:00"})"), "");
  const Receiver all = read(R"({"url":"https://x.example","quiet":[{"from":"00:00","to":"12:00"},{"from":"12:00","to":"00:00"}]})").value();
  const Time now = at("2022-08-22T06:00:00Z");
  EXPECT_LE(quiet_until(all, Level::none, now, kEight), now + std::chrono::hours(48)) << "two halves of a day do not hang the city";
}

TEST(Receiver, EscalationsHaveAStepAndATime) {
  const Receiver receiver = read(R"({"url":"https://x.example","escalation":{"step":2,"after":"15m"}})").value();
  EXPECT_EQ(receiver.step, 2);
  EXPECT_EQ(receiver.after, std::chrono::minutes(15));
  EXPECT_NE(problem(R"({"url":"https://x.example","escalation":{"step":1,"after":"15m"}})"), "");
  EXPECT_NE(problem(R"({"url":"https://x.example","escalation":{"step":2}})"), "");
  EXPECT_NE(problem(R"({"url":"https://x.example","escalation":{"step":2,"after":"5s"}})"), "");
}

}  // namespace
}  // namespace cityloop
