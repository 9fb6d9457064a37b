// SPDX-License-Identifier: Apache-2.0
// What the city lends a room for the length of one input: the turn's time and chance, the tables, and where events go.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/event.h"
#include "core/message.h"
#include "core/register.h"

namespace cityloop {

// SplitMix64: small, seedable, the same on every machine. The only chance that rooms have.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  std::string id(std::string_view prefix);  // `a-` + 16 hex digits

 private:
  std::uint64_t state_;
};

struct Context {
  std::uint64_t turn = 0;
  Time now{};                    // of the turn
  Time arrival{};                // of the input being worked on
  Chance& chance;
  const Register& tables;
  const Packs& packs;
  std::vector<Event>& events;    // grows; rooms that come later read what earlier ones emitted

  void emit(std::string kind, std::string actor, EventBody body) {
    events.push_back(Event{0, now, std::move(kind), std::move(actor), std::move(body)});
  }
};

inline Answer refuse(const Code& code, std::string detail) {
  return Answer{code.status, std::string(code.name), std::move(detail), {}, 0, 0};
}
inline Answer refuse(const Error& error) { return refuse(*error.code, error.detail); }
inline Answer done(std::string body = "{}", std::uint64_t rev = 0, int status = 200) {
  return Answer{status, {}, {}, std::move(body), 0, rev};
}

}  // namespace cityloop
