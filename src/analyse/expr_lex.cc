// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "analyse/expr_ast.h"
#include "core/limits.h"

namespace cityloop::expr {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

std::size_t number_end(std::string_view text, std::size_t i) {
  while (i < text.size() && is_digit(text[i])) ++i;
  if (i + 1 < text.size() && text[i] == '.' && is_digit(text[i + 1])) {
    ++i;
    while (i < text.size() && is_digit(text[i])) ++i;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    std::size_t j = i + 1;
    if (j < text.size() && (text[j] == '+' || text[j] == '-')) ++j;
    if (j < text.size() && is_digit(text[j])) {
      while (j < text.size() && is_digit(text[j])) ++j;
      return j;
    }
  }
  return i;
}

std::size_t symbol_size(std::string_view rest) {
  static constexpr std::array<std::string_view, 4> kTwo{"==", "!=", "<=", ">="};
  if (std::ranges::find(kTwo, rest.substr(0, 2)) != kTwo.end()) return 2;
  return std::string_view("<>+-*/()[],").find(rest[0]) != std::string_view::npos ? 1 : 0;
}

Error stray(std::string_view rest, std::size_t column) {
  if (rest[0] == '=') return bad_expression(column, "a single = compares nothing; write ==");
  if (rest[0] == '&') return bad_expression(column, "write `and` instead of &&");
  if (rest[0] == '|') return bad_expression(column, "write `or` instead of ||");
  if (rest[0] == '!') return bad_expression(column, "write `not` instead of !");
  if (rest[0] == '"') return bad_expression(column, "texts stand in single quotes: 'text'");
  const auto byte = static_cast<unsigned char>(rest[0]);
  if (byte < 0x20 || byte >= 0x7F) return bad_expression(column, "this character has no meaning outside a quoted text");
  return bad_expression(column, std::string("unexpected `") + rest[0] + "`");
}

}  // namespace

Error bad_expression(std::size_t column, std::string what) {
  return fail(errors::kBadExpression, "column " + std::to_string(column) + ": " + std::move(what));
}

Result<std::vector<Token>> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  std::size_t i = 0;
  const auto take = [&](TokenKind kind, std::size_t end) {
    tokens.push_back({kind, text.substr(i, end - i), i + 1});
    i = end;
  };
  while (i < text.size()) {
    const char c = text[i];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++i;
    } else if (is_digit(c)) {
      std::size_t end = number_end(text, i);
      const bool measure = end < text.size() && is_letter(text[end]);
      while (measure && end < text.size() && (is_letter(text[end]) || is_digit(text[end]) || text[end] == '.')) ++end;
      take(measure ? TokenKind::measure : TokenKind::number, end);
    } else if (is_letter(c)) {
      std::size_t end = i;
      while (end < text.size() && (is_letter(text[end]) || is_digit(text[end]))) ++end;
      take(TokenKind::name, end);
    } else if (c == '\'') {
      std::size_t end = i + 1;  // a quote inside is written twice
      while (end < text.size() && (text[end] != '\'' || text.substr(end, 2) == "''")) end += text[end] == '\'' ? 2 : 1;
      if (end >= text.size()) return bad_expression(i + 1, "the text that begins here has no closing quote");
      take(TokenKind::text, end + 1);
    } else if (const std::size_t size = symbol_size(text.substr(i))) {
      take(TokenKind::symbol, i + size);
    } else {
      return stray(text.substr(i), i + 1);
    }
  }
  take(TokenKind::end, i);
  return tokens;
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& known) {
  if (word.size() > limits::kPointNameBytes) return {};
  std::string_view best;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    std::vector<std::size_t> row(candidate.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      std::size_t corner = std::exchange(row[0], i);
      for (std::size_t j = 1; j < row.size(); ++j) {
        const std::size_t swapped = corner + (word[i - 1] == candidate[j - 1] ? 0 : 1);
        corner = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, swapped}));
      }
    }
    if (row.back() < least) {
      least = row.back();
      best = candidate;
    }
  }
  return best.empty() ? std::string() : "; did you mean " + std::string(best) + "?";
}

}  // namespace cityloop::expr
