// SPDX-License-Identifier: Apache-2.0
// The why of an alarm: which samples its level has read over its windows and hold, in words a person can follow and in a
// form that verify.cc can run again.
#pragma once

#include <string>
#include <vector>

#include "analyse/asset_state.h"
#include "analyse/deaf.h"
#include "analyse/live_state.h"

namespace cityloop {

// What the unit can see at this moment, ascending by time: its windows, the newest of each point it reads, and, for
// absence, what was heard last. At most limits::kWhySamples, the newest; what had no room is counted in left_out.
std::vector<TrailSample> samples_now(const KindPlan& plan, const UnitPlan& unit, const Frame& frame, const AssetDetail& detail,
                                     const LiveAsset& live, std::uint32_t& left_out);

// `ch4 31 >= 25`, or the expression with the values it reads: `ch4 + h2s > 40 (ch4 31, h2s 12)`.
std::string reading_text(const KindPlan& plan, const UnitPlan& unit, const Program& program, const Frame& frame);
std::string number_text(double number);  // at most 6 decimals

// At most limits::kWhySteps; the first and the newest stay.
void add_step(Why& why, std::int64_t t, std::string state, std::string because);

// Neighbour as the why keeps it.
struct WhyNeighbour {
  std::string id;
  double metres = 0;
  const Attributes* attributes = nullptr;
  const Seen* seen = nullptr;
};

struct WhyContext {
  std::int64_t now = kNever;  // the city's time, where it is not the time of the evaluation: absence counts by it
  std::int64_t from = kNever;  // since when the level's condition held: what lies before it only fills the windows
  std::vector<DeafTimes::Span> deaf;
  std::vector<WhyNeighbour> neighbours;
  std::uint32_t left_out = 0;
  const Record* record = nullptr;
};

// The unit's text with what else decided: deaf times, neighbours, the record.
std::string text_with_context(const UnitPlan& unit, const KindPlan& plan, const WhyContext& context);

std::vector<WhySample> why_samples(const KindPlan& plan, const std::vector<TrailSample>& trail);
Attributes attributes_read(const KindPlan& plan, const UnitPlan& unit, const Attributes& attributes);

// `{{ value }}` and its kin filled in.
std::string filled(const std::string& text, const Alarm& alarm, const std::string& point, const std::string& threshold);

}  // namespace cityloop
