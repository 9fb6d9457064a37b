// SPDX-License-Identifier: Apache-2.0
// The inside of history_rocks: its column families, its table of heads. Included by history_rocks*.cc only.
#pragma once

#include <rocksdb/db.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <shared_mutex>

#include "edge/history_head.h"
#include "edge/history_rocks.h"

namespace cityloop {

Error rocks_error(const rocksdb::Status& status);
inline Result<void> rocks_result(const rocksdb::Status& status) {
  if (status.ok()) return {};
  return rocks_error(status);
}

// Point → head, open-addressed: half a million of them are looked up tens of thousands of times a second.
class HeadTable {
 public:
  HistoryHead* find(PointId point);
  HistoryHead& find_or_make(PointId point);
  void put(HistoryHead head);
  std::deque<HistoryHead>& all() { return heads_; }

 private:
  std::size_t cell_of(PointId point) const;  // its cell, or the free one where it would stand
  void grow();
  std::deque<HistoryHead> heads_;
  std::vector<std::uint32_t> cells_;  // index into heads_ + 1; 0: free
};

class HistoryStore final : public HistoryRocks {
 public:
  explicit HistoryStore(HistoryRocksOptions options) : options_(options) {}
  ~HistoryStore() override;
  Result<void> open(const std::string& folder);

  Result<void> append(std::uint64_t turn, std::span<const PointSample> samples, std::span<const Record> records) override;
  Result<std::uint64_t> flush() override;
  std::uint64_t seen_turn() const override { return seen_; }
  Result<std::vector<Sample>> read(PointId point, Time from, Time to, std::size_t limit) const override;
  Result<std::vector<Bucket>> buckets(PointId point, Time from, Time to, Millis step) const override;
  Result<std::pair<std::vector<Record>, std::string>> records(const RecordQuery& query) const override;
  Result<void> backup(const std::string& folder) const override;
  std::uint64_t damaged() const override { return damaged_; }
  Counters counters() const override;

 private:
  friend class PointWalk;
  enum Family : std::size_t { kMeta, kBlocks, kLate, kHeads, kRecords, kFamilies };
  rocksdb::ColumnFamilyHandle* family(Family which) const { return families_[which]; }

  Result<void> read_meta();
  Result<void> load_heads();
  Result<HistoryHead> rebuilt_head(PointId point);
  void take(std::uint64_t turn, const PointSample& each, rocksdb::WriteBatch& batch, std::vector<HistoryHead*>& closed);
  void close(HistoryHead& head, rocksdb::WriteBatch& batch);
  void put_record(const Record& record, rocksdb::WriteBatch& batch);

  const HistoryRocksOptions options_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  mutable std::shared_mutex mutex_;  // heads_; exclusive only in append
  mutable HeadTable heads_;
  std::atomic<std::uint64_t> seen_ = 0;
  mutable std::atomic<std::uint64_t> damaged_ = 0;
  std::vector<Sample> scratch_;      // of the appending thread
  Counters counters_;                // under mutex_
};

}  // namespace cityloop
