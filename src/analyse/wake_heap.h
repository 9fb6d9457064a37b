// SPDX-License-Identifier: Apache-2.0
// When to look at which asset again: one entry an asset, earliest first, ties by slot, so that the order of work never
// depends on how the heap came about.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace cityloop {

class WakeHeap {
 public:
  static constexpr std::int64_t kAsleep = std::numeric_limits<std::int64_t>::max();

  bool empty() const { return heap_.empty(); }
  std::uint32_t first() const { return heap_.front().slot; }
  std::int64_t first_at() const { return heap_.empty() ? kAsleep : heap_.front().at; }
  std::int64_t at(std::uint32_t slot) const {
    return slot < place_.size() && place_[slot] != kNowhere ? heap_[place_[slot]].at : kAsleep;
  }

  void set(std::uint32_t slot, std::int64_t at) {
    if (slot >= place_.size()) place_.resize(std::max<std::size_t>(slot + std::size_t{1}, place_.size() * 2), kNowhere);
    if (place_[slot] == kNowhere) {
      if (at == kAsleep) return;
      heap_.push_back({at, slot});
      place_[slot] = static_cast<std::uint32_t>(heap_.size() - 1);
      return up(heap_.size() - 1);
    }
    const std::size_t here = place_[slot];
    if (at == kAsleep) return remove(here);
    heap_[here].at = at;
    settle(here);
  }

 private:
  struct Entry {
    std::int64_t at;
    std::uint32_t slot;
    bool operator<(const Entry& other) const { return at != other.at ? at < other.at : slot < other.slot; }
  };
  static constexpr std::uint32_t kNowhere = std::numeric_limits<std::uint32_t>::max();

  void swap(std::size_t a, std::size_t b) {
    std::swap(heap_[a], heap_[b]);
    place_[heap_[a].slot] = static_cast<std::uint32_t>(a);
    place_[heap_[b].slot] = static_cast<std::uint32_t>(b);
  }
  void up(std::size_t i) {
    for (; i > 0 && heap_[i] < heap_[(i - 1) / 2]; i = (i - 1) / 2) swap(i, (i - 1) / 2);
  }
  void down(std::size_t i) {
    for (;;) {
      std::size_t least = i;
      for (std::size_t child = 2 * i + 1; child <= 2 * i + 2; ++child) {
        if (child < heap_.size() && heap_[child] < heap_[least]) least = child;
      }
      if (least == i) return;
      swap(i, least);
      i = least;
    }
  }
  void settle(std::size_t i) {
    up(i);
    down(i);
  }
  void remove(std::size_t i) {
    place_[heap_[i].slot] = kNowhere;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (i == heap_.size()) return;
    heap_[i] = last;
    place_[last.slot] = static_cast<std::uint32_t>(i);
    settle(i);
  }

  std::vector<Entry> heap_;
  std::vector<std::uint32_t> place_;  // by slot
};

}  // namespace cityloop
