// SPDX-License-Identifier: Apache-2.0
#include "analyse/window.h"

#include <algorithm>
#include <cmath>

#include "core/limits.h"

namespace cityloop {
namespace {

constexpr double kQuantum = 1e12;      // steps a unit
constexpr double kLargest = 1e30;      // 1e18, the largest decimal, in steps; 1e5 of them still fit 128 bits

__int128 steps_of(double value) {
  return static_cast<__int128>(std::nearbyint(std::clamp(value * kQuantum, -kLargest, kLargest)));
}

using Limbs = std::uint64_t[4];
using Wide = unsigned __int128;

Wide magnitude(__int128 value) { return value < 0 ? -static_cast<Wide>(value) : static_cast<Wide>(value); }

void multiply(Wide a, Wide b, Limbs& out) {
  const std::uint64_t x[2] = {static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(a >> 64)};
  const std::uint64_t y[2] = {static_cast<std::uint64_t>(b), static_cast<std::uint64_t>(b >> 64)};
  std::fill(std::begin(out), std::end(out), 0);
  for (int i = 0; i < 2; ++i) {
    Wide carry = 0;
    for (int j = 0; j < 2; ++j) {
      carry += static_cast<Wide>(x[i]) * y[j] + out[i + j];
      out[i + j] = static_cast<std::uint64_t>(carry);
      carry >>= 64;
    }
    out[i + 2] = static_cast<std::uint64_t>(carry);
  }
}

void add_to(Limbs& out, const Limbs& more) {
  Wide carry = 0;
  for (int i = 0; i < 4; ++i) {
    carry += static_cast<Wide>(out[i]) + more[i];
    out[i] = static_cast<std::uint64_t>(carry);
    carry >>= 64;
  }
}

void take_from(Limbs& out, const Limbs& less) {
  std::uint64_t borrow = 0;
  for (int i = 0; i < 4; ++i) {
    const Wide taken = static_cast<Wide>(less[i]) + borrow;
    borrow = out[i] < taken ? 1 : 0;
    out[i] = static_cast<std::uint64_t>(out[i] - taken);
  }
}

}  // namespace

void SquareSum::add(__int128 value) {
  Limbs square;
  multiply(magnitude(value), magnitude(value), square);
  add_to(limbs_, square);
}

void SquareSum::remove(__int128 value) {
  Limbs square;
  multiply(magnitude(value), magnitude(value), square);
  take_from(limbs_, square);
}

double SquareSum::spread(std::uint64_t count, __int128 sum) const {
  Limbs total;
  Wide carry = 0;
  for (int i = 0; i < 4; ++i) {
    carry += static_cast<Wide>(limbs_[i]) * count;
    total[i] = static_cast<std::uint64_t>(carry);
    carry >>= 64;
  }
  Limbs square;
  multiply(magnitude(sum), magnitude(sum), square);
  take_from(total, square);
  double spread = 0;
  for (int i = 3; i >= 0; --i) spread = spread * 0x1p64 + static_cast<double>(total[i]);
  return spread;
}

Window::Window(std::int64_t width, std::uint8_t needs) : width_(width), needs_(needs) {
  if (needs & window_needs::kSquares) squares_ = std::make_unique<SquareSum>();
  if (needs & window_needs::kLeast) least_ = std::make_unique<RingBuffer<WindowSample>>();
  if (needs & window_needs::kMost) most_ = std::make_unique<RingBuffer<WindowSample>>();
}

void Window::count_in(const WindowSample& sample) {
  if (needs_ & (window_needs::kSum | window_needs::kSquares)) sum_ += steps_of(sample.value);
  if (squares_) squares_->add(steps_of(sample.value));
  if (least_) {
    while (!least_->empty() && least_->back().value >= sample.value) least_->pop_back();
    least_->push_back(sample);
  }
  if (most_) {
    while (!most_->empty() && most_->back().value <= sample.value) most_->pop_back();
    most_->push_back(sample);
  }
}

void Window::count_out(const WindowSample& sample) {
  if (needs_ & (window_needs::kSum | window_needs::kSquares)) sum_ -= steps_of(sample.value);
  if (squares_) squares_->remove(steps_of(sample.value));
  if (least_ && !least_->empty() && least_->front().at == sample.at) least_->pop_front();
  if (most_ && !most_->empty() && most_->front().at == sample.at) most_->pop_front();
}

// After a correction: what the replaced sample had pushed out of least_ and most_ may count again.
void Window::rebuild() {
  sum_ = 0;
  if (squares_) *squares_ = {};
  if (least_) least_->clear();
  if (most_) most_->clear();
  for (std::size_t i = 0; i < samples_.size(); ++i) count_in(samples_[i]);
}

void Window::push(std::int64_t at, double value) {
  if (!samples_.empty() && samples_.back().at == at) {
    samples_.pop_back();
    samples_.push_back({at, value});
    return rebuild();
  }
  samples_.push_back({at, value});
  count_in(samples_.back());
  if (samples_.size() > limits::kRuleWindow) {
    before_ = samples_.front();
    count_out(before_);
    samples_.pop_front();
  }
}

void Window::move_to(std::int64_t t) {
  while (!samples_.empty() && samples_.front().at <= t - width_) {
    before_ = samples_.front();
    count_out(before_);
    samples_.pop_front();
  }
}

std::optional<double> Window::ask(RangeFunction function) const {
  const auto count = static_cast<double>(samples_.size());
  if (function == RangeFunction::count) return count;
  if (samples_.empty()) return std::nullopt;
  const WindowSample& first = samples_.front();
  const WindowSample& last = samples_.back();
  const double sum = static_cast<double>(sum_) / kQuantum;
  switch (function) {
    case RangeFunction::average: return sum / count;
    case RangeFunction::least: return least_->front().value;
    case RangeFunction::most: return most_->front().value;
    case RangeFunction::sum: return sum;
    case RangeFunction::first: return first.value;
    case RangeFunction::last: return last.value;
    case RangeFunction::deviation: return std::sqrt(squares_->spread(samples_.size(), sum_)) / kQuantum / count;
    case RangeFunction::delta:
      if (samples_.size() < 2) return std::nullopt;
      return last.value - first.value;
    case RangeFunction::rate:
      if (samples_.size() < 2) return std::nullopt;
      return (last.value - first.value) * 1000 / static_cast<double>(last.at - first.at);
    case RangeFunction::count: break;
  }
  return count;
}

void Window::encode(Writer& out) const {
  cityloop::encode(out, before_);
  codec::encode_size(out, samples_.size());
  for (std::size_t i = 0; i < samples_.size(); ++i) cityloop::encode(out, samples_[i]);
}

void Window::decode(Reader& in) {
  cityloop::decode(in, before_);
  const std::size_t size = codec::decode_size(in);
  samples_.clear();
  for (std::size_t i = 0; i < size && in.ok(); ++i) {
    WindowSample sample;
    cityloop::decode(in, sample);
    if (!samples_.empty() && sample.at <= samples_.back().at) return in.spoil();
    samples_.push_back(sample);
  }
  rebuild();
}

}  // namespace cityloop
