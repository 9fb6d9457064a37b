// SPDX-License-Identifier: Apache-2.0
// Group robots of WeCom and DingTalk.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "core/json.h"
#include "edge/channel.h"

namespace cityloop {
namespace {

constexpr Millis kRobotRest = std::chrono::minutes(1);  // twenty messages a minute, both say

// What citizens and sensors wrote must not become a link, a mention or a heading: the signs that markdown reads go in full width.
std::string tame(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "\uFF1C"; break;
      case '>': out += "\uFF1E"; break;
      case '[': out += "\uFF3B"; break;
      case ']': out += "\uFF3D"; break;
      case '*': out += "\uFF0A"; break;
      case '`': out += "'"; break;
      case '#': out += "\uFF03"; break;
      case '@': out += "\uFF20"; break;
      case '\\': out += "\uFF3C"; break;
      default: out.push_back(c);
    }
  }
  return out;
}

bool is_rest_asked(std::int64_t errcode) {
  return errcode == 45009 || errcode == 130101 || errcode == 90018;  // too many calls: WeCom; DingTalk's robot; DingTalk
}

}  // namespace

std::string robot_markdown(const NoticeText& text, std::string_view language, std::size_t most) {
  const bool zh = language != "en";
  const std::string tail =
      text.link.empty() ? "" : "\n\n[" + std::string(zh ? "确认已读" : "Confirm that you have read it") + "](" + text.link + ")";
  std::string out = "### " + tame(text.title) + "\n";
  for (const auto& [label, value] : text.lines) out += "\n> " + tame(label) + (zh ? "\uFF1A" : ": ") + tame(value) + "\n";
  return cut_bytes(out, most > tail.size() ? most - tail.size() : 0) + tail;
}

HttpCall wecom_call(const OpenReceiver& to, const NoticeText& text) {
  HttpCall call;
  call.method = "POST";
  call.url = to.how.target + (to.how.target.find('?') == std::string::npos ? "?" : "&") + "key=" + percent_encoded(to.secret);
  call.headers = {{"Content-Type", "application/json; charset=utf-8"}};
  call.body = json::serialize(json::object{
      {"msgtype", "markdown"}, {"markdown", {{"content", robot_markdown(text, to.how.language, kWecomBytes)}}}});
  return call;
}

std::string dingtalk_sign(std::string_view secret, std::int64_t ms) {
  const std::string text = std::to_string(ms) + "\n" + std::string(secret);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       digest.data(), &size);
  return base64_of({reinterpret_cast<const char*>(digest.data()), size});
}

HttpCall dingtalk_call(const OpenReceiver& to, const NoticeText& text, Time now) {
  HttpCall call;
  call.method = "POST";
  call.url = to.how.target + (to.how.target.find('?') == std::string::npos ? "?" : "&") + "access_token=" + percent_encoded(to.token);
  if (!to.secret.empty())
    call.url += "&timestamp=" + std::to_string(to_ms(now)) + "&sign=" + percent_encoded(dingtalk_sign(to.secret, to_ms(now)));
  call.headers = {{"Content-Type", "application/json; charset=utf-8"}};
  call.body = json::serialize(
      json::object{{"msgtype", "markdown"},
                   {"markdown", {{"title", text.title}, {"text", robot_markdown(text, to.how.language, kDingtalkBytes)}}}});
  return call;
}

Carried judge_robot(const HttpAnswer& answer, Time now) {
  Carried out = judge_http(answer, now);
  if (!out.delivered) return out;
  out.delivered = false;
  const auto said = parse_json(answer.body);
  const json::value* code = said && said->is_object() ? said->get_object().if_contains("errcode") : nullptr;
  if (code == nullptr || !code->is_int64()) {
    out.detail = "the robot's answer has no errcode";
    return out;
  }
  const std::int64_t errcode = code->get_int64();
  out.delivered = errcode == 0;
  out.detail = "errcode " + std::to_string(errcode);
  if (!out.delivered) out.detail += " " + cut_bytes(text_or(said->get_object(), "errmsg"), 200);
  if (is_rest_asked(errcode)) out.retry_after = kRobotRest;
  return out;
}

}  // namespace cityloop
