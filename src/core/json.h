// SPDX-License-Identifier: Apache-2.0
// The house's JSON outside the hot path: Boost.JSON under one name, with the few readers that every room needs.
// Headers that only mention a value include <boost/json/fwd.hpp> instead of this.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/time.h"

namespace cityloop {

namespace json = boost::json;

// Strict JSON, at most kJsonDepth levels; duplicates of a member: the last one holds. kBadJson / kTooDeep.
Result<json::value> parse_json(std::string_view text);
// The same with // and /* */ comments and trailing commas, for packs, sources and configuration; the error names line
// and column, and a member that stands twice in one object is an error (people lose what they wrote first).
Result<json::value> parse_jsonc(std::string_view text);

// Readers of an object's members. The optional ones give nothing when the member is absent or null,
// all give kWrongType (naming the member) when it has another type, the required ones kMissingField.
Result<std::string> need_string(const json::object& object, std::string_view key);
Result<double> need_number(const json::object& object, std::string_view key);
Result<std::optional<std::string>> want_string(const json::object& object, std::string_view key);
Result<std::optional<double>> want_number(const json::object& object, std::string_view key);
Result<std::optional<bool>> want_bool(const json::object& object, std::string_view key);
Result<std::optional<Time>> want_time(const json::object& object, std::string_view key);  // RFC 3339 text or epoch ms number

// kUnknownField naming the unknown key and the nearest known one.
Result<void> only_keys(const json::object& object, std::initializer_list<std::string_view> known, std::string_view where);

// Member as text, or `fallback`; never fails. For documents that we wrote ourselves.
std::string text_or(const json::object& object, std::string_view key, std::string_view fallback = "");

// Edit-distance nearest of `known` to `word`; empty when nothing is near. For error messages.
std::string nearest_word(std::string_view word, std::initializer_list<std::string_view> known);
std::string nearest_word(std::string_view word, std::span<const std::string_view> known);

}  // namespace cityloop
