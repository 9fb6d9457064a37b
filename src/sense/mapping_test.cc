// SPDX-License-Identifier: Apache-2.0
#include "sense/mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "core/json.h"
#include "sense/testing.h"

namespace cityloop {
namespace {

using ::testing::HasSubstr;

std::string file(const std::string& path) {
  std::FILE* const opened = std::fopen(path.c_str(), "rb");
  if (opened == nullptr) return {};
  std::string text(1 << 20, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), opened));
  std::fclose(opened);
  return text;
}
std::string ours(const std::string& path) { return file(std::string(CITYLOOP_SOURCE_DIR) + "/" + path); }

template <class Rows>
std::string problems(Rows& rows) {
  std::string out;
  for (const RowProblem& p : rows.take_problems()) out += std::to_string(p.line) + (p.dropped ? " " : " kept ") + p.code + "\n";
  return out;
}

TEST(ReadingMap, BeijingLikeFileInPiecesOfEverySize) {
  const ReadingMap map = parse_reading_map(ours("maps/beijing-air.map.jsonc")).value();
  const std::string text = ours("tests/data/beijing-like.csv");
  ASSERT_FALSE(text.empty());
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, text.size()}) {
    ReadingRows rows(map);
    for (std::size_t i = 0; i < text.size(); i += piece) ASSERT_TRUE(rows.feed(std::string_view(text).substr(i, piece)));
    ASSERT_TRUE(rows.finish());
    const ReadingBatch batch = rows.take();
    ASSERT_EQ(batch.messages.size(), 4u);
    EXPECT_EQ(batch.asset_of(batch.messages[0]), "air-beijing-dongsi");
    EXPECT_EQ(format_time(batch.messages[0].at), "2013-02-28T16:00:00Z");
    EXPECT_EQ(batch.messages[0].count, 11u);
    EXPECT_EQ(batch.messages[1].count, 10u) << "NA is no value";
    const auto& co = batch.samples[batch.messages[1].first + 3];
    EXPECT_EQ(batch.point_of(co), "co");
    EXPECT_EQ((Decimal{co.mantissa, co.scale}), (Decimal{11, 1})) << "ug to mg, exactly";
    EXPECT_EQ(batch.messages[2].count, 10u) << "without the cell that is no number";
    EXPECT_EQ(batch.asset_of(batch.messages[3]), "air-beijing-tiantan");
    EXPECT_EQ(problems(rows), "5 time.malformed\n6 kept reading.not_a_number\n7 payload.unmapped\n8 payload.undecodable\n9 time.malformed\n");
    EXPECT_EQ(rows.rows(), 9u);
    EXPECT_EQ(rows.empty_rows(), 1u);
  }
}

TEST(ReadingMap, ItsAssetsCanBeImported) {
  const ReadingMap map = parse_reading_map(ours("maps/beijing-air.map.jsonc")).value();
  const json::value document = parse_json(map.assets_document()).value();
  ASSERT_EQ(document.at("features").as_array().size(), 12u);
  const json::value& first = document.at("features").as_array().front();
  EXPECT_EQ(first.at("id").as_string(), "air-beijing-aotizhongxin");
  EXPECT_EQ(first.at("geometry").at("coordinates").as_array().front().as_double(), 116.40);
  EXPECT_EQ(first.at("properties").at("kind").as_string(), "air_station");
}

TEST(ReadingMap, ColumnsAreNeeded) {
  const ReadingMap map = parse_reading_map(
      R"({"time":{"column":"t","format":"epoch_s"},"asset":{"column":"s","template":"x-{value}"},"values":{"a":{"column":"A","scale":2}}, "format":{"delimiter":";","decimal_comma":true}})").value();
  ReadingRows wrong(map);
  const Result<void> fed = wrong.feed("t;s;B\n");
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().detail, "the file has no column `A`; it has B, s, t");
  ReadingRows rows(map);
  ASSERT_TRUE(rows.feed("t;s;A\n1661148000;7;1,5\n"));
  ASSERT_TRUE(rows.finish());
  const ReadingBatch batch = rows.take();
  EXPECT_EQ(batch.asset_of(batch.messages.at(0)), "x-7");
  EXPECT_EQ(batch.samples.at(0).mantissa, 3);
  EXPECT_THAT(parse_reading_map(R"({"tmie":{}})").error().detail, HasSubstr("did you mean `time`"));
  EXPECT_THAT(parse_reading_map(ours("maps/nyc-311.map.jsonc")).error().detail, HasSubstr("this map is for reports"));
}

