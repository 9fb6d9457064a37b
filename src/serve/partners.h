// SPDX-License-Identifier: Apache-2.0
// How other systems are doing that speak to the city by tokens: when each was last heard, what it was refused, how far
// behind its change feed is. Since the start of the program; thread-safe. Of this room only.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "core/time.h"

namespace cityloop::serve {

class Partners {
 public:
  struct Health {
    Time seen{};
    std::uint64_t calls = 0;
    std::uint64_t refused = 0;      // 4xx
    std::uint64_t failed = 0;       // 5xx
    std::string last_problem;       // code of the last refusal or failure
    Time last_problem_at{};
    std::uint64_t feed = 0;         // seq that it said it has, by `since`; 0: never asked
    Time feed_at{};
  };

  void heard(std::string_view token, int status, std::string_view problem, Time now);
  void follows(std::string_view token, std::uint64_t seq, Time now);
  Health of(std::string_view token) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Health, std::less<>> all_;  // by token id; only ids that exist come here
};

}  // namespace cityloop::serve
