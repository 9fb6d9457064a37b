// SPDX-License-Identifier: Apache-2.0
#include "analyse/expr_eval.h"

#include <algorithm>
#include <cmath>

#include "core/limits.h"

namespace cityloop {
namespace {

Value number_value(double number) { return {number, {}, std::isfinite(number) ? Known::yes : Known::missing}; }
Value boolean_value(bool value) { return {value ? 1.0 : 0.0, {}, Known::yes}; }
Value unknown_value(Known known) { return {0, {}, known}; }

bool is_true(const Value& v) { return v.known == Known::yes && v.number != 0; }
bool is_false(const Value& v) { return v.known == Known::yes && v.number == 0; }

double interpolate(const std::vector<std::pair<double, double>>& table, double x) {
  if (x <= table.front().first) return table.front().second;
  if (x >= table.back().first) return table.back().second;
  const auto right = std::ranges::upper_bound(table, x, {}, &std::pair<double, double>::first);
  const auto left = right - 1;
  return left->second + (right->second - left->second) * (x - left->first) / (right->first - left->first);
}

class Machine {
 public:
  Machine(const Program& program, const Frame& frame) : program_(program), frame_(frame) {}

  Value run() {
    for (const Op& op : program_.code) step(op);
    return stack_[0];
  }

 private:
  void push(const Value& value) { stack_[size_++] = value; }
  Value pop() { return stack_[--size_]; }
  Value& top() { return stack_[size_ - 1]; }

  void step(const Op& op) {
    switch (op.code) {
      case OpCode::number:
      case OpCode::boolean: return push({op.number, {}, Known::yes});
      case OpCode::text: return push({0, program_.texts[op.index], Known::yes});
      case OpCode::point: return push({frame_.seen[op.index].number, {}, frame_.known(op.index)});
      case OpCode::attribute: return push(frame_.attributes[op.index]);
      case OpCode::field: return push(frame_.fields == nullptr ? unknown_value(Known::missing) : frame_.fields[op.index]);
      case OpCode::point_compare: return point_compare(op);
      case OpCode::not_true: top().number = top().number == 0 ? 1 : 0; return;
      case OpCode::both: return both();
      case OpCode::either: return either();
      case OpCode::compare_numbers:
      case OpCode::compare_texts: return compare(op);
      case OpCode::negate:
      case OpCode::absolute:
      case OpCode::round:
      case OpCode::floor:
      case OpCode::ceil: return one_number(op.code);
      case OpCode::add:
      case OpCode::subtract:
      case OpCode::multiply:
      case OpCode::divide: return two_numbers(op.code);
      case OpCode::least: return extreme(false);
      case OpCode::most: return extreme(true);
      case OpCode::clamp: return clamp();
      case OpCode::first_known: return first_known();
      case OpCode::is_missing: top() = boolean_value(top().known == Known::missing); return;
      case OpCode::is_stale: top() = boolean_value(top().known == Known::stale); return;
      case OpCode::interpolate:
        if (top().known == Known::yes) top() = number_value(interpolate(program_.tables[op.index], top().number));
        return;
      case OpCode::range: return range(op);
      case OpCode::absent: return absent(op);
      case OpCode::stuck: return stuck(op);
      case OpCode::neighbour_most:
      case OpCode::neighbour_least: return neighbour_extreme(op);
      case OpCode::neighbour_count: return neighbour_count(op);
      case OpCode::sequence: return sequence(op);
    }
  }

  void point_compare(const Op& op) {
    const bool result = holds(static_cast<Compare>(op.aux), frame_.seen[op.index].number, op.number);
    push({result ? 1.0 : 0.0, {}, frame_.known(op.index)});
  }

  void both() {
    const Value right = pop();
    const Value left = pop();
    if (is_false(left) || is_false(right)) return push(boolean_value(false));
    push({1, {}, std::max(left.known, right.known)});
  }

  void either() {
    const Value right = pop();
    const Value left = pop();
    if (is_true(left) || is_true(right)) return push(boolean_value(true));
    push({0, {}, std::max(left.known, right.known)});
  }

  void compare(const Op& op) {
    const Value right = pop();
    const Value left = pop();
    const auto how = static_cast<Compare>(op.aux);
    const bool result = op.code == OpCode::compare_texts ? (left.text == right.text) == (how == Compare::equal)
                                                         : holds(how, left.number, right.number);
    push({result ? 1.0 : 0.0, {}, std::max(left.known, right.known)});
  }

  void one_number(OpCode code) {
    double& x = top().number;
    switch (code) {
      case OpCode::negate: x = -x; return;
      case OpCode::absolute: x = std::abs(x); return;
      case OpCode::round: x = std::round(x); return;
      case OpCode::floor: x = std::floor(x); return;
      default: x = std::ceil(x);
    }
  }

