// SPDX-License-Identifier: Apache-2.0
// A notice as people read it, in Chinese or English: the same words for every channel and for the preview. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/words.h"

namespace cityloop {

struct NoticeText {
  std::string title;                                         // one line
  std::vector<std::pair<std::string, std::string>> lines;    // label, value; each one line
  std::string link;                                          // opened by the reader to say so; empty: none
};

// The `data` of a notice about an alarm; `area`: its own, or null.
std::string alarm_notice_data(const Alarm& alarm, std::string_view comment, const Area* area);

NoticeText notice_text(const Notice& notice, std::string_view language, Millis utc_offset);

// `title`, then `label: value` lines, then the link.
std::string plain_text(const NoticeText& text, std::string_view language);
// The one line that a short message has room for: title, place, number; at most `most` characters, cut with `…`.
std::string short_text(const NoticeText& text, std::size_t most);
// At most `most` bytes, never inside a character; `…` where something was cut.
std::string cut_bytes(std::string_view text, std::size_t most);

// The notice types that the city sends, with their names in both languages; the receivers' page and documents list them.
struct NoticeType {
  std::string_view name;
  std::string_view zh;
  std::string_view en;
};
const std::vector<NoticeType>& notice_types();

}  // namespace cityloop
