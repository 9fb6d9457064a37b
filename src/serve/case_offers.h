// SPDX-License-Identifier: Apache-2.0
// What the caller may do with a stored case, with all that the offers depend on read from the Journal. Of this room only.
#pragma once

#include <string>

#include "core/words.h"
#include "serve/call.h"

namespace cityloop::serve {

Result<std::string> offers_of(const Call& call, const Case& file);  // a JSON array: name, enabled, fields, required, why_not, code

}  // namespace cityloop::serve
