// SPDX-License-Identifier: Apache-2.0
// A district that runs by itself from one seed: sensors that lose, delay and double their messages, crews and desk people who
// act at random within their rights, receivers of notices that refuse, rest and read, a process that crashes. Invariants are checked after every step.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cityloop {

struct SimulationFaults {
  double lost = 0.02, late = 0.03, doubled = 0.03;  // of the messages
  double crash = 0.01, checkpoint = 0.02;           // of the steps
  std::size_t journal_lag = 3;                      // turns that a crash takes from the Journal
};

struct SimulationShape {
  std::chrono::milliseconds step = std::chrono::seconds(30);
  bool crowd = false;    // 40 people of every role, reports of theirs that come twice, a class table; else 13 people
  double absent = 0;     // of the people, on any one day
};

struct SimulationReport {
  std::string dump;                       // every row of the Journal at the end
  std::vector<std::string> violations;    // of the invariants, with step and seed
  std::size_t messages = 0, alarms = 0, cases = 0, closed = 0, crashes = 0, actions = 0, refused = 0;
  std::size_t people = 0, reports = 0;
  std::map<std::string, std::size_t> taken;  // actions that were done, by name
  std::size_t carried = 0, escalated = 0;  // notices
};

SimulationReport simulate(std::uint64_t seed, std::size_t steps, const SimulationFaults& faults, const SimulationShape& shape = {});

}  // namespace cityloop
