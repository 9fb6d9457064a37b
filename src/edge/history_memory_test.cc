// SPDX-License-Identifier: Apache-2.0
#include "edge/history_memory.h"

#include <gtest/gtest.h>

namespace cityloop {
namespace {

PointSample at(PointId point, std::int64_t ms, std::int64_t mantissa) { return {point, {from_ms(ms), Decimal{mantissa, 0}, Quality::good}}; }

std::vector<std::int64_t> values(const History& history, PointId point, std::int64_t from, std::int64_t to, std::size_t limit = 100) {
  std::vector<std::int64_t> all;
  for (const Sample& sample : history.read(point, from_ms(from), from_ms(to), limit).value()) all.push_back(sample.value.mantissa);
  return all;
}

TEST(HistoryMemory, ReadsInOrderAndReplaces) {
  HistoryMemory history;
  const std::vector<PointSample> first{at(7, 30, 3), at(7, 10, 1), at(8, 10, 9)};
  ASSERT_TRUE(history.append(1, first, {}).has_value());
  const std::vector<PointSample> second{at(7, 20, 2), at(7, 10, 11)};
  ASSERT_TRUE(history.append(2, second, {}).has_value());
  EXPECT_EQ(values(history, 7, 0, 100), (std::vector<std::int64_t>{11, 2, 3}));
  EXPECT_EQ(values(history, 7, 10, 30), (std::vector<std::int64_t>{11, 2}));
  EXPECT_EQ(values(history, 7, 0, 100, 1), (std::vector<std::int64_t>{11}));
  EXPECT_TRUE(values(history, 9, 0, 100).empty());
  ASSERT_TRUE(history.append(2, first, {}).has_value());  // that turn is there already
  EXPECT_EQ(values(history, 7, 0, 11), (std::vector<std::int64_t>{11}));
  EXPECT_EQ(history.seen_turn(), 2u);
}

TEST(HistoryMemory, ForgetsWhatWasNotFlushed) {
  HistoryMemory history;
  const std::vector<PointSample> first{at(7, 10, 1)}, second{at(7, 10, 5), at(7, 20, 2)};
  const std::vector<Record> record{{"r", "a", "passage", from_ms(5), from_ms(6), "{}", {}}};
  ASSERT_TRUE(history.append(1, first, {}).has_value());
  EXPECT_EQ(history.flush().value(), 1u);
  ASSERT_TRUE(history.append(2, second, record).has_value());
  history.drop_unflushed();
  EXPECT_EQ(history.seen_turn(), 1u);
  EXPECT_EQ(values(history, 7, 0, 100), (std::vector<std::int64_t>{1}));
  RecordQuery query{"", "", from_ms(0), from_ms(100)};
  EXPECT_TRUE(history.records(query).value().first.empty());
  ASSERT_TRUE(history.append(2, second, record).has_value());
  EXPECT_EQ(values(history, 7, 0, 100), (std::vector<std::int64_t>{5, 2}));
  EXPECT_EQ(history.records(query).value().first.size(), 1u);
}

TEST(HistoryMemory, Buckets) {
  HistoryMemory history;
  const std::vector<PointSample> samples{at(1, 100, 4), at(1, 105, 2), at(1, 109, 3), at(1, 130, 8), at(1, 140, 9)};
  ASSERT_TRUE(history.append(1, samples, {}).has_value());
  const auto buckets = history.buckets(1, from_ms(100), from_ms(140), Millis{10}).value();
  ASSERT_EQ(buckets.size(), 2u);
  EXPECT_EQ(buckets[0].from, from_ms(100));
  EXPECT_EQ(buckets[0].count, 3u);
  EXPECT_EQ(buckets[0].sum, 9);
  EXPECT_EQ(buckets[0].least, 2);
  EXPECT_EQ(buckets[0].most, 4);
  EXPECT_EQ(buckets[0].first, 4);
  EXPECT_EQ(buckets[0].last, 3);
  EXPECT_EQ(buckets[1].from, from_ms(130));
  EXPECT_EQ(history.buckets(1, from_ms(0), from_ms(10), Millis{0}).error().code, &errors::kBadField);
  EXPECT_EQ(history.buckets(1, from_ms(10), from_ms(10), Millis{5}).error().code, &errors::kBadField);
  EXPECT_EQ(history.buckets(1, from_ms(0), from_ms(1'000'000'000'000), Millis{1}).error().code, &errors::kBadField);
}

TEST(HistoryMemory, RecordsByFilterAndCursor) {
  HistoryMemory history;
  std::vector<Record> records;
  for (int i = 0; i < 10; ++i) {
    records.push_back({std::to_string(i), i % 2 == 0 ? "even" : "odd", i % 3 == 0 ? "gate" : "passage", from_ms(100 - i), from_ms(200), "{}", {}});
  }
  ASSERT_TRUE(history.append(1, {}, records).has_value());
  const auto walk = [&](RecordQuery query) {
    std::string ids;
    while (true) {
      auto page = history.records(query).value();
      for (const Record& record : page.first) ids += record.id;
      if (page.second.empty()) return ids;
      query.cursor = page.second;
    }
  };
  EXPECT_EQ(walk({"", "", from_ms(0), from_ms(1000), 3, ""}), "9876543210");
  EXPECT_EQ(walk({"", "", from_ms(0), from_ms(1000), 3, "", true}), "0123456789");
  EXPECT_EQ(walk({"even", "", from_ms(0), from_ms(1000), 2, ""}), "86420");
  EXPECT_EQ(walk({"", "gate", from_ms(0), from_ms(1000), 1, ""}), "9630");
  EXPECT_EQ(walk({"odd", "gate", from_ms(0), from_ms(1000), 1, "", true}), "39");
  EXPECT_EQ(walk({"", "", from_ms(94), from_ms(97), 100, ""}), "654");
  EXPECT_EQ(history.records({"", "", from_ms(0), from_ms(9), 1, "bad"}).error().code, &errors::kBadField);
}

}  // namespace
}  // namespace cityloop
