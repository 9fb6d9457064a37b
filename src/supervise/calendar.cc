// SPDX-License-Identifier: Apache-2.0
#include "supervise/calendar.h"

#include <algorithm>
#include <array>

#include "core/json.h"
#include "core/limits.h"

namespace cityloop {
namespace {

constexpr Millis kDay = std::chrono::hours(24);
constexpr std::array<std::string_view, 7> kWeekdays{"sunday",   "monday", "tuesday", "wednesday",
                                                    "thursday", "friday", "saturday"};

bool digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

int number(std::string_view text) {
  int value = 0;
  for (char c : text) value = value * 10 + (c - '0');
  return value;
}

Result<std::chrono::sys_days> day_in(std::string_view text) {
  const bool shaped = text.size() == 10 && text[4] == '-' && text[7] == '-' && digits(text.substr(0, 4)) &&
                      digits(text.substr(5, 2)) && digits(text.substr(8));
  if (shaped) {
    const std::chrono::year_month_day day{std::chrono::year(number(text.substr(0, 4))),
                                          std::chrono::month(static_cast<unsigned>(number(text.substr(5, 2)))),
                                          std::chrono::day(static_cast<unsigned>(number(text.substr(8))))};
    if (day.ok()) return std::chrono::sys_days(day);
  }
  return fail(errors::kBadField, "`" + std::string(text.substr(0, 20)) + "` is no day such as 2026-02-15");
}

std::string text_of(std::chrono::sys_days day) { return format_time(Time(day)).substr(0, 10); }

// `08:00`; `24:00` is the end of the day.
std::optional<Millis> time_of_day(std::string_view text) {
  if (text.size() != 5 || text[2] != ':' || !digits(text.substr(0, 2)) || !digits(text.substr(3))) return std::nullopt;
  const int hour = number(text.substr(0, 2)), minute = number(text.substr(3));
  if (minute > 59 || hour * 60 + minute > 24 * 60) return std::nullopt;
  return Millis(std::chrono::minutes(hour * 60 + minute));
}

std::string text_of(Millis time_of_day) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(time_of_day).count();
  const auto two = [](auto n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return two(minutes / 60) + ":" + two(minutes % 60);
}

Result<const json::array*> list_in(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return fail(errors::kMissingField, std::string(key));
  if (!value->is_array()) return fail(errors::kWrongType, std::string(key) + " is no list");
  return &value->get_array();
}

Result<std::string_view> text_in(const json::value& value, std::string_view where) {
  if (!value.is_string()) return fail(errors::kWrongType, std::string(where) + " holds something that is no text");
  return std::string_view(value.get_string());
}

}  // namespace

Result<Calendar> Calendar::parse(std::string_view text, Millis utc_offset) {
  if (text.size() > limits::kCalendarBytes) return fail(errors::kTooLarge, "a calendar of more than 256 KiB");
  const json::value parsed = TRY(parse_jsonc(text));
  if (!parsed.is_object()) return fail(errors::kWrongType, "a calendar is one object");
  const json::object& file = parsed.get_object();
  TRY(only_keys(file, {"version", "title", "hours", "weekend", "years"}, "the calendar"));
  Calendar out;
  out.utc_offset_ = utc_offset;
  out.version_ = TRY(need_string(file, "version"));
  if (const json::value* title = file.if_contains("title")) {
    if (!title->is_object()) return fail(errors::kWrongType, "title is no object");
    TRY(only_keys(title->get_object(), {"zh", "en"}, "title"));
    out.zh_ = TRY(want_string(title->get_object(), "zh")).value_or("");
    out.en_ = TRY(want_string(title->get_object(), "en")).value_or("");
  }
  TRY(out.read_hours(file));
  TRY(out.read_weekend(file));
  TRY(out.read_years(file));
  out.sum_up();
  return out;
}

Result<void> Calendar::read_hours(const json::object& file) {
  for (const json::value& item : *TRY(list_in(file, "hours"))) {
    const std::string_view text = TRY(text_in(item, "hours"));
    const auto from = time_of_day(text.substr(0, 5));
    const auto to = text.size() == 11 && text[5] == '-' ? time_of_day(text.substr(6)) : std::nullopt;
    if (!from || !to || *from >= *to)
      return fail(errors::kBadField, "`" + std::string(text.substr(0, 20)) + "` are no hours such as 08:00-12:00");
    if (!hours_.empty() && hours_.back().to > *from)
      return fail(errors::kBadField, "hours overlap or do not ascend at " + std::string(text));
    hours_.push_back({*from, *to});
  }
  if (hours_.empty()) return fail(errors::kBadField, "hours are empty: nothing would ever be due");
  return {};
}

Result<void> Calendar::read_weekend(const json::object& file) {
  for (const json::value& item : *TRY(list_in(file, "weekend"))) {
    const std::string_view text = TRY(text_in(item, "weekend"));
    const auto day = std::ranges::find(kWeekdays, text);
    if (day == kWeekdays.end())
      return fail(errors::kBadField,
                  "`" + std::string(text.substr(0, 20)) + "` is no day of the week: sunday … saturday");
    weekend_.push_back(static_cast<unsigned>(day - kWeekdays.begin()));
  }
  return {};
}

Result<void> Calendar::read_years(const json::object& file) {
  const json::value* years = file.if_contains("years");
  if (years == nullptr) return fail(errors::kMissingField, "years");
  if (!years->is_object()) return fail(errors::kWrongType, "years is no object");
  std::map<int, const json::object*> sorted;
  for (const auto& [key, value] : years->get_object()) {
    const std::string_view name = key;
    if (name.size() != 4 || !digits(name) || number(name) < 1970)
      return fail(errors::kBadField, "`" + std::string(name.substr(0, 20)) + "` is no year");
    if (!value.is_object()) return fail(errors::kWrongType, "year " + std::string(name) + " is no object");
    sorted.emplace(number(name), &value.get_object());
  }
  if (sorted.empty()) return fail(errors::kBadField, "years are empty: the calendar would know no day");
  const int first = sorted.begin()->first, last = sorted.rbegin()->first;
  if (sorted.size() > limits::kCalendarYears) return fail(errors::kBadField, "more than 30 years");
  for (int year = first; year <= last; ++year)
    if (!sorted.contains(year))
      return fail(errors::kBadField, "year " + std::to_string(year) + " is missing between others");
  using namespace std::chrono;
  first_ = sys_days(year_month_day(year(first), January, day(1)));
  const sys_days end(year_month_day(year(last + 1), January, day(1)));
  before_.resize(static_cast<std::size_t>((end - first_).count()) + 1);
  for (const auto& [year, object] : sorted) TRY(read_year(year, *object));
  return {};
}

Result<void> Calendar::read_year(int year, const json::object& file) {
  const std::string name = std::to_string(year);
  TRY(only_keys(file, {"notice", "holidays", "workdays"}, "year " + name));
  notices_[year] = TRY(want_string(file, "notice")).value_or("");
  const auto own = [&](Days day) { return std::chrono::year_month_day(day).year() == std::chrono::year(year); };
  const auto add = [&](Days day, SpecialDay special) -> Result<void> {
    if (!own(day)) return fail(errors::kBadField, text_of(day) + " does not lie in " + name);
    if (!special_.emplace(day, std::move(special)).second)
      return fail(errors::kBadField, text_of(day) + " stands twice");
    return {};
  };
  for (const json::value& item : *TRY(list_in(file, "holidays"))) {
    if (!item.is_object()) return fail(errors::kWrongType, "holidays of " + name + " hold something that is no object");
    const json::object& holiday = item.get_object();
    TRY(only_keys(holiday, {"from", "to", "zh", "en"}, "a holiday of " + name));
    const Days from = TRY(day_in(TRY(need_string(holiday, "from"))));
    const auto to_text = TRY(want_string(holiday, "to"));
    const Days to = to_text ? TRY(day_in(*to_text)) : from;
    if (to < from) return fail(errors::kBadField, "the holiday from " + text_of(from) + " ends before it begins");
    const SpecialDay special{false, TRY(want_string(holiday, "zh")).value_or(""),
                             TRY(want_string(holiday, "en")).value_or("")};
    if (!own(to)) return fail(errors::kBadField, text_of(to) + " does not lie in " + name);
    for (Days day = from; day <= to; day += std::chrono::days(1)) TRY(add(day, special));
  }
  for (const json::value& item : *TRY(list_in(file, "workdays"))) {
    const Days day = TRY(day_in(TRY(text_in(item, "workdays of " + name))));
    if (works(day)) return fail(errors::kBadField, text_of(day) + " is a working day anyway");
    TRY(add(day, {true, "", ""}));
  }
  return {};
}

bool Calendar::works(Days day) const {
  if (const auto special = special_.find(day); special != special_.end()) return special->second.works;
  return std::ranges::find(weekend_, std::chrono::weekday(day).c_encoding()) == weekend_.end();
}

void Calendar::sum_up() {
  Millis whole{0};
  for (const Period& period : hours_) whole += period.to - period.from;
  before_[0] = Millis{0};
  for (std::size_t i = 0; i + 1 < before_.size(); ++i)
    before_[i + 1] = before_[i] + (works(first_ + std::chrono::days(static_cast<int>(i))) ? whole : Millis{0});
}

Time Calendar::at_day(std::size_t index) const {
  return Time(first_) + static_cast<std::int64_t>(index) * kDay - utc_offset_;
}

std::optional<Millis> Calendar::sum_until(Time time) const {
  if (time < known_from() || time > known_until()) return std::nullopt;
  const auto index = static_cast<std::size_t>((time - known_from()) / kDay);
  Millis sum = before_[index];
  if (index + 1 == before_.size() || before_[index + 1] == sum) return sum;
  const Millis of_day = time - at_day(index);
  for (const Period& period : hours_) sum += std::clamp(of_day - period.from, Millis{0}, period.to - period.from);
  return sum;
}

std::optional<Millis> Calendar::worked(Time from, Time to) const {
  const auto first = sum_until(from), last = sum_until(to);
  if (!first || !last) return std::nullopt;
  return *last - *first;
}

std::optional<Time> Calendar::after(Time from, Millis work) const {
  const auto start = sum_until(from);
  if (!start) return std::nullopt;
  if (work == Millis{0}) return from;
  const Millis sum = *start + work;
  if (sum < Millis{0} || sum > before_.back()) return std::nullopt;
  const auto next = std::ranges::lower_bound(before_, sum);  // the first day that begins with all of it done
  if (next == before_.begin()) return known_from();
  const auto index = static_cast<std::size_t>(next - before_.begin()) - 1;
  Millis rest = sum - before_[index];
  for (const Period& period : hours_) {
    if (rest <= period.to - period.from) return at_day(index) + period.from + rest;
    rest -= period.to - period.from;
  }
  return std::nullopt;  // not reached: the day holds what before_ says
}

std::string Calendar::why_unknown(Time from) const {
  if (from < known_from()) return "calendar begins " + text_of(first_);
  return "calendar ends " + text_of(first_ + std::chrono::days(static_cast<int>(before_.size()) - 2));
}

json::object Calendar::describe() const {
  json::object out{{"version", version_}, {"title_zh", zh_}, {"title_en", en_}};
  json::array hours, weekend, days, years;
  for (const Period& period : hours_) hours.push_back({{"from", text_of(period.from)}, {"to", text_of(period.to)}});
  for (unsigned day : weekend_) weekend.emplace_back(kWeekdays[day]);
  for (const auto& [day, special] : special_)
    days.push_back({{"date", text_of(day)}, {"works", special.works}, {"zh", special.zh}, {"en", special.en}});
  for (const auto& [year, notice] : notices_) years.push_back({{"year", year}, {"notice", notice}});
  out["hours"] = std::move(hours);
  out["weekend"] = std::move(weekend);
  out["days"] = std::move(days);
  out["years"] = std::move(years);
  out["known_from"] = text_of(first_);
  out["known_until"] = text_of(first_ + std::chrono::days(static_cast<int>(before_.size()) - 2));
  out["utc_offset_minutes"] = std::chrono::duration_cast<std::chrono::minutes>(utc_offset_).count();
  return out;
}

}  // namespace cityloop
