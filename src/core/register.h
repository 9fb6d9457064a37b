// SPDX-License-Identifier: Apache-2.0
// The tables that every room reads in a turn: assets, areas, units. sense changes them; the city hands them to the other
// rooms as const. Only the city thread touches a Register; edge threads read the Journal's rows instead.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/class_standard.h"
#include "core/codec.h"
#include "core/pack.h"
#include "core/words.h"

namespace cityloop {

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

class Register {
 public:
  // ---- assets
  const Asset* asset(std::string_view id) const;        // null: unknown
  const Asset* asset_at(std::uint32_t slot) const;      // null: free or removed
  std::size_t slots() const { return assets_.size(); }  // slots ever given; 0 is never used
  std::size_t asset_count() const { return by_id_.size(); }
  std::uint64_t asset_changes() const { return asset_changes_; }  // grows with every put and removal, for those who keep an index
  // Inserts or replaces; the register sets only `slot`. A new id, and a changed kind, get a fresh slot (History keys never change meaning).
  const Asset& put_asset(Asset asset);
  bool remove_asset(std::string_view id);
  // Nearest first within radius_m; at most `most`. Visits a grid of about 500 m cells, not all assets.
  std::vector<const Asset*> near(LngLat place, double radius_m, std::size_t most) const;
  void each_asset(const std::function<void(const Asset&)>& visit) const;  // ascending by slot

  // ---- areas
  const Area* area(std::string_view code) const;
  void put_area(Area area);
  const std::string& root_area() const { return root_; }
  void set_root_area(std::string code) { root_ = std::move(code); }
  // Code of the smallest area whose shape contains the place; empty when none does.
  std::string area_of(LngLat place) const;
  const std::map<std::string, Area, std::less<>>& areas() const { return areas_; }

  // ---- units
  const Unit* unit(std::string_view id) const;
  void put_unit(Unit unit);
  bool remove_unit(std::string_view id);
  const std::map<std::string, Unit, std::less<>>& units() const { return units_; }

  // ---- classes and their 立结案标准
  const ClassStandard* standard(const ClassCode& klass) const;  // null: the table does not have the class
  void put_standard(ClassStandard klass);
  bool remove_standard(const ClassCode& klass);
  const std::map<std::string, ClassStandard, std::less<>>& standards() const { return standards_; }  // by class_key

  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  struct Extent {
    Box box;
    double area_m2 = 0;
  };
  static std::int64_t cell_of(LngLat place);
  void index(const Asset& asset);
  void unindex(const Asset& asset);

  std::deque<Asset> assets_ = std::deque<Asset>(1);  // by slot; an empty id marks a free slot; addresses never move
  std::unordered_map<std::string, std::uint32_t, StringHash, std::equal_to<>> by_id_;
  std::unordered_map<std::int64_t, std::vector<std::uint32_t>> cells_;
  std::map<std::string, Area, std::less<>> areas_;
  std::map<std::string, Extent, std::less<>> extents_;  // areas that have a shape
  std::map<std::string, Unit, std::less<>> units_;
  std::map<std::string, ClassStandard, std::less<>> standards_;
  std::string root_ = "50";
  std::uint64_t asset_changes_ = 0;
};

// True when something in `area` lies in the scope of an actor whose area is `scope`: codes are hierarchical by prefix,
// an empty scope or the root area covers everything, and what has no area is seen by whole-city actors only.
bool in_scope(std::string_view scope, std::string_view area, std::string_view root);

}  // namespace cityloop
