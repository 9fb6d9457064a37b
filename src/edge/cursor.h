// SPDX-License-Identifier: Apache-2.0
// The text form of a list's cursor: base64url without padding, so that it stands in a URL as it is. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace cityloop {

std::string cursor_text(std::string_view bytes);
Result<std::string> cursor_bytes(std::string_view text);  // kBadField when it is not ours

}  // namespace cityloop
