// SPDX-License-Identifier: Apache-2.0
#include "sense/path.h"

#include <charconv>

#include "core/json.h"

namespace cityloop {
namespace {

Result<std::string> unescaped(std::string_view step) {  // RFC 6901 §3
  std::string out;
  for (std::size_t i = 0; i < step.size(); ++i) {
    if (step[i] != '~') {
      out += step[i];
    } else if (i + 1 < step.size() && (step[i + 1] == '0' || step[i + 1] == '1')) {
      out += step[++i] == '0' ? '~' : '/';
    } else {
      return fail(errors::kBadField, "`" + std::string(step) + "`: after `~` a JSON pointer has 0 or 1");
    }
  }
  return out;
}

}  // namespace

Result<Path> parse_path(std::string_view text) {
  Path path{std::string(text), {}};
  if (text.empty()) return path;
  const bool pointer = text.front() == '/';
  std::string_view rest = pointer ? text.substr(1) : text;
  for (bool more = true; more;) {
    const std::size_t end = rest.find(pointer ? '/' : '.');
    more = end != std::string_view::npos;
    const std::string_view step = rest.substr(0, end);
    if (step.empty()) return fail(errors::kBadField, "`" + std::string(text) + "` has an empty step");
    path.steps.push_back(pointer ? TRY(unescaped(step)) : std::string(step));
    if (more) rest.remove_prefix(end + 1);
  }
  return path;
}

const json::value* follow(const json::value& document, const Path& path) {
  const json::value* here = &document;
  for (const std::string& step : path.steps) {
    if (here->is_object()) {
      here = here->get_object().if_contains(step);
    } else if (here->is_array()) {
      std::size_t index = 0;
      const auto [end, code] = std::from_chars(step.data(), step.data() + step.size(), index);
      if (code != std::errc{} || end != step.data() + step.size()) return nullptr;
      here = here->get_array().if_contains(index);
    } else {
      return nullptr;
    }
    if (here == nullptr) return nullptr;
  }
  return here;
}

}  // namespace cityloop
