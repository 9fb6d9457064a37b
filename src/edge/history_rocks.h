// SPDX-License-Identifier: Apache-2.0
// The History in one RocksDB folder: closed blocks (block.h), rows for what came late, and in memory a head per point.
// append, flush from one thread; reads from any, under a shared lock that is held only while heads are copied.
// After a crash everything up to the last flush is there, perhaps more; turns replayed over it change nothing.
#pragma once

#include <memory>

#include "city/ports.h"

namespace cityloop {

struct HistoryRocksOptions {
  std::uint64_t head_bytes = 128u << 20;         // of all heads; beyond it they close at kBlockSamplesLeast instead of kBlockSamples
  std::uint64_t cache_bytes = 32u << 20;         // blocks read
  std::uint64_t write_buffer_bytes = 32u << 20;  // written, not yet in tables
};
inline constexpr std::size_t kBlockSamplesLeast = 64;

class HistoryRocks : public History {
 public:
  // Makes or opens the folder. kCorrupt, kNewerData.
  static Result<std::unique_ptr<HistoryRocks>> create(const std::string& folder, HistoryRocksOptions options = {});

  // Blocks, heads and records that did not pass their checksum. Reads go on without them.
  virtual std::uint64_t damaged() const = 0;
  struct Counters {
    std::uint64_t points = 0, head_bytes = 0, samples = 0, late = 0, blocks = 0, block_bytes = 0, records = 0;
  };
  virtual Counters counters() const = 0;  // samples and what follows: since the start
};

}  // namespace cityloop
