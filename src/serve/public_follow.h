// SPDX-License-Identifier: Apache-2.0
// What the holder of a follow key is told of their report: four steps, the unit's name, dates, pictures of the work once it
// was checked. Nobody's name, no other person's words. Of this room only; any thread.
#pragma once

#include "serve/public_calls.h"

namespace cityloop::serve {

Result<std::string> follow_doc(const Call& call, const Followed& followed);
// Whether the holder may see this picture: their own, or one of the finished work.
Result<bool> may_see_picture(const Call& call, const Followed& followed, std::string_view id);

}  // namespace cityloop::serve
