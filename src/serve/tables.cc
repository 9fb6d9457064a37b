// SPDX-License-Identifier: Apache-2.0
#include "serve/project.h"

namespace cityloop {
namespace {

using Type = ColumnSpec::Type;

ColumnSpec text(std::string name) { return {std::move(name), Type::text, false, true}; }
ColumnSpec number(std::string name) { return {std::move(name), Type::integer, false, true}; }
ColumnSpec real(std::string name) { return {std::move(name), Type::real, false, true}; }
ColumnSpec unique(std::string name) { return {std::move(name), Type::text, true, true}; }
ColumnSpec scanned(std::string name) { return {std::move(name), Type::text, false, false}; }  // searched by `contains`
ColumnSpec stored(std::string name) { return {std::move(name), Type::text, false, false}; }   // an index of several has it

std::vector<TableSpec> make_tables() {
  return {
      {"assets",
       {text("kind"), text("area"), text("name"), text("life"), text("owner_unit"), text("keeper_unit"), text("source"),
        text("component_code"), number("slot"), real("lng"), real("lat"), scanned("words")}},
      {"alarms",
       {text("state"), text("level"), number("rank"), text("area"), text("kind"), text("asset"), text("rule"),
        number("acknowledged"), number("unseen"), number("drill"), text("case_no"), number("raised_at"),
        number("changed_at")}},
      {"whys", {text("area")}},
      {"cases",
       {unique("origin"), {"stage", Type::text, false, false}, {"open", Type::integer, false, false}, text("area"), text("unit"), text("handler"), text("asset"),
        text("class"), text("class_type"), text("urgency"), text("pack"), number("deadline"), number("opened_at"),
        number("closed_at"), number("changed_at"), text("late"), text("supervised"), text("asked"), text("appeal"),
        text("parent"), text("revisit"), real("lng"), {"lat", Type::real, false, false}, scanned("words")},
       {{"open", "opened_at"}, {"stage", "opened_at"}, {"open", "deadline"}}},
      {"timeline", {text("case_no"), text("area"), text("action"), text("actor"), number("at")}},
      {"reports",
       {text("state"), text("area"), text("case_no"), text("source"), text("asset"), text("external"), text("reporter"),
        number("at")}},
      {"orders", {text("case_no"), text("kind"), text("unit"), text("handler"), text("state"), text("area"), number("sent_at")}},
      {"notices",
       {text("subject"), text("type"), text("state"), text("target"), text("area"), number("created_at"),
        number("next_attempt")}},
      {"units", {text("area"), text("name"), number("enabled"), scanned("duties"), scanned("words")}},
      {"attachments", {text("area"), text("by"), text("type"), number("at")}},
      {"quarantine", {text("code"), text("source"), text("asset"), text("principal"), text("state"), number("at")}},
      {"audit", {text("actor"), text("action"), text("subject"), text("outcome"), number("at")}},
      {"events", {text("subject"), text("kind"), text("topic"), text("area"), number("at")}},
      {"users", {text("area"), text("unit"), number("enabled"), scanned("roles"), scanned("words")}},
      {"sessions", {text("user"), number("expires")}},
      {"tokens", {text("role"), text("area"), number("enabled")}},
      {"credentials", {number("enabled")}},
      {"persons", {text("phone")}},
      {"follows", {}},
      {"sources", {text("area"), text("state"), text("unit")}},
      {"areas", {text("area"), text("parent"), text("name")}},
      {"packs", {text("version")}},
      {"receivers", {text("area")}},
      {"calendars", {}},
      {"classes", {text("scheme"), text("type"), text("code"), text("duty"), scanned("words")}},
      {"commands", {text("asset"), text("state"), text("area"), number("at")}},
      {"scores",
       {stored("object"), stored("id"), stored("day"), stored("parent"), stored("area")},
       {{"object", "parent", "day"}, {"object", "id", "day"}}},
      {"score_facts",
       {stored("kind"), stored("day"), stored("area"), stored("unit"), stored("post"), stored("class"), stored("counts"),
        {"correction", Type::integer, false, false}},
       {{"kind", "day", "area"}, {"unit", "kind", "day"}}},
      {"score_locks", {}},
      {"score_reports", {text("kind"), text("period"), text("state"), text("area"), number("at")}},
      {"formulas", {}},
      {"shifts", {text("area"), text("state"), text("giver"), text("taker"), number("at")}},
      {"case_references", {text("case_no"), text("system"), text("number"), text("area")}},
      {"settings", {}},
  };
}

}  // namespace

const std::vector<TableSpec>& tables() {
  static const std::vector<TableSpec> kTables = make_tables();
  return kTables;
}

const TableSpec* table_of(std::string_view name) {
  for (const TableSpec& table : tables())
    if (table.name == name) return &table;
  return nullptr;
}

}  // namespace cityloop
