// SPDX-License-Identifier: Apache-2.0
// The samples of one point in (t - width, t], with what range functions ask of them, O(1) amortised a sample. Sums are exact
// (steps of 1e-12 in 128 and 256 bits), so a window's answers depend on its samples only, never on how it came to them:
// a restart, a back-test and a proof give the same bits.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "analyse/expr.h"
#include "core/codec.h"

namespace cityloop {

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();

struct WindowSample {
  std::int64_t at = kNever;  // epoch ms
  double value = 0;
};

// Growing ring: push at the back, drop at both ends. T is small and trivial.
template <class T>
class RingBuffer {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  const T& operator[](std::size_t i) const { return items_[(head_ + i) & (items_.size() - 1)]; }
  const T& front() const { return (*this)[0]; }
  const T& back() const { return (*this)[size_ - 1]; }
  void push_back(const T& item) {
    if (size_ == items_.size()) grow();
    items_[(head_ + size_++) & (items_.size() - 1)] = item;
  }
  void pop_front() {
    head_ = static_cast<std::uint32_t>((head_ + 1) & (items_.size() - 1));
    --size_;
  }
  void pop_back() { --size_; }
  void clear() { head_ = size_ = 0; }

 private:
  void grow() {
    std::vector<T> more(items_.empty() ? 4 : items_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) more[i] = (*this)[i];
    items_ = std::move(more);
    head_ = 0;
  }
  std::vector<T> items_;  // size is a power of two
  std::uint32_t head_ = 0;
  std::uint32_t size_ = 0;
};

// Sum of squares of 128-bit integers, exact in 256 bits.
class SquareSum {
 public:
  void add(__int128 value);
  void remove(__int128 value);
  // (count * squares - sum * sum) as a double: count² times the variance.
  double spread(std::uint64_t count, __int128 sum) const;

 private:
  std::uint64_t limbs_[4] = {0, 0, 0, 0};  // little end first
};

class Window {
 public:
  Window(std::int64_t width, std::uint8_t needs);

  // `at` is not before the newest sample's; the same time replaces it (a correction).
  void push(std::int64_t at, double value);
  // Lets go what is at or before t - width.
  void move_to(std::int64_t t);

  std::size_t size() const { return samples_.size(); }
  const WindowSample& operator[](std::size_t i) const { return samples_[i]; }
  // The newest sample that has left, for the why; at == kNever: none.
  const WindowSample& before() const { return before_; }
  std::int64_t width() const { return width_; }
  std::uint8_t needs() const { return needs_; }

  // Nothing where there are too few samples: one is enough, except rate, delta (two). count of nothing is 0.
  std::optional<double> ask(RangeFunction function) const;

  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  void count_in(const WindowSample& sample);
  void count_out(const WindowSample& sample);
  void rebuild();

  RingBuffer<WindowSample> samples_;
  WindowSample before_;
  std::int64_t width_;
  __int128 sum_ = 0;  // of value / 1e-12
  std::uint8_t needs_;
  std::unique_ptr<SquareSum> squares_;
  std::unique_ptr<RingBuffer<WindowSample>> least_;  // ascending values; the front is the least
  std::unique_ptr<RingBuffer<WindowSample>> most_;   // descending values
};

}  // namespace cityloop
