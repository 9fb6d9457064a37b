// SPDX-License-Identifier: Apache-2.0
#include "core/notice_text.h"

#include <gtest/gtest.h>

namespace cityloop {
namespace {

constexpr Millis kEight = std::chrono::hours(8);

Notice dispatched() {
  Notice notice;
  notice.id = "5001062022082200001:2";
  notice.subject = "5001062022082200001";
  notice.type = "city.case.dispatched";
  notice.level = Level::red;
  notice.data = R"({"no":"5001062022082200001","title":"化粪池气体","area":"500106","area_name":"沙坪坝区","area_name_en":"Shapingba","asset_name":"石井坡 1 号化粪池",
    "unit":"u-san","unit_name":"环卫所","opened_at":"2022-08-22T06:00:00Z","comment":"请\r\n尽快"})";
  return notice;
}

TEST(NoticeText, SaysItInBothLanguages) {
  const NoticeText zh = notice_text(dispatched(), "zh", kEight);
  EXPECT_EQ(zh.title, "【红色Ⅰ级】派单\uFF1A化粪池气体");
  const std::string plain = plain_text(zh, "zh");
  for (const char* part : {"编号\uFF1A5001062022082200001\n", "地点\uFF1A石井坡 1 号化粪池\n", "区域\uFF1A沙坪坝区\n", "单位\uFF1A环卫所\n", "立案\uFF1A2022-08-22 14:00\n", "说明\uFF1A请  尽快\n"})
    EXPECT_NE(plain.find(part), std::string::npos) << part << " in\n" << plain;
  const NoticeText en = notice_text(dispatched(), "en", kEight);
  EXPECT_EQ(en.title, "[Red] Case dispatched: 化粪池气体");
  EXPECT_NE(plain_text(en, "en").find("Area: Shapingba\n"), std::string::npos);
}

TEST(NoticeText, AnAlarmTellsItsValue) {
  Notice notice;
  notice.type = "city.alarm.unacknowledged";
  notice.level = Level::orange;
  notice.data = R"({"alarm":"a-1","title":"甲烷超限","title_en":"Methane high","asset_name":"T1","value":31.25,"unit":"%LEL","raised_at":"2022-08-22T06:00:00Z","waited_minutes":15,"drill":true})";
  const NoticeText en = notice_text(notice, "en", kEight);
  EXPECT_EQ(en.title, "[Drill] [Orange] Alarm not acknowledged: Methane high");
  const std::string plain = plain_text(en, "en");
  EXPECT_NE(plain.find("Value: 31.3 %LEL\n"), std::string::npos) << plain;
  EXPECT_NE(plain.find("Waited: 15 minutes\n"), std::string::npos) << plain;
}

TEST(NoticeText, ATitleIsOneLineAndUnknownDataIsNoProblem) {
  Notice notice;
  notice.subject = "c1";
  notice.type = "city.other";
  notice.data = "not json";
  EXPECT_EQ(notice_text(notice, "zh", kEight).title, "city.other");
  notice.data = R"({"no":"1","title":"a\r\nBcc: x@y.example\u0000b"})";
  EXPECT_EQ(notice_text(notice, "en", kEight).title, "city.other: a  Bcc: x@y.example b");
}

TEST(NoticeText, ShortMessagesAreCutByCharactersAndKeepTheLink) {
  NoticeText text = notice_text(dispatched(), "zh", kEight);
  EXPECT_EQ(short_text(text, 10), "【红色Ⅰ级】派单\uFF1A…");
  text.link = "https://c.example/n";
  const std::string cut = short_text(text, 30);
  EXPECT_TRUE(cut.ends_with("… https://c.example/n")) << cut;
  EXPECT_EQ(short_text(NoticeText{"短", {}, ""}, 20), "短");
}

TEST(NoticeText, CutBytesKeepsCharactersWhole) {
  EXPECT_EQ(cut_bytes("城市运行", 12), "城市运行");
  EXPECT_EQ(cut_bytes("城市运行", 11), "城市…");
  EXPECT_EQ(cut_bytes("城市运行", 8), "城…");
  EXPECT_LE(cut_bytes("城市运行", 7).size(), 7u);
}

}  // namespace
}  // namespace cityloop
