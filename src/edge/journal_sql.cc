// SPDX-License-Identifier: Apache-2.0
#include "edge/journal_sql.h"

namespace cityloop::journal_sql {
namespace {

// The least text above all that begin with `prefix`, by bytes; empty when there is none.
std::string above_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

std::string column_type(Dialect dialect, ColumnSpec::Type type) {
  switch (type) {
    case ColumnSpec::Type::text:
      return dialect == Dialect::postgres ? "TEXT COLLATE \"C\"" : "TEXT";
    case ColumnSpec::Type::integer:
      return "BIGINT";
    case ColumnSpec::Type::real:
      return "DOUBLE PRECISION";
  }
  return "TEXT";
}

const char* type_of(const Cell& cell) {
  if (std::holds_alternative<std::int64_t>(cell)) return "::bigint";
  return std::holds_alternative<double>(cell) ? "::double precision" : "::text";
}

std::string mark(Dialect dialect, std::size_t number, const char* type) {
  return dialect == Dialect::postgres ? "$" + std::to_string(number) + type : "?";
}

// Adds the value and gives the mark that stands for it.
std::string add(Dialect dialect, Statement& out, Cell cell) {
  const char* type = type_of(cell);
  out.values.push_back({std::move(cell)});
  return mark(dialect, out.values.size(), type);
}

void add_in(Dialect dialect, const Where& where, Statement& out) {
  std::string marks;
  for (const Cell& value : where.values) marks += (marks.empty() ? "" : ", ") + add(dialect, out, value);
  out.sql += marks.empty() ? "1 = 0" : quoted(where.column) + " IN (" + marks + ")";
}

void add_prefix(Dialect dialect, const std::string& column, const std::string& prefix, Statement& out) {
  if (dialect == Dialect::postgres) {  // the planner makes the range itself: in collation "C" it is one of bytes
    out.sql += column + " ^@ " + add(dialect, out, prefix);
    return;
  }
  const std::string above = above_prefix(prefix);
  out.sql += column + " >= " + add(dialect, out, prefix);
  if (!above.empty()) out.sql += " AND " + column + " < " + add(dialect, out, above);
}

void add_contains(Dialect dialect, const std::string& column, const std::string& part,
                  Statement& out) {  // by bytes, ASCII case ignored
  if (dialect == Dialect::postgres) {
    out.sql += "strpos(lower(" + column + "), " + add(dialect, out, lowered(part)) + ") > 0";
    return;
  }
  out.sql += "instr(CAST(lower(" + column + ") AS BLOB), ?) > 0";
  out.values.push_back({lowered(part), true});
}

void add_where(Dialect dialect, const Where& where, Statement& out) {
  using Op = Where::Op;
  if (where.op == Op::in) return add_in(dialect, where, out);
  const std::string column = quoted(where.column);
  const Cell& value = where.values.front();
  if (std::holds_alternative<std::monostate>(value)) {
    out.sql += column + (where.op == Op::equal ? " IS NULL" : " IS NOT NULL");
    return;
  }
  if (where.op == Op::prefix) return add_prefix(dialect, column, std::get<std::string>(value), out);
  if (where.op == Op::contains) return add_contains(dialect, column, std::get<std::string>(value), out);
  const std::string marked = add(dialect, out, value);
  switch (where.op) {
    case Op::equal:
      out.sql += column + " = " + marked;
      break;
    case Op::not_equal:
      out.sql += "(" + column + " <> " + marked + " OR " + column + " IS NULL)";
      break;
    case Op::at_least:
      out.sql += column + " >= " + marked;
      break;
    case Op::at_most:
      out.sql += column + " <= " + marked;
      break;
    case Op::less:
      out.sql += column + " < " + marked;
      break;
    case Op::greater:
      out.sql += column + " > " + marked;
      break;
    case Op::in:
    case Op::prefix:
    case Op::contains: break;
  }
}

Statement filtered(Dialect dialect, const std::string& head, const TableSpec& table, const Query& query) {
  Statement out{head + " FROM " + quoted(table.name) + " WHERE 1 = 1", {}};
  for (const Where& where : query.where) {
    out.sql += " AND ";
    add_where(dialect, where, out);
  }
  return out;
}

// An index that serves both ways of an order in which absent cells stand before all others.
std::string ordered(Dialect dialect, const std::string& column) {
  return quoted(column) + (dialect == Dialect::postgres ? " NULLS FIRST" : "");
}

}  // namespace

std::string quoted(std::string_view name) { return '"' + std::string(name) + '"'; }

std::string create_table(Dialect dialect, const TableSpec& table) {
  const std::string text = column_type(dialect, ColumnSpec::Type::text);
  std::string sql = "CREATE TABLE " + quoted(table.name) + " (key " + text + " PRIMARY KEY NOT NULL, doc TEXT NOT NULL";
  for (const ColumnSpec& column : table.columns)
    sql += ", " + quoted(column.name) + " " + column_type(dialect, column.type);
  return sql + ")";
}

std::string add_column(Dialect dialect, const TableSpec& table, const ColumnSpec& column) {
  return "ALTER TABLE " + quoted(table.name) + " ADD COLUMN " + quoted(column.name) + " " +
         column_type(dialect, column.type);
}

std::vector<std::string> create_indexes(Dialect dialect, const TableSpec& table) {
  std::vector<std::string> all;
  for (const ColumnSpec& column : table.columns) {
    const std::string name = table.name + "_" + column.name;
    if (column.indexed) {
      all.push_back("CREATE INDEX IF NOT EXISTS " + quoted(name) + " ON " + quoted(table.name) + " (" +
                    ordered(dialect, column.name) + ", key)");
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
      columns += ordered(dialect, column) + ", ";
    }
    all.push_back("CREATE INDEX IF NOT EXISTS " + quoted(name) + " ON " + quoted(table.name) + " (" + columns + "key)");
  }
  return all;
}

std::string put_row(Dialect dialect, const TableSpec& table) {
  std::string names = "key, doc", marks = mark(dialect, 1, "") + ", " + mark(dialect, 2, ""),
              sets = "doc = excluded.doc";
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string name = quoted(table.columns[i].name);
    names += ", " + name;
    marks += ", " + mark(dialect, i + 3, "");
    sets += ", " + name + " = excluded." + name;
  }
  return "INSERT INTO " + quoted(table.name) + " (" + names + ") VALUES (" + marks + ") ON CONFLICT (key) DO UPDATE SET " + sets;
}

