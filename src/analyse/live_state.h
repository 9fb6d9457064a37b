// SPDX-License-Identifier: Apache-2.0
// The last value of every point, with age and quality. Written by the city thread; publish() gives edge threads an
// immutable picture made of shared chunks, of which only the changed ones are copied.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/words.h"

namespace cityloop {

struct LiveValue {
  Time at{};       // kNoTime: never heard
  Time arrival{};
  Decimal value;
  Quality quality = Quality::good;
};

struct LiveAsset {
  std::vector<LiveValue> points;  // by the kind's point index
  Level level = Level::none;      // worst firing alarm
  std::uint16_t alarms = 0;       // firing
};

class LiveState {
 public:
  static constexpr std::size_t kChunk = 256;  // assets a chunk
  using Chunk = std::array<LiveAsset, kChunk>;
  struct Picture {
    std::uint64_t turn = 0;
    Time now{};
    std::vector<std::shared_ptr<const Chunk>> chunks;  // slot / kChunk
    const LiveAsset* asset(std::uint32_t slot) const;
  };

  LiveAsset& asset(std::uint32_t slot);              // marks the chunk changed
  const LiveAsset* find(std::uint32_t slot) const;
  std::shared_ptr<const Picture> publish(std::uint64_t turn, Time now);

 private:
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::vector<bool> changed_;
  std::shared_ptr<const Picture> last_;
};

}  // namespace cityloop
