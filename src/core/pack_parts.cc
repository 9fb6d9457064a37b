// SPDX-License-Identifier: Apache-2.0
#include "core/pack_parts.h"

#include <algorithm>
#include <array>

#include "core/limits.h"

namespace cityloop::pack_file {
namespace {

// Words of the expression language: a point with such a name could never be read.
constexpr std::array<std::string_view, 32> kLanguage{
    "and",           "or",             "not",            "true",           "false",           "abs",
    "min",           "max",            "clamp",          "round",          "floor",           "ceil",
    "coalesce",      "is_missing",     "is_stale",       "interp",         "avg_over_time",   "min_over_time",
    "max_over_time", "sum_over_time",  "count_over_time", "last_over_time", "first_over_time", "stddev_over_time",
    "rate",          "delta",          "absent_for",     "stuck_for",      "neighbour_max",   "neighbour_min",
    "neighbour_count", "sequence"};

constexpr std::array<std::string_view, 4> kLevels{"blue", "yellow", "orange", "red"};

Error at_path(const std::string& path, const Error& error) { return wrong(path, error.detail); }

}  // namespace

Error wrong(std::string_view path, std::string_view sentence) {
  return fail(errors::kBadPack, std::string(path) + ": " + std::string(sentence));
}

Result<void> check_name(std::string_view path, std::string_view name) {
  const bool letters = !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
                       std::all_of(name.begin(), name.end(), [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
                       });
  if (!letters || name.size() > limits::kPointNameBytes) {
    return wrong(path, "`" + std::string(name) + "` is not a name: small letters, digits and _, a letter first");
  }
  if (std::find(kLanguage.begin(), kLanguage.end(), name) != kLanguage.end()) {
    return wrong(path, "`" + std::string(name) + "` is a word of the expression language");
  }
  return {};
}

Error unknown_word(std::string_view path, std::string_view word, std::span<const std::string_view> known) {
  std::string sentence = "`" + std::string(word) + "` is not known";
  if (const std::string near = nearest_word(word, known); !near.empty()) {
    sentence += "; did you mean `" + near + "`?";
  } else {
    sentence += "; expected one of";
    for (std::size_t i = 0; i < known.size(); ++i) sentence += (i == 0 ? " " : ", ") + std::string(known[i]);
  }
  return wrong(path, sentence);
}

Result<Fields> Fields::of(const Item& item, std::initializer_list<std::string_view> known) {
  if (!item.value->is_object()) return pack_file::wrong(item.path, "must be an object");
  Fields fields;
  fields.object_ = &item.value->get_object();
  fields.path_ = item.path;
  for (const auto& member : *fields.object_) {
    const std::string_view key = member.key();
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    return unknown_word(fields.path(key), key, std::span<const std::string_view>(known.begin(), known.size()));
  }
  return fields;
}

std::string Fields::path(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

Result<std::string> Fields::text(std::string_view key) const {
  std::string found = TRY(text(key, ""));
  if (found.empty()) return wrong(key, "is missing; expected text");
  return found;
}

Result<std::string> Fields::text(std::string_view key, std::string_view fallback) const {
  const auto found = want_string(*object_, key);
  if (!found) return at_path(path(key), found.error());
  return found->value_or(std::string(fallback));
}

Result<std::string> Fields::name(std::string_view key) const {
  std::string found = TRY(text(key));
  TRY(check_name(path(key), found));
  return found;
}

Result<std::string> Fields::choice(std::string_view key, std::string_view fallback,
                                   std::initializer_list<std::string_view> known) const {
  std::string found = TRY(text(key, fallback));
  if (std::find(known.begin(), known.end(), std::string_view(found)) != known.end()) return found;
  return unknown_word(path(key), found, std::span<const std::string_view>(known.begin(), known.size()));
}

Result<Words> Fields::words(std::string_view key, bool required) const {
  if (!has(key)) {
    if (required) return wrong(key, R"(is missing; expected {"zh": "…", "en": "…"})");
    return Words{};
  }
  const Fields both = TRY(of(TRY(item(key)), {"zh", "en"}));
  Words words;  // by itself: clang leaks a half-made one when TRY returns
  words.zh = TRY(both.text("zh"));
  words.en = TRY(both.text("en"));
  return words;
}

Result<double> Fields::number(std::string_view key, double fallback) const {
  const auto found = want_number(*object_, key);
  if (!found) return at_path(path(key), found.error());
  return found->value_or(fallback);
}

Result<bool> Fields::flag(std::string_view key, bool fallback) const {
  const auto found = want_bool(*object_, key);
  if (!found) return at_path(path(key), found.error());
  return found->value_or(fallback);
}

Result<Millis> Fields::duration(std::string_view key) const {
  const std::string found = TRY(text(key, "0s"));
  const auto parsed = parse_duration(found);
  if (!parsed) return at_path(path(key), parsed.error());
  return *parsed;
}

Result<Level> Fields::level(std::string_view key, Level fallback) const {
  if (!has(key)) return fallback;
  const std::string found = TRY(text(key));
  const auto level = level_of(found);
  if (!level || *level == Level::none) return unknown_word(path(key), found, kLevels);
  return *level;
}

Result<void> Fields::range(std::string_view key, std::optional<double>& low, std::optional<double>& high) const {
  if (!has(key)) return {};
  const std::vector<Item> ends = TRY(list(key));
  if (ends.size() != 2) return wrong(key, "must be [low, high]; either may be null");
  for (std::size_t i = 0; i < 2; ++i) {
    const json::value& end = *ends[i].value;
    if (end.is_null()) continue;
    if (!end.is_number()) return pack_file::wrong(ends[i].path, "must be a number or null");
    (i == 0 ? low : high) = end.to_number<double>();
  }
  if (low && high && *low >= *high) return wrong(key, "low must be below high");
  return {};
}

Result<std::vector<Item>> Fields::list(std::string_view key) const {
  std::vector<Item> items;
  const json::value* found = object_->if_contains(key);
  if (found == nullptr || found->is_null()) return items;
  if (!found->is_array()) return wrong(key, "must be an array");
  for (const json::value& value : found->get_array()) {
    items.push_back({&value, path(key) + "[" + std::to_string(items.size()) + "]"});
  }
  return items;
}

Result<Item> Fields::item(std::string_view key) const {
  const json::value* found = object_->if_contains(key);
  if (found == nullptr || found->is_null()) return wrong(key, "is missing");
  return Item{found, path(key)};
}

const KindSpec* find_kind(const Pack& pack, std::string_view name) {
  const auto found = std::find_if(pack.kinds.begin(), pack.kinds.end(), [&](const KindSpec& k) { return k.name == name; });
  return found == pack.kinds.end() ? nullptr : &*found;
}

const RuleSpec* find_rule(const Pack& pack, std::string_view alert) {
  const auto found = std::find_if(pack.rules.begin(), pack.rules.end(), [&](const RuleSpec& r) { return r.alert == alert; });
  return found == pack.rules.end() ? nullptr : &*found;
}

Result<const KindSpec*> known_kind(const Pack& pack, std::string_view path, std::string_view name) {
  if (const KindSpec* kind = find_kind(pack, name)) return kind;
  std::vector<std::string_view> names;
  for (const KindSpec& kind : pack.kinds) names.push_back(kind.name);
  return unknown_word(path, name, names);
}

Result<void> known_point(const KindSpec& kind, std::string_view path, std::string_view point) {
  if (kind.point_index(point) >= 0) return {};
  std::vector<std::string_view> names;
  for (const PointSpec& spec : kind.points) names.push_back(spec.name);
  return unknown_word(path, point, names);
}

}  // namespace cityloop::pack_file