std::string remove_row(Dialect dialect, const TableSpec& table) {
  return "DELETE FROM " + quoted(table.name) + " WHERE key = " + mark(dialect, 1, "::text");
}

std::string find_row(Dialect dialect, const TableSpec& table) {
  return "SELECT key, doc FROM " + quoted(table.name) + " WHERE key = " + mark(dialect, 1, "::text");
}

std::string all_rows(const TableSpec& table) {
  std::string names = "key, doc";
  for (const ColumnSpec& column : table.columns) names += ", " + quoted(column.name);
  return "SELECT " + names + " FROM " + quoted(table.name);
}

Statement count_rows(Dialect dialect, const TableSpec& table, const Query& query) {
  return filtered(dialect, "SELECT count(*)", table, query);
}

// Absent cells come first when ascending.
std::vector<Statement> select_rows(Dialect dialect, const TableSpec& table, const Query& query,
                                   const std::optional<Position>& after) {
  const std::string column = quoted(query.order);
  const std::string way = query.descending ? " DESC" : " ASC";
  const std::string absent_where =
      dialect == Dialect::postgres ? (query.descending ? " NULLS LAST" : " NULLS FIRST") : "";
  const std::string beyond = query.descending ? " < " : " > ";
  const bool by_key = query.order == "key";
  const Statement all = filtered(dialect, "SELECT key, doc, " + column, table, query);
  const std::string order = by_key ? "key" + way : column + way + absent_where + ", key" + way;
  const auto end = [&](Statement out) {
    out.sql += " ORDER BY " + order + " LIMIT " + mark(dialect, out.values.size() + 1, "::bigint");
    return out;
  };
  const auto with = [&](const std::string& condition) {
    Statement out = all;
    out.sql += condition;
    return out;
  };
  if (!after) return {end(all)};
  const auto behind_key = [&](const std::string& condition) {
    Statement out = with(condition + " AND key" + beyond);
    out.sql += add(dialect, out, after->key);
    return end(std::move(out));
  };
  if (by_key) return {behind_key("")};
  if (std::holds_alternative<std::monostate>(after->value)) {
    Statement absent = behind_key(" AND " + column + " IS NULL");
    if (query.descending) return {std::move(absent)};
    return {std::move(absent), end(with(" AND " + column + " IS NOT NULL"))};
  }
  Statement present = with(" AND (" + column + ", key)" + beyond + "(");
  present.sql += add(dialect, present, after->value);
  present.sql += ", " + add(dialect, present, after->key) + ")";
  present = end(std::move(present));
  if (!query.descending) return {std::move(present)};
  return {std::move(present), end(with(" AND " + column + " IS NULL"))};
}

}  // namespace cityloop::journal_sql
