// SPDX-License-Identifier: Apache-2.0
// Names of assets, units, areas and people for documents that hold only ids; remembers within one answer.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "serve/call.h"

namespace cityloop::serve {

class Names {
 public:
  explicit Names(const CityFace& city) : city_(city) {}
  // `name` of the row; empty when there is none.
  const std::string& of(std::string_view table, const std::string& key);
  // Display name of `user:…`; of others the part behind the colon.
  std::string person(std::string_view principal) const;

 private:
  const CityFace& city_;
  std::map<std::pair<std::string, std::string>, std::string> known_;
};

}  // namespace cityloop::serve
