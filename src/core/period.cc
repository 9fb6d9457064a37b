// SPDX-License-Identifier: Apache-2.0
#include "core/period.h"

#include <algorithm>
#include <chrono>

namespace cityloop {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

struct Date {
  int year = 0;
  unsigned month = 1, day = 1;
};

std::string digits(unsigned value, unsigned width) {
  std::string text = std::to_string(value);
  return std::string(width - std::min<std::size_t>(width, text.size()), '0') + text;
}

std::string text_of(sys_days at) {
  const year_month_day date(at);
  return digits(static_cast<unsigned>(static_cast<int>(date.year())), 4) + "-" +
         digits(static_cast<unsigned>(date.month()), 2) + "-" + digits(static_cast<unsigned>(date.day()), 2);
}

sys_days days_of(Date date) {
  return sys_days(year_month_day(year(date.year), std::chrono::month(date.month), std::chrono::day(date.day)));
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

unsigned number(std::string_view text) {
  unsigned value = 0;
  for (char c : text) value = value * 10 + static_cast<unsigned>(c - '0');
  return value;
}

// The Monday of the ISO year's first week: the week of the 4th of January.
sys_days first_monday(int of) {
  const sys_days fourth = days_of({of, 1, 4});
  return fourth - (std::chrono::weekday(fourth) - std::chrono::Monday);
}

Period months(std::string name, std::string kind, int of, unsigned first, unsigned count) {
  const unsigned next = first + count;
  const sys_days end = next > 12 ? days_of({of + 1, next - 12, 1}) : days_of({of, next, 1});
  return {std::move(name), std::move(kind), text_of(days_of({of, first, 1})), text_of(end - days(1))};
}

std::string week_name(sys_days monday) {
  const year_month_day thursday(monday + days(3));  // a week belongs to the year of its Thursday
  const int of = static_cast<int>(thursday.year());
  const auto week = (monday - first_monday(of)).count() / 7 + 1;
  return digits(static_cast<unsigned>(of), 4) + "-W" + digits(static_cast<unsigned>(week), 2);
}

Period week(sys_days monday) { return {week_name(monday), "week", text_of(monday), text_of(monday + days(6))}; }

sys_days day_in(std::string_view text) {
  return days_of({static_cast<int>(number(text.substr(0, 4))), number(text.substr(5, 2)), number(text.substr(8, 2))});
}

}  // namespace

Result<Period> parse_period(std::string_view name) {
  const Error bad = fail(errors::kBadField, "`" + std::string(name.substr(0, 20)) +
                                                "` is no period such as 2022-08-22, 2022-W34, 2022-08, 2022-Q3, 2022-H2 or 2022");
  if (name.size() < 4 || !all_digits(name.substr(0, 4))) return bad;
  const int of = static_cast<int>(number(name.substr(0, 4)));
  if (of < 1970 || of > 9998) return bad;
  const std::string text(name);
  if (name.size() == 4) return months(text, "year", of, 1, 12);
  if (name[4] != '-') return bad;
  const std::string_view rest = name.substr(5);
  if (rest.size() == 2 && (rest[0] == 'Q' || rest[0] == 'H')) {
    const bool quarter = rest[0] == 'Q';
    const unsigned at = static_cast<unsigned>(rest[1] - '0');
    if (rest[1] < '1' || at > (quarter ? 4u : 2u)) return bad;
    return months(text, quarter ? "quarter" : "half", of, quarter ? at * 3 - 2 : at * 6 - 5, quarter ? 3 : 6);
  }
  if (rest.size() == 3 && rest[0] == 'W' && all_digits(rest.substr(1))) {
    const unsigned at = number(rest.substr(1));
    if (at < 1 || at > 53) return bad;
    Period found = week(first_monday(of) + days(7 * static_cast<int>(at - 1)));
    if (found.name != text) return bad;  // not every year has a 53rd week
    return found;
  }
  if (rest.size() == 2 && all_digits(rest) && number(rest) >= 1 && number(rest) <= 12)
    return months(text, "month", of, number(rest), 1);
  if (rest.size() != 5 || rest[2] != '-' || !all_digits(rest.substr(0, 2)) || !all_digits(rest.substr(3))) return bad;
  const year_month_day date(year(of), std::chrono::month(number(rest.substr(0, 2))), std::chrono::day(number(rest.substr(3))));
  if (!date.ok()) return bad;
  return Period{text, "day", text, text};
}

Period period_of(std::string_view kind, std::string_view day) {
  const int of = static_cast<int>(number(day.substr(0, 4)));
  const unsigned month = number(day.substr(5, 2));
  const std::string year_text(day.substr(0, 4));
  if (kind == "week") {
    const sys_days at = day_in(day);
    return week(at - (std::chrono::weekday(at) - std::chrono::Monday));
  }
  if (kind == "month") return months(std::string(day.substr(0, 7)), "month", of, month, 1);
  if (kind == "quarter") {
    const unsigned quarter = (month + 2) / 3;
    return months(year_text + "-Q" + std::to_string(quarter), "quarter", of, quarter * 3 - 2, 3);
  }
  if (kind == "half") {
    const unsigned half = month > 6 ? 2 : 1;
    return months(year_text + "-H" + std::to_string(half), "half", of, half * 6 - 5, 6);
  }
  if (kind == "year") return months(year_text, "year", of, 1, 12);
  return {std::string(day), "day", std::string(day), std::string(day)};
}

Period period_before(const Period& period) { return period_of(period.kind, text_of(day_in(period.from) - days(1))); }

}  // namespace cityloop