  // Dividing by zero, and what is too large for a double, is missing.
  void two_numbers(OpCode code) {
    const Value right = pop();
    const Value left = pop();
    const Known known = std::max(left.known, right.known);
    if (known != Known::yes) return push(unknown_value(known));
    switch (code) {
      case OpCode::add: return push(number_value(left.number + right.number));
      case OpCode::subtract: return push(number_value(left.number - right.number));
      case OpCode::multiply: return push(number_value(left.number * right.number));
      default: return push(right.number == 0 ? unknown_value(Known::missing) : number_value(left.number / right.number));
    }
  }

  // What is not known is left out; nothing known stays unknown.
  void extreme(bool most) {
    const Value right = pop();
    const Value left = pop();
    if (left.known != Known::yes && right.known != Known::yes) return push(unknown_value(std::max(left.known, right.known)));
    if (left.known != Known::yes) return push(right);
    if (right.known != Known::yes) return push(left);
    push({most ? std::max(left.number, right.number) : std::min(left.number, right.number), {}, Known::yes});
  }

  void clamp() {
    const Value high = pop();
    const Value low = pop();
    const Value x = pop();
    const Known known = std::max({x.known, low.known, high.known});
    if (known != Known::yes) return push(unknown_value(known));
    push({std::max(low.number, std::min(high.number, x.number)), {}, Known::yes});
  }

  void first_known() {
    const Value right = pop();
    if (top().known != Known::yes) top() = right;
  }

  void range(const Op& op) {
    Window& window = frame_.windows[op.index];
    const bool periodic = frame_.stale_after[op.extra] != 0;
    window.move_to(periodic ? frame_.clock : frame_.t);
    const auto answer = window.ask(static_cast<RangeFunction>(op.aux));
    const Known known = frame_.known(static_cast<std::size_t>(op.extra));
    if (known != Known::yes) return push(unknown_value(known));
    push(answer ? number_value(*answer) : unknown_value(Known::missing));
  }

  // Never heard is missing, not absent: a register full of devices still in their boxes is no storm of alarms.
  void absent(const Op& op) {
    const std::int64_t heard = frame_.around->heard(op.extra);
    if (heard == kNever) return push(unknown_value(Known::missing));
    push(boolean_value(static_cast<double>(frame_.around->listened(heard, frame_.now)) >= op.number));
  }

  void stuck(const Op& op) {
    const Cell& cell = frame_.cells[op.index];
    const Known known = frame_.known(static_cast<std::size_t>(op.extra));
    const bool result = cell.at != kNever && static_cast<double>(cell.last - cell.at) >= op.number;
    push({result ? 1.0 : 0.0, {}, known});
  }

  void sequence(const Op& op) {
    Cell& cell = frame_.cells[op.index];
    const Value then = pop();
    const Value first = pop();
    if (first.known == Known::yes) {
      if (is_true(first) && !cell.first) cell.at = frame_.t;
      cell.first = is_true(first);
    }
    if (then.known != Known::yes) return push(unknown_value(then.known));
    if (is_true(then) && !cell.second) {
      cell.matched = cell.at != kNever && cell.at < frame_.t && static_cast<double>(frame_.t - cell.at) <= op.number;
    }
    cell.second = is_true(then);
    push(boolean_value(cell.second && cell.matched));
  }

  Frame frame_of(const Neighbour& neighbour) const {
    Frame frame = frame_;
    frame.seen = neighbour.seen;
    frame.attributes = neighbour.attributes;
    frame.fields = nullptr;
    return frame;
  }

  void neighbour_extreme(const Op& op) {
    std::vector<Neighbour> around;
    frame_.around->neighbours(op.number, around);
    Value best = unknown_value(Known::missing);
    for (const Neighbour& neighbour : around) {
      const auto point = static_cast<std::size_t>(op.extra);
      if (frame_of(neighbour).known(point) != Known::yes) continue;
      const double x = neighbour.seen[point].number;
      const bool better = op.code == OpCode::neighbour_most ? x > best.number : x < best.number;
      if (best.known != Known::yes || better) best = {x, {}, Known::yes};
    }
    push(best);
  }

  void neighbour_count(const Op& op) {
    std::vector<Neighbour> around;
    frame_.around->neighbours(op.number, around);
    double count = 0;
    for (const Neighbour& neighbour : around) {
      if (truth(program_.inner[op.index], frame_of(neighbour)) == Truth::yes) ++count;
    }
    push({count, {}, Known::yes});
  }

  const Program& program_;
  const Frame& frame_;
  std::size_t size_ = 0;
  Value stack_[limits::kExprStack];
};

}  // namespace

Value evaluate(const Program& program, const Frame& frame) { return Machine(program, frame).run(); }

}  // namespace cityloop
