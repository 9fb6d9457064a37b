// SPDX-License-Identifier: Apache-2.0
// Runs compiled expressions: a stack machine over what an asset's state lends it. No allocation except for neighbours.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "analyse/expr.h"
#include "analyse/window.h"

namespace cityloop {

enum class Known : std::uint8_t { yes, stale, missing };  // ascending: the worst of what an operation reads goes on

struct Value {
  double number;          // booleans are 0 and 1
  std::string_view text;  // of a text
  Known known;
};

struct Seen {             // the newest trusted sample of a point
  std::int64_t at = kNever;
  double number = 0;
};

struct Cell {
  std::int64_t at = kNever;    // sequence: when the first condition became true; stuck_for: since when the value is the same
  std::int64_t last = kNever;  // stuck_for: newest sample
  double value = 0;
  bool first = false, second = false, matched = false;  // sequence
};

struct Neighbour {
  const Seen* seen;
  const Value* attributes;
};

// What is asked rarely.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  virtual std::int64_t listened(std::int64_t from, std::int64_t to) const = 0;  // to - from without deaf time
  virtual std::int64_t heard(int point) const = 0;  // arrival of the newest value of a point, -1: of any; kNever
  virtual void neighbours(double metres, std::vector<Neighbour>& out) const = 0;
};

struct Frame {
  const Seen* seen = nullptr;                // by point
  const std::int64_t* stale_after = nullptr; // by point, ms; 0: never
  const Value* attributes = nullptr;
  const Value* fields = nullptr;
  Window* windows = nullptr;
  Cell* cells = nullptr;
  std::int64_t t = 0;      // event time of this evaluation
  std::int64_t clock = 0;  // newest event time of what the unit reads: windows of periodic points stand there
  std::int64_t now = 0;    // for absence
  const Surroundings* around = nullptr;

  Known known(std::size_t point) const {
    const Seen& one = seen[point];
    if (one.at == kNever) return Known::missing;
    const std::int64_t limit = stale_after[point];
    if (limit == 0 || t - one.at <= limit) return Known::yes;
    return around->listened(one.at, t) > limit ? Known::stale : Known::yes;
  }
};

Value evaluate(const Program& program, const Frame& frame);

enum class Truth : std::uint8_t { no, yes, unknown };

inline Truth truth_of(const Value& value) {
  if (value.known != Known::yes) return Truth::unknown;
  return value.number != 0 ? Truth::yes : Truth::no;
}

inline Truth truth(const Program& program, const Frame& frame) {
  if (program.simple) {
    const Op& op = program.code[0];
    if (frame.known(op.index) != Known::yes) return Truth::unknown;
    return holds(static_cast<Compare>(op.aux), frame.seen[op.index].number, op.number) ? Truth::yes : Truth::no;
  }
  return truth_of(evaluate(program, frame));
}

inline bool holds(Compare compare, double left, double right) {
  switch (compare) {
    case Compare::equal: return left == right;
    case Compare::not_equal: return left != right;
    case Compare::less: return left < right;
    case Compare::less_equal: return left <= right;
    case Compare::greater: return left > right;
    default: return left >= right;
  }
}

}  // namespace cityloop
