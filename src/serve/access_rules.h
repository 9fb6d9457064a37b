// SPDX-License-Identifier: Apache-2.0
// The small checks that the actions of Access share. Of this room only.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "core/json.h"
#include "core/limits.h"
#include "serve/access.h"

namespace cityloop::access_rules {

// Names of users, tokens and credentials: they stand in URLs, principals and logs.
inline bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

inline bool is_digest(std::string_view hex) {  // SHA-256, lower-case hex
  return hex.size() == 64 && std::all_of(hex.begin(), hex.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

inline bool is_area_code(std::string_view code) {
  return code.size() <= 32 && std::all_of(code.begin(), code.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
  });
}

inline bool is_password_hash(std::string_view phc) { return phc.starts_with("$argon2id$") && phc.size() <= 256; }

inline bool is_officer(Role role) { return role == Role::admin || role == Role::security_admin || role == Role::audit_admin; }
inline bool has(const std::vector<Role>& roles, Role role) { return std::find(roles.begin(), roles.end(), role) != roles.end(); }
inline bool may_govern(const Actor& actor) { return actor.is(Role::admin) || actor.is(Role::security_admin); }

inline Result<json::object> object_of_body(const ActionIn& in) {
  json::value value = TRY(parse_json(in.body.empty() ? "{}" : in.body));
  if (!value.is_object()) return fail(errors::kWrongType, "the body must be a JSON object");
  return std::move(value.get_object());
}

inline Result<std::string> short_text(const json::object& in, std::string_view key, std::string fallback) {
  auto text = TRY(want_string(in, key));
  if (!text) return fallback;
  if (text->size() > 200) return fail(errors::kBadField, "`" + std::string(key) + "` is longer than 200 bytes");
  return *text;
}

}  // namespace cityloop::access_rules
