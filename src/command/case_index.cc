// SPDX-License-Identifier: Apache-2.0
#include "command/case_index.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cityloop {
namespace {

constexpr double kCellDegrees = 0.005;           // about 550 m north-south: a join radius touches few cells
constexpr double kMetresPerDegree = 111'195;     // of latitude, mean radius

std::int32_t cell_number(double degrees) { return static_cast<std::int32_t>(std::floor(degrees / kCellDegrees)); }

}  // namespace

void CaseIndex::update(const Case& file) {
  remove(file.no);
  if (!is_open(file.stage) || file.klass.code.empty()) return;
  Entry entry{class_key(file.klass), file.asset, file.place};
  if (!entry.asset.empty()) by_asset_[{entry.klass, entry.asset}] = file.no;
  if (entry.place)
    by_cell_[{entry.klass, cell_number(entry.place->lng), cell_number(entry.place->lat)}].insert(file.no);
  entries_.emplace(file.no, std::move(entry));
}

void CaseIndex::remove(const std::string& no) {
  const auto found = entries_.find(no);
  if (found == entries_.end()) return;
  const Entry& entry = found->second;
  if (const auto asset = by_asset_.find({entry.klass, entry.asset}); asset != by_asset_.end() && asset->second == no) {
    by_asset_.erase(asset);
  }
  if (entry.place) {
    const auto cell = by_cell_.find({entry.klass, cell_number(entry.place->lng), cell_number(entry.place->lat)});
    if (cell != by_cell_.end()) {
      cell->second.erase(no);
      if (cell->second.empty()) by_cell_.erase(cell);
    }
  }
  entries_.erase(found);
}

std::string CaseIndex::of_asset(const ClassCode& klass, const std::string& asset) const {
  const auto found = by_asset_.find({class_key(klass), asset});
  return found == by_asset_.end() ? std::string{} : found->second;
}

std::vector<std::string> CaseIndex::near(const ClassCode& klass, LngLat place, double radius_m) const {
  const double rows = radius_m / kMetresPerDegree;
  const double shrink = std::max(0.05, std::cos(place.lat * std::numbers::pi / 180));
  const double columns = rows / shrink;
  const std::string key = class_key(klass);
  std::vector<std::pair<double, std::string>> found;
  for (std::int32_t x = cell_number(place.lng - columns); x <= cell_number(place.lng + columns); ++x) {
    for (std::int32_t y = cell_number(place.lat - rows); y <= cell_number(place.lat + rows); ++y) {
      const auto cell = by_cell_.find({key, x, y});
      if (cell == by_cell_.end()) continue;
      for (const std::string& no : cell->second) {
        const double metres = distance_m(place, *entries_.find(no)->second.place);
        if (metres <= radius_m) found.emplace_back(metres, no);
      }
    }
  }
  std::ranges::sort(found);
  std::vector<std::string> numbers;
  for (auto& [metres, no] : found) numbers.push_back(std::move(no));
  return numbers;
}

}  // namespace cityloop
