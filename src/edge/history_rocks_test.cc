// SPDX-License-Identifier: Apache-2.0
#include "edge/history_rocks.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "core/context.h"
#include "edge/block.h"
#include "edge/history_keys.h"
#include "edge/history_memory.h"
#include "edge/scratch_test.h"

namespace cityloop {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<HistoryRocks> open_history(const std::string& folder, HistoryRocksOptions options = {}) {
  auto history = HistoryRocks::create(folder, options);
  EXPECT_TRUE(history.has_value()) << history.error().detail;
  return history ? std::move(history).value() : nullptr;
}

struct Turn {
  std::vector<PointSample> samples;
  std::vector<Record> records;
};

// Turns as a city would have them, and worse: bursts of one point, late samples, duplicates and corrections.
std::vector<Turn> random_turns(Chance& chance, int turns) {
  const auto below = [&](std::uint64_t n) { return chance.next() % n; };
  std::map<PointId, std::int64_t> newest;
  std::vector<Turn> all(static_cast<std::size_t>(turns));
  for (Turn& turn : all) {
    const std::size_t size = below(10) == 0 ? 900 : below(30);
    const PointId burst = below(6);
    for (std::size_t i = 0; i < size; ++i) {
      const PointId point = size == 900 ? burst : below(6);
      std::int64_t& last = newest.try_emplace(point, 1'000'000).first->second;
      std::int64_t at = last + static_cast<std::int64_t>(below(3) == 0 ? below(200) : 60);
      if (below(5) == 0) at = last - static_cast<std::int64_t>(below(below(2) == 0 ? 400 : 60'000));  // late, or the same again
      last = std::max(last, at);
      const auto value = static_cast<std::int64_t>(below(2000)) - 1000;
      turn.samples.push_back({point, {from_ms(at), decimal_of(static_cast<double>(value) / 10), below(9) == 0 ? Quality::suspect : Quality::good}});
    }
    for (std::uint64_t i = below(4); i > 0; --i) {
      turn.records.push_back({"r" + std::to_string(below(40)), "asset-" + std::to_string(below(3)), below(2) == 0 ? "gate" : "passage",
                              from_ms(static_cast<std::int64_t>(below(50))), from_ms(9), "{\"n\":" + std::to_string(below(99)) + "}", {"e"}});
    }
  }
  return all;
}

void play(History& history, const std::vector<Turn>& turns, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i) ASSERT_TRUE(history.append(i + 1, turns[i].samples, turns[i].records).has_value());
}

bool same(const Sample& left, const Sample& right) { return left.at == right.at && left.value == right.value && left.quality == right.quality; }

void expect_equal(const History& history, const History& model, Chance& chance) {
  for (PointId point = 0; point < 7; ++point) {
    const auto ours = history.read(point, from_ms(0), from_ms(INT64_MAX), SIZE_MAX).value();
    const auto theirs = model.read(point, from_ms(0), from_ms(INT64_MAX), SIZE_MAX).value();
    ASSERT_EQ(ours.size(), theirs.size()) << "point " << point;
    ASSERT_TRUE(std::ranges::equal(ours, theirs, same)) << "point " << point;
    for (int i = 0; i < 20; ++i) {
      const std::int64_t span = theirs.empty() ? 100 : to_ms(theirs.back().at) - 900'000;
      const Time from = from_ms(900'000 + static_cast<std::int64_t>(chance.next() % static_cast<std::uint64_t>(span)));
      const Time to = from + Millis{1 + static_cast<std::int64_t>(chance.next() % static_cast<std::uint64_t>(span))};
      const std::size_t limit = 1 + chance.next() % 700;
      ASSERT_TRUE(std::ranges::equal(history.read(point, from, to, limit).value(), model.read(point, from, to, limit).value(), same));
      const Millis step{500 + static_cast<std::int64_t>(chance.next() % 100'000)};
      const auto a = history.buckets(point, from, to, step).value(), b = model.buckets(point, from, to, step).value();
      ASSERT_EQ(a.size(), b.size());
      for (std::size_t k = 0; k < a.size(); ++k) {
        ASSERT_EQ(a[k].from, b[k].from);
        ASSERT_EQ(a[k].count, b[k].count);
        ASSERT_EQ(a[k].least, b[k].least);
        ASSERT_EQ(a[k].most, b[k].most);
        ASSERT_EQ(a[k].first, b[k].first);
        ASSERT_EQ(a[k].last, b[k].last);
        ASSERT_NEAR(a[k].sum, b[k].sum, 1e-9 * static_cast<double>(100 * a[k].count));
      }
    }
  }
  for (const std::string asset : {"", "asset-1", "asset-9"}) {
    for (const std::string kind : {"", "gate"}) {
      for (const bool descending : {false, true}) {
        RecordQuery ours{asset, kind, from_ms(5), from_ms(45), 7, "", descending}, theirs = ours;
        while (true) {
          const auto a = history.records(ours).value(), b = model.records(theirs).value();
          ASSERT_EQ(a.first.size(), b.first.size());
          for (std::size_t i = 0; i < a.first.size(); ++i) {
            ASSERT_EQ(a.first[i].id, b.first[i].id);
            ASSERT_EQ(a.first[i].fields, b.first[i].fields);
          }
          ASSERT_EQ(a.second, b.second);
          if (a.second.empty()) break;
          ours.cursor = theirs.cursor = a.second;
        }
      }
    }
  }
}

TEST(HistoryRocks, EqualsTheTwinThroughFlushesAndStarts) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    Chance chance(seed);
    const Scratch scratch;
    HistoryMemory model;
    auto history = open_history(scratch / "history");
    const std::vector<Turn> turns = random_turns(chance, 150);
    std::size_t flushed = 0;
    for (std::size_t at = 0; at < turns.size(); at += 30) {
      play(*history, turns, at, at + 30);
      play(model, turns, at, at + 30);
      expect_equal(*history, model, chance);
      if (chance.next() % 2 == 0) {
        ASSERT_EQ(history->flush().value(), at + 30);
        flushed = at + 30;
      }
      if (chance.next() % 2 == 0) {  // a start without a flush: the Log replays what came after it
        history.reset();
        history = open_history(scratch / "history");
        ASSERT_EQ(history->seen_turn(), flushed);
        play(*history, turns, flushed, at + 30);
        expect_equal(*history, model, chance);
      }
    }
    EXPECT_EQ(history->damaged(), 0u);
  }
}

// The files as they are at some moment, and the write-ahead log cut anywhere behind the last flush: a loss of power.
TEST(HistoryRocks, LosesNothingThatWasFlushed) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Chance chance(seed);
    const Scratch scratch;
    const std::vector<Turn> turns = random_turns(chance, 60);
    HistoryMemory model;
    play(model, turns, 0, 60);
    auto history = open_history(scratch / "history");
    play(*history, turns, 0, 30);
    ASSERT_EQ(history->flush().value(), 30u);
    std::map<std::string, std::uintmax_t> flushed;
    for (const auto& entry : fs::directory_iterator(scratch / "history")) flushed[entry.path().filename()] = entry.file_size();
    play(*history, turns, 30, 60);
    fs::copy(scratch / "history", scratch / "crashed");
    for (const auto& entry : fs::directory_iterator(scratch / "crashed")) {
      if (entry.path().extension() != ".log" || !flushed.contains(entry.path().filename())) continue;
      const std::uintmax_t kept = flushed[entry.path().filename()];
      fs::resize_file(entry.path(), kept + chance.next() % (entry.file_size() - kept + 1));
    }
    auto restarted = open_history(scratch / "crashed");
    ASSERT_EQ(restarted->seen_turn(), 30u);
    play(*restarted, turns, 30, 60);
    expect_equal(*restarted, model, chance);
  }
}

TEST(HistoryRocks, ClosesHeadsEarlyWhenMemoryIsShort) {
  const Scratch scratch;
  auto history = open_history(scratch / "history", {.head_bytes = 20'000});
  std::vector<PointSample> samples;
  for (std::uint64_t turn = 1; turn <= 200; ++turn) {
    samples.clear();
    for (PointId point = 0; point < 300; ++point) {
      samples.push_back({point, {from_ms(static_cast<std::int64_t>(turn) * 1000), decimal_of(static_cast<double>(turn * point % 997) / 10), Quality::good}});
    }
    ASSERT_TRUE(history->append(turn, samples, {}).has_value());
  }
  EXPECT_GT(history->counters().blocks, 300u);
  EXPECT_LT(history->counters().head_bytes, 300u * 64 * 4);
  EXPECT_EQ(history->read(17, from_ms(0), from_ms(1'000'000), SIZE_MAX).value().size(), 200u);
}

TEST(HistoryRocks, ReadsWholeTurnsWhileItIsWritten) {
  const Scratch scratch;
  auto history = open_history(scratch / "history");
  std::atomic<bool> stop = false;
  std::thread reader([&] {
    while (!stop) {
      const auto samples = history->read(1, from_ms(0), from_ms(INT64_MAX), SIZE_MAX).value();
      ASSERT_EQ(samples.size() % 10, 0u);
      for (std::size_t i = 0; i < samples.size(); ++i) ASSERT_EQ(to_ms(samples[i].at), static_cast<std::int64_t>(i));
    }
  });
  for (std::uint64_t turn = 1; turn <= 2000; ++turn) {
    std::vector<PointSample> samples;
    for (std::uint64_t i = 0; i < 10; ++i) samples.push_back({1, {from_ms(static_cast<std::int64_t>((turn - 1) * 10 + i)), Decimal{1, 0}, Quality::good}});
    ASSERT_TRUE(history->append(turn, samples, {}).has_value());
    if (turn % 500 == 0) {
      ASSERT_TRUE(history->flush().has_value());
    }
  }
  stop = true;
  reader.join();
}

TEST(HistoryRocks, ADamagedBlockIsLeftOutAndCounted) {
  const Scratch scratch;
  const std::string folder = scratch / "history";
  const auto sample = [](PointId point, std::int64_t i) { return PointSample{point, {from_ms(i * 1000), Decimal{i % 9 + 1, 0}, Quality::good}}; };
  {
    auto history = open_history(folder);
    std::vector<PointSample> samples;
    for (std::int64_t i = 0; i < 1000; ++i) {
      samples.push_back(sample(1, i));
      samples.push_back(sample(2, i));
    }
    ASSERT_TRUE(history->append(1, samples, {}).has_value());
    ASSERT_TRUE(history->flush().has_value());
  }
  {
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const char* name : {"default", "blocks", "late", "heads", "records"}) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(rocksdb::DBOptions(), folder, families, &handles, &raw).ok());
    const std::unique_ptr<rocksdb::DB> db(raw);
    std::string block, head;
    ASSERT_TRUE(db->Get({}, handles[1], point_key(1, from_ms(256'000)), &block).ok());
    block[block.size() / 2] ^= 1;
    ASSERT_TRUE(db->Put({}, handles[1], point_key(1, from_ms(256'000)), block).ok());
    ASSERT_TRUE(db->Get({}, handles[3], point_key(2), &head).ok());
    head[head.size() / 2] ^= 1;
    ASSERT_TRUE(db->Put({}, handles[3], point_key(2), head).ok());
    for (rocksdb::ColumnFamilyHandle* handle : handles) ASSERT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
  }
  auto history = open_history(folder);
  EXPECT_EQ(history->damaged(), 1u);  // the head of point 2
  EXPECT_EQ(history->read(1, from_ms(0), from_ms(1'000'000), SIZE_MAX).value().size(), 1000u - 256);
  EXPECT_EQ(history->damaged(), 2u);
  EXPECT_EQ(history->read(2, from_ms(0), from_ms(1'000'000), SIZE_MAX).value().size(), 768u);
  const std::vector<PointSample> more{sample(2, 700), sample(2, 768), sample(2, 769)};
  ASSERT_TRUE(history->append(2, more, {}).has_value());
  const auto after = history->read(2, from_ms(0), from_ms(1'000'000), SIZE_MAX).value();
  EXPECT_EQ(after.size(), 770u);
  EXPECT_TRUE(std::ranges::is_sorted(after, {}, &Sample::at));
}

TEST(HistoryRocks, BackupOpensAsItWas) {
  const Scratch scratch;
  Chance chance(4);
  const std::vector<Turn> turns = random_turns(chance, 60);
  HistoryMemory model;
  play(model, turns, 0, 40);
  auto history = open_history(scratch / "history");
  play(*history, turns, 0, 40);
  ASSERT_TRUE(history->flush().has_value());
  ASSERT_TRUE(history->backup(scratch / "copy").has_value());
  play(*history, turns, 40, 60);
  auto copy = open_history(scratch / "copy");
  EXPECT_EQ(copy->seen_turn(), 40u);
  expect_equal(*copy, model, chance);
}

TEST(HistoryKeys, SortAsWhatTheyName) {
  EXPECT_LT(point_key(1, from_ms(-5)), point_key(1, from_ms(3)));
  EXPECT_LT(point_key(1, from_ms(INT64_MAX)), point_key(2, from_ms(INT64_MIN)));
  EXPECT_EQ(time_of_key(point_key(7, from_ms(-123))), from_ms(-123));
  for (const char order : {'a', 'k', 't'}) {
    const RecordKey key{from_ms(-9), std::string("a\0b", 3), "kind", ""};
    RecordKey back;
    ASSERT_TRUE(parse_record_key(record_key(order, key), back));
    EXPECT_EQ(key, back);
    EXPECT_FALSE(parse_record_key(record_key(order, key).substr(0, 6), back));
  }
  EXPECT_LT(record_key('a', {from_ms(9), "ab", "", ""}), record_key('a', {from_ms(1), "ab1", "", ""}));
}

}  // namespace
}  // namespace cityloop
