// SPDX-License-Identifier: Apache-2.0
// From the typed tree to straight-line code, with what the code reads noted beside it.
#include <algorithm>
#include <array>
#include <utility>

#include "analyse/expr_ast.h"
#include "core/limits.h"

namespace cityloop {
namespace {

using expr::Function;
using expr::Node;
using expr::NodeId;
using expr::NodeKind;
using expr::Tree;

template <class T>
void insert_sorted(std::vector<T>& set, T value) {
  const auto at = std::ranges::lower_bound(set, value);
  if (at == set.end() || *at != value) set.insert(at, value);
}

class Compiler {
 public:
  Compiler(const Tree& tree, const ExprScope& scope) : tree_(tree), scope_(scope) {}

  Result<Program> run(NodeId root) {
    emit_node(root);
    if (most_ > limits::kExprStack) {
      return expr::bad_expression(1, "the expression holds too many values at once; split it with a derived point");
    }
    program_.type = tree_.nodes[root].type;
    program_.simple = program_.code.size() == 1 && program_.code[0].code == OpCode::point_compare;
    if (failure_) return *failure_;
    return std::move(program_);
  }

 private:
  const Node& node(NodeId id) const { return tree_.nodes[id]; }

  // `effect`: values on the stack afterwards minus before.
  void emit(Op op, int effect) {
    program_.code.push_back(op);
    depth_ = static_cast<std::size_t>(static_cast<int>(depth_) + effect);
    most_ = std::max(most_, depth_);
  }

  void emit_node(NodeId id) {
    const Node& n = node(id);
    if (const auto constant = constant_of(id)) return emit({.code = OpCode::number, .number = *constant}, 1);
    switch (n.kind) {
      case NodeKind::number: return emit({.code = OpCode::number, .number = n.number}, 1);
      case NodeKind::boolean: return emit({.code = OpCode::boolean, .number = n.number}, 1);
      case NodeKind::text: return emit_text(n);
      case NodeKind::point:
        insert_sorted(program_.points, static_cast<std::uint8_t>(n.index));
        return emit({.code = OpCode::point, .index = static_cast<std::uint16_t>(n.index)}, 1);
      case NodeKind::attribute:
        insert_sorted(program_.attributes, static_cast<std::uint16_t>(n.index));
        return emit({.code = OpCode::attribute, .index = static_cast<std::uint16_t>(n.index)}, 1);
      case NodeKind::field:
        insert_sorted(program_.fields, static_cast<std::uint16_t>(n.index));
        return emit({.code = OpCode::field, .index = static_cast<std::uint16_t>(n.index)}, 1);
      case NodeKind::negate: return emit_one(n, OpCode::negate);
      case NodeKind::not_true: return emit_one(n, OpCode::not_true);
      case NodeKind::both: return emit_two(n, OpCode::both);
      case NodeKind::either: return emit_two(n, OpCode::either);
      case NodeKind::compare: return emit_compare(n);
      case NodeKind::arithmetic: return emit_arithmetic(n);
      case NodeKind::call: return emit_call(n);
    }
  }

  void emit_one(const Node& n, OpCode code) {
    emit_node(n.children[0]);
    emit({.code = code}, 0);
  }

  void emit_two(const Node& n, OpCode code) {
    emit_node(n.children[0]);
    emit_node(n.children[1]);
    emit({.code = code}, -1);
  }

  void emit_text(const Node& n) {
    program_.texts.push_back(n.text);
    emit({.code = OpCode::text, .index = static_cast<std::uint16_t>(program_.texts.size() - 1)}, 1);
  }

  // A number that is known now: literals, their sign, arithmetic among them.
  std::optional<double> constant_of(NodeId id) const {
    const Node& n = node(id);
    if (n.kind == NodeKind::number) return n.number;
    if (n.kind == NodeKind::negate && node(n.children[0]).kind == NodeKind::number) return -node(n.children[0]).number;
    return std::nullopt;
  }

  void emit_compare(const Node& n) {
    const auto compare = static_cast<Compare>(n.aux);
    const Node& left = node(n.children[0]);
    const Node& right = node(n.children[1]);
    const auto left_constant = constant_of(n.children[0]);
    const auto right_constant = constant_of(n.children[1]);
    if (!program_.threshold) program_.threshold = right_constant ? right_constant : left_constant;
    if (left.kind == NodeKind::point && right_constant) return emit_point_compare(left, compare, *right_constant);
    if (right.kind == NodeKind::point && left_constant) return emit_point_compare(right, mirrored(compare), *left_constant);
    emit_node(n.children[0]);
    emit_node(n.children[1]);
    emit({.code = left.type == ValueType::text ? OpCode::compare_texts : OpCode::compare_numbers, .aux = n.aux}, -1);
  }

