// SPDX-License-Identifier: Apache-2.0
#include "edge/history_memory.h"

#include <ranges>

namespace cityloop {
namespace {

template <class Map, class Key>
auto value_at(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

Result<void> HistoryMemory::append(std::uint64_t turn, std::span<const PointSample> samples, std::span<const Record> records) {
  const std::lock_guard lock(mutex_);
  if (turn <= seen_) return {};
  for (const auto& [point, sample] : samples) {
    auto& series = points_[point];
    undo_.push_back({point, sample.at, value_at(series, sample.at), {}, {}});
    series[sample.at] = sample;
  }
  for (const Record& record : records) {
    const RecordKey key = key_of(record);
    undo_.push_back({0, {}, {}, key, value_at(records_, key)});
    records_[key] = record;
  }
  seen_ = turn;
  return {};
}

Result<std::uint64_t> HistoryMemory::flush() {
  const std::lock_guard lock(mutex_);
  undo_.clear();
  flushed_ = seen_;
  return seen_;
}

void HistoryMemory::drop_unflushed() {
  const std::lock_guard lock(mutex_);
  for (Undo& step : std::views::reverse(undo_)) {
    if (step.key) {
      if (step.record) records_[*step.key] = std::move(*step.record);
      else records_.erase(*step.key);
    } else if (step.sample) {
      points_[step.point][step.at] = *step.sample;
    } else {
      points_[step.point].erase(step.at);
    }
  }
  undo_.clear();
  seen_ = flushed_;
}

std::uint64_t HistoryMemory::seen_turn() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

std::size_t HistoryMemory::samples() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& [point, series] : points_) count += series.size();
  return count;
}

Result<std::vector<Sample>> HistoryMemory::read(PointId point, Time from, Time to, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<Sample> found;
  const auto series = points_.find(point);
  if (series == points_.end()) return found;
  for (auto it = series->second.lower_bound(from); it != series->second.end() && it->first < to && found.size() < limit; ++it) {
    found.push_back(it->second);
  }
  return found;
}

Result<std::vector<Bucket>> HistoryMemory::buckets(PointId point, Time from, Time to, Millis step) const {
  TRY(check_buckets(from, to, step));
  BucketMaker maker(from, step);
  for (const Sample& sample : TRY(read(point, from, to, SIZE_MAX))) maker.add(sample.at, sample.value.number());
  return maker.take();
}

Result<std::pair<std::vector<Record>, std::string>> HistoryMemory::records(const RecordQuery& query) const {
  const std::lock_guard lock(mutex_);
  const std::optional<RecordKey> after = TRY(position_of(query));
  std::pair<std::vector<Record>, std::string> page;
  const auto take = [&](const auto& entry) {  // false: the page is full
    if (!wants(query, entry.first)) return true;
    if (page.first.size() == query.limit) {
      if (query.limit > 0) page.second = cursor_of(query, key_of(page.first.back()));
      return false;
    }
    page.first.push_back(entry.second);
    return true;
  };
  if (query.descending) {
    auto it = after ? records_.lower_bound(*after) : records_.end();
    while (it != records_.begin() && take(*--it)) {}
  } else {
    auto it = after ? records_.upper_bound(*after) : records_.begin();
    for (; it != records_.end() && take(*it); ++it) {}
  }
  return page;
}

Result<void> HistoryMemory::backup(const std::string&) const {
  return fail(errors::kInternal, "a history in memory has no file to copy");
}

}  // namespace cityloop
