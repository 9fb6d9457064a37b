// SPDX-License-Identifier: Apache-2.0
// The small readers: CSV, times, zones, paths, scaled decimals, GeoJSON.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <random>

#include "core/json.h"
#include "sense/csv.h"
#include "sense/geojson.h"
#include "sense/number.h"
#include "sense/path.h"
#include "sense/time_text.h"
#include "sense/zone.h"

namespace cityloop {
namespace {

std::string rows(std::string_view text, std::size_t piece, char delimiter = ',') {
  CsvReader csv(delimiter);
  CsvReader::Row row;
  std::string out;
  const auto drain = [&] {
    while (csv.next(row)) {
      out += std::to_string(row.line) + ":";
      for (const std::string& cell : row.cells) out += "[" + cell + "]";
      if (!row.problem.empty()) out += "!" + row.problem;
      out += "\n";
    }
  };
  for (std::size_t i = 0; i < text.size(); i += piece) {
    csv.feed(text.substr(i, piece));
    drain();
  }
  csv.finish();
  drain();
  return out;
}

TEST(Csv, EveryOddityInPiecesOfEverySize) {
  const std::string text = "\xEF\xBB\xBF" "a,b,\"c,d\"\r\n\r\n\"two\r\nlines\",\"say \"\"hi\"\"\",\n,,\nx\"y,1\n\"bad\"z,2\nlast,\"q\"";
  const std::string expected = "1:[a][b][c,d]\n3:[two\r\nlines][say \"hi\"][]\n5:[][][]\n6:!a quote stands in the middle of a cell\n"
                               "7:!text follows a closing quote\n8:[last][q]\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) EXPECT_EQ(rows(text, piece), expected) << piece;
  EXPECT_EQ(rows("a;b\r1;2\r", 1, ';'), "1:[a][b]\n2:[1][2]\n") << "old Macintosh line ends";
  EXPECT_EQ(rows("", 1), "");
  EXPECT_EQ(rows("\"open,1\nnext,2\n", 3), "1:!a quote is not closed\n2:[next][2]\n");
}

TEST(TimeText, Patterns) {
  const auto ms = [](const char* pattern, const char* text, Millis offset = Millis{0}) -> std::int64_t {
    TimeForm form = parse_time_form(pattern).value();
    form.zone = Zone::fixed(offset);
    const Result<Time> time = read_time(form, text);
    return time ? to_ms(*time) : -1;
  };
  EXPECT_EQ(ms("%Y-%m-%d %H:%M:%S", "2022-08-22 14:00:00", std::chrono::hours(8)), 1661148000000);
  EXPECT_EQ(ms("%m/%d/%y %H:%M", "8/22/22 6:00"), 1661148000000);
  EXPECT_EQ(ms("%d %b %Y %I:%M %p", "22 Aug 2022 06:00 AM"), 1661148000000);
  EXPECT_EQ(ms("%I:%M%p %d%m%Y", "12:00am 22082022"), 1661126400000);
  EXPECT_EQ(ms("%Y%m%dT%H%M%S%z", "20220822T140000+0800"), 1661148000000);
  EXPECT_EQ(ms("%Y-%m-%dT%H:%M:%S.%f%z", "2022-08-22T06:00:00.25Z"), 1661148000250);
  EXPECT_EQ(ms("%Y-%m-%d %H", "2022-08-21 24", std::chrono::hours(-6)), 1661148000000);
  EXPECT_EQ(ms("%Y-%m-%d", "2022-02-29"), -1);
  EXPECT_EQ(ms("%Y-%m-%d", "2022-02-28x"), -1);
  EXPECT_EQ(ms("%H:%M", "25:00"), -1);
  EXPECT_EQ(ms("epoch_s", "1661148000.0625"), 1661148000062);
  EXPECT_EQ(ms("epoch_s", "1.661148e9"), 1661148000000);
  EXPECT_EQ(ms("epoch_ms", "1661148000000"), 1661148000000);
  EXPECT_EQ(ms("epoch_ms", "-5"), -1);
  EXPECT_EQ(ms("epoch_s", "999999999999999"), -1);
  EXPECT_FALSE(parse_time_form("yyyy-mm-dd"));
  EXPECT_FALSE(parse_time_form("%"));
  EXPECT_FALSE(parse_utc_offset("8:00"));
  EXPECT_EQ(parse_utc_offset("-05:30").value(), -std::chrono::minutes(330));
}

std::string zone_bytes(const char* name) {
  std::FILE* const file = std::fopen((std::string("/usr/share/zoneinfo/") + name).c_str(), "rb");
  if (file == nullptr) return {};
  std::string bytes(1 << 16, '\0');
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
  std::fclose(file);
  return bytes;
}

TEST(Zone, NewYork) {
  const std::string bytes = zone_bytes("America/New_York");
  if (bytes.empty()) GTEST_SKIP() << "no time zone files on this machine";
  const Zone zone = Zone::parse(bytes).value();
  const auto utc = [&](const char* local) { return format_time(zone.to_utc(parse_time(std::string(local) + "Z").value())); };
  EXPECT_EQ(utc("2018-10-21T00:00:00"), "2018-10-21T04:00:00Z");
  EXPECT_EQ(utc("2018-01-21T00:00:00"), "2018-01-21T05:00:00Z");
  EXPECT_EQ(utc("2018-03-11T01:59:59"), "2018-03-11T06:59:59Z");
  EXPECT_EQ(utc("2018-03-11T02:30:00"), "2018-03-11T07:30:00Z") << "a gap moves forward: 03:30 daylight time";
  EXPECT_EQ(utc("2018-03-11T03:00:00"), "2018-03-11T07:00:00Z");
  EXPECT_EQ(utc("2018-11-04T01:30:00"), "2018-11-04T05:30:00Z") << "a fold takes the first";
  EXPECT_EQ(utc("2018-11-04T02:00:00"), "2018-11-04T07:00:00Z");
  EXPECT_EQ(utc("2090-07-01T12:00:00"), "2090-07-01T16:00:00Z") << "the footer's rule goes on";
  EXPECT_EQ(utc("2090-12-01T12:00:00"), "2090-12-01T17:00:00Z");
  EXPECT_EQ(zone.offset_at(parse_time("2018-07-01T00:00:00Z").value()), -std::chrono::hours(4));
}

TEST(Zone, RoundTripsAndRefusals) {
  for (const char* const name : {"Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu", "Africa/Casablanca"}) {
    const std::string bytes = zone_bytes(name);
    if (bytes.empty()) GTEST_SKIP() << "no time zone files on this machine";
    const Result<Zone> zone = Zone::parse(bytes);
    ASSERT_TRUE(zone.has_value()) << name;
    std::mt19937_64 random(1);
    for (int i = 0; i < 2'000; ++i) {
      const Time utc = from_ms(static_cast<std::int64_t>(random() % 3'000'000'000) * 1000);
      const Time back = zone->to_utc(utc + zone->offset_at(utc));
      // The same instant, or in a fold the first of the two.
      EXPECT_TRUE(back == utc || (back < utc && back + zone->offset_at(back) == utc + zone->offset_at(utc))) << name << " " << format_time(utc);
    }
    for (std::size_t size = 0; size < bytes.size(); size += 13) (void)Zone::parse(std::string_view(bytes).substr(0, size));
  }
  EXPECT_FALSE(Zone::parse("TZif"));
  EXPECT_FALSE(Zone::parse(std::string(200, 'x')));
}

TEST(Path, PointersAndDots) {
  const json::value document = parse_json(R"({"a":{"b":[10,{"c/d":20}]},"x.y":1})").value();
  const auto at = [&](const char* path) {
    const json::value* const found = follow(document, parse_path(path).value());
    return found == nullptr ? std::string("nothing") : json::serialize(*found);
  };
  EXPECT_EQ(at("a.b.0"), "10");
  EXPECT_EQ(at("/a/b/1/c~1d"), "20");
  EXPECT_EQ(at("/x.y"), "1");
  EXPECT_EQ(at("a.b.7"), "nothing");
  EXPECT_EQ(at("a.b.x"), "nothing");
  EXPECT_EQ(at("a.b.0.z"), "nothing");
  EXPECT_FALSE(parse_path("a..b"));
  EXPECT_FALSE(parse_path("/a~2"));
}

TEST(Number, ScaledIsExact) {
  const auto s = [](const char* value, const char* scale, const char* offset = "0") {
    const auto out = scaled(parse_decimal(value).value(), parse_decimal(scale).value(), parse_decimal(offset).value());
    return out ? format_decimal(*out) : std::string("none");
  };
  EXPECT_EQ(s("3", "0.1"), "0.3");
  EXPECT_EQ(s("300", "0.001"), "0.3");
  EXPECT_EQ(s("293.15", "1", "-273.15"), "20");
  EXPECT_EQ(s("1.1", "1.1", "0.01"), "1.22");
  EXPECT_EQ(s("12345678901234567", "10"), "123456789012345670");
  EXPECT_EQ(s("12345678901234567", "0.3"), "3703703670370370.1");
  EXPECT_EQ(s("-0.000000000000001", "0.0001"), "none");
  EXPECT_EQ(s("0", "5", "1.5"), "1.5");
}

TEST(Number, ReadsWhatParseDecimalReads) {
  std::mt19937 random(3);
  static constexpr std::string_view kBytes = "0123456789.-+eE0011";
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (auto n = random() % 12 + 1; n > 0; --n) text += kBytes[random() % kBytes.size()];
    Decimal value;
    const NumberText read = read_number(text, value);
    const Result<Decimal> reference = parse_decimal(text);
    ASSERT_EQ(read == NumberText::number, reference.has_value()) << text;
    if (reference) { ASSERT_EQ(value, *reference) << text; }
  }
}

TEST(GeoJson, Shapes) {
  const auto code = [](const char* text) {
    const auto shape = shape_of_geojson(parse_json(text).value(), Crs::wgs84);
    return shape ? std::to_string(shape->parts.size()) : std::string(shape.error().code->name);
  };
  EXPECT_EQ(code(R"({"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]})"), "1");
  EXPECT_EQ(code(R"({"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1]]],[[[5,5],[6,5],[6,6]],[[5.1,5.1],[5.2,5.1],[5.2,5.2]]]]})"), "2");
  EXPECT_EQ(code("null"), "0");
  EXPECT_EQ(code(R"({"type":"Point","coordinates":[0,0]})"), "field.invalid");
  EXPECT_EQ(code(R"({"type":"Polygon","coordinates":[[[0,0],[1,0]]]})"), "field.invalid");
  EXPECT_EQ(code(R"({"type":"Polygon","coordinates":[[[0,0],[1,0],[1,"x"]]]})"), "json.wrong_type");
  EXPECT_EQ(code(R"({"type":"Polygon","coordinates":[[[0,0],[1,0],[1,95]]]})"), "field.invalid");
  const auto old = [](const char* text) { return crs_of(parse_json(text)->get_object(), Crs::gcj02); };
  EXPECT_EQ(old(R"({"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}}})").value(), Crs::wgs84);
  EXPECT_FALSE(old(R"({"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::3857"}}})"));
  EXPECT_EQ(old("{}").value(), Crs::gcj02);
}

}  // namespace
}  // namespace cityloop
