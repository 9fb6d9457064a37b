// SPDX-License-Identifier: Apache-2.0
#include "edge/clock.h"

#include <gtest/gtest.h>

#include <thread>

namespace cityloop {
namespace {

TEST(CityClock, MachineTime) {
  auto clock = CityClock::create("").value();
  EXPECT_FALSE(clock->is_simulated());
  const Time here = std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
  EXPECT_LT(std::chrono::abs(clock->now() - here), Millis{2'000});
  clock->not_before(here + std::chrono::hours(1));
  EXPECT_EQ(clock->now(), here + std::chrono::hours(1));  // waits there, never goes back
}

TEST(CityClock, SimulatedTimeRunsFast) {
  for (const char* text : {"2022-08-22T06:00:00Z×1000", "2022-08-22T06:00:00Zx1000", " 2022-08-22T14:00:00+08:00 × 1000 "}) {
    auto clock = CityClock::create(text).value();
    const Time start = parse_time("2022-08-22T06:00:00Z").value();
    const Time first = clock->now();
    EXPECT_GE(first, start);
    std::this_thread::sleep_for(Millis{20});
    EXPECT_GE(clock->now() - first, std::chrono::seconds(20));
    EXPECT_LE(clock->now() - start, std::chrono::minutes(60));
  }
}

TEST(CityClock, SimulatedTimeGoesOnFromWhatWasSeen) {
  auto clock = CityClock::create("2022-08-22T06:00:00Z×100").value();
  const Time seen = parse_time("2022-08-23T00:00:00Z").value();
  clock->not_before(seen);
  const Time first = clock->now();
  EXPECT_GE(first, seen);
  std::this_thread::sleep_for(Millis{20});
  EXPECT_GT(clock->now(), first);
}

TEST(CityClock, WaitsInMachineTime) {
  auto clock = CityClock::create("2022-08-22T06:00:00Z×100").value();
  const Millis wait = clock->real_wait_until(clock->now() + std::chrono::seconds(10));
  EXPECT_GT(wait, Millis{50});
  EXPECT_LE(wait, Millis{101});
  EXPECT_EQ(clock->real_wait_until(kNoTime), Millis{0});
  EXPECT_GT(clock->real_wait_until(Time::max()), std::chrono::hours(1));
}

TEST(CityClock, RefusesNonsense) {
  for (const char* bad : {"yesterday", "2022-08-22T06:00:00Z×", "2022-08-22T06:00:00Z×0", "2022-08-22T06:00:00Z×-1",
                          "2022-08-22T06:00:00Z×fast", "×60", "2022-08-22T06:00:00Z×nan"})
    EXPECT_FALSE(CityClock::create(bad).has_value()) << bad;
}

}  // namespace
}  // namespace cityloop
