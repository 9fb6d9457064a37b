// SPDX-License-Identifier: Apache-2.0
#include "core/receiver.h"

#include <algorithm>
#include <array>

#include "core/json.h"
#include "core/limits.h"

namespace cityloop {
namespace {

constexpr std::array<std::string_view, 5> kChannels{"webhook", "smtp", "wecom", "dingtalk", "sms"};
constexpr int kDay = 24 * 60;
constexpr std::string_view kWecomRobot = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send";
constexpr std::string_view kDingtalkRobot = "https://oapi.dingtalk.com/robot/send";

Error bad(std::string_view field, std::string_view sentence) {
  return fail(errors::kBadField, "`" + std::string(field) + "` " + std::string(sentence));
}

bool is_http(std::string_view url) { return url.starts_with("http://") || url.starts_with("https://"); }

// No blank or control character: such a text goes into request lines and headers.
bool is_one_word(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; });
}

bool is_one_line(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

bool consists_of(std::string_view text, std::string_view more) {
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || more.find(c) != more.npos;
  });
}

// What mail servers everywhere take: no quoted names, no address of letters beyond ASCII.
bool is_mailbox(std::string_view text) {
  const std::size_t at = text.find('@');
  return text.size() <= 254 && at != text.npos && at <= 64 && consists_of(text.substr(0, at), "!#$%&'*+-/=?^_`{|}~.") &&
         consists_of(text.substr(at + 1), ".-") && !text.substr(at + 1).starts_with('-');
}

bool is_phone(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  return text.size() >= 5 && text.size() <= 20 && text.find_first_not_of("0123456789") == text.npos;
}

Result<std::string> text_of(const json::object& body, std::string_view key, std::size_t most) {
  std::string text = TRY(want_string(body, key)).value_or("");
  if (text.size() > most) return bad(key, "is longer than " + std::to_string(most) + " bytes");
  return text;
}

// The object under `key`, empty when it is absent.
Result<json::object> object_of(const json::object& body, std::string_view key) {
  const json::value* value = body.if_contains(key);
  if (value == nullptr || value->is_null()) return json::object{};
  if (!value->is_object()) return fail(errors::kWrongType, "`" + std::string(key) + "` must be an object");
  return value->get_object();
}

Result<Level> level_at(const json::object& body, std::string_view key, Level fallback) {
  const auto text = TRY(want_string(body, key));
  if (!text) return fallback;
  const auto level = level_of(*text);
  if (!level || *level == Level::none) return bad(key, "must be blue, yellow, orange or red");
  return *level;
}

Result<SecretName> secret_at(const json::object& body, std::string_view key, Trust trust) {
  const json::object object = TRY(object_of(body, key));
  TRY(only_keys(object, {"env", "file"}, key));
  SecretName out;
  out.env = TRY(text_of(object, "env", 128));
  out.file = TRY(text_of(object, "file", 1'000));
  if (!out.env.empty() && !out.file.empty()) return bad(key, "names `env` or `file`, not both");
  if (!out.env.empty() && (!out.env.starts_with("CITYLOOP_") || !consists_of(out.env, "_")))
    return bad(key, "names an environment variable CITYLOOP_…");
  const bool plain = consists_of(out.file, "._-") && !out.file.starts_with('.');
  const bool path = out.file.starts_with('/') && is_one_line(out.file);
  if (!out.file.empty() && !plain && !(path && trust == Trust::configuration))
    return bad(key, "names a file in the data folder's `secrets`; a path may stand in the configuration only");
  return out;
}

Result<int> minutes_at(const json::object& body, std::string_view key) {
  const std::string text = TRY(need_string(body, key));
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4)) return bad(key, "must be HH:MM");
  const int minutes = std::stoi(text.substr(0, 2)) * 60 + std::stoi(text.substr(3));
  if (minutes >= kDay || text[3] > '5') return bad(key, "must be a time of day, HH:MM");
  return minutes;
}

Result<std::vector<QuietHours>> quiet_at(const json::object& body) {
  const json::value* list = body.if_contains("quiet");
  std::vector<QuietHours> out;
  if (list == nullptr || list->is_null()) return out;
  if (!list->is_array()) return fail(errors::kWrongType, "`quiet` must be a list");
  if (list->get_array().size() > 4) return bad("quiet", "has more than four entries");
  for (const json::value& item : list->get_array()) {
    if (!item.is_object()) return fail(errors::kWrongType, "`quiet` must be a list of objects");
    const json::object& hours = item.get_object();
    TRY(only_keys(hours, {"below", "from", "to"}, "quiet[]"));
    QuietHours one;
    one.below = TRY(level_at(hours, "below", Level::red));
    one.from = TRY(minutes_at(hours, "from"));
    one.to = TRY(minutes_at(hours, "to"));
    if (one.from == one.to) return bad("quiet", "begins and ends at the same minute");
    out.push_back(one);
  }
  return out;
}

