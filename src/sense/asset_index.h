// SPDX-License-Identifier: Apache-2.0
// From an asset's id to what the gate needs of it, in one cache line: made for batches, which prefetch what they will touch.
// City thread. Follows from the register; never part of the state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/register.h"

namespace cityloop {

class AssetIndex {
 public:
  static constexpr std::int16_t kUnasked = -2;        // kind not looked up yet
  static constexpr std::uint32_t kNoHeads = 0xFFFFFFFF;

  struct alignas(32) Entry {
    std::uint64_t hash = 0;
    std::uint32_t slot = 0;               // 0: free, or removed where hash is not 0
    std::uint32_t id_at = 0;              // in the text of all ids
    std::uint32_t heads = kNoHeads;       // first head of the asset
    std::int16_t kind = kUnasked;         // index into KindGates, -1 when no pack has the kind
    std::uint8_t id_size = 0;
    Life life = Life::in_use;
  };

  static std::uint64_t hash(std::string_view id);

  // Makes the index equal to the register where something changed it that did not say so here.
  void follow(const Register& tables);
  void put(const Asset& asset, const Register& tables);    // after register.put_asset
  void remove(std::string_view id, const Register& tables);  // after register.remove_asset
  void forget_kinds();                                     // the packs changed

  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&table_[hash & mask_]); }
  // First entry with this hash; its id and heads are worth a prefetch. Null: unknown.
  const Entry* likely(std::uint64_t hash) const;
  void prefetch_id(const Entry& entry) const { __builtin_prefetch(ids_.data() + entry.id_at); }
  // The asset's entry. Null: unknown.
  const Entry* find(std::string_view id, std::uint64_t hash) const;
  Entry* find(std::string_view id, std::uint64_t hash) {
    return const_cast<Entry*>(static_cast<const AssetIndex*>(this)->find(id, hash));
  }

 private:
  void insert(const Asset& asset);
  void rebuild(const Register& tables);

  std::vector<Entry> table_ = std::vector<Entry>(64);
  std::uint64_t mask_ = 63;
  std::size_t used_ = 0;       // entries, removed ones among them
  std::string ids_;
  std::uint64_t changes_ = 0;  // of the register, that are in here
};

inline const AssetIndex::Entry* AssetIndex::likely(std::uint64_t hash) const {
  for (std::uint64_t i = hash & mask_; table_[i].hash != 0; i = (i + 1) & mask_) {
    if (table_[i].hash == hash && table_[i].slot != 0) return &table_[i];
  }
  return nullptr;
}

inline const AssetIndex::Entry* AssetIndex::find(std::string_view id, std::uint64_t hash) const {
  for (std::uint64_t i = hash & mask_; table_[i].hash != 0; i = (i + 1) & mask_) {
    const Entry& entry = table_[i];
    if (entry.hash != hash || entry.slot == 0 || entry.id_size != id.size()) continue;
    if (std::string_view(ids_.data() + entry.id_at, entry.id_size) == id) return &entry;
  }
  return nullptr;
}

}  // namespace cityloop
