// SPDX-License-Identifier: Apache-2.0
#include "edge/mqtt_sessions.h"

#include <algorithm>

#include "core/limits.h"
#include "core/result.h"

namespace cityloop::mqtt {

namespace {
constexpr std::string_view kPrefix = "city/v1/";
constexpr std::string_view kSuffix = "/commands";
constexpr std::string_view kWild = "city/v1/+/commands";

std::string asset_of(std::string_view filter) {
  return std::string(filter.substr(kPrefix.size(), filter.size() - kPrefix.size() - kSuffix.size()));
}
}  // namespace

std::uint16_t Session::fresh_id() {
  do {
    if (++last_id == 0) last_id = 1;
  } while (std::any_of(inflight.begin(), inflight.end(), [&](const Command& one) { return one.id == last_id; }));
  return last_id;
}

bool Session::holds(std::string_view key) const {
  const auto is_it = [&](const Command& one) { return one.key == key; };
  return !key.empty() && (std::ranges::any_of(queue, is_it) || std::ranges::any_of(inflight, is_it));
}

Session* Sessions::find(const std::string& credential, const std::string& client_id) const {
  const auto found = all_.find({credential, client_id});
  return found == all_.end() ? nullptr : found->second.get();
}

std::shared_ptr<Session> Sessions::open(const std::string& credential, const std::string& client_id, bool clean,
                                        bool& present) {
  const auto key = std::make_pair(credential, client_id);
  auto found = all_.find(key);
  if (found != all_.end() && clean) {
    end(*found->second);
    found = all_.end();
  }
  present = found != all_.end();
  if (present) {
    wake(*found->second);
    return found->second;
  }
  auto session = std::make_shared<Session>();
  session->credential = credential;
  session->client_id = client_id;
  all_[key] = session;
  return session;
}

void Sessions::wake(Session& session) { sleeping_.erase({session.asleep_since, &session}); }

void Sessions::release(Session& session, Steady now) {
  session.connection = nullptr;
  if (session.kept.count() == 0) return end(session);
  session.asleep_since = now;
  sleeping_.emplace(now, &session);
  if (sleeping_.size() > limits::kMqttSessions) end(*sleeping_.begin()->second);
}

void Sessions::end(Session& session) {
  wake(session);
  for (const auto& [filter, _] : session.subscriptions) index(session, filter, false);
  session.subscriptions.clear();
  bytes_ -= session.bytes;
  session.bytes = 0;
  session.queue.clear();
  session.inflight.clear();
  all_.erase({session.credential, session.client_id});  // may end the object: nothing of it is used after this
}

void Sessions::expire(Steady now) {
  std::vector<Session*> over;
  for (const auto& [since, session] : sleeping_)
    if (since + session->kept <= now) over.push_back(session);
  for (Session* session : over) end(*session);
}

void Sessions::index(Session& session, const std::string& filter, bool add) {
  if (filter == kWild) {
    if (add) wild_.insert(&session);
    else wild_.erase(&session);
    return;
  }
  const std::string asset = asset_of(filter);
  if (add) return by_asset_[asset].push_back(&session);
  const auto found = by_asset_.find(asset);
  CHECK(found != by_asset_.end());
  std::erase(found->second, &session);
  if (found->second.empty()) by_asset_.erase(found);
}

bool Sessions::subscribe(Session& session, std::string_view filter, std::uint8_t qos) {
  const auto found = session.subscriptions.find(filter);
  if (found != session.subscriptions.end()) {
    found->second = qos;
    return true;
  }
  if (session.subscriptions.size() >= limits::kMqttSubscriptions) return false;
  session.subscriptions.emplace(filter, qos);
  index(session, std::string(filter), true);
  return true;
}

bool Sessions::unsubscribe(Session& session, std::string_view filter) {
  const auto found = session.subscriptions.find(filter);
  if (found == session.subscriptions.end()) return false;
  index(session, found->first, false);
  session.subscriptions.erase(found);
  return true;
}

void Sessions::each_subscriber(const std::string& asset, const std::function<void(Session&, std::uint8_t)>& visit) const {
  std::vector<std::pair<Session*, std::uint8_t>> chosen;  // a visit may end a session
  if (const auto found = by_asset_.find(asset); found != by_asset_.end()) {
    const std::string filter = std::string(kPrefix) + asset + std::string(kSuffix);
    for (Session* session : found->second) chosen.emplace_back(session, session->subscriptions.at(filter));
  }
  for (Session* session : wild_) {
    const bool already = std::any_of(chosen.begin(), chosen.end(), [&](const auto& one) { return one.first == session; });
    if (!already) chosen.emplace_back(session, session->subscriptions.find(kWild)->second);
  }
  std::vector<std::shared_ptr<Session>> alive;
  for (const auto& [session, _] : chosen) alive.push_back(all_.at({session->credential, session->client_id}));
  for (const auto& [session, qos] : chosen) visit(*session, qos);
}

bool Sessions::queue(Session& session, Command command) {
  const std::size_t size = command.bytes();
  const std::size_t count = session.queue.size() + session.inflight.size();
  if (count >= limits::kMqttSessionQueue || session.bytes + size > limits::kMqttSessionBytes ||
      bytes_ + size > limits::kMqttSessionsBytes)
    return false;
  session.bytes += size;
  bytes_ += size;
  session.queue.push_back(std::move(command));
  return true;
}

void Sessions::forget(Session& session, const Command& command) {
  const std::size_t size = std::min(command.bytes(), session.bytes);
  session.bytes -= size;
  bytes_ -= size;
}

}  // namespace cityloop::mqtt