Result<std::vector<std::string>> types_at(const json::object& body) {
  const json::value* list = body.if_contains("types");
  std::vector<std::string> out;
  if (list == nullptr || list->is_null()) return out;
  if (!list->is_array() || list->get_array().size() > 32) return fail(errors::kWrongType, "`types` must be a list of at most 32 texts");
  for (const json::value& item : list->get_array()) {
    if (!item.is_string() || item.get_string().size() > 128) return fail(errors::kWrongType, "`types` must be a list of texts");
    out.emplace_back(item.get_string());
  }
  return out;
}

Result<Millis> duration_at(const json::object& body, std::string_view key, Millis fallback, Millis least, Millis most) {
  const auto text = TRY(want_string(body, key));
  if (!text) return fallback;
  const auto duration = parse_duration(*text);
  if (!duration || *duration < least || *duration > most)
    return bad(key, "must be from " + format_duration(least) + " to " + format_duration(most));
  return *duration;
}

Result<void> read_escalation(const json::object& body, Receiver& out) {
  const json::object object = TRY(object_of(body, "escalation"));
  if (object.empty()) return {};
  TRY(only_keys(object, {"step", "after"}, "escalation"));
  const double step = TRY(need_number(object, "step"));
  if (step < 2 || step > 9 || step != static_cast<int>(step)) return bad("escalation", "has a step from 2 to 9");
  out.step = static_cast<int>(step);
  TRY(need_string(object, "after"));
  out.after = TRY(duration_at(object, "after", {}, std::chrono::minutes(1), limits::kEscalationMost));
  return {};
}

Result<void> read_mail(const json::object& body, Receiver& out) {
  const json::object object = TRY(object_of(body, "mail"));
  TRY(only_keys(object, {"server", "user", "from", "name", "tls"}, "mail"));
  if (out.channel != Channel::smtp) return object.empty() ? Result<void>{} : Result<void>(bad("mail", "belongs to the channel smtp"));
  if (!is_mailbox(out.target)) return bad("target", "must be a mailbox such as duty@city.example");
  out.mail.url = TRY(text_of(object, "server", limits::kTextBytes));
  if ((!out.mail.url.starts_with("smtp://") && !out.mail.url.starts_with("smtps://")) || !is_one_word(out.mail.url) ||
      out.mail.url.find('@') != std::string::npos)
    return bad("mail.server", "must be smtps://HOST:PORT or smtp://HOST:PORT");
  out.mail.user = TRY(text_of(object, "user", 254));
  out.mail.from = TRY(text_of(object, "from", 254));
  if (!is_mailbox(out.mail.from)) return bad("mail.from", "must be a mailbox");
  out.mail.name = TRY(text_of(object, "name", 200));
  if (!is_one_line(out.mail.name) || !is_one_line(out.mail.user)) return bad("mail", "has a control character");
  const std::string tls = TRY(text_of(object, "tls", 20));
  if (!tls.empty() && tls != "required" && tls != "if_offered") return bad("mail.tls", "must be required or if_offered");
  out.mail.tls_required = tls != "if_offered";
  if (!out.mail.tls_required && !out.mail.user.empty()) return bad("mail.tls", "must be required where a password is sent");
  if (!out.mail.user.empty() && !out.secret.is_given()) return bad("secret", "is needed: the password of `mail.user`");
  return {};
}

