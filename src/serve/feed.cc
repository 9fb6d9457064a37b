// SPDX-License-Identifier: Apache-2.0
#include "serve/feed.h"

#include <algorithm>

#include "core/register.h"

namespace cityloop::serve {

namespace {

std::vector<std::string> refusals() {
  std::vector<std::string> out = problem_codes();
  for (const char* close_code : {"4400", "4401", "4408", "4429"}) out.emplace_back(close_code);
  return out;
}

}  // namespace

Feed::Feed(CityFace city, Api& api)
    : city_(std::move(city)), engine_(api.engine()), api_(api), ring_(city_.journal), problems_(refusals()) {}

// ---- connections

LiveFeed::Id Feed::open(std::shared_ptr<LiveSocket> socket, const std::string& principal) {
  auto link = std::make_shared<Connection>();
  link->socket = std::move(socket);
  link->opened = city_.now();
  link->refilled = link->opened;
  link->messages = 400;
  link->moves = 20;
  {
    std::lock_guard lock(mutex_);
    link->id = next_id_++;
    links_[link->id] = link;
  }
  if (!principal.empty()) {
    std::lock_guard lock(link->mutex);
    const auto caller = api_.caller_of(principal);
    if (caller) link->caller = *caller;
    if (!caller || event_topics(caller->actor).empty()) close(*link, 4401, "this principal may not listen");
  }
  return link->id;
}

void Feed::closed(LiveFeed::Id id) {
  Link link;
  {
    std::lock_guard lock(mutex_);
    const auto found = links_.find(id);
    if (found == links_.end()) return;
    link = std::move(found->second);
    links_.erase(found);
  }
  {
    std::lock_guard lock(link->mutex);
    link->gone = true;
    link->socket.reset();
  }
  stand(link, "");
}

std::size_t Feed::sockets() const {
  std::lock_guard lock(mutex_);
  return links_.size();
}

Link Feed::find(LiveFeed::Id id) const {
  std::lock_guard lock(mutex_);
  const auto found = links_.find(id);
  return found == links_.end() ? nullptr : found->second;
}

std::vector<Link> Feed::links() const {
  std::lock_guard lock(mutex_);
  std::vector<Link> out;
  out.reserve(links_.size());
  for (const auto& [id, link] : links_) out.push_back(link);
  return out;
}

void Feed::message(LiveFeed::Id id, std::string_view text) {
  if (const Link link = find(id)) hear(link, text);
}

void Feed::send(Connection& c, Text text) {
  if (c.gone) return;
  c.waiting = c.socket->send(std::move(text));
  if (c.waiting <= limits::kLiveQueueBytes) c.behind.reset();
  else if (!c.behind) c.behind = city_.now();
}

void Feed::send(Connection& c, JsonWriter& message) { send(c, std::make_shared<const std::string>(message.take())); }

void Feed::close(Connection& c, int code, const std::string& reason) {
  if (c.gone) return;
  c.gone = true;
  problems_.add(std::to_string(code));
  c.socket->close(code, reason);
}

void Feed::error(Connection& c, std::optional<std::int64_t> id, std::string_view code, std::string_view text) {
  problems_.add(code);
  JsonWriter out;
  out.begin_object().member("t", "err");
  if (id) out.member("id", *id);
  out.member("code", code).member("msg", text).end_object();
  send(c, out);
}

// ---- publishing

void Feed::publish(const std::vector<LiveDelta>& deltas) {
  if (deltas.empty()) return;
  ring_.add(deltas);
  for (const Link& link : links()) {
    std::unique_lock lock(link->mutex, std::try_to_lock);
    // Whoever holds it (a snapshot being made) sends what came meanwhile before letting go; see below.
    if (!lock) {
      link->missed = true;
      lock = std::unique_lock(link->mutex, std::try_to_lock);
      if (!lock) continue;
    }
    link->missed = false;
    catch_up(*link);
  }
  serve_waiters(kNoTime);
}

// ---- every 100 ms

void Feed::tick(Time now) {
  const bool second = now >= second_due_;
  if (second) {
    second_due_ = now + std::chrono::seconds(1);
    ring_.catch_up_with_journal();
    tell_mode(false, nullptr);
  }
  for (const Link& link : links()) {
    bool replays = false;
    {
      std::unique_lock lock(link->mutex, std::try_to_lock);
      if (!lock) continue;
      if (link->gone) continue;
      if (second) look_after(*link, now);
      if (link->missed.exchange(false)) catch_up(*link);
      replays = std::any_of(link->topics.begin(), link->topics.end(), [](const auto& t) { return t.second.replays; });
    }
    if (replays) city_.worker([self = shared_from_this(), link] { self->replay(link); });
  }
  run_state(now);
  serve_waiters(now);
}

void Feed::look_after(Connection& c, Time now) {
  if (!c.welcomed) {
    if (now - c.opened > std::chrono::seconds(10)) close(c, 4401, "no hello came");
    return;
  }
  // Rights that end, end the socket: tokens, sessions, accounts.
  if (!api_.caller_of(c.caller.principal, c.caller.session)) {
    error(c, std::nullopt, errors::kUnauthenticated.name, "the session or token is over");
    return close(c, 4401, "signed out");
  }
  if (now - c.pinged >= std::chrono::seconds(10) || (c.behind && now - c.pinged >= std::chrono::seconds(1))) {
    c.pinged = now;
    JsonWriter ping;
    ping.begin_object().member("t", "ping").member("n", ++c.pings).member("now", to_ms(now)).end_object();
    send(c, ping);
  }
  if (c.behind && now - *c.behind > std::chrono::seconds(10)) return close(c, 4408, "too slow");
  if (c.stalled && !c.behind) catch_up(c);
  // A page that does acknowledge, but has not for long, while much was sent: it starts over when it comes back.
  const bool silent = c.acks && c.unacked > limits::kLiveBacklog && now - c.acked_at > std::chrono::seconds(10);
  if (silent) start_over(c, "overload");
}

// Whether the city takes inputs, for the page's header.
void Feed::tell_mode(bool force, Connection* only) {
  const auto why = city_.why_not_ready ? city_.why_not_ready() : std::nullopt;
  const std::string mode = why ? "degraded" : "normal";
  const auto message = [&] {
    JsonWriter out;
    out.begin_object().member("t", "sys").member("mode", mode).key("parts").begin_object();
    out.member("inbox", why ? "slow" : "ok").end_object();
    if (why) out.member("why", *why);
    return std::make_shared<const std::string>(out.end_object().take());
  };
  if (only != nullptr) return send(*only, message());
  if (mode == mode_ && !force) return;
  mode_ = mode;
  const Text text = message();
  for (const Link& link : links()) {
    std::lock_guard lock(link->mutex);
    if (link->welcomed && !link->behind) send(*link, text);
  }
}

}  // namespace cityloop::serve
