// SPDX-License-Identifier: Apache-2.0
// What the engine remembers of one asset. Split by how often it is touched: AssetState and the rows of its kind with every
// sample, AssetDetail only where windows, cells or running rules exist.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "analyse/expr_eval.h"
#include "analyse/plan.h"
#include "analyse/wake_heap.h"
#include "core/limits.h"

namespace cityloop {

struct TrailSample {        // what a running hold has seen, for the why
  std::uint8_t point = 0;
  Quality quality = Quality::good;
  std::int64_t at = kNever;
  std::int64_t arrival = kNever;
  double value = 0;
};

struct LevelState {
  std::int64_t since = kNever;  // event time since which the condition is true
  bool held = false;            // … for the level's `for`
};

struct RuleState {              // exists while a hold runs or an alarm is not cleared
  std::uint16_t unit = 0;
  std::array<LevelState, limits::kRuleLevels> levels;
  std::int64_t evaluated = kNever;      // moment of its last evaluation
  std::int8_t current = -1;             // level that fires; -1: none
  std::int64_t clear_since = kNever;    // since when nothing holds any more (keep_firing_for)
  bool stale = false;                   // the firing level's condition is not known now
  std::string alarm;                    // id of the episode; empty: none
  std::vector<TrailSample> trail;       // kept while a hold runs
  std::uint32_t left_out = 0;           // samples that the trail had no room for
};

struct AssetDetail {
  std::vector<Window> windows;
  std::vector<Cell> cells;
  std::vector<RuleState> rules;                          // ascending by unit
  std::uint64_t places = 0;                              // KindRows::places for which `around` holds
  std::vector<std::pair<double, std::vector<std::uint32_t>>> around;  // slots within metres; rebuilt, not kept
};

struct alignas(64) AssetState {  // one cache line
  static constexpr std::uint32_t kNoRow = 0xFFFFFFFF;
  std::uint32_t row = kNoRow;
  std::uint16_t plan = 0;
  bool bound = false;                        // attributes are in the row
  std::int64_t event_due = WakeHeap::kAsleep;  // nothing changes by itself before this event time …
  std::int64_t now_due = WakeHeap::kAsleep;    // … or this time of the city (absence, silence)
  std::int64_t advanced = kNever;            // last event time that was evaluated without a sample
  std::int64_t advanced_now = kNever;        // … and last time of the city
  std::int64_t heard = kNever;               // newest arrival of any point
  std::unique_ptr<AssetDetail> detail;
};

struct KindRows {                            // dense, by AssetState::row
  std::vector<Seen> seen;                    // points a row
  std::vector<Value> attributes;             // attributes a row
  std::vector<std::int64_t> agreed_since;    // kNever: the agreement does not hold
  std::vector<std::uint32_t> free;
  std::uint32_t rows = 0;
  std::uint64_t places = 1;                  // grows when an asset of the kind moves, comes or goes
  std::unordered_set<std::string> texts;     // what text attributes point into
};

}  // namespace cityloop
