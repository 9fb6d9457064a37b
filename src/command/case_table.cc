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

std::vector<Stage> with(std::vector<Stage> stages, std::initializer_list<Stage> more) {
  stages.insert(stages.end(), more);
  return stages;
}

// Who may work on it: everybody of the centre and of the unit.
const std::vector<Role>& everybody() {
  static const std::vector<Role> roles = {collector, acceptor,  shift_leader, dispatcher, unit_desk,
                                          handler,   inspector, evaluator,    leader,     admin};
  return roles;
}

const std::vector<Transition>& rows() {
  constexpr Stage kSame = reported;  // of rows that do not move to a stage of their own
  static const std::vector<Transition> table = {
      // 受理 accepting and filing
      {"verify", {reported, pending_register}, verifying, {acceptor}, {{"collector"}, {"comment"}}},
      {"verify", {verifying}, reported, {collector}, {{"result", true}, {"comment"}, {"attachments"}}},
      {"self_handle", {reported, verifying}, closed, {collector}, {{"attachments", true}, {"class"}, {"comment"}}},
      {"register",
       {reported, pending_register},
       pending_dispatch,
       {shift_leader, admin},
       {{"class"}, {"standard"}, {"grade"}, {"urgency"}, {"comment"}}},
      {"register",
       {reported},
       pending_register,
       {acceptor},
       {{"class"}, {"standard"}, {"grade"}, {"urgency"}, {"comment"}}},
      {"settle", {reported, pending_register}, closed, {acceptor, shift_leader, admin}, {{"reason", true}}},
      {"reject", {reported, pending_register}, not_accepted, {acceptor, shift_leader, admin}, {{"reason", true}}},
      {"merge",
       {reported, verifying, pending_register, pending_dispatch},
       cancelled,
       {acceptor, shift_leader, dispatcher, admin},
       {{"into", true}, {"comment"}}},
      {"unmerge", {cancelled}, kSame, {acceptor, shift_leader, dispatcher, admin}, {{"reason", true}}, Move::back},
      {"split",
       {reported, pending_register, pending_dispatch, pending_handle, handling},
       kSame,
       {acceptor, shift_leader, dispatcher, admin},
       {{"title", true}, {"class"}, {"comment"}},
       Move::stays},
      // 转办 dispatching
      {"dispatch",
       {pending_dispatch},
       pending_handle,
       {dispatcher, shift_leader, admin},
       {{"unit", true}, {"comment"}}},
      {"recall", {pending_handle, handling}, pending_dispatch, {dispatcher, admin}, {{"reason", true}}},
      // 处置 disposal
      {"assign", {pending_handle}, kSame, {unit_desk}, {{"handler", true}, {"comment"}}, Move::stays},
      {"revoke", {pending_handle}, kSame, {unit_desk}, {{"comment"}}, Move::stays},
      {"return", {pending_dispatch}, reported, {dispatcher, admin}, {{"reason", true}}},
      {"return", {pending_handle}, pending_dispatch, {unit_desk}, {{"reason", true}}},
      {"return", {handling}, pending_handle, {handler}, {{"reason", true}}},
      {"accept", {pending_handle}, handling, {handler}, {{"comment"}}},
      {"arrive", {handling}, kSame, {handler}, {{"location"}, {"comment"}, {"attachments"}}, Move::stays},
      {"finish", {handling}, handle_finish, {handler}, {{"attachments"}, {"comment"}}},
      {"request_extension", {pending_handle, handling}, kSame, {unit_desk, handler}, {{"reason", true}}, Move::stays},
      {"request_suspension",
       {pending_handle, handling},
       kSame,
       {unit_desk, handler},
       {{"until", true}, {"reason", true}},
       Move::stays},
      {"endorse", {pending_handle, handling}, kSame, {unit_desk}, {{"comment"}}, Move::stays},
      {"refuse_request",
       {pending_handle, handling},
       kSame,
       {dispatcher, unit_desk, admin},
       {{"reason", true}},
       Move::stays},
      {"extend", {pending_handle, handling}, kSame, {dispatcher, admin}, {{"comment"}}, Move::stays},
      {"suspend",
       {pending_handle, handling},
       suspended,
       {dispatcher, shift_leader, admin},
       {{"until", true}, {"reason", true}}},
      {"resume", {suspended}, kSame, {dispatcher, shift_leader, admin}, {{"comment"}}, Move::back},
      {"feedback",
       {handle_finish, pending_feedback},
       checking,
       {dispatcher, admin},
       {{"collector"}, {"comment"}, {"attachments"}}},
      {"feedback", {handle_finish}, pending_feedback, {unit_desk}, {{"comment"}, {"attachments"}}},
      // 核查结案 checking and closing
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
      {"close", {pending_close}, closed, {shift_leader, acceptor, admin}, {{"standard"}, {"comment"}}},
      {"force_close", open_stages(), forced_close, {shift_leader, leader, admin}, {{"reason", true}}},
      {"cancel",
       {reported, verifying, pending_register, pending_dispatch, pending_handle},
       cancelled,
       {shift_leader, admin},
       {{"reason", true}}},
      {"reopen", {closed, forced_close}, pending_dispatch, {shift_leader, inspector, admin}, {{"reason", true}}},
      {"revisit",
       {closed, forced_close},
       kSame,
       {acceptor},
       {{"satisfaction", true}, {"comment"}},
       Move::stays},
      // 督查考核 oversight
      {"supervise",
       open_stages(),
       kSame,
       {inspector, leader, shift_leader, admin},
       {{"kind", true}, {"requirement", true}, {"due"}},
       Move::stays},
      {"reply",
       open_stages(),
       kSame,
       {unit_desk, dispatcher, admin},
       {{"comment", true}, {"attachments"}},
       Move::stays},
      {"conclude",
       with(open_stages(), {closed, forced_close}),
       kSame,
       {inspector, leader, shift_leader, admin},
       {{"comment"}},
       Move::stays},
      {"instruct", open_stages(), kSame, {leader}, {{"comment", true}}, Move::stays},
      {"look_back",
       {closed, forced_close},
       kSame,
       {inspector},
       {{"look_back", true}, {"comment"}, {"attachments"}},
       Move::stays},
      {"appeal", {closed, forced_close}, kSame, {unit_desk}, {{"reason", true}, {"attachments"}}, Move::stays},
      {"uphold_appeal", {closed, forced_close}, kSame, {dispatcher, acceptor, admin}, {{"comment"}}, Move::stays},
      {"refuse_appeal",
       {closed, forced_close},
       kSame,
       {dispatcher, acceptor, admin},
       {{"reason", true}},
       Move::stays},
      {"comment", open_stages(), kSame, everybody(), {{"comment", true}, {"attachments"}}, Move::stays},
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
Ruling unit_guard(const Case& file, const Transition& row, const Actor& actor, const CaseGuards& guards) {
  if (beyond_unit(row, actor)) return {&row, {}, {}};
  if (row.action == "comment" && guards.worked_on) return {&row, {}, {}};  // what was seen there still counts
  if (actor.unit.empty() || actor.unit != file.unit) {
    return no("unit", "The case belongs to unit `" + file.unit + "`, not to yours.");
  }
  const bool as_desk = actor.is(unit_desk) && std::ranges::find(row.roles, unit_desk) != row.roles.end();
  if (!as_desk && !file.handler.empty() && file.handler != actor.id) {
    return no("handler", "The case is assigned to another handler of your unit.");
  }
  return {&row, {}, {}};
}

Ruling guarded(const Case& file, const Transition& row, const Actor& actor, const CaseGuards& guards) {
  if (Ruling ruling = unit_guard(file, row, actor, guards); ruling.row == nullptr) return ruling;
  Refusal refusal = guard(file, row, actor, guards);
  if (!refusal.code.empty()) return no(std::move(refusal.code), std::move(refusal.why_not));
  return {&row, {}, {}};
}

bool asks(const Case& file, std::string_view kind) { return file.course.request && file.course.request->kind == kind; }

std::vector<FieldNeed> fields_of(const Transition& row, const Case& file, const CaseGuards& guards) {
  std::vector<FieldNeed> fields = row.fields;
  for (FieldNeed& field : fields) {
    if (row.action == "finish" && field.name == "attachments") field.required = guards.photo_needed && !file.proof;
    if (row.action == "arrive" && field.name == "attachments")
      field.required = guards.before_needed && !guards.picture_known;
    if (field.name == "class" && row.action != "split") field.required = file.klass.code.empty();
    if (field.name == "standard") {
      field.required = guards.standard_needed && (row.action == "close" || row.to == pending_dispatch);
    }
    if (row.action == "suspend" && field.name == "until") field.required = !asks(file, "suspension");
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

std::string_view leads_to(const Transition& row) {
  return row.move == Move::to ? stage_name(row.to) : row.move == Move::stays ? "stays" : "back";
}

}  // namespace

Stage next_stage(const Transition& row, const Case& file) {
  return row.move == Move::to ? row.to : row.move == Move::stays ? file.stage : file.course.back_to;
}

bool went_to(const Order& order, const Actor& actor) {
  return order.handler == actor.id || (!actor.unit.empty() && order.unit == actor.unit);
}

bool disposal_missed(std::span<const Clock> clocks, Time now) {
  for (auto clock = clocks.rbegin(); clock != clocks.rend(); ++clock) {
    if (clock->stage != Stage::handling) continue;
    const bool runs_late = !clock->stopped && !clock->paused && clock->deadline && *clock->deadline <= now;
    return clock->overdue || runs_late;
  }
  return false;
}

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
            std::string(leads_to(row)) + " | " + listed(row.roles, role_name) + " | " +
            listed(row.fields, [](const FieldNeed& field) {
              return field.required ? "**" + std::string(field.name) + "**" : std::string(field.name);
            }) + " |\n";
  }
  return text;
}

}  // namespace cityloop
