// SPDX-License-Identifier: Apache-2.0
#include "serve/api.h"

#include <algorithm>

#include "core/register.h"
#include "serve/engine.h"
#include "serve/match.h"
#include "serve/secret.h"

namespace cityloop {
namespace serve {

Engine::Engine(CityFace face)
    : city(std::move(face)),
      calls(city.calls_per_second, city.calls_burst),
      logins(limits::kLoginsPerSecond, limits::kLoginsBurst),
      strangers(limits::kCallsPerSecond, limits::kCallsBurst),
      book(city.journal) {}

bool Engine::sees_everything(const Actor& actor) const { return in_scope(actor.area, "", city.root_area); }

namespace {

HttpResponse too_often(Millis wait, std::string_view what) {
  HttpResponse response = problem(429, errors::kRateLimited.name, std::string(what) + "; wait a little");
  response.headers.emplace_back("Retry-After", std::to_string((wait.count() + 999) / 1000));
  return response;
}

HttpResponse unauthenticated(const Error& error) {
  HttpResponse response = problem(error);
  if (error.code->status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"cityloop\"");
  return response;
}

// An unknown query parameter is refused rather than passed over: a misspelt filter must not show everything.
Result<void> check_parameters(const Call& call) {
  const std::vector<std::string_view> known = parameters_of(*call.route);
  std::vector<std::string_view> seen;
  for (const auto& [name, value] : call.request.query) {
    if (std::find(seen.begin(), seen.end(), name) != seen.end())
      return fail(errors::kBadParameter, "`" + name.substr(0, 64) + "` stands twice");
    seen.push_back(name);
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string near = nearest_word(name, std::span(known));
    return fail(errors::kUnknownParameter,
                "`" + name.substr(0, 64) + "` is not a parameter here" + (near.empty() ? "" : "; did you mean `" + near + "`?"));
  }
  return {};
}

Result<void> check_body(const Call& call) {
  const Route& route = *call.route;
  if (call.request.body.size() > limits::kBodyBytes) return fail(errors::kTooLarge, "a body holds at most 16 MiB");
  if (call.request.body.empty() || route.request == "*" || route.method == "GET") return {};
  const std::string_view type = call.request.header("content-type");
  const std::string_view plain = type.substr(0, std::min(type.find(';'), type.size()));
  if (plain != "application/json" && plain != "application/geo+json")
    return fail(errors::kUnsupportedMedia, "send the body as application/json");
  return {};
}

Result<void> check_caller(const Call& call) {
  const Route& route = *call.route;
  const auto& held = call.caller.actor.roles;
  const bool fits = std::any_of(held.begin(), held.end(), [&](Role role) { return (route.roles & bit(role)) != 0; });
  if (!fits) return fail(errors::kForbidden, "this takes one of the roles " + role_names(route.roles));
  if (route.scope == Scope::city && !call.whole_city()) return fail(errors::kForeignArea, "this is kept for the whole city");
  if (call.caller.must_change && !route.pattern.starts_with("/api/v1/session"))
    return fail(errors::kMustChange, "change your password with POST /api/v1/session/password first");
  return {};
}

void run(const std::shared_ptr<Call>& call) {
  if (!call->route->slow) return call->route->handler(*call);
  call->city().worker([call] { call->route->handler(*call); });
}

void dispatch(const std::shared_ptr<Call>& call) {
  const Match match = match_route(call->request.method == "HEAD" ? "GET" : call->request.method, call->request.path);
  if (match.route == nullptr && match.allowed.empty()) return call->refuse(fail(errors::kNotFound, "there is nothing at this address"));
  if (match.route == nullptr) {
    HttpResponse response = problem(fail(errors::kMethodNotAllowed, "allowed here: " + match.allowed));
    response.headers.emplace_back("Allow", match.allowed);
    return call->answer(std::move(response));
  }
  call->route = match.route;
  call->args = match.args;
  Engine& engine = *call->engine;
  if (match.route->scope != Scope::open) {
    auto caller = authenticate(engine, call->request);
    if (!caller) {
      if (const auto wait = engine.strangers.take(call->request.peer, call->now()))
        return call->answer(too_often(*wait, "too many calls without a valid sign-in"));
      return call->answer(unauthenticated(caller.error()));
    }
    call->caller = std::move(*caller);
    if (const auto allowed = check_caller(*call); !allowed) return call->refuse(allowed.error());
    // Readings are bounded by the inbox, everything else by principal.
    const bool senders = (match.route->roles & bit(Role::device)) != 0;
    if (const auto wait = senders ? std::nullopt : engine.calls.take(call->caller.principal, call->now()))
      return call->answer(too_often(*wait, "too many calls"));
    touch_session(engine, call->caller);
  }
  if (const auto known = check_parameters(*call); !known) return call->refuse(known.error());
  if (const auto fits = check_body(*call); !fits) return call->refuse(fits.error());
  run(call);
}

}  // namespace
}  // namespace serve

Api::Api(CityFace city) : engine_(std::make_shared<serve::Engine>(std::move(city))) {}

void Api::handle(HttpRequest request, Respond respond) {
  auto call = std::make_shared<serve::Call>();
  call->engine = engine_;
  // Ours, never the caller's: what stands in a log must not be chosen by who is logged.
  call->id = serve::sha256_hex(request.peer + ":" + std::to_string(++engine_->requests)).substr(0, 16);
  call->request = std::move(request);
  call->respond = std::move(respond);
  serve::dispatch(call);
}

Result<Api::Caller> Api::caller(const HttpRequest& request) { return serve::authenticate(*engine_, request); }

Result<Api::Caller> Api::caller_of(const std::string& principal, const std::string& session) const {
  return serve::caller_of(*engine_, principal, session);
}

std::optional<Api::Caller> Api::take_ticket(const std::string& ticket) {
  serve::Engine::Ticket taken;
  {
    std::lock_guard lock(engine_->mutex);
    const auto found = engine_->tickets.find(serve::sha256_hex(ticket));
    if (found == engine_->tickets.end()) return std::nullopt;
    taken = std::move(found->second);
    engine_->tickets.erase(found);
  }
  if (taken.until <= engine_->city.now()) return std::nullopt;
  // What was allowed a minute ago may be forbidden now.
  auto caller = serve::caller_of(*engine_, taken.caller.principal, taken.caller.session);
  if (!caller) return std::nullopt;
  return std::move(*caller);
}

void Api::set_changes(std::function<void(ChangesQuery, Respond)> changes) {
  std::lock_guard lock(engine_->mutex);
  engine_->changes = std::move(changes);
}

}  // namespace cityloop
