// SPDX-License-Identifier: Apache-2.0
// Inside of the expression compiler: tokens and the typed tree. Only expr_*.cc include it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyse/expr.h"

namespace cityloop::expr {

enum class TokenKind : std::uint8_t { end, number, measure, text, name, symbol };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string_view text;   // a measure is a number with letters behind it: `5m`, `1h30m`
  std::size_t column = 1;  // counted from 1, in bytes
};

Result<std::vector<Token>> tokens_of(std::string_view text);

enum class NodeKind : std::uint8_t {
  number, boolean, text, point, attribute, field, negate, not_true, both, either, compare, arithmetic, call,
};

enum class Function : std::uint8_t {
  abs, min, max, clamp, round, floor, ceil, coalesce, is_missing, is_stale, interp,
  avg_over_time, min_over_time, max_over_time, sum_over_time, count_over_time, first_over_time, last_over_time,
  stddev_over_time, rate, delta, absent_for, stuck_for, neighbour_max, neighbour_min, neighbour_count, sequence,
};

using NodeId = std::uint32_t;

struct Node {
  NodeKind kind{};
  ValueType type = ValueType::number;
  Function function{};
  std::uint8_t aux = 0;         // Compare, or the character of an arithmetic operator
  std::int32_t index = -1;      // point, attribute, field; a function's own point
  double number = 0;            // constant, milliseconds, metres
  std::string text = {};        // literal, table name
  std::vector<NodeId> children = {};
  std::size_t column = 1;
  std::size_t end = 1;          // column behind its last byte, for messages that quote it
};

struct Tree {
  std::string_view text;
  std::vector<Node> nodes;
  NodeId root = 0;
};

// Parses and types in one go: every node that comes back is well typed.
Result<Tree> parse(std::string_view text, const ExprScope& scope);

Error bad_expression(std::size_t column, std::string what);

// `text` with the nearest of `known` behind it where something is near: `; did you mean ch4?`
std::string suggestion(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace cityloop::expr
