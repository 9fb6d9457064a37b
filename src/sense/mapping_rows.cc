// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "core/json_write.h"
#include "core/limits.h"
#include "sense/body.h"
#include "sense/decode.h"
#include "sense/mapping.h"
#include "sense/number.h"

namespace cityloop {
namespace {

constexpr std::size_t kProblemsKept = 1'000;

// Cut to a whole number of characters.
std::string cut(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  text.resize(most);
  return text;
}

template <class Visit>
void each_column(std::string_view pattern, Visit&& visit) {
  for (std::size_t open = pattern.find('{'); open != std::string_view::npos; open = pattern.find('{', open + 1)) {
    const std::size_t close = pattern.find('}', open);
    if (close == std::string_view::npos) return;
    visit(pattern.substr(open + 1, close - open - 1));
  }
}

}  // namespace

// ---- what both have in common -------------------------------------------------------------------------------------

Result<void> MappedRows::feed(std::string_view bytes) {
  csv_.feed(bytes);
  return drain();
}

Result<void> MappedRows::finish() {
  csv_.finish();
  if (const Result<void> drained = drain(); !drained) return drained;
  if (!has_header_) return fail(errors::kUndecodable, "the file has no header line");
  return {};
}

Result<void> MappedRows::drain() {
  while (csv_.next(row_)) {
    if (!has_header_) {
      if (!row_.problem.empty()) return fail(errors::kUndecodable, "the header line is broken: " + row_.problem);
      for (std::size_t i = 0; i < row_.cells.size(); ++i) columns_.emplace(trimmed(row_.cells[i]), i);
      has_header_ = true;
      if (const Result<void> found = header(); !found) return found;
      continue;
    }
    ++rows_;
    if (!row_.problem.empty()) {
      problem(row_.line, fail(errors::kUndecodable, row_.problem));
    } else if (row_.cells.size() != columns_.size()) {
      problem(row_.line, fail(errors::kUndecodable, "the row has " + std::to_string(row_.cells.size()) + " cells, the header " +
                                                        std::to_string(columns_.size())));
    } else {
      row(row_.line);
    }
  }
  return {};
}

Result<void> MappedRows::need_column(std::string_view name) const {
  if (columns_.contains(name)) return {};
  std::string known;
  for (const auto& [column, at] : columns_) known += (known.empty() ? "" : ", ") + column;
  return fail(errors::kUndecodable, "the file has no column `" + std::string(name) + "`; it has " + known);
}

std::string_view MappedRows::cell(std::string_view column) const {
  const auto at = columns_.find(column);
  if (at == columns_.end()) return {};
  const std::string_view text = trimmed(row_.cells[at->second]);
  return std::ranges::find(missing_, text) == missing_.end() ? text : std::string_view();
}

std::string MappedRows::text_of(const MapText& text) const {
  std::string out;
  std::string_view rest = text.pattern;
  while (!rest.empty()) {
    const std::size_t open = std::min(rest.find('{'), rest.size());
    const std::size_t close = rest.find('}', open);
    if (open == rest.size() || close == std::string_view::npos) {
      out += rest;
      break;
    }
    out += rest.substr(0, open);
    const std::string_view piece = cell(rest.substr(open + 1, close - open - 1));
    out += piece;
    rest.remove_prefix(close + 1);
    // Nothing comes any more: the separator before it says nothing either.
    if (piece.empty() && rest.empty()) out.resize(out.find_last_not_of(" -:,;/") + 1);
  }
  if (const auto found = text.map.find(out); found != text.map.end()) return found->second;
  if (text.otherwise) return *text.otherwise;
  return text.map.empty() ? std::string(trimmed(out)) : std::string();
}

std::optional<Time> MappedRows::time_of(const MapTime& time, std::string_view what, std::uint64_t line, bool dropped) {
  const auto bad = [&](const Error& why) {
    problem(line, fail(*why.code, std::string(what) + ": " + why.detail), dropped);
    return std::nullopt;
  };
  if (!time.column.empty()) {
    const std::string_view text = cell(time.column);
    if (text.empty()) return std::nullopt;
    const Result<Time> read = read_time(time.form, text);
    if (!read) return bad(read.error());
    return *read;
  }
  int parts[5] = {1970, 1, 1, 0, 0};
  for (std::size_t i = 0; i < 5; ++i) {
    if (time.columns[i].empty()) continue;
    const std::string_view text = cell(time.columns[i]);
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), parts[i]);
    if (code != std::errc{} || end != text.data() + text.size()) {
      return bad(fail(errors::kBadTime, "`" + std::string(text) + "` in `" + time.columns[i] + "` is no whole number"));
    }
  }
  using namespace std::chrono;
  const year_month_day date{year{parts[0]}, month{static_cast<unsigned>(parts[1])}, day{static_cast<unsigned>(parts[2])}};
  if (!date.ok() || parts[0] < 1970 || parts[0] > 9999 || parts[3] < 0 || parts[3] > 23 || parts[4] < 0 || parts[4] > 59) {
    return bad(fail(errors::kBadTime, "there is no such day or hour"));
  }
  return time.form.zone.to_utc(Time{sys_days{date}} + hours{parts[3]} + minutes{parts[4]});
}

