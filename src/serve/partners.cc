// SPDX-License-Identifier: Apache-2.0
#include "serve/partners.h"

namespace cityloop::serve {

void Partners::heard(std::string_view token, int status, std::string_view problem, Time now) {
  std::lock_guard lock(mutex_);
  Health& health = all_[std::string(token)];
  health.seen = now;
  ++health.calls;
  if (status < 400) return;
  ++(status < 500 ? health.refused : health.failed);
  health.last_problem = problem;
  health.last_problem_at = now;
}

void Partners::follows(std::string_view token, std::uint64_t seq, Time now) {
  std::lock_guard lock(mutex_);
  Health& health = all_[std::string(token)];
  health.feed = seq;
  health.feed_at = now;
}

Partners::Health Partners::of(std::string_view token) const {
  std::lock_guard lock(mutex_);
  const auto found = all_.find(token);
  return found == all_.end() ? Health{} : found->second;
}

}  // namespace cityloop::serve
