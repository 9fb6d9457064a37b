// SPDX-License-Identifier: Apache-2.0
// What the calls of people without an account share: gates by address, the follow key, what packs offer them.
// Of this room only; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/citizen.h"
#include "core/geo.h"
#include "serve/call.h"

namespace cityloop::serve {

// The part of an address that one household or office has: an IPv4 address, the first 64 bits of an IPv6 one.
std::string address_block(std::string_view peer);

// One more call of this address; when it calls too often, answers 429 and gives false.
enum class Gate : std::uint8_t { call, report, photo };
bool passes(Call& call, Gate gate);
template <Handler Work, Gate gate = Gate::call>
void gated(Call& call) {
  if (passes(call, gate)) Work(call);
}

// What the `Follow-Key` header opens: the report of the path's first argument. An unknown report, a wrong key and no key
// look the same (kNotFound); whoever guesses is slowed down.
struct Followed {
  json::object report;
  std::optional<Time> expected;
  std::string case_no;  // empty: none yet
};
Result<Followed> followed(Call& call);

// From the key that the page draws: what the report is known by, and what follows it.
std::string drawn_id(std::string_view key);
std::string follow_key(std::string_view key);
// The page's key; kMissingField when it is not there or short enough to be guessed.
Result<std::string> drawn_key(const Call& call);

// What the `citizen` sections of the packs let people choose and find (docs/how-to/add-a-pack.md).
struct OfferedClass {
  std::string key;  // `GB2013/event/0113`
  ClassCode code;
  Words title;
};
struct OfferedPlace {
  std::string name;  // `toilet`
  std::string kind;  // of the register
  Words title;
  std::vector<std::string> show;  // attributes
};
std::vector<OfferedClass> offered_classes(const Packs& packs);
std::vector<OfferedPlace> offered_places(const Packs& packs);

// The table's row of the class; nothing when it has none.
std::optional<json::object> class_row(const CityFace& city, const std::string& key);
double radius_of_class(const std::optional<json::object>& row);
// When to expect it done: the longest limit of the class that is in force.
std::optional<Time> promise_of(const CityFace& city, const std::optional<json::object>& row);

}  // namespace cityloop::serve
