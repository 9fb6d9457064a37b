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

struct Transition {
  std::string_view action;
  std::vector<Stage> from;
  Stage to;                       // equal to the stage itself for actions that do not move (comment)
  std::vector<Role> roles;        // admin is not implied
  std::vector<FieldNeed> fields;
};

std::span<const Transition> case_table();

struct ActionOffer {
  std::string name;
  bool enabled = false;
  std::vector<FieldNeed> fields;
  std::string why_not;            // zh|en sentence pair is made by the page from `code`
  std::string code;               // `role`, `stage`, `area`, `unit`, `handler`, `proof`, `agreement` …
};

// Every action of the table with whether this actor may take it now and, if not, why not. Actions that never concern the
// role or stage are left out (see web.md §3.7: hidden if never possible, disabled with reason otherwise).
struct CaseGuards {
  bool agreement_needed = false;
  bool agrees = false;
  std::string agreement_because;
  bool photo_needed = false;      // after-photo by the pack
  std::string root_area;
};
std::vector<ActionOffer> offers(const Case& file, const Actor& actor, const CaseGuards& guards);

}  // namespace cityloop
