// SPDX-License-Identifier: Apache-2.0
// The records seen last, by (asset, kind, id or time), so that a repeat is seen. City thread; bounded, oldest first out.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <unordered_map>

#include "core/codec.h"

namespace cityloop {

class RecordMemory {
 public:
  static constexpr std::size_t kKept = 200'000;  // a day of a busy bridge's passages, 32 bytes each

  enum class Seen : std::uint8_t { first, same, other };  // other: the same record with other content
  Seen note(std::string_view identity, std::string_view content);

  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  struct Known {
    std::uint64_t check = 0;    // second half of the identity's digest
    std::uint64_t content = 0;
  };
  std::unordered_map<std::uint64_t, Known> known_;
  std::deque<std::uint64_t> order_;
};

}  // namespace cityloop
