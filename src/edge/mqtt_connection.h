// SPDX-License-Identifier: Apache-2.0
// One device's connection: bytes in, packets handled in order, publishes gathered into gulps, acknowledgements in the order
// of the publishes. Listener's thread only. Internal to edge.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/register.h"
#include "edge/mqtt_door.h"

namespace cityloop::mqtt {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Door& door, int socket, std::string peer);
  ~Connection();

  void start();
  void sweep(net::Clock::time_point now, const AccessTable* changed);  // `changed`: a new table, or null
  void pump();                                       // sends what its session has queued
  void answered();                                   // the gulp we offered was answered: acknowledge it and read on
  void flush();
  // Ends it from our side; a version 5 device hears why. `tell_will`: its will is told.
  void end(Reason reason, const std::string& why, bool tell_will);
  void end_without_ack() { end(Reason::unspecified, "the city failed", true); }
  bool wants_reasons() const { return version_ == Version::v5; }
  void acknowledge_received(std::uint16_t id, Reason reason);  // PUBREC of a publish that came over an earlier connection

 private:
  enum class Phase { handshake, waiting, ready, closed };

  void handshake();
  void read();
  void read_now();
  void read_on();                                    // after a pause
  void take(std::string_view bytes);
  Reason handle(const Packet& packet);               // not success: end with it
  Reason handle_connect(const Packet& packet);
  Reason check_login(const Connect& connect);
  void begin_session(const Connect& connect);
  Reason handle_publish(const Packet& packet);
  Reason resolve_alias(Publish& publish);
  Reason route(const Publish& publish);
  bool covered(std::string_view asset);
  Reason handle_ack(const Packet& packet);
  Reason handle_subscribe(const Packet& packet);
  Reason handle_unsubscribe(const Packet& packet);
  std::uint8_t subscribe(const Filter& filter);
  void submit();
  void acknowledge();                                // writes into out_
  bool busy() const;
  void refuse_connect(Reason reason);
  void send_publish(Command& command, bool again);
  void close(const std::string& why, bool tell_will);

  Door& door_;
  std::unique_ptr<net::Stream> stream_;
  std::string peer_;
  Phase phase_ = Phase::handshake;
  Version version_ = Version::v311;
  net::Clock::time_point heard_;
  std::chrono::milliseconds patience_{0};            // of silence; 0: for ever
  bool reading_ = false;                             // a wait for bytes, or a turn to read, is pending
  bool writing_ = false;
  std::string in_;                                   // the begin of a packet
  std::string out_;
  std::size_t sent_ = 0;

  std::shared_ptr<Session> session_;
  std::string credential_, secret_hash_;
  bool has_will_ = false;
  std::chrono::seconds will_delay_{0};
  std::size_t inflight_most_ = 0;
  std::size_t packet_most_ = 0;                      // that the device takes
  std::unordered_map<std::uint16_t, std::string> aliases_;
  std::unordered_map<std::string, bool, StringHash, std::equal_to<>> covered_;

  std::shared_ptr<Gulp> gulp_;                       // being filled
  std::shared_ptr<Gulp> offered_;                    // not answered yet; meanwhile nothing is read, so order is kept
};

}  // namespace cityloop::mqtt
