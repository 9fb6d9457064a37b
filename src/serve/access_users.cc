// SPDX-License-Identifier: Apache-2.0
#include "core/json_write.h"
#include "serve/access.h"
#include "serve/access_rules.h"
#include "serve/initials.h"

namespace cityloop {

using namespace access_rules;

namespace {

Result<std::vector<Role>> roles_in(const json::object& in, const std::vector<Role>& fallback) {
  const json::value* value = in.if_contains("roles");
  if (value == nullptr || value->is_null()) return fallback;
  if (!value->is_array()) return fail(errors::kWrongType, "`roles` must be an array");
  std::vector<Role> roles;
  for (const json::value& item : value->get_array()) {
    const auto role = item.is_string() ? role_of(item.get_string()) : std::nullopt;
    if (!role || *role == Role::device) return fail(errors::kBadField, "`roles` names a role that no person can have");
    if (!has(roles, *role)) roles.push_back(*role);
  }
  std::sort(roles.begin(), roles.end());
  return roles;
}

Result<void> check_roles(const User& user) {
  if (user.roles.empty()) return fail(errors::kBadField, "a user needs at least one role");
  if (std::count_if(user.roles.begin(), user.roles.end(), is_officer) > 1)
    return fail(errors::kBadField, "admin, security_admin and audit_admin are three different people");
  if ((has(user.roles, Role::unit_desk) || has(user.roles, Role::handler)) && user.unit.empty())
    return fail(errors::kMissingField, "unit_desk and handler need `unit`");
  return {};
}

// What an account may be raised to by whom: only an admin makes, changes or unlocks an admin.
bool may_touch_roles(const Actor& actor, const std::vector<Role>& roles) {
  return actor.is(Role::admin) || !has(roles, Role::admin);
}

}  // namespace

std::string doc_of(const User& user) {
  JsonWriter out;
  out.begin_object().member("name", user.name).member("person", user.person).key("roles").begin_array();
  for (const Role role : user.roles) out.value(role_name(role));
  out.end_array().member("area", user.area).member("unit", user.unit).member("enabled", user.enabled);
  out.member("must_change", user.must_change).member("has_password", !user.password.empty()).member("rev", user.rev);
  return out.end_object().take();
}

void Access::emit(const User& user, Change& c) const {
  std::string roles = ",";
  for (const Role role : user.roles) roles += std::string(role_name(role)) + ",";
  c.city.emit("user.put", c.actor.id,
              RowPut{"users", user.name, user.area,
                     {{"unit", user.unit}, {"enabled", user.enabled ? "1" : "0"}, {"roles", roles},
                      {"words", serve::searchable(user.name + " " + user.person)}},
                     doc_of(user)});
}

Result<User*> Access::governed(const Change& c) {
  if (!may_govern(c.actor)) return fail(errors::kForbidden, "users are kept by admin or security_admin");
  const auto user = table_.users.find(c.in.subject);
  if (user == table_.users.end()) return fail(errors::kNotFound, "there is no user " + c.in.subject);
  if (!in_scope(c.actor.area, user->second.area, table_.root_area))
    return fail(errors::kForeignArea, "this user belongs to an area outside yours");
  if (!may_touch_roles(c.actor, user->second.roles)) return fail(errors::kForbidden, "only an admin changes an admin");
  return &user->second;
}

Result<void> Access::may_lose_admin(const User& user) const {
  if (!user.enabled || !has(user.roles, Role::admin)) return {};
  const auto others = std::count_if(table_.users.begin(), table_.users.end(), [&](const auto& entry) {
    return entry.second.name != user.name && entry.second.enabled && has(entry.second.roles, Role::admin);
  });
  if (others == 0) return fail(errors::kNotAllowed, "the last admin stays: appoint another one first");
  return {};
}

Result<Answer> Access::put_user(Change& c) {
  if (!may_govern(c.actor)) return fail(errors::kForbidden, "users are kept by admin or security_admin");
  if (!is_name(c.in.subject)) return fail(errors::kBadField, "user names are [a-z0-9._-]{1,64}");
  const json::object body = TRY(object_of_body(c.in));
  TRY(only_keys(body, {"name", "person", "roles", "area", "unit", "password", "enabled", "must_change"}, "user"));
  const auto existing = table_.users.find(c.in.subject);
  const bool is_new = existing == table_.users.end();
  if (!is_new) (void)TRY(governed(c));
  User user = is_new ? User{} : existing->second;
  if (c.in.if_match != 0 && (is_new || c.in.if_match != user.rev))
    return fail(errors::kStale, "the user is at revision " + std::to_string(is_new ? 0 : user.rev));
  const User before = user;
  user.name = c.in.subject;
  user.person = TRY(short_text(body, "person", user.person));
  user.roles = TRY(roles_in(body, user.roles));
  user.area = TRY(short_text(body, "area", is_new ? c.actor.area : user.area));
  user.unit = TRY(short_text(body, "unit", user.unit));
  user.enabled = TRY(want_bool(body, "enabled")).value_or(user.enabled);
  user.must_change = TRY(want_bool(body, "must_change")).value_or(user.must_change);
  if (const auto password = TRY(want_string(body, "password"))) {
    if (!is_password_hash(*password)) return fail(errors::kBadField, "`password` must arrive as an Argon2id hash");
    user.password = *password;
  }
  if (!is_area_code(user.area)) return fail(errors::kBadField, "`area` is not an area code");
  TRY(check_roles(user));
  const bool rights_change = user.roles != before.roles || user.area != before.area || user.unit != before.unit ||
                             user.enabled != before.enabled;
  if (!is_new && c.actor.id == "user:" + user.name && rights_change)
    return fail(errors::kForbidden, "nobody changes their own roles, area, unit or state");
  if (!may_touch_roles(c.actor, user.roles)) return fail(errors::kForbidden, "only an admin appoints an admin");
  if (!in_scope(c.actor.area, user.area, table_.root_area))
    return fail(errors::kForeignArea, "a user's area must lie within your own");
  if (!is_new && (!user.enabled || !has(user.roles, Role::admin))) TRY(may_lose_admin(before));
  user.rev = is_new ? 1 : before.rev + 1;
  if (!is_new && (rights_change || user.password != before.password)) close_sessions(user.name, "", c.city);
  table_.users[user.name] = user;
  changed_ = true;
  emit(user, c);
  return done(doc_of(user), user.rev, is_new ? 201 : 200);
}

Result<Answer> Access::enable_user(Change& c, bool enabled) {
  User* user = TRY(governed(c));
  if (c.actor.id == "user:" + user->name) return fail(errors::kForbidden, "nobody changes their own state");
  if (!enabled) {
    TRY(may_lose_admin(*user));
    close_sessions(user->name, "", c.city);
  }
  user->enabled = enabled;
  ++user->rev;
  changed_ = true;
  emit(*user, c);
  return done(doc_of(*user), user->rev);
}

Result<Answer> Access::delete_user(Change& c) {
  const User* user = TRY(governed(c));
  if (c.actor.id == "user:" + user->name) return fail(errors::kForbidden, "nobody deletes themselves");
  TRY(may_lose_admin(*user));
  close_sessions(user->name, "", c.city);
  table_.users.erase(c.in.subject);
  changed_ = true;
  c.city.emit("user.removed", c.actor.id, Removed{"users", c.in.subject});
  return done("{}", 0, 204);
}

// One's own password (the edge has checked the old one; `seen` is the revision it checked against) or, by who governs the
// account, a new one that has to be changed at the first sign-in.
Result<Answer> Access::set_password(Change& c) {
  const json::object body = TRY(object_of_body(c.in));
  TRY(only_keys(body, {"password", "keep", "seen", "must_change"}, "password"));
  const std::string password = TRY(need_string(body, "password"));
  if (!is_password_hash(password)) return fail(errors::kBadField, "`password` must arrive as an Argon2id hash");
  const bool own = c.actor.id == "user:" + c.in.subject;
  User* user = nullptr;
  if (own) {
    const auto found = table_.users.find(c.in.subject);
    if (found == table_.users.end()) return fail(errors::kNotFound, "there is no user " + c.in.subject);
    user = &found->second;
    const double seen = TRY(need_number(body, "seen"));
    if (static_cast<std::uint64_t>(seen) != user->rev) return fail(errors::kStale, "the account changed meanwhile");
  } else {
    user = TRY(governed(c));
  }
  user->password = password;
  user->must_change = own ? false : TRY(want_bool(body, "must_change")).value_or(true);
  ++user->rev;
  close_sessions(user->name, own ? text_or(body, "keep") : "", c.city);
  changed_ = true;
  emit(*user, c);
  return done(doc_of(*user), user->rev);
}

}  // namespace cityloop
