// SPDX-License-Identifier: Apache-2.0
// File descriptors are shared by the stores and the sockets. A flood of connections must never take the one that the log needs for
// its next segment, so the doors together get what the stores leave.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cityloop {

struct DoorShares {
  std::size_t http = 0, mqtt = 0;  // connections at once
};
// Of a process that may have `descriptors`: at most the doors' own limits, at least a handful each.
DoorShares door_shares(std::uint64_t descriptors);

// Raises the soft limit to the hard one where that is allowed; the limit as it is then.
std::uint64_t raise_descriptors();

}  // namespace cityloop
