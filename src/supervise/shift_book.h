// SPDX-License-Identifier: Apache-2.0
// 交接班: one hands over what is open, another takes it with a session of their own. At most one hand-over waits in an area; what was
// listed is kept as it was signed. City thread only.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/context.h"

namespace cityloop {

struct HandOver {
  std::string id;          // `h-` + 16 hex digits
  std::string area;
  std::string giver, giver_name, note;
  std::string to;          // who alone may take it; empty: whoever comes
  std::string open;        // JSON: what was open when it was signed
  Time at{};
  std::uint64_t rev = 1;
};

class ShiftBook {
 public:
  // shift.hand {note?,to?,open}: signs; the giver may sign anew while nobody has taken it. shift.take {note?} and shift.withdraw,
  // subject the id, with the rev that was seen. The list `open` is made by the edge, which can read the stores.
  static bool handles(std::string_view verb) { return verb == "shift.hand" || verb == "shift.take" || verb == "shift.withdraw"; }
  Answer act(const ActionIn& in, const Actor& actor, Context& city);

  void encode(class Writer& out) const;
  void decode(class Reader& in);

 private:
  Answer hand(const ActionIn& in, const Actor& actor, Context& city);
  Answer end(const ActionIn& in, const Actor& actor, Context& city);

  std::map<std::string, HandOver, std::less<>> waiting_;  // by area
};

}  // namespace cityloop
