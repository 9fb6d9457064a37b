// SPDX-License-Identifier: Apache-2.0
// A rule as text: its definition, which says whether a new pack changed it, and the JSON of its why, from which it can be
// run again alone (verify.cc reads it).
#pragma once

#include <span>
#include <string>

#include "analyse/plan.h"

namespace cityloop {

std::string rule_definition(const RuleSpec& rule);

// {"rule","kind","pack_version","levels":[{"level","expr","for"}],"keep_firing_for","clear_when","point","points":[…],
//  "attributes":[…],"record","fields":[…],"tables":[…]} with what the programs read.
std::string rule_text(const UnitPlan& unit, const KindSpec& kind, std::span<const std::int64_t> stale_after);

}  // namespace cityloop
