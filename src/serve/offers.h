// SPDX-License-Identifier: Apache-2.0
// Which actions a caller is offered on an alarm or a case, as JSON: name, enabled, fields, why not. Pure.
#pragma once

#include <string>
#include <string_view>

#include "command/case_table.h"
#include "core/pack.h"
#include "core/words.h"

namespace cityloop::serve {

bool is_alarm_action(std::string_view name);
std::string alarm_offers(const Alarm& alarm, const Actor& actor);
// What the Journal knows and the case itself does not say (CaseGuards).
struct CaseSurroundings {
  bool children_open = false;
  bool standard_needed = false;
  bool picture_known = false;
  bool worked_on = false;
};
std::string case_offers(const Case& file, const Actor& actor, const Packs& packs, const std::string& root_area,
                        Time now, const CaseSurroundings& around);

}  // namespace cityloop::serve
