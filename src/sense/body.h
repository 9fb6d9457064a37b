// SPDX-License-Identifier: Apache-2.0
// What reading and record bodies have in common: bounds, lines, and how a broken one is explained. Inside sense only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace cityloop {

inline constexpr std::size_t kRawBytes = 4096;  // of a message that quarantine keeps

// kTooLarge, or kBadJson for an empty body and one with a byte order mark.
Result<void> check_body(std::string_view body);

bool is_lines_type(std::string_view content_type);  // NDJSON, JSON lines

std::string_view trimmed(std::string_view text);  // without JSON white space at both ends

// Takes the next line that is not blank off `rest`, trimmed; false at the end.
bool next_line(std::string_view& rest, std::string_view& line);

std::string cut_raw(std::string_view raw);  // at most kRawBytes, never in the middle of a UTF-8 character

// Where and why `text` is not JSON. Only for text that was refused.
Error why_broken(std::string_view text);

Error too_many_messages();

}  // namespace cityloop