void MappedRows::problem(std::uint64_t line, const Error& why, bool dropped) {
  ++problem_count_;
  if (problems_.size() < kProblemsKept) problems_.push_back({line, std::string(why.code->name), why.detail, dropped});
}

// ---- readings -----------------------------------------------------------------------------------------------------

Result<void> ReadingRows::header() {
  if (const auto found = need_column(map_.asset_column); !found) return found;
  if (!map_.time.column.empty()) {
    if (const auto found = need_column(map_.time.column); !found) return found;
  }
  for (const std::string& column : map_.time.columns) {
    if (column.empty()) continue;
    if (const auto found = need_column(column); !found) return found;
  }
  for (const SourcePoint& point : map_.values) {
    if (const auto found = need_column(point.path.text); !found) return found;
  }
  return {};
}

void ReadingRows::row(std::uint64_t line) {
  const std::string_view name = cell(map_.asset_column);
  std::string asset;
  if (const auto known = map_.assets.find(name); known != map_.assets.end()) {
    asset = known->second.id;
  } else if (!map_.asset_template.empty()) {
    asset = map_.asset_template;
    asset.replace(asset.find("{value}"), 7, name);
  } else if (map_.assets.empty()) {
    asset = name;
  } else {
    return problem(line, fail(errors::kUnmapped, "asset.map does not name `" + std::string(name) + "`"));
  }
  if (!is_asset_id(asset)) return problem(line, fail(errors::kBadAssetId, "`" + asset.substr(0, 128) + "` is not an asset id"));
  const std::uint64_t before = problem_count();
  const std::optional<Time> at = time_of(map_.time, "time", line);
  if (!at) {
    if (problem_count() == before) problem(line, fail(errors::kBadTime, "the row has no time"));
    return;
  }
  struct Value { const SourcePoint* point; Decimal value; };
  std::vector<Value> values;
  for (const SourcePoint& point : map_.values) {
    std::string text(cell(point.path.text));
    if (text.empty()) continue;
    if (map_.csv.decimal_comma) std::ranges::replace(text, ',', '.');
    Decimal value;
    const bool is_number = read_number(text, value) == NumberText::number;
    const std::optional<Decimal> ours = is_number ? scaled(value, point.scale, point.offset) : std::nullopt;
    if (ours) {
      values.push_back({&point, *ours});
    } else {
      problem(line, fail(errors::kNotANumber, "`" + text.substr(0, 64) + "` in `" + point.path.text + "` is not a number"), false);
    }
  }
  if (values.empty()) {
    ++empty_rows_;
    return;
  }
  builder_.begin(asset, *at);
  for (const Value& value : values) builder_.value(value.point->name, value.value);
  builder_.end({});
}

