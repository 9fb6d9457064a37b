// SPDX-License-Identifier: Apache-2.0
#include "sense/gate.h"

#include <limits>

namespace cityloop {
namespace {

PointGate gate_of(const PointSpec& spec) {
  constexpr double kEnd = std::numeric_limits<double>::infinity();
  return {spec.name,
          spec.least.value_or(-kEnd),
          spec.most.value_or(kEnd),
          spec.limit_low.value_or(-kEnd),
          spec.limit_high.value_or(kEnd),
          spec.plausible_low.value_or(-kEnd),
          spec.plausible_high.value_or(kEnd),
          spec.sentinels,
          !spec.derived.empty()};
}

}  // namespace

int KindGate::find(std::string_view name) const {
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

void KindGates::refresh(const Packs& packs, std::uint64_t turn) {
  if (packs_ == &packs && turn_ == turn && version_ != 0) return;
  packs_ = &packs;
  turn_ = turn;
  std::string digests;
  for (const Pack& pack : packs.all()) digests += pack.name + '@' + pack.version + '@' + pack.digest + '\n';
  if (digests == digests_ && version_ != 0) return;
  digests_ = std::move(digests);
  gates_.clear();
  by_name_.clear();
  for (const Pack& pack : packs.all()) {
    for (const KindSpec& kind : pack.kinds) {
      by_name_.emplace(kind.name, static_cast<int>(gates_.size()));
      KindGate& gate = gates_.emplace_back(KindGate{kind.name, {}});
      for (const PointSpec& point : kind.points) gate.points.push_back(gate_of(point));
    }
  }
  ++version_;
}

int KindGates::index(std::string_view kind) const {
  const auto found = by_name_.find(kind);
  return found == by_name_.end() ? -1 : found->second;
}

std::uint32_t Heads::first(std::uint32_t slot, std::size_t points) {
  if (slot >= places_.size()) places_.resize(slot + 1);
  Place& place = places_[slot];
  if (place.count < points) {
    const auto fresh = static_cast<std::uint32_t>(heads_.size());
    heads_.resize(heads_.size() + points);
    for (std::uint32_t i = 0; i < place.count; ++i) heads_[fresh + i] = heads_[place.first + i];
    place = {fresh, static_cast<std::uint32_t>(points)};
  }
  return place.first;
}

void Heads::forget(std::uint32_t slot) {
  if (slot >= places_.size()) return;
  const Place place = places_[slot];
  for (std::uint32_t i = 0; i < place.count; ++i) heads_[place.first + i] = Head{};
}

// Written slot by slot, so that the bytes do not depend on the order in which heads were first needed.
void Heads::encode(Writer& out) const {
  cityloop::encode(out, static_cast<std::uint64_t>(places_.size()));
  for (const Place& place : places_) {
    cityloop::encode(out, place.count);
    out.raw(heads_.data() + place.first, place.count * sizeof(Head));
  }
}

void Heads::decode(Reader& in) {
  *this = Heads{};
  std::uint64_t slots = 0;
  cityloop::decode(in, slots);
  if (slots * sizeof(std::uint32_t) > in.left()) return in.spoil();
  places_.resize(slots);
  for (Place& place : places_) {
    std::uint32_t count = 0;
    cityloop::decode(in, count);
    if (count * sizeof(Head) > in.left()) return in.spoil();
    place = {static_cast<std::uint32_t>(heads_.size()), count};
    heads_.resize(heads_.size() + count);
    in.raw(heads_.data() + place.first, count * sizeof(Head));
  }
}

}  // namespace cityloop
