// SPDX-License-Identifier: Apache-2.0
#include "core/register.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/context.h"

namespace cityloop {
namespace {

Asset tank(std::string id, LngLat place) {
  Asset asset;
  asset.id = std::move(id);
  asset.kind = "tank";
  asset.place = place;
  return asset;
}

Area square(std::string code, double west, double south, double size) {
  Area area;
  area.code = std::move(code);
  area.shape.parts = {{{{west, south}, {west + size, south}, {west + size, south + size}, {west, south + size}}}};
  return area;
}

TEST(Register, SlotsAreNeverReused) {
  Register tables;
  EXPECT_EQ(tables.put_asset(tank("a", {106.5, 29.5})).slot, 1u);
  EXPECT_EQ(tables.put_asset(tank("b", {106.5, 29.5})).slot, 2u);
  EXPECT_EQ(tables.put_asset(tank("a", {106.6, 29.5})).slot, 1u);  // replaced, same kind
  Asset changed = tank("a", {106.6, 29.5});
  changed.kind = "tree";
  EXPECT_EQ(tables.put_asset(changed).slot, 3u);
  EXPECT_EQ(tables.asset_at(1), nullptr);
  EXPECT_TRUE(tables.remove_asset("b"));
  EXPECT_FALSE(tables.remove_asset("b"));
  EXPECT_EQ(tables.put_asset(tank("b", {106.5, 29.5})).slot, 4u);
  EXPECT_EQ(tables.asset_count(), 2u);
  EXPECT_EQ(tables.asset("a")->kind, "tree");
  EXPECT_EQ(tables.asset("zz"), nullptr);
  EXPECT_EQ(tables.asset_at(0), nullptr);
  EXPECT_EQ(tables.asset_at(99), nullptr);
}

// The grid must find what a scan of all assets finds, in the same order, at every radius.
TEST(Register, NearAgreesWithAScan) {
  Register tables;
  Chance chance(3);
  const auto roll = [&](double low, double high) {
    return low + (high - low) * (static_cast<double>(chance.next() >> 11) / 9007199254740992.0);
  };
  for (int i = 0; i < 800; ++i) tables.put_asset(tank("t" + std::to_string(i), {roll(106.3, 106.8), roll(29.3, 29.8)}));
  for (int i = 0; i < 200; ++i) tables.put_asset(tank("t" + std::to_string(i), {roll(106.3, 106.8), roll(29.3, 29.8)}));
  for (int i = 0; i < 100; ++i) tables.remove_asset("t" + std::to_string(i * 3));
  for (const double radius : {0.0, 50.0, 500.0, 1'999.0, 30'000.0, 1e9}) {
    const LngLat place{roll(106.3, 106.8), roll(29.3, 29.8)};
    std::vector<std::pair<double, std::uint32_t>> expected;
    tables.each_asset([&](const Asset& a) {
      if (distance_m(place, *a.place) <= radius) expected.emplace_back(distance_m(place, *a.place), a.slot);
    });
    std::sort(expected.begin(), expected.end());
    const auto found = tables.near(place, radius, 10'000);
    ASSERT_EQ(found.size(), expected.size()) << radius;
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i]->slot, expected[i].second);
    EXPECT_EQ(tables.near(place, radius, 3).size(), std::min<std::size_t>(3, expected.size()));
  }
}

TEST(Register, NearAcrossTheDateLine) {
  Register tables;
  tables.put_asset(tank("west", {179.999, 0}));
  tables.put_asset(tank("east", {-179.999, 0}));
  EXPECT_EQ(tables.near({180, 0}, 1'000, 10).size(), 2u);
}

TEST(Register, SmallestAreaWins) {
  Register tables;
  tables.put_area(square("500106", 106, 29, 1));
  tables.put_area(square("500106006", 106.4, 29.4, 0.2));
  Area root;
  root.code = "50";
  tables.put_area(root);
  EXPECT_EQ(tables.area_of({106.5, 29.5}), "500106006");
  EXPECT_EQ(tables.area_of({106.1, 29.1}), "500106");
  EXPECT_EQ(tables.area_of({100, 29.1}), "");
  Area moved = square("500106006", 100, 29, 0.2);
  tables.put_area(moved);
  EXPECT_EQ(tables.area_of({106.5, 29.5}), "500106");
  EXPECT_EQ(tables.area_of({100.1, 29.1}), "500106006");
}

TEST(Register, StateRoundTrips) {
  Register tables;
  tables.put_asset(tank("a", {106.5, 29.5}));
  tables.put_asset(tank("b", {106.5, 29.5}));
  tables.remove_asset("a");
  tables.put_area(square("500106", 106, 29, 1));
  tables.put_unit({"500106-sanitation", "x", "500106", {"sanitation"}, "", true});
  tables.set_root_area("50");
  const std::string bytes = encoded(tables);
  Reader in(bytes);
  Register back;
  back.put_asset(tank("stale", {1, 1}));
  decode(in, back);
  ASSERT_TRUE(in.ok() && in.done());
  EXPECT_EQ(encoded(back), bytes);
  EXPECT_EQ(back.asset("stale"), nullptr);
  EXPECT_EQ(back.near({106.5, 29.5}, 10, 5).size(), 1u);
  EXPECT_EQ(back.area_of({106.5, 29.5}), "500106");
  EXPECT_EQ(back.put_asset(tank("a", {106.5, 29.5})).slot, 3u);
  EXPECT_NE(back.unit("500106-sanitation"), nullptr);
  EXPECT_TRUE(back.remove_unit("500106-sanitation"));
}

TEST(Register, DamagedStateIsRefused) {
  Register tables;
  tables.put_asset(tank("a", {106.5, 29.5}));
  const std::string bytes = encoded(tables);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Reader in(std::string_view(bytes).substr(0, size));
    Register back;
    decode(in, back);
    EXPECT_FALSE(in.ok()) << size;
  }
}

TEST(Scope, IsByPrefix) {
  EXPECT_TRUE(in_scope("500106", "500106006", "50"));
  EXPECT_TRUE(in_scope("500106", "500106", "50"));
  EXPECT_FALSE(in_scope("500106006", "500106", "50"));
  EXPECT_FALSE(in_scope("500106", "500107", "50"));
  EXPECT_TRUE(in_scope("50", "500107", "50"));
  EXPECT_TRUE(in_scope("", "", "50"));
  EXPECT_TRUE(in_scope("50", "", "50"));
  EXPECT_FALSE(in_scope("500106", "", "50"));
}

}  // namespace
}  // namespace cityloop
