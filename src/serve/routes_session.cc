// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/limits.h"
#include "serve/engine.h"
#include "serve/password.h"
#include "serve/secret.h"

namespace cityloop::serve {
namespace {

std::string cookie(const CityFace& city, std::string_view value, Millis life) {
  std::string text = "cl_session=" + std::string(value) + "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" +
                     std::to_string(std::chrono::duration_cast<std::chrono::seconds>(life).count());
  if (city.secure_cookies) text += "; Secure";
  return text;
}

std::string session_doc(const CityFace& city, const Api::Caller& caller, std::string_view csrf, Time expires) {
  JsonWriter out;
  out.begin_object().member("csrf", csrf).key("user").begin_object();
  out.member("name", caller.actor.id.substr(caller.actor.id.find(':') + 1)).member("person", caller.actor.person);
  out.key("roles").begin_array();
  for (const Role role : caller.actor.roles) out.value(role_name(role));
  out.end_array().member("area", caller.actor.area).member("unit", caller.actor.unit).end_object();
  out.key("expires_at");
  expires == kNoTime ? out.null() : out.value(expires);
  out.member("idle_seconds", limits::kSessionIdle.count() / 1000).member("wall", caller.wall);
  out.member("must_change", caller.must_change).member("demo", city.demo).member("version", city.version);
  return out.end_object().take();
}

HttpResponse wrong_password() { return problem(fail(errors::kBadCredentials, "name or password is wrong")); }

HttpResponse wait_for(const Code& code, std::string detail, Millis wait) {
  HttpResponse response = problem(fail(code, std::move(detail)));
  response.headers.emplace_back("Retry-After", std::to_string((wait.count() + 999) / 1000));
  return response;
}

struct Attempt {
  std::string name, password, key;
  bool wall = false;
};

// On a worker. An unknown name costs the same check as a known one.
bool password_holds(Engine& engine, const Attempt& attempt, const std::optional<User>& user) {
  std::string hash;
  {
    std::lock_guard lock(engine.mutex);
    if (engine.dummy_hash.empty()) engine.dummy_hash = engine.city.hash_password(engine.city.random_hex(16));
    hash = engine.dummy_hash;
  }
  const bool usable = user && user->enabled && !user->password.empty();
  const bool holds = engine.city.verify_password(usable ? user->password : hash, attempt.password);
  return usable && holds;
}

void open_session(Call& call, const Attempt& attempt, const User& user) {
  const std::string secret = call.city().random_hex(32);
  JsonWriter body;
  body.begin_object().member("key", session_key(secret)).member("csrf", sha256_hex(csrf_of(secret)));
  body.member("wall", attempt.wall).member("seen", user.rev).end_object();
  call.caller.principal = "user:" + user.name;
  // A session is new each time, also when a sign-in is repeated: no idempotency here.
  call.request.headers.erase("idempotency-key");
  offer(call, {"session.open", user.name, body.take(), 0, [secret, key = attempt.key](Call& c, const Answer&) {
                 c.engine->lockout.succeeded(key);
                 const auto caller = caller_of(*c.engine, c.caller.principal, session_key(secret));
                 if (!caller) return c.answer(wrong_password());
                 const Session session = c.city().access()->sessions.find(session_key(secret))->second;
                 HttpResponse response = json_response(201, session_doc(c.city(), *caller, csrf_of(secret), session.expires));
                 response.headers.emplace_back("Set-Cookie", cookie(c.city(), secret, session.expires - session.opened));
                 c.answer(std::move(response));
               }});
}

void sign_in(Call& call) {
  const auto read = [&]() -> Result<Attempt> {
    const json::object body = TRY(call.body());
    TRY(only_keys(body, {"name", "password", "wall"}, "session"));
    Attempt attempt{TRY(need_string(body, "name")), TRY(need_string(body, "password")), "", TRY(want_bool(body, "wall")).value_or(false)};
    if (attempt.name.size() > 64 || attempt.password.size() > 1024) return fail(errors::kBadField, "name or password is too long");
    attempt.key = attempt.name + "\n" + call.request.peer;
    return attempt;
  };
  auto attempt = read();
  if (!attempt) return call.refuse(attempt.error());
  Engine& engine = *call.engine;
  if (const auto wait = engine.logins.take(call.request.peer, call.now()))
    return call.answer(wait_for(errors::kRateLimited, "too many sign-ins from this address; wait a little", *wait));
  if (const auto wait = engine.lockout.begin(attempt->key, call.now()))
    return call.answer(wait_for(errors::kLocked, "too many failed sign-ins; try again later", *wait));
  call.city().worker([self = call.shared_from_this(), attempt = std::move(*attempt)] {
    const auto table = self->city().access();
    const auto found = table->users.find(attempt.name);
    const std::optional<User> user = found == table->users.end() ? std::nullopt : std::optional(found->second);
    if (!password_holds(*self->engine, attempt, user)) return self->answer(wrong_password());
    if (attempt.wall && std::find(user->roles.begin(), user->roles.end(), Role::wall) == user->roles.end())
      return self->refuse(fail(errors::kForbidden, "a wall session needs the role wall"));
    open_session(*self, attempt, *user);
  });
}

void show_session(Call& call) {
  const auto table = call.city().access();
  const auto session = table->sessions.find(call.caller.session);
  const Time expires = session == table->sessions.end() ? kNoTime : session->second.expires;
  call.answer_json(200, session_doc(call.city(), call.caller, call.caller.csrf, expires));
}

void sign_out(Call& call) {
  if (call.caller.session.empty()) return call.refuse(fail(errors::kBadRequest, "a token has no session to close"));
  offer(call, {"session.close", call.caller.session, "{}", 0, [](Call& c, const Answer&) {
                 HttpResponse response{.status = 204, .headers = {}, .body = {}, .shared_body = {}, .code = {}};
                 response.headers.emplace_back("Set-Cookie", cookie(c.city(), "", Millis{0}));
                 c.answer(std::move(response));
               }});
}

void change_password(Call& call) {
  if (call.caller.session.empty()) return call.refuse(fail(errors::kForbidden, "passwords are changed in a session"));
  const auto body = call.body();
  if (!body) return call.refuse(body.error());
  const auto old = need_string(*body, "old"), fresh = need_string(*body, "new");
  if (!old) return call.refuse(old.error());
  if (!fresh) return call.refuse(fresh.error());
  const std::string name = call.caller.principal.substr(5);
  if (const auto strong = check_password(name, *fresh); !strong) return call.refuse(strong.error());
  const std::string key = name + "\n" + call.request.peer;
  if (const auto wait = call.engine->lockout.begin(key, call.now()))
    return call.answer(wait_for(errors::kLocked, "too many failed attempts; try again later", *wait));
  call.city().worker([self = call.shared_from_this(), name, key, old = *old, fresh = *fresh] {
    const auto table = self->city().access();
    const auto user = table->users.find(name);
    if (user == table->users.end() || !self->city().verify_password(user->second.password, old)) return self->answer(wrong_password());
    self->engine->lockout.succeeded(key);
    forget_secret(*self);
    JsonWriter change;
    change.begin_object().member("password", self->city().hash_password(fresh)).member("keep", self->caller.session);
    change.member("seen", user->second.rev).end_object();
    offer(*self, {"user.password", name, change.take(), 0, [](Call& c, const Answer&) {
                    c.answer(HttpResponse{.status = 204, .headers = {}, .body = {}, .shared_body = {}, .code = {}});
                  }});
  });
}

void give_ticket(Call& call) {
  const std::string ticket = call.city().random_hex(24);
  const Time until = call.now() + limits::kTicketLife;
  {
    Engine& engine = *call.engine;
    std::lock_guard lock(engine.mutex);
    std::erase_if(engine.tickets, [&](const auto& entry) { return entry.second.until <= call.now(); });
    if (engine.tickets.size() >= limits::kRateKeys) return call.refuse(fail(errors::kOverloaded, "too many tickets wait to be used"));
    engine.tickets[sha256_hex(ticket)] = {call.caller, until};
  }
  JsonWriter out;
  call.answer_json(201, out.begin_object().member("ticket", ticket).member("expires_at", until).end_object().take());
}

void changes(Call& call, bool sse) {
  Api::ChangesQuery query;
  query.caller = call.caller;
  query.sse = sse;
  std::string_view since = call.request.parameter("since");
  if (since.empty()) since = call.request.header("last-event-id");
  if (!since.empty()) {
    const std::size_t colon = since.rfind(':');
    std::uint64_t seq = 0;
    const std::string_view digits = colon == std::string_view::npos ? "x" : since.substr(colon + 1);
    for (const char c : digits) {
      if (c < '0' || c > '9' || digits.size() > 18) return call.refuse(bad_parameter("since", "must be epoch:seq"));
      seq = seq * 10 + static_cast<std::uint64_t>(c - '0');
    }
    query.epoch = std::string(since.substr(0, colon));
    query.seq = seq;
    query.has_since = true;
  }
  if (query.has_since && query.epoch == call.city().epoch && call.caller.principal.starts_with("token:"))
    call.engine->partners.follows(std::string_view(call.caller.principal).substr(6), query.seq, call.now());
  const auto wait = number_parameter(call, "wait", sse ? 25 : 1, 55);
  if (!wait) return call.refuse(wait.error());
  query.wait = parameter(call, "wait") || sse ? Millis(*wait * 1000) : Millis{0};
  std::function<void(Api::ChangesQuery, Respond)> hook;
  {
    std::lock_guard lock(call.engine->mutex);
    hook = call.engine->changes;
  }
  if (!hook) return call.refuse(fail(errors::kNotReady, "the live feed has not started"));
  hook(std::move(query), [self = call.shared_from_this()](HttpResponse response) { self->answer(std::move(response)); });
}

}  // namespace

Result<void> check_password(std::string_view name, std::string_view password) {
  if (password.size() < limits::kPasswordLeast) return fail(errors::kWeakPassword, "a password has at least 10 characters");
  if (password.size() > 1024) return fail(errors::kWeakPassword, "a password has at most 1024 bytes");
  const auto any = [&](auto&& test) { return std::any_of(password.begin(), password.end(), test) ? 1 : 0; };
  const int classes = any([](char c) { return c >= 'a' && c <= 'z'; }) + any([](char c) { return c >= 'A' && c <= 'Z'; }) +
                      any([](char c) { return c >= '0' && c <= '9'; }) +
                      any([](char c) { return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')); });
  if (classes < 3) return fail(errors::kWeakPassword, "use three of: small letters, capitals, digits, other signs");
  if (!name.empty() && password.find(name) != std::string_view::npos)
    return fail(errors::kWeakPassword, "a password does not contain the user's name");
  return {};
}

void add_session_routes(std::vector<Route>& out) {
  constexpr RoleSet kWatchers = kStaff | roles(Role::wall);
  out.insert(out.end(), {
    {"POST", "/api/v1/session", "Sign in; sets the session cookie", 0, Scope::open, "", "SignIn", "Session", sign_in},
    {"GET", "/api/v1/session", "Who I am", kViewers, Scope::own, "", "", "Session", show_session},
    {"DELETE", "/api/v1/session", "Sign out", kViewers, Scope::own, "", "", "", sign_out},
    {"POST", "/api/v1/session/password", "Change one's own password; closes one's other sessions", kViewers, Scope::own, "", "PasswordChange", "", change_password},
    {"POST", "/api/v1/live/ticket", "One-time ticket for the live socket", kWatchers, Scope::own, "", "", "Ticket", give_ticket},
    {"GET", "/api/v1/changes", "Events since `epoch:seq`; waits up to `wait` seconds", kWatchers, Scope::list, "since wait", "", "Changes", [](Call& c) { changes(c, false); }},
    {"GET", "/api/v1/events", "The same as server-sent events, in answers of up to 25 s", kWatchers, Scope::list, "since wait", "", "*", [](Call& c) { changes(c, true); }},
  });
}

}  // namespace cityloop::serve
