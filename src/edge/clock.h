// SPDX-License-Identifier: Apache-2.0
// Where `now` comes from: the machine's clock, or a simulated one that starts at a given time and runs at a given speed. Never
// goes back, whatever the machine's clock does. Any thread.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string_view>

#include "core/result.h"
#include "core/time.h"

namespace cityloop {

class CityClock {
 public:
  using Steady = std::chrono::steady_clock::time_point;

  // Empty: the machine's clock. `START×SPEED` (or `START xSPEED`, or only START): simulated, for example
  // `2022-08-22T06:00:00Z×60`. Speeds from 0.001 to 100,000. kUsage otherwise.
  static Result<std::unique_ptr<CityClock>> create(std::string_view text);

  Time now();
  // From now on no earlier than `time`: what the data folder has seen already. A simulated clock goes on from there.
  void not_before(Time time);
  bool is_simulated() const { return speed_ > 0; }
  double speed() const { return speed_ > 0 ? speed_ : 1; }
  // How long until the clock shows `time`, in the machine's time: for sleeping. Zero when it has passed.
  Millis real_wait_until(Time time);

 private:
  CityClock() = default;
  Time reading() const;

  std::mutex mutex_;
  Time last_{};
  Time start_{};        // simulated: shown at `began_`
  Steady began_{};
  double speed_ = 0;    // 0: the machine's clock
};

}  // namespace cityloop
