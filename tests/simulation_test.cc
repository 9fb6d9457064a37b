// SPDX-License-Identifier: Apache-2.0
// A short simulation with faults; the long ones run in `make soak`.
#include "tests/simulation.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace cityloop {
namespace {

// `make soak` moves the seeds on.
std::uint64_t base_seed() {
  const char* text = std::getenv("CITYLOOP_SEED");
  return text ? std::strtoull(text, nullptr, 10) : 0;
}

TEST(Simulation, KeepsItsInvariantsUnderFaults) {
  std::size_t cases = 0, closed = 0, carried = 0, escalated = 0;
  for (std::uint64_t seed = base_seed() + 1; seed <= base_seed() + 4; ++seed) {
    const SimulationReport report = simulate(seed, 480, {});
    for (const std::string& violation : report.violations) ADD_FAILURE() << violation;
    EXPECT_GT(report.messages, 1000u);
    EXPECT_GT(report.crashes, 0u);
    cases += report.cases;
    closed += report.closed;
    carried += report.carried;
    escalated += report.escalated;
  }
  EXPECT_GT(cases, 4u);
  EXPECT_GT(closed, 0u);
  EXPECT_GT(carried, 20u);
  EXPECT_GT(escalated, 0u);
}

TEST(Simulation, SameSeedSameJournal) {
  const SimulationReport one = simulate(42, 240, {});
  const SimulationReport two = simulate(42, 240, {});
  EXPECT_FALSE(one.dump.empty());
  EXPECT_EQ(one.dump, two.dump);
  EXPECT_NE(one.dump, simulate(43, 240, {}).dump);
}

// A district for a month: 40 people of every role, a fifth of them away on any day, reports twice, crashes.
TEST(Simulation, ADistrictForAMonth) {
  SimulationFaults faults;
  faults.crash = 0.008;
  faults.lost = 0.99;  // of what the sensors say each half minute: a month of all of it takes minutes
  SimulationShape shape;
  shape.step = std::chrono::minutes(30);
  shape.crowd = true;
  shape.absent = 0.2;
  const SimulationReport report = simulate(base_seed() + 11, 30 * 48, faults, shape);
  for (const std::string& violation : report.violations) ADD_FAILURE() << violation;
  EXPECT_EQ(report.people, 40u);
  EXPECT_GT(report.crashes, 3u);
  EXPECT_GT(report.reports, 40u);
  EXPECT_GT(report.closed, 20u);
  for (const char* action : {"verify", "register", "dispatch", "accept", "finish", "feedback", "check", "close", "return", "rework",
                             "request_extension", "suspend", "supervise", "reply", "conclude", "recall"})
    EXPECT_GT(report.taken.contains(action) ? report.taken.at(action) : 0u, 0u) << action << " was never taken";
}

// Crashes and a slow Journal must leave no trace in the facts: the same inputs give the same rows.
TEST(Simulation, CrashesLeaveNoTrace) {
  SimulationFaults calm;
  calm.crash = 0;
  calm.checkpoint = 0;
  SimulationFaults rough = calm;
  rough.journal_lag = 5;
  rough.crash = 0.05;
  rough.checkpoint = 0.03;
  const SimulationReport one = simulate(5, 240, calm);
  const SimulationReport two = simulate(5, 240, rough);
  EXPECT_EQ(one.dump, two.dump);
}

}  // namespace
}  // namespace cityloop
