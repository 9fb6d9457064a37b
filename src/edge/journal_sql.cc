// SPDX-License-Identifier: Apache-2.0
#include "edge/journal_sql.h"

namespace cityloop::journal_sql {
namespace {

// dialect: the least text above all that begin with `prefix`, by bytes; empty when there is none.
std::string above_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

void add_in(const Where& where, Statement& out) {
  std::string marks;
  for (const Cell& value : where.values) {
    marks += marks.empty() ? "?" : ", ?";
    out.values.push_back({value});
  }
  out.sql += marks.empty() ? "1 = 0" : quoted(where.column) + " IN (" + marks + ")";
}

void add_prefix(const std::string& column, const std::string& prefix, Statement& out) {
  const std::string above = above_prefix(prefix);
  out.sql += column + " >= ?";
  out.values.push_back({prefix});
  if (above.empty()) return;
  out.sql += " AND " + column + " < ?";
  out.values.push_back({above});
}

void add_where(const Where& where, Statement& out) {
  using Op = Where::Op;
  if (where.op == Op::in) return add_in(where, out);
  const std::string column = quoted(where.column);
  const Cell& value = where.values.front();
  if (std::holds_alternative<std::monostate>(value)) {
    out.sql += column + (where.op == Op::equal ? " IS NULL" : " IS NOT NULL");
    return;
  }
  if (where.op == Op::prefix) return add_prefix(column, std::get<std::string>(value), out);
  if (where.op == Op::contains) {  // dialect: by bytes, ASCII case ignored
    out.sql += "instr(CAST(lower(" + column + ") AS BLOB), ?) > 0";
    out.values.push_back({lowered(std::get<std::string>(value)), true});
    return;
  }
  switch (where.op) {
    case Op::equal: out.sql += column + " = ?"; break;
    case Op::not_equal: out.sql += "(" + column + " <> ? OR " + column + " IS NULL)"; break;
    case Op::at_least: out.sql += column + " >= ?"; break;
    case Op::at_most: out.sql += column + " <= ?"; break;
    case Op::less: out.sql += column + " < ?"; break;
    case Op::greater: out.sql += column + " > ?"; break;
    case Op::in:
    case Op::prefix:
    case Op::contains: break;
  }
  out.values.push_back({value});
}

Statement filtered(const std::string& head, const TableSpec& table, const Query& query) {
  Statement out{head + " FROM " + quoted(table.name) + " WHERE 1 = 1", {}};
  for (const Where& where : query.where) {
    out.sql += " AND ";
    add_where(where, out);
  }
  return out;
}

}  // namespace

std::string quoted(std::string_view name) { return '"' + std::string(name) + '"'; }

std::string column_type(ColumnSpec::Type type) {
  switch (type) {
    case ColumnSpec::Type::text: return "TEXT";
    case ColumnSpec::Type::integer: return "BIGINT";
    case ColumnSpec::Type::real: return "DOUBLE PRECISION";
  }
  return "TEXT";
}

std::string create_table(const TableSpec& table) {
  std::string sql = "CREATE TABLE " + quoted(table.name) + " (key TEXT PRIMARY KEY NOT NULL, doc TEXT NOT NULL";
  for (const ColumnSpec& column : table.columns) sql += ", " + quoted(column.name) + " " + column_type(column.type);
  return sql + ")";
}

std::string add_column(const TableSpec& table, const ColumnSpec& column) {
  return "ALTER TABLE " + quoted(table.name) + " ADD COLUMN " + quoted(column.name) + " " + column_type(column.type);
}

std::vector<std::string> create_indexes(const TableSpec& table) {
  std::vector<std::string> all;
  for (const ColumnSpec& column : table.columns) {
    const std::string name = table.name + "_" + column.name;
    if (column.indexed) {
      all.push_back("CREATE INDEX IF NOT EXISTS " + quoted(name) + " ON " + quoted(table.name) + " (" + quoted(column.name) + ", key)");
    }
    if (column.unique) {
      const std::string compared = column.type == ColumnSpec::Type::text ? " WHERE " + quoted(column.name) + " <> ''" : "";
      all.push_back("CREATE UNIQUE INDEX IF NOT EXISTS " + quoted(name + "_unique") + " ON " + quoted(table.name) + " (" +
                    quoted(column.name) + ")" + compared);  // absent cells are never compared by SQL
    }
  }
  for (const std::vector<std::string>& together : table.indexes) {
    std::string name = table.name, columns;
    for (const std::string& column : together) {
      name += "_" + column;
      columns += quoted(column) + ", ";
    }
    all.push_back("CREATE INDEX IF NOT EXISTS " + quoted(name) + " ON " + quoted(table.name) + " (" + columns + "key)");
  }
  return all;
}

std::string put_row(const TableSpec& table) {
  std::string names = "key, doc", marks = "?, ?", sets = "doc = excluded.doc";
  for (const ColumnSpec& column : table.columns) {
    const std::string name = quoted(column.name);
    names += ", " + name;
    marks += ", ?";
    sets += ", " + name + " = excluded." + name;
  }
  return "INSERT INTO " + quoted(table.name) + " (" + names + ") VALUES (" + marks + ") ON CONFLICT (key) DO UPDATE SET " + sets;
}

std::string remove_row(const TableSpec& table) { return "DELETE FROM " + quoted(table.name) + " WHERE key = ?"; }

std::string find_row(const TableSpec& table) { return "SELECT key, doc FROM " + quoted(table.name) + " WHERE key = ?"; }

Statement count_rows(const TableSpec& table, const Query& query) { return filtered("SELECT count(*)", table, query); }

// dialect: absent cells come first when ascending, as SQLite has it.
std::vector<Statement> select_rows(const TableSpec& table, const Query& query, const std::optional<Position>& after) {
  const std::string column = quoted(query.order);
  const std::string way = query.descending ? " DESC" : " ASC";
  const std::string beyond = query.descending ? " < " : " > ";
  const bool by_key = query.order == "key";
  const Statement all = filtered("SELECT key, doc, " + column, table, query);
  const std::string tail = by_key ? " ORDER BY key" + way + " LIMIT ?" : " ORDER BY " + column + way + ", key" + way + " LIMIT ?";
  const auto with = [&](const std::string& condition, std::vector<Bound> values) {
    Statement out{all.sql + condition + tail, all.values};
    for (Bound& value : values) out.values.push_back(std::move(value));
    return out;
  };
  if (!after) return {with("", {})};
  if (by_key) return {with(" AND key" + beyond + "?", {{after->key}})};
  if (std::holds_alternative<std::monostate>(after->value)) {
    Statement absent = with(" AND " + column + " IS NULL AND key" + beyond + "?", {{after->key}});
    if (query.descending) return {std::move(absent)};
    return {std::move(absent), with(" AND " + column + " IS NOT NULL", {})};
  }
  Statement present = with(" AND (" + column + ", key)" + beyond + "(?, ?)", {{after->value}, {after->key}});
  if (!query.descending) return {std::move(present)};
  return {std::move(present), with(" AND " + column + " IS NULL", {})};
}

}  // namespace cityloop::journal_sql
