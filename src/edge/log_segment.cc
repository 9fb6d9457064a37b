// SPDX-License-Identifier: Apache-2.0
#include "edge/log_segment.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "edge/crc32c.h"

namespace cityloop {
namespace {

constexpr std::size_t kWindow = 1u << 20;

// Reads a file through a sliding window.
class Window {
 public:
  explicit Window(const File& file, std::size_t least = kWindow) : file_(file), least_(least) {}
  // At most `size` bytes at `offset`; fewer only at the end of the file. Good until the next call.
  Result<std::string_view> at(std::uint64_t offset, std::size_t size) {
    if (offset < start_ || offset + size > start_ + held_.size()) {
      held_.resize(std::max(size, least_));
      held_.resize(TRY(read_at(file_, held_.data(), held_.size(), offset)));
      start_ = offset;
    }
    return std::string_view(held_).substr(offset - start_, size);
  }

 private:
  const File& file_;
  const std::size_t least_;
  std::string held_;
  std::uint64_t start_ = 0;
};

std::uint32_t checksum(RecordHead head, std::string_view bytes) {
  const std::uint32_t fields = crc32c({reinterpret_cast<const char*>(&head.turn), 16}, head.size);
  return crc32c(bytes, fields);
}

void append_head(std::string& out, RecordHead head, std::string_view bytes) {
  head.crc = checksum(head, bytes);
  out.append(reinterpret_cast<const char*>(&head), sizeof head);
  out.append(bytes);
  out.append((8 - out.size() % 8) % 8, '\0');
}

struct Found {
  RecordHead head;
  std::string_view bytes;
  bool whole = false;
};

Result<Found> record_at(Window& window, std::uint64_t offset, std::uint64_t file_size) {
  Found found;
  if (offset + sizeof(RecordHead) > file_size) return found;
  const std::string_view head = TRY(window.at(offset, sizeof(RecordHead)));
  if (head.size() < sizeof(RecordHead)) return found;
  std::memcpy(&found.head, head.data(), sizeof(RecordHead));
  const std::uint64_t size = found.head.size & ~kMark;
  if (found.head.turn == 0 || offset + sizeof(RecordHead) + size > file_size) return found;
  if ((found.head.size & kMark) != 0 && size != 0) return found;
  found.bytes = TRY(window.at(offset, sizeof(RecordHead) + size));
  if (found.bytes.size() < sizeof(RecordHead) + size) return found;
  found.bytes.remove_prefix(sizeof(RecordHead));
  found.whole = found.head.crc == checksum(found.head, found.bytes);
  return found;
}

bool is_mark(const RecordHead& head) { return (head.size & kMark) != 0; }

}  // namespace

std::uint64_t record_span(std::uint64_t bytes) { return (sizeof(RecordHead) + bytes + 7) / 8 * 8; }

void append_record(std::string& out, std::uint64_t turn, std::uint32_t generation, std::uint32_t back, std::string_view bytes) {
  append_head(out, {static_cast<std::uint32_t>(bytes.size()), 0, turn, generation, back}, bytes);
}

void append_mark(std::string& out, std::uint64_t turn, std::uint32_t generation) {
  append_head(out, {kMark, 0, turn, generation, 0}, {});
}

Result<SegmentWalk> walk_segment(const File& file, std::uint64_t first, std::uint64_t until, const RecordVisit& visit) {
  const std::uint64_t size = TRY(size_of(file));
  Window window(file);
  SegmentWalk walk{first - 1, 0, kSegmentMagic.size()};
  const std::string_view magic = TRY(window.at(0, kSegmentMagic.size()));
  if (magic != kSegmentMagic) return fail(errors::kCorrupt, file.path() + " does not begin as a log segment");
  while (walk.last < until) {
    const Found found = TRY(record_at(window, walk.end, size));
    if (!found.whole || found.head.generation < walk.generation) break;
    const bool mark = is_mark(found.head);
    if (found.head.turn != walk.last + (mark ? 0 : 1)) break;
    if (!mark && visit) TRY(visit(found.head.turn, found.bytes));
    walk.last = found.head.turn;
    walk.generation = found.head.generation;
    walk.end += record_span(found.bytes.size());
  }
  return walk;
}

Result<Leftovers> look_behind(const File& file, const SegmentWalk& walk) {
  const std::uint64_t size = TRY(size_of(file));
  Window window(file);
  Leftovers left;
  std::uint64_t offset = walk.end;
  while (offset + sizeof(RecordHead) <= size) {
    // Preallocated space that was never written reads as zeros and is skipped whole.
    const off_t data = ::lseek(file.fd(), static_cast<off_t>(offset), SEEK_DATA);
    if (data < 0) break;
    offset = std::max(offset, static_cast<std::uint64_t>(data) / 8 * 8);
    const std::uint64_t stop = std::min(size - sizeof(RecordHead), offset + kWindow - sizeof(RecordHead));
    for (; offset <= stop; offset += 8) {
      const std::string_view bytes = TRY(window.at(offset, sizeof(RecordHead)));
      RecordHead head;
      std::memcpy(&head, bytes.data(), sizeof head);
      if (head.turn <= walk.last || head.turn - walk.last > (1u << 24)) continue;  // nothing, or older: a recycled segment
      Window beside(file, sizeof(RecordHead));
      const Found found = TRY(record_at(beside, offset, size));
      if (!found.whole) continue;
      left.generation = std::max(left.generation, head.generation);
      left.proves_damage |= head.generation >= walk.generation && head.turn - head.back > walk.last;
    }
  }
  return left;
}

}  // namespace cityloop
