// SPDX-License-Identifier: Apache-2.0
// Which working calendar is in force, and who said so. A city has one at a time: the shipped one (calendars/ beside the
// program) until an administrator puts another; that one then stays, whatever later programs ship. City thread only.
#pragma once

#include <optional>
#include <string>

#include "core/context.h"
#include "supervise/calendar.h"

namespace cityloop {

class CalendarBook {
 public:
  explicit CalendarBook(Millis utc_offset) : utc_offset_(utc_offset) {}

  // `calendar.put`: an administrator of the whole city, subject the name, body the file. `calendar.ship`: the program
  // itself; leaves alone what an administrator has put.
  static bool handles(std::string_view verb) { return verb == "calendar.put" || verb == "calendar.ship"; }
  // Takes it into force and tells it (RowPut `calendars`), or answers why not.
  std::optional<Answer> take(const ActionIn& in, const Actor& actor, Context& city);

  const Calendar* in_force() const { return calendar_ ? &*calendar_ : nullptr; }
  const std::string& name() const { return name_; }
  const std::string& text() const { return text_; }
  bool shipped() const { return shipped_; }

  void encode(class Writer& out) const;
  void decode(class Reader& in);

 private:
  Millis utc_offset_{};
  std::string name_, text_, by_;
  Time at_{};
  bool shipped_ = false;
  std::uint64_t rev_ = 0;
  std::optional<Calendar> calendar_;  // text_, parsed
};

}  // namespace cityloop
