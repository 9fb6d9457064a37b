// SPDX-License-Identifier: Apache-2.0
// Reading History: blocks, late rows and the head of a point as one ascending series; records by their three orders.
#include <rocksdb/iterator.h>
#include <rocksdb/snapshot.h>

#include "core/codec.h"
#include "edge/block.h"
#include "edge/history_keys.h"
#include "edge/history_rocks_store.h"
#include "edge/varint.h"

namespace cityloop {
namespace {

Sample late_sample(std::string_view key, std::string_view row) {
  VarintReader in(row);
  const auto scale = static_cast<std::int8_t>(in.byte());
  const auto quality = static_cast<Quality>(in.byte());
  return {time_of_key(key), {in.folded(), scale}, quality};
}

}  // namespace

// One pass over a point's samples in [from, to). What it sees is of one moment: head and snapshot are taken under one lock.
class PointWalk {
 public:
  PointWalk(const HistoryStore& store, PointId point, Time from, Time to)
      : store_(store), from_(from), to_(to), least_(point_key(point, from_ms(INT64_MIN))), first_(point_key(point, from)),
        behind_(point_key(point, to)), least_slice_(least_), behind_slice_(behind_) {
    rocksdb::ReadOptions options;
    options.iterate_lower_bound = &least_slice_;
    options.iterate_upper_bound = &behind_slice_;
    const std::shared_lock lock(store.mutex_);
    if (const HistoryHead* head = store.heads_.find(point)) {
      if (head->count() > 0 && head->last_at() >= from && head->first_at() < to) head->read(head_);
    } else {
      return;  // never heard of
    }
    blocks_.reset(store.db_->NewIterator(options, store.family(HistoryStore::kBlocks)));
    late_.reset(store.db_->NewIterator(options, store.family(HistoryStore::kLate)));
  }

  // on_sample(sample) and on_block(summary) return false to stop; takes_block(summary) says whether a whole block will do.
  template <class OnSample, class TakesBlock, class OnBlock>
  Result<void> run(OnSample on_sample, TakesBlock takes_block, OnBlock on_block) {
    if (!blocks_) return {};
    blocks_->SeekForPrev(first_);
    if (!blocks_->Valid()) blocks_->SeekToFirst();
    late_->Seek(first_);
    bool more = true;
    for (; more && blocks_->Valid(); blocks_->Next()) {
      const std::string_view block = blocks_->value().ToStringView();
      const Result<BlockSummary> summary = block_summary(block);
      if (!summary) {
        ++store_.damaged_;
        continue;
      }
      if (summary->last_at < from_) continue;
      more = late_until(summary->first_at, on_sample);
      if (!more) break;
      const bool inside = summary->first_at >= from_ && summary->last_at < to_;
      const bool corrected = late_->Valid() && time_of_key(late_->key().ToStringView()) <= summary->last_at;
      more = inside && !corrected && takes_block(*summary) ? on_block(*summary) : each_of(block, on_sample);
    }
    TRY(rocks_result(blocks_->status()));
    more = more && late_until(to_, on_sample);
    TRY(rocks_result(late_->status()));
    for (std::size_t i = 0; more && i < head_.size(); ++i) {
      if (head_[i].at >= from_ && head_[i].at < to_) more = on_sample(head_[i]);
    }
    return {};
  }

 private:
  template <class OnSample>
  bool late_until(Time until, OnSample& on_sample) {
    for (; late_->Valid(); late_->Next()) {
      const Sample sample = late_sample(late_->key().ToStringView(), late_->value().ToStringView());
      if (sample.at >= until) return true;
      if (!on_sample(sample)) return false;
    }
    return true;
  }

  template <class OnSample>
  bool each_of(std::string_view block, OnSample& on_sample) {
    samples_.clear();
    if (!decode_block(block, samples_)) {
      ++store_.damaged_;
      return true;
    }
    for (const Sample& sample : samples_) {
      if (sample.at < from_) continue;
      if (sample.at >= to_) return true;
      if (!late_until(sample.at, on_sample)) return false;
      const bool replaced = late_->Valid() && time_of_key(late_->key().ToStringView()) == sample.at;
      if (!replaced && !on_sample(sample)) return false;  // a late row came after the block was closed: it holds
    }
    return true;
  }

  const HistoryStore& store_;
  const Time from_, to_;
  const std::string least_, first_, behind_;
  const rocksdb::Slice least_slice_, behind_slice_;
  std::unique_ptr<rocksdb::Iterator> blocks_, late_;
  std::vector<Sample> head_, samples_;
};

Result<std::vector<Sample>> HistoryStore::read(PointId point, Time from, Time to, std::size_t limit) const {
  std::vector<Sample> found;
  if (from >= to || limit == 0) return found;
  PointWalk walk(*this, point, from, to);
  const auto keep = [&](const Sample& sample) {
    found.push_back(sample);
    return found.size() < limit;
  };
  TRY(walk.run(keep, [](const BlockSummary&) { return false; }, [](const BlockSummary&) { return true; }));
  return found;
}

Result<std::vector<Bucket>> HistoryStore::buckets(PointId point, Time from, Time to, Millis step) const {
  TRY(check_buckets(from, to, step));
  PointWalk walk(*this, point, from, to);
  BucketMaker maker(from, step);
  const auto add = [&](const Sample& sample) {
    maker.add(sample.at, sample.value.number());
    return true;
  };
  const auto in_one = [&](const BlockSummary& block) { return bucket_start(block.first_at, from, step) == bucket_start(block.last_at, from, step); };
  const auto add_block = [&](const BlockSummary& block) {
    maker.add_sum(block.first_at, block.values);
    return true;
  };
  TRY(walk.run(add, in_one, add_block));
  return maker.take();
}

Result<std::pair<std::vector<Record>, std::string>> HistoryStore::records(const RecordQuery& query) const {
  const std::optional<RecordKey> after = TRY(position_of(query));
  std::pair<std::vector<Record>, std::string> page;
  if (query.from >= query.to || query.limit == 0) return page;
  RecordRange range = record_range(query);
  if (after && !query.descending) range.first = std::max(range.first, record_key(range.order, *after) + '\0');
  if (after && query.descending) range.behind = std::min(range.behind, record_key(range.order, *after));
  if (range.first >= range.behind) return page;
  const rocksdb::Slice first(range.first), behind(range.behind);
  rocksdb::ReadOptions options;
  rocksdb::ManagedSnapshot moment(db_.get());
  options.snapshot = moment.snapshot();
  const rocksdb::ReadOptions at_moment = options;
  options.iterate_lower_bound = &first;
  options.iterate_upper_bound = &behind;
  const std::unique_ptr<rocksdb::Iterator> each(db_->NewIterator(options, family(kRecords)));
  query.descending ? each->SeekToLast() : each->SeekToFirst();
  for (; each->Valid(); query.descending ? each->Prev() : each->Next()) {
    RecordKey key;
    if (!parse_record_key(each->key().ToStringView(), key)) {
      ++damaged_;
      continue;
    }
    if (!wants(query, key)) continue;
    if (page.first.size() == query.limit) {
      page.second = cursor_of(query, key_of(page.first.back()));
      break;
    }
    std::string bytes;
    if (range.order == 'a') bytes = each->value().ToString();
    else TRY(rocks_result(db_->Get(at_moment, family(kRecords), record_key_by_asset(key), &bytes)));
    Record record;
    Reader in(bytes);
    decode(in, record);
    if (in.ok() && in.done()) page.first.push_back(std::move(record));
    else ++damaged_;
  }
  TRY(rocks_result(each->status()));
  return page;
}

}  // namespace cityloop
