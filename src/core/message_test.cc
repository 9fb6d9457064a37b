// SPDX-License-Identifier: Apache-2.0
#include "core/message.h"

#include <gtest/gtest.h>

#include "core/codec.h"
#include "core/context.h"

namespace cityloop {
namespace {

ReadingBatch batch_of_two() {
  ReadingBatch batch;
  batch.text = "t1ch4h2s{\"raw\"}";
  batch.messages = {{0, 2, 0, 2, 0, 8, 7, 0, from_ms(5)}, {0, 2, 2, 1, 1, 8, 0, 0, kNoTime}};
  batch.samples = {{2, 3, 1, 0, 312}, {5, 3, 0, 0, 7}, {2, 3, 0, 1, 0}};
  batch.flaws = {{2, "json.malformed", "line 1", "{"}};
  batch.known = {{0, true, {3, 0}}, {2, false, {}}};
  batch.known_turn = 41;
  return batch;
}

TEST(ReadingBatch, RoundTrip) {
  const ReadingBatch batch = batch_of_two();
  const std::string bytes = encoded(batch);
  Reader in(bytes);
  ReadingBatch back;
  decode(in, back);
  ASSERT_TRUE(in.ok() && in.done());
  EXPECT_EQ(encoded(back), bytes);
  EXPECT_EQ(back.asset_of(back.messages[1]), "t1");
  EXPECT_EQ(back.point_of(back.samples[1]), "h2s");
  EXPECT_EQ(back.raw_of(back.messages[0]), "{\"raw\"}");
  EXPECT_EQ(back.known[0].value, (Decimal{3, 0}));
  EXPECT_EQ(back.size(), 3u);
}

void expect_refused(const ReadingBatch& forged) {
  const std::string bytes = encoded(forged);
  Reader in(bytes);
  ReadingBatch back;
  decode(in, back);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(back.size(), 0u);
  EXPECT_TRUE(back.text.empty());
}

TEST(ReadingBatch, ForgedOffsetsSpoilTheReader) {
  const auto forge = [](auto change) {
    ReadingBatch batch = batch_of_two();
    change(batch);
    expect_refused(batch);
  };
  forge([](ReadingBatch& b) { b.messages[0].asset = 0xffffffff; });
  forge([](ReadingBatch& b) { b.messages[0].asset_size = 16; });
  forge([](ReadingBatch& b) { b.messages[1].first = 3; });
  forge([](ReadingBatch& b) { b.messages[1].count = 0xffffffff; });
  forge([](ReadingBatch& b) { b.messages[0].raw_size = 8; });
  forge([](ReadingBatch& b) { b.samples[2].point = 15; });
  forge([](ReadingBatch& b) { b.samples[2].point_size = 0xfffffffe; });
  forge([](ReadingBatch& b) { b.known[1].sample = 3; });
  forge([](ReadingBatch& b) { b.known[1].sample = 0; });
}

// Every cut and every changed byte either decodes to something whose offsets hold, or is refused; nothing crashes.
TEST(ReadingBatch, DamagedBytesNeverCrash) {
  const std::string bytes = encoded(batch_of_two());
  const auto try_one = [](const std::string& damaged) {
    Reader in(damaged);
    ReadingBatch back;
    decode(in, back);
    std::size_t touched = 0;
    for (const auto& m : back.messages) {
      touched += back.asset_of(m).size() + back.raw_of(m).size();
      for (std::uint32_t i = 0; i < m.count; ++i) touched += back.point_of(back.samples[m.first + i]).size();
    }
    return in.ok() ? touched : 0;
  };
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_EQ(try_one(bytes.substr(0, size)), 0u) << size;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      try_one(damaged);
    }
  }
}

TEST(Codec, InputsRoundTrip) {
  const Turn turn{9, from_ms(1000), 77,
                  {ReadingsIn{"token:gis", "", from_ms(999), true, batch_of_two()}, TickIn{},
                   ActionIn{"user:a", "case.close", "500106202208220001", "{}", "k", 5, 7, from_ms(998)},
                   RecordsIn{"credential:g", "weigh", from_ms(1), {RecordIn{0, "id", "b1", "passage", from_ms(2), "{}", {"e"}, "", "", ""}}},
                   PresenceIn{"credential:g", true, "", from_ms(3)}, StartedIn{kNoTime, "0.1"}, NoticeResultIn{"n", true, "200", from_ms(4)}}};
  const std::string bytes = encoded(turn);
  Reader in(bytes);
  Turn back;
  decode(in, back);
  ASSERT_TRUE(in.ok() && in.done());
  EXPECT_EQ(encoded(back), bytes);
  EXPECT_EQ(std::get<ActionIn>(back.inputs[2]).verb, "case.close");
  EXPECT_EQ(std::get<ReadingsIn>(back.inputs[0]).batch.known_turn, 41u);
}

TEST(Codec, ForgedLengthAllocatesNothing) {
  const std::string bytes("\xff\xff\xff\xff", 4);
  Reader in(bytes);
  std::vector<std::string> words;
  decode(in, words);
  EXPECT_FALSE(in.ok());
  EXPECT_TRUE(words.empty());
}

TEST(Codec, TheLargeAggregatesRoundTrip) {
  Alarm alarm;
  alarm.id = "a-1";
  alarm.level = Level::red;
  alarm.why.samples = {{"ch4", from_ms(1), {31, 0}, Quality::at_limit, from_ms(2)}};
  alarm.why.attributes = {{"depth_m", 3.2}, {"fan", true}, {"owner", std::string("x")}};
  alarm.shelved_until = from_ms(7);
  const std::string bytes = encoded(alarm);
  Reader in(bytes);
  Alarm back;
  decode(in, back);
  ASSERT_TRUE(in.ok() && in.done());
  EXPECT_EQ(encoded(back), bytes);
  EXPECT_EQ(back.why.samples[0].value, (Decimal{31, 0}));
  EXPECT_EQ(std::get<bool>(back.why.attributes.at("fan")), true);
}

TEST(Chance, IdsAreSixteenHexDigitsFromTheSeed) {
  Chance one(1), two(1);
  const std::string id = one.id("a");
  EXPECT_EQ(id.size(), 18u);
  EXPECT_TRUE(id.starts_with("a-"));
  EXPECT_EQ(id, two.id("a-"));
  EXPECT_NE(one.id("a"), id);
}

}  // namespace
}  // namespace cityloop
