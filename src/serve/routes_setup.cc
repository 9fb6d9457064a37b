// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "serve/engine.h"
#include "serve/list.h"

namespace cityloop::serve {
namespace {

constexpr RoleSet kReaders = kStaff;

// A list of one table with filters by column; scoped where the rows have an area.
void list_of(Call& call, std::string table, std::span<const Filter> filters, std::string_view csv, bool by_area, std::string order = "key", Decorate decorate = {}) {
  Query query{std::move(table)};
  if (const auto known = apply_filters(call, filters, query); !known) return call.refuse(known.error());
  if (by_area)
    if (const auto scoped = apply_area(call, query); !scoped) return call.refuse(scoped.error());
  query.descending = order != "key";
  query.order = std::move(order);
  answer_list(call, {std::move(query), csv, std::move(decorate)});
}

void show_row(Call& call, const char* table, const Decorate& decorate = {}) {
  auto row = call.find_row(table, call.arg());
  if (!row) return call.refuse(row.error());
  if (decorate) decorate(*row);
  call.answer_json(200, std::move(row->doc));
}

void change(Call& call, std::string verb, std::string table) {
  const auto rev = call.if_match();
  if (!rev) return call.refuse(rev.error());
  offer_and_show(call, {std::move(verb), call.arg(), call.request.body, *rev}, std::move(table), call.arg());
}

void remove(Call& call, std::string verb) { offer(call, {std::move(verb), call.arg(), "{}"}); }

// ---- sources: whatever in a definition looks like a secret stays inside

bool is_secret(std::string_view key) {
  static constexpr std::string_view kSigns[] = {"password", "secret", "token", "api_key", "apikey", "authorization", "credential"};
  std::string lower(key);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::any_of(std::begin(kSigns), std::end(kSigns), [&](std::string_view sign) { return lower.find(sign) != std::string::npos; });
}

void hide_secrets(json::value& value) {
  if (value.is_array())
    for (json::value& item : value.get_array()) hide_secrets(item);
  if (!value.is_object()) return;
  for (auto& member : value.get_object()) {
    if (is_secret(member.key())) member.value() = member.value().is_null() ? json::value(nullptr) : json::value("***");
    else hide_secrets(member.value());
  }
}

// {"name","title","transport",…,"spec":{…},"health":{"state","last_seen","late","quarantined","accepted","error"}}
void source_doc(Row& row) {
  auto doc = parse_json(row.doc);
  if (!doc || !doc->is_object()) return;
  hide_secrets(*doc);
  json::object& source = doc->get_object();
  json::object health;
  for (const char* name : {"state", "connected", "last_seen", "accepted", "duplicate", "late", "quarantined", "error"})
    if (const json::value* value = source.if_contains(name)) health[name] = *value;
  source["health"] = std::move(health);
  row.doc = json::serialize(*doc);
}

void list_sources(Call& call) {
  static constexpr Filter kFilters[] = {{"state", "state"}};
  list_of(call, "sources", kFilters, "name title.zh transport health.state health.last_seen health.accepted health.quarantined health.error", false, "key", source_doc);
}

void put_source(Call& call) {
  Change put{"source.put", call.arg(), call.request.body};
  put.then = [](Call& c, const Answer& answer) {
    auto row = c.find_row("sources", c.arg());
    if (!row) return c.answer(document(answer.status, "{}", answer.rev));
    source_doc(*row);
    c.answer(document(answer.status, std::move(row->doc), answer.rev));
  };
  offer(call, std::move(put));
}

// ---- units and people

void list_units(Call& call) {
  static constexpr Filter kFilters[] = {{"duty", "duties", Filter::Type::text, Where::Op::contains},
                                        {"q", "words", Filter::Type::text, Where::Op::contains},
                                        {"enabled", "enabled", Filter::Type::flag}};
  list_of(call, "units", kFilters, "id name area duties phone enabled", true);
}

void put_unit(Call& call) { change(call, "unit.put", "units"); }

// People as colleagues see them: nothing about the account.
void person_doc(Row& row) {
  const auto doc = parse_json(row.doc);
  if (!doc || !doc->is_object()) return;
  const json::object& user = doc->get_object();
  json::object person{{"id", "user:" + text_or(user, "name")}};
  for (const char* name : {"name", "person", "roles", "area", "unit"})
    if (const json::value* value = user.if_contains(name)) person[name] = *value;
  row.doc = json::serialize(person);
}

void list_people(Call& call) {
  Query query{"users", {{"enabled", Where::Op::equal, {std::int64_t{1}}}}};
  if (const auto role = parameter(call, "role")) {
    if (!role_of(*role)) return call.refuse(bad_parameter("role", "is not a role"));
    query.where.push_back({"roles", Where::Op::contains, {"," + std::string(*role) + ","}});
  }
  static constexpr Filter kFilters[] = {{"unit", "unit"}, {"q", "words", Filter::Type::text, Where::Op::contains}};
  if (const auto known = apply_filters(call, kFilters, query); !known) return call.refuse(known.error());
  if (const auto scoped = apply_area(call, query); !scoped) return call.refuse(scoped.error());
  answer_list(call, {std::move(query), "id name person roles area unit", person_doc});
}

// ---- quarantine

void list_quarantine(Call& call) {
  static constexpr Filter kFilters[] = {{"code", "code"}, {"source", "source"}, {"asset", "asset"}, {"state", "state"}, {"principal", "principal"},
                                        {"from", "at", Filter::Type::since}, {"to", "at", Filter::Type::until}};
  list_of(call, "quarantine", kFilters, "id at principal source asset point code detail state payload", false, "at");
}

void reingest(Call& call) { offer_and_show(call, {"quarantine.reingest", call.arg(), "{}"}, "quarantine", call.arg()); }
void drop(Call& call) { offer_and_show(call, {"quarantine.drop", call.arg(), "{}"}, "quarantine", call.arg()); }
void reingest_many(Call& call) { offer(call, {"quarantine.reingest", "", call.request.body}); }

}  // namespace

void add_setup_routes(std::vector<Route>& out) {
  constexpr RoleSet kSourceReaders = kKeepers | roles(Role::shift_leader, Role::leader, Role::security_admin);
  constexpr RoleSet kAdmin = roles(Role::admin);
  out.insert(out.end(), {
    {"GET", "/api/v1/sources", "Connected systems and their health", kSourceReaders, Scope::city, "state @list", "", "[]Source", list_sources},
    {"GET", "/api/v1/sources/{name}", "One connected system", kSourceReaders, Scope::city, "", "", "Source", [](Call& c) { show_row(c, "sources", source_doc); }},
    {"PUT", "/api/v1/sources/{name}", "Connect a system, or change how", kKeepers, Scope::city, "", "SourcePut", "Source", put_source},
    {"DELETE", "/api/v1/sources/{name}", "Disconnect a system", kKeepers, Scope::city, "", "", "", [](Call& c) { remove(c, "source.delete"); }},
    {"GET", "/api/v1/units", "Units that answer for something", kReaders, Scope::list, "area duty q enabled @list", "", "[]Unit", list_units},
    {"GET", "/api/v1/units/{id}", "One unit", kReaders, Scope::item, "", "", "Unit", [](Call& c) {
       const auto unit = c.find("units", c.arg());
       if (!unit) return c.refuse(unit.error());
       show_row(c, "units");
     }},
    {"PUT", "/api/v1/units/{id}", "Register or change a unit", kKeepers, Scope::item, "", "UnitPut", "Unit", put_unit},
    {"DELETE", "/api/v1/units/{id}", "Remove a unit", kKeepers, Scope::item, "", "", "", [](Call& c) { remove(c, "unit.delete"); }},
    {"GET", "/api/v1/people", "Colleagues by role, unit, area", kCrew, Scope::list, "role unit area q @list", "", "[]PersonRow", list_people},
    {"GET", "/api/v1/calendars", "The working calendar that deadlines count in", kViewers, Scope::any, "@list", "", "[]Calendar",
     [](Call& c) { list_of(c, "calendars", {}, "name version known_from known_until shipped changed_by changed_at", false); }},
    {"GET", "/api/v1/calendars/{name}", "The calendar, by its name", kViewers, Scope::any, "", "", "Calendar", [](Call& c) { show_row(c, "calendars"); }},
    {"PUT", "/api/v1/calendars/{name}", "Put a calendar in force instead of the one before", kAdmin, Scope::city, "", "CalendarPut", "Calendar",
     [](Call& c) { offer_and_show(c, {"calendar.put", c.arg(), c.request.body}, "calendars", c.arg()); }},
    {"GET", "/api/v1/quarantine", "What was not believed, and why", kKeepers, Scope::city, "code source asset state principal from to @list", "", "[]QuarantineItem", list_quarantine},
    {"POST", "/api/v1/quarantine:reingest", "Take several again", kKeepers, Scope::city, "", "Ids", "IngestResult", reingest_many},
    {"POST", "/api/v1/quarantine/{id}:reingest", "Take it again", kKeepers, Scope::city, "", "", "QuarantineItem", reingest},
    {"POST", "/api/v1/quarantine/{id}:drop", "Set it aside for good", kKeepers, Scope::city, "", "", "QuarantineItem", drop},
  });
}

}  // namespace cityloop::serve
