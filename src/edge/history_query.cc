// SPDX-License-Identifier: Apache-2.0
#include "edge/history_query.h"

#include <algorithm>

#include "core/codec.h"
#include "core/limits.h"
#include "edge/cursor.h"

namespace cityloop {
namespace {

struct CursorForm {
  std::string asset, kind;  // of the query
  bool descending = false;
  RecordKey last;
};

}  // namespace

RecordKey key_of(const Record& record) { return {record.at, record.asset, record.kind, record.id}; }

std::string cursor_of(const RecordQuery& query, const RecordKey& last) {
  return cursor_text(encoded(CursorForm{query.asset, query.kind, query.descending, last}));
}

Result<std::optional<RecordKey>> position_of(const RecordQuery& query) {
  if (query.cursor.empty()) return std::optional<RecordKey>{};
  const std::string bytes = TRY(cursor_bytes(query.cursor));
  CursorForm form;
  Reader in(bytes);
  decode(in, form);
  const bool ours = in.ok() && in.done() && form.asset == query.asset && form.kind == query.kind && form.descending == query.descending;
  if (!ours) return fail(errors::kBadField, "`cursor` belongs to another list");
  return std::optional<RecordKey>{std::move(form.last)};
}

bool wants(const RecordQuery& query, const RecordKey& key) {
  return key.at >= query.from && key.at < query.to && (query.asset.empty() || key.asset == query.asset) &&
         (query.kind.empty() || key.kind == query.kind);
}

Result<void> check_buckets(Time from, Time to, Millis step) {
  if (step <= Millis{0}) return fail(errors::kBadField, "`step` must be longer than nothing");
  if (from >= to) return fail(errors::kBadField, "`from` must come before `to`");
  const std::uint64_t span = static_cast<std::uint64_t>(to_ms(to)) - static_cast<std::uint64_t>(to_ms(from));
  if (span / static_cast<std::uint64_t>(step.count()) >= limits::kHistoryBuckets) {
    return fail(errors::kBadField, "`step` is too short for that span: at most " + std::to_string(limits::kHistoryBuckets) + " steps");
  }
  return {};
}

Time bucket_start(Time at, Time from, Millis step) { return at - (at - from) % step; }

void BucketMaker::add_sum(Time at, const Bucket& sum) {
  const Time start = bucket_start(at, from_, step_);
  if (buckets_.empty() || buckets_.back().from != start) {
    buckets_.push_back(sum);
    buckets_.back().from = start;
    return;
  }
  Bucket& bucket = buckets_.back();
  bucket.count += sum.count;
  bucket.sum += sum.sum;
  bucket.least = std::min(bucket.least, sum.least);
  bucket.most = std::max(bucket.most, sum.most);
  bucket.last = sum.last;
}

}  // namespace cityloop
