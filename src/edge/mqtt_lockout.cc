// SPDX-License-Identifier: Apache-2.0
#include "edge/mqtt_lockout.h"

#include "core/limits.h"

namespace cityloop::mqtt {

namespace {
constexpr std::chrono::minutes kWait{1};      // a device with a new secret must get in soon; guessing 256 bits is hopeless anyway
constexpr std::size_t kRemembered = 10'000;
constexpr int kAnyFactor = 10;                // many devices share a gateway's address
}  // namespace

bool Lockout::locked(const Key& key, int most, Steady now) const {
  const auto found = tries_.find(key);
  return found != tries_.end() && found->second.count >= most && now - found->second.last < kWait;
}

bool Lockout::locked(const std::string& peer, const std::string& credential, Steady now) const {
  return locked({peer, credential}, limits::kLoginFailures, now) || locked({peer, ""}, kAnyFactor * limits::kLoginFailures, now);
}

void Lockout::count(const Key& key, Steady now) {
  const auto [at, fresh] = tries_.try_emplace(key);
  Tries& tries = at->second;
  tries.count = now - tries.last < kWait ? tries.count + 1 : 1;
  tries.last = now;
  if (!fresh) return;
  order_.push_back(key);
  if (order_.size() <= kRemembered) return;
  tries_.erase(order_.front());
  order_.pop_front();
}

void Lockout::failed(const std::string& peer, const std::string& credential, Steady now) {
  count({peer, credential}, now);
  count({peer, ""}, now);
}

void Lockout::succeeded(const std::string& peer, const std::string& credential) {
  const auto found = tries_.find({peer, credential});
  if (found != tries_.end()) found->second.count = 0;
}

}  // namespace cityloop::mqtt