Result<void> read_sms(const json::object& body, Receiver& out) {
  const json::object object = TRY(object_of(body, "sms"));
  TRY(only_keys(object, {"method", "url", "type", "headers", "body", "ok", "most"}, "sms"));
  if (out.channel != Channel::sms) return object.empty() ? Result<void>{} : Result<void>(bad("sms", "belongs to the channel sms"));
  if (!is_phone(out.target)) return bad("target", "must be a phone number");
  SmsRequest& sms = out.sms;
  sms.method = TRY(want_string(object, "method")).value_or(sms.method);
  if (sms.method != "POST" && sms.method != "GET" && sms.method != "PUT") return bad("sms.method", "must be POST, PUT or GET");
  sms.url = TRY(text_of(object, "url", limits::kTextBytes));
  if (!is_http(sms.url) || !is_one_word(sms.url)) return bad("sms.url", "must start with http:// or https://");
  sms.type = TRY(want_string(object, "type")).value_or(sms.type);
  if (sms.type != "application/json" && sms.type != "application/x-www-form-urlencoded")
    return bad("sms.type", "must be application/json or application/x-www-form-urlencoded");
  sms.body = TRY(text_of(object, "body", limits::kTextBytes));
  const json::object headers = TRY(object_of(object, "headers"));
  for (const auto& [name, value] : headers) {
    if (!value.is_string() || !consists_of(name, "-") || !is_one_line(value.get_string())) return bad("sms.headers", "are names with one line of text each");
    sms.headers.emplace(name, value.get_string());
  }
  const json::object ok = TRY(object_of(object, "ok"));
  TRY(only_keys(ok, {"field", "value"}, "sms.ok"));
  sms.ok_field = TRY(text_of(ok, "field", 128));
  sms.ok_value = TRY(text_of(ok, "value", 128));
  const double most = TRY(want_number(object, "most")).value_or(sms.most);
  if (most < 20 || most > 1'000) return bad("sms.most", "must be from 20 to 1000");
  sms.most = static_cast<int>(most);
  if ((sms.url + sms.body).find("{phone}") == std::string::npos || (sms.url + sms.body).find("{text}") == std::string::npos)
    return bad("sms", "must have a place for {phone} and one for {text}");
  return {};
}

// Robots: what opens their door is a secret and stands in no address.
Result<void> read_robot(Receiver& out) {
  if (out.channel == Channel::wecom) {
    if (out.target.empty()) out.target = kWecomRobot;
    if (!out.secret.is_given()) return bad("secret", "is needed: the robot's key");
    if (out.target.find("key=") != std::string::npos) return bad("target", "must not hold the robot's key; name it as `secret`");
  } else if (out.channel == Channel::dingtalk) {
    if (out.target.empty()) out.target = kDingtalkRobot;
    if (!out.token.is_given()) return bad("token", "is needed: the robot's access token");
    if (out.target.find("access_token=") != std::string::npos) return bad("target", "must not hold the access token; name it as `token`");
  }
  return {};
}

bool goes_by_http(Channel channel) { return channel == Channel::webhook || channel == Channel::wecom || channel == Channel::dingtalk; }

std::string clock_text(int minutes) {
  const auto two = [](int number) { return std::string(number < 10 ? "0" : "") + std::to_string(number); };
  return two(minutes / 60) + ":" + two(minutes % 60);
}

json::object secret_doc(const SecretName& name) {
  return name.env.empty() ? json::object{{"file", name.file}} : json::object{{"env", name.env}};
}

bool covers(const QuietHours& hours, int minute) {
  return hours.from < hours.to ? minute >= hours.from && minute < hours.to : minute >= hours.from || minute < hours.to;
}

}  // namespace

std::string_view channel_name(Channel channel) { return kChannels[static_cast<std::size_t>(channel)]; }

std::optional<Channel> channel_of(std::string_view name) {
  const auto found = std::ranges::find(kChannels, name);
  if (found == kChannels.end()) return std::nullopt;
  return static_cast<Channel>(found - kChannels.begin());
}

