// SPDX-License-Identifier: Apache-2.0
// Small steps over simdjson on-demand, which by itself accepts what it passes over unread. Included by decode.cc only.
#pragma once

#include <simdjson.h>

#include <cstring>
#include <memory>
#include <string_view>

#include "core/decimal.h"
#include "core/limits.h"
#include "sense/body.h"
#include "sense/number.h"

namespace cityloop {

namespace od = simdjson::ondemand;

inline constexpr std::size_t kWarmBytes = 1u << 20;  // above this a parser is not kept for the next body

// The body with the slack behind it that simdjson reads into.
class Padded {
 public:
  explicit Padded(std::string_view body)
      : size_(body.size()), bytes_(std::make_unique_for_overwrite<char[]>(size_ + simdjson::SIMDJSON_PADDING)) {
    std::memcpy(bytes_.get(), body.data(), size_);
    std::memset(bytes_.get() + size_, 0, simdjson::SIMDJSON_PADDING);
  }
  std::string_view text() const { return {bytes_.get(), size_}; }
  // `part` lies in text().
  simdjson::padded_string_view view(std::string_view part) const {
    const auto before = static_cast<std::size_t>(part.data() - bytes_.get());
    return simdjson::padded_string_view(part.data(), part.size(), size_ - before + simdjson::SIMDJSON_PADDING);
  }

 private:
  std::size_t size_;
  std::unique_ptr<char[]> bytes_;
};

inline od::parser& warm_parser() {
  thread_local od::parser parser;
  return parser;
}

inline bool is_at_end(od::document& doc) {
  const char* here = nullptr;
  return doc.current_location().get(here) == simdjson::OUT_OF_BOUNDS;
}

// The value's own text, not consumed: a scalar whole, of an array or object the bracket.
inline bool token_of(od::value& value, std::string_view& token) {
  token = trimmed(value.raw_json_token());
  return !token.empty();
}

inline bool key_of(od::field& field, std::string_view& key) {
  const char* const start = field.key().raw();
  const char* p = start;
  while (*p != '"' && *p != '\\') ++p;  // ends: a string that is not closed is refused before
  if (*p == '"') {
    key = {start, static_cast<std::size_t>(p - start)};
    return true;
  }
  return !field.unescaped_key().get(key);
}

// What a string token says.
inline bool text_of(od::value& value, std::string_view token, std::string_view& text) {
  if (token.size() >= 2 && token.find('\\') == std::string_view::npos) {
    text = token.substr(1, token.size() - 2);
    return token.back() == '"';
  }
  return !value.get_string().get(text);
}

// Walks a value that nobody wants, so that what is accepted is JSON throughout.
struct Walk {
  bool deep = false;  // why a value was not sound: too many levels

  bool is_sound(od::value& value, std::string_view token, int depth) {
    switch (token.front()) {
      case '"': {
        std::string_view text;
        return !value.get_string().get(text);
      }
      case '{': return depth <= limits::kJsonDepth ? is_sound_object(value, depth) : too_deep();
      case '[': return depth <= limits::kJsonDepth ? is_sound_array(value, depth) : too_deep();
      case 't': return token == "true";
      case 'f': return token == "false";
      case 'n': return token == "null";
      default: {
        Decimal number;
        const char first = token.front() == '-' && token.size() > 1 ? token[1] : token.front();
        return first >= '0' && first <= '9' && read_number(token, number) != NumberText::malformed;
      }
    }
  }
  bool is_sound_object(od::value& value, int depth) {
    od::object object;
    if (value.get_object().get(object)) return false;
    for (auto next : object) {
      od::field field;
      std::string_view key, token;
      if (std::move(next).get(field) || !key_of(field, key)) return false;
      od::value member = field.value();
      if (!token_of(member, token) || !is_sound(member, token, depth + 1)) return false;
    }
    return true;
  }
  bool is_sound_array(od::value& value, int depth) {
    od::array array;
    if (value.get_array().get(array)) return false;
    for (auto next : array) {
      od::value element;
      std::string_view token;
      if (std::move(next).get(element) || !token_of(element, token) || !is_sound(element, token, depth + 1)) return false;
    }
    return true;
  }
  bool too_deep() {
    deep = true;
    return false;
  }
};

}  // namespace cityloop
