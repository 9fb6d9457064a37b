// SPDX-License-Identifier: Apache-2.0
// What every History means by a bucket and by the order of records; adapter and twin share it. Any thread.
// Buckets start at `from` and follow in steps. Records go by (at, asset, kind, id), oldest first unless asked otherwise.
#pragma once

#include <compare>

#include "city/ports.h"

namespace cityloop {

struct RecordKey {
  Time at{};
  std::string asset, kind, id;
  friend auto operator<=>(const RecordKey&, const RecordKey&) = default;
};
RecordKey key_of(const Record& record);
std::string cursor_of(const RecordQuery& query, const RecordKey& last);
Result<std::optional<RecordKey>> position_of(const RecordQuery& query);  // nothing without a cursor; kBadField
bool wants(const RecordQuery& query, const RecordKey& key);              // filters and times, not the cursor

// kBadField unless from < to, step > 0 and at most limits::kHistoryBuckets buckets come out.
Result<void> check_buckets(Time from, Time to, Millis step);
Time bucket_start(Time at, Time from, Millis step);  // at >= from

// Grows buckets from samples or whole sums that come in order of time.
class BucketMaker {
 public:
  BucketMaker(Time from, Millis step) : from_(from), step_(step) {}
  void add(Time at, double value) { add_sum(at, Bucket{{}, 1, value, value, value, value, value}); }
  // `sum` of samples that all lie in the bucket of `at`.
  void add_sum(Time at, const Bucket& sum);
  std::vector<Bucket> take() { return std::move(buckets_); }

 private:
  Time from_;
  Millis step_;
  std::vector<Bucket> buckets_;
};

}  // namespace cityloop
