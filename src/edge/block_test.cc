// SPDX-License-Identifier: Apache-2.0
#include "edge/block.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/context.h"
#include "edge/history_head.h"

namespace cityloop {
namespace {

bool same(const Sample& left, const Sample& right) {
  return left.at == right.at && left.value == right.value && left.quality == right.quality;
}

Decimal random_decimal(Chance& chance, int kind) {
  const auto mantissa = static_cast<std::int64_t>(chance.next());
  switch (kind) {
    case 0: return decimal_of(static_cast<double>(mantissa % 1000) / 100);
    case 1: return decimal_of(static_cast<double>(mantissa % 5));
    case 2: return Decimal{mantissa % 100'000'000'000'000'00 / 10 * 10 + 1, static_cast<std::int32_t>(chance.next() % 37) - 18};
    case 3: return Decimal{mantissa % 1'000'000'000 / 10 * 10 + 7, static_cast<std::int32_t>(chance.next() % 4)};
    default: return decimal_of(12.5);
  }
}

std::vector<Sample> random_samples(Chance& chance) {
  std::vector<Sample> samples(1 + chance.next() % (chance.next() % 4 == 0 ? 600 : 12));
  std::int64_t at = static_cast<std::int64_t>(chance.next() % 2'000'000'000'000) - 1000;
  const int times = static_cast<int>(chance.next() % 5), values = static_cast<int>(chance.next() % 5);
  const bool good = chance.next() % 2 == 0;
  for (Sample& sample : samples) {
    sample.at = from_ms(at);
    sample.value = random_decimal(chance, values);
    sample.quality = good ? Quality::good : static_cast<Quality>(chance.next() % 6);
    const std::uint64_t drawn = chance.next();
    at += times == 0 ? 60'000 : times == 1 ? 59'900 + static_cast<std::int64_t>(drawn % 200) : times == 2 ? 1 : times == 3 ? 1 + static_cast<std::int64_t>(drawn % 100'000'000) : 1 + static_cast<std::int64_t>(drawn >> (20 + drawn % 40));
  }
  return samples;
}

TEST(Block, KeepsEverySampleExactly) {
  Chance chance(11);
  for (int i = 0; i < 3000; ++i) {
    const std::vector<Sample> samples = random_samples(chance);
    const std::string block = encode_block(samples);
    std::vector<Sample> back;
    ASSERT_TRUE(decode_block(block, back).has_value());
    ASSERT_TRUE(std::ranges::equal(samples, back, same)) << i;

    const BlockSummary summary = block_summary(block).value();
    EXPECT_EQ(summary.first_at, samples.front().at);
    EXPECT_EQ(summary.last_at, samples.back().at);
    EXPECT_EQ(summary.values.count, samples.size());
    double least = INFINITY, most = -INFINITY, sum = 0, size = 0;
    for (const Sample& sample : samples) {
      least = std::min(least, sample.value.number());
      most = std::max(most, sample.value.number());
      sum += sample.value.number();
      size += std::abs(sample.value.number());
    }
    ASSERT_EQ(summary.values.least, least);
    ASSERT_EQ(summary.values.most, most);
    ASSERT_EQ(summary.values.first, samples.front().value.number());
    ASSERT_EQ(summary.values.last, samples.back().value.number());
    ASSERT_NEAR(summary.values.sum, sum, 1e-12 * size);
  }
}

TEST(Block, ExtremesSurvive) {
  const std::vector<Sample> samples{{from_ms(INT64_MIN), Decimal{INT64_MIN + 7, 0}, Quality::good},
                                    {from_ms(-1), Decimal{INT64_MAX, 18}, Quality::suspect},
                                    {from_ms(0), Decimal{0, 0}, Quality::good},
                                    {from_ms(INT64_MAX), Decimal{1, -18}, Quality::derived}};
  std::vector<Sample> back;
  ASSERT_TRUE(decode_block(encode_block(samples), back).has_value());
  EXPECT_TRUE(std::ranges::equal(samples, back, same));
  HistoryHead head(5);
  for (const Sample& sample : samples) head.add(sample);
  back.clear();
  head.read(back);
  EXPECT_TRUE(std::ranges::equal(samples, back, same));
}

TEST(Block, RegularSeriesAreSmall) {
  std::vector<Sample> samples(256);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = {from_ms(1'700'000'000'000 + 60'000 * static_cast<std::int64_t>(i)), Decimal{215, 1}, Quality::good};
  EXPECT_LT(encode_block(samples).size(), 40u);
}

TEST(Block, DamageIsNoticed) {
  Chance chance(5);
  const std::vector<Sample> samples = random_samples(chance);
  const std::string block = encode_block(samples);
  std::vector<Sample> out(1);
  for (std::size_t i = 0; i < block.size(); ++i) {
    std::string bad = block;
    bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
    ASSERT_EQ(decode_block(bad, out).error().code, &errors::kCorrupt);
    ASSERT_EQ(block_summary(bad).error().code, &errors::kCorrupt);
    ASSERT_FALSE(decode_block(block.substr(0, i), out).has_value());
  }
  EXPECT_EQ(out.size(), 1u);
}

TEST(HistoryHead, TakesSamplesInAnyOrderAndComesBack) {
  Chance chance(3);
  for (int round = 0; round < 300; ++round) {
    std::vector<Sample> samples = random_samples(chance);
    std::map<Time, Sample> model;
    HistoryHead head(9);
    EXPECT_FALSE(head.is_closed(from_ms(INT64_MIN)));
    head.put(samples.front());
    model[samples.front().at] = samples.front();
    for (std::size_t i = 1; i < samples.size(); ++i) {
      const std::size_t pick = chance.next() % 5 == 0 ? 1 + chance.next() % i : i;
      Sample sample = samples[std::min(pick, samples.size() - 1)];
      sample.value = random_decimal(chance, 0);
      ASSERT_FALSE(head.is_closed(sample.at));
      head.put(sample);
      model[sample.at] = sample;
    }
    EXPECT_EQ(head.count(), model.size());
    EXPECT_TRUE(head.is_closed(samples.front().at - Millis{1}));
    const std::string saved = head.save(77);
    const HistoryHead loaded = HistoryHead::load(9, saved).value();
    EXPECT_EQ(loaded.covered, 77u);
    for (const HistoryHead* each : {&std::as_const(head), &loaded}) {
      std::vector<Sample> back;
      each->read(back);
      ASSERT_EQ(back.size(), model.size());
      std::size_t i = 0;
      for (const auto& [at, sample] : model) ASSERT_TRUE(same(back[i++], sample));
    }
    std::string bad = saved;
    bad[chance.next() % bad.size()] ^= 2;
    EXPECT_EQ(HistoryHead::load(9, bad).error().code, &errors::kCorrupt);
    const Time last = head.last_at();
    head.close_until(last);
    EXPECT_EQ(head.count(), 0u);
    EXPECT_TRUE(head.is_closed(last));
    EXPECT_FALSE(head.is_closed(last + Millis{1}));
  }
}

}  // namespace
}  // namespace cityloop
