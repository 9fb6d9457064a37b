// SPDX-License-Identifier: Apache-2.0
#include "core/register.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cityloop {
namespace {

constexpr double kCellDegrees = 0.005;          // about 550 m of latitude
constexpr std::int64_t kCellsAround = 72'000;   // 360 / kCellDegrees
constexpr double kDegreeMetres = 111'195.08;    // one degree on the mean sphere of geo.cc

std::int64_t row_of(double lat) { return static_cast<std::int64_t>(std::floor(lat / kCellDegrees)); }
std::int64_t column_of(double lng) { return static_cast<std::int64_t>(std::floor(lng / kCellDegrees)); }
std::int64_t cell(std::int64_t row, std::int64_t column) { return row * kCellsAround + column; }

struct Hit {
  double distance;
  const Asset* asset;
};

// By slot where two are equally far, so that the order never depends on the hash table.
bool is_nearer(const Hit& a, const Hit& b) {
  return a.distance != b.distance ? a.distance < b.distance : a.asset->slot < b.asset->slot;
}

}  // namespace

const Asset* Register::asset(std::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &assets_[found->second];
}

const Asset* Register::asset_at(std::uint32_t slot) const {
  return slot < assets_.size() && !assets_[slot].id.empty() ? &assets_[slot] : nullptr;
}

const Asset& Register::put_asset(Asset asset) {
  CHECK(!asset.id.empty());
  ++asset_changes_;
  const auto found = by_id_.find(asset.id);
  if (found != by_id_.end() && assets_[found->second].kind == asset.kind) {
    Asset& here = assets_[found->second];
    unindex(here);
    asset.slot = here.slot;
    here = std::move(asset);
    index(here);
    return here;
  }
  if (found != by_id_.end()) {
    unindex(assets_[found->second]);
    assets_[found->second] = Asset{};
  }
  asset.slot = static_cast<std::uint32_t>(assets_.size());
  by_id_[asset.id] = asset.slot;
  const Asset& here = assets_.emplace_back(std::move(asset));
  index(here);
  return here;
}

bool Register::remove_asset(std::string_view id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return false;
  ++asset_changes_;
  unindex(assets_[found->second]);
  assets_[found->second] = Asset{};
  by_id_.erase(found);
  return true;
}

std::vector<const Asset*> Register::near(LngLat place, double radius_m, std::size_t most) const {
  std::vector<Hit> hits;
  const auto visit = [&](const std::vector<std::uint32_t>& slots) {
    for (const std::uint32_t slot : slots) {
      const double distance = distance_m(place, *assets_[slot].place);
      if (distance <= radius_m) hits.push_back({distance, &assets_[slot]});
    }
  };
  const double dlat = radius_m / kDegreeMetres;
  const double widest = std::min(90.0, std::abs(place.lat) + dlat);
  const double dlng = widest >= 89 ? 360 : dlat / std::cos(widest * std::numbers::pi / 180);
  const double cells = (2 * dlat / kCellDegrees + 2) * (2 * dlng / kCellDegrees + 2);
  const bool wraps = place.lng - dlng < -180 || place.lng + dlng > 180;
  if (wraps || cells > static_cast<double>(cells_.size())) {
    for (const auto& [key, slots] : cells_) visit(slots);  // fewer occupied cells than cells to look at
  } else {
    for (std::int64_t row = row_of(place.lat - dlat); row <= row_of(place.lat + dlat); ++row) {
      for (std::int64_t column = column_of(place.lng - dlng); column <= column_of(place.lng + dlng); ++column) {
        if (const auto found = cells_.find(cell(row, column)); found != cells_.end()) visit(found->second);
      }
    }
  }
  const std::size_t count = std::min(most, hits.size());
  std::partial_sort(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(count), hits.end(), is_nearer);
  std::vector<const Asset*> found;
  found.reserve(count);
  for (std::size_t i = 0; i < count; ++i) found.push_back(hits[i].asset);
  return found;
}

