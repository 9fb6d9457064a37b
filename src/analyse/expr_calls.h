// SPDX-License-Identifier: Apache-2.0
// The parser itself (expr_parse.cc: operators and names; expr_calls.cc: functions). Only those two include it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyse/expr_ast.h"

namespace cityloop::expr {

std::span<const std::string_view> function_names();

class Parser {
 public:
  Parser(std::string_view text, const ExprScope& scope, std::vector<Token> tokens);
  Result<Tree> whole();

 private:
  const Token& peek() const { return tokens_[next_]; }
  const Token& take();
  bool take_symbol(std::string_view symbol);
  Result<void> need_symbol(std::string_view symbol, std::string_view where);
  std::string found() const;
  std::string quote(NodeId id) const;  // the source text of a node
  Result<NodeId> add(Node node);
  Result<void> need_type(NodeId id, ValueType wanted, std::string_view where) const;

  Result<NodeId> expression(int power);
  template <class I>
  Result<NodeId> infix_node(const I& infix, NodeId left, NodeId right, std::size_t column);
  Result<NodeId> prefix();
  Result<NodeId> number();
  Result<NodeId> name();
  Error unknown_name(const Token& token) const;

  // Behind the opening parenthesis.
  Result<NodeId> call(const Token& name);
  Result<void> arguments(Node& node);
  Result<void> need_arguments(const Node& node, std::size_t least, std::size_t most) const;
  Result<NodeId> plain_call(Node node);
  Result<NodeId> age_call(Node node);
  Result<NodeId> coalesce_call(Node node);
  Result<NodeId> table_call(Node node);
  Result<NodeId> range_call(Node node);
  Result<NodeId> absence_call(Node node);
  Result<NodeId> stuck_call(Node node);
  Result<NodeId> neighbour_call(Node node);
  Result<NodeId> sequence_call(Node node);
  Result<NodeId> finish(Node node);  // closing parenthesis
  Result<int> point_name(std::string_view function);
  Result<double> duration(std::string_view function);
  Result<double> metres(std::string_view function);

  const ExprScope& scope_;
  std::vector<Token> tokens_;
  std::size_t next_ = 0;
  int depth_ = 0;
  int inside_neighbours_ = 0;
  Tree tree_;
};

}  // namespace cityloop::expr
