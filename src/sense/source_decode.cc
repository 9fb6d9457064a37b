// SPDX-License-Identifier: Apache-2.0
// Payloads that others designed, read as a source's file says.
#include <algorithm>
#include <cmath>

#include "core/json.h"
#include "core/limits.h"
#include "sense/batch_builder.h"
#include "sense/body.h"
#include "sense/csv.h"
#include "sense/decode.h"
#include "sense/number.h"
#include "sense/source.h"

namespace cityloop {
namespace {

constexpr std::string_view kDevice = "{device}";

std::string_view take_level(std::string_view& rest, bool& more) {
  const std::size_t end = rest.find('/');
  const std::string_view level = rest.substr(0, end);
  more = end != std::string_view::npos;
  rest.remove_prefix(more ? end + 1 : rest.size());
  return level;
}

// Text of a string or number, as ids and times come; nothing for the rest.
std::optional<std::string> text_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_int64() || value.is_uint64()) return json::serialize(value);
  if (value.is_double() && std::isfinite(value.get_double())) return format_decimal(decimal_of(value.get_double()));
  return std::nullopt;
}

class SourceDecoder {
 public:
  SourceDecoder(const SourceSpec& source, std::string_view topic) : source_(source), topic_(topic) {}

  Result<ReadingBatch> decode(std::string_view payload) {
    if (const Result<void> fit = check_body(payload); !fit && source_.decode.form != PayloadForm::csv) return fit.error();
    if (!source_.decode.asset_topic.empty()) {
      device_ = device_of_topic(source_.decode.asset_topic, topic_);
      if (!device_) return fail(errors::kUndecodable, "the topic `" + std::string(topic_) + "` does not fit " + source_.decode.asset_topic);
    }
    Result<void> read = {};
    switch (source_.decode.form) {
      case PayloadForm::json: read = document(payload); break;
      case PayloadForm::ndjson: read = lines(payload); break;
      case PayloadForm::csv: read = table(payload); break;
    }
    if (!read) return read.error();
    return builder_.take();
  }

 private:
  Result<void> document(std::string_view text) {
    const Result<json::value> value = parse_json(text);
    if (!value) return fail(errors::kUndecodable, "the payload is not JSON: " + value.error().detail);
    return items(*value);
  }

  Result<void> lines(std::string_view text) {
    std::string_view line;
    while (next_line(text, line)) {
      const Result<json::value> value = parse_json(line);
      const Result<void> read = value ? items(*value) : fail(errors::kBadJson, value.error().detail);
      if (!read && read.error().code == &errors::kTooMany) return read;
      if (!read) builder_.flaw(read.error(), line);
    }
    return {};
  }

  Result<void> items(const json::value& document) {
    const json::value* const found = follow(document, source_.decode.items);
    if (found == nullptr) return fail(errors::kUndecodable, "there is nothing at `" + source_.decode.items.text + "`");
    if (found->is_array()) {
      for (const json::value& one : found->get_array()) {
        if (builder_.size() == limits::kBatchMessages) return too_many_messages();
        item(one);
      }
      return {};
    }
    if (!found->is_object()) return fail(errors::kUndecodable, "a message must be an object");
    item(*found);
    return {};
  }

  void item(const json::value& message) {
    const std::string raw = json::serialize(message);
    const Result<std::string> asset = asset_of([&]() -> std::optional<std::string> {
      const json::value* const id = follow(message, source_.decode.asset_path);
      return id == nullptr ? std::nullopt : text_of(*id);
    });
    if (!asset) return builder_.flaw(asset.error(), raw);
    Time at = kNoTime;
    if (!source_.decode.at.empty()) {
      const json::value* const found = follow(message, source_.decode.at);
      const std::optional<std::string> text = found == nullptr ? std::nullopt : text_of(*found);
      const Result<Time> time = text ? read_time(source_.decode.at_form, *text) : fail(errors::kBadTime, "there is no time at `" + source_.decode.at.text + "`");
      if (!time) return builder_.flaw(time.error(), raw);
      at = *time;
    }
    builder_.begin(*asset, at);
    for (const SourcePoint& point : source_.decode.values) {
      const json::value* const value = follow(message, point.path);
      if (value == nullptr || value->is_null()) continue;
      const std::optional<std::string> text = text_of(*value);
      if (text) {
        cell(point, *text, value->is_string());
      } else {
        builder_.flawed(point.name, value->is_double() ? 1 : 2);
      }
    }
    builder_.end(raw);
  }

  Result<void> table(std::string_view text) {
    if (text.size() > limits::kBodyBytes) return fail(errors::kTooLarge, "the payload is larger than 16 MiB; send it in parts");
    CsvReader csv(source_.decode.csv.delimiter);
    csv.feed(text);
    csv.finish();
    CsvReader::Row header, row;
    if (!csv.next(header) || !header.problem.empty()) return fail(errors::kUndecodable, "the CSV has no header line");
    const auto column = [&](std::string_view name) {
      const auto at = std::ranges::find(header.cells, name);
      return at == header.cells.end() ? -1 : static_cast<int>(at - header.cells.begin());
    };
    const int asset_column = column(source_.decode.asset_path.text), at_column = column(source_.decode.at.text);
    if (!source_.decode.asset_path.empty() && asset_column < 0) return no_column(source_.decode.asset_path.text);
    if (!source_.decode.at.empty() && at_column < 0) return no_column(source_.decode.at.text);
    std::vector<int> columns;
    for (const SourcePoint& point : source_.decode.values) columns.push_back(column(point.path.text));
    while (csv.next(row)) {
      if (builder_.size() == limits::kBatchMessages) return too_many_messages();
      table_row(row, header.cells.size(), asset_column, at_column, columns);
    }
    return {};
  }

