// SPDX-License-Identifier: Apache-2.0
// From method and path to a route. Of this room only; pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "serve/call.h"

namespace cityloop::serve {

struct Match {
  const Route* route = nullptr;    // null: no such path, or not by this method
  std::vector<std::string> args;
  std::string allowed;             // methods of the path, for 405; empty: no such path
};
// Literal segments go before `{x}:verb`, and those before plain `{x}`.
Match match_route(std::string_view method, std::string_view path);

// Query parameters of a route, `@list` spelt out.
std::vector<std::string_view> parameters_of(const Route& route);
std::string role_names(RoleSet set);
std::vector<Role> roles_of(RoleSet set);

}  // namespace cityloop::serve
