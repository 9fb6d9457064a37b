// SPDX-License-Identifier: Apache-2.0
#include "core/tally.h"

#include <algorithm>

#include "core/errors.h"

namespace cityloop {

Tally::Tally(std::vector<std::string> codes) : codes_(std::move(codes)), counts_(new std::atomic<std::uint64_t>[codes_.size() + 1]{}) {}

void Tally::add(std::string_view code, std::uint64_t times) {
  const auto found = std::find(codes_.begin(), codes_.end(), code);
  counts_[static_cast<std::size_t>(found - codes_.begin())].fetch_add(times, std::memory_order_relaxed);
}

Tally::Counts Tally::read() const {
  Counts out;
  for (std::size_t i = 0; i < codes_.size(); ++i) out.emplace_back(codes_[i], counts_[i].load(std::memory_order_relaxed));
  out.emplace_back("other", counts_[codes_.size()].load(std::memory_order_relaxed));
  return out;
}

std::vector<std::string> problem_codes() {
  std::vector<std::string> out;
  for (const Code* code : all_codes()) out.emplace_back(code->name);
  return out;
}

}  // namespace cityloop
