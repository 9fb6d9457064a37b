// SPDX-License-Identifier: Apache-2.0
// The newest samples of one point, in memory, as a stream of small numbers (2 to 3 bytes a sample): what is not yet a block.
// One writer; readers under the lock of the History that owns it.
#pragma once

#include <cstdlib>

#include "city/ports.h"

namespace cityloop {

class HistoryHead {
 public:
  HistoryHead() = default;
  explicit HistoryHead(PointId point) : point_(point) {}
  HistoryHead(HistoryHead&& other) noexcept;
  HistoryHead& operator=(HistoryHead&& other) noexcept;
  ~HistoryHead() { std::free(bytes_); }

  PointId point() const { return point_; }
  std::size_t count() const { return count_; }
  Time first_at() const { return from_ms(first_at_); }
  Time last_at() const { return from_ms(last_at_); }
  std::size_t memory() const { return room_; }
  // Samples at or before this time are not the head's any more: they belong to blocks or to the late rows.
  bool is_closed(Time at) const { return (has_closed_ && to_ms(at) <= closed_at_) || (count_ > 0 && to_ms(at) < first_at_); }
  void close_until(Time at);  // and forget the samples

  void add(const Sample& sample);                   // behind the last one
  void put(const Sample& sample);                   // anywhere not closed; the same time is replaced
  void read(std::vector<Sample>& out) const;        // appends all, ascending

  // The stored form, with the last turn that it covers.
  std::string save(std::uint64_t covered) const;
  static Result<HistoryHead> load(PointId point, std::string_view saved);  // kCorrupt

  std::uint64_t covered = 0;  // turns up to this were in the stored form when it was loaded
  bool dirty = false;         // changed since it was stored

 private:
  void make_room(std::size_t bytes);
  void forget_samples();

  PointId point_ = 0;
  char* bytes_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t room_ = 0;
  std::int64_t first_at_ = 0, last_at_ = 0, step_ = 0;
  std::int64_t closed_at_ = 0;
  Decimal value_;  // of the last sample
  std::uint16_t count_ = 0;
  Quality quality_ = Quality::good;
  bool has_closed_ = false;
};

}  // namespace cityloop
