// SPDX-License-Identifier: Apache-2.0
// The live feed of web.md §4, without sockets: LiveFeed keeps the recent deltas and the connections' states; edge feeds it
// client messages and takes frames. Thread-safe; edge threads and the publishing thread call it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/tally.h"
#include "serve/api.h"
#include "serve/project.h"

namespace cityloop {

// One socket as the feed sees it. send() never blocks and never calls back; it returns the bytes waiting after the call.
class LiveSocket {
 public:
  virtual ~LiveSocket() = default;
  virtual std::size_t send(std::shared_ptr<const std::string> text) = 0;
  virtual void close(int code, std::string reason) = 0;
};

namespace serve {
class Feed;
}

class LiveFeed {
 public:
  // The Api's `GET /changes` and `/events` are answered by this feed from now on, as long as it lives.
  LiveFeed(CityFace city, Api& api);
  ~LiveFeed();
  LiveFeed(const LiveFeed&) = delete;
  LiveFeed& operator=(const LiveFeed&) = delete;

  // After the Journal commit of a turn: its deltas in order of seq. From one thread.
  void publish(const std::vector<LiveDelta>& deltas);
  void tick(Time now);  // state topics, KPI (1 Hz), pings, idle sockets; called every 100 ms

  using Id = std::uint64_t;
  Id open(std::shared_ptr<LiveSocket> socket, std::string bearer_principal);  // empty: authenticates by ticket in hello
  void message(Id id, std::string_view text);  // any bytes; protocol errors answer {t:'err'} or close 4400
  void closed(Id id);
  std::size_t sockets() const;
  Tally::Counts problems() const;  // told to sockets: problem codes, and the close codes of web.md §4

 private:
  std::shared_ptr<serve::Feed> feed_;
};

}  // namespace cityloop
