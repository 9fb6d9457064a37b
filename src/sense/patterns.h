// SPDX-License-Identifier: Apache-2.0
// The assets that a credential covers: `septic-500106-*`, exact ids, `*` any run, `?` one character.
// Sorted by kind once, so that asking is cheap for every message.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cityloop {

class AssetPatterns {
 public:
  explicit AssetPatterns(std::vector<std::string> patterns);
  bool covers(std::string_view asset) const;
  const std::vector<std::string>& patterns() const { return patterns_; }

 private:
  std::vector<std::string> patterns_;  // as given
  std::set<std::string, std::less<>> exact_;
  std::vector<std::string> prefixes_;  // `abc*`
  std::vector<std::string> globs_;
};

}  // namespace cityloop