Result<Receiver> parse_receiver(const json::object& body, std::string_view name, Trust trust) {
  TRY(only_keys(body, {"name", "channel", "target", "url", "area", "types", "at_least", "language", "quiet", "give_up_after",
                       "escalation", "secret", "token", "ca_file", "mail", "sms"}, ""));
  Receiver out;
  out.name = name.empty() ? TRY(need_string(body, "name")) : std::string(name);
  if (out.name.empty() || out.name.size() > 64 || !is_one_line(out.name)) return bad("name", "must be one line of at most 64 bytes");
  const std::string channel = TRY(want_string(body, "channel")).value_or("webhook");
  const auto known = channel_of(channel);
  if (!known) return bad("channel", "must be webhook, smtp, wecom, dingtalk or sms");
  out.channel = *known;
  out.target = TRY(text_of(body, "target", limits::kTextBytes));
  if (out.target.empty()) out.target = TRY(text_of(body, "url", limits::kTextBytes));
  if (out.target.empty() && out.channel != Channel::wecom && out.channel != Channel::dingtalk)
    return fail(errors::kMissingField, out.channel == Channel::webhook && !body.contains("channel") ? "url" : "target");
  out.area = TRY(text_of(body, "area", limits::kAssetIdBytes));
  out.types = TRY(types_at(body));
  out.least = TRY(level_at(body, "at_least", Level::none));
  out.language = TRY(want_string(body, "language")).value_or("zh");
  if (out.language != "zh" && out.language != "en") return bad("language", "must be zh or en");
  out.quiet = TRY(quiet_at(body));
  out.give_up_after = TRY(duration_at(body, "give_up_after", limits::kNoticeGiveUp, std::chrono::minutes(1), limits::kNoticeGiveUpMost));
  TRY(read_escalation(body, out));
  out.secret = TRY(secret_at(body, "secret", trust));
  out.token = TRY(secret_at(body, "token", trust));
  out.ca_file = TRY(text_of(body, "ca_file", 1'000));
  if (!out.ca_file.empty() && trust != Trust::configuration) return bad("ca_file", "may stand in the configuration only");
  TRY(read_robot(out));
  TRY(read_mail(body, out));
  TRY(read_sms(body, out));
  if (goes_by_http(out.channel) && (!is_http(out.target) || !is_one_word(out.target)))
    return bad(body.contains("url") ? "url" : "target", "must start with http:// or https://");
  return out;
}

std::string receiver_doc(const Receiver& receiver) {
  const json::array types(receiver.types.begin(), receiver.types.end());
  json::object out{{"name", receiver.name}, {"channel", channel_name(receiver.channel)}, {"target", receiver.target}};
  out["url"] = goes_by_http(receiver.channel) ? receiver.target : "";
  out["area"] = receiver.area;
  out["types"] = types;
  if (receiver.least != Level::none) out["at_least"] = level_name(receiver.least);
  out["language"] = receiver.language;
  json::array quiet;
  for (const QuietHours& hours : receiver.quiet)
    quiet.push_back({{"below", level_name(hours.below)}, {"from", clock_text(hours.from)}, {"to", clock_text(hours.to)}});
  out["quiet"] = std::move(quiet);
  out["give_up_after"] = format_duration(receiver.give_up_after);
  if (receiver.step > 1) out["escalation"] = {{"step", receiver.step}, {"after", format_duration(receiver.after)}};
  if (receiver.secret.is_given()) out["secret"] = secret_doc(receiver.secret);
  if (receiver.token.is_given()) out["token"] = secret_doc(receiver.token);
  if (!receiver.ca_file.empty()) out["ca_file"] = receiver.ca_file;
  if (receiver.channel == Channel::smtp) {
    const MailServer& mail = receiver.mail;
    out["mail"] = {{"server", mail.url}, {"user", mail.user}, {"from", mail.from}, {"name", mail.name},
                   {"tls", mail.tls_required ? "required" : "if_offered"}};
  }
  if (receiver.channel == Channel::sms) {
    const SmsRequest& sms = receiver.sms;
    json::object headers;
    for (const auto& [name, value] : sms.headers) headers[name] = value;
    out["sms"] = {{"method", sms.method}, {"url", sms.url}, {"type", sms.type}, {"headers", headers}, {"body", sms.body},
                  {"ok", {{"field", sms.ok_field}, {"value", sms.ok_value}}}, {"most", sms.most}};
  }
  return json::serialize(out);
}

bool wants(const Receiver& receiver, std::string_view type, Level level) {
  if (level < receiver.least) return false;
  if (receiver.types.empty()) return type != "city.alarm.raised";
  return std::ranges::any_of(receiver.types, [&](const std::string& prefix) { return type.starts_with(prefix); });
}

Time quiet_until(const Receiver& receiver, Level level, Time at, Millis utc_offset) {
  constexpr Millis kMinute = std::chrono::minutes(1);
  Time until = at;
  // One spell may end inside another; together they are shorter than a day, or nothing would ever go.
  for (bool moved = true; moved && until - at < std::chrono::hours(24);) {
    moved = false;
    for (const QuietHours& hours : receiver.quiet) {
      const Time local = until + utc_offset;
      const auto day = std::chrono::floor<std::chrono::days>(local);
      const int minute = static_cast<int>((local - day) / kMinute);
      if (level >= hours.below || !covers(hours, minute)) continue;
      const bool tomorrow = hours.to <= minute;
      until = Time{day} + kMinute * (hours.to + (tomorrow ? kDay : 0)) - utc_offset;
      moved = true;
    }
  }
  return until;
}

}  // namespace cityloop
