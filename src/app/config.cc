// SPDX-License-Identifier: Apache-2.0
#include "app/config.h"

#include <fstream>
#include <sstream>

#include "app/receivers.h"
#include "core/json.h"

namespace cityloop {

Result<Address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return fail(errors::kUsage, "an address is HOST:PORT, got `" + std::string(text) + "`");
  std::string host(text.substr(0, colon));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) host = "127.0.0.1";
  unsigned long port = 0;
  const std::string digits(text.substr(colon + 1));
  if (digits.empty() || digits.size() > 5 || digits.find_first_not_of("0123456789") != std::string::npos || (port = std::stoul(digits)) > 65535)
    return fail(errors::kUsage, "the port in `" + std::string(text) + "` is not 0 to 65535");
  return Address{std::move(host), static_cast<std::uint16_t>(port)};
}

namespace {

Result<std::uint64_t> whole(const json::object& object, std::string_view key, std::uint64_t fallback, std::uint64_t most) {
  const auto value = TRY(want_number(object, key));
  if (!value) return fallback;
  if (*value < 1 || *value > static_cast<double>(most) || *value != static_cast<double>(static_cast<std::uint64_t>(*value)))
    return fail(errors::kBadField, std::string(key) + " must be a whole number from 1 to " + std::to_string(most));
  return static_cast<std::uint64_t>(*value);
}

}  // namespace

Result<Config> parse_config(std::string_view text) {
  const json::value parsed = TRY(parse_jsonc(text));
  if (!parsed.is_object()) return fail(errors::kWrongType, "the configuration must be one object");
  const json::object& object = parsed.as_object();
  TRY(only_keys(object,
                {"http", "mqtt", "tls", "packs", "web", "geo", "sources", "calendar", "store", "root_area",
                 "utc_offset_hours", "threads", "checkpoint_every", "log", "retention",
                 "public_url", "receivers"},
                "the configuration"));
  Config out;
  if (const auto http = TRY(want_string(object, "http"))) out.http = TRY(parse_address(*http));
  if (const auto mqtt = TRY(want_string(object, "mqtt"))) out.mqtt = TRY(parse_address(*mqtt));
  if (const json::value* tls = object.if_contains("tls"); tls && tls->is_object()) {
    TRY(only_keys(tls->as_object(), {"certificate", "key"}, "tls"));
    out.tls_certificate = TRY(need_string(tls->as_object(), "certificate"));
    out.tls_key = TRY(need_string(tls->as_object(), "key"));
  }
  out.packs = TRY(want_string(object, "packs")).value_or("");
  out.web = TRY(want_string(object, "web")).value_or("");
  out.geo = TRY(want_string(object, "geo")).value_or("");
  out.sources = TRY(want_string(object, "sources")).value_or("");
  out.calendar = TRY(want_string(object, "calendar")).value_or("");
  out.store = TRY(want_string(object, "store")).value_or("");
  if (const json::value* root = object.if_contains("root_area"); root && root->is_object()) {
    TRY(only_keys(root->as_object(), {"code", "name"}, "root_area"));
    out.root_area = TRY(need_string(root->as_object(), "code"));
    out.root_name = TRY(need_string(root->as_object(), "name"));
  }
  if (const auto hours = TRY(want_number(object, "utc_offset_hours"))) {
    if (*hours < -14 || *hours > 14) return fail(errors::kBadField, "utc_offset_hours must be between -14 and 14");
    out.utc_offset = Millis{static_cast<std::int64_t>(*hours * 3'600'000)};
  }
  out.threads = static_cast<int>(TRY(whole(object, "threads", 2, 64)));
  if (const auto every = TRY(want_string(object, "checkpoint_every"))) out.checkpoint_every = TRY(parse_duration(*every));
  if (const json::value* retention = object.if_contains("retention"); retention && retention->is_object()) {
    TRY(only_keys(retention->as_object(), {"contact"}, "retention"));
    if (const auto contact = TRY(want_string(retention->as_object(), "contact"))) out.contact_kept = TRY(parse_duration(*contact));
  }
  if (const json::value* log = object.if_contains("log"); log && log->is_object()) {
    TRY(only_keys(log->as_object(), {"level", "megabytes", "files"}, "log"));
    out.log_level = TRY(want_string(log->as_object(), "level")).value_or("info");
    out.log_megabytes = TRY(whole(log->as_object(), "megabytes", 20, 10'000));
    out.log_files = TRY(whole(log->as_object(), "files", 10, 1'000));
  }
  out.public_url = TRY(want_string(object, "public_url")).value_or("");
  while (out.public_url.ends_with('/')) out.public_url.pop_back();
  if (!out.public_url.empty() && !out.public_url.starts_with("https://") && !out.public_url.starts_with("http://"))
    return fail(errors::kBadField, "public_url must start with https:// or http://");
  if (const json::value* receivers = object.if_contains("receivers")) {
    if (!receivers->is_array()) return fail(errors::kWrongType, "receivers must be a list");
    for (const json::value& value : receivers->as_array()) out.receivers.push_back(TRY(configured_receiver(value)));
  }
  return out;
}

Result<Config> load_config(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail(errors::kUsage, "cannot read the configuration " + path);
  std::stringstream text;
  text << file.rdbuf();
  auto config = parse_config(text.str());
  if (!config) return fail(*config.error().code, path + ": " + config.error().detail);
  return config;
}

}  // namespace cityloop
