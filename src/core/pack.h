// SPDX-License-Identifier: Apache-2.0
// One vertical, parsed from packs/*.jsonc (architecture §3; docs/how-to/add-a-pack.md). Immutable once parsed.
// Expressions stay text here; analyse compiles them. Nothing in C++ knows a pack's name.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/words.h"

namespace cityloop {

struct Words {  // a text in the city's two languages
  std::string zh;
  std::string en;
};

struct PointSpec {
  std::string name;                      // `ch4`
  Words title;
  std::string unit;                      // `%LEL`, `mg/m3`, `deg`
  std::optional<double> least, most;     // physical range: outside is quarantined
  std::optional<double> limit_low, limit_high;  // sensor's own end: at or beyond it quality is at_limit, never refused
  std::optional<double> plausible_low, plausible_high;  // outside is quality suspect
  std::vector<double> sentinels;         // values that mean missing
  Millis interval{0};                    // expected; 0: event-driven
  std::string derived;                   // expression; empty for a measured point
  int decimals = 2;                      // for derived values and display
};

struct AttributeSpec {
  std::string name;
  Words title;
  std::string type;  // number, text, flag
  std::string unit;
  bool required = false;
};

struct KindSpec {
  std::string name;   // `septic_tank`
  Words title;
  std::vector<PointSpec> points;
  std::vector<AttributeSpec> attributes;
  std::string symbol;  // icon name of the web's set
  std::string layer;
  std::string component_class;  // GB component code `0303`
  int point_index(std::string_view name) const;  // -1: none
};

struct FieldSpec {
  std::string name;
  Words title;
  std::string type;  // number, text, flag, time
  std::string unit;
  bool required = false;
};

struct RecordSpec {
  std::string name;
  Words title;
  std::string kind;  // asset kind
  std::vector<FieldSpec> fields;
};

struct RuleLevel {
  Level level = Level::none;
  std::string expr;
  Millis hold{0};               // `for`
};

struct RuleSpec {
  std::string alert;            // unique in the pack
  std::string kind;
  std::string record;           // record rule: expressions read the record's fields; else empty
  std::vector<RuleLevel> levels;  // ascending: blue first
  Millis keep_firing_for{0};    // condition false this long before it clears
  std::string clear_expr;       // `clear_when`: hysteresis; must hold to clear. Empty: level's expr false
  std::map<std::string, std::string> labels;  // `urgency`: of the case; `code`, `limit`: of a repair; others are the city's own
  Words title;                  // annotations.summary; `{{ value }}`, `{{ asset }}`, `{{ point }}` are filled in
  Words advice;                 // annotations.description: what to do, safety text
  std::string point;            // the point shown with the alarm
  std::vector<std::string> inhibited_by;  // alerts of the same asset, or `pack/alert`
  std::string opens;            // `case` (default), `repair` (dead sensor: repair order), `none`
};

struct RouteSpec {              // first that matches wins; reasons are kept
  Level from = Level::none;
  std::string duty;             // units with this duty …
  std::string scope;            // … in `street`, `district`, `city` of the case's area; or `owner`, `keeper` of the asset
};

struct CaseSpec {
  ClassCode klass;
  Words title;
  Level opens_from = Level::yellow;
  std::vector<RouteSpec> routes;
  bool auto_dispatch = false;   // `dispatch: auto|confirm`
  std::string limit = "2UH";    // disposal limit: UH/UD continuous, WH/WD working hours/days
  bool photo_before = false;
  bool photo_after = true;
  std::string agreement;        // expression of the asset that must hold before closing; empty: none
  Millis agreement_hold{0};
  double join_radius_m = 0;     // > 0: another asset's alarm of this class joins within it
};

struct TableSpecXY {            // piecewise linear table used by interp('name', x)
  std::string name;
  std::vector<std::pair<double, double>> points;  // ascending x
};

struct SimulatePoint {          // demo generator, per point
  std::string point;
  double base = 0, noise = 0, daily = 0;      // value = base + daily*sin(day) + noise*N(0,1)
  double event_per_day = 0, event_peak = 0;   // mean events a day of an asset, and the value they reach
  Millis event_rise{0}, event_hold{0}, event_fall{0};
};

struct SimulateSpec {
  std::string kind;
  std::size_t count = 0;        // at scale 1
  std::string area;             // areas to spread over: prefix; empty: all
  Millis interval{0};           // 0: the point's own
  std::vector<SimulatePoint> points;
  Attributes attributes;
};

struct PackExample {            // run by `cityloop check`
  std::string name;
  std::string text;             // JSON of the example: {"assets":[…],"inputs":[{"at":"0s","asset","values"}…],"expect":[…]}
};

struct Pack {
  std::string name;             // file name without ending
  std::string version;          // as declared, `+`, and the digest: `1.2+3f9a01bc`
  std::string digest;           // SHA-256 of the file, its first 8 hex digits
  Words title;
  std::string text;             // the file as read
  std::vector<KindSpec> kinds;
  std::vector<RecordSpec> records;
  std::vector<RuleSpec> rules;
  std::optional<CaseSpec> the_case;
  std::vector<TableSpecXY> tables;
  std::vector<SimulateSpec> simulate;
  std::vector<PackExample> examples;
  std::string decode;           // JSON of the default payload form, or empty
  std::string plans;            // JSON array, carried for later; or empty
  std::string citizen;          // JSON object, carried for later; or empty
};

// Parses one file's text. Every error names line or member path and what is expected there; unknown keys are errors
// that name the nearest known one. Expressions are not compiled here.
Result<Pack> parse_pack(std::string_view name, std::string_view text);

// The record kind that every city has: a device's answer to a command. `status` is done, failed or refused.
inline constexpr std::string_view kCommandResult = "command_result";
const RecordSpec& command_result_record();

// All packs of a city, kinds and rules unique across them. Shared, immutable.
class Packs {
 public:
  static Result<Packs> create(std::vector<Pack> packs);
  const std::vector<Pack>& all() const { return packs_; }
  const KindSpec* kind(std::string_view name) const;       // null: unknown
  const Pack* pack_of_kind(std::string_view name) const;
  const RecordSpec* record(std::string_view name) const;
  const Pack* pack(std::string_view name) const;
  const RuleSpec* rule(std::string_view name) const;       // `septic_gas/ch4_high`; null: unknown

 private:
  std::vector<Pack> packs_;
  std::map<std::string, std::pair<std::size_t, std::size_t>, std::less<>> kinds_;
  std::map<std::string, std::pair<std::size_t, std::size_t>, std::less<>> records_;
};

}  // namespace cityloop
