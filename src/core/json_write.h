// SPDX-License-Identifier: Apache-2.0
// Writes JSON by appending to one string: for documents that are made in great number. Commas come by themselves, text is
// escaped, invalid UTF-8 becomes U+FFFD, numbers that JSON cannot say become null. Any thread, one writer each.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/decimal.h"
#include "core/geo.h"
#include "core/time.h"

namespace cityloop {

namespace json_text {

// Length of the well-formed UTF-8 sequence at the front of `rest` (Unicode table 3-7), 0 when there is none.
inline std::size_t sequence(std::string_view rest) {
  const auto at = [&](std::size_t i) { return i < rest.size() ? static_cast<unsigned char>(rest[i]) : 0u; };
  const auto tail = [&](std::size_t i) { return (at(i) & 0xC0u) == 0x80u; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!tail(1) || !tail(2)) return 0;
    if (lead == 0xE0 && at(1) < 0xA0) return 0;
    if (lead == 0xED && at(1) > 0x9F) return 0;  // surrogates
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if (lead == 0xF0 && at(1) < 0x90) return 0;
    if (lead == 0xF4 && at(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

inline void escape(std::string& out, char c) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

inline bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\';
}

// Appends `text` as a JSON string with its quotes.
inline void quote(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto byte = static_cast<unsigned char>(text.front());
    if (byte < 0x80) {
      escape(out, text.front());
      text.remove_prefix(1);
      continue;
    }
    const std::size_t size = sequence(text);
    out.append(size == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, size));
    text.remove_prefix(size == 0 ? 1 : size);
  }
  out += '"';
}

// RFC 3339 in UTC as format_time() writes it, without its allocations.
inline void time(std::string& out, Time at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const auto ms = static_cast<unsigned>((at - day).count());
  const auto digits = [&](unsigned value, unsigned width) {
    char text[4];
    for (unsigned i = width; i-- > 0; value /= 10) text[i] = static_cast<char>('0' + value % 10);
    out.append(text, width);
  };
  digits(static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out += '-';
  digits(static_cast<unsigned>(date.month()), 2);
  out += '-';
  digits(static_cast<unsigned>(date.day()), 2);
  out += 'T';
  digits(ms / 3'600'000, 2);
  out += ':';
  digits(ms / 60'000 % 60, 2);
  out += ':';
  digits(ms / 1000 % 60, 2);
  if (ms % 1000 != 0) {
    out += '.';
    digits(ms % 1000, 3);
  }
  out += 'Z';
}

}  // namespace json_text

class JsonWriter {
 public:
  JsonWriter() { out_.reserve(512); }
  explicit JsonWriter(std::size_t reserve) { out_.reserve(reserve); }

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name) {
    comma();
    json_text::quote(out_, name);
    out_ += ':';
    comma_ = false;
    return *this;
  }

  JsonWriter& value(std::string_view text) {
    comma();
    json_text::quote(out_, text);
    return wrote();
  }
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(bool flag) { return raw(flag ? "true" : "false"); }
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char>)
  JsonWriter& value(T number) {
    return digits(number);
  }
  JsonWriter& value(double number) {  // shortest text that reads back the same
    return std::isfinite(number) ? digits(number) : null();
  }
  JsonWriter& value(Decimal number) { return raw(format_decimal(number)); }
  JsonWriter& value(Time at) {
    comma();
    out_ += '"';
    json_text::time(out_, at);
    out_ += '"';
    return wrote();
  }
  JsonWriter& value(LngLat place) {  // GeoJSON Point
    return begin_object().member("type", "Point").key("coordinates").begin_array().value(place.lng).value(place.lat).end_array().end_object();
  }
  JsonWriter& null() { return raw("null"); }
  JsonWriter& raw(std::string_view json) {  // JSON text that is already well formed
    comma();
    out_ += json;
    return wrote();
  }

  template <class T>
  JsonWriter& member(std::string_view name, const T& what) {
    return key(name).value(what);
  }
  JsonWriter& member_raw(std::string_view name, std::string_view json) { return key(name).raw(json); }
  // Empty text, no time and an empty optional are null.
  JsonWriter& member_or_null(std::string_view name, std::string_view text) {
    key(name);
    return text.empty() ? null() : value(text);
  }
  template <class Optional>
    requires requires(const Optional& o) { o.has_value(); }
  JsonWriter& member_or_null(std::string_view name, const Optional& what) {
    key(name);
    return what ? value(*what) : null();
  }
  template <class List>
  JsonWriter& list(std::string_view name, const List& items) {
    key(name).begin_array();
    for (const auto& item : items) value(item);
    return end_array();
  }

  const std::string& text() const { return out_; }
  std::size_t size() const { return out_.size(); }
  std::string take() { return std::move(out_); }

 private:
  void comma() {
    if (comma_) out_ += ',';
    comma_ = false;
  }
  JsonWriter& wrote() {
    comma_ = true;
    return *this;
  }
  JsonWriter& open(char bracket) {
    comma();
    out_ += bracket;
    return *this;
  }
  JsonWriter& close(char bracket) {
    out_ += bracket;
    return wrote();
  }
  template <class Number>
  JsonWriter& digits(Number number) {
    comma();
    std::array<char, 40> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    out_.append(text.data(), end);
    return wrote();
  }

  std::string out_;
  bool comma_ = false;  // a comma is due before what comes next
};

}  // namespace cityloop
