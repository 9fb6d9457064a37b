// SPDX-License-Identifier: Apache-2.0
// The SQL of the Journal. What SQLite and PostgreSQL do not share stands in the functions marked "dialect".
#pragma once

#include "edge/journal_query.h"

namespace cityloop::journal_sql {

std::string quoted(std::string_view name);
std::string column_type(ColumnSpec::Type type);
std::string create_table(const TableSpec& table);
std::string add_column(const TableSpec& table, const ColumnSpec& column);
std::vector<std::string> create_indexes(const TableSpec& table);  // IF NOT EXISTS
std::string put_row(const TableSpec& table);                      // key, doc, then every column in order
std::string remove_row(const TableSpec& table);
std::string find_row(const TableSpec& table);

struct Bound {
  Cell cell;
  bool bytes = false;  // dialect: bound as a blob
};
struct Statement {
  std::string sql;
  std::vector<Bound> values;
};
Statement count_rows(const TableSpec& table, const Query& query);
// The statements whose rows, one after the other, are the rows behind `after`: key, doc, order value. Each ends in LIMIT ?, which
// the caller binds last. Two where absent cells stand on the other side of the position: each then runs along an index.
std::vector<Statement> select_rows(const TableSpec& table, const Query& query, const std::optional<Position>& after);

}  // namespace cityloop::journal_sql
