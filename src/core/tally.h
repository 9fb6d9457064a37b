// SPDX-License-Identifier: Apache-2.0
// How often each of a fixed set of codes was given to somebody: what /metrics says of refusals. Any thread. Adding looks the code
// up among some tens, which only a refusal pays.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cityloop {

class Tally {
 public:
  explicit Tally(std::vector<std::string> codes);

  void add(std::string_view code, std::uint64_t times = 1);  // one that is not of the set counts as `other`
  using Counts = std::vector<std::pair<std::string, std::uint64_t>>;
  Counts read() const;  // every code of the set, and `other`

 private:
  const std::vector<std::string> codes_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;
};

std::vector<std::string> problem_codes();  // of errors.h, by name

}  // namespace cityloop