// ---- reports ------------------------------------------------------------------------------------------------------

Result<void> ReportRows::header() {
  Result<void> found = {};
  const auto need = [&](std::string_view column) {
    if (found && !column.empty()) found = need_column(column);
  };
  for (const MapText* text : {&map_.id, &map_.title, &map_.text, &map_.address, &map_.status, &map_.unit, &map_.area, &map_.klass}) {
    each_column(text->pattern, need);
  }
  for (const MapTime* time : {&map_.at, &map_.due, &map_.closed}) {
    need(time->column);
    for (const std::string& column : time->columns) need(column);
  }
  need(map_.lng);
  need(map_.lat);
  return found;
}

std::optional<LngLat> ReportRows::place(std::uint64_t line) {
  const std::string_view lng = cell(map_.lng), lat = cell(map_.lat);
  if (lng.empty() && lat.empty()) return std::nullopt;
  Decimal x, y;
  const bool read = read_number(lng, x) == NumberText::number && read_number(lat, y) == NumberText::number;
  const LngLat at{x.number(), y.number()};
  if (!read || !is_valid(at)) {
    problem(line, fail(errors::kBadField, "`" + std::string(lng) + "`, `" + std::string(lat) + "` is no place"), false);
    return std::nullopt;
  }
  if (at == LngLat{}) return std::nullopt;  // 0, 0 is what programs write that know no place
  return to_wgs84(at, map_.crs);
}

void ReportRows::row(std::uint64_t line) {
  MappedReport mapped;
  mapped.line = line;
  Report& report = mapped.report;
  report.external = cut(text_of(map_.id), limits::kAssetIdBytes);
  if (report.external.empty()) return problem(line, fail(errors::kMissingField, "the row has no id"));
  report.title = cut(text_of(map_.title), limits::kTitleBytes);
  if (report.title.empty()) return problem(line, fail(errors::kMissingField, "the row has no title"));
  const std::uint64_t before = problem_count();
  const std::optional<Time> at = time_of(map_.at, "at", line);
  if (!at) {
    if (problem_count() == before) problem(line, fail(errors::kBadTime, "the row has no time"));
    return;
  }
  report.at = *at;
  report.source = map_.source;
  report.text = cut(text_of(map_.text), limits::kTextBytes);
  report.address = cut(text_of(map_.address), limits::kTitleBytes);
  report.status_external = cut(text_of(map_.status), limits::kTitleBytes);
  report.area = text_of(map_.area);
  report.klass = ClassCode{map_.scheme, "", text_of(map_.klass)};
  if (!map_.lng.empty()) report.place = place(line);
  mapped.unit = text_of(map_.unit);
  // A due or closing time that cannot be read is named, the report itself is good.
  mapped.due = map_.due.empty() ? std::nullopt : time_of(map_.due, "due", line, false);
  mapped.closed = map_.closed.empty() ? std::nullopt : time_of(map_.closed, "closed", line, false);
  reports_.push_back(std::move(mapped));
}

std::string report_json(const MappedReport& mapped) {
  const Report& report = mapped.report;
  JsonWriter out(512);
  out.begin_object().member("external", report.external).member("source", report.source).member("title", report.title);
  if (!report.text.empty()) out.member("text", report.text);
  if (report.place) out.member("location", *report.place);
  if (!report.area.empty()) out.member("area", report.area);
  if (!report.address.empty()) out.member("address", report.address);
  if (!report.klass.code.empty()) {
    out.key("class").begin_object().member("scheme", report.klass.scheme).member("code", report.klass.code).end_object();
  }
  out.member("at", report.at);
  if (!report.status_external.empty()) out.member("status_external", report.status_external);
  out.end_object();
  return out.take();
}

}  // namespace cityloop
