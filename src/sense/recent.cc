// SPDX-License-Identifier: Apache-2.0
#include "sense/recent.h"

#include <algorithm>

namespace cityloop {
namespace {

constexpr std::size_t kPlaces = RecentSamples::kKept * 4;  // at most half full between two rebuilds

std::size_t place_of(std::uint64_t key, std::int64_t at) {
  std::uint64_t h = key * 0x9E3779B97F4A7C15ULL ^ static_cast<std::uint64_t>(at);
  h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9ULL;
  return static_cast<std::size_t>(h ^ (h >> 29)) & (kPlaces - 1);
}

std::uint64_t key_of(std::uint32_t slot, std::uint8_t point) { return std::uint64_t{slot} << 8 | point; }

}  // namespace

void RecentSamples::add(std::uint32_t slot, std::uint8_t point, Time at, Decimal value) {
  const Entry entry{key_of(slot, point), to_ms(at), value.mantissa, value.scale};
  if (ring_.size() < kKept) {
    ring_.push_back(entry);
  } else {
    ring_[added_ % kKept] = entry;
  }
  ++added_;
}

void RecentSamples::insert(std::uint32_t place) const {
  const Entry& entry = ring_[place];
  for (std::size_t i = place_of(entry.key, entry.at);; i = (i + 1) & (kPlaces - 1)) {
    if (table_[i] == 0) {
      table_[i] = place + 1;
      ++in_table_;
      return;
    }
    const Entry& other = ring_[table_[i] - 1];
    if (other.key == entry.key && other.at == entry.at) {
      table_[i] = place + 1;
      return;
    }
  }
}

std::optional<Decimal> RecentSamples::find(std::uint32_t slot, std::uint8_t point, Time at) const {
  if (ring_.empty()) return std::nullopt;
  if (table_.empty() || in_table_ + (added_ - indexed_) > kKept * 2) {
    table_.assign(kPlaces, 0);
    in_table_ = 0;
    indexed_ = added_ - ring_.size();
  }
  for (; indexed_ != added_; ++indexed_) insert(static_cast<std::uint32_t>(indexed_ % kKept));
  const std::uint64_t key = key_of(slot, point);
  for (std::size_t i = place_of(key, to_ms(at)); table_[i] != 0; i = (i + 1) & (kPlaces - 1)) {
    const Entry& entry = ring_[table_[i] - 1];
    if (entry.key == key && entry.at == to_ms(at)) return Decimal{entry.mantissa, static_cast<std::int32_t>(entry.scale)};
  }
  return std::nullopt;
}

void RecentSamples::encode(Writer& out) const {
  cityloop::encode(out, static_cast<std::uint64_t>(ring_.size()));
  const std::size_t oldest = ring_.size() < kKept ? 0 : added_ % kKept;
  out.raw(ring_.data() + oldest, (ring_.size() - oldest) * sizeof(Entry));
  out.raw(ring_.data(), oldest * sizeof(Entry));
}

void RecentSamples::decode(Reader& in) {
  *this = RecentSamples{};
  std::uint64_t size = 0;
  cityloop::decode(in, size);
  if (size > kKept || size * sizeof(Entry) > in.left()) return in.spoil();
  ring_.resize(size);
  in.raw(ring_.data(), ring_.size() * sizeof(Entry));
  added_ = size;
}

}  // namespace cityloop
