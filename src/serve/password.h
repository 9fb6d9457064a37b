// SPDX-License-Identifier: Apache-2.0
// The rule for people's passwords (domain.md §7.1). Pure.
#pragma once

#include <string_view>

#include "core/result.h"

namespace cityloop::serve {

// At least 10 characters, three of four classes, without the user's name: kWeakPassword otherwise.
Result<void> check_password(std::string_view name, std::string_view password);

}  // namespace cityloop::serve
