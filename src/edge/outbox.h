// SPDX-License-Identifier: Apache-2.0
// Carries the city's notices out over their receivers' channels (channel.h), at most eight at once and two to one receiver, one at a
// time per subject and receiver, so that each hears of a case in order. When and how often is decided by the city
// (command/outbox.h); each try is reported back as an input. Owns its threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/message.h"
#include "edge/channel.h"

namespace cityloop {

struct OutboxCity {       // every member is set; called on the sender's threads
  std::function<std::vector<Notice>()> due;  // what may go now; asked after wake() and once a second
  std::function<Result<OpenReceiver>(const std::string& target)> receiver;  // why not: tried again later
  std::function<void(Input, std::function<void(Answer)>)> offer;
  std::function<Time()> now;
  std::function<std::string(const Notice&)> link = [](const Notice&) { return std::string(); };  // to say that it was read
  Millis utc_offset = std::chrono::hours(8);
  std::string source = "/cityloop";          // CloudEvents `source`
};

class OutboxSender {
 public:
  static std::unique_ptr<OutboxSender> create(OutboxCity city);
  virtual ~OutboxSender() = default;
  virtual void wake() = 0;   // something may be due; any thread, never blocks
  virtual void stop() = 0;   // ends calls under way; their notices stay due
  struct Counters { std::uint64_t sent = 0, failed = 0, in_flight = 0; };
  virtual Counters counters() const = 0;
};

// The body of one POST, type application/cloudevents+json. Data that is not JSON goes in as text.
std::string cloud_event(const Notice& notice, std::string_view source);
// Value of X-City-Signature: `sha256=` and the hex HMAC-SHA-256 of the body.
std::string signature_of(std::string_view secret, std::string_view body);

}  // namespace cityloop
