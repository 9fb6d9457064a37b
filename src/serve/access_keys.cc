// SPDX-License-Identifier: Apache-2.0
#include "core/citizen.h"
#include "core/json_write.h"
#include "serve/access.h"
#include "serve/access_rules.h"

namespace cityloop {

using namespace access_rules;

namespace {

Result<std::vector<std::string>> globs_in(const json::object& in) {
  const json::value* value = in.if_contains("assets");
  if (value == nullptr) return fail(errors::kMissingField, "`assets` lists the asset ids (or patterns) that may be sent for");
  if (!value->is_array() || value->get_array().empty() || value->get_array().size() > 1'000)
    return fail(errors::kBadField, "`assets` must be an array of 1 to 1000 patterns");
  std::vector<std::string> globs;
  for (const json::value& item : value->get_array()) {
    if (!item.is_string() || item.get_string().empty() || item.get_string().size() > limits::kAssetIdBytes)
      return fail(errors::kBadField, "`assets` must hold patterns of 1 to 128 characters");
    globs.emplace_back(item.get_string());
  }
  return globs;
}

Result<std::string> digest_in(const json::object& in, std::string_view key) {
  std::string digest = TRY(need_string(in, key));
  if (!is_digest(digest)) return fail(errors::kBadField, "`" + std::string(key) + "` must be a SHA-256 in hex");
  return digest;
}

void emit(const Credential& credential, const std::string& actor, Context& city) {
  city.emit("credential.put", actor,
            RowPut{"credentials", credential.id, "", {{"enabled", credential.enabled ? "1" : "0"}}, doc_of(credential)});
}

}  // namespace

std::string doc_of(const Token& token) {
  JsonWriter out;
  out.begin_object().member("id", token.id).member("name", token.name).member("role", role_name(token.role));
  out.member("area", token.area).member("unit", token.unit).member("enabled", token.enabled);
  return out.member("created_at", token.created).member_or_null("expires_at", token.expires).end_object().take();
}

std::string doc_of(const Credential& credential) {
  JsonWriter out;
  out.begin_object().member("id", credential.id).member("name", credential.name).list("assets", credential.assets);
  out.member("enabled", credential.enabled).member("created_at", credential.created);
  return out.member_or_null("old_secret_until", credential.old_until).end_object().take();
}

// ---- sessions

void Access::close_sessions(std::string_view user, std::string_view keep, Context& city) {
  for (auto session = table_.sessions.begin(); session != table_.sessions.end();) {
    if (session->second.user != user || session->first == keep) {
      ++session;
      continue;
    }
    city.emit("session.closed", "user:" + session->second.user, Removed{"sessions", session->first});
    session = table_.sessions.erase(session);
    changed_ = true;
  }
}

Result<Answer> Access::open_session(Change& c) {
  if (c.actor.id != "user:" + c.in.subject) return fail(errors::kForbidden, "a session is opened by its own user");
  const json::object body = TRY(object_of_body(c.in));
  const auto user = table_.users.find(c.in.subject);
  if (user == table_.users.end() || !user->second.enabled) return fail(errors::kBadCredentials, "name or password is wrong");
  // The password was checked against this revision; a change since then voids the check.
  if (static_cast<std::uint64_t>(TRY(need_number(body, "seen"))) != user->second.rev)
    return fail(errors::kBadCredentials, "name or password is wrong");
  Session session;
  session.user = c.in.subject;
  session.wall = TRY(want_bool(body, "wall")).value_or(false);
  if (session.wall && !has(user->second.roles, Role::wall)) return fail(errors::kForbidden, "a wall session needs the role wall");
  const std::string key = TRY(digest_in(body, "key"));
  session.csrf = TRY(digest_in(body, "csrf"));
  session.opened = c.city.now;
  session.expires = c.city.now + (session.wall ? limits::kWallSession : limits::kSessionAbsolute);
  session.idle_after = session.wall ? session.expires : c.city.now + limits::kSessionIdle;
  std::vector<std::pair<Time, std::string>> mine;
  for (const auto& [other, open] : table_.sessions)
    if (open.user == session.user) mine.emplace_back(open.opened, other);
  if (mine.size() >= limits::kSessionsOfUser) {
    const auto oldest = std::min_element(mine.begin(), mine.end());
    table_.sessions.erase(oldest->second);
    c.city.emit("session.closed", c.actor.id, Removed{"sessions", oldest->second});
  }
  table_.sessions[key] = session;
  changed_ = true;
  JsonWriter doc;
  doc.begin_object().member("user", session.user).member("opened_at", session.opened).member("expires_at", session.expires);
  doc.member("wall", session.wall).end_object();
  c.city.emit("session.opened", c.actor.id,
              RowPut{"sessions", key, "", {{"user", session.user}, {"expires", std::to_string(to_ms(session.expires))}}, doc.text()});
  return done(doc.take(), 0, 201);
}

Result<Answer> Access::close_session(Change& c) {
  const auto session = table_.sessions.find(c.in.subject);
  if (session == table_.sessions.end()) return done("{}", 0, 204);
  if (c.actor.id != "user:" + session->second.user && !may_govern(c.actor))
    return fail(errors::kForbidden, "this is somebody else's session");
  table_.sessions.erase(session);
  changed_ = true;
  c.city.emit("session.closed", c.actor.id, Removed{"sessions", c.in.subject});
  return done("{}", 0, 204);
}

Result<Answer> Access::touch_session(Change& c) {
  const auto session = table_.sessions.find(c.in.subject);
  if (session == table_.sessions.end() || c.actor.id != "user:" + session->second.user || session->second.idle_after <= c.city.now)
    return fail(errors::kUnauthenticated, "the session is over");
  if (!session->second.wall) session->second.idle_after = std::min(session->second.expires, c.city.now + limits::kSessionIdle);
  changed_ = true;
  return done();
}

// ---- tokens

Result<Answer> Access::create_token(Change& c) {
  if (!may_govern(c.actor)) return fail(errors::kForbidden, "tokens are kept by admin or security_admin");
  const json::object body = TRY(object_of_body(c.in));
  TRY(only_keys(body, {"name", "role", "area", "unit", "hash", "expires"}, "token"));
  Token token;
  token.id = c.in.subject;
  if (!is_name(token.id) || token.id.find('_') != std::string::npos) return fail(errors::kBadField, "token ids are [a-z0-9.-]{1,64}");
  if (table_.tokens.contains(token.id)) return fail(errors::kConflict, "there is a token of this id");
  token.name = TRY(short_text(body, "name", ""));
  if (token.name.empty()) return fail(errors::kMissingField, "`name` says what the token is for");
  const std::string role_text = TRY(want_string(body, "role")).value_or("integrator");
  const auto role = role_of(role_text);
  if (!role || *role == Role::device) return fail(errors::kBadField, "`role` is not a role that a token can have");
  if (is_officer(*role) && !c.actor.is(Role::admin)) return fail(errors::kForbidden, "only an admin makes such a token");
  token.role = *role;
  token.area = TRY(short_text(body, "area", c.actor.area));
  token.unit = TRY(short_text(body, "unit", ""));
  if (!is_area_code(token.area)) return fail(errors::kBadField, "`area` is not an area code");
  if (!in_scope(c.actor.area, token.area, table_.root_area)) return fail(errors::kForeignArea, "a token's area must lie within your own");
  token.hash = TRY(digest_in(body, "hash"));
  token.created = c.city.now;
  token.expires = TRY(want_time(body, "expires"));
  if (token.expires && *token.expires <= c.city.now) return fail(errors::kBadField, "`expires` lies in the past");
  table_.tokens[token.id] = token;
  changed_ = true;
  c.city.emit("token.created", c.actor.id,
              RowPut{"tokens", token.id, token.area, {{"role", std::string(role_name(token.role))}, {"enabled", "1"}}, doc_of(token)});
  return done(doc_of(token), 0, 201);
}

Result<Answer> Access::revoke_token(Change& c) {
  if (!may_govern(c.actor)) return fail(errors::kForbidden, "tokens are kept by admin or security_admin");
  const auto token = table_.tokens.find(c.in.subject);
  if (token == table_.tokens.end()) return fail(errors::kNotFound, "there is no token " + c.in.subject);
  if (!in_scope(c.actor.area, token->second.area, table_.root_area)) return fail(errors::kForeignArea, "this token belongs to an area outside yours");
  table_.tokens.erase(token);
  changed_ = true;
  c.city.emit("token.revoked", c.actor.id, Removed{"tokens", c.in.subject});
  return done("{}", 0, 204);
}

// ---- device credentials: they cover assets by pattern, so only whole-city actors keep them

namespace {

Result<void> may_keep_credentials(const Actor& actor, const std::string& root) {
  if (!may_govern(actor)) return fail(errors::kForbidden, "credentials are kept by admin or security_admin");
  if (!in_scope(actor.area, "", root)) return fail(errors::kForeignArea, "device credentials are kept for the whole city");
  return {};
}

}  // namespace

Result<Answer> Access::create_credential(Change& c) {
  TRY(may_keep_credentials(c.actor, table_.root_area));
  const json::object body = TRY(object_of_body(c.in));
  TRY(only_keys(body, {"name", "assets", "hash"}, "credential"));
  Credential credential;
  credential.id = c.in.subject;
  if (!is_name(credential.id)) return fail(errors::kBadField, "credential ids are [a-z0-9._-]{1,64}");
  if (table_.credentials.contains(credential.id)) return fail(errors::kConflict, "there is a credential of this id");
  credential.name = TRY(short_text(body, "name", credential.id));
  credential.assets = TRY(globs_in(body));
  credential.hash = TRY(digest_in(body, "hash"));
  credential.created = c.city.now;
  table_.credentials[credential.id] = credential;
  changed_ = true;
  cityloop::emit(credential, c.actor.id, c.city);
  return done(doc_of(credential), 0, 201);
}

Result<Answer> Access::change_credential(Change& c) {
  TRY(may_keep_credentials(c.actor, table_.root_area));
  const auto found = table_.credentials.find(c.in.subject);
  if (found == table_.credentials.end()) return fail(errors::kNotFound, "there is no credential " + c.in.subject);
  Credential& credential = found->second;
  if (c.in.verb == "credential.rotate") {
    const json::object body = TRY(object_of_body(c.in));
    std::string fresh = TRY(digest_in(body, "hash"));
    credential.old_hash = std::exchange(credential.hash, std::move(fresh));
    credential.old_until = c.city.now + limits::kRotationGrace;
  } else {
    credential.enabled = c.in.verb == "credential.enable";
  }
  changed_ = true;
  cityloop::emit(credential, c.actor.id, c.city);
  return done(doc_of(credential));
}

Result<Answer> Access::revoke_credential(Change& c) {
  TRY(may_keep_credentials(c.actor, table_.root_area));
  if (table_.credentials.erase(c.in.subject) == 0) return fail(errors::kNotFound, "there is no credential " + c.in.subject);
  changed_ = true;
  c.city.emit("credential.removed", c.actor.id, Removed{"credentials", c.in.subject});
  return done("{}", 0, 204);
}

// ---- personal side rows: sealed at the edge, never in clear here

Result<Answer> Access::put_person(Change& c) {
  if (c.actor.is(Role::device) || c.actor.is(Role::wall)) return fail(errors::kForbidden, "people are named by people");
  const json::object body = TRY(object_of_body(c.in));
  TRY(only_keys(body, {"name", "phone", "digest"}, "person"));
  const std::string digest = TRY(want_string(body, "digest")).value_or("");
  if (!digest.empty() && !is_digest(digest)) return fail(errors::kBadField, "`digest` is not one");
  if (!is_name(c.in.subject)) return fail(errors::kBadField, "not a person key");
  JsonWriter doc;
  doc.begin_object().member("name", TRY(want_string(body, "name")).value_or("")).member("phone", TRY(want_string(body, "phone")).value_or(""));
  c.city.emit("person.put", c.actor.id, RowPut{"persons", c.in.subject, "", {{"phone", digest}}, doc.end_object().take()});
  return done();
}

Result<Answer> Access::reveal_person(Change& c) {
  if (!c.actor.is(Role::acceptor) && !c.actor.is(Role::shift_leader) && !c.actor.is(Role::admin))
    return fail(errors::kForbidden, "a reporter is revealed to acceptor, shift_leader and admin only");
  const json::object body = TRY(object_of_body(c.in));
  if (TRY(need_string(body, "reason")).size() < 2) return fail(errors::kBadField, "`reason` must say why");
  return done();
}

Result<Answer> Access::delete_person(Change& c) {
  // A citizen whose follow key was checked deletes what is theirs.
  if (c.actor.id != kPublic && !c.actor.is(Role::acceptor) && !c.actor.is(Role::admin))
    return fail(errors::kForbidden, "personal data are deleted by acceptor or admin");
  c.city.emit("person.removed", c.actor.id, Removed{"persons", c.in.subject});
  return done("{}", 0, 204);
}

}  // namespace cityloop
