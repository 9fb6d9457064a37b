// SPDX-License-Identifier: Apache-2.0
// The workflow as one table: (stage, action, roles) -> next stage, with guards that say why not (domain.md §1.8).
// Drives the API's allowed actions, the documents and the model test. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/words.h"

namespace cityloop {

struct FieldNeed {
  std::string_view name;  // `unit`, `comment`, `attachments`, `reason`
  bool required = false;
};

enum class Move : std::uint8_t { to, stays, back };  // back: to where it stood before it was suspended or merged

// One row. An action may have several: the first that fits the case's stage and one of the actor's roles holds.
struct Transition {
  std::string_view action;
  std::vector<Stage> from;
  Stage to;                       // the first of `from` where the action does not lead to a stage of its own
  std::vector<Role> roles;        // admin is not implied: it stands in the rows of shift_leader and dispatcher
  std::vector<FieldNeed> fields;
  Move move = Move::to;
};
Stage next_stage(const Transition& row, const Case& file);  // where the action leads this case

std::span<const Transition> case_table();
bool is_case_action(std::string_view action);

struct ActionOffer {
  std::string name;
  bool enabled = false;
  std::vector<FieldNeed> fields;
  std::string why_not;            // English; the page makes its own zh|en sentence from `code`
  std::string code;               // `role`, `stage`, `area`, `unit`, `handler`, or of a guard: case_guards.cc
};

// What the case itself does not know and a ruling needs.
struct CaseGuards {
  bool agreement_needed = false;
  bool agrees = false;
  std::string agreement_because;
  bool photo_needed = false;      // after-photo by the pack
  bool before_needed = false;     // … and one from before the work
  bool picture_known = false;     // the case has some picture: of a report, a verification, the arrival
  bool worked_on = false;         // an order of the case went to the actor or to their unit: went_to()
  bool photo_given = true;        // the action at hand brings pictures; offers() assumes that it will
  bool disposal_missed = false;   // the disposal clock ran out: disposal_missed()
  bool standard_needed = false;   // the class has several 立结案标准, no pack speaks for it, and none is chosen yet
  bool children_open = false;     // a case that was split from it is not over
  std::string root_area;
};

// Whether this actor may take this action now. `row` is set when they may; otherwise `code` and `why_not` are.
struct Ruling {
  const Transition* row = nullptr;
  std::string code;
  std::string why_not;
};
Ruling rule_on(const Case& file, std::string_view action, const Actor& actor, const CaseGuards& guards);

bool went_to(const Order& order, const Actor& actor);

// Whether the disposal clock of the last round ran out, met late or not at all. Clocks in order of starting.
bool disposal_missed(std::span<const Clock> clocks, Time now);

// What the table's rows do not say (docs/case-workflow.md has the list): empty `code` where nothing stands against it.
struct Refusal { std::string code, why_not; };
Refusal guard(const Case& file, const Transition& row, const Actor& actor, const CaseGuards& guards);
inline constexpr int kExtensions = 2;  // granted ones per case (domain.md §1.8)

// Every action that concerns one of the actor's roles, in the table's order: enabled, or disabled with why not. Actions
// that the actor's roles never take are left out, and once the case is over so is what has no row for its stage.
std::vector<ActionOffer> offers(const Case& file, const Actor& actor, const CaseGuards& guards);

// The table as Markdown: the generated part of docs/case-workflow.md, which a test compares.
std::string case_table_markdown();

}  // namespace cityloop
