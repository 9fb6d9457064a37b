// SPDX-License-Identifier: Apache-2.0
#include "serve/match.h"

#include <map>

#include "serve/engine.h"

namespace cityloop::serve {
namespace {

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(at);
    if (end != 0) parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

struct Segment {
  bool open = false;           // starts with {x}
  std::string_view fixed;      // whole text, or the `:verb` behind {x}
};

struct Prepared {
  const Route* route;
  std::vector<Segment> segments;
};

struct Index {
  // By the first word behind /api/v1/, up to `:`; others under "".
  std::map<std::string_view, std::vector<Prepared>> by_word;
};

std::string_view word_of(const std::vector<std::string_view>& segments) {
  if (segments.size() < 3 || segments[0] != "api" || segments[1] != "v1") return {};
  return segments[2].substr(0, segments[2].find(':'));
}

const Index& index() {
  static const Index kIndex = [] {
    Index out;
    for (const Route& route : routes()) {
      Prepared prepared{&route, {}};
      const auto parts = split(route.pattern, '/');
      for (const std::string_view part : parts) {
        if (part.starts_with('{')) prepared.segments.push_back({true, part.substr(part.find('}') + 1)});
        else prepared.segments.push_back({false, part});
      }
      out.by_word[word_of(parts)].push_back(std::move(prepared));
    }
    return out;
  }();
  return kIndex;
}

// How exactly the path is met; 0: not at all. Compared segment by segment, so the sum over few segments ranks well.
int meets(const Prepared& prepared, const std::vector<std::string_view>& path) {
  if (prepared.segments.size() != path.size()) return 0;
  int rank = 1;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const Segment& segment = prepared.segments[i];
    if (!segment.open) {
      if (segment.fixed != path[i]) return 0;
      rank += 16;
    } else if (!segment.fixed.empty()) {
      if (path[i].size() <= segment.fixed.size() || !path[i].ends_with(segment.fixed)) return 0;
      rank += 4;
    }
  }
  return rank;
}

std::vector<std::string> arguments(const Prepared& prepared, const std::vector<std::string_view>& path) {
  std::vector<std::string> args;
  for (std::size_t i = 0; i < path.size(); ++i)
    if (prepared.segments[i].open) args.emplace_back(path[i].substr(0, path[i].size() - prepared.segments[i].fixed.size()));
  return args;
}

}  // namespace

Match match_route(std::string_view method, std::string_view path) {
  Match match;
  if (path.size() > 1 && path.back() == '/') return match;
  const auto segments = split(path, '/');
  const auto family = index().by_word.find(word_of(segments));
  if (family == index().by_word.end()) return match;
  int best = 0;
  for (const Prepared& prepared : family->second) best = std::max(best, meets(prepared, segments));
  if (best == 0) return match;
  for (const Prepared& prepared : family->second) {
    if (meets(prepared, segments) != best) continue;
    if (!match.allowed.empty()) match.allowed += ", ";
    match.allowed += prepared.route->method;
    if (prepared.route->method == method) {
      match.route = prepared.route;
      match.args = arguments(prepared, segments);
    }
  }
  return match;
}

std::vector<std::string_view> parameters_of(const Route& route) {
  std::vector<std::string_view> out;
  for (const std::string_view name : split(route.parameters, ' ')) {
    if (name == "@list") out.insert(out.end(), {"limit", "cursor", "count", "format"});
    else if (!name.empty()) out.push_back(name);
  }
  return out;
}

std::vector<Role> roles_of(RoleSet set) {
  std::vector<Role> out;
  for (int i = 0; i <= static_cast<int>(Role::device); ++i)
    if ((set & bit(static_cast<Role>(i))) != 0) out.push_back(static_cast<Role>(i));
  return out;
}

std::string role_names(RoleSet set) {
  std::string out;
  for (const Role role : roles_of(set)) out += (out.empty() ? "" : ", ") + std::string(role_name(role));
  return out;
}

}  // namespace cityloop::serve
