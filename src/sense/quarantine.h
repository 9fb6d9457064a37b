// SPDX-License-Identifier: Apache-2.0
// What was refused, with its reason and its raw text, until somebody re-ingests or drops it. City thread. The rows live in
// the Journal for ever; here are only the ones that still wait, at most kWaiting of them and kWaitingBytes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "core/codec.h"
#include "core/context.h"
#include "sense/findings.h"

namespace cityloop {

class Quarantine {
 public:
  static constexpr std::size_t kATurn = 1'000;             // items of one turn; more are counted in one item
  static constexpr std::size_t kWaiting = 20'000;
  static constexpr std::size_t kWaitingBytes = 16u << 20;  // of payloads

  // Makes an item of each finding. `arrival` is kept as the item's time, so that a re-ingest is judged as if at that time.
  void keep(const Findings& found, std::string_view principal, std::string_view source, Time arrival, Context& city);

  const QuarantineItem* find(std::string_view id) const;  // null: unknown, done with, or too old to be kept here
  // Emits the item's new state; one that no longer waits leaves.
  void put(QuarantineItem item, Context& city);
  std::size_t size() const { return waiting_.size(); }
  // How many were kept or passed over since the last call, by code. For metrics; no state of the city.
  std::map<std::string, std::uint64_t, std::less<>> take_counts() { return std::exchange(counts_, {}); }

  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  void summarise(std::uint64_t more, const Finding& first, std::string_view principal, std::string_view source, Context& city);
  void trim();

  std::uint64_t next_ = 1;
  std::map<std::uint64_t, QuarantineItem> waiting_;
  std::size_t bytes_ = 0;
  std::uint64_t turn_ = 0;          // that the counts below belong to
  std::uint64_t in_turn_ = 0;
  std::uint64_t beyond_ = 0;
  std::uint64_t summary_ = 0;       // number of the turn's summary item
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

}  // namespace cityloop
