// SPDX-License-Identifier: Apache-2.0
// What the listener remembers of a client between connections: subscriptions, commands on their way, and the QoS 2 packet
// ids it has received. In memory and bounded; listener's thread only. Keyed by credential and client id, so that one device can never
// take over another's session.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cityloop::mqtt {

class Connection;
using Steady = std::chrono::steady_clock::time_point;

struct Command {
  std::string topic;
  std::shared_ptr<const std::string> payload;
  std::uint8_t qos = 0;
  std::uint16_t id = 0;  // once sent at QoS 1
  std::string key{};     // the city's id of it, or empty
  Steady until = Steady::max();       // not sent later than this
  std::function<void()> delivered{};  // or empty
  std::size_t bytes() const { return topic.size() + payload->size(); }
};

struct Session {
  std::string credential, client_id;
  std::chrono::seconds kept{0};                                  // life after its connection; 0: none
  Connection* connection = nullptr;
  Steady asleep_since{};
  std::map<std::string, std::uint8_t, std::less<>> subscriptions;  // filter → granted QoS
  std::deque<Command> queue;                                     // not sent yet
  std::deque<Command> inflight;                                  // sent at QoS 1, oldest first
  std::size_t bytes = 0;                                         // of both
  std::map<std::uint16_t, bool> received;                        // QoS 2 ids; true: durable, PUBREC was sent
  std::uint16_t last_id = 0;

  std::uint16_t fresh_id();  // not in flight
  bool holds(std::string_view key) const;  // a command of this key is queued or in flight
};

class Sessions {
 public:
  Session* find(const std::string& credential, const std::string& client_id) const;  // null: none
  // The client's session, a fresh one with `clean` or when there is none; `present` says which.
  std::shared_ptr<Session> open(const std::string& credential, const std::string& client_id, bool clean, bool& present);
  // Its connection is gone: it sleeps or, with kept == 0, ends.
  void release(Session& session, Steady now);
  void expire(Steady now);
  // False: the session has too many subscriptions.
  bool subscribe(Session& session, std::string_view filter, std::uint8_t qos);
  bool unsubscribe(Session& session, std::string_view filter);
  void each_subscriber(const std::string& asset, const std::function<void(Session&, std::uint8_t qos)>& visit) const;
  // False: the session's or the common bound is reached, the command is not kept.
  bool queue(Session& session, Command command);
  void forget(Session& session, const Command& command);  // its bytes are free again
  std::size_t size() const { return all_.size(); }

 private:
  void index(Session& session, const std::string& filter, bool add);
  void end(Session& session);
  void wake(Session& session);

  std::map<std::pair<std::string, std::string>, std::shared_ptr<Session>> all_;
  std::unordered_map<std::string, std::vector<Session*>> by_asset_;
  std::set<Session*> wild_;                             // `city/v1/+/commands`
  std::set<std::pair<Steady, Session*>> sleeping_;      // oldest first
  std::size_t bytes_ = 0;
};

}  // namespace cityloop::mqtt