  void emit_point_compare(const Node& point, Compare compare, double constant) {
    insert_sorted(program_.points, static_cast<std::uint8_t>(point.index));
    emit({.code = OpCode::point_compare, .aux = static_cast<std::uint8_t>(compare),
          .index = static_cast<std::uint16_t>(point.index), .number = constant}, 1);
  }

  static Compare mirrored(Compare compare) {
    switch (compare) {
      case Compare::less: return Compare::greater;
      case Compare::less_equal: return Compare::greater_equal;
      case Compare::greater: return Compare::less;
      case Compare::greater_equal: return Compare::less_equal;
      default: return compare;
    }
  }

  void emit_arithmetic(const Node& n) {
    switch (n.aux) {
      case '+': return emit_two(n, OpCode::add);
      case '-': return emit_two(n, OpCode::subtract);
      case '*': return emit_two(n, OpCode::multiply);
      default: return emit_two(n, OpCode::divide);
    }
  }

  void emit_fold(const Node& n, OpCode code) {
    emit_node(n.children[0]);
    for (std::size_t i = 1; i < n.children.size(); ++i) {
      emit_node(n.children[i]);
      emit({.code = code}, -1);
    }
  }

  void emit_call(const Node& n) {
    switch (n.function) {
      case Function::abs: return emit_one(n, OpCode::absolute);
      case Function::round: return emit_one(n, OpCode::round);
      case Function::floor: return emit_one(n, OpCode::floor);
      case Function::ceil: return emit_one(n, OpCode::ceil);
      case Function::min: return emit_fold(n, OpCode::least);
      case Function::max: return emit_fold(n, OpCode::most);
      case Function::clamp:
        for (const NodeId child : n.children) emit_node(child);
        return emit({.code = OpCode::clamp}, -2);
      case Function::coalesce: program_.asks_age = true; return emit_fold(n, OpCode::first_known);
      case Function::is_missing: program_.asks_age = true; return emit_one(n, OpCode::is_missing);
      case Function::is_stale: program_.asks_age = true; return emit_one(n, OpCode::is_stale);
      case Function::interp: return emit_interpolate(n);
      case Function::absent_for: return emit_absent(n);
      case Function::stuck_for: return emit_stuck(n);
      case Function::neighbour_max: return emit_neighbour(n, OpCode::neighbour_most);
      case Function::neighbour_min: return emit_neighbour(n, OpCode::neighbour_least);
      case Function::neighbour_count: return emit_neighbour_count(n);
      case Function::sequence: return emit_sequence(n);
      default: return emit_range(n);
    }
  }

  void emit_interpolate(const Node& n) {
    emit_node(n.children[0]);
    const TableSpecXY& table = scope_.tables[static_cast<std::size_t>(n.index)];
    const auto known = std::ranges::find(program_.table_names, table.name);
    const auto index = static_cast<std::uint16_t>(known - program_.table_names.begin());
    if (known == program_.table_names.end()) {
      program_.table_names.push_back(table.name);
      program_.tables.push_back(table.points);
    }
    emit({.code = OpCode::interpolate, .index = index}, 0);
  }

  struct RangeForm {
    RangeFunction function;
    std::uint8_t needs;
  };
  static RangeForm range_form(Function function) {
    using namespace window_needs;
    static constexpr std::array<RangeForm, 10> kForms{{
        {RangeFunction::average, kSum}, {RangeFunction::least, kLeast}, {RangeFunction::most, kMost},
        {RangeFunction::sum, kSum}, {RangeFunction::count, 0}, {RangeFunction::first, 0}, {RangeFunction::last, 0},
        {RangeFunction::deviation, kSum | kSquares}, {RangeFunction::rate, 0}, {RangeFunction::delta, 0}}};
    return kForms[static_cast<std::size_t>(function) - static_cast<std::size_t>(Function::avg_over_time)];
  }

  std::uint16_t window(std::uint8_t point, std::int64_t width, std::uint8_t needs) {
    for (std::size_t i = 0; i < program_.windows.size(); ++i) {
      WindowUse& use = program_.windows[i];
      if (use.point != point || use.width != width) continue;
      use.needs |= needs;
      return static_cast<std::uint16_t>(i);
    }
    program_.windows.push_back({point, width, needs});
    return static_cast<std::uint16_t>(program_.windows.size() - 1);
  }