TEST(ReportMap, NycLikeFile) {
  ReportMap map = parse_report_map(ours("maps/nyc-311.map.jsonc")).value();
  EXPECT_EQ(map.zone_name(), "America/New_York");
  const std::string zone = file("/usr/share/zoneinfo/" + map.zone_name());
  if (zone.empty()) GTEST_SKIP() << "no time zone files on this machine";
  map.set_zone(Zone::parse(zone).value());
  ReportRows rows(map);
  ASSERT_TRUE(rows.feed(ours("tests/data/nyc-like.csv")));
  ASSERT_TRUE(rows.finish());
  const std::vector<MappedReport> reports = rows.take();
  ASSERT_EQ(reports.size(), 4u);
  const Report& first = reports[0].report;
  EXPECT_EQ(first.external, "900001");
  EXPECT_EQ(first.title, "Derelict Vehicle - With License Plate");
  EXPECT_EQ(first.text, "The crew said: \"gone\",\r\nand left.");
  EXPECT_EQ(format_time(first.at), "2018-10-21T04:00:00Z");
  EXPECT_EQ(first.area, "36081");
  EXPECT_EQ(first.address, "1 EXAMPLE AVENUE QUEENS");
  EXPECT_EQ(first.status_external, "Closed");
  EXPECT_EQ(first.place, (LngLat{-73.87, 40.71}));
  EXPECT_EQ(first.klass.code, "");
  EXPECT_EQ(reports[0].unit, "nyc-nypd");
  EXPECT_EQ(format_time(*reports[0].due), "2018-10-21T12:00:00Z");
  EXPECT_EQ(format_time(*reports[0].closed), "2018-10-21T04:59:00Z");
  EXPECT_EQ(format_time(reports[1].report.at), "2018-03-11T07:30:00Z") << "a time that the clocks left out";
  EXPECT_EQ(reports[1].report.klass.code, "0201");
  EXPECT_FALSE(reports[1].report.place);
  EXPECT_EQ(format_time(reports[2].report.at), "2018-11-04T05:30:00Z") << "a time that came twice: the first";
  EXPECT_FALSE(reports[2].report.place) << "0, 0";
  EXPECT_EQ(reports[2].report.title, "Sewer") << "a missing half stays away";
  EXPECT_EQ(reports[2].report.area, "36");
  EXPECT_EQ(reports[2].unit, "nyc-other");
  EXPECT_EQ(reports[3].report.external, "900006");
  EXPECT_FALSE(reports[3].closed);
  EXPECT_EQ(problems(rows), "6 time.malformed\n7 field.missing\n8 kept field.invalid\n8 kept time.malformed\n9 payload.undecodable\n10 payload.undecodable\n");
  const json::object item = parse_json(report_json(reports[1])).value().as_object();
  EXPECT_EQ(item.at("class").at("code").as_string(), "0201");
  EXPECT_FALSE(item.contains("location"));
}

TEST(ReportMap, ErrorsNameThePlace) {
  EXPECT_THAT(parse_report_map(R"({"source":"s"})").error().detail, HasSubstr("`id` is missing"));
  EXPECT_THAT(parse_report_map(R"({"source":"s","id":"a","titel":"b"})").error().detail, HasSubstr("did you mean `title`"));
  EXPECT_THAT(parse_report_map(R"({"source":"s","id":"a","title":{"column":"b","template":"c"},"at":"t"})").error().detail, HasSubstr("exactly one"));
  EXPECT_THAT(parse_report_map(R"({"source":"s","id":"a","title":"b","at":"t","lng":"x"})").error().detail, HasSubstr("come together"));
}

class MapsOnTheCity : public SenseTest {};

TEST_F(MapsOnTheCity, AreasOfTheMapAreImported) {
  sense_.tables().set_root_area("36");
  EXPECT_THAT(act("areas.import", "", ours("maps/nyc-areas.geojson")).body, HasSubstr(R"("created":6,"updated":0,"unchanged":0,"failed":0)"));
}

}  // namespace
}  // namespace cityloop
