// SPDX-License-Identifier: Apache-2.0
#include "sense/time_text.h"

#include <algorithm>
#include <array>
#include <optional>

#include "sense/number.h"

namespace cityloop {
namespace {

constexpr std::string_view kLetters = "YymdHIMSfpbz%";

struct Fields {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, ms = 0;
  bool twelve = false, afternoon = false;
  std::optional<Millis> offset;
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool read(std::string_view pattern, Fields& f) {
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i] != '%') {
        if (!literal(pattern[i])) return false;
      } else if (!field(pattern[++i], f)) {
        return false;
      }
    }
    return rest_.empty();
  }

 private:
  // 1 to `most` digits: other systems leave out leading zeros.
  bool number(std::size_t most, int& value, std::size_t* digits = nullptr) {
    std::size_t n = 0;
    value = 0;
    while (n < rest_.size() && n < most && rest_[n] >= '0' && rest_[n] <= '9') value = value * 10 + (rest_[n++] - '0');
    rest_.remove_prefix(n);
    if (digits != nullptr) *digits = n;
    return n > 0;
  }
  bool literal(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool field(char letter, Fields& f) {
    switch (letter) {
      case 'Y': {
        std::size_t digits = 0;
        return number(4, f.year, &digits) && digits == 4;
      }
      case 'y': {
        std::size_t digits = 0;
        if (!number(2, f.year, &digits) || digits != 2) return false;
        f.year += f.year < 69 ? 2000 : 1900;  // as POSIX strptime
        return true;
      }
      case 'm': return number(2, f.month);
      case 'd': return number(2, f.day);
      case 'H': return number(2, f.hour);
      case 'I': f.twelve = true; return number(2, f.hour);
      case 'M': return number(2, f.minute);
      case 'S': return number(2, f.second);
      case 'f': {
        std::size_t digits = 0;
        if (!number(9, f.ms, &digits)) return false;
        for (; digits < 3; ++digits) f.ms *= 10;
        for (; digits > 3; --digits) f.ms /= 10;
        return true;
      }
      case 'p': return half(f);
      case 'b': return month(f);
      case 'z': return zone(f);
      default: return letter == '%' && literal('%');
    }
  }
  bool half(Fields& f) {
    if (rest_.size() < 2 || (rest_[1] | 32) != 'm') return false;
    const char first = static_cast<char>(rest_[0] | 32);
    if (first != 'a' && first != 'p') return false;
    f.afternoon = first == 'p';
    rest_.remove_prefix(2);
    return true;
  }
  bool month(Fields& f) {
    static constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                              "jul", "aug", "sep", "oct", "nov", "dec"};
    if (rest_.size() < 3) return false;
    std::string name(rest_.substr(0, 3));
    for (char& c : name) c = static_cast<char>(c | 32);
    const auto found = std::ranges::find(kMonths, name);
    if (found == kMonths.end()) return false;
    f.month = static_cast<int>(found - kMonths.begin()) + 1;
    rest_.remove_prefix(3);
    return true;
  }
  bool zone(Fields& f) {
    const std::size_t size = rest_.starts_with('Z') ? 1 : rest_.size() > 3 && rest_[3] == ':' ? 6 : 5;
    if (rest_.size() < size) return false;
    std::string text(rest_.substr(0, size));
    if (size == 5) text.insert(3, 1, ':');
    const Result<Millis> offset = parse_utc_offset(text);
    if (!offset) return false;
    f.offset = *offset;
    rest_.remove_prefix(size);
    return true;
  }

  std::string_view rest_;
};

Error no_time(const TimeForm& form, std::string_view text) {
  static constexpr std::array<std::string_view, 3> kNames{"RFC 3339", "epoch seconds", "epoch milliseconds"};
  const std::string wanted = form.kind == TimeForm::Kind::pattern
                                 ? "`" + form.pattern + "`"
                                 : std::string(kNames[static_cast<std::size_t>(form.kind)]);
  return fail(errors::kBadTime, "`" + std::string(text.substr(0, 64)) + "` is no time of the form " + wanted);
}

