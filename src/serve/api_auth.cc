// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "serve/engine.h"
#include "serve/secret.h"

namespace cityloop::serve {
namespace {

Error not_signed_in() { return fail(errors::kUnauthenticated, "sign in, or send a valid token"); }

bool is_hex_secret(std::string_view text) {
  return text.size() >= 32 && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

// The session cookie's value; nothing when absent, malformed or sent twice with different values.
std::optional<std::string_view> session_cookie(std::string_view header) {
  static constexpr std::string_view kName = "cl_session=";
  std::optional<std::string_view> found;
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(';'), header.size());
    std::string_view part = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    if (!part.starts_with(kName)) continue;
    part.remove_prefix(kName.size());
    if (found && *found != part) return std::nullopt;
    found = part;
  }
  if (found && !is_hex_secret(*found)) return std::nullopt;
  return found;
}

bool is_over(const Session& session, Time now) { return session.expires <= now || session.idle_after <= now; }

Result<Api::Caller> of_session(const AccessTable& table, const std::string& key, Time now) {
  const auto session = table.sessions.find(key);
  if (session == table.sessions.end() || is_over(session->second, now)) return not_signed_in();
  const auto actor = actor_of(table, "user:" + session->second.user);
  if (!actor) return not_signed_in();
  Api::Caller caller;
  caller.principal = actor->id;
  caller.actor = *actor;
  caller.session = key;
  caller.csrf = session->second.csrf;  // its digest; authenticate() has the token itself
  caller.wall = session->second.wall;
  if (caller.wall) caller.actor.roles = {Role::wall};
  caller.must_change = table.users.find(session->second.user)->second.must_change;
  return caller;
}

Result<Api::Caller> of_principal(const AccessTable& table, const std::string& principal) {
  auto actor = actor_of(table, principal);
  if (!actor) return not_signed_in();
  Api::Caller caller;
  caller.principal = principal;
  caller.actor = std::move(*actor);
  if (principal.starts_with("credential:")) {
    const auto credential = table.credentials.find(std::string_view(principal).substr(11));
    if (credential != table.credentials.end()) caller.assets = credential->second.assets;
  }
  return caller;
}

// cl_<id>_<secret>; ids hold no underscore.
Result<Api::Caller> of_bearer(const AccessTable& table, std::string_view bearer, Time now) {
  if (!bearer.starts_with("cl_")) return not_signed_in();
  bearer.remove_prefix(3);
  const std::size_t split = bearer.find('_');
  if (split == std::string_view::npos) return not_signed_in();
  const auto token = table.tokens.find(bearer.substr(0, split));
  const std::string digest = sha256_hex(bearer.substr(split + 1));  // also for unknown ids: the same work
  if (token == table.tokens.end() || !same_secret(digest, token->second.hash)) return not_signed_in();
  if (token->second.expires && *token->second.expires <= now) return not_signed_in();
  return of_principal(table, "token:" + token->second.id);
}

Result<Api::Caller> of_basic(const AccessTable& table, std::string_view encoded, Time now) {
  const auto pair = decode_base64(encoded);
  if (!pair) return not_signed_in();
  const std::size_t split = pair->find(':');
  if (split == std::string::npos) return not_signed_in();
  const auto credential = table.credentials.find(std::string_view(*pair).substr(0, split));
  const std::string digest = sha256_hex(std::string_view(*pair).substr(split + 1));
  if (credential == table.credentials.end()) return not_signed_in();
  const Credential& known = credential->second;
  const bool old = known.old_until && *known.old_until > now && same_secret(digest, known.old_hash);
  if (!old && !same_secret(digest, known.hash)) return not_signed_in();
  return of_principal(table, "credential:" + known.id);
}

bool equal_letters(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; });
}

}  // namespace

Result<Api::Caller> authenticate(Engine& engine, const HttpRequest& request) {
  const auto table = engine.city.access();
  const Time now = engine.city.now();
  if (const std::string_view authorization = request.header("authorization"); !authorization.empty()) {
    const std::size_t space = authorization.find(' ');
    if (space == std::string_view::npos) return not_signed_in();
    const std::string_view scheme = authorization.substr(0, space), value = authorization.substr(space + 1);
    if (equal_letters(scheme, "bearer")) return of_bearer(*table, value, now);
    if (equal_letters(scheme, "basic")) return of_basic(*table, value, now);
    return not_signed_in();
  }
  const auto cookie = session_cookie(request.header("cookie"));
  if (!cookie) return not_signed_in();
  Api::Caller caller = TRY(of_session(*table, session_key(*cookie), now));
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (!reads && !same_secret(request.header("x-csrf-token"), csrf_of(*cookie)))
    return fail(errors::kCsrf, "send X-CSRF-Token as the session gave it");
  caller.csrf = csrf_of(*cookie);
  return caller;
}

Result<Api::Caller> caller_of(const Engine& engine, const std::string& principal, const std::string& session) {
  const auto table = engine.city.access();
  if (!session.empty()) return of_session(*table, session, engine.city.now());
  if (principal.starts_with("token:")) {
    const auto token = table->tokens.find(std::string_view(principal).substr(6));
    if (token != table->tokens.end() && token->second.expires && *token->second.expires <= engine.city.now()) return not_signed_in();
  }
  return of_principal(*table, principal);
}

// Tells the city that a session is in use, at most once a minute.
void touch_session(Engine& engine, const Api::Caller& caller) {
  if (caller.session.empty() || caller.wall) return;
  const Time now = engine.city.now();
  {
    std::lock_guard lock(engine.mutex);
    Time& last = engine.touched[caller.session];
    if (last != Time{} && now < last + std::chrono::minutes(1)) return;
    last = now;
    if (engine.touched.size() > limits::kRateKeys)
      std::erase_if(engine.touched, [&](const auto& entry) { return entry.second + limits::kSessionIdle < now; });
  }
  ActionIn in;
  in.principal = caller.principal;
  in.verb = "session.touch";
  in.subject = caller.session;
  in.body = "{}";
  in.arrival = now;
  engine.city.offer(Input(std::move(in)), [](Answer) {});
}

}  // namespace cityloop::serve
