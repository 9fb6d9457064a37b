// SPDX-License-Identifier: Apache-2.0
// How a connected system and a device's connection fare: last heard, counts, connected, late. City thread. A row of the
// table `sources` each, put at most once in ten seconds.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/codec.h"
#include "core/context.h"
#include "sense/findings.h"

namespace cityloop {

struct SourceSpec;

inline constexpr Millis kHealthEvery{10'000};

struct Health {
  Time last_seen{};            // arrival of the newest input, kNoTime: never
  Time listening_since{};      // when it, or we, began to listen: silence before counts for nothing
  std::uint64_t accepted = 0;  // messages
  std::uint64_t duplicate = 0;
  std::uint64_t late = 0;      // values
  std::uint64_t quarantined = 0;
  bool known_connection = false;
  bool connected = false;
  std::string error;           // of the connection, or of the newest payload
  bool is_late = false;
  bool changed = false;        // since the row was put
  Time put{};
};

// `never`, `ok`, `late`, `disconnected`.
std::string_view health_state(const Health& health);

// Turns late after three expected intervals of silence while somebody listened. True when that changed.
bool update_lateness(Health& health, Millis expected, Time now);

// `spec` is null for a device's credential.
RowPut health_row(std::string_view key, const SourceSpec* spec, const Health& health);

}  // namespace cityloop
