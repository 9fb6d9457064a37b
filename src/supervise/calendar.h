// SPDX-License-Identifier: Apache-2.0
// The city's working calendar: which moments are working time. One commented JSON file (calendars/china.jsonc) with
// office hours, weekends, and for each year its holidays and adjusted workdays. It knows whole years and nothing
// outside them, and says so instead of guessing. A value; any thread may read it.
#pragma once

#include <boost/json/fwd.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace cityloop {

class Calendar {
 public:
  // Everything about the form is checked: hours ascend and do not overlap, years are complete and follow one another, a
  // day stands in its own year and is not both holiday and workday, an adjusted workday would otherwise be free.
  static Result<Calendar> parse(std::string_view text, Millis utc_offset);

  Time known_from() const { return at_day(0); }
  Time known_until() const { return at_day(before_.size() - 1); }  // the first moment that it does not know

  // Working time between two moments, `from` <= `to`; nothing when one of them is not known.
  std::optional<Millis> worked(Time from, Time to) const;
  // The earliest moment by which `work` more has been worked than by `from`: four hours from 08:00 end at 12:00, not at
  // 14:00. Less than zero looks back. Nothing when `from` or the answer is not known.
  std::optional<Time> after(Time from, Millis work) const;
  // `calendar ends 2026-12-31` or `calendar begins 2025-01-01`: why there is no answer for what starts then.
  std::string why_unknown(Time from) const;

  // What the API answers (docs/api.md), without name and history.
  boost::json::object describe() const;

 private:
  struct Period {  // of the local day
    Millis from{};
    Millis to{};
  };
  struct SpecialDay {
    bool works = false;  // adjusted workday; otherwise a holiday
    std::string zh, en;
  };
  using Days = std::chrono::sys_days;

  Result<void> read_hours(const boost::json::object& file);
  Result<void> read_weekend(const boost::json::object& file);
  Result<void> read_years(const boost::json::object& file);
  Result<void> read_year(int year, const boost::json::object& file);
  bool works(Days day) const;
  void sum_up();
  Time at_day(std::size_t index) const;
  std::optional<Millis> sum_until(Time time) const;  // working time since known_from

  std::string version_, zh_, en_;
  Millis utc_offset_{};
  std::vector<Period> hours_;
  std::vector<unsigned> weekend_;  // 0 Sunday … 6 Saturday
  std::map<Days, SpecialDay> special_;
  std::map<int, std::string> notices_;  // year -> number of the notice
  Days first_{};                        // the first day known
  std::vector<Millis> before_;          // working time before each day known, and before the day after the last
};

}  // namespace cityloop