constexpr std::int64_t kLastMs = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z

Result<Time> read_epoch(const TimeForm& form, std::string_view text) {
  Decimal value;
  if (read_number(text, value) != NumberText::number || value.mantissa < 0) return no_time(form, text);
  const int shift = (form.kind == TimeForm::Kind::epoch_s ? 3 : 0) - value.scale;
  std::int64_t ms = value.mantissa;
  for (int i = 0; i < shift; ++i) {
    if (ms > kLastMs) return no_time(form, text);
    ms *= 10;
  }
  for (int i = 0; i > shift; --i) ms /= 10;  // finer than a millisecond is cut
  if (ms > kLastMs) return no_time(form, text);
  return from_ms(ms);
}

Result<Time> read_pattern(const TimeForm& form, std::string_view text) {
  Fields f;
  if (!Scanner(text).read(form.pattern, f)) return no_time(form, text);
  if (f.twelve) {
    if (f.hour < 1 || f.hour > 12) return no_time(form, text);
    f.hour = f.hour % 12 + (f.afternoon ? 12 : 0);
  }
  using namespace std::chrono;
  const year_month_day date{year{f.year}, month{static_cast<unsigned>(f.month)}, day{static_cast<unsigned>(f.day)}};
  // Hour 24 is the end of the day, as some loggers write it.
  const bool end_of_day = f.hour == 24 && f.minute == 0 && f.second == 0 && f.ms == 0;
  if (!date.ok() || (f.hour > 23 && !end_of_day) || f.minute > 59 || f.second > 60) return no_time(form, text);
  const Time local = Time{sys_days{date}} + hours{f.hour} + minutes{f.minute} + seconds{f.second} + Millis{f.ms};
  const Time time = f.offset ? local - *f.offset : form.zone.to_utc(local);
  if (to_ms(time) < 0) return no_time(form, text);
  return time;
}

}  // namespace

Result<TimeForm> parse_time_form(std::string_view text) {
  TimeForm form;
  if (text == "rfc3339") return form;
  if (text == "epoch_s" || text == "epoch_ms") {
    form.kind = text == "epoch_s" ? TimeForm::Kind::epoch_s : TimeForm::Kind::epoch_ms;
    return form;
  }
  if (text.find('%') == std::string_view::npos) {
    return fail(errors::kBadField, "`" + std::string(text) + "`: a time's form is rfc3339, epoch_s, epoch_ms or a pattern such as %Y-%m-%d %H:%M");
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (++i == text.size() || kLetters.find(text[i]) == std::string_view::npos) {
      return fail(errors::kBadField, "`" + std::string(text) + "`: after % comes one of " + std::string(kLetters));
    }
  }
  form.kind = TimeForm::Kind::pattern;
  form.pattern = text;
  return form;
}

Result<Millis> parse_utc_offset(std::string_view text) {
  if (text == "Z" || text == "z") return Millis{0};
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' || !digit(1) || !digit(2) || !digit(4) || !digit(5)) {
    return fail(errors::kBadField, "`" + std::string(text.substr(0, 64)) + "` is not an offset such as +08:00");
  }
  const int h = (text[1] - '0') * 10 + (text[2] - '0'), m = (text[4] - '0') * 10 + (text[5] - '0');
  if (h > 23 || m > 59) return fail(errors::kBadField, "`" + std::string(text) + "` is not an offset such as +08:00");
  return Millis{std::chrono::minutes(h * 60 + m)} * (text[0] == '-' ? -1 : 1);
}

Result<Time> read_time(const TimeForm& form, std::string_view text) {
  switch (form.kind) {
    case TimeForm::Kind::rfc3339: return parse_time(text);
    case TimeForm::Kind::pattern: return read_pattern(form, text);
    default: return read_epoch(form, text);
  }
}

}  // namespace cityloop
