// SPDX-License-Identifier: Apache-2.0
// Whether bytes from outside are UTF-8 as RFC 3629 has it: no overlong form, no surrogate, nothing above U+10FFFF.
#pragma once

#include <string_view>

namespace cityloop {

bool is_utf8(std::string_view text);

}  // namespace cityloop
