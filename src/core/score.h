// SPDX-License-Identifier: Apache-2.0
// What scores count, and the formulas over it (domain.md §1.9). A count belongs to one kind of fact; a figure is the number
// of facts that hold a count, so that each figure can be opened to exactly the cases behind it. The formulas are data:
// standards/scores.jsonc, or the city's own. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/pack.h"
#include "core/result.h"

namespace cityloop {

namespace limits {
inline constexpr std::size_t kFormulaBytes = 256u << 10;   // a city's formulas are a few printed pages
inline constexpr std::size_t kIndicators = 100;            // columns of a table that people read
inline constexpr std::size_t kScoreRowsHeld = 100'000;     // days of objects in memory, about 30 MB; the others are rows only
inline constexpr std::size_t kScoreReportBytes = 64u << 10; // a report in words: ten printed pages
inline constexpr std::size_t kScoreReports = 20'000;       // kept; daily ones of 41 areas for more than a year
}  // namespace limits

// By kind of fact. The day of a fact decides the period that it falls in.
enum class Count : std::uint8_t {
  opened, opened_filed,                                                                        // entry: came in; filed since
  filed, found_machine, found_sensor, found_camera, found_patrol, found_public, found_other,   // filing: 立案, by who found it
  dispatched, accurate, returned,                                                              // dispatch: sent, kept by its unit or given back
  due, disposed, on_time, overdue, outstanding, due_closed, due_closed_on_time, rework, extended,  // disposal: its deadline
  closed,                                                                                      // closing
  step_due, step_on_time, step_overdue,                                                        // step: another clock's deadline, of a post
  supervised, answered,                                                                        // supervision: 督办, replied in time
  revisited, satisfied,                                                                        // revisit: 回访
  cancelled, not_accepted, merged,                                                             // cut: taken out of all counts
  appeal_exempt, suspension_exempt,                                                            // exempt: its disposal does not count
};
inline constexpr std::size_t kCounts = 34;

enum class FactKind : std::uint8_t { entry, filing, dispatch, disposal, closing, step, supervision, revisit, cut, exempt };

std::string_view count_name(Count count);
std::optional<Count> count_of(std::string_view name);
FactKind kind_of(Count count);
std::string_view fact_kind_name(FactKind kind);

struct Indicator {
  std::string id;
  Words title, definition;
  Count numerator = Count::on_time;
  Count denominator = Count::due;
  double weight = 0;                 // in the score of its objects
  bool high_is_good = true;          // else one minus the rate counts
  std::vector<std::string> objects;  // area, unit, post:<role>, class
  std::array<double, 4> grades{};    // least points, of 100, for A, B, C, D
};

// One reading of a file of formulas.
struct ScoreFormulas {
  std::string version;
  std::array<double, 4> grades{};    // of the whole score
  std::vector<Indicator> indicators;

  // kBadField and its kin, in words for who wrote the file.
  static Result<ScoreFormulas> parse(std::string_view text);
  // `object` as an indicator names it.
  std::vector<const Indicator*> of(std::string_view object) const;
};

// A to E. Points are of 100: a rate, or one minus a rate where low is good.
char grade_of(double points, const std::array<double, 4>& grades);

using ScoreRow = std::array<std::int32_t, kCounts>;
inline std::int64_t at(const ScoreRow& row, Count count) { return row[static_cast<std::size_t>(count)]; }

// Points of one indicator; nothing where there is nothing to divide by: that is neither 0 nor 100.
std::optional<double> points_of(const Indicator& indicator, const ScoreRow& row);
// The weighted mean of the indicators that have a denominator; nothing when none has.
std::optional<double> score_of(std::span<const Indicator* const> indicators, const ScoreRow& row);

}  // namespace cityloop
