// SPDX-License-Identifier: Apache-2.0
// The live feed of web.md §4, without sockets: LiveFeed keeps the recent deltas and the connections' states; edge feeds it
// client messages and takes frames. Thread-safe; edge threads and the publishing thread call it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "serve/api.h"
#include "serve/project.h"

namespace cityloop {

// One socket as the feed sees it. send() never blocks; it returns the bytes waiting after the call.
class LiveSocket {
 public:
  virtual ~LiveSocket() = default;
  virtual std::size_t send(std::shared_ptr<const std::string> text) = 0;
  virtual void close(int code, std::string reason) = 0;
};

class LiveFeed {
 public:
  LiveFeed(CityFace city, Api& api);
  // After the Journal commit of a turn: its deltas in order of seq.
  void publish(const std::vector<LiveDelta>& deltas);
  void tick(Time now);  // state topics, KPI (1 Hz), pings, idle sockets; called every 100 ms

  using Id = std::uint64_t;
  Id open(std::shared_ptr<LiveSocket> socket, std::string bearer_principal);  // empty: authenticates by ticket in hello
  void message(Id id, std::string_view text);  // any bytes; protocol errors answer {t:'err'} or close 4400
  void closed(Id id);
  std::size_t sockets() const;
};

}  // namespace cityloop
