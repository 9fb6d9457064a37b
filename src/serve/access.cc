// SPDX-License-Identifier: Apache-2.0
#include "serve/access.h"

#include <algorithm>
#include <array>

#include "core/citizen.h"
#include "core/codec.h"
#include "core/limits.h"

namespace cityloop {
namespace {

constexpr std::array<std::string_view, 18> kVerbs{
    "user.put",       "user.disable",  "user.enable",       "user.password",     "user.delete",       "session.open",
    "session.close",  "session.touch", "token.create",      "token.revoke",      "credential.create", "credential.rotate",
    "credential.revoke", "credential.disable", "credential.enable", "person.put", "person.reveal",    "person.delete"};

std::optional<Actor> user_actor(const AccessTable& table, std::string_view name) {
  const auto user = table.users.find(name);
  if (user == table.users.end() || !user->second.enabled) return std::nullopt;
  const User& u = user->second;
  return Actor{"user:" + u.name, u.roles, u.area, u.unit, u.person.empty() ? u.name : u.person};
}

std::optional<Actor> token_actor(const AccessTable& table, std::string_view id) {
  const auto token = table.tokens.find(id);
  if (token == table.tokens.end() || !token->second.enabled) return std::nullopt;
  const Token& t = token->second;
  return Actor{"token:" + t.id, {t.role}, t.area, t.unit, t.name};
}

}  // namespace

std::optional<Actor> actor_of(const AccessTable& table, std::string_view principal) {
  if (principal == "system") return Actor{"system", {Role::admin}, "", "", "system"};
  if (principal == kPublic) return Actor{std::string(kPublic), {}, "", "", "市民"};
  const std::size_t colon = principal.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view family = principal.substr(0, colon), name = principal.substr(colon + 1);
  if (family == "user") return user_actor(table, name);
  if (family == "token") return token_actor(table, name);
  if (family == "credential") {
    const auto credential = table.credentials.find(name);
    if (credential == table.credentials.end() || !credential->second.enabled) return std::nullopt;
    return Actor{std::string(principal), {Role::device}, "", "", credential->second.name};
  }
  // Sources are the city's own connections outwards: they exist as long as sense runs them.
  if (family == "source" && !name.empty()) return Actor{std::string(principal), {Role::device}, "", "", std::string(name)};
  return std::nullopt;
}

// Goes back to the last `*` only: time is at most pattern * text.
bool glob_match(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool Access::handles(std::string_view verb) { return std::find(kVerbs.begin(), kVerbs.end(), verb) != kVerbs.end(); }

Answer Access::act(const ActionIn& in, const Actor& actor, Context& city) {
  table_.root_area = city.tables.root_area();
  Change c{in, actor, city};
  const auto work = [&]() -> Result<Answer> {
    const std::string& verb = in.verb;
    if (verb == "user.put") return put_user(c);
    if (verb == "user.disable") return enable_user(c, false);
    if (verb == "user.enable") return enable_user(c, true);
    if (verb == "user.password") return set_password(c);
    if (verb == "user.delete") return delete_user(c);
    if (verb == "session.open") return open_session(c);
    if (verb == "session.close") return close_session(c);
    if (verb == "session.touch") return touch_session(c);
    if (verb == "token.create") return create_token(c);
    if (verb == "token.revoke") return revoke_token(c);
    if (verb == "credential.create") return create_credential(c);
    if (verb == "credential.revoke") return revoke_credential(c);
    if (verb == "person.put") return put_person(c);
    if (verb == "person.reveal") return reveal_person(c);
    if (verb == "person.delete") return delete_person(c);
    if (verb.starts_with("credential.")) return change_credential(c);
    return fail(errors::kUnknownAction, "there is no action " + verb);
  };
  const Result<Answer> answer = work();
  return answer ? *answer : refuse(answer.error());
}

void Access::tick(Context& city) {
  if (city.now < next_sweep_) return;
  next_sweep_ = city.now + std::chrono::minutes(1);
  for (auto session = table_.sessions.begin(); session != table_.sessions.end();) {
    if (session->second.expires > city.now && session->second.idle_after > city.now) {
      ++session;
      continue;
    }
    city.emit("session.expired", "", Removed{"sessions", session->first});
    session = table_.sessions.erase(session);
    changed_ = true;
  }
  for (auto token = table_.tokens.begin(); token != table_.tokens.end();) {
    if (!token->second.expires || *token->second.expires > city.now) {
      ++token;
      continue;
    }
    city.emit("token.expired", "", Removed{"tokens", token->first});
    token = table_.tokens.erase(token);
    changed_ = true;
  }
  for (auto& [id, credential] : table_.credentials) {
    if (!credential.old_until || *credential.old_until > city.now) continue;
    credential.old_until.reset();
    credential.old_hash.clear();
    changed_ = true;
  }
}

std::shared_ptr<const AccessTable> Access::publish(std::uint64_t turn, const std::string& root_area) {
  table_.turn = turn;
  table_.root_area = root_area;
  changed_ = false;
  return std::make_shared<const AccessTable>(table_);
}

void Access::encode(Writer& out) const {
  cityloop::encode(out, table_);
  cityloop::encode(out, next_sweep_);
}

void Access::decode(Reader& in) {
  cityloop::decode(in, table_);
  cityloop::decode(in, next_sweep_);
  changed_ = true;
}

}  // namespace cityloop
