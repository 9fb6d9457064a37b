// SPDX-License-Identifier: Apache-2.0
#include "edge/journal_query.h"

#include <algorithm>
#include <cmath>

#include "core/codec.h"
#include "edge/cursor.h"

namespace cityloop {
namespace {

constexpr std::size_t kMostValues = 1'000;  // of one `in`; a page of keys, and far below what a statement may bind

bool is_name(std::string_view name) {
  if (name.empty() || name[0] < 'a' || name[0] > 'z') return false;
  return std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

bool is_absent(const Cell& cell) { return std::holds_alternative<std::monostate>(cell); }
bool is_text(const Cell& cell) { return std::holds_alternative<std::string>(cell); }

double number_of(const Cell& cell) {
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) return static_cast<double>(*whole);
  return std::get<double>(cell);
}

int rank(const Cell& cell) { return is_absent(cell) ? 0 : is_text(cell) ? 2 : 1; }

template <class T>
int three_way(const T& left, const T& right) {
  return left < right ? -1 : right < left ? 1 : 0;
}

Error bad_field(std::string_view field, std::string_view why) {
  return fail(errors::kBadField, "`" + std::string(field) + "` " + std::string(why));
}

Result<void> check_where(const TableSpec& table, const Where& where) {
  using Op = Where::Op;
  const ColumnSpec* column = column_named(table, where.column);
  if (column == nullptr && where.column != "key") return bad_field(where.column, "is not a column of " + table.name);
  const bool text = column == nullptr || column->type == ColumnSpec::Type::text;
  const bool pattern = where.op == Op::prefix || where.op == Op::contains;
  if (pattern && !text) return bad_field(where.column, "is a number: it has no prefix and contains nothing");
  if (where.op != Op::in && where.values.size() != 1) return bad_field(where.column, "takes exactly one value");
  if (where.values.size() > kMostValues) return bad_field(where.column, "takes at most " + std::to_string(kMostValues) + " values");
  for (const Cell& value : where.values) {
    if (is_absent(value)) {
      if (where.op != Op::equal && where.op != Op::not_equal) return bad_field(where.column, "cannot be compared with nothing");
    } else if (is_text(value) != text) {
      return bad_field(where.column, text ? "takes text" : "takes a number");
    }
    if (const auto* real = std::get_if<double>(&value); real != nullptr && !std::isfinite(*real)) {
      return bad_field(where.column, "takes a finite number");
    }
  }
  return {};
}

struct CursorForm {
  std::string table, order;
  bool descending = false;
  Cell value;
  std::string key;
};

}  // namespace

void check_specs(const std::vector<TableSpec>& specs) {
  for (std::size_t i = 0; i < specs.size(); ++i) {
    CHECK(is_name(specs[i].name) && specs[i].name != "meta" && !specs[i].name.starts_with("sqlite"));
    CHECK(table_named(specs, specs[i].name) == &specs[i]);
    for (const ColumnSpec& column : specs[i].columns) {
      CHECK(is_name(column.name) && column.name != "key" && column.name != "doc");
      CHECK(column_named(specs[i], column.name) == &column);
    }
    for (const auto& together : specs[i].indexes) {
      for (const std::string& name : together) CHECK(together.size() > 1 && column_named(specs[i], name) != nullptr);
    }
  }
}

const TableSpec* table_named(const std::vector<TableSpec>& specs, std::string_view name) {
  const auto found = std::ranges::find(specs, name, &TableSpec::name);
  return found == specs.end() ? nullptr : &*found;
}

const ColumnSpec* column_named(const TableSpec& table, std::string_view name) {
  const auto found = std::ranges::find(table.columns, name, &ColumnSpec::name);
  return found == table.columns.end() ? nullptr : &*found;
}

Result<Cell> fitted(const ColumnSpec& column, const Cell& cell) {
  using Type = ColumnSpec::Type;
  if (is_absent(cell)) return cell;
  if (column.type == Type::text && is_text(cell)) return cell;
  if (column.type == Type::integer && std::holds_alternative<std::int64_t>(cell)) return cell;
  if (column.type == Type::real && !is_text(cell) && std::isfinite(number_of(cell))) return Cell{number_of(cell)};
  return fail(errors::kInternal, "a row's cell does not fit its column `" + column.name + "`");
}

Result<const TableSpec*> checked(const std::vector<TableSpec>& specs, const Query& query) {
  const TableSpec* table = table_named(specs, query.table);
  if (table == nullptr) return bad_field(query.table, "is not a table of the journal");
  for (const Where& where : query.where) TRY(check_where(*table, where));
  if (query.order != "key" && column_named(*table, query.order) == nullptr) {
    return bad_field(query.order, "is not a column of " + table->name + " to order by");
  }
  return table;
}

int compare_cells(const Cell& left, const Cell& right) {
  if (rank(left) != rank(right)) return three_way(rank(left), rank(right));
  if (is_absent(left)) return 0;
  if (is_text(left)) return three_way(std::get<std::string>(left), std::get<std::string>(right));
  if (std::holds_alternative<std::int64_t>(left) && std::holds_alternative<std::int64_t>(right)) {
    return three_way(std::get<std::int64_t>(left), std::get<std::int64_t>(right));
  }
  return three_way(number_of(left), number_of(right));
}

std::string lowered(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool holds(const Where& where, const Cell& cell) {
  using Op = Where::Op;
  const auto equals = [&](const Cell& value) { return compare_cells(cell, value) == 0; };
  if (where.op == Op::in) return !is_absent(cell) && std::ranges::any_of(where.values, equals);
  const Cell& value = where.values.front();
  if (where.op == Op::equal) return equals(value);
  if (where.op == Op::not_equal) return !equals(value);
  if (is_absent(cell)) return false;
  switch (where.op) {
    case Op::prefix: return std::get<std::string>(cell).starts_with(std::get<std::string>(value));
    case Op::contains: return lowered(std::get<std::string>(cell)).find(lowered(std::get<std::string>(value))) != std::string::npos;
    case Op::at_least: return compare_cells(cell, value) >= 0;
    case Op::at_most: return compare_cells(cell, value) <= 0;
    case Op::less: return compare_cells(cell, value) < 0;
    case Op::greater: return compare_cells(cell, value) > 0;
    case Op::equal:
    case Op::not_equal:
    case Op::in: break;
  }
  return false;
}

std::string cursor_of(const Query& query, const Position& position) {
  return cursor_text(encoded(CursorForm{query.table, query.order, query.descending, position.value, position.key}));
}

Result<std::optional<Position>> position_of(const TableSpec& table, const Query& query) {
  if (query.cursor.empty()) return std::optional<Position>{};
  const std::string bytes = TRY(cursor_bytes(query.cursor));
  CursorForm form;
  Reader in(bytes);
  decode(in, form);
  const bool ours = in.ok() && in.done() && form.table == query.table && form.order == query.order && form.descending == query.descending;
  if (!ours) return bad_field("cursor", "belongs to another list");
  const ColumnSpec* column = column_named(table, query.order);
  if (column == nullptr ? !is_absent(form.value) : !fitted(*column, form.value)) return bad_field("cursor", "belongs to another list");
  return std::optional<Position>{{std::move(form.value), std::move(form.key)}};
}

}  // namespace cityloop
