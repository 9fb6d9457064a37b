// SPDX-License-Identifier: Apache-2.0
#include "sense/zone.h"

#include <algorithm>

namespace cityloop {
namespace {

constexpr int kLastYear = 2100;  // the footer's rule is written out until then

struct Bytes {
  std::string_view rest;
  bool ok = true;

  std::int64_t number(std::size_t size) {
    if (rest.size() < size) {
      ok = false;
      return 0;
    }
    std::uint64_t value = static_cast<unsigned char>(rest.front()) >= 0x80 ? ~0ULL : 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(rest[i]);
    rest.remove_prefix(size);
    return static_cast<std::int64_t>(value);
  }
  void skip(std::int64_t size) {
    if (size < 0 || static_cast<std::uint64_t>(size) > rest.size()) {
      ok = false;
      return;
    }
    rest.remove_prefix(static_cast<std::size_t>(size));
  }
};

struct Header {
  std::int64_t isut = 0, isstd = 0, leap = 0, times = 0, types = 0, chars = 0;
};

bool read_header(Bytes& in, Header& h) {
  if (in.rest.size() < 44 || !in.rest.starts_with("TZif") || in.rest[4] < '2') return false;
  in.skip(20);
  for (auto* const count : {&h.isut, &h.isstd, &h.leap, &h.times, &h.types, &h.chars}) {
    *count = in.number(4);
    if (*count < 0 || *count > 100'000) return false;
  }
  return h.types > 0;
}

Error bad_zone() { return fail(errors::kCorrupt, "this is no time zone file (TZif, version 2 or later)"); }

// The pieces of a POSIX TZ string (RFC 8536 §3.3.1).
struct Footer {
  std::string_view rest;

  bool name() {
    std::size_t n = 0;
    if (rest.starts_with('<')) {
      n = rest.find('>');
      if (n == std::string_view::npos) return false;
      ++n;
    } else {
      while (n < rest.size() && ((rest[n] | 32) >= 'a' && (rest[n] | 32) <= 'z')) ++n;
    }
    rest.remove_prefix(n);
    return n >= 3;
  }
  bool digits(std::int64_t& value) {
    std::size_t n = 0;
    value = 0;
    while (n < rest.size() && n < 4 && rest[n] >= '0' && rest[n] <= '9') value = value * 10 + (rest[n++] - '0');
    rest.remove_prefix(n);
    return n > 0;
  }
  bool take(char c) {
    if (!rest.starts_with(c)) return false;
    rest.remove_prefix(1);
    return true;
  }
  bool seconds(std::int64_t& value) {  // [+-]hh[:mm[:ss]]
    const bool minus = take('-');
    if (!minus) take('+');
    std::int64_t h = 0, m = 0, s = 0;
    if (!digits(h)) return false;
    if (take(':') && !digits(m)) return false;
    if (take(':') && !digits(s)) return false;
    value = (h * 3600 + m * 60 + s) * (minus ? -1 : 1);
    return true;
  }
};

std::int64_t day_seconds(std::chrono::sys_days day) { return day.time_since_epoch().count() * 86'400; }

}  // namespace

Zone Zone::fixed(Millis offset) {
  Zone zone;
  zone.first_ = offset.count() / 1000;
  return zone;
}

Result<Zone> Zone::parse(std::string_view tzif) {
  Bytes in{tzif};
  Header h;
  if (!read_header(in, h)) return bad_zone();
  in.skip(h.times * 5 + h.types * 6 + h.chars + h.leap * 8 + h.isstd + h.isut);  // the 32-bit block of old readers
  if (!read_header(in, h)) return bad_zone();
  Zone zone;
  for (std::int64_t i = 0; i < h.times && in.ok; ++i) zone.changes_.push_back({in.number(8), 0});
  std::vector<std::size_t> types;
  for (std::int64_t i = 0; i < h.times && in.ok; ++i) types.push_back(static_cast<std::size_t>(in.number(1) & 0xFF));
  std::vector<std::int64_t> offsets;
  for (std::int64_t i = 0; i < h.types && in.ok; ++i) {
    offsets.push_back(in.number(4));
    in.skip(2);
  }
  in.skip(h.chars + h.leap * 12 + h.isstd + h.isut);
  if (!in.ok) return bad_zone();
  zone.first_ = offsets.front();
  for (std::size_t i = 0; i < zone.changes_.size(); ++i) {
    if (types[i] >= offsets.size() || std::abs(offsets[types[i]]) > 26 * 3600) return bad_zone();
    if (i > 0 && zone.changes_[i].at <= zone.changes_[i - 1].at) return bad_zone();
    zone.changes_[i].offset = offsets[types[i]];
  }
  const std::size_t end = in.rest.find('\n', 1);
  if (in.rest.starts_with('\n') && end != std::string_view::npos) {
    const Result<void> footer = zone.read_footer(in.rest.substr(1, end - 1));
    if (!footer) return footer.error();
  }
  zone.extend();
  return zone;
}

Result<void> Zone::read_footer(std::string_view footer) {
  Footer in{footer};
  if (footer.empty() || !in.name() || !in.seconds(standard_)) return {};
  standard_ = -standard_;  // POSIX counts west of Greenwich
  if (in.rest.empty()) return {};
  if (!in.name()) return bad_zone();
  daylight_ = standard_ + 3600;
  if (!in.rest.starts_with(',')) {
    if (!in.seconds(daylight_)) return bad_zone();
    daylight_ = -daylight_;
  }
  for (Rule* const rule : {&start_, &end_}) {
    std::int64_t a = 0, b = 0, c = 0;
    if (!in.take(',')) return bad_zone();
    if (in.take('M')) {
      if (!in.digits(a) || !in.take('.') || !in.digits(b) || !in.take('.') || !in.digits(c)) return bad_zone();
      if (a < 1 || a > 12 || b < 1 || b > 5 || c > 6) return bad_zone();
      rule->month = static_cast<int>(a);
      rule->week = static_cast<int>(b);
      rule->day = static_cast<int>(c);
    } else {
      rule->form = in.take('J') ? 1 : 2;
      if (!in.digits(a) || a > 366) return bad_zone();
      rule->number = static_cast<int>(a);
    }
    rule->time = 2 * 3600;
    if (in.take('/') && !in.seconds(rule->time)) return bad_zone();
  }
  has_rule_ = true;
  return {};
}

void Zone::extend() {
  if (!has_rule_) return;
  using namespace std::chrono;
  const auto when = [](const Rule& rule, int y) -> std::int64_t {
    if (rule.form == 0) {
      const std::chrono::month m{static_cast<unsigned>(rule.month)};
      const weekday d{static_cast<unsigned>(rule.day)};
      if (rule.week == 5) return day_seconds(sys_days{year{y} / m / d[last]}) + rule.time;
      return day_seconds(sys_days{year{y} / m / d[static_cast<unsigned>(rule.week)]}) + rule.time;
    }
    int day = rule.number;
    if (rule.form == 1) day += year{y}.is_leap() && rule.number >= 60 ? 0 : -1;  // Jn never counts 29 February
    return day_seconds(sys_days{year{y} / January / 1}) + day * 86'400 + rule.time;
  };
  const std::int64_t last = changes_.empty() ? 0 : changes_.back().at;
  int from = 1970;
  while (day_seconds(sys_days{year{from + 1} / January / 1}) <= last) ++from;
  for (int y = from; y <= kLastYear; ++y) {
    Change changes[] = {{when(start_, y) - standard_, daylight_}, {when(end_, y) - daylight_, standard_}};
    std::sort(std::begin(changes), std::end(changes), [](const Change& a, const Change& b) { return a.at < b.at; });
    for (const Change& change : changes) {
      if (changes_.empty() || change.at > changes_.back().at) changes_.push_back(change);
    }
  }
}

Millis Zone::offset_at(Time utc) const {
  const std::int64_t seconds = std::chrono::floor<std::chrono::seconds>(utc).time_since_epoch().count();
  const auto after = std::upper_bound(changes_.begin(), changes_.end(), seconds,
                                      [](std::int64_t at, const Change& change) { return at < change.at; });
  return std::chrono::seconds(after == changes_.begin() ? first_ : std::prev(after)->offset);
}

Time Zone::to_utc(Time local) const {
  // Of the offsets around, the earliest instant whose wall clock shows `local`: in a fold that is the first of the two.
  const Time around = local - std::chrono::hours(36);
  const std::int64_t seconds = std::chrono::floor<std::chrono::seconds>(around).time_since_epoch().count();
  auto change = std::upper_bound(changes_.begin(), changes_.end(), seconds,
                                 [](std::int64_t at, const Change& c) { return at < c.at; });
  std::int64_t offset = change == changes_.begin() ? first_ : std::prev(change)->offset;
  for (;; ++change) {
    const Time candidate = local - std::chrono::seconds(offset);
    const bool last = change == changes_.end();
    // Before the next change this offset holds. In a gap the candidate lies behind the change, and no later offset fits
    // either: there the offset before the change decides, which moves the time forward.
    if (last || candidate < Time{std::chrono::seconds(change->at)}) return candidate;
    const Time next = local - std::chrono::seconds(change->offset);
    if (next < Time{std::chrono::seconds(change->at)}) return candidate;
    offset = change->offset;
  }
}

}  // namespace cityloop
