// SPDX-License-Identifier: Apache-2.0
#include "analyse/expr_calls.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/limits.h"

namespace cityloop::expr {
namespace {

// In the order of enum Function.
constexpr std::array<std::string_view, 27> kFunctions{
    "abs", "min", "max", "clamp", "round", "floor", "ceil", "coalesce", "is_missing", "is_stale", "interp",
    "avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "count_over_time", "first_over_time",
    "last_over_time", "stddev_over_time", "rate", "delta", "absent_for", "stuck_for", "neighbour_max", "neighbour_min",
    "neighbour_count", "sequence"};
static_assert(kFunctions.size() == static_cast<std::size_t>(Function::sequence) + 1);

bool has_memory(Function function) { return function >= Function::avg_over_time; }

}  // namespace

std::span<const std::string_view> function_names() { return kFunctions; }

Result<NodeId> Parser::call(const Token& name) {
  const auto found_function = std::ranges::find(kFunctions, name.text);
  if (found_function == kFunctions.end()) {
    return bad_expression(name.column, "there is no function `" + std::string(name.text.substr(0, 64)) + "`" +
                                           suggestion(name.text, {kFunctions.begin(), kFunctions.end()}));
  }
  Node node{.kind = NodeKind::call};
  node.function = static_cast<Function>(found_function - kFunctions.begin());
  node.column = name.column;
  if (inside_neighbours_ > 0 && has_memory(node.function)) {
    return bad_expression(name.column, std::string(name.text) + " cannot stand inside neighbour_count: a neighbour is "
                                                                "looked at as it is now");
  }
  switch (node.function) {
    case Function::is_missing:
    case Function::is_stale: return age_call(std::move(node));
    case Function::coalesce: return coalesce_call(std::move(node));
    case Function::interp: return table_call(std::move(node));
    case Function::absent_for: return absence_call(std::move(node));
    case Function::stuck_for: return stuck_call(std::move(node));
    case Function::neighbour_max:
    case Function::neighbour_min:
    case Function::neighbour_count: return neighbour_call(std::move(node));
    case Function::sequence: return sequence_call(std::move(node));
    default: return has_memory(node.function) ? range_call(std::move(node)) : plain_call(std::move(node));
  }
}

Result<void> Parser::arguments(Node& node) {
  if (peek().kind == TokenKind::symbol && peek().text == ")") return {};
  do node.children.push_back(TRY(expression(0)));
  while (take_symbol(","));
  return {};
}

Result<void> Parser::need_arguments(const Node& node, std::size_t least, std::size_t most) const {
  const std::size_t count = node.children.size();
  if (count >= least && count <= most) return {};
  const std::string wanted = least == most ? std::to_string(least) : "at least " + std::to_string(least);
  return bad_expression(node.column, std::string(kFunctions[static_cast<std::size_t>(node.function)]) + " takes " + wanted +
                                         (wanted == "1" ? " value" : " values") + ", not " + std::to_string(count));
}

Result<NodeId> Parser::finish(Node node) {
  TRY(need_symbol(")", "to end " + std::string(kFunctions[static_cast<std::size_t>(node.function)])));
  return add(std::move(node));
}

Result<NodeId> Parser::plain_call(Node node) {
  TRY(arguments(node));
  switch (node.function) {
    case Function::min:
    case Function::max: TRY(need_arguments(node, 2, limits::kExprNodes)); break;
    case Function::clamp: TRY(need_arguments(node, 3, 3)); break;
    default: TRY(need_arguments(node, 1, 1));
  }
  for (const NodeId child : node.children) {
    TRY(need_type(child, ValueType::number, kFunctions[static_cast<std::size_t>(node.function)]));
  }
  return finish(std::move(node));
}

Result<NodeId> Parser::age_call(Node node) {
  TRY(arguments(node));
  TRY(need_arguments(node, 1, 1));
  node.type = ValueType::boolean;
  return finish(std::move(node));
}

Result<NodeId> Parser::coalesce_call(Node node) {
  TRY(arguments(node));
  TRY(need_arguments(node, 2, limits::kExprNodes));
  node.type = tree_.nodes[node.children[0]].type;
  for (const NodeId child : node.children) TRY(need_type(child, node.type, "coalesce (as its first value)"));
  return finish(std::move(node));
}

Result<NodeId> Parser::table_call(Node node) {
  const Token name = peek();
  if (name.kind != TokenKind::text) {
    return bad_expression(name.column, "interp needs a table's name in quotes first, found " + found());
  }
  take();
  node.text = std::string(name.text.substr(1, name.text.size() - 2));
  const auto table = std::ranges::find(scope_.tables, node.text, &TableSpecXY::name);
  if (table == scope_.tables.end()) {
    std::vector<std::string_view> known;
    for (const auto& one : scope_.tables) known.push_back(one.name);
    return bad_expression(name.column, "the pack has no table '" + node.text.substr(0, 64) + "'" + suggestion(node.text, known));
  }
  if (table->points.empty()) return bad_expression(name.column, "table '" + node.text + "' has no points");
  node.index = static_cast<std::int32_t>(table - scope_.tables.begin());
  TRY(need_symbol(",", "behind the table's name"));
  node.children.push_back(TRY(expression(0)));
  TRY(need_type(node.children[0], ValueType::number, "interp"));
  return finish(std::move(node));
}

Result<int> Parser::point_name(std::string_view function) {
  const Token name = peek();
  if (name.kind != TokenKind::name) {
    return bad_expression(name.column, std::string(function) + " needs a point, found " + found());
  }
  const int point = scope_.kind.point_index(name.text);
  if (point < 0) {
    std::vector<std::string_view> known;
    for (const auto& one : scope_.kind.points) known.push_back(one.name);
    return bad_expression(name.column, std::string(function) + " needs a point; kind " + scope_.kind.name + " has no point `" +
                                           std::string(name.text.substr(0, 64)) + "`" + suggestion(name.text, known));
  }
  take();
  return point;
}

Result<double> Parser::duration(std::string_view function) {
  const Token token = peek();
  if (token.kind != TokenKind::measure) {
    return bad_expression(token.column, std::string(function) + " needs a duration such as 5m or 1h30m, found " + found());
  }
  const auto parsed = parse_duration(token.text);
  if (!parsed) {
    return bad_expression(token.column, "`" + std::string(token.text.substr(0, 40)) + "` is not a duration such as 5m or 1h30m");
  }
  if (*parsed <= Millis{0} || *parsed > limits::kRangeMost) {
    return bad_expression(token.column, "a duration here is longer than 0 and at most " + format_duration(limits::kRangeMost));
  }
  take();
  return static_cast<double>(parsed->count());
}

Result<NodeId> Parser::range_call(Node node) {
  const std::string_view function = kFunctions[static_cast<std::size_t>(node.function)];
  node.index = TRY(point_name(function));
  TRY(need_symbol("[", "and a duration, as in " + std::string(function) + "(point[5m])"));
  node.number = TRY(duration(function));
  TRY(need_symbol("]", "behind the duration"));
  return finish(std::move(node));
}

Result<NodeId> Parser::absence_call(Node node) {
  node.type = ValueType::boolean;
  if (peek().kind == TokenKind::name) {
    node.index = TRY(point_name("absent_for"));
    TRY(need_symbol(",", "behind the point"));
  }
  node.number = TRY(duration("absent_for"));
  return finish(std::move(node));
}

Result<NodeId> Parser::stuck_call(Node node) {
  node.type = ValueType::boolean;
  node.index = TRY(point_name("stuck_for"));
  TRY(need_symbol(",", "behind the point"));
  node.number = TRY(duration("stuck_for"));
  return finish(std::move(node));
}

Result<double> Parser::metres(std::string_view function) {
  const Token token = peek();
  std::string_view digits = token.text;
  if (token.kind == TokenKind::measure && digits.ends_with('m')) digits.remove_suffix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool numeric = token.kind == TokenKind::number || token.kind == TokenKind::measure;
  if (!numeric || error != std::errc{} || end != digits.data() + digits.size()) {
    return bad_expression(token.column, std::string(function) + " needs a distance in metres such as 200m, found " + found());
  }
  if (!(value > 0) || value > limits::kNeighbourMetres) {
    return bad_expression(token.column, "the distance is above 0 and at most " +
                                            std::to_string(static_cast<int>(limits::kNeighbourMetres)) + " m");
  }
  take();
  return value;
}

Result<NodeId> Parser::neighbour_call(Node node) {
  const std::string_view function = kFunctions[static_cast<std::size_t>(node.function)];
  if (node.function == Function::neighbour_count) {
    ++inside_neighbours_;
    node.children.push_back(TRY(expression(0)));
    --inside_neighbours_;
    TRY(need_type(node.children[0], ValueType::boolean, function));
  } else {
    node.index = TRY(point_name(function));
  }
  TRY(need_symbol(",", "and a distance in metres"));
  node.number = TRY(metres(function));
  return finish(std::move(node));
}

Result<NodeId> Parser::sequence_call(Node node) {
  node.type = ValueType::boolean;
  for (int i = 0; i < 2; ++i) {
    node.children.push_back(TRY(expression(0)));
    TRY(need_type(node.children.back(), ValueType::boolean, "sequence"));
    TRY(need_symbol(",", "in sequence(first, then, 10m)"));
  }
  node.number = TRY(duration("sequence"));
  return finish(std::move(node));
}

}  // namespace cityloop::expr
