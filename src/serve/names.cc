// SPDX-License-Identifier: Apache-2.0
#include "serve/names.h"

namespace cityloop::serve {

const std::string& Names::of(std::string_view table, const std::string& key) {
  const auto [found, is_new] = known_.try_emplace({std::string(table), key});
  if (is_new && !key.empty()) {
    const auto row = city_.journal->find(table, key);
    const auto doc = row && *row ? parse_json((*row)->doc) : Result<json::value>(json::value{});
    if (doc && doc->is_object()) found->second = text_or(doc->get_object(), "name");
  }
  return found->second;
}

std::string Names::person(std::string_view principal) const {
  const std::size_t colon = principal.find(':');
  const std::string_view name = colon == std::string_view::npos ? principal : principal.substr(colon + 1);
  if (!principal.starts_with("user:")) return std::string(name);
  const auto table = city_.access();
  const auto user = table->users.find(name);
  return user == table->users.end() || user->second.person.empty() ? std::string(name) : user->second.person;
}

}  // namespace cityloop::serve