  static Error no_column(const std::string& name) { return fail(errors::kUndecodable, "the CSV has no column `" + name + "`"); }

  void table_row(const CsvReader::Row& row, std::size_t width, int asset_column, int at_column, const std::vector<int>& columns) {
    std::string raw;
    for (const std::string& text : row.cells) raw += (raw.empty() ? "" : std::string(1, source_.decode.csv.delimiter)) + text;
    const std::string where = "line " + std::to_string(row.line) + ": ";
    if (!row.problem.empty()) return builder_.flaw(fail(errors::kUndecodable, where + row.problem), raw);
    if (row.cells.size() != width) {
      return builder_.flaw(fail(errors::kUndecodable, where + "it has " + std::to_string(row.cells.size()) + " cells, the header " + std::to_string(width)), raw);
    }
    const auto text_at = [&](int index) { return row.cells[static_cast<std::size_t>(index)]; };
    const Result<std::string> asset = asset_of([&]() -> std::optional<std::string> { return text_at(asset_column); });
    if (!asset) return builder_.flaw(asset.error(), raw);
    Time at = kNoTime;
    if (at_column >= 0) {
      const Result<Time> time = read_time(source_.decode.at_form, text_at(at_column));
      if (!time) return builder_.flaw(fail(*time.error().code, where + time.error().detail), raw);
      at = *time;
    }
    builder_.begin(*asset, at);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] >= 0) cell(source_.decode.values[i], text_at(columns[i]), true);
    }
    builder_.end(raw);
  }

  void cell(const SourcePoint& point, std::string text, bool is_text) {
    const auto& missing = source_.decode.csv.missing;
    if (is_text && std::ranges::find(missing, text) != missing.end()) return;
    if (is_text && source_.decode.csv.decimal_comma) std::ranges::replace(text, ',', '.');
    Decimal value;
    const NumberText read = read_number(trimmed(text), value);
    if (read != NumberText::number) return builder_.flawed(point.name, read == NumberText::not_finite ? 1 : 2);
    const double number = value.number();
    if (std::ranges::find(source_.sentinels, number) != source_.sentinels.end()) return builder_.flawed(point.name, 3);
    const std::optional<Decimal> ours = scaled(value, point.scale, point.offset);
    if (!ours) return builder_.flawed(point.name, 1);
    builder_.value(point.name, *ours);
  }

  template <class Find>
  Result<std::string> asset_of(const Find& find) const {
    if (!source_.decode.asset_constant.empty()) return source_.decode.asset_constant;
    const std::optional<std::string> device = device_ ? device_ : find();
    if (!device) return fail(errors::kUnmapped, "there is no device id at `" + source_.decode.asset_path.text + "`");
    if (const auto known = source_.ids.find(*device); known != source_.ids.end()) return known->second;
    std::string asset = *device;
    if (!source_.id_template.empty()) {
      asset = source_.id_template;
      asset.replace(asset.find(kDevice), kDevice.size(), *device);
    } else if (!source_.ids.empty()) {
      return fail(errors::kUnmapped, "`ids` of the source `" + source_.name + "` does not name the device `" + *device + "`");
    }
    if (!is_asset_id(asset)) return fail(errors::kBadAssetId, "the device `" + *device + "` gives no asset id");
    return asset;
  }

  const SourceSpec& source_;
  std::string_view topic_;
  std::optional<std::string> device_;
  BatchBuilder builder_;
};

}  // namespace

std::optional<std::string> device_of_topic(std::string_view pattern, std::string_view topic) {
  std::optional<std::string> device;
  bool more_pattern = true, more_topic = true;
  while (more_pattern) {
    const std::string_view wanted = take_level(pattern, more_pattern);
    if (wanted == "#") return device;
    if (!more_topic) return std::nullopt;
    const std::string_view level = take_level(topic, more_topic);
    const std::size_t at = wanted.find(kDevice);
    if (at != std::string_view::npos) {
      const std::string_view before = wanted.substr(0, at), after = wanted.substr(at + kDevice.size());
      if (level.size() <= before.size() + after.size() || !level.starts_with(before) || !level.ends_with(after)) return std::nullopt;
      device = level.substr(before.size(), level.size() - before.size() - after.size());
    } else if (wanted != "+" && wanted != level) {
      return std::nullopt;
    }
  }
  return more_topic ? std::nullopt : device;
}

Result<ReadingBatch> decode_source(const SourceSpec& source, std::string_view topic, std::string_view payload) {
  return SourceDecoder(source, topic).decode(payload);
}

}  // namespace cityloop
