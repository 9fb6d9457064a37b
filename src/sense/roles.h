// SPDX-License-Identifier: Apache-2.0
// Who may do what to the register and to quarantine. The access room checked the person; the turn checks again.
#pragma once

#include "core/context.h"

namespace cityloop {

inline constexpr Millis kLongestSilence = std::chrono::hours(24 * 90);  // longer is a retirement

inline bool may_write_register(const Actor& actor) {
  return actor.id == "system" || actor.is(Role::admin) || actor.is(Role::integrator);
}
inline bool may_silence(const Actor& actor) {
  return may_write_register(actor) || actor.is(Role::shift_leader) || actor.is(Role::dispatcher);
}
inline Error register_is_closed() {
  return fail(errors::kForbidden, "the register is written by integrator and admin");
}

}  // namespace cityloop
