// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <set>

#include "core/limits.h"
#include "core/pack_parts.h"

namespace cityloop::pack_file {
namespace {

Result<void> check_unique(std::set<std::string>& seen, const Item& item, const std::string& name) {
  if (seen.insert(name).second) return {};
  return wrong(item.path + ".name", "`" + name + "` stands twice");
}

// `inner` must lie within `outer` where both are set.
bool lies_within(const std::optional<double>& value, const std::optional<double>& low, const std::optional<double>& high) {
  return !value || ((!low || *value >= *low) && (!high || *value <= *high));
}

Result<void> check_ranges(const Fields& fields, const PointSpec& point) {
  if (!lies_within(point.limit_low, point.least, point.most) || !lies_within(point.limit_high, point.least, point.most)) {
    return fields.wrong("limits", "must lie within `range`");
  }
  if (!lies_within(point.plausible_low, point.least, point.most) ||
      !lies_within(point.plausible_high, point.least, point.most)) {
    return fields.wrong("plausible", "must lie within `range`");
  }
  return {};
}

Result<PointSpec> read_point(const Item& item) {
  const Fields fields = TRY(Fields::of(item, {"name", "title", "unit", "range", "limits", "plausible", "sentinels",
                                              "interval", "derived", "decimals"}));
  PointSpec point;
  point.name = TRY(fields.name("name"));
  point.title = TRY(fields.words("title", true));
  point.unit = TRY(fields.text("unit", ""));
  TRY(fields.range("range", point.least, point.most));
  TRY(fields.range("limits", point.limit_low, point.limit_high));
  TRY(fields.range("plausible", point.plausible_low, point.plausible_high));
  TRY(check_ranges(fields, point));
  for (const Item& sentinel : TRY(fields.list("sentinels"))) {
    if (!sentinel.value->is_number()) return wrong(sentinel.path, "must be a number");
    point.sentinels.push_back(sentinel.value->to_number<double>());
  }
  point.interval = TRY(fields.duration("interval"));
  point.derived = TRY(fields.text("derived", ""));
  if (!point.derived.empty() && !point.sentinels.empty()) return fields.wrong("sentinels", "a derived point has none");
  const double decimals = TRY(fields.number("decimals", 2));
  if (decimals != std::floor(decimals) || decimals < 0 || decimals > 9) return fields.wrong("decimals", "must be 0 to 9");
  point.decimals = static_cast<int>(decimals);
  return point;
}

// Attributes of a kind and fields of a record have the same form.
template <class Spec>
Result<Spec> read_typed(const Item& item, std::initializer_list<std::string_view> types) {
  const Fields fields = TRY(Fields::of(item, {"name", "title", "type", "unit", "required"}));
  Spec spec;
  spec.name = TRY(fields.name("name"));
  spec.title = TRY(fields.words("title", true));
  spec.type = TRY(fields.choice("type", "number", types));
  spec.unit = TRY(fields.text("unit", ""));
  spec.required = TRY(fields.flag("required", false));
  return spec;
}

Result<void> check_code(const Fields& fields, std::string_view key, const std::string& code) {
  const bool digits = code.size() == 4 && std::all_of(code.begin(), code.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!code.empty() && !digits) return fields.wrong(key, "must be 4 digits, major and minor class, such as 0303");
  return {};
}

Result<KindSpec> read_kind(const Item& item) {
  const Fields fields =
      TRY(Fields::of(item, {"name", "title", "symbol", "layer", "component_class", "points", "attributes"}));
  KindSpec kind;
  kind.name = TRY(fields.name("name"));
  kind.title = TRY(fields.words("title", true));
  kind.symbol = TRY(fields.text("symbol", "asset"));
  kind.layer = TRY(fields.text("layer", kind.name));
  kind.component_class = TRY(fields.text("component_class", ""));
  TRY(check_code(fields, "component_class", kind.component_class));
  std::set<std::string> seen;  // a point and an attribute of one name could not be told apart in an expression
  for (const Item& entry : TRY(fields.list("points"))) {
    kind.points.push_back(TRY(read_point(entry)));
    TRY(check_unique(seen, entry, kind.points.back().name));
  }
  for (const Item& entry : TRY(fields.list("attributes"))) {
    kind.attributes.push_back(TRY(read_typed<AttributeSpec>(entry, {"number", "text", "flag"})));
    TRY(check_unique(seen, entry, kind.attributes.back().name));
  }
  if (kind.points.size() > limits::kPointsOfKind) return fields.wrong("points", "a kind has at most 256 points");
  return kind;
}

Result<RecordSpec> read_record(const Item& item, const Pack& pack) {
  const Fields fields = TRY(Fields::of(item, {"name", "title", "kind", "fields"}));
  RecordSpec record;
  record.name = TRY(fields.name("name"));
  record.title = TRY(fields.words("title", true));
  record.kind = TRY(fields.text("kind"));
  TRY(known_kind(pack, fields.path("kind"), record.kind));
  std::set<std::string> seen;
  for (const Item& entry : TRY(fields.list("fields"))) {
    record.fields.push_back(TRY(read_typed<FieldSpec>(entry, {"number", "text", "flag", "time"})));
    TRY(check_unique(seen, entry, record.fields.back().name));
  }
  return record;
}

Result<TableSpecXY> read_table(const Item& item) {
  const Fields fields = TRY(Fields::of(item, {"name", "points"}));
  TableSpecXY table;
  table.name = TRY(fields.name("name"));
  for (const Item& entry : TRY(fields.list("points"))) {
    const json::array* pair = entry.value->if_array();
    if (pair == nullptr || pair->size() != 2 || !pair->at(0).is_number() || !pair->at(1).is_number()) {
      return wrong(entry.path, "must be [x, y]");
    }
    const double x = pair->at(0).to_number<double>();
    if (!table.points.empty() && x <= table.points.back().first) return wrong(entry.path, "x must ascend");
    table.points.emplace_back(x, pair->at(1).to_number<double>());
  }
  if (table.points.size() < 2) return fields.wrong("points", "a table has at least two points");
  return table;
}

}  // namespace

Result<void> read_kinds(const Fields& file, Pack& pack) {
  std::set<std::string> seen;
  for (const Item& entry : TRY(file.list("kinds"))) {
    pack.kinds.push_back(TRY(read_kind(entry)));
    TRY(check_unique(seen, entry, pack.kinds.back().name));
  }
  if (pack.kinds.empty()) return file.wrong("kinds", "is missing; a pack describes at least one kind of asset");
  return {};
}

Result<void> read_records(const Fields& file, Pack& pack) {
  std::set<std::string> seen;
  for (const Item& entry : TRY(file.list("records"))) {
    pack.records.push_back(TRY(read_record(entry, pack)));
    TRY(check_unique(seen, entry, pack.records.back().name));
  }
  return {};
}

Result<void> read_tables(const Fields& file, Pack& pack) {
  std::set<std::string> seen;
  for (const Item& entry : TRY(file.list("tables"))) {
    pack.tables.push_back(TRY(read_table(entry)));
    TRY(check_unique(seen, entry, pack.tables.back().name));
  }
  return {};
}

}  // namespace cityloop::pack_file