void Register::each_asset(const std::function<void(const Asset&)>& visit) const {
  for (const Asset& asset : assets_) {
    if (!asset.id.empty()) visit(asset);
  }
}

const Area* Register::area(std::string_view code) const {
  const auto found = areas_.find(code);
  return found == areas_.end() ? nullptr : &found->second;
}

void Register::put_area(Area area) {
  CHECK(!area.code.empty());
  if (area.shape.parts.empty()) {
    extents_.erase(area.code);
  } else {
    extents_[area.code] = {area.shape.box(), area.shape.area_m2()};
  }
  std::string code = area.code;
  areas_[std::move(code)] = std::move(area);
}

std::string Register::area_of(LngLat place) const {
  const std::string* best = nullptr;
  double least = 0;
  for (const auto& [code, extent] : extents_) {
    if (!extent.box.contains(place) || (best != nullptr && extent.area_m2 > least)) continue;
    if (best != nullptr && extent.area_m2 == least && code.size() <= best->size()) continue;
    if (!areas_.find(code)->second.shape.contains(place)) continue;
    best = &code;
    least = extent.area_m2;
  }
  return best == nullptr ? std::string{} : *best;
}

const Unit* Register::unit(std::string_view id) const {
  const auto found = units_.find(id);
  return found == units_.end() ? nullptr : &found->second;
}

void Register::put_unit(Unit unit) {
  CHECK(!unit.id.empty());
  std::string id = unit.id;
  units_[std::move(id)] = std::move(unit);
}

bool Register::remove_unit(std::string_view id) {
  const auto found = units_.find(id);
  if (found == units_.end()) return false;
  units_.erase(found);
  return true;
}

const ClassStandard* Register::standard(const ClassCode& klass) const {
  const auto found = standards_.find(class_key(klass));
  return found == standards_.end() ? nullptr : &found->second;
}

void Register::put_standard(ClassStandard klass) {
  std::string key = class_key(klass.code);
  standards_.insert_or_assign(std::move(key), std::move(klass));
}

bool Register::remove_standard(const ClassCode& klass) { return standards_.erase(class_key(klass)) > 0; }

void Register::encode(Writer& out) const {
  cityloop::encode(out, assets_);
  cityloop::encode(out, areas_);
  cityloop::encode(out, units_);
  cityloop::encode(out, standards_);
  cityloop::encode(out, root_);
}

void Register::decode(Reader& in) {
  *this = Register{};
  std::deque<Asset> assets;
  std::map<std::string, Area, std::less<>> areas;
  cityloop::decode(in, assets);
  cityloop::decode(in, areas);
  cityloop::decode(in, units_);
  cityloop::decode(in, standards_);
  cityloop::decode(in, root_);
  for (auto& [code, area] : areas) {
    if (area.code != code || code.empty()) return in.spoil();
    put_area(std::move(area));
  }
  if (assets.empty() || !assets.front().id.empty()) return in.spoil();
  assets_ = std::move(assets);
  for (std::size_t slot = 0; slot < assets_.size(); ++slot) {
    const Asset& asset = assets_[slot];
    if (asset.id.empty()) continue;
    if (asset.slot != slot || !by_id_.emplace(asset.id, asset.slot).second) return in.spoil();
    index(asset);
  }
}

std::int64_t Register::cell_of(LngLat place) { return cell(row_of(place.lat), column_of(place.lng)); }

void Register::index(const Asset& asset) {
  if (asset.place) cells_[cell_of(*asset.place)].push_back(asset.slot);
}

void Register::unindex(const Asset& asset) {
  if (!asset.place) return;
  const auto found = cells_.find(cell_of(*asset.place));
  if (found == cells_.end()) return;
  std::erase(found->second, asset.slot);
  if (found->second.empty()) cells_.erase(found);
}

bool in_scope(std::string_view scope, std::string_view area, std::string_view root) {
  if (scope.empty() || scope == root) return true;
  return area.starts_with(scope);
}

}  // namespace cityloop
