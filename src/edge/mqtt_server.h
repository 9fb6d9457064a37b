// SPDX-License-Identifier: Apache-2.0
// The city's own device listener: MQTT 3.1.1 and 5 on TCP or TLS. A device door, not a broker (architecture §5): devices
// publish readings, records and results and subscribe to their own commands. PUBACK means durable.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/limits.h"
#include "core/message.h"
#include "core/result.h"
#include "core/tally.h"
#include "serve/access.h"

namespace cityloop {

struct MqttServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 1883;         // 0: any free one
  std::string certificate{}, key{};  // PEM files; both or none
  Millis connect_timeout{10'000};
  std::size_t connections = limits::kMqttConnections;
};

// What the listener needs of the rest; every member is set. Called on the listener's thread.
struct MqttCity {
  // An answer of 429, 503 or 507 means not accepted: the listener keeps the input, stops reading that device and offers again.
  std::function<void(Input, std::function<void(Answer)>)> offer;
  std::function<std::shared_ptr<const AccessTable>()> access;
  std::function<Time()> now;
  std::function<Result<ReadingBatch>(std::string_view asset, std::string_view payload)> decode_readings;           // sense/decode.h
  std::function<Result<std::vector<RecordIn>>(std::string_view asset, std::string_view payload)> decode_records;  // sense/decode.h
  std::function<Result<std::vector<RecordIn>>(std::string_view asset, std::string_view payload)>
      decode_results;  // sense/decode.h
  std::function<bool(std::string_view pattern, std::string_view asset)> matches;                                   // glob_match
};

// How a command is carried out. With an id, the same one again is not queued twice for a session that has it still.
struct CommandDelivery {
  std::string id{};
  std::optional<Millis> lives{};      // not sent after this time; none: for ever
  std::function<void()> delivered{};  // the device has acknowledged it (QoS 0: it was sent); listener's thread
};

class MqttServer {
 public:
  using Delivery = CommandDelivery;
  static Result<std::unique_ptr<MqttServer>> create(MqttServerOptions options, MqttCity city);
  virtual ~MqttServer() = default;
  virtual std::uint16_t port() const = 0;
  virtual void stop() = 0;
  // Delivers to whoever subscribed to `city/v1/{asset}/commands`, queues for its persistent session otherwise (bounded). Any thread.
  virtual void command(const std::string& asset, const std::string& payload, Delivery delivery = {}) = 0;
  struct Counters {
    std::uint64_t connections = 0, open = 0, publishes = 0, refused = 0, malformed = 0, dropped_qos0 = 0, wills = 0;
    std::uint64_t logins_refused = 0, commands = 0, commands_dropped = 0, held = 0, sessions = 0, quarantined = 0, taken_over = 0;
    Tally::Counts reasons;  // refusals by MQTT 5 reason code (`0x87`), whatever version the device speaks
  };
  virtual Counters counters() const = 0;
};

}  // namespace cityloop
