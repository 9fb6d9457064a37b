// SPDX-License-Identifier: Apache-2.0
#include "sense/patterns.h"

#include <algorithm>

namespace cityloop {
namespace {

bool matches(std::string_view glob, std::string_view text) {
  std::size_t g = 0, t = 0, star = std::string_view::npos, after_star = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      after_star = t;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++after_star;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}  // namespace

AssetPatterns::AssetPatterns(std::vector<std::string> patterns) : patterns_(std::move(patterns)) {
  for (const std::string& pattern : patterns_) {
    const std::size_t wild = pattern.find_first_of("*?");
    if (wild == std::string::npos) {
      exact_.insert(pattern);
    } else if (wild + 1 == pattern.size() && pattern.back() == '*') {
      prefixes_.push_back(pattern.substr(0, wild));
    } else {
      globs_.push_back(pattern);
    }
  }
}

bool AssetPatterns::covers(std::string_view asset) const {
  if (std::ranges::any_of(prefixes_, [&](const std::string& prefix) { return asset.starts_with(prefix); })) return true;
  if (exact_.contains(asset)) return true;
  return std::ranges::any_of(globs_, [&](const std::string& glob) { return matches(glob, asset); });
}

}  // namespace cityloop
