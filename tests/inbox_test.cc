// SPDX-License-Identifier: Apache-2.0
#include "city/inbox.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "analyse/analyse.h"
#include "core/pack.h"

namespace cityloop {
namespace {

std::shared_ptr<const Packs> packs() {
  std::vector<Pack> all;
  for (const std::string name : {"septic_gas", "manhole_cover", "ancient_tree", "air_quality"}) {
    std::ifstream file(std::string(CITYLOOP_SOURCE_DIR) + "/packs/" + name + ".jsonc");
    std::stringstream text;
    text << file.rdbuf();
    all.push_back(parse_pack(name, text.str()).value());
  }
  return std::make_shared<const Packs>(Packs::create(std::move(all)).value());
}

std::shared_ptr<const UrgentInputs> urgent() {
  Analyse analyse;
  CHECK(analyse.set_packs(packs()).has_value());
  return analyse.urgent();
}

// `count` messages of one value each of `point`.
Waiting readings(const std::string& point, std::size_t count, bool import = false) {
  ReadingsIn in;
  in.import = import;
  in.batch.text = point;
  for (std::size_t i = 0; i < count; ++i) {
    ReadingBatch::Message message;
    message.first = static_cast<std::uint32_t>(i);
    message.count = 1;
    in.batch.messages.push_back(message);
    in.batch.samples.push_back({0, static_cast<std::uint32_t>(point.size()), 0, 0, 1});
  }
  return {Input(std::move(in)), {}, 0};
}

Waiting records(const std::string& kind) {
  RecordsIn in;
  in.records.emplace_back().kind = kind;
  return {Input(std::move(in)), {}, 0};
}

bool offered(Inbox& inbox, Waiting waiting) { return inbox.offer(waiting); }

constexpr std::size_t kAll = limits::kInboxMessages;

TEST(Inbox, TheUrgentOfThePacksIsWhatTheirOrangeAndRedRulesRead) {
  const auto words = urgent();
  EXPECT_TRUE(words->points.contains("ch4"));
  EXPECT_FALSE(words->points.contains("battery_v")) << "a device's battery opens nothing above yellow";
}

TEST(Inbox, ImportsGiveWayFirstThenOrdinaryReadingsThenUrgentOnes) {
  Inbox inbox;
  inbox.set_urgent(urgent());
  ASSERT_TRUE(offered(inbox, readings("battery_v", kAll / 2 - 1)));
  EXPECT_TRUE(offered(inbox, readings("battery_v", 1, true)));
  EXPECT_FALSE(offered(inbox, readings("ch4", 1, true))) << "half full: no import, whatever it carries";
  ASSERT_TRUE(offered(inbox, readings("battery_v", kAll / 4)));
  EXPECT_FALSE(offered(inbox, readings("battery_v", 1)));
  EXPECT_FALSE(offered(inbox, records("nothing_reads_it")));
  EXPECT_TRUE(offered(inbox, readings("ch4", 1)));
  ASSERT_TRUE(offered(inbox, readings("ch4", kAll / 4)));
  EXPECT_FALSE(offered(inbox, readings("ch4", 1))) << "full is full";
  EXPECT_TRUE(offered(inbox, Waiting{Input(ActionIn{}), {}, 0})) << "people have room of their own";
  const auto refused = inbox.counters().refused;
  EXPECT_EQ(refused, (std::array<std::uint64_t, 4>{1, 2, 1, 0}));
}

TEST(Inbox, ABatchWithOneUrgentValueIsUrgent) {
  Inbox inbox;
  inbox.set_urgent(urgent());
  ASSERT_TRUE(offered(inbox, readings("battery_v", kAll / 4 * 3)));
  Waiting mixed = readings("battery_v", 3);
  auto& batch = std::get<ReadingsIn>(mixed.input).batch;
  batch.samples.back().point = static_cast<std::uint32_t>(batch.text.size());
  batch.samples.back().point_size = 3;
  batch.text += "ch4";
  EXPECT_TRUE(inbox.offer(mixed));
}

TEST(Inbox, WithoutPacksNoReadingIsLessUrgentThanAnother) {
  Inbox inbox;
  ASSERT_TRUE(offered(inbox, readings("any", kAll - 1)));
  EXPECT_TRUE(offered(inbox, readings("any", 1)));
  EXPECT_FALSE(offered(inbox, readings("any", 1)));
}

TEST(Inbox, WhatIsDrainedMakesRoomAgain) {
  Inbox inbox;
  inbox.set_urgent(urgent());
  ASSERT_TRUE(offered(inbox, readings("battery_v", kAll)));
  EXPECT_FALSE(offered(inbox, readings("ch4", 1)));
  EXPECT_EQ(inbox.drain(Millis{0}).size(), 1u);
  EXPECT_TRUE(offered(inbox, readings("battery_v", 1)));
}

}  // namespace
}  // namespace cityloop
