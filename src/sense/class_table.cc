// SPDX-License-Identifier: Apache-2.0
#include "sense/class_table.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "core/json_write.h"
#include "core/limits.h"
#include "sense/csv.h"

namespace cityloop {
namespace {

constexpr std::string_view kColumns[] = {"scheme", "type",  "code",    "name",    "name_en", "duty", "local", "radius_m",
                                         "hours",  "note",  "condition", "filing", "closing", "limit", "limit_b",
                                         "limit_c", "from", "until"};
constexpr std::string_view kNeeded[] = {"scheme", "type", "code", "name"};

Error bad(std::string_view column, std::string_view sentence) {
  return fail(errors::kBadField, "`" + std::string(column) + "` " + std::string(sentence));
}

bool is_word(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  });
}

// `2026-02-28`, a day that there is.
bool is_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  return parse_time(std::string(text) + "T00:00:00Z").has_value();
}

// `2UH`, `1WD`, `30m`, `1h30m`: whether a clock understands it is seen in supervise/limit.h; here only its letters.
bool is_limit(std::string_view text) {
  static constexpr std::string_view kUnits[] = {"UH", "UD", "WH", "WD", "m", "h"};
  bool any = false;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0 || digits > 4 || text.substr(0, digits).find_first_not_of('0') == std::string_view::npos) return false;
    text.remove_prefix(digits);
    const auto unit = std::ranges::find_if(kUnits, [&](std::string_view one) { return text.starts_with(one); });
    if (unit == std::end(kUnits)) return false;
    text.remove_prefix(unit->size());
    any = true;
  }
  return any;
}

class Line {
 public:
  Line(const std::vector<std::string>& header, const std::vector<std::string>& cells) {
    for (std::size_t i = 0; i < header.size() && i < cells.size(); ++i) cells_[header[i]] = cells[i];
  }
  std::string operator[](std::string_view column) const {
    const auto found = cells_.find(column);
    if (found == cells_.end()) return {};
    const std::string& text = found->second;
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
  }

 private:
  std::map<std::string, std::string, std::less<>> cells_;
};

Result<double> number_in(const Line& line, std::string_view column, double most) {
  const std::string text = line[column];
  if (text.empty()) return 0.0;
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size() || !(value >= 0 && value <= most))
    return bad(column, "must be a number from 0 to " + std::to_string(static_cast<int>(most)));
  return value;
}

