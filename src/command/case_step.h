// SPDX-License-Identifier: Apache-2.0
// One action on one case on its way through command: what the files that carry actions out share.
#pragma once

#include "command/command.h"
#include "core/json.h"

namespace cityloop {

struct Command::Step {
  CaseFile& held;
  const Transition& row;
  const Actor& actor;
  const json::object& body;
  const Persons& persons;
  Context& city;
  TimelineEntry entry;    // actor, action, from, comment or reason, attachments
  std::string collector;  // whom a verification or a check goes to; empty: whoever is near
};

// A limit for the case's disposal; the extensions that it was granted stay granted.
void set_limit(Case& file, const std::string& limit);

}  // namespace cityloop
