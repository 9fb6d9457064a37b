// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "core/pack_parts.h"

namespace cityloop::pack_file {
namespace {

Result<SimulatePoint> read_simulated(const Item& item, const KindSpec& kind) {
  const Fields fields = TRY(Fields::of(item, {"point", "base", "noise", "daily", "event_per_day", "event_peak",
                                              "event_rise", "event_hold", "event_fall"}));
  SimulatePoint spec;
  spec.point = TRY(fields.text("point"));
  TRY(known_point(kind, fields.path("point"), spec.point));
  if (!kind.points[static_cast<std::size_t>(kind.point_index(spec.point))].derived.empty()) {
    return fields.wrong("point", "`" + spec.point + "` is derived, nobody sends it");
  }
  spec.base = TRY(fields.number("base", 0));
  spec.noise = TRY(fields.number("noise", 0));
  spec.daily = TRY(fields.number("daily", 0));
  spec.event_per_day = TRY(fields.number("event_per_day", 0));
  spec.event_peak = TRY(fields.number("event_peak", 0));
  if (spec.noise < 0) return fields.wrong("noise", "must not be negative");
  if (spec.event_per_day < 0) return fields.wrong("event_per_day", "must not be negative");
  spec.event_rise = TRY(fields.duration("event_rise"));
  spec.event_hold = TRY(fields.duration("event_hold"));
  spec.event_fall = TRY(fields.duration("event_fall"));
  return spec;
}

// `values` of the right types for the kind's attributes; unknown ones are errors.
Result<Attributes> read_attributes(const Item& item, const KindSpec& kind) {
  if (!item.value->is_object()) return wrong(item.path, "must be an object");
  Attributes attributes;
  for (const auto& member : item.value->get_object()) {
    const std::string path = item.path + "." + std::string(member.key());
    const auto spec = std::find_if(kind.attributes.begin(), kind.attributes.end(),
                                   [&](const AttributeSpec& a) { return a.name == std::string_view(member.key()); });
    if (spec == kind.attributes.end()) {
      std::vector<std::string_view> names;
      for (const AttributeSpec& a : kind.attributes) names.push_back(a.name);
      return unknown_word(path, member.key(), names);
    }
    const json::value& value = member.value();
    if (spec->type == "number" && value.is_number()) {
      attributes[spec->name] = value.to_number<double>();
    } else if (spec->type == "text" && value.is_string()) {
      attributes[spec->name] = std::string(value.get_string());
    } else if (spec->type == "flag" && value.is_bool()) {
      attributes[spec->name] = value.get_bool();
    } else {
      return wrong(path, "must be a " + spec->type);
    }
  }
  return attributes;
}

Result<SimulateSpec> read_simulation(const Item& item, const Pack& pack) {
  const Fields fields = TRY(Fields::of(item, {"kind", "count", "area", "interval", "points", "attributes"}));
  SimulateSpec spec;
  spec.kind = TRY(fields.text("kind"));
  const KindSpec* kind = TRY(known_kind(pack, fields.path("kind"), spec.kind));
  const double count = TRY(fields.number("count", 1));
  if (count != std::floor(count) || count < 0 || count > 1e6) return fields.wrong("count", "must be a whole number");
  spec.count = static_cast<std::size_t>(count);
  spec.area = TRY(fields.text("area", ""));
  spec.interval = TRY(fields.duration("interval"));
  for (const Item& entry : TRY(fields.list("points"))) spec.points.push_back(TRY(read_simulated(entry, *kind)));
  if (fields.has("attributes")) spec.attributes = TRY(read_attributes(TRY(fields.item("attributes")), *kind));
  return spec;
}

// ---- examples: only their form is checked here; analyse runs them ---------------------------------------------

using Cast = std::map<std::string, const KindSpec*, std::less<>>;  // the assets of one example

Result<void> read_cast(const Fields& example, const Pack& pack, Cast& cast) {
  for (const Item& entry : TRY(example.list("assets"))) {
    const Fields fields = TRY(Fields::of(entry, {"id", "kind", "name", "attributes", "location"}));
    const std::string id = TRY(fields.text("id"));
    const std::string name = TRY(fields.text("kind"));
    const KindSpec* kind = TRY(known_kind(pack, fields.path("kind"), name));
    if (fields.has("attributes")) TRY(read_attributes(TRY(fields.item("attributes")), *kind));
    if (fields.has("location")) {
      const std::vector<Item> place = TRY(fields.list("location"));
      const bool numbers = place.size() == 2 && place[0].value->is_number() && place[1].value->is_number();
      if (!numbers || !is_valid({place[0].value->to_number<double>(), place[1].value->to_number<double>()})) {
        return fields.wrong("location", "must be [lng, lat]");
      }
    }
    if (!cast.emplace(id, kind).second) return fields.wrong("id", "`" + id + "` stands twice");
  }
  if (cast.empty()) return example.wrong("assets", "is missing; an example has at least one asset");
  return {};
}

Result<const KindSpec*> member_of(const Cast& cast, const Fields& fields) {
  const std::string id = TRY(fields.text("asset"));
  const auto found = cast.find(id);
  if (found == cast.end()) return fields.wrong("asset", "`" + id + "` is none of this example's assets");
  return found->second;
}

Result<void> check_record_input(const Fields& fields, const Pack& pack) {
  const std::string name = TRY(fields.text("record"));
  std::vector<std::string_view> names;
  for (const RecordSpec& record : pack.records) names.push_back(record.name);
  if (std::find(names.begin(), names.end(), name) == names.end()) return unknown_word(fields.path("record"), name, names);
  const Item values = TRY(fields.item("fields"));
  if (!values.value->is_object()) return wrong(values.path, "must be an object");
  return {};
}

Result<void> check_input(const Item& entry, const Pack& pack, const Cast& cast) {
  const Fields fields = TRY(
      Fields::of(entry, {"at", "from", "to", "every", "arrival", "asset", "values", "record", "fields", "tick"}));
  if (fields.has("at") == fields.has("from")) return fields.wrong("at", "give either `at` or `from`, `to` and `every`");
  for (const std::string_view key : {"at", "from", "to", "every", "arrival"}) TRY(fields.duration(key));
  if (fields.has("from")) {
    const Millis from = TRY(fields.duration("from")), to = TRY(fields.duration("to")), every = TRY(fields.duration("every"));
    if (every <= Millis{0} || to < from) return fields.wrong("every", "`from` <= `to` and a positive `every` are needed");
  }
  if (TRY(fields.flag("tick", false))) return {};
  const KindSpec* kind = TRY(member_of(cast, fields));
  if (fields.has("record")) return check_record_input(fields, pack);
  const Item values = TRY(fields.item("values"));
  if (!values.value->is_object()) return wrong(values.path, "must be an object");
  for (const auto& value : values.value->get_object()) {
    const std::string path = values.path + "." + std::string(value.key());
    TRY(known_point(*kind, path, value.key()));
    if (!value.value().is_number()) return wrong(path, "must be a number");
  }
  return {};
}

Result<void> check_expectation(const Item& entry, const Pack& pack, const Cast& cast) {
  const Fields fields = TRY(Fields::of(entry, {"at", "until", "asset", "alert", "state", "level"}));
  if (fields.has("at") == fields.has("until")) return fields.wrong("at", "give either `at` or `until`");
  TRY(fields.duration("at"));
  TRY(fields.duration("until"));
  TRY(member_of(cast, fields));
  const std::string alert = TRY(fields.text("alert"));
  if (find_rule(pack, alert) == nullptr) {
    std::vector<std::string_view> names;
    for (const RuleSpec& rule : pack.rules) names.push_back(rule.alert);
    return unknown_word(fields.path("alert"), alert, names);
  }
  TRY(fields.choice("state", "", {"none", "pending", "firing", "cleared"}));
  TRY(fields.level("level", Level::none));
  return {};
}

Result<PackExample> read_example(const Item& item, const Pack& pack) {
  const Fields fields = TRY(Fields::of(item, {"name", "assets", "inputs", "expect"}));
  PackExample example{TRY(fields.text("name")), json::serialize(*item.value)};
  Cast cast;
  TRY(read_cast(fields, pack, cast));
  for (const Item& entry : TRY(fields.list("inputs"))) TRY(check_input(entry, pack, cast));
  const std::vector<Item> expectations = TRY(fields.list("expect"));
  if (expectations.empty()) return fields.wrong("expect", "is missing; an example that expects nothing proves nothing");
  for (const Item& entry : expectations) TRY(check_expectation(entry, pack, cast));
  return example;
}

}  // namespace

Result<void> read_simulate(const Fields& file, Pack& pack) {
  for (const Item& entry : TRY(file.list("simulate"))) pack.simulate.push_back(TRY(read_simulation(entry, pack)));
  return {};
}

Result<void> read_examples(const Fields& file, Pack& pack) {
  std::set<std::string> seen;
  for (const Item& entry : TRY(file.list("examples"))) {
    pack.examples.push_back(TRY(read_example(entry, pack)));
    if (!seen.insert(pack.examples.back().name).second) {
      return wrong(entry.path + ".name", "`" + pack.examples.back().name + "` stands twice");
    }
  }
  return {};
}

}  // namespace cityloop::pack_file
