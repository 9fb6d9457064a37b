// SPDX-License-Identifier: Apache-2.0
// The heart of the device listener: one thread with all connections and sessions, what they share, and the way to the city
// and back. Internal to mqtt_*.cc of edge.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "edge/mqtt_intake.h"
#include "edge/mqtt_lockout.h"
#include "edge/mqtt_server.h"
#include "edge/mqtt_sessions.h"
#include "edge/net.h"

namespace cityloop::mqtt {

class Door : public MqttServer {
 public:
  Door(MqttServerOptions options, MqttCity city, std::shared_ptr<net::Tls> tls);
  ~Door() override { stop(); }
  Result<void> listen();

  std::uint16_t port() const override { return port_; }
  void stop() override;
  void command(const std::string& asset, const std::string& payload, Delivery delivery) override;
  Counters counters() const override;

  // ---- for connections, on the loop's thread
  const MqttCity& city() const { return city_; }
  const MqttServerOptions& options() const { return options_; }
  const AccessTable& access() const { return *access_; }
  void renew_access() { if (city_.access() != access_) refresh_access(); }  // at a CONNECT: a fresh credential works at once
  Sessions& sessions() { return sessions_; }
  Lockout& lockout() { return lockout_; }
  net::Loop& loop() { return loop_; }
  const net::Tls* tls() const { return tls_.get(); }
  std::vector<char>& scratch() { return scratch_; }
  void offer(const std::shared_ptr<Gulp>& gulp);      // its parts that are not empty
  void settle(Gulp& gulp);                            // every part is answered
  void came(const std::string& credential);
  // The last connection of a credential is what counts: `reason` is told when none is left, `delay` later.
  void went(const std::string& credential, std::string reason, std::chrono::seconds delay);
  void count(Reason reason);  // a refusal, in whatever packet
  void remove(Connection* connection) { connections_.erase(connection); }
  bool covers(const Credential& credential, std::string_view asset) const;
  std::string fresh_client_id();

  std::atomic<std::uint64_t> connections{0}, open{0}, publishes{0}, refused{0}, malformed{0}, dropped_qos0{0}, wills{0},
      logins_refused{0}, commands{0}, commands_dropped{0}, held{0}, session_count{0}, quarantined{0}, taken_over{0};

 private:
  struct Answered {
    std::shared_ptr<Gulp> gulp;
    Part part = Part::none;
    Answer answer;
  };
  struct Again {
    net::Clock::time_point at;
    std::shared_ptr<Gulp> gulp;
    Part part = Part::none;
  };
  struct Order {  // a command for an asset
    std::string asset;
    std::shared_ptr<const std::string> payload;
    Delivery delivery;
  };
  struct Gone {
    net::Clock::time_point at;
    std::string reason;
  };

  void adopt(int socket, std::string peer);
  void offer_part(const std::shared_ptr<Gulp>& gulp, Part part);
  void take_answers(std::vector<Answered>& batch);
  void hold(const std::shared_ptr<Gulp>& gulp, Part part);
  void let_go(Gulp& gulp);
  void forget(Gulp& gulp);  // its QoS 2 publishes were never taken
  void deliver(const Order& order);
  void tick();
  void refresh_access();
  void offer_again(net::Clock::time_point now);
  void tell_presence(net::Clock::time_point now);

  MqttServerOptions options_;
  MqttCity city_;
  Tally reasons_;
  std::shared_ptr<net::Tls> tls_;
  net::Loop loop_;
  net::Timer timer_;
  std::vector<char> scratch_;
  std::unique_ptr<net::Listener> listener_;
  std::shared_ptr<net::Mailbox<Answered>> answers_;
  std::shared_ptr<net::Mailbox<Order>> orders_;
  std::shared_ptr<net::Mailbox<PresenceIn>> refused_presence_;
  std::shared_ptr<const AccessTable> access_;
  Sessions sessions_;
  Lockout lockout_;
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections_;
  std::map<std::string, int> present_;          // connections by credential
  std::map<std::string, Gone> gone_;            // to be told
  std::map<std::string, PresenceIn> presence_;  // the last word of each credential, told on the next tick
  std::deque<Again> again_;
  std::size_t held_bytes_ = 0;
  std::uint64_t ticks_ = 0, client_ids_ = 0;
  std::uint16_t port_ = 0;
  bool stopping_ = false;  // on the loop's thread
  bool stopped_ = false;
};

}  // namespace cityloop::mqtt
