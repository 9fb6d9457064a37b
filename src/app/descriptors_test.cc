// SPDX-License-Identifier: Apache-2.0
#include "app/descriptors.h"

#include <gtest/gtest.h>

#include "core/limits.h"

namespace cityloop {
namespace {

TEST(Descriptors, the_doors_get_what_the_stores_leave) {
  for (const std::uint64_t all : {0u, 256u, 1'024u, 4'096u, 20'000u, 65'536u, 1'000'000u}) {
    const DoorShares shares = door_shares(all);
    EXPECT_GE(shares.http, 16u) << all;
    EXPECT_GE(shares.mqtt, 16u) << all;
    EXPECT_LE(shares.http, limits::kHttpConnections);
    EXPECT_LE(shares.mqtt, limits::kMqttConnections);
    if (all < 1'024) continue;
    EXPECT_LE(shares.http + shares.mqtt + 640, all);
  }
  EXPECT_EQ(door_shares(65'536).http, limits::kHttpConnections);
  EXPECT_EQ(door_shares(65'536).mqtt, limits::kMqttConnections);
}

}  // namespace
}  // namespace cityloop
