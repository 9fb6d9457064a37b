// SPDX-License-Identifier: Apache-2.0
// An asset as people and systems write it: the PUT document, a GeoJSON feature, a CSV row. Checks the form against the packs;
// area, revision and slot are the register's. Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/pack.h"
#include "core/result.h"
#include "core/words.h"
#include "sense/geojson.h"

namespace cityloop {

// {"id"?,"kind","name"?,"location"?,"attributes"?,"area"?,"component_code"?,"life"?,"owner_unit"?,"keeper_unit"?,"source"?}.
// `id` may be empty where the document has it. kBadAssetId, kUnknownKind, kUnknownField, kMissingField, kWrongType, kBadField.
Result<Asset> asset_of_json(std::string_view id, const boost::json::object& document, const Packs& packs, Crs crs = Crs::wgs84);

// A feature: `id` (or properties.id), a Point or no geometry, the rest in `properties`.
Result<Asset> asset_of_feature(const boost::json::value& feature, const Packs& packs, Crs crs);

// A row under the header id,kind,name,lng,lat,area,component_code,life,owner_unit,keeper_unit,<attributes…>; empty cells are absent.
Result<Asset> asset_of_row(const std::vector<std::string>& header, const std::vector<std::string>& cells, const Packs& packs, Crs crs);

}  // namespace cityloop
