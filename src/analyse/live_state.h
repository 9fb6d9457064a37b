// SPDX-License-Identifier: Apache-2.0
// The last value of every point, with age and quality. Written by the city thread; publish() gives edge threads an
// immutable picture made of shared chunks, of which only the changed ones are copied.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/codec.h"
#include "core/words.h"

namespace cityloop {

struct LiveValue {
  Time at{};       // kNoTime: never heard
  Time arrival{};
  Decimal value;
  Quality quality = Quality::good;
};

struct LiveAsset {
  std::vector<LiveValue> points;  // by the kind's point index; empty: never heard
  Level level = Level::none;      // worst firing alarm that is neither held back nor shelved
  std::uint16_t alarms = 0;       // how many there are of those
};

class LiveState {
 public:
  static constexpr std::size_t kChunk = 256;  // assets a chunk
  using Chunk = std::array<LiveAsset, kChunk>;
  struct Picture {
    std::uint64_t turn = 0;
    Time now{};
    std::vector<std::shared_ptr<const Chunk>> chunks;  // slot / kChunk; null: nothing known there
    const LiveAsset* asset(std::uint32_t slot) const;  // null: nothing known
  };

  // City thread. May copy the slot's chunk, the first time after a publish: keep no reference across publish().
  LiveAsset& asset(std::uint32_t slot) {
    const std::size_t chunk = slot / kChunk;
    if (chunk >= chunks_.size() || shared_[chunk]) own(chunk);
    return (*chunks_[chunk])[slot % kChunk];
  }
  const LiveAsset* find(std::uint32_t slot) const {  // null: nothing known
    const std::size_t chunk = slot / kChunk;
    return chunk < chunks_.size() && chunks_[chunk] ? &(*chunks_[chunk])[slot % kChunk] : nullptr;
  }
  std::size_t slots() const { return chunks_.size() * kChunk; }
  std::shared_ptr<const Picture> publish(std::uint64_t turn, Time now);

  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  void own(std::size_t chunk);

  std::vector<std::shared_ptr<Chunk>> chunks_;
  std::vector<std::uint8_t> shared_;  // a picture holds the chunk: it must not change any more
  std::shared_ptr<const Picture> last_;
  bool changed_ = true;
};

}  // namespace cityloop
