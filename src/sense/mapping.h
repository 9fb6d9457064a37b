// SPDX-License-Identifier: Apache-2.0
// Tables that others wrote, read for `cityloop import readings|reports --map FILE`: a commented mapping file says which
// column is what (maps/*.map.jsonc). Pure and streaming: the caller opens, unpacks and feeds the file, and reads the zone's file.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/message.h"
#include "core/words.h"
#include "sense/batch_builder.h"
#include "sense/csv.h"
#include "sense/geojson.h"
#include "sense/source.h"
#include "sense/time_text.h"

namespace cityloop {

// A time of one column in a form, or of columns year, month, day, hour, minute.
struct MapTime {
  std::string column;                  // empty: the columns below, or (optional times) none
  TimeForm form;
  std::array<std::string, 5> columns;  // year, month, day, then hour and minute if there are
  bool empty() const { return column.empty() && columns[0].empty(); }
};

// A text of one column, of a template with {Column} in it, or the same for every row; then translated.
struct MapText {
  std::string pattern;                 // `{Complaint Type}: {Descriptor}`
  std::map<std::string, std::string, std::less<>> map;
  std::optional<std::string> otherwise;  // where the map has no entry; nothing: the text itself, or none where there is a map
  bool empty() const { return pattern.empty() && !otherwise; }
};

struct MappedAsset {
  std::string id;
  std::string document;                // its GeoJSON feature; empty where the map gives only an id
};

struct ReadingMap {
  CsvForm csv;
  MapTime time;
  std::string asset_column;
  std::string asset_template;          // `air-{value}`; empty: only what `assets` names
  std::map<std::string, MappedAsset, std::less<>> assets;  // by cell
  std::vector<SourcePoint> values;     // path.text is the column

  // Name of the time zone whose file the caller reads and parses into time.form.zone; empty: none needed.
  const std::string& zone_name() const { return time.form.zone_name; }
  // Body of `assets.import` for the assets that the map describes; empty where it describes none.
  std::string assets_document() const;
};

struct ReportMap {
  CsvForm csv;
  std::string source;                  // Report::source, `nyc311`
  std::string zone;                    // of all times
  MapText id, title, text, address, status, unit, area, klass;
  std::string scheme = "GB2013";       // of the classes
  MapTime at, due, closed;
  std::string lng, lat;                // columns
  Crs crs = Crs::wgs84;

  const std::string& zone_name() const { return zone; }
  void set_zone(const Zone& zone_of_times);
};

// kBadJson, kUnknownField (naming the nearest known key), kMissingField, kWrongType, kBadField.
Result<ReadingMap> parse_reading_map(std::string_view text);
Result<ReportMap> parse_report_map(std::string_view text);

struct RowProblem {
  std::uint64_t line = 0;
  std::string code;
  std::string detail;
  bool dropped = true;                 // false: the row came through without what the sentence names
};

// Columns found in the header, rows one by one; what both mappers have in common.
class MappedRows {
 public:
  // kUndecodable when the header lacks a column that the map needs; nothing can be read then.
  Result<void> feed(std::string_view bytes);
  Result<void> finish();
  std::uint64_t rows() const { return rows_; }              // data rows seen, broken ones among them
  std::vector<RowProblem> take_problems() { return std::exchange(problems_, {}); }
  std::uint64_t problem_count() const { return problem_count_; }  // of all; at most 1,000 untaken ones are kept

 protected:
  explicit MappedRows(const CsvForm& csv) : missing_(csv.missing), csv_(csv.delimiter) {}
  ~MappedRows() = default;

  virtual Result<void> header() = 0;
  virtual void row(std::uint64_t line) = 0;

  Result<void> need_column(std::string_view name) const;
  // The row's cell of a column; empty where it stands for missing.
  std::string_view cell(std::string_view column) const;
  bool has_cell(std::string_view column) const { return columns_.contains(column); }
  std::string text_of(const MapText& text) const;
  std::optional<Time> time_of(const MapTime& time, std::string_view what, std::uint64_t line, bool dropped = true);
  void problem(std::uint64_t line, const Error& why, bool dropped = true);

 private:
  Result<void> drain();

  std::vector<std::string> missing_;
  CsvReader csv_;
  std::map<std::string, std::size_t, std::less<>> columns_;
  CsvReader::Row row_;
  bool has_header_ = false;
  std::uint64_t rows_ = 0, problem_count_ = 0;
  std::vector<RowProblem> problems_;
};

class ReadingRows final : public MappedRows {
 public:
  explicit ReadingRows(const ReadingMap& map) : MappedRows(map.csv), map_(map) {}
  std::size_t size() const { return builder_.size(); }      // messages ready
  ReadingBatch take() { return builder_.take(); }
  std::uint64_t empty_rows() const { return empty_rows_; }  // every value missing: no message

 private:
  Result<void> header() override;
  void row(std::uint64_t line) override;

  const ReadingMap& map_;
  BatchBuilder builder_;
  std::uint64_t empty_rows_ = 0;
};

struct MappedReport {
  std::uint64_t line = 0;
  Report report;                       // external, source, title, text, class, area, address, place, at, status_external
  std::string unit;
  std::optional<Time> due, closed;
};

// One item of the body of `reports.import`: {"source","reports":[…]}.
std::string report_json(const MappedReport& mapped);

class ReportRows final : public MappedRows {
 public:
  explicit ReportRows(const ReportMap& map) : MappedRows(map.csv), map_(map) {}
  std::size_t size() const { return reports_.size(); }
  std::vector<MappedReport> take() { return std::exchange(reports_, {}); }

 private:
  Result<void> header() override;
  void row(std::uint64_t line) override;
  std::optional<LngLat> place(std::uint64_t line);

  const ReportMap& map_;
  std::vector<MappedReport> reports_;
};

}  // namespace cityloop
