// SPDX-License-Identifier: Apache-2.0
// By what letters a Chinese name is found: the initials of its pinyin, `沙坪坝区 3 号` by `spbq3h`. Pure, any thread. Of this room only.
#pragma once

#include <string>
#include <string_view>

namespace cityloop::serve {

// The first letter of each character's usual reading from U+4E00 to U+9FA5; `?` where there is none.
extern const char kInitials[];

// Letters and digits stand for themselves in lower case, what lies between is left out. A character that names read in two ways
// (重, 长, 厦 …) gives both, the spellings separated by spaces, at most eight of them. Empty where no Chinese stands in the text.
std::string initials_of(std::string_view text);

// The text and its initials, as the column `words` of a table holds them.
std::string searchable(std::string text);

}  // namespace cityloop::serve
