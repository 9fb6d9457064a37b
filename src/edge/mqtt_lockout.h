// SPDX-License-Identifier: Apache-2.0
// Who tried too often with a wrong secret: an address that failed kLoginFailures times for one credential, or ten times
// that for any, waits. Bounded: the oldest entries leave. Listener's thread only; time is an argument.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <string>
#include <utility>

namespace cityloop::mqtt {

class Lockout {
 public:
  using Steady = std::chrono::steady_clock::time_point;
  bool locked(const std::string& peer, const std::string& credential, Steady now) const;
  void failed(const std::string& peer, const std::string& credential, Steady now);
  void succeeded(const std::string& peer, const std::string& credential);

 private:
  struct Tries {
    int count = 0;
    Steady last{};
  };
  using Key = std::pair<std::string, std::string>;  // credential empty: any
  bool locked(const Key& key, int most, Steady now) const;
  void count(const Key& key, Steady now);

  std::map<Key, Tries> tries_;
  std::deque<Key> order_;
};

}  // namespace cityloop::mqtt
