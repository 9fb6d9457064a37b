// SPDX-License-Identifier: Apache-2.0
// Finds the open case that a new event belongs to: by class and asset, or by class and place. Derived from the open
// cases alone, so it is never stored. City thread only.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/class_standard.h"

namespace cityloop {

class CaseIndex {
 public:
  // Enters the case, or takes it out when it is not open. What it was entered under before is forgotten.
  void update(const Case& file);
  void remove(const std::string& no);

  // Number of the open case of this class and asset; empty: none. An asset must be given.
  std::string of_asset(const ClassCode& klass, const std::string& asset) const;
  // Open cases of this class within radius_m, nearest first, ties by number.
  std::vector<std::string> near(const ClassCode& klass, LngLat place, double radius_m) const;

 private:
  using Cell = std::tuple<std::string, std::int32_t, std::int32_t>;  // class, column, row
  struct Entry {
    std::string klass;
    std::string asset;
    std::optional<LngLat> place;
  };
  std::map<std::string, Entry, std::less<>> entries_;
  std::map<std::pair<std::string, std::string>, std::string> by_asset_;
  std::map<Cell, std::set<std::string>> by_cell_;
};

}  // namespace cityloop
