// SPDX-License-Identifier: Apache-2.0
// The Log as preallocated segment files `<first turn, 20 digits>.seg` in one folder (log_segment.h has their bytes).
// One thread writes and syncs and calls `done`; appends that wait together share one write and one fdatasync. A second one
// prepares spare segments ahead. A failed write or sync prints its sentence and ends the process with status 3.
#pragma once

#include <memory>

#include "city/ports.h"
#include "core/limits.h"

namespace cityloop {

struct LogFilesOptions {
  std::uint64_t segment_bytes = limits::kLogSegmentBytes;
  std::uint64_t reserve_bytes = limits::kDiskReserve;  // free on the disk, or has_room() says no
  std::size_t spares_kept = 4;  // cut segments are kept to be written again: overwriting syncs faster than new space
};

class LogFiles : public Log {
 public:
  // Finds the end of the log (a torn tail is cut off). kCorrupt naming file and offset where synced records are damaged.
  static Result<std::unique_ptr<LogFiles>> create(const std::string& folder, LogFilesOptions options = {});
  // The destructor writes, syncs and completes what waits.

  // While held (calls nest), cut() removes nothing: a backup reads the segments.
  virtual void hold_segments() = 0;
  virtual void release_segments() = 0;
  // Copies every record that is synced now into a new log folder, synced.
  virtual Result<void> copy_to(const std::string& folder) const = 0;

  virtual std::uint64_t last_turn() const = 0;  // appended; 0: none ever
  struct Counters {
    std::uint64_t appends = 0, syncs = 0, bytes = 0, segments = 0;
  };
  virtual Counters counters() const = 0;
};

}  // namespace cityloop
