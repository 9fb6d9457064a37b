// SPDX-License-Identifier: Apache-2.0
#include "core/time.h"

#include <gtest/gtest.h>

namespace cityloop {
namespace {

using namespace std::chrono_literals;

TEST(Time, ReadsRfc3339AndEpochMilliseconds) {
  EXPECT_EQ(to_ms(parse_time("2022-08-22T14:00:00+08:00").value()), 1661148000000);
  EXPECT_EQ(to_ms(parse_time("2022-08-22T06:00:00Z").value()), 1661148000000);
  EXPECT_EQ(to_ms(parse_time("2022-08-22t06:00:00.1239z").value()), 1661148000123);
  EXPECT_EQ(to_ms(parse_time("2022-08-22T06:00:00.5Z").value()), 1661148000500);
  EXPECT_EQ(to_ms(parse_time("1661148000000").value()), 1661148000000);
  EXPECT_EQ(to_ms(parse_time("2024-02-29T00:00:00-00:30").value()), to_ms(parse_time("2024-02-29T00:30:00Z").value()));
  EXPECT_EQ(to_ms(parse_time("2016-12-31T23:59:60Z").value()), to_ms(parse_time("2017-01-01T00:00:00Z").value()));
  EXPECT_EQ(to_ms(parse_time("1970-01-01T00:00:00Z").value()), 0);
}

TEST(Time, RefusesWhatIsNoTime) {
  for (const char* text : {"", "-", "now", "2022-08-22", "2022-08-22T14:00:00", "2022-13-01T00:00:00Z", "2023-02-29T00:00:00Z",
                           "2022-08-22T24:00:00Z", "2022-08-22T14:60:00Z", "2022-08-22T14:00:00+24:00", "2022-08-22T14:00:00.Z",
                           "2022-08-22T14:00:00Zx", "1969-12-31T23:59:59Z", "-1", "99999999999999999999", "10000000000000000",
                           "1970-01-01T00:00:00+08:00", "12a"}) {
    const auto time = parse_time(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().code, &errors::kBadTime) << text;
  }
}

TEST(Time, WritesWhatItReads) {
  EXPECT_EQ(format_time(from_ms(1661148000000)), "2022-08-22T06:00:00Z");
  EXPECT_EQ(format_time(from_ms(1661148000007)), "2022-08-22T06:00:00.007Z");
  for (const std::int64_t ms : {std::int64_t{0}, std::int64_t{951782400000}, std::int64_t{253402300799999}}) {
    EXPECT_EQ(to_ms(parse_time(format_time(from_ms(ms))).value()), ms);
  }
}

TEST(Time, DurationsAreSums) {
  EXPECT_EQ(parse_duration("500ms").value(), 500ms);
  EXPECT_EQ(parse_duration("60s").value(), 60s);
  EXPECT_EQ(parse_duration("1h30m").value(), 90min);
  EXPECT_EQ(parse_duration("7d").value(), 168h);
  EXPECT_EQ(parse_duration("0s").value(), 0ms);
  for (const char* text : {"", "5", "m", "-5m", "5 m", "1m1h", "1m2m", "5x", "1.5h", "99999999999999999d", "5m-", "+5m"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
  EXPECT_EQ(format_duration(90min), "1h30m");
  EXPECT_EQ(format_duration(0ms), "0s");
  EXPECT_EQ(format_duration(86'400'001ms), "1d1ms");
}

TEST(Time, LocalDayIsThatOfTheCity) {
  const Time evening = parse_time("2022-08-22T16:30:00Z").value();
  EXPECT_EQ(local_date(evening, 8h), "20220823");
  EXPECT_EQ(local_date(evening, 0h), "20220822");
}

}  // namespace
}  // namespace cityloop
