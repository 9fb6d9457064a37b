// SPDX-License-Identifier: Apache-2.0
// How parse_pack reads a pack file: one object with the path that its errors name, and one function for each section.
// Only core/pack*.cc include this. Every error is kBadPack with `path: what is wrong and what is expected`.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/pack.h"

namespace cityloop::pack_file {

struct Item {  // a value and its path, `rules[2].levels[0]`
  const json::value* value = nullptr;
  std::string path;
};

Error wrong(std::string_view path, std::string_view sentence);
// A name of the expression language: [a-z][a-z0-9_]*, no word that the language uses itself.
Result<void> check_name(std::string_view path, std::string_view name);
// `expected one of a, b` with the nearest of them.
Error unknown_word(std::string_view path, std::string_view word, std::span<const std::string_view> known);

// An object of the file; its keys are checked on creation.
class Fields {
 public:
  static Result<Fields> of(const Item& item, std::initializer_list<std::string_view> known);

  bool has(std::string_view key) const { return object_->contains(key); }
  std::string path(std::string_view key) const;
  Error wrong(std::string_view key, std::string_view sentence) const { return pack_file::wrong(path(key), sentence); }

  Result<std::string> text(std::string_view key) const;  // required and not empty; the others have a fallback
  Result<std::string> text(std::string_view key, std::string_view fallback) const;
  Result<std::string> name(std::string_view key) const;  // required, check_name
  Result<std::string> choice(std::string_view key, std::string_view fallback, std::initializer_list<std::string_view> known) const;
  Result<Words> words(std::string_view key, bool required) const;  // {"zh","en"}, both
  Result<double> number(std::string_view key, double fallback) const;
  Result<bool> flag(std::string_view key, bool fallback) const;
  Result<Millis> duration(std::string_view key) const;  // 0 when absent
  Result<Level> level(std::string_view key, Level fallback) const;
  // [low, high], either may be null, low < high.
  Result<void> range(std::string_view key, std::optional<double>& low, std::optional<double>& high) const;
  Result<std::vector<Item>> list(std::string_view key) const;  // empty when absent
  Result<Item> item(std::string_view key) const;               // required
  const json::object& object() const { return *object_; }

 private:
  const json::object* object_ = nullptr;
  std::string path_;
};

Result<void> read_kinds(const Fields& file, Pack& pack);
Result<void> read_records(const Fields& file, Pack& pack);
Result<void> read_tables(const Fields& file, Pack& pack);
Result<void> read_rules(const Fields& file, Pack& pack);
Result<void> read_case(const Fields& file, Pack& pack);
Result<void> read_simulate(const Fields& file, Pack& pack);
Result<void> read_examples(const Fields& file, Pack& pack);

const KindSpec* find_kind(const Pack& pack, std::string_view name);
const RuleSpec* find_rule(const Pack& pack, std::string_view alert);
// The kind, or an error that names the nearest kind of the pack.
Result<const KindSpec*> known_kind(const Pack& pack, std::string_view path, std::string_view name);
// An error that names the nearest point, when the kind has no such point.
Result<void> known_point(const KindSpec& kind, std::string_view path, std::string_view point);

}  // namespace cityloop::pack_file
