// SPDX-License-Identifier: Apache-2.0
// The History in ordered maps, for tests and simulation, and the measure that history_rocks is tested against.
// Any thread. What was appended since the last flush() can be dropped, as a crash would.
#pragma once

#include <map>
#include <mutex>

#include "city/ports.h"
#include "edge/history_query.h"

namespace cityloop {

class HistoryMemory final : public History {
 public:
  Result<void> append(std::uint64_t turn, std::span<const PointSample> samples, std::span<const Record> records) override;
  Result<std::uint64_t> flush() override;
  std::uint64_t seen_turn() const override;
  Result<std::vector<Sample>> read(PointId point, Time from, Time to, std::size_t limit) const override;
  Result<std::vector<Bucket>> buckets(PointId point, Time from, Time to, Millis step) const override;
  Result<std::pair<std::vector<Record>, std::string>> records(const RecordQuery& query) const override;
  Result<void> backup(const std::string& folder) const override;  // kInternal: there is no file to copy

  void drop_unflushed();  // back to the last flush
  std::size_t samples() const;

 private:
  struct Undo {
    PointId point = 0;
    Time at{};
    std::optional<Sample> sample;
    std::optional<RecordKey> key;  // set: a record, not a sample
    std::optional<Record> record;
  };

  mutable std::mutex mutex_;
  std::map<PointId, std::map<Time, Sample>> points_;
  std::map<RecordKey, Record> records_;
  std::vector<Undo> undo_;  // since the last flush, oldest first
  std::uint64_t seen_ = 0;
  std::uint64_t flushed_ = 0;
};

}  // namespace cityloop
