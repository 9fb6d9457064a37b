// SPDX-License-Identifier: Apache-2.0
#include "core/period.h"

#include <chrono>

#include <gtest/gtest.h>

#include "core/time.h"

namespace cityloop {
namespace {

std::string span(std::string_view name) {
  const auto period = parse_period(name);
  return period ? period->kind + " " + period->from + " " + period->to : "refused";
}

TEST(Period, HoldsItsDays) {
  EXPECT_EQ(span("2022-08-22"), "day 2022-08-22 2022-08-22");
  EXPECT_EQ(span("2022-W34"), "week 2022-08-22 2022-08-28");
  EXPECT_EQ(span("2022-02"), "month 2022-02-01 2022-02-28");
  EXPECT_EQ(span("2024-02"), "month 2024-02-01 2024-02-29");
  EXPECT_EQ(span("2022-Q3"), "quarter 2022-07-01 2022-09-30");
  EXPECT_EQ(span("2022-Q4"), "quarter 2022-10-01 2022-12-31");
  EXPECT_EQ(span("2022-H1"), "half 2022-01-01 2022-06-30");
  EXPECT_EQ(span("2022"), "year 2022-01-01 2022-12-31");
}

TEST(Period, WeeksFollowIso8601) {
  EXPECT_EQ(span("2020-W53"), "week 2020-12-28 2021-01-03");
  EXPECT_EQ(span("2021-W01"), "week 2021-01-04 2021-01-10");
  EXPECT_EQ(span("2021-W53"), "refused") << "2021 has 52";
  EXPECT_EQ(period_of("week", "2021-01-03").name, "2020-W53");
  EXPECT_EQ(period_of("week", "2019-12-30").name, "2020-W01");
}

TEST(Period, RefusesWhatIsNone) {
  for (const char* bad : {"", "22", "2022-", "2022-13", "2022-00", "2022-02-29", "2022-08-5", "2022-Q5", "2022-Q0", "2022-H3", "2022-W00",
                          "2022-W54", "2022-W3", "1969", "9999", "20220822", "2022-08-22T", "2022/08", "2022-Qx", "二〇二二"})
    EXPECT_EQ(span(bad), "refused") << bad;
}

TEST(Period, TheOneBeforeEndsTheDayBefore) {
  for (const auto& [name, before] : std::initializer_list<std::pair<const char*, const char*>>{
           {"2022-03-01", "2022-02-28"}, {"2021-W01", "2020-W53"}, {"2022-01", "2021-12"}, {"2022-Q1", "2021-Q4"},
           {"2022-H1", "2021-H2"}, {"2022", "2021"}})
    EXPECT_EQ(period_before(*parse_period(name)).name, before);
}

TEST(Period, EveryDayOfTwentyYearsLiesInItsPeriods) {
  for (std::chrono::sys_days at{std::chrono::year(2010) / 1 / 1}; at < std::chrono::sys_days{std::chrono::year(2030) / 1 / 1};
       at += std::chrono::days(1)) {
    const std::string day = format_time(Time(at)).substr(0, 10);
    for (const char* kind : {"day", "week", "month", "quarter", "half", "year"}) {
      const Period period = period_of(kind, day);
      const auto again = parse_period(period.name);
      ASSERT_TRUE(again) << period.name;
      ASSERT_EQ(again->from, period.from) << period.name;
      ASSERT_EQ(again->to, period.to) << period.name;
      ASSERT_TRUE(period.from <= day && day <= period.to) << day << " in " << period.name;
      ASSERT_LT(period_before(period).to, period.from);
    }
  }
}

}  // namespace
}  // namespace cityloop