  void emit_range(const Node& n) {
    const RangeForm form = range_form(n.function);
    const auto point = static_cast<std::uint8_t>(n.index);
    insert_sorted(program_.points, point);
    const std::uint16_t index = window(point, static_cast<std::int64_t>(n.number), form.needs);
    emit({.code = OpCode::range, .aux = static_cast<std::uint8_t>(form.function), .index = index, .extra = n.index}, 1);
  }

  void emit_absent(const Node& n) {
    if (n.index >= 0) insert_sorted(program_.points, static_cast<std::uint8_t>(n.index));
    program_.absences.emplace_back(n.index, static_cast<std::int64_t>(n.number));
    emit({.code = OpCode::absent, .extra = n.index, .number = n.number}, 1);
  }

  void emit_stuck(const Node& n) {
    const auto point = static_cast<std::uint8_t>(n.index);
    insert_sorted(program_.points, point);
    program_.cells.push_back({true, point});
    window(point, static_cast<std::int64_t>(n.number), window_needs::kRecord);
    emit({.code = OpCode::stuck, .index = static_cast<std::uint16_t>(program_.cells.size() - 1), .extra = n.index,
          .number = n.number}, 1);
  }

  void emit_neighbour(const Node& n, OpCode code) {
    program_.neighbours = true;
    insert_sorted(program_.points, static_cast<std::uint8_t>(n.index));
    emit({.code = code, .extra = n.index, .number = n.number}, 1);
  }

  void emit_neighbour_count(const Node& n) {
    program_.neighbours = true;
    auto condition = Compiler(tree_, scope_).run(n.children[0]);
    if (!condition) {
      failure_ = condition.error();
      return emit({.code = OpCode::boolean}, 1);
    }
    for (const std::uint8_t point : condition->points) insert_sorted(program_.points, point);
    for (const std::uint16_t attribute : condition->attributes) insert_sorted(program_.attributes, attribute);
    if (!condition->fields.empty()) {
      failure_ = expr::bad_expression(n.column, "neighbour_count reads the neighbours' points and attributes, not record fields");
    }
    program_.inner.push_back(std::move(*condition));
    emit({.code = OpCode::neighbour_count, .index = static_cast<std::uint16_t>(program_.inner.size() - 1),
          .number = n.number}, 1);
  }

  void emit_sequence(const Node& n) {
    const std::vector<std::uint8_t> points_before = std::exchange(program_.points, {});
    emit_node(n.children[0]);
    emit_node(n.children[1]);
    program_.cells.push_back({false, 0});
    emit({.code = OpCode::sequence, .index = static_cast<std::uint16_t>(program_.cells.size() - 1), .number = n.number}, -1);
    std::int64_t inner = 0;  // what the conditions themselves look back
    for (const WindowUse& use : program_.windows) inner = std::max(inner, use.needs == window_needs::kRecord ? 0 : use.width);
    const std::int64_t width = static_cast<std::int64_t>(n.number) + inner + 1;
    for (const std::uint8_t point : program_.points) window(point, width, window_needs::kRecord);
    for (const std::uint8_t point : points_before) insert_sorted(program_.points, point);
  }

  const Tree& tree_;
  const ExprScope& scope_;
  Program program_;
  std::optional<Error> failure_;
  std::size_t depth_ = 0;
  std::size_t most_ = 0;
};

Result<Program> compile(std::string_view text, const ExprScope& scope, std::optional<ValueType> wanted) {
  const Tree tree = TRY(expr::parse(text, scope));
  const Node& root = tree.nodes[tree.root];
  if (wanted && root.type != *wanted) {
    return expr::bad_expression(root.column, "the whole expression must be a " + std::string(value_type_name(*wanted)) +
                                                 ", but it is a " + std::string(value_type_name(root.type)));
  }
  Program program = TRY(Compiler(tree, scope).run(tree.root));
  program.text = std::string(text);
  return program;
}

}  // namespace

std::string_view value_type_name(ValueType type) {
  static constexpr std::array<std::string_view, 3> kNames{"number", "truth value", "text"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string_view compare_text(Compare compare) {
  static constexpr std::array<std::string_view, 6> kTexts{"==", "!=", "<", "<=", ">", ">="};
  return kTexts[static_cast<std::size_t>(compare)];
}

Result<Program> compile_expression(std::string_view text, const ExprScope& scope, ValueType wanted) {
  return compile(text, scope, wanted);
}

Result<void> check_expression(std::string_view text, const KindSpec& kind, const RecordSpec* record,
                              std::span<const TableSpecXY> tables) {
  TRY(compile(text, ExprScope{kind, record, tables}, std::nullopt));
  return {};
}

}  // namespace cityloop
