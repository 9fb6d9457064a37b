// SPDX-License-Identifier: Apache-2.0
#include "analyse/plan_text.h"

#include <set>

#include "core/json.h"
#include "core/limits.h"

namespace cityloop {
namespace {

std::string duration_text(std::int64_t ms) { return format_duration(Millis{ms}); }

template <class Visit>
void each_program(const UnitPlan& unit, const Visit& visit) {
  for (const LevelPlan& level : unit.levels) visit(level.program);
  for (const Program& program : unit.clear) visit(program);
}

json::array point_list(const UnitPlan& unit, const KindSpec& kind, std::span<const std::int64_t> stale_after) {
  json::array list;
  for (const std::uint8_t point : unit.points) {
    const PointSpec& spec = kind.points[point];
    list.push_back(json::object{{"name", spec.name}, {"unit", spec.unit},
                                {"interval", duration_text(stale_after[point] / limits::kStalePeriods)}});
  }
  return list;
}

json::array attribute_list(const UnitPlan& unit, const KindSpec& kind) {
  std::set<std::uint16_t> read;
  each_program(unit, [&](const Program& program) { read.insert(program.attributes.begin(), program.attributes.end()); });
  json::array list;
  for (const std::uint16_t index : read) {
    list.push_back(json::object{{"name", kind.attributes[index].name}, {"type", kind.attributes[index].type}});
  }
  return list;
}

json::array table_list(const UnitPlan& unit) {
  std::map<std::string, const std::vector<std::pair<double, double>>*> tables;
  each_program(unit, [&](const Program& program) {
    for (std::size_t i = 0; i < program.tables.size(); ++i) tables.emplace(program.table_names[i], &program.tables[i]);
  });
  json::array list;
  for (const auto& [name, points] : tables) {
    json::array rows;
    for (const auto& [x, y] : *points) rows.push_back(json::array{x, y});
    list.push_back(json::object{{"name", name}, {"points", std::move(rows)}});
  }
  return list;
}

}  // namespace

std::string rule_definition(const RuleSpec& rule) {
  std::string text = rule.kind + "|" + rule.record + "|";
  for (const RuleLevel& level : rule.levels) {
    text += std::string(level_name(level.level)) + ":" + level.expr + ":" + duration_text(level.hold.count()) + "|";
  }
  return text + duration_text(rule.keep_firing_for.count()) + "|" + rule.clear_expr;
}

std::string rule_text(const UnitPlan& unit, const KindSpec& kind, std::span<const std::int64_t> stale_after) {
  json::object text{{"rule", unit.name}, {"kind", kind.name}};
  json::array levels;
  for (std::size_t i = 0; i < unit.levels.size(); ++i) {
    levels.push_back(json::object{{"level", level_name(unit.levels[i].level)}, {"expr", unit.levels[i].program.text},
                                  {"for", duration_text(unit.levels[i].hold)}});
  }
  text["levels"] = std::move(levels);
  text["keep_firing_for"] = duration_text(unit.keep);
  if (!unit.clear.empty()) text["clear_when"] = unit.clear[0].text;
  text["point"] = unit.spec->point;
  text["points"] = point_list(unit, kind, stale_after);
  text["attributes"] = attribute_list(unit, kind);
  text["tables"] = table_list(unit);
  if (unit.record != nullptr) {
    text["record"] = unit.record->name;
    json::array fields;
    for (const FieldSpec& field : unit.record->fields) fields.push_back(json::object{{"name", field.name}, {"type", field.type}});
    text["fields"] = std::move(fields);
  }
  return json::serialize(text);
}

}  // namespace cityloop
