// SPDX-License-Identifier: Apache-2.0
#include "sense/asset_index.h"

#include <cstring>

namespace cityloop {
namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  const Wide product = Wide{a ^ 0xA0761D6478BD642FULL} * (b ^ 0xE7037ED1A0B428DBULL);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

std::uint64_t AssetIndex::hash(std::string_view id) {
  std::uint64_t h = id.size();
  while (id.size() >= 16) {
    std::uint64_t a = 0, b = 0;
    std::memcpy(&a, id.data(), 8);
    std::memcpy(&b, id.data() + 8, 8);
    h = mixed(a ^ h, b);
    id.remove_prefix(16);
  }
  std::uint64_t rest[2] = {0, 0};
  std::memcpy(rest, id.data(), id.size());
  h = mixed(rest[0] ^ h, rest[1]);
  return h == 0 ? 1 : h;
}

void AssetIndex::follow(const Register& tables) {
  if (changes_ != tables.asset_changes() || (used_ == 0 && tables.asset_count() != 0)) rebuild(tables);
}

void AssetIndex::put(const Asset& asset, const Register& tables) {
  if (changes_ + 1 != tables.asset_changes() || (used_ + 1) * 2 > table_.size()) return rebuild(tables);
  changes_ = tables.asset_changes();
  Entry* const entry = find(asset.id, hash(asset.id));
  if (entry == nullptr) return insert(asset);
  entry->life = asset.life;
  if (entry->slot == asset.slot) return;
  entry->slot = asset.slot;  // another kind
  entry->kind = kUnasked;
  entry->heads = kNoHeads;
}

void AssetIndex::remove(std::string_view id, const Register& tables) {
  if (changes_ + 1 != tables.asset_changes()) return rebuild(tables);
  changes_ = tables.asset_changes();
  if (Entry* const entry = find(id, hash(id))) entry->slot = 0;
}

void AssetIndex::forget_kinds() {
  for (Entry& entry : table_) {
    entry.kind = kUnasked;
    entry.heads = kNoHeads;
  }
}

void AssetIndex::insert(const Asset& asset) {
  const std::uint64_t h = hash(asset.id);
  std::uint64_t i = h & mask_;
  while (table_[i].hash != 0) i = (i + 1) & mask_;
  table_[i] = Entry{h, asset.slot, static_cast<std::uint32_t>(ids_.size()), kNoHeads, kUnasked,
                    static_cast<std::uint8_t>(asset.id.size()), asset.life};
  ids_ += asset.id;
  ++used_;
}

void AssetIndex::rebuild(const Register& tables) {
  std::size_t size = 64;
  while (size < tables.asset_count() * 3) size *= 2;
  table_.assign(size, Entry{});
  mask_ = size - 1;
  used_ = 0;
  ids_.clear();
  tables.each_asset([&](const Asset& asset) { insert(asset); });
  changes_ = tables.asset_changes();
}

}  // namespace cityloop
