// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <set>

#include "core/pack_parts.h"

namespace cityloop::pack_file {
namespace {

constexpr std::string_view kLimitForm = "must be a number and UH, UD, WH or WD, such as 2UH";
constexpr std::array<std::string_view, 5> kPlaceholders{"value", "asset", "point", "unit", "threshold"};

bool is_limit(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view unit = text.substr(digits);
  return digits > 0 && digits <= 4 && text.front() != '0' && (unit == "UH" || unit == "UD" || unit == "WH" || unit == "WD");
}

// `{{ value }}` and its kin; a misspelt one would reach people as it stands.
Result<void> check_placeholders(const std::string& path, std::string_view text) {
  for (std::size_t open = text.find("{{"); open != std::string_view::npos; open = text.find("{{", open + 2)) {
    const std::size_t close = text.find("}}", open);
    if (close == std::string_view::npos) return wrong(path, "`{{` has no `}}`");
    std::string_view word = text.substr(open + 2, close - open - 2);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (std::find(kPlaceholders.begin(), kPlaceholders.end(), word) == kPlaceholders.end()) {
      return unknown_word(path, word, kPlaceholders);
    }
  }
  return {};
}

Result<void> read_annotations(const Fields& fields, RuleSpec& rule) {
  const Item item = TRY(fields.item("annotations"));
  const Fields annotations = TRY(Fields::of(item, {"summary", "description"}));
  rule.title = TRY(annotations.words("summary", true));
  rule.advice = TRY(annotations.words("description", false));
  TRY(check_placeholders(annotations.path("summary") + ".zh", rule.title.zh));
  TRY(check_placeholders(annotations.path("summary") + ".en", rule.title.en));
  TRY(check_placeholders(annotations.path("description") + ".zh", rule.advice.zh));
  TRY(check_placeholders(annotations.path("description") + ".en", rule.advice.en));
  return {};
}

Result<void> read_levels(const Fields& fields, RuleSpec& rule) {
  for (const Item& entry : TRY(fields.list("levels"))) {
    const Fields level = TRY(Fields::of(entry, {"level", "expr", "for"}));
    RuleLevel spec;
    TRY(level.text("level"));
    spec.level = TRY(level.level("level", Level::none));
    spec.expr = TRY(level.text("expr"));
    spec.hold = TRY(level.duration("for"));
    const bool twice = std::any_of(rule.levels.begin(), rule.levels.end(), [&](const RuleLevel& l) { return l.level == spec.level; });
    if (twice) return level.wrong("level", "`" + std::string(level_name(spec.level)) + "` stands twice");
    rule.levels.push_back(std::move(spec));
  }
  if (rule.levels.empty()) return fields.wrong("levels", "is missing; a rule has at least one level");
  std::sort(rule.levels.begin(), rule.levels.end(), [](const RuleLevel& a, const RuleLevel& b) { return a.level < b.level; });
  return {};
}

Result<void> read_labels(const Fields& fields, RuleSpec& rule) {
  if (!fields.has("labels")) return {};
  const Item item = TRY(fields.item("labels"));
  if (!item.value->is_object()) return wrong(item.path, "must be an object of texts");
  for (const auto& label : item.value->get_object()) {
    const std::string path = item.path + "." + std::string(label.key());
    if (!label.value().is_string()) return wrong(path, "must be text");
    rule.labels.emplace(label.key(), label.value().get_string());
  }
  const auto limit = rule.labels.find("limit");
  if (limit != rule.labels.end() && !is_limit(limit->second)) {
    return wrong(item.path + ".limit", kLimitForm);
  }
  const auto urgency = rule.labels.find("urgency");
  if (urgency != rule.labels.end() && !urgency_of(urgency->second)) {
    static constexpr std::array<std::string_view, 3> kUrgencies{"normal", "urgent", "very_urgent"};
    return unknown_word(item.path + ".urgency", urgency->second, kUrgencies);
  }
  return {};
}

// The point shown: of the kind, or a field of the record that a record rule reads.
Result<void> check_subject(const Fields& fields, const Pack& pack, const RuleSpec& rule) {
  const KindSpec* kind = TRY(known_kind(pack, fields.path("kind"), rule.kind));
  if (rule.record.empty()) {
    if (!rule.point.empty()) TRY(known_point(*kind, fields.path("point"), rule.point));
    return {};
  }
  std::vector<std::string_view> names;
  for (const RecordSpec& record : pack.records) {
    names.push_back(record.name);
    if (record.name != rule.record) continue;
    if (record.kind != rule.kind) return fields.wrong("record", "`" + rule.record + "` is a record of another kind");
    const bool known = rule.point.empty() || std::any_of(record.fields.begin(), record.fields.end(),
                                                         [&](const FieldSpec& f) { return f.name == rule.point; });
    if (!known) return fields.wrong("point", "`" + rule.point + "` is no field of the record");
    return {};
  }
  return unknown_word(fields.path("record"), rule.record, names);
}

Result<RuleSpec> read_rule(const Item& item, const Pack& pack) {
  const Fields fields =
      TRY(Fields::of(item, {"alert", "kind", "record", "point", "levels", "keep_firing_for", "clear_when", "labels",
                            "annotations", "inhibited_by", "opens"}));
  RuleSpec rule;
  rule.alert = TRY(fields.name("alert"));
  rule.kind = TRY(fields.text("kind"));
  rule.record = TRY(fields.text("record", ""));
  rule.point = TRY(fields.text("point", ""));
  TRY(check_subject(fields, pack, rule));
  TRY(read_levels(fields, rule));
  rule.keep_firing_for = TRY(fields.duration("keep_firing_for"));
  rule.clear_expr = TRY(fields.text("clear_when", ""));
  TRY(read_labels(fields, rule));
  TRY(read_annotations(fields, rule));
  for (const Item& entry : TRY(fields.list("inhibited_by"))) {
    if (!entry.value->is_string()) return wrong(entry.path, "must be the name of a rule");
    rule.inhibited_by.emplace_back(entry.value->get_string());
  }
  rule.opens = TRY(fields.choice("opens", "case", {"case", "repair", "none"}));
  return rule;
}

// Rules may name rules that stand below them, so this comes after all are read.
Result<void> check_inhibitions(const std::vector<Item>& items, const Pack& pack) {
  for (std::size_t i = 0; i < pack.rules.size(); ++i) {
    const RuleSpec& rule = pack.rules[i];
    for (std::size_t j = 0; j < rule.inhibited_by.size(); ++j) {
      const std::string& other = rule.inhibited_by[j];
      const std::string path = items[i].path + ".inhibited_by[" + std::to_string(j) + "]";
      if (other == rule.alert) return wrong(path, "a rule cannot hold back itself");
      if (other.find('/') != std::string::npos || find_rule(pack, other) != nullptr) continue;
      std::vector<std::string_view> names;
      for (const RuleSpec& known : pack.rules) names.push_back(known.alert);
      return unknown_word(path, other, names);
    }
  }
  return {};
}

Result<RouteSpec> read_route(const Item& item) {
  const Fields fields = TRY(Fields::of(item, {"from", "duty", "scope"}));
  RouteSpec route;
  route.from = TRY(fields.level("from", Level::none));
  route.scope = TRY(fields.choice("scope", "district", {"street", "district", "city", "owner", "keeper"}));
  route.duty = TRY(fields.text("duty", ""));
  const bool named = route.scope == "owner" || route.scope == "keeper";
  if (!named && route.duty.empty()) return fields.wrong("duty", "is missing; which units mend it in that " + route.scope);
  return route;
}

Result<ClassCode> read_class(const Fields& fields) {
  const Fields klass = TRY(Fields::of(TRY(fields.item("class")), {"scheme", "type", "code"}));
  ClassCode code;
  code.scheme = TRY(klass.text("scheme", "GB2013"));
  code.type = TRY(klass.choice("type", "", {"component", "event", "monitoring"}));
  code.code = TRY(klass.text("code"));
  if (code.code.find_first_not_of("0123456789") != std::string::npos || code.code.size() < 4) {
    return klass.wrong("code", "must be digits, major and minor class, such as 0303");
  }
  return code;
}

Result<CaseSpec> read_case_spec(const Item& item) {
  const Fields fields = TRY(Fields::of(
      item, {"class", "title", "opens_from", "routes", "dispatch", "limit", "evidence", "agreement", "join_radius_m"}));
  CaseSpec spec;
  spec.klass = TRY(read_class(fields));
  spec.title = TRY(fields.words("title", true));
  spec.opens_from = TRY(fields.level("opens_from", Level::yellow));
  for (const Item& entry : TRY(fields.list("routes"))) spec.routes.push_back(TRY(read_route(entry)));
  if (spec.routes.empty()) return fields.wrong("routes", "is missing; a case goes to somebody");
  spec.auto_dispatch = TRY(fields.choice("dispatch", "confirm", {"confirm", "auto"})) == "auto";
  spec.limit = TRY(fields.text("limit", spec.limit));
  if (!is_limit(spec.limit)) return fields.wrong("limit", kLimitForm);
  if (fields.has("evidence")) {
    const Fields evidence = TRY(Fields::of(TRY(fields.item("evidence")), {"photo_before", "photo_after"}));
    spec.photo_before = TRY(evidence.flag("photo_before", spec.photo_before));
    spec.photo_after = TRY(evidence.flag("photo_after", spec.photo_after));
  }
  if (fields.has("agreement")) {
    const Fields agreement = TRY(Fields::of(TRY(fields.item("agreement")), {"expr", "for"}));
    spec.agreement = TRY(agreement.text("expr"));
    spec.agreement_hold = TRY(agreement.duration("for"));
  }
  spec.join_radius_m = TRY(fields.number("join_radius_m", 0));
  if (spec.join_radius_m < 0) return fields.wrong("join_radius_m", "must not be negative");
  return spec;
}

}  // namespace

Result<void> read_rules(const Fields& file, Pack& pack) {
  const std::vector<Item> items = TRY(file.list("rules"));
  for (const Item& entry : items) {
    RuleSpec rule = TRY(read_rule(entry, pack));
    if (find_rule(pack, rule.alert) != nullptr) return wrong(entry.path + ".alert", "`" + rule.alert + "` stands twice");
    if (rule.opens == "case" && !pack.the_case) {
      return wrong(entry.path + ".opens", "the pack has no `case`, so this must be `repair` or `none`");
    }
    pack.rules.push_back(std::move(rule));
  }
  return check_inhibitions(items, pack);
}

Result<void> read_case(const Fields& file, Pack& pack) {
  if (!file.has("case")) return {};
  pack.the_case = TRY(read_case_spec(TRY(file.item("case"))));
  return {};
}

}  // namespace cityloop::pack_file
