// SPDX-License-Identifier: Apache-2.0
#include "core/geo.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace cityloop {
namespace {

// Test vectors: WGS84 (lat, lng) -> GCJ-02 computed with the published formula, six decimals.
TEST(Geo, Gcj02MeetsThePublishedVectors) {
  struct Vector { LngLat wgs, gcj; };
  for (const auto& [wgs, gcj] : {Vector{{106.5, 29.5}, {106.503846, 29.497264}},
                                 Vector{{106.574, 29.558}, {106.577690, 29.555115}},
                                 Vector{{108.38, 30.81}, {108.384580, 30.807730}}}) {
    const LngLat found = gcj02_from_wgs84(wgs);
    EXPECT_NEAR(found.lng, gcj.lng, 1e-6);
    EXPECT_NEAR(found.lat, gcj.lat, 1e-6);
    const LngLat back = wgs84_from_gcj02(found);
    EXPECT_NEAR(back.lng, wgs.lng, 1e-9);
    EXPECT_NEAR(back.lat, wgs.lat, 1e-9);
  }
  const LngLat from_bd = gcj02_from_bd09({106.510415, 29.502946});
  EXPECT_NEAR(from_bd.lng, 106.503846, 2e-6);
  EXPECT_NEAR(from_bd.lat, 29.497264, 2e-6);
}

TEST(Geo, OutsideChinaNothingMoves) {
  EXPECT_EQ(gcj02_from_wgs84({2.35, 48.85}), (LngLat{2.35, 48.85}));
  EXPECT_EQ(wgs84_from_gcj02({2.35, 48.85}), (LngLat{2.35, 48.85}));
}

TEST(Geo, DistanceIsTheGreatCircle) {
  EXPECT_NEAR(distance_m({106, 29}, {106, 30}), 111'195.08, 0.1);
  EXPECT_NEAR(distance_m({0, 0}, {180, 0}), 20'015'114, 1);
  EXPECT_EQ(distance_m({106, 29}, {106, 29}), 0);
}

TEST(Geo, ValidPlaces) {
  EXPECT_TRUE(is_valid({-180, 90}));
  EXPECT_FALSE(is_valid({181, 0}));
  EXPECT_FALSE(is_valid({0, -90.1}));
  EXPECT_FALSE(is_valid({std::numeric_limits<double>::quiet_NaN(), 0}));
}

TEST(Geo, PolygonsWithHolesAndEdges) {
  const Ring outer{{0, 0}, {10, 0}, {10, 10}, {0, 10}, {0, 0}};
  const Ring hole{{4, 4}, {6, 4}, {6, 6}, {4, 6}};
  const MultiPolygon shape{{{outer, hole}, {{{20, 20}, {21, 20}, {20, 21}}}}};
  EXPECT_TRUE(shape.contains({1, 1}));
  EXPECT_FALSE(shape.contains({5, 5}));
  EXPECT_TRUE(shape.contains({0, 5}));    // edge
  EXPECT_TRUE(shape.contains({10, 10}));  // corner
  EXPECT_TRUE(shape.contains({4, 5}));    // edge of the hole belongs to the land
  EXPECT_FALSE(shape.contains({10.001, 5}));
  EXPECT_TRUE(shape.contains({20.1, 20.1}));
  EXPECT_FALSE(shape.contains({20.9, 20.9}));
  EXPECT_FALSE(MultiPolygon{}.contains({0, 0}));
  const Box box = shape.box();
  EXPECT_EQ(box.east, 21);
  EXPECT_EQ(box.south, 0);
}

TEST(Geo, AreaOfOneDegreeAtTheEquator) {
  const MultiPolygon shape{{{{{0, 0}, {1, 0}, {1, 1}, {0, 1}}}}};
  EXPECT_NEAR(shape.area_m2() / 1e6, 12'364, 3);
}

TEST(Geo, BoxesAreFourNumbers) {
  const Box box = parse_box("106.2,29.1,107,30.2").value();
  EXPECT_EQ(box.west, 106.2);
  EXPECT_EQ(box.north, 30.2);
  for (const char* text : {"", "1,2,3", "1,2,3,4,5", "3,2,1,4", "1,4,3,2", "a,b,c,d", "1,2,3,91", "1,2,3,4 ", "nan,0,1,1"}) {
    const auto bad = parse_box(text);
    ASSERT_FALSE(bad) << text;
    EXPECT_EQ(bad.error().code, &errors::kBadField);
  }
}

}  // namespace
}  // namespace cityloop
