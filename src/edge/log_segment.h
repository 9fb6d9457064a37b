// SPDX-License-Identifier: Apache-2.0
// The bytes of one segment of the Log. A segment begins with kSegmentMagic; then records, each aligned to 8 bytes:
//   u32 size (top bit: a mark without bytes) | u32 crc32c of the rest | u64 turn | u32 generation | u32 back | bytes | padding
// `generation` grows with every start of the program, so that leftovers of a torn write are never taken for new records;
// turn - back is the last turn that was surely synced when the record was written: it tells damage from a torn tail.
#pragma once

#include <functional>

#include "edge/disk.h"

namespace cityloop {

inline constexpr std::string_view kSegmentMagic{"CITYLOG\1", 8};
inline constexpr std::uint32_t kMark = 0x8000'0000;  // written at a clean stop: everything before it was synced

struct RecordHead {
  std::uint32_t size = 0;
  std::uint32_t crc = 0;
  std::uint64_t turn = 0;
  std::uint32_t generation = 0;
  std::uint32_t back = 0;
};
static_assert(sizeof(RecordHead) == 24);

std::uint64_t record_span(std::uint64_t bytes);  // head, bytes and padding
void append_record(std::string& out, std::uint64_t turn, std::uint32_t generation, std::uint32_t back, std::string_view bytes);
void append_mark(std::string& out, std::uint64_t turn, std::uint32_t generation);

struct SegmentWalk {
  std::uint64_t last = 0;        // turn of the last whole record, or the first turn - 1
  std::uint32_t generation = 0;  // greatest seen
  std::uint64_t end = 0;         // offset behind the last whole record
};
using RecordVisit = std::function<Result<void>(std::uint64_t turn, std::string_view bytes)>;

// Visits the whole records of a segment whose first turn is `first`, up to turn `until`, and says where they end.
Result<SegmentWalk> walk_segment(const File& file, std::uint64_t first, std::uint64_t until, const RecordVisit& visit);

struct Leftovers {
  std::uint32_t generation = 0;  // greatest of the whole records that lie behind the end
  bool proves_damage = false;    // one of them says that the turn after `walk.last` had been synced
};
Result<Leftovers> look_behind(const File& file, const SegmentWalk& walk);

}  // namespace cityloop
