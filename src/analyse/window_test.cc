// SPDX-License-Identifier: Apache-2.0
#include "analyse/window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <random>

namespace cityloop {
namespace {

constexpr std::uint8_t kAll = window_needs::kSum | window_needs::kSquares | window_needs::kLeast | window_needs::kMost;

struct Brute {
  std::deque<WindowSample> samples;
  void push(std::int64_t at, double value) {
    if (!samples.empty() && samples.back().at == at) samples.pop_back();
    samples.push_back({at, value});
  }
  void move_to(std::int64_t t, std::int64_t width) {
    std::erase_if(samples, [&](const WindowSample& s) { return s.at <= t - width; });
  }
};

void expect_agreement(const Window& window, const Brute& brute) {
  const auto& s = brute.samples;
  ASSERT_EQ(window.size(), s.size());
  EXPECT_EQ(window.ask(RangeFunction::count), static_cast<double>(s.size()));
  if (s.empty()) {
    EXPECT_FALSE(window.ask(RangeFunction::average));
    EXPECT_FALSE(window.ask(RangeFunction::least));
    EXPECT_FALSE(window.ask(RangeFunction::sum));
    EXPECT_FALSE(window.ask(RangeFunction::first));
    EXPECT_FALSE(window.ask(RangeFunction::deviation));
    return;
  }
  double sum = 0, low = s[0].value, high = s[0].value;
  for (const auto& one : s) {
    sum += one.value;
    low = std::min(low, one.value);
    high = std::max(high, one.value);
  }
  const double mean = sum / static_cast<double>(s.size());
  double squares = 0;
  for (const auto& one : s) squares += (one.value - mean) * (one.value - mean);
  EXPECT_NEAR(*window.ask(RangeFunction::sum), sum, 1e-8);
  EXPECT_NEAR(*window.ask(RangeFunction::average), mean, 1e-9);
  EXPECT_EQ(window.ask(RangeFunction::least), low);
  EXPECT_EQ(window.ask(RangeFunction::most), high);
  EXPECT_EQ(window.ask(RangeFunction::first), s.front().value);
  EXPECT_EQ(window.ask(RangeFunction::last), s.back().value);
  EXPECT_NEAR(*window.ask(RangeFunction::deviation), std::sqrt(squares / static_cast<double>(s.size())), 1e-8);
  if (s.size() < 2) {
    EXPECT_FALSE(window.ask(RangeFunction::delta));
    EXPECT_FALSE(window.ask(RangeFunction::rate));
  } else {
    const double delta = s.back().value - s.front().value;
    EXPECT_EQ(window.ask(RangeFunction::delta), delta);
    EXPECT_NEAR(*window.ask(RangeFunction::rate), delta / (static_cast<double>(s.back().at - s.front().at) / 1000), 1e-9);
  }
}

TEST(Window, AgreesWithBruteForceOnRandomSeries) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    const std::int64_t width = 1 + static_cast<std::int64_t>(random() % 5000);
    Window window(width, kAll);
    Brute brute;
    std::int64_t t = 1'000'000;
    for (int i = 0; i < 400; ++i) {
      if (random() % 10 != 0) t += static_cast<std::int64_t>(random() % 900);  // now and then the same time again: a correction
      const double value = std::round((static_cast<double>(random() % 20001) - 10000)) / 100;
      window.push(t, value);
      brute.push(t, value);
      window.move_to(t);
      brute.move_to(t, width);
      expect_agreement(window, brute);
    }
  }
}

TEST(Window, HoldsWhatIsAfterTMinusWidthUpToT) {
  Window window(5000, window_needs::kSum);
  window.push(1000, 1);
  window.push(6000, 2);
  window.move_to(5999);
  EXPECT_EQ(window.size(), 2u);
  window.move_to(6000);  // 1000 is at t - width: outside
  EXPECT_EQ(window.size(), 1u);
  EXPECT_EQ(window.before().at, 1000);
  EXPECT_EQ(window.ask(RangeFunction::sum), 2.0);
}

TEST(Window, SumsHaveNoDrift) {
  Window window(1000, window_needs::kSum | window_needs::kSquares);
  for (int i = 0; i < 100'000; ++i) {
    window.push(i * 100, i % 2 == 0 ? 0.1 : 1e9);
    window.move_to(i * 100);
  }
  for (int i = 100'000; i < 100'010; ++i) {
    window.push(i * 100, 0.1);
    window.move_to(i * 100);
  }
  EXPECT_EQ(window.ask(RangeFunction::sum), 1.0);  // ten times 0.1, exactly
  EXPECT_EQ(window.ask(RangeFunction::average), 0.1);
  EXPECT_EQ(window.ask(RangeFunction::deviation), 0.0);
}

TEST(Window, ACorrectionBringsBackWhatItHadPushedOut) {
  Window window(10'000, kAll);
  window.push(1000, 5);
  window.push(2000, 9);
  window.push(2000, 3);
  EXPECT_EQ(window.ask(RangeFunction::most), 5.0);
  EXPECT_EQ(window.ask(RangeFunction::least), 3.0);
  EXPECT_EQ(window.ask(RangeFunction::sum), 8.0);
  EXPECT_EQ(window.size(), 2u);
}

TEST(Window, LargestDecimalsDoNotOverflow) {
  Window window(1'000'000'000, kAll);
  for (int i = 0; i < 1000; ++i) window.push(i, 1e18);
  EXPECT_DOUBLE_EQ(*window.ask(RangeFunction::sum), 1e21);
  EXPECT_EQ(window.ask(RangeFunction::deviation), 0.0);
  window.push(1000, -1e18);
  EXPECT_GT(*window.ask(RangeFunction::deviation), 0.0);
}

TEST(Window, SurvivesARoundTripAndGivesTheSameBitsAfterwards) {
  std::mt19937 random(7);
  Window kept(3000, kAll);
  for (int i = 0; i < 300; ++i) {
    kept.push(i * 97, static_cast<double>(random() % 1000) / 7);
    kept.move_to(i * 97);
    const std::string bytes = encoded(kept);
    Window restored(3000, kAll);
    Reader in(bytes);
    restored.decode(in);
    ASSERT_TRUE(in.ok() && in.done());
    for (int f = 0; f <= static_cast<int>(RangeFunction::delta); ++f) {
      EXPECT_EQ(kept.ask(static_cast<RangeFunction>(f)), restored.ask(static_cast<RangeFunction>(f)));
    }
    EXPECT_EQ(encoded(restored), bytes);
    if (i % 3 == 0) std::swap(kept, restored);
  }
}

TEST(Window, ForgedBytesSpoilTheReader) {
  Window window(3000, kAll);
  window.push(2000, 1);
  window.push(2001, 2);
  std::string bytes = encoded(window);
  bytes[bytes.size() - 16] = '\0';  // the second sample's time goes back
  Window restored(3000, kAll);
  Reader in(bytes);
  restored.decode(in);
  EXPECT_FALSE(in.ok());
}

}  // namespace
}  // namespace cityloop
