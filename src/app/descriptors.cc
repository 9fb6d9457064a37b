// SPDX-License-Identifier: Apache-2.0
#include "app/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

#include "core/limits.h"

namespace cityloop {

namespace {
constexpr std::uint64_t kOfStores = 512 + 128;  // History's files; the log, the journal, threads, sources, the outbox
constexpr std::uint64_t kMost = 1u << 16;       // more descriptors than both doors' limits need
constexpr std::uint64_t kLeast = 16;
}  // namespace

DoorShares door_shares(std::uint64_t descriptors) {
  const std::uint64_t left = descriptors > kOfStores ? descriptors - kOfStores : 0;
  // A quarter for people and gateways over HTTP, the rest for devices.
  const std::uint64_t http = std::clamp<std::uint64_t>(left / 4, kLeast, limits::kHttpConnections);
  const std::uint64_t mqtt = std::clamp<std::uint64_t>(left - std::min(left, http), kLeast, limits::kMqttConnections);
  return {http, mqtt};
}

std::uint64_t raise_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlim_t wanted = std::min<rlim_t>(limit.rlim_max, kMost);
  if (limit.rlim_cur < wanted) {
    const rlimit more{wanted, limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &more) == 0) limit = more;
  }
  return limit.rlim_cur;
}

}  // namespace cityloop
