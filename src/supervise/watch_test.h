// SPDX-License-Identifier: Apache-2.0
// Supervise behind a real Command, for its tests: what happens to cases is heard, ticked and gone on with as the city does.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "command/command_fixture.h"
#include "supervise/supervise.h"

namespace cityloop {

inline Supervise::Settings settings() { return {std::string(32, 'k'), std::chrono::hours(8), {}}; }

class Watch {
 public:
  explicit Watch(Pack pack = gas_pack()) : city(std::move(pack)) {
    city.on_event = [this](Event& event, Context& context) { supervise.hear(event, context); };
  }
  Watch(const Watch&) = delete;

  void tick() {
    Context context = city.context();
    city.command.tick(context);
    city.settle();
    supervise.tick(context);
    city.settle();
    for (const ActionIn& demand : supervise.take_demands()) {
      Actor system{"system", {}, "", "", "system"};
      EXPECT_EQ(city.act(demand.verb, demand.subject, demand.body, system).status, 200);
    }
  }
  // Goes on to `until` as the city does: ticking whenever a room is due.
  void pass(Millis time) {
    const Time until = city.now + time;
    const auto next = [&] { return std::min(supervise.next_due(), city.command.next_due()); };
    while (next() <= until) {
      city.now = std::max(city.now, next());
      tick();
    }
    city.now = until;
    tick();
  }
  Case last(const std::string& no) const {
    Case found;
    for (const Case& file : city.bodies<Case>()) {
      if (file.no == no) found = file;
    }
    return found;
  }
  std::vector<TimelineEntry> reminders(const std::string& no) const {
    std::vector<TimelineEntry> all;
    for (const TimelineEntry& entry : city.timeline(no)) {
      if (entry.action == "reminder") all.push_back(entry);
    }
    return all;
  }

  TestCity city;
  Supervise supervise{settings()};
};

}  // namespace cityloop
