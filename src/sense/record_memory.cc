// SPDX-License-Identifier: Apache-2.0
#include "sense/record_memory.h"

namespace cityloop {
namespace {

// FNV-1a with a finish; two of them with different starts tell identities apart.
std::uint64_t digest(std::string_view text, std::uint64_t start) {
  std::uint64_t h = 0xCBF29CE484222325ULL ^ start;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9ULL;
  return h ^ (h >> 31);
}

}  // namespace

RecordMemory::Seen RecordMemory::note(std::string_view identity, std::string_view content) {
  const std::uint64_t key = digest(identity, 0), check = digest(identity, 0x9E3779B97F4A7C15ULL), body = digest(content, 0);
  const auto [found, fresh] = known_.try_emplace(key, Known{check, body});
  if (!fresh && found->second.check == check) {
    if (found->second.content == body) return Seen::same;
    found->second.content = body;
    return Seen::other;
  }
  found->second = Known{check, body};
  if (fresh) order_.push_back(key);
  if (order_.size() > kKept) {
    known_.erase(order_.front());
    order_.pop_front();
  }
  return Seen::first;
}

void RecordMemory::encode(Writer& out) const {
  cityloop::encode(out, static_cast<std::uint64_t>(order_.size()));
  for (const std::uint64_t key : order_) {
    cityloop::encode(out, key);
    cityloop::encode(out, known_.at(key));
  }
}

void RecordMemory::decode(Reader& in) {
  *this = RecordMemory{};
  std::uint64_t size = 0;
  cityloop::decode(in, size);
  if (size > kKept) return in.spoil();
  for (std::uint64_t i = 0; i < size && in.ok(); ++i) {
    std::uint64_t key = 0;
    Known known;
    cityloop::decode(in, key);
    cityloop::decode(in, known);
    if (known_.emplace(key, known).second) order_.push_back(key);
  }
}

}  // namespace cityloop
