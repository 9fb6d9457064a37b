// SPDX-License-Identifier: Apache-2.0
// Pratt parser: binding powers below, names resolved and types checked as the tree grows, so that an error can point at
// the very column.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "analyse/expr_calls.h"
#include "core/limits.h"

namespace cityloop::expr {
namespace {

struct Infix {
  std::string_view text;
  int power;
  NodeKind kind;
  std::uint8_t aux;
};

constexpr Infix kInfixes[] = {
    {"or", 1, NodeKind::either, 0},
    {"and", 2, NodeKind::both, 0},
    {"==", 4, NodeKind::compare, static_cast<std::uint8_t>(Compare::equal)},
    {"!=", 4, NodeKind::compare, static_cast<std::uint8_t>(Compare::not_equal)},
    {"<", 4, NodeKind::compare, static_cast<std::uint8_t>(Compare::less)},
    {"<=", 4, NodeKind::compare, static_cast<std::uint8_t>(Compare::less_equal)},
    {">", 4, NodeKind::compare, static_cast<std::uint8_t>(Compare::greater)},
    {">=", 4, NodeKind::compare, static_cast<std::uint8_t>(Compare::greater_equal)},
    {"+", 5, NodeKind::arithmetic, '+'},
    {"-", 5, NodeKind::arithmetic, '-'},
    {"*", 6, NodeKind::arithmetic, '*'},
    {"/", 6, NodeKind::arithmetic, '/'},
};
constexpr int kNotPower = 3;
constexpr int kComparePower = 4;
constexpr int kNegatePower = 7;

const Infix* infix_of(const Token& token) {
  if (token.kind != TokenKind::symbol && token.kind != TokenKind::name) return nullptr;
  const auto* found = std::ranges::find(kInfixes, token.text, &Infix::text);
  return found == std::end(kInfixes) ? nullptr : found;
}

ValueType type_of_spec(std::string_view type) {
  if (type == "text") return ValueType::text;
  if (type == "flag") return ValueType::boolean;
  return ValueType::number;  // number, and time as epoch milliseconds
}

std::string unquoted(std::string_view quoted) {
  std::string text;
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    text += quoted[i];
    if (quoted[i] == '\'') ++i;
  }
  return text;
}

}  // namespace

Parser::Parser(std::string_view text, const ExprScope& scope, std::vector<Token> tokens)
    : scope_(scope), tokens_(std::move(tokens)) {
  tree_.text = text;
}

Result<Tree> Parser::whole() {
  tree_.root = TRY(expression(0));
  if (peek().kind != TokenKind::end) {
    return bad_expression(peek().column, "expected an operator or the end, found " + found());
  }
  return std::move(tree_);
}

const Token& Parser::take() {
  const Token& token = tokens_[next_];
  if (token.kind != TokenKind::end) ++next_;
  return token;
}

bool Parser::take_symbol(std::string_view symbol) {
  if (peek().kind != TokenKind::symbol || peek().text != symbol) return false;
  ++next_;
  return true;
}

Result<void> Parser::need_symbol(std::string_view symbol, std::string_view where) {
  if (take_symbol(symbol)) return {};
  return bad_expression(peek().column, "expected `" + std::string(symbol) + "` " + std::string(where) + ", found " + found());
}

std::string Parser::found() const {
  return peek().kind == TokenKind::end ? "the end" : "`" + std::string(peek().text.substr(0, 40)) + "`";
}

Result<NodeId> Parser::add(Node node) {
  if (tree_.nodes.size() >= limits::kExprNodes) {
    return bad_expression(node.column, "the expression is too large (at most " + std::to_string(limits::kExprNodes) +
                                           " parts); split it with a derived point");
  }
  node.end = next_ == 0 ? 1 : tokens_[next_ - 1].column + tokens_[next_ - 1].text.size();
  tree_.nodes.push_back(std::move(node));
  return static_cast<NodeId>(tree_.nodes.size() - 1);
}

std::string Parser::quote(NodeId id) const {
  const Node& node = tree_.nodes[id];
  const std::size_t from = node.column;
  return "`" + std::string(tree_.text.substr(from - 1, std::min<std::size_t>(node.end - from, 60))) + "`";
}

Result<void> Parser::need_type(NodeId id, ValueType wanted, std::string_view where) const {
  const Node& node = tree_.nodes[id];
  if (node.type == wanted) return {};
  std::string hint;
  if (wanted == ValueType::boolean && node.type == ValueType::number) hint = "; compare it, as in " + quote(id) + " > 0";
  return bad_expression(node.column, std::string(where) + " needs a " + std::string(value_type_name(wanted)) + ", but " +
                                         quote(id) + " is a " + std::string(value_type_name(node.type)) + hint);
}

Result<NodeId> Parser::expression(int power) {
  if (++depth_ > limits::kExprDepth) {
    return bad_expression(peek().column, "nested deeper than " + std::to_string(limits::kExprDepth) + " levels");
  }
  NodeId left = TRY(prefix());
  for (;;) {
    const Infix* infix = infix_of(peek());
    if (infix == nullptr || infix->power <= power) break;
    const std::size_t column = take().column;
    const NodeId right = TRY(expression(infix->power));
    left = TRY(infix_node(*infix, left, right, column));
    if (infix->power == kComparePower) {
      const Infix* again = infix_of(peek());
      if (again != nullptr && again->power == kComparePower) {
        return bad_expression(peek().column, "comparisons do not chain; write a < b and b < c");
      }
    }
  }
  --depth_;
  return left;
}

