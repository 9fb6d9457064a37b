// SPDX-License-Identifier: Apache-2.0
// The expressions of packs: text in, typed and checked, small bytecode out. Every value may be missing (never heard, no
// result) or stale (not heard for three intervals); truth is three-valued (Kleene). Pure; any thread may compile.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/pack.h"

namespace cityloop {

enum class ValueType : std::uint8_t { number, boolean, text };
std::string_view value_type_name(ValueType type);

// What stands around an expression. Names are looked up as point, then attribute, then record field.
struct ExprScope {
  const KindSpec& kind;
  const RecordSpec* record = nullptr;  // set for record rules
  std::span<const TableSpecXY> tables = {};
};

enum class Compare : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal };
std::string_view compare_text(Compare compare);
bool holds(Compare compare, double left, double right);

enum class RangeFunction : std::uint8_t { average, least, most, sum, count, first, last, deviation, rate, delta };

enum class OpCode : std::uint8_t {
  number, boolean, text, point, attribute, field, negate, not_true, both, either, compare_numbers, compare_texts, add,
  subtract, multiply, divide, absolute, round, floor, ceil, least, most, clamp, first_known, is_missing, is_stale,
  interpolate, point_compare, range, absent, stuck, neighbour_most, neighbour_least, neighbour_count, sequence,
};

struct Op {
  OpCode code{};
  std::uint8_t aux = 0;      // Compare, RangeFunction
  std::uint16_t index = 0;   // point, attribute, field, text, table, window, cell, inner program
  std::int32_t extra = 0;    // second index: a point, or -1 for "any"
  double number = 0;         // constant, milliseconds, metres
};

// What a window must be able to answer beside first, last and count.
namespace window_needs {
inline constexpr std::uint8_t kSum = 1, kSquares = 2, kLeast = 4, kMost = 8;
inline constexpr std::uint8_t kRecord = 16;  // read by nobody, kept for the why: also holds the sample before it
}  // namespace window_needs

struct WindowUse {
  std::uint8_t point = 0;
  std::int64_t width = 0;  // ms
  std::uint8_t needs = 0;
};

struct CellUse {           // memory of its own: sequence() and stuck_for()
  bool stuck = false;
  std::uint8_t point = 0;  // of stuck_for
};

// Straight-line code: no jumps, so that running time is bounded by its length and memory cells always advance.
struct Program {
  std::string text;
  ValueType type = ValueType::number;
  std::vector<Op> code;
  std::vector<std::string> texts;
  std::vector<std::vector<std::pair<double, double>>> tables;
  std::vector<std::string> table_names;
  std::vector<Program> inner;             // conditions of neighbour_count
  std::vector<WindowUse> windows;         // Op::index of `range` counts in these until plan.cc links the unit
  std::vector<CellUse> cells;
  std::vector<std::uint8_t> points;       // read, ascending
  std::vector<std::uint16_t> attributes;  // read, ascending
  std::vector<std::uint16_t> fields;      // read, ascending
  std::vector<std::pair<int, std::int64_t>> absences;  // (point or -1, ms)
  std::optional<double> threshold;        // the first constant that something is compared with
  bool asks_age = false;                  // is_stale, is_missing or coalesce: may change without a sample
  bool neighbours = false;
  bool simple = false;                    // one point_compare: the engine runs it without the machine
};

// kBadExpression; the sentence names column, what was expected and the nearest known name.
Result<Program> compile_expression(std::string_view text, const ExprScope& scope, ValueType wanted);

// Whether it compiles to any type at all.
Result<void> check_expression(std::string_view text, const KindSpec& kind, const RecordSpec* record = nullptr,
                              std::span<const TableSpecXY> tables = {});

}  // namespace cityloop
