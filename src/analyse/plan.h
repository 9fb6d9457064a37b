// SPDX-License-Identifier: Apache-2.0
// The packs compiled for running: for every kind of asset its units (derived points in order of need, then rules, then
// the agreement of its case), which samples wake which unit, and the windows and cells that each asset of the kind needs.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "analyse/expr.h"

namespace cityloop {

struct LevelPlan {
  Level level = Level::none;
  Program program;
  std::int64_t hold = 0;  // ms
};

struct UnitPlan {
  enum class Role : std::uint8_t { derived, rule, agreement };
  Role role = Role::rule;
  std::string name;                    // `pack/alert`; a derived point's name; `agreement`
  std::string definition;              // what it computes: unchanged text keeps its state when packs change
  std::vector<LevelPlan> levels;       // ascending; derived and agreement have one without a level
  std::vector<Program> clear;          // none or one
  std::int64_t keep = 0;               // keep_firing_for, ms
  std::vector<std::uint8_t> points;    // read by any of its programs, ascending
  std::uint32_t first_window = 0, windows = 0;
  std::uint32_t first_cell = 0, cells = 0;
  bool restless = false;               // may change without a sample: absence and age
  bool absent = false;          // asks for absence, which counts by the city's time
  // derived
  std::uint8_t target = 0;
  int decimals = 2;
  // rule
  const RuleSpec* spec = nullptr;
  const Pack* pack = nullptr;
  const RecordSpec* record = nullptr;  // record rule
  int shown_point = -1;                // the point, or the record's field, that the alarm shows
  int shown_field = -1;
  std::vector<std::uint16_t> inhibitors;  // units of this kind that hold it back
  std::vector<std::uint16_t> inhibits;    // units that it holds back
  std::string text;                    // the rule as JSON that stands alone
};

inline constexpr std::int64_t kNeverRestless = std::int64_t{1} << 62;

struct KindPlan {
  const KindSpec* kind = nullptr;
  const Pack* pack = nullptr;
  std::vector<UnitPlan> units;
  std::size_t first_rule = 0;
  int agreement = -1;                               // unit
  std::vector<WindowUse> windows;
  std::vector<CellUse> cells;
  std::vector<std::vector<std::uint16_t>> windows_of;  // by point
  std::vector<std::vector<std::uint16_t>> stuck_of;    // cells by point
  std::vector<std::int64_t> stale_after;               // by point, ms; 0: never stale
  std::size_t mask_words = 0;
  std::vector<std::uint64_t> wakes;                    // by point, mask_words each: bit = unit
  std::vector<std::uint16_t> restless;                 // units
  std::vector<std::uint8_t> aged_points;               // whose growing old matters to a restless unit
  std::vector<std::pair<int, std::int64_t>> absences;  // of restless units
  std::int64_t restless_after = kNeverRestless;        // least time without a sample after which one of them may change
  std::vector<std::pair<std::string, std::vector<std::uint16_t>>> record_rules;  // record kind -> units

  std::size_t point_count() const { return kind->points.size(); }
  std::size_t attribute_count() const { return kind->attributes.size(); }
  int unit_named(std::string_view name) const;  // -1: none
};

struct Plans {
  std::shared_ptr<const Packs> packs;
  std::vector<KindPlan> kinds;
  std::map<std::string, std::uint16_t, std::less<>> by_kind;
  int index_of(std::string_view kind) const;  // -1: no pack describes it
};

// What must not wait behind other data: the points that a rule with an orange or red level reads, through derived points too, and
// the kinds of records that such a rule runs on. By name, whatever the asset's kind: coarse, and quick to ask.
struct UrgentInputs {
  std::set<std::string, std::less<>> points;
  std::set<std::string, std::less<>> records;
};
UrgentInputs urgent_inputs(const Plans& plans);

// The error names pack, rule or point, and column.
Result<Plans> compile_packs(std::shared_ptr<const Packs> packs);

}  // namespace cityloop
