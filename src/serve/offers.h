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
std::string case_offers(const Case& file, const Actor& actor, const Packs& packs, const std::string& root_area,
                        Time now, bool children_open, bool standard_needed);

}  // namespace cityloop::serve
