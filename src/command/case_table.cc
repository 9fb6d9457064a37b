// SPDX-License-Identifier: Apache-2.0
#include "command/case_table.h"

#include <algorithm>

#include "core/register.h"

namespace cityloop {
namespace {

using enum Stage;
using enum Role;

const std::vector<Stage>& open_stages() {
  static const std::vector<Stage> stages = {reported,       verifying,     pending_register, pending_dispatch,
                                            pending_handle, handling,      handle_finish,    pending_feedback,
                                            checking,       pending_close, suspended};
  return stages;
}

const std::vector<Transition>& rows() {
  static const std::vector<Transition> table = {
      {"verify", {reported}, verifying, {acceptor}, {{"comment"}}},
      {"verify", {verifying}, reported, {collector}, {{"result", true}, {"comment"}, {"attachments"}}},
      {"register",
       {reported, pending_register},
       pending_dispatch,
       {acceptor, shift_leader, admin},
       {{"class"}, {"urgency"}, {"comment"}}},
      {"reject", {reported, pending_register}, not_accepted, {acceptor, shift_leader, admin}, {{"reason", true}}},
      {"merge",
       {reported, verifying, pending_register, pending_dispatch},
       cancelled,
       {acceptor, shift_leader, dispatcher, admin},
       {{"into", true}, {"comment"}}},
      {"dispatch",
       {pending_dispatch},
       pending_handle,
       {dispatcher, shift_leader, admin},
       {{"unit", true}, {"comment"}}},
      {"assign", {pending_handle}, pending_handle, {unit_desk}, {{"handler", true}, {"comment"}}, false},
      {"return", {pending_handle}, pending_dispatch, {unit_desk}, {{"reason", true}}},
      {"return", {pending_dispatch}, reported, {dispatcher, admin}, {{"reason", true}}},
      {"accept", {pending_handle}, handling, {handler}, {{"comment"}}},
      {"arrive", {handling}, handling, {handler}, {{"location"}, {"comment"}, {"attachments"}}, false},
      {"finish", {handling}, handle_finish, {handler}, {{"attachments"}, {"comment"}}},
      {"feedback", {handle_finish}, checking, {unit_desk, dispatcher, admin}, {{"comment"}, {"attachments"}}},
      {"feedback", {pending_feedback}, checking, {dispatcher, admin}, {{"comment"}, {"attachments"}}},
      {"check",
       {checking},
       pending_close,
       {collector, acceptor, shift_leader, admin},
       {{"result"}, {"comment"}, {"attachments"}}},
      {"rework",
       {handle_finish},
       handling,
       {unit_desk, dispatcher, shift_leader, admin},
       {{"reason", true}, {"attachments"}}},
      {"rework", {pending_feedback}, handling, {dispatcher, shift_leader, admin}, {{"reason", true}, {"attachments"}}},
      {"rework", {checking}, handling, {collector, acceptor, shift_leader, admin}, {{"reason", true}, {"attachments"}}},
      {"rework", {pending_close}, handling, {acceptor, shift_leader, admin}, {{"reason", true}, {"attachments"}}},
      {"close", {pending_close}, closed, {shift_leader, acceptor, admin}, {{"comment"}}},
      {"force_close", open_stages(), forced_close, {shift_leader, leader, admin}, {{"reason", true}}},
      {"cancel",
       {reported, verifying, pending_register, pending_dispatch, pending_handle},
       cancelled,
       {shift_leader, admin},
       {{"reason", true}}},
      {"reopen", {closed, forced_close}, pending_dispatch, {shift_leader, admin}, {{"reason", true}}},
      {"comment",
       open_stages(),
       reported,
       {collector, acceptor, shift_leader, dispatcher, unit_desk, handler, inspector, evaluator, leader, admin},
       {{"comment", true}, {"attachments"}},
       false},
  };
  return table;
}

bool has(const std::vector<Stage>& stages, Stage stage) { return std::ranges::find(stages, stage) != stages.end(); }

bool concerns(const Transition& row, const Actor& actor) {
  return std::ranges::any_of(row.roles, [&](Role role) { return actor.is(role); });
}

// Acts for the whole centre, not as one unit's man: the unit guards do not bind them.
bool beyond_unit(const Transition& row, const Actor& actor) {
  return std::ranges::any_of(row.roles,
                             [&](Role role) { return role != unit_desk && role != handler && actor.is(role); });
}

template <class Range, class Name>
std::string listed(const Range& range, Name name) {
  std::string text;
  for (const auto& item : range) {
    if (!text.empty()) text += ", ";
    text += name(item);
  }
  return text;
}

Ruling no(std::string code, std::string why_not) { return {nullptr, std::move(code), std::move(why_not)}; }

Ruling wrong_role(std::string_view action) {
  std::vector<Role> able;
  for (const Transition& row : rows()) {
    if (row.action != action) continue;
    for (Role role : row.roles) {
      if (std::ranges::find(able, role) == able.end()) able.push_back(role);
    }
  }
  return no("role", "`" + std::string(action) + "` takes one of the roles " + listed(able, role_name) + ".");
}

Ruling wrong_stage(const Case& file, std::string_view action, const Actor& actor) {
  std::vector<Stage> possible;
  for (const Transition& row : rows()) {
    if (row.action == action && concerns(row, actor)) possible.insert(possible.end(), row.from.begin(), row.from.end());
  }
  return no("stage", "The case is at " + std::string(stage_name(file.stage)) + "; you may `" + std::string(action) +
                         "` at " + listed(possible, stage_name) + ".");
}

// A unit's people act on their unit's cases; a handler on their own or on one that nobody has taken.
Ruling unit_guard(const Case& file, const Transition& row, const Actor& actor) {
  if (beyond_unit(row, actor)) return {&row, {}, {}};
  if (actor.unit.empty() || actor.unit != file.unit) {
    return no("unit", "The case belongs to unit `" + file.unit + "`, not to yours.");
  }
  const bool as_desk = actor.is(unit_desk) && std::ranges::find(row.roles, unit_desk) != row.roles.end();
  if (!as_desk && !file.handler.empty() && file.handler != actor.id) {
    return no("handler", "The case is assigned to another handler of your unit.");
  }
  return {&row, {}, {}};
}

Ruling closing_guard(const Case& file, const Transition& row, const CaseGuards& guards) {
  if (guards.agreement_needed && !guards.agrees) {
    return no("agreement", "The sensor does not agree yet: " + guards.agreement_because +
                               " Close it when it does, or force_close with a reason.");
  }
  if (!guards.agreement_needed && !file.alarms.empty() && file.level != Level::none) {
    return no("agreement",
              "A " + std::string(level_name(file.level)) +
                  " alarm of the case still holds. Close it when it has cleared, or force_close with a reason.");
  }
  return {&row, {}, {}};
}

Ruling guarded(const Case& file, const Transition& row, const Actor& actor, const CaseGuards& guards) {
  if (Ruling ruling = unit_guard(file, row, actor); ruling.row == nullptr) return ruling;
  // Who receives a return may not take the next main step as if nothing had happened: the acceptor's side has it
  // verified first (the dispatcher's side may not send it to the unit that gave it back; that guard knows the unit, see
  // case_actions.cc).
  if (row.action == "register" && !file.returned_from.empty()) {
    return no("returned", "The dispatcher returned the case: have it verified, reject, merge or cancel it.");
  }
  if (row.action == "finish" && guards.photo_needed && !guards.photo_given && !file.proof) {
    return no("proof", "A photo taken after the work is needed: name it in `attachments`.");
  }
  if (row.action == "close") return closing_guard(file, row, guards);
  return {&row, {}, {}};
}

std::vector<FieldNeed> fields_of(const Transition& row, const Case& file, const CaseGuards& guards) {
  std::vector<FieldNeed> fields = row.fields;
  for (FieldNeed& field : fields) {
    if (row.action == "finish" && field.name == "attachments") field.required = guards.photo_needed && !file.proof;
    if (row.action == "register" && field.name == "class") field.required = file.klass.code.empty();
  }
  return fields;
}

// The row that the offer shows: the one of this stage, else the first that concerns the actor.
const Transition* shown_row(const Case& file, std::string_view action, const Actor& actor) {
  const Transition* first = nullptr;
  for (const Transition& row : rows()) {
    if (row.action != action || !concerns(row, actor)) continue;
    if (has(row.from, file.stage)) return &row;
    if (first == nullptr && is_open(file.stage)) first = &row;
  }
  return first;
}

}  // namespace

std::span<const Transition> case_table() { return rows(); }

bool is_case_action(std::string_view action) {
  return std::ranges::any_of(rows(), [&](const Transition& row) { return row.action == action; });
}

Ruling rule_on(const Case& file, std::string_view action, const Actor& actor, const CaseGuards& guards) {
  if (!in_scope(actor.area, file.area, guards.root_area)) return no("area", "The case lies outside your area.");
  bool role = false;
  for (const Transition& row : rows()) {
    if (row.action != action || !concerns(row, actor)) continue;
    role = true;
    if (has(row.from, file.stage)) return guarded(file, row, actor, guards);
  }
  return role ? wrong_stage(file, action, actor) : wrong_role(action);
}

std::vector<ActionOffer> offers(const Case& file, const Actor& actor, const CaseGuards& guards) {
  std::vector<ActionOffer> all;
  for (const Transition& row : rows()) {
    if (!all.empty() && all.back().name == row.action) continue;
    const Transition* shown = shown_row(file, row.action, actor);
    if (shown == nullptr) continue;
    CaseGuards assumed = guards;
    assumed.photo_given = true;
    Ruling ruling = rule_on(file, row.action, actor, assumed);
    all.push_back(
        {std::string(row.action), ruling.row != nullptr, fields_of(*shown, file, guards), ruling.why_not, ruling.code});
  }
  return all;
}

std::string case_table_markdown() {
  std::string text = "| action | from | to | roles | fields (**required**) |\n|---|---|---|---|---|\n";
  for (const Transition& row : rows()) {
    text += "| `" + std::string(row.action) + "` | " + listed(row.from, stage_name) + " | " +
            (row.moves ? std::string(stage_name(row.to)) : "stays") + " | " + listed(row.roles, role_name) + " | " +
            listed(row.fields, [](const FieldNeed& field) {
              return field.required ? "**" + std::string(field.name) + "**" : std::string(field.name);
            }) + " |\n";
  }
  return text;
}

}  // namespace cityloop
