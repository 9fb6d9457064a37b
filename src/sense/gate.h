// SPDX-License-Identifier: Apache-2.0
// What the gate knows of kinds and points: the packs' ranges in the form that is quickest to ask, and the newest value of
// every point. City thread; hot.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec.h"
#include "core/pack.h"

namespace cityloop {

struct PointGate {
  std::string name;
  double least, most;            // physical; infinite where the pack says nothing
  double limit_low, limit_high;  // the sensor's own ends
  double plausible_low, plausible_high;
  std::vector<double> sentinels;
  bool derived = false;
};

struct KindGate {
  std::string kind;
  std::vector<PointGate> points;
  int find(std::string_view name) const;  // -1: no such point
};

// Follows from the packs; made anew when they change.
class KindGates {
 public:
  // Cheap when nothing changed since the last call of the same turn.
  void refresh(const Packs& packs, std::uint64_t turn);
  // Index of a kind, -1 when no pack has it.
  int index(std::string_view kind) const;
  const KindGate& at(int index) const { return gates_[static_cast<std::size_t>(index)]; }
  std::uint64_t version() const { return version_; }

 private:
  std::vector<KindGate> gates_;
  std::map<std::string, int, std::less<>> by_name_;
  std::string digests_;
  const Packs* packs_ = nullptr;  // compared, never followed
  std::uint64_t turn_ = 0;
  std::uint64_t version_ = 0;
};

struct Head {  // newest sample of a point; `at` 0: never heard
  std::int64_t at = 0;
  std::int64_t mantissa = 0;
  std::int64_t scale = 0;
  Decimal value() const { return {mantissa, static_cast<std::int32_t>(scale)}; }
};

// Heads of all points, dense by (slot, point).
class Heads {
 public:
  // Number of the asset's first head; there are at least `points` of them. Holds until it is asked with more points.
  std::uint32_t first(std::uint32_t slot, std::size_t points);
  std::uint32_t first(std::uint32_t slot) const { return places_[slot].first; }  // of one that has some
  Head* at(std::uint32_t first) { return heads_.data() + first; }
  const Head* at(std::uint32_t first) const { return heads_.data() + first; }
  bool has(std::uint32_t slot, std::size_t points) const { return slot < places_.size() && places_[slot].count >= points; }
  void forget(std::uint32_t slot);                                // a removed asset's

  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  struct Place {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };
  std::vector<Place> places_;  // by slot
  std::vector<Head> heads_;
};

}  // namespace cityloop
