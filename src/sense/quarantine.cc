// SPDX-License-Identifier: Apache-2.0
#include "sense/quarantine.h"

#include <charconv>

namespace cityloop {
namespace {

std::string id_of(std::uint64_t number) { return "q-" + std::to_string(number); }

std::uint64_t number_of(std::string_view id) {
  std::uint64_t number = 0;
  if (!id.starts_with("q-")) return 0;
  const auto [end, code] = std::from_chars(id.data() + 2, id.data() + id.size(), number);
  return code == std::errc{} && end == id.data() + id.size() ? number : 0;
}

}  // namespace

void Quarantine::keep(const Findings& found, std::string_view principal, std::string_view source, Time arrival, Context& city) {
  if (found.refused.empty()) return;
  for (const auto& [code, times] : found.by_code) counts_[code] += times;
  if (turn_ != city.turn) {
    turn_ = city.turn;
    in_turn_ = beyond_ = summary_ = 0;
  }
  std::uint64_t more = found.more;
  const Finding* first = nullptr;
  for (const Finding& one : found.refused) {
    if (in_turn_ == kATurn) {
      if (first == nullptr) first = &one;
      ++more;
      continue;
    }
    ++in_turn_;
    const std::uint64_t number = next_++;
    QuarantineItem item{id_of(number), arrival,  std::string(principal), std::string(source), one.asset, one.point,
                        one.code,      one.detail, one.payload,          "waiting"};
    bytes_ += item.payload.size();
    waiting_.emplace(number, item);
    city.emit("quarantine.new", std::string(principal), std::move(item));
  }
  if (more > 0) summarise(more, first == nullptr ? found.refused.back() : *first, principal, source, city);
  trim();
}

// One item says how many more there were; it is put again with a greater number when the turn goes on like that.
void Quarantine::summarise(std::uint64_t more, const Finding& first, std::string_view principal, std::string_view source, Context& city) {
  beyond_ += more;
  if (summary_ == 0) summary_ = next_++;
  QuarantineItem item{id_of(summary_), city.now, std::string(principal), std::string(source), {}, {}, first.code,
                      std::to_string(beyond_) + " more were refused in this turn and are not kept one by one; one of them: " + first.detail,
                      {}, "dropped"};
  city.emit("quarantine.new", std::string(principal), std::move(item));
}

void Quarantine::trim() {
  while (waiting_.size() > kWaiting || bytes_ > kWaitingBytes) {
    bytes_ -= waiting_.begin()->second.payload.size();
    waiting_.erase(waiting_.begin());
  }
}

const QuarantineItem* Quarantine::find(std::string_view id) const {
  const auto found = waiting_.find(number_of(id));
  return found == waiting_.end() ? nullptr : &found->second;
}

void Quarantine::put(QuarantineItem item, Context& city) {
  const auto found = waiting_.find(number_of(item.id));
  CHECK(found != waiting_.end());
  if (item.state == "waiting") {
    bytes_ = bytes_ - found->second.payload.size() + item.payload.size();
    found->second = item;
  } else {
    bytes_ -= found->second.payload.size();
    waiting_.erase(found);
  }
  city.emit("quarantine.update", {}, std::move(item));
}

void Quarantine::encode(Writer& out) const {
  cityloop::encode(out, next_);
  cityloop::encode(out, waiting_);
  cityloop::encode(out, turn_);
  cityloop::encode(out, in_turn_);
  cityloop::encode(out, beyond_);
  cityloop::encode(out, summary_);
}

void Quarantine::decode(Reader& in) {
  cityloop::decode(in, next_);
  cityloop::decode(in, waiting_);
  cityloop::decode(in, turn_);
  cityloop::decode(in, in_turn_);
  cityloop::decode(in, beyond_);
  cityloop::decode(in, summary_);
  bytes_ = 0;
  for (const auto& [number, item] : waiting_) bytes_ += item.payload.size();
}

}  // namespace cityloop
