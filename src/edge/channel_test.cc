// SPDX-License-Identifier: Apache-2.0
#include "edge/channel.h"

#include <gtest/gtest.h>

#include "core/json.h"
#include "edge/outbox.h"

namespace cityloop {
namespace {

Notice dispatched(const std::string& title = "化粪池气体") {
  Notice notice;
  notice.id = "5001062022082200001:2";
  notice.subject = "5001062022082200001";
  notice.type = "city.case.dispatched";
  notice.level = Level::red;
  notice.data = json::serialize(json::object{{"no", notice.subject}, {"title", title}});
  return notice;
}
NoticeText text_of(const Notice& notice, const char* language = "zh") { return notice_text(notice, language, std::chrono::hours(8)); }

OpenReceiver receiver(const std::string& body, std::string secret = "", std::string token = "") {
  return {parse_receiver(parse_json(body).value().as_object(), "r", Trust::configuration).value(), std::move(secret), std::move(token)};
}
HttpAnswer answer(int status, std::string body = "", std::map<std::string, std::string, std::less<>> headers = {}) {
  return HttpAnswer{status, std::move(headers), std::move(body)};
}
const Time kNow = parse_time("2022-08-22T06:00:00Z").value();

TEST(Channel, HttpAnswers) {
  EXPECT_TRUE(judge_http(answer(204), kNow).delivered);
  EXPECT_FALSE(judge_http(answer(302), kNow).delivered) << "nobody follows a redirect";
  EXPECT_FALSE(judge_http(answer(500), kNow).delivered);
  EXPECT_FALSE(judge_http(answer(500), kNow).final);
  EXPECT_TRUE(judge_http(answer(410), kNow).final);
  EXPECT_EQ(judge_http(answer(503, "", {{"retry-after", "120"}}), kNow).retry_after, std::chrono::minutes(2));
  EXPECT_EQ(judge_http(answer(429, "", {{"retry-after", "Mon, 22 Aug 2022 06:00:30 GMT"}}), kNow).retry_after, std::chrono::seconds(30));
  EXPECT_EQ(retry_after_of("Mon, 22 Aug 2022 05:00:00 GMT", kNow), Millis{0}) << "over already";
  EXPECT_EQ(retry_after_of("soon", kNow), Millis{0});
  EXPECT_EQ(retry_after_of("-5", kNow), Millis{0});
  EXPECT_EQ(retry_after_of("99999999999", kNow), std::chrono::hours(24));
}

TEST(Channel, AWebhookIsACloudEventWithItsId) {
  const OpenReceiver to = receiver(R"({"url":"https://duty.example/hook"})", "key");
  const HttpCall call = webhook_call(to, dispatched(), "/cityloop");
  EXPECT_EQ(call.body, cloud_event(dispatched(), "/cityloop"));
  const std::vector<std::pair<std::string, std::string>> headers{{"Content-Type", "application/cloudevents+json; charset=utf-8"},
                                                                 {"X-City-Notice", "5001062022082200001%3A2"},
                                                                 {"X-City-Signature", signature_of("key", call.body)}};
  EXPECT_EQ(call.headers, headers);
}

TEST(Channel, WecomTakesMarkdownAndItsKeyInTheAddress) {
  const OpenReceiver to = receiver(R"({"channel":"wecom","secret":{"env":"CITYLOOP_R"}})", "key/1");
  const HttpCall call = wecom_call(to, text_of(dispatched()));
  EXPECT_EQ(call.url, "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=key%2F1");
  const json::object body = parse_json(call.body)->as_object();
  EXPECT_EQ(body.at("msgtype"), "markdown");
  const std::string content(body.at("markdown").at("content").as_string());
  EXPECT_TRUE(content.starts_with("### 【红色Ⅰ级】派单\uFF1A化粪池气体\n")) << content;
  EXPECT_NE(content.find("\n> 编号\uFF1A5001062022082200001\n"), std::string::npos) << content;
}

TEST(Channel, RobotsGetNoMoreBytesThanTheyTakeAndTheLinkWhole) {
  NoticeText text = text_of(dispatched());
  for (int i = 0; i < 100; ++i) text.lines.emplace_back("说明", std::string("长长长长长长长长长长长长长长长长长长长长长长长长"));
  text.link = "https://c.example/n/1";
  const std::string content = robot_markdown(text, "zh", kWecomBytes);
  EXPECT_LE(content.size(), kWecomBytes);
  EXPECT_GT(content.size(), kWecomBytes - 10);
  EXPECT_TRUE(content.ends_with("…\n\n[确认已读](https://c.example/n/1)")) << content.substr(content.size() - 80);
}

TEST(Channel, WhatPeopleWroteIsNoMarkdown) {
  const std::string content = robot_markdown(text_of(dispatched("[查看](http://evil.example) <@all> **x** `y` # z")), "zh", kWecomBytes);
  for (const char* sign : {"[", "](", "<@", "**", "`"}) EXPECT_EQ(content.find(sign), std::string::npos) << sign << " in " << content;
  EXPECT_NE(content.find("查看"), std::string::npos);
}

TEST(Channel, DingtalkSignsTheMoment) {
  // echo -en '1661148000000\nSECabc' | openssl dgst -sha256 -hmac SECabc -binary | base64
  EXPECT_EQ(dingtalk_sign("SECabc", 1'661'148'000'000), "AFSgOorvZ3ciAHKHxo3Y5g68dHUjwqdh+OgyTEHtAqw=");
  const OpenReceiver to = receiver(R"({"channel":"dingtalk","token":{"env":"CITYLOOP_T"},"secret":{"env":"CITYLOOP_S"}})", "SECabc", "tok");
  const HttpCall call = dingtalk_call(to, text_of(dispatched()), kNow);
  EXPECT_EQ(call.url, "https://oapi.dingtalk.com/robot/send?access_token=tok&timestamp=1661148000000&sign=" + percent_encoded("AFSgOorvZ3ciAHKHxo3Y5g68dHUjwqdh+OgyTEHtAqw="));
  const json::object body = parse_json(call.body)->as_object();
  EXPECT_EQ(body.at("markdown").at("title"), "【红色Ⅰ级】派单\uFF1A化粪池气体");
  const OpenReceiver open = receiver(R"({"channel":"dingtalk","token":{"env":"CITYLOOP_T"}})", "", "tok");
  EXPECT_EQ(dingtalk_call(open, text_of(dispatched()), kNow).url, "https://oapi.dingtalk.com/robot/send?access_token=tok");
}

TEST(Channel, ARobotsRefusalComesWithHttp200) {
  EXPECT_TRUE(judge_robot(answer(200, R"({"errcode":0,"errmsg":"ok"})"), kNow).delivered);
  const Carried refused = judge_robot(answer(200, R"({"errcode":93000,"errmsg":"invalid webhook url"})"), kNow);
  EXPECT_FALSE(refused.delivered);
  EXPECT_EQ(refused.detail, "errcode 93000 invalid webhook url");
  EXPECT_EQ(refused.retry_after, Millis{0});
  EXPECT_EQ(judge_robot(answer(200, R"({"errcode":45009,"errmsg":"api freq out of limit"})"), kNow).retry_after, std::chrono::minutes(1));
  EXPECT_EQ(judge_robot(answer(200, R"({"errcode":130101,"errmsg":"send too fast"})"), kNow).retry_after, std::chrono::minutes(1));
  for (const char* body : {"", "ok", "{}", R"({"errcode":"0"})", "[0]"}) EXPECT_FALSE(judge_robot(answer(200, body), kNow).delivered) << body;
  EXPECT_FALSE(judge_robot(answer(502, R"({"errcode":0})"), kNow).delivered);
}

TEST(Channel, AnSmsIsEscapedForWhereItStands) {
  const OpenReceiver json_gateway = receiver(
      R"({"channel":"sms","target":"+8613800138000","sms":{"url":"https://s.example/send?id={id}","headers":{"Authorization":"Bearer {secret}"},"body":"{\"to\":\"{phone}\",\"text\":\"{text}\",\"sign\":\"{token}\"}"}})",
      "s3", "t\"k");
  const HttpCall call = sms_call(json_gateway, dispatched("a\"b\\c {phone}"), text_of(dispatched("a\"b\\c {phone}")));
  EXPECT_EQ(call.url, "https://s.example/send?id=5001062022082200001%3A2");
  EXPECT_EQ(call.headers[0], (std::pair<std::string, std::string>("Authorization", "Bearer s3")));
  const auto body = parse_json(call.body);
  ASSERT_TRUE(body.has_value()) << call.body;
  EXPECT_EQ(body->at("to"), "+8613800138000");
  EXPECT_EQ(body->at("sign"), "t\"k");
  const std::string words(body->at("text").as_string());
  EXPECT_NE(words.find("a\"b\\c {phone}"), std::string::npos) << "a title is never a template: " << words;

  const OpenReceiver form = receiver(
      R"({"channel":"sms","target":"13800138000","sms":{"method":"POST","url":"https://s.example/send","type":"application/x-www-form-urlencoded","body":"to={phone}&text={text}","most":40}})");
  const HttpCall posted = sms_call(form, dispatched("a&to=1"), text_of(dispatched("a&to=1")));
  EXPECT_TRUE(posted.body.starts_with("to=13800138000&text=%E3%80%90")) << posted.body;
  EXPECT_EQ(posted.body.find("&to=1"), std::string::npos) << posted.body;
  EXPECT_EQ(posted.body.find_first_of("\r\n "), std::string::npos);

  const OpenReceiver get = receiver(R"({"channel":"sms","target":"13800138000","sms":{"method":"GET","url":"https://s.example/send?to={phone}&text={text}"}})");
  const HttpCall got = sms_call(get, dispatched("a b#c"), text_of(dispatched("a b#c")));
  EXPECT_TRUE(parse_http_url(got.url).has_value()) << got.url;
  EXPECT_NE(got.url.find("a%20b%23c"), std::string::npos) << got.url;
  EXPECT_TRUE(got.body.empty());
}

TEST(Channel, AGatewayMaySayNoWithHttp200) {
  SmsRequest sms;
  EXPECT_TRUE(judge_sms(sms, answer(200, "whatever"), kNow).delivered);
  sms.ok_field = "code";
  sms.ok_value = "0";
  EXPECT_TRUE(judge_sms(sms, answer(200, R"({"code":0})"), kNow).delivered);
  EXPECT_TRUE(judge_sms(sms, answer(200, R"({"code":"0"})"), kNow).delivered);
  EXPECT_EQ(judge_sms(sms, answer(200, R"({"code":"isv.BUSINESS_LIMIT_CONTROL"})"), kNow).detail, "code isv.BUSINESS_LIMIT_CONTROL");
  EXPECT_FALSE(judge_sms(sms, answer(200, "{}"), kNow).delivered);
  EXPECT_FALSE(judge_sms(sms, answer(200, "no"), kNow).delivered);
  EXPECT_FALSE(judge_sms(sms, answer(500, R"({"code":0})"), kNow).delivered);
}

}  // namespace
}  // namespace cityloop
