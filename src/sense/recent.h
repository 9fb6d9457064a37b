// SPDX-License-Identifier: Apache-2.0
// The samples accepted last, newest value per (slot, point, time): what History may not hold yet when a late reading asks
// whether it was there before. City thread. A ring, so that keeping one costs a few nanoseconds; the index is made on asking.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/codec.h"
#include "core/decimal.h"
#include "core/time.h"

namespace cityloop {

class RecentSamples {
 public:
  // More than a dozen full turns' messages. What falls out has long been in History.
  static constexpr std::size_t kKept = 1u << 18;

  void add(std::uint32_t slot, std::uint8_t point, Time at, Decimal value);
  std::optional<Decimal> find(std::uint32_t slot, std::uint8_t point, Time at) const;
  std::size_t size() const { return ring_.size(); }

  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  struct Entry {
    std::uint64_t key = 0;  // slot << 8 | point
    std::int64_t at = 0;
    std::int64_t mantissa = 0;
    std::int64_t scale = 0;
  };
  void insert(std::uint32_t place) const;

  std::vector<Entry> ring_;
  std::uint64_t added_ = 0;
  // Open addressing over places of the ring, plus one; rebuilt when a ring's worth was added to it. Follows from ring_.
  mutable std::vector<std::uint32_t> table_;
  mutable std::uint64_t indexed_ = 0;
  mutable std::size_t in_table_ = 0;
};

}  // namespace cityloop
