// SPDX-License-Identifier: Apache-2.0
// What each channel sends and what its answers mean, as pure functions: the sender (outbox.cc) only carries them. A receiver comes with
// its secrets read; nothing here puts one into a sentence that people see.
#pragma once

#include <string>
#include <string_view>

#include "core/notice_text.h"
#include "core/receiver.h"
#include "edge/http_client.h"

namespace cityloop {

struct OpenReceiver {
  Receiver how;
  std::string secret;
  std::string token;
};

// What became of one try.
struct Carried {
  bool delivered = false;
  bool final = false;        // trying again cannot help
  Millis retry_after{0};     // the receiver asks to be left alone this long
  std::string detail;
};

// 2xx is delivered; 410 is final; a Retry-After of seconds or of an HTTP date counts with any other.
Carried judge_http(const HttpAnswer& answer, Time now);
Millis retry_after_of(std::string_view header, Time now);

// Webhook: CloudEvents 1.0, `X-City-Notice` the stable id, `X-City-Signature` where there is a secret.
HttpCall webhook_call(const OpenReceiver& to, const Notice& notice, std::string_view source);

// Group robots of WeCom and DingTalk: markdown, at most 4096 and 20000 bytes of it as their manuals say
// (developer.work.weixin.qq.com/document/path/91770, open.dingtalk.com/document/robots/custom-robot-access).
inline constexpr std::size_t kWecomBytes = 4'096;
inline constexpr std::size_t kDingtalkBytes = 20'000;
std::string robot_markdown(const NoticeText& text, std::string_view language, std::size_t most);
HttpCall wecom_call(const OpenReceiver& to, const NoticeText& text);
// Signed with the secret: base64(HMAC-SHA256(secret, "<ms>\n<secret>")), which holds for an hour.
HttpCall dingtalk_call(const OpenReceiver& to, const NoticeText& text, Time now);
std::string dingtalk_sign(std::string_view secret, std::int64_t ms);
// Robots say HTTP 200 also when they refuse: `errcode` must be 0. Too many messages in a minute asks for a minute's rest.
Carried judge_robot(const HttpAnswer& answer, Time now);

// The gateway's request with the places filled in: percent-encoded in the address and in forms, escaped as a JSON string in JSON.
HttpCall sms_call(const OpenReceiver& to, const Notice& notice, const NoticeText& text);
Carried judge_sms(const SmsRequest& sms, const HttpAnswer& answer, Time now);

// A mail of RFC 5322 whose every header is one line of ASCII: `Message-ID` is the stable id, `References` the subject, so that a mail program
// shows one thread a case.
std::string mail_message(const Receiver& to, const Notice& notice, const NoticeText& text, Millis utc_offset);
std::string encoded_words(std::string_view utf8);  // RFC 2047, base64; ASCII without surprises as it is

std::string percent_encoded(std::string_view text);
std::string base64_of(std::string_view bytes);

}  // namespace cityloop
