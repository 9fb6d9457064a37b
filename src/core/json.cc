// SPDX-License-Identifier: Apache-2.0
#include "core/json.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "core/limits.h"

namespace cityloop {
namespace {

std::string quoted(std::string_view word) { return "`" + std::string(word) + "`"; }

std::string line_and_column(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t start = before.rfind('\n');
  const std::size_t column = start == std::string_view::npos ? before.size() + 1 : before.size() - start;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

std::string sentence(const json::error_code& code) {
  switch (static_cast<json::error>(code.value())) {
    case json::error::incomplete: return "the text ends too early";
    case json::error::extra_data: return "there is more text after the value";
    default: return code.message();
  }
}

Result<json::value> parse(std::string_view text, const json::parse_options& options) {
  json::parser parser(json::storage_ptr{}, options);
  json::error_code code;
  const std::size_t read = parser.write(text.data(), text.size(), code);
  if (!code) return parser.release();
  if (code == json::error::too_deep) {
    return fail(errors::kTooDeep, "more than " + std::to_string(limits::kJsonDepth) + " levels at " + line_and_column(text, read));
  }
  return fail(errors::kBadJson, line_and_column(text, read) + ": " + sentence(code));
}

// Comments as blanks, line for line. Boost.JSON's own reading of them runs past the end of `/***/`. What is no comment, and a
// comment that never ends, stays and is refused by the parser.
std::string without_comments(std::string_view text) {
  std::string out(text);
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) at += text[at] == '\\' ? 1 : 0;
      ++at;
      continue;
    }
    const std::string_view two = text.substr(at, 2);
    if (two != "//" && two != "/*") {
      ++at;
      continue;
    }
    const std::size_t found = text.find(two == "//" ? "\n" : "*/", at + 2);
    if (found == std::string_view::npos && two == "/*") break;
    const std::size_t end = found == std::string_view::npos ? text.size() : found + (two == "//" ? 0 : 2);
    for (; at < end; ++at) out[at] = text[at] == '\n' || text[at] == '\r' ? text[at] : ' ';
  }
  return out;
}

// Walks text that has been parsed already, so that its form can be trusted, and finds a key that its object has before.
class TwiceFinder {
 public:
  explicit TwiceFinder(std::string_view text) : text_(text) {}

  // Offset of the repeated key; npos when there is none.
  std::size_t find() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        const std::size_t start = at_;
        const std::string_view word = take_string();
        if (is_key() && !open_.back().insert(word).second) return start;
      } else {
        if (c == '{' || c == '[') open_.emplace_back();
        if (c == '}' || c == ']') open_.pop_back();
        ++at_;
      }
    }
    return std::string_view::npos;
  }

 private:
  std::string_view take_string() {
    const std::size_t start = ++at_;
    while (text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    return text_.substr(start, at_++ - start);
  }
  bool is_key() {
    at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
    return at_ < text_.size() && text_[at_] == ':';
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::set<std::string_view>> open_;
};

Error wrong_type(std::string_view key, std::string_view wanted) {
  return fail(errors::kWrongType, quoted(key) + " must be " + std::string(wanted));
}

// The member, or nothing when it is absent or null.
const json::value* member(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  return found == nullptr || found->is_null() ? nullptr : found;
}

template <class T>
Result<T> needed(Result<std::optional<T>> found, std::string_view key) {
  if (!found) return found.error();
  if (!*found) return fail(errors::kMissingField, quoted(key) + " is missing");
  return std::move(**found);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

Result<json::value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = limits::kJsonDepth;
  return parse(text, options);
}

Result<json::value> parse_jsonc(std::string_view text) {
  json::parse_options options;
  options.max_depth = limits::kJsonDepth;
  options.allow_trailing_commas = true;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // editors of one vendor write it
  const std::string bare = without_comments(text);
  json::value value = TRY(parse(bare, options));
  if (const std::size_t twice = TwiceFinder(bare).find(); twice != std::string_view::npos) {
    return fail(errors::kBadJson, line_and_column(text, twice) + ": this member stands twice in its object");
  }
  return value;
}

Result<std::string> need_string(const json::object& object, std::string_view key) {
  return needed(want_string(object, key), key);
}

Result<double> need_number(const json::object& object, std::string_view key) { return needed(want_number(object, key), key); }

Result<std::optional<std::string>> want_string(const json::object& object, std::string_view key) {
  const json::value* found = member(object, key);
  if (found == nullptr) return std::optional<std::string>{};
  if (!found->is_string()) return wrong_type(key, "text");
  return std::optional<std::string>{std::string(found->get_string())};
}

Result<std::optional<double>> want_number(const json::object& object, std::string_view key) {
  const json::value* found = member(object, key);
  if (found == nullptr) return std::optional<double>{};
  if (found->is_int64()) return std::optional<double>{static_cast<double>(found->get_int64())};
  if (found->is_uint64()) return std::optional<double>{static_cast<double>(found->get_uint64())};
  if (!found->is_double() || !std::isfinite(found->get_double())) return wrong_type(key, "a number");
  return std::optional<double>{found->get_double()};
}

Result<std::optional<bool>> want_bool(const json::object& object, std::string_view key) {
  const json::value* found = member(object, key);
  if (found == nullptr) return std::optional<bool>{};
  if (!found->is_bool()) return wrong_type(key, "true or false");
  return std::optional<bool>{found->get_bool()};
}

Result<std::optional<Time>> want_time(const json::object& object, std::string_view key) {
  const json::value* found = member(object, key);
  if (found == nullptr) return std::optional<Time>{};
  std::string text;
  if (found->is_string()) {
    text = found->get_string();
  } else if (found->is_int64()) {
    text = std::to_string(found->get_int64());
  } else {
    return wrong_type(key, "RFC 3339 text or epoch milliseconds");
  }
  const Result<Time> time = parse_time(text);
  if (!time) return fail(*time.error().code, quoted(key) + ": " + time.error().detail);
  return std::optional<Time>{*time};
}

Result<void> only_keys(const json::object& object, std::initializer_list<std::string_view> known, std::string_view where) {
  for (const auto& item : object) {
    if (std::find(known.begin(), known.end(), std::string_view(item.key())) != known.end()) continue;
    std::string detail = where.empty() ? quoted(item.key()) : std::string(where) + ": " + quoted(item.key());
    detail += " is not known";
    if (const std::string near = nearest_word(item.key(), known); !near.empty()) detail += "; did you mean " + quoted(near) + "?";
    return fail(errors::kUnknownField, detail);
  }
  return {};
}

std::string text_or(const json::object& object, std::string_view key, std::string_view fallback) {
  const json::value* found = member(object, key);
  return std::string(found != nullptr && found->is_string() ? std::string_view(found->get_string()) : fallback);
}

std::string nearest_word(std::string_view word, std::initializer_list<std::string_view> known) {
  return nearest_word(word, std::span<const std::string_view>(known.begin(), known.size()));
}

std::string nearest_word(std::string_view word, std::span<const std::string_view> known) {
  if (word.size() > limits::kPointNameBytes) return {};
  // A third of the letters may be wrong, and two swapped ones; more is a guess that misleads.
  std::size_t best = (word.size() < 4 ? 1 : std::max<std::size_t>(2, word.size() / 3)) + 1;
  std::string_view nearest;
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= best) continue;
    best = distance;
    nearest = candidate;
  }
  return std::string(nearest);
}

}  // namespace cityloop
