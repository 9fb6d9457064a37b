// SPDX-License-Identifier: Apache-2.0
// Who should mend it: candidates for a dispatch, each with a score and the reason in Chinese, from the pack's routes
// (architecture §3, `case.route`). Pure.
#pragma once

#include <string>
#include <vector>

#include "core/pack.h"
#include "core/register.h"

namespace cityloop {

// Best first: earlier routes before later ones, the nearest area before the wider, ties by unit id. A unit that has
// given the case back comes last. Empty when nobody is known; `reason` then says why.
struct Routing {
  std::vector<Candidate> candidates;
  std::string reason;
};
Routing route(const Case& file, const std::vector<RouteSpec>& routes, const Register& tables);

}  // namespace cityloop
