// SPDX-License-Identifier: Apache-2.0
// The register as edge threads read it: all assets in memory, by slot, filled from the Journal and kept up to date from its
// events. So that a map of 100,000 assets costs no table scan. Thread-safe; answers are immutable pictures.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "city/ports.h"
#include "core/words.h"

namespace cityloop::serve {

struct BookEntry {
  std::string id, name, kind, area;
  LngLat place;
  bool has_place = false;
  bool retired = false;
  std::uint32_t slot = 0;
};

class AssetBook {
 public:
  using Shelf = std::vector<std::shared_ptr<const BookEntry>>;  // ascending by slot
  struct Picture {
    std::uint64_t seq = 0;                                       // events up to here are in it
    std::map<std::string, std::shared_ptr<const Shelf>, std::less<>> kinds;
    std::size_t assets = 0;
  };

  explicit AssetBook(const Journal* journal) : journal_(journal) {}
  // As new as the Journal is now. The first call reads the whole register.
  Result<std::shared_ptr<const Picture>> picture();

 private:
  Result<void> fill();
  Result<void> follow(std::uint64_t to);
  void put(const std::string& doc);
  void remove(const std::string& id);
  void publish();

  const Journal* journal_;
  std::mutex mutex_;
  bool filled_ = false;
  std::uint64_t seq_ = 0;
  std::unordered_map<std::string, std::shared_ptr<const BookEntry>> by_id_;
  std::map<std::string, bool, std::less<>> changed_kinds_;
  std::shared_ptr<const Picture> picture_ = std::make_shared<Picture>();
};

}  // namespace cityloop::serve
