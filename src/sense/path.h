// SPDX-License-Identifier: Apache-2.0
// A place inside a JSON document: a JSON pointer (`/data/0/v`) or the same with dots (`data.0.v`). For CSV, a column's name.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace cityloop {

struct Path {
  std::string text;                // as written
  std::vector<std::string> steps;  // unescaped
  bool empty() const { return steps.empty(); }
};

// kBadField for an empty step or a bad `~` escape. Empty text is the empty path: the document itself.
Result<Path> parse_path(std::string_view text);

// Null where the document has no such place.
const boost::json::value* follow(const boost::json::value& document, const Path& path);

}  // namespace cityloop
