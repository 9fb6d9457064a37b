// SPDX-License-Identifier: Apache-2.0
// What the gate found in one batch: counts of messages, and the refused ones with their reasons. Inside sense.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/context.h"

namespace cityloop {

inline constexpr std::size_t kFindingsKept = 1'000;  // of one batch by name; more are counted

struct Finding {
  std::uint32_t index = 0;      // of the message, as the sender counts
  std::string point;            // empty: the whole message
  std::string code;
  std::string detail;
  std::string asset;
  std::string payload;          // made only where the finding is kept
};

struct Findings {
  std::uint64_t accepted = 0, duplicate = 0, corrected = 0;
  std::vector<Finding> refused;
  std::uint64_t more = 0;       // refused beyond kFindingsKept
  std::map<std::string, std::uint64_t, std::less<>> by_code{};  // all refused
  std::uint64_t late = 0;       // values
  std::uint64_t good() const { return accepted + duplicate + corrected; }
  std::uint64_t refused_count() const { return refused.size() + more; }
  // Counts one refusal; true: it is to be kept by name too.
  bool count(std::string_view code);
};

// The document of architecture §5; 422 with the first code where `single` and nothing was good.
Answer answer_of(const Findings& found, bool single);

}  // namespace cityloop
