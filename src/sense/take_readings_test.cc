// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <ctime>

#include "sense/testing.h"

namespace cityloop {
namespace {

using ::testing::HasSubstr;

class TakeReadings : public SenseTest {};

TEST_F(TakeReadings, GoodValuesGoOut) {
  EXPECT_EQ(counts(take("[" + one(0, "31.50") + "," + one(0, "2", "tank-2", "level") + "]")), "2 0 0 ");
  ASSERT_EQ(seen_.size(), 2u);
  EXPECT_EQ(seen_[0].slot, sense_.tables().asset("tank-1")->slot);
  EXPECT_EQ(seen_[0].point, 0);
  EXPECT_EQ(seen_[0].value, (Decimal{315, 1}));
  EXPECT_DOUBLE_EQ(seen_[0].number, 31.5);
  EXPECT_EQ(seen_[0].quality, Quality::good);
  EXPECT_FALSE(seen_[0].late);
  EXPECT_EQ(to_ms(seen_[0].at), kNoon);
  EXPECT_EQ(seen_[0].arrival, now_);
  EXPECT_EQ(seen_[1].point, 1);
  EXPECT_TRUE(events_.empty());
}

TEST_F(TakeReadings, WithoutTimeArrivalHolds) {
  take(R"({"asset":"tank-1","values":{"gas":1}})");
  EXPECT_EQ(seen_.at(0).at, now_);
}

TEST_F(TakeReadings, EveryRefusalHasItsCode) {
  act("asset.put", "tank-9", R"({"kind":"tank","life":"retired"})");
  events_.clear();
  EXPECT_EQ(counts(take("[" + one(0, "1", "nobody") + "," + one(0, "1", "tank-9") + "," + one(400, "1") + "," + one(-700'000, "1") + "," +
                        one(0, "1", "tank-1", "methane") + "," + one(0, "0.5", "tank-1", "risk") + "," + one(0, "null") + "," + one(0, "NaN") + "," +
                        one(0, "99.9") + "," + one(0, "-1") + "," + R"({"asset":"tank-1","values":{}}, 7)" + "," + one(0, "5") + "]")),
            "1 0 0 [0 reading.unknown_asset][1 reading.retired_asset][2 reading.in_future][3 reading.too_old][4 methane reading.unknown_point]"
            "[5 risk reading.unknown_point][6 gas json.wrong_type][7 gas reading.not_a_number][8 gas reading.sentinel][9 gas reading.out_of_range]"
            "[10 reading.empty][11 json.wrong_type]");
  const auto items = emitted<QuarantineItem>();
  ASSERT_EQ(items.size(), 12u);
  EXPECT_EQ(items[0].id, "q-1");
  EXPECT_EQ(items[0].asset, "nobody");
  EXPECT_EQ(items[0].state, "waiting");
  EXPECT_EQ(items[0].at, now_);
  EXPECT_EQ(items[9].payload, R"({"asset":"tank-1","at":"2022-08-22T06:00:00Z","values":{"gas":-1}})");
  EXPECT_EQ(items[9].detail, "-1 is outside 0 .. 100");
  EXPECT_THAT(items[7].payload, HasSubstr("NaN"));
}

TEST_F(TakeReadings, AMessageWithOneGoodValueIsAccepted) {
  EXPECT_EQ(counts(take(R"({"asset":"tank-1","values":{"gas":-5,"level":2}})")), "1 0 0 [0 gas reading.out_of_range]");
  EXPECT_EQ(seen_.size(), 1u);
}

TEST_F(TakeReadings, ASingleObjectWithNothingGoodAnswers422) {
  EXPECT_EQ(counts(take(one(0, "-1"))), "422 reading.out_of_range");
  EXPECT_EQ(counts(take("[" + one(0, "-1") + "]")), "0 0 0 [0 gas reading.out_of_range]");
  EXPECT_EQ(emitted<QuarantineItem>().size(), 2u) << "both are kept";
}

TEST_F(TakeReadings, SaturatedAndImplausibleValuesAreKept) {
  take("[" + one(0, "100") + "," + one(1, "100.5") + "," + one(2, "7", "tank-1", "level") + "]");
  ASSERT_EQ(seen_.size(), 3u);
  EXPECT_EQ(seen_[0].quality, Quality::at_limit);
  EXPECT_EQ(seen_[1].quality, Quality::at_limit) << "never refused, whatever the physical range says";
  EXPECT_EQ(seen_[2].quality, Quality::suspect);
}

TEST_F(TakeReadings, DuplicatesAndCorrectionsOfTheHead) {
  take(one(0, "5"));
  EXPECT_EQ(counts(take(one(0, "5.0"))), "0 1 0 ");
  EXPECT_TRUE(seen_.empty());
  EXPECT_EQ(counts(take(one(0, "6"))), "0 0 1 ");
  ASSERT_EQ(seen_.size(), 1u);
  EXPECT_FALSE(seen_[0].late) << "the live value changes";
  EXPECT_EQ(counts(take(one(0, "6"))), "0 1 0 ");
}

TEST_F(TakeReadings, LateDataIsMarkedAndItsDoublesAreSeen) {
  take(one(30, "5"));
  EXPECT_EQ(counts(take(one(10, "4"))), "1 0 0 ");
  EXPECT_TRUE(seen_.at(0).late);
  EXPECT_EQ(seen_.at(0).quality, Quality::late);
  EXPECT_EQ(counts(take(one(10, "4"))), "0 1 0 ") << "in the next turn";
  EXPECT_EQ(counts(take("[" + one(12, "3") + "," + one(12, "3") + "," + one(12, "2") + "]")), "1 1 1 ") << "in one turn";
  take(one(40, "7"));
  EXPECT_EQ(counts(take(one(30, "5"))), "0 1 0 ") << "a former head";
  EXPECT_EQ(counts(take(one(30, "6"))), "0 0 1 ");
  EXPECT_TRUE(seen_.at(0).late) << "a correction of the past";
}

TEST_F(TakeReadings, WhatHistoryHeldDecidesAboutOldData) {
  take(one(30, "5"));
  ReadingsIn in = readings("[" + one(1, "4") + "," + one(2, "4") + "," + one(3, "4") + "]");
  const auto lookups = sense_.lookups(in);
  ASSERT_EQ(lookups.size(), 3u);
  EXPECT_EQ(lookups[1].sample, 1u);
  EXPECT_EQ(lookups[1].at, from_ms(kNoon + 2000));
  in.batch.known = {{0, true, Decimal{4, 0}}, {1, true, Decimal{9, 0}}, {2, false, {}}};
  in.batch.known_turn = turn_;
  EXPECT_EQ(counts(take(in)), "1 1 1 ");
  EXPECT_TRUE(sense_.lookups(readings(one(31, "1"))).empty()) << "in order: nothing to look up";
  EXPECT_TRUE(sense_.lookups(readings(one(30, "1"))).empty()) << "the head is known";
  EXPECT_TRUE(sense_.lookups(readings(one(3, "1"))).empty()) << "accepted a moment ago";
}

TEST_F(TakeReadings, ImportsMayBeOldAndRaiseNothing) {
  ReadingsIn in = readings(one(-100 * 86'400, "5"));
  in.import = true;
  EXPECT_EQ(counts(take(in)), "1 0 0 ");
  EXPECT_TRUE(seen_.at(0).late);
  EXPECT_EQ(seen_.at(0).quality, Quality::good);
  EXPECT_EQ(counts(take(in)), "0 1 0 ");
  in = readings(one(900, "5"));
  in.import = true;
  EXPECT_EQ(counts(take(in)), "422 reading.in_future");
}

TEST_F(TakeReadings, ACredentialSendsForItsAssetsOnly) {
  const ReadingsIn in = readings("[" + one(0, "1") + "," + one(0, "1", "tank-2") + "]");
  EXPECT_EQ(counts(take(in, {"tank-2", "nothing-*"})), "1 0 0 [0 auth.foreign_asset]");
  EXPECT_EQ(counts(take(in, {"tank-*"})), "1 1 0 ") << "the cache follows the patterns";
  EXPECT_EQ(counts(take(readings(one(3, "1")), {"t?nk-1"})), "1 0 0 ");
}

TEST_F(TakeReadings, QuarantineIsBoundedInATurn) {
  std::string body = "[";
  for (int i = 0; i < 1'500; ++i) body += (i ? "," : "") + one(0, "1", "nobody-" + std::to_string(i));
  const Answer answer = take(body + "]");
  EXPECT_THAT(answer.body, HasSubstr("\"quarantined_more\":500"));
  const auto items = emitted<QuarantineItem>();
  ASSERT_EQ(items.size(), 1'001u);
  EXPECT_EQ(items.back().state, "dropped");
  EXPECT_THAT(items.back().detail, HasSubstr("500 more"));
  events_.clear();
  take(one(0, "1", "nobody"));
  EXPECT_EQ(emitted<QuarantineItem>().size(), 1u) << "a new turn counts anew";
}

TEST_F(TakeReadings, StateSurvives) {
  take(one(30, "5"));
  take(one(10, "4"));
  take(one(0, "-1"));
  std::string bytes;
  Writer out(bytes);
  sense_.encode(out);
  Sense again;
  Reader in(bytes);
  again.decode(in);
  ASSERT_TRUE(in.ok());
  EXPECT_TRUE(in.done());
  std::string second;
  Writer out2(second);
  again.encode(out2);
  EXPECT_EQ(second, bytes);
  sense_ = std::move(again);
  ++turn_;
  Context c = city();
  sense_.tick(c);
  EXPECT_EQ(sense_.lookups(readings(one(5, "5"))).size(), 1u) << "heads are known before the first reading";
  EXPECT_EQ(counts(take(one(30, "5"))), "0 1 0 ");
  EXPECT_EQ(counts(take(one(10, "4"))), "0 1 0 ");
  EXPECT_EQ(counts(take(one(10, "3"))), "0 0 1 ");
  take(one(1, "-1"));
  EXPECT_EQ(emitted<QuarantineItem>().back().id, "q-2");
  for (std::size_t size = 0; size < bytes.size(); size += 97) {
    Sense cut;
    Reader part(std::string_view(bytes).substr(0, size));
    cut.decode(part);
    EXPECT_FALSE(part.ok() && part.done()) << size;
  }
}

TEST(RecentSamples, KeepsTheNewestAndForgetsTheOldest) {
  RecentSamples recent;
  const auto total = static_cast<std::uint32_t>(RecentSamples::kKept * 3);
  for (std::uint32_t i = 0; i < total; ++i) {
    recent.add(i % 1000, 1, from_ms(i), Decimal{i, 0});
    if (i % 5000 == 0) {
      EXPECT_EQ(recent.find(i % 1000, 1, from_ms(i)), (Decimal{i, 0}));
    }
  }
  EXPECT_EQ(recent.size(), RecentSamples::kKept);
  EXPECT_EQ(recent.find((total - 1) % 1000, 1, from_ms(total - 1)), (Decimal{total - 1, 0}));
  const auto oldest = static_cast<std::uint32_t>(total - RecentSamples::kKept);
  EXPECT_TRUE(recent.find(oldest % 1000, 1, from_ms(oldest)).has_value());
  EXPECT_FALSE(recent.find((oldest - 1) % 1000, 1, from_ms(oldest - 1)).has_value());
  recent.add(5, 1, from_ms(oldest), Decimal{77, 0});
  recent.add(5, 1, from_ms(oldest), Decimal{78, 0});
  EXPECT_EQ(recent.find(5, 1, from_ms(oldest)), (Decimal{78, 0}));
}

TEST(AssetPatterns, Globs) {
  const AssetPatterns patterns({"a-1", "b-*", "c-?-x", "*-z"});
  for (const char* yes : {"a-1", "b-", "b-77", "c-1-x", "q-z", "-z"}) EXPECT_TRUE(patterns.covers(yes)) << yes;
  for (const char* no : {"a-11", "a", "b", "c--x", "c-12-x", "z"}) EXPECT_FALSE(patterns.covers(no)) << no;
  EXPECT_TRUE(AssetPatterns({"*"}).covers("anything"));
}

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// A number to look at; the bench measures it properly.
TEST_F(TakeReadings, PrintsItsSpeed) {
  constexpr int kAssets = 100'000, kMessages = 20'000;
  Asset asset;
  asset.kind = "tank";
  asset.area = "50";
  asset.attributes = {{"depth_m", 3.2}};
  for (int i = 0; i < kAssets; ++i) {
    asset.id = "septic-500106-" + std::to_string(100'000 + i);
    asset.name = "a name of some length " + std::to_string(i);
    asset.place = LngLat{106 + i % 100 * 0.01, 29 + i / 100 % 100 * 0.01};
    sense_.tables().put_asset(asset);
  }
  double take_s = 0, lookup_s = 0;
  int messages = 0;
  for (int round = 0; round < 12; ++round) {
    std::string body;
    for (int i = 0; i < kMessages; ++i) {
      const int which = static_cast<int>((static_cast<std::uint64_t>(round * kMessages + i) * 7919) % kAssets);
      body += R"({"asset":"septic-500106-)" + std::to_string(100'000 + which) + R"(","at":)" +
              std::to_string(kNoon + round * 1000) + R"(,"values":{"gas":)" + std::to_string(i % 90) + "." + std::to_string(round % 10) + ",\"level\":2.5}}\n";
    }
    const ReadingsIn in = readings(body);
    double start = cpu_seconds();
    ASSERT_TRUE(sense_.lookups(in).empty());
    const double looked = cpu_seconds() - start;
    ++turn_;
    seen_.clear();
    Context c = city();
    start = cpu_seconds();
    const Answer answer = sense_.take(in, {}, c, seen_);
    const double took = cpu_seconds() - start;
    ASSERT_EQ(seen_.size(), static_cast<std::size_t>(kMessages) * 2);
    if (round < 6) continue;  // every head exists by now
    take_s += took;
    lookup_s += looked;
    messages += kMessages;
  }
  std::printf("take: %.3f us/message, lookups: %.3f us/message (100,000 assets, 2 values each)\n", take_s / messages * 1e6, lookup_s / messages * 1e6);
}

}  // namespace
}  // namespace cityloop
