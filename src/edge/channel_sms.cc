// SPDX-License-Identifier: Apache-2.0
// An SMS gateway, as its one HTTP request is described in the configuration.
#include "core/json.h"
#include "edge/channel.h"

namespace cityloop {
namespace {

using Escape = std::string (*)(std::string_view);

std::string as_it_is(std::string_view text) { return std::string(text); }

std::string in_json(std::string_view text) {
  const std::string quoted = json::serialize(json::value(text));
  return quoted.substr(1, quoted.size() - 2);
}

struct Places {
  std::string_view phone, text, id, secret, token;
};

// One walk, so that what is filled in is never looked at again.
std::string filled(std::string_view form, const Places& places, Escape escape) {
  const std::pair<std::string_view, std::string_view> known[] = {
      {"{phone}", places.phone}, {"{text}", places.text}, {"{id}", places.id}, {"{secret}", places.secret}, {"{token}", places.token}};
  std::string out;
  while (!form.empty()) {
    bool hit = false;
    for (const auto& [place, value] : known) {
      if (!form.starts_with(place)) continue;
      out += escape(value);
      form.remove_prefix(place.size());
      hit = true;
      break;
    }
    if (hit) continue;
    out.push_back(form.front());
    form.remove_prefix(1);
  }
  return out;
}

}  // namespace

HttpCall sms_call(const OpenReceiver& to, const Notice& notice, const NoticeText& text) {
  const SmsRequest& sms = to.how.sms;
  const std::string words = short_text(text, static_cast<std::size_t>(sms.most));
  const Places places{to.how.target, words, notice.id, to.secret, to.token};
  HttpCall call;
  call.method = sms.method;
  call.url = filled(sms.url, places, percent_encoded);
  for (const auto& [name, value] : sms.headers) call.headers.emplace_back(name, filled(value, places, as_it_is));
  if (!sms.body.empty()) {
    call.headers.emplace_back("Content-Type", sms.type + "; charset=utf-8");
    call.body = filled(sms.body, places, sms.type == "application/json" ? in_json : percent_encoded);
  }
  return call;
}

Carried judge_sms(const SmsRequest& sms, const HttpAnswer& answer, Time now) {
  Carried out = judge_http(answer, now);
  if (!out.delivered || sms.ok_field.empty()) return out;
  const auto said = parse_json(answer.body);
  const json::value* value = said && said->is_object() ? said->get_object().if_contains(sms.ok_field) : nullptr;
  const std::string found = value == nullptr ? "" : value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
  out.delivered = found == sms.ok_value;
  out.detail = value == nullptr ? "the gateway's answer has no " + sms.ok_field : sms.ok_field + " " + cut_bytes(found, 200);
  return out;
}

}  // namespace cityloop