template <class I>
Result<NodeId> Parser::infix_node(const I& infix, NodeId left, NodeId right, std::size_t column) {
  const std::string where = "`" + std::string(infix.text) + "`";
  Node node{.kind = infix.kind, .type = ValueType::boolean, .aux = infix.aux, .children = {left, right}};
  node.column = tree_.nodes[left].column;
  if (infix.kind == NodeKind::both || infix.kind == NodeKind::either) {
    TRY(need_type(left, ValueType::boolean, where));
    TRY(need_type(right, ValueType::boolean, where));
  } else if (infix.kind == NodeKind::arithmetic) {
    TRY(need_type(left, ValueType::number, where));
    TRY(need_type(right, ValueType::number, where));
    node.type = ValueType::number;
  } else {
    const ValueType a = tree_.nodes[left].type;
    const ValueType b = tree_.nodes[right].type;
    if (a != b) {
      return bad_expression(column, where + " compares a " + std::string(value_type_name(a)) + " (" + quote(left) + ") with a " +
                                        std::string(value_type_name(b)) + " (" + quote(right) + ")");
    }
    const bool ordered = static_cast<Compare>(infix.aux) >= Compare::less;
    if (ordered && a != ValueType::number) {
      return bad_expression(column, where + " orders numbers; a " + std::string(value_type_name(a)) + " only has == and !=");
    }
  }
  return add(std::move(node));
}

Result<NodeId> Parser::prefix() {
  const Token token = peek();
  if (token.kind == TokenKind::name && token.text == "not") {
    take();
    const NodeId child = TRY(expression(kNotPower));
    TRY(need_type(child, ValueType::boolean, "`not`"));
    return add({.kind = NodeKind::not_true, .type = ValueType::boolean, .children = {child}, .column = token.column});
  }
  if (take_symbol("-")) {
    const NodeId child = TRY(expression(kNegatePower));
    TRY(need_type(child, ValueType::number, "`-`"));
    return add({.kind = NodeKind::negate, .children = {child}, .column = token.column});
  }
  if (take_symbol("(")) {
    const NodeId inner = TRY(expression(0));
    TRY(need_symbol(")", "to close the parenthesis of column " + std::to_string(token.column)));
    tree_.nodes[inner].column = token.column;
    tree_.nodes[inner].end = tokens_[next_ - 1].column + 1;
    return inner;
  }
  if (token.kind == TokenKind::number) return number();
  if (token.kind == TokenKind::text) {
    take();
    return add({.kind = NodeKind::text, .type = ValueType::text, .text = unquoted(token.text), .column = token.column});
  }
  if (token.kind == TokenKind::measure) {
    return bad_expression(token.column, "`" + std::string(token.text.substr(0, 40)) +
                                            "` stands alone; durations and metres belong inside functions, units are not written");
  }
  if (token.kind == TokenKind::name && infix_of(token) == nullptr) return name();
  return bad_expression(token.column, "expected a value, found " + found());
}

Result<NodeId> Parser::number() {
  const Token token = take();
  double value = 0;
  const auto [end, error] = std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
  if (error != std::errc{} || end != token.text.data() + token.text.size() || !std::isfinite(value)) {
    return bad_expression(token.column, "`" + std::string(token.text.substr(0, 40)) + "` is not a number that fits");
  }
  return add({.kind = NodeKind::number, .number = value, .column = token.column});
}

Result<NodeId> Parser::name() {
  const Token token = take();
  if (token.text == "true" || token.text == "false") {
    return add({.kind = NodeKind::boolean, .type = ValueType::boolean, .number = token.text == "true" ? 1.0 : 0.0,
                .column = token.column});
  }
  if (take_symbol("(")) return call(token);
  if (const int point = scope_.kind.point_index(token.text); point >= 0) {
    return add({.kind = NodeKind::point, .index = point, .column = token.column});
  }
  const auto& attributes = scope_.kind.attributes;
  if (const auto at = std::ranges::find(attributes, token.text, &AttributeSpec::name); at != attributes.end()) {
    return add({.kind = NodeKind::attribute, .type = type_of_spec(at->type),
                .index = static_cast<std::int32_t>(at - attributes.begin()), .column = token.column});
  }
  if (scope_.record != nullptr) {
    const auto& fields = scope_.record->fields;
    if (const auto at = std::ranges::find(fields, token.text, &FieldSpec::name); at != fields.end()) {
      return add({.kind = NodeKind::field, .type = type_of_spec(at->type),
                  .index = static_cast<std::int32_t>(at - fields.begin()), .column = token.column});
    }
  }
  return unknown_name(token);
}

Error Parser::unknown_name(const Token& token) const {
  std::vector<std::string_view> known;
  for (const auto& point : scope_.kind.points) known.push_back(point.name);
  for (const auto& attribute : scope_.kind.attributes) known.push_back(attribute.name);
  if (scope_.record != nullptr) {
    for (const auto& field : scope_.record->fields) known.push_back(field.name);
  }
  for (const std::string_view function : function_names()) {
    if (function == token.text) {
      return bad_expression(token.column, std::string(token.text) + " is a function; write " + std::string(token.text) + "(…)");
    }
  }
  return bad_expression(token.column, "kind " + scope_.kind.name + " has no point or attribute `" +
                                          std::string(token.text.substr(0, 64)) + "`" + suggestion(token.text, known));
}

Result<Tree> parse(std::string_view text, const ExprScope& scope) {
  if (text.size() > limits::kExprBytes) {
    return bad_expression(1, "the expression is longer than " + std::to_string(limits::kExprBytes) + " bytes");
  }
  return Parser(text, scope, TRY(tokens_of(text))).whole();
}

}  // namespace cityloop::expr
