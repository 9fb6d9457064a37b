// SPDX-License-Identifier: Apache-2.0
// The SQL of the Journal, for SQLite and PostgreSQL. What they do not share stands where `Dialect` is asked: how a
// value is marked and typed, collation, the place of absent cells in an order, how text is searched by bytes.
#pragma once

#include "edge/journal_query.h"

namespace cityloop::journal_sql {

enum class Dialect : std::uint8_t { sqlite, postgres };

std::string quoted(std::string_view name);
std::string create_table(Dialect dialect, const TableSpec& table);
std::string add_column(Dialect dialect, const TableSpec& table, const ColumnSpec& column);
std::vector<std::string> create_indexes(Dialect dialect, const TableSpec& table);  // IF NOT EXISTS
std::string put_row(Dialect dialect, const TableSpec& table);  // key, doc, then every column in order
std::string remove_row(Dialect dialect, const TableSpec& table);
std::string find_row(Dialect dialect, const TableSpec& table);
std::string all_rows(const TableSpec& table);  // key, doc, then every column in order

struct Bound {
  Cell cell;
  bool bytes = false;  // SQLite: bound as a blob
};
struct Statement {
  std::string sql;
  std::vector<Bound> values;
};
Statement count_rows(Dialect dialect, const TableSpec& table, const Query& query);
// The statements whose rows, one after the other, are the rows behind `after`: key, doc, order value. Each ends in a
// LIMIT, whose value the caller binds last. Two where absent cells stand on the other side of the position: each then
// runs along an index.
std::vector<Statement> select_rows(Dialect dialect, const TableSpec& table, const Query& query,
                                   const std::optional<Position>& after);

}  // namespace cityloop::journal_sql
