// SPDX-License-Identifier: Apache-2.0
// The closed form of a point's samples in History: columns of small numbers, a summary in front, a checksum behind. Lossless.
// Times: one period, or differences from the form that fits best. Values: mantissas at one scale, as differences or above the
// least one; each with its own scale where no common one exists. Then the RocksDB block around it is compressed by zstd.
#pragma once

#include <span>

#include "city/ports.h"

namespace cityloop {

inline constexpr std::size_t kBlockSamples = 256;       // of a usual block: enough to compress, cheap to read for one value
inline constexpr std::size_t kBlockSamplesMost = 2'048;

struct BlockSummary {
  Time first_at{}, last_at{};
  Bucket values;  // `from` is not set
};

std::string encode_block(std::span<const Sample> samples);  // ascending, no time twice, 1 to kBlockSamplesMost
Result<BlockSummary> block_summary(std::string_view block);  // kCorrupt
Result<void> decode_block(std::string_view block, std::vector<Sample>& out);  // appends; kCorrupt: nothing is appended

}  // namespace cityloop