Result<ClassStandard> class_in(const Line& line) {
  ClassStandard klass;
  klass.code = {line["scheme"], line["type"], line["code"]};
  if (!is_word(klass.code.scheme, 32)) return bad("scheme", "has 1 to 32 letters, digits, `_` or `-`, such as GB2013");
  if (klass.code.type != "component" && klass.code.type != "event" && klass.code.type != "monitoring")
    return bad("type", "must be component, event or monitoring");
  if (!is_word(klass.code.code, 32)) return bad("code", "has 1 to 32 letters and digits, such as 0303");
  klass.name = line["name"];
  if (klass.name.empty() || klass.name.size() > limits::kTitleBytes) return bad("name", "is missing or too long");
  klass.name_en = line["name_en"].substr(0, limits::kTitleBytes);
  klass.duty = line["duty"];
  if (!klass.duty.empty() && !is_word(klass.duty, 64)) return bad("duty", "has letters, digits, `_` or `-`");
  const std::string local = line["local"];
  if (!local.empty() && local != "0" && local != "1") return bad("local", "is 1 for the city's own class, else 0 or empty");
  klass.local = local == "1";
  klass.radius_m = TRY(number_in(line, "radius_m", 5'000));
  klass.hours = static_cast<int>(TRY(number_in(line, "hours", 24 * 365)));
  klass.note = line["note"].substr(0, limits::kTextBytes);
  return klass;
}

Result<Condition> condition_in(const Line& line) {
  Condition condition;
  condition.id = line["condition"];
  if (!is_word(condition.id, 16)) return bad("condition", "has 1 to 16 letters and digits, such as 1");
  condition.filing = line["filing"];
  condition.closing = line["closing"];
  if (condition.filing.empty()) return bad("filing", "is missing: when a case is filed under this condition");
  if (condition.filing.size() > limits::kTextBytes || condition.closing.size() > limits::kTextBytes)
    return bad("filing", "or `closing` is too long");
  condition.limit = line["limit"];
  condition.limit_b = line["limit_b"];
  condition.limit_c = line["limit_c"];
  if (condition.limit.empty()) return bad("limit", "is missing, such as 2UH or 1WD");
  for (const std::string* limit : {&condition.limit, &condition.limit_b, &condition.limit_c}) {
    if (!limit->empty() && !is_limit(*limit))
      return bad("limit", "`" + *limit + "` is none: write 2UH, 1UD (continuous), 4WH, 1WD (working time), 30m or 2h");
  }
  condition.from = line["from"];
  condition.until = line["until"];
  if (!condition.from.empty() && !is_day(condition.from)) return bad("from", "must be a day such as 2026-01-01");
  if (!condition.until.empty() && !is_day(condition.until)) return bad("until", "must be a day such as 2026-12-31");
  if (!condition.from.empty() && !condition.until.empty() && condition.until < condition.from)
    return bad("until", "lies before `from`");
  return condition;
}

class Reading {
 public:
  // One line: a new class, or another condition of one that is known.
  Result<void> take(const Line& line) {
    ClassStandard klass = TRY(class_in(line));
    const auto [found, fresh] = places_.try_emplace(class_key(klass.code), table_.classes.size());
    if (fresh) table_.classes.push_back(std::move(klass));
    if (line["condition"].empty() && line["filing"].empty()) return {};
    ClassStandard& known = table_.classes[found->second];
    Condition condition = TRY(condition_in(line));
    const auto same = [&](const Condition& one) { return one.id == condition.id && one.from == condition.from; };
    if (std::ranges::any_of(known.conditions, same))
      return bad("condition", "`" + condition.id + "` of this class stands twice for the same days");
    known.conditions.push_back(std::move(condition));
    return {};
  }
  void fail_line(std::uint64_t line, const Line& cells, const Error& why) {
    const std::string key = class_key({cells["scheme"], cells["type"], cells["code"]});
    table_.bad.push_back({line, key, why});
  }
  // A class with a bad line is left out whole: half a class would file cases without its other conditions.
  ClassTable take_table() && {
    std::erase_if(table_.classes, [&](const ClassStandard& klass) {
      return std::ranges::any_of(table_.bad, [&](const BadRow& row) { return row.klass == class_key(klass.code); });
    });
    return std::move(table_);
  }

 private:
  ClassTable table_;
  std::map<std::string, std::size_t> places_;
};

}  // namespace

Result<ClassTable> read_class_table(std::string_view text) {
  CsvReader csv(',');
  csv.feed(text);
  csv.finish();
  CsvReader::Row header, row;
  if (!csv.next(header) || !header.problem.empty()) return fail(errors::kUndecodable, "the CSV has no header line");
  for (const std::string_view needed : kNeeded) {
    if (std::ranges::find(header.cells, needed) == header.cells.end())
      return fail(errors::kMissingField, "the header has no column `" + std::string(needed) + "`");
  }
  for (const std::string& name : header.cells) {
    if (std::ranges::find(kColumns, name) == std::end(kColumns))
      return fail(errors::kUnknownField, "the header has a column `" + name + "` that is not known");
  }
  Reading reading;
  for (std::uint64_t count = 0; csv.next(row); ++count) {
    if (count == limits::kBatchMessages) return fail(errors::kTooMany, "at most 100,000 lines are taken at once");
    const Line line(header.cells, row.cells);
    const Result<void> taken = row.problem.empty() ? reading.take(line) : fail(errors::kUndecodable, row.problem);
    if (!taken) reading.fail_line(row.line, line, taken.error());
  }
  return std::move(reading).take_table();
}

std::string class_doc(const ClassStandard& klass) {
  JsonWriter out(512);
  out.begin_object().member("key", class_key(klass.code)).member("scheme", klass.code.scheme);
  out.member("type", klass.code.type).member("code", klass.code.code).member("name", klass.name);
  out.member("name_en", klass.name_en).member("duty", klass.duty).member("local", klass.local);
  out.member("radius_m", klass.radius_m).member("hours", klass.hours).member("note", klass.note);
  out.key("conditions").begin_array();
  for (const Condition& one : klass.conditions) {
    out.begin_object().member("id", one.id).member("filing", one.filing).member("closing", one.closing);
    out.member("limit", one.limit).member("limit_b", one.limit_b).member("limit_c", one.limit_c);
    out.member("from", one.from).member("until", one.until).end_object();
  }
  return out.end_array().end_object().take();
}

}  // namespace cityloop
