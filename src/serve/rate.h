// SPDX-License-Identifier: Apache-2.0
// Who asks too often, and who guesses passwords. Both forget by themselves and are bounded in memory. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "core/time.h"

namespace cityloop::serve {

// Token buckets by key. take(): nothing when granted, else how long to wait.
class RateLimit {
 public:
  RateLimit(double per_second, double burst) : per_second_(per_second), burst_(burst) {}
  std::optional<Millis> take(const std::string& key, Time now);

 private:
  struct Bucket {
    double left = 0;
    Time at{};
  };
  void forget(Time now);

  double per_second_, burst_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

// Failed sign-ins per key (account and peer). An attempt counts as failed from its start until it succeeds, so that guesses
// sent at once do not all slip through.
class Lockout {
 public:
  std::optional<Millis> begin(const std::string& key, Time now);  // nothing: go on; else locked for that long
  void succeeded(const std::string& key);

 private:
  struct Failures {
    int count = 0;
    Time last{};
  };
  std::mutex mutex_;
  std::map<std::string, Failures> failures_;
};

}  // namespace cityloop::serve
