// SPDX-License-Identifier: Apache-2.0
// What every Journal means by a table, a condition and a cursor; adapters and twin share it so that they answer alike.
// Order: absent before numbers before text; text by bytes. An absent cell meets no comparison, but `not_equal`; a condition
// whose value is monostate asks for absence (`equal`) or presence (`not_equal`). `contains` ignores ASCII case. Any thread.
#pragma once

#include "city/ports.h"

namespace cityloop {

// Our own mistakes in a table list: names are [a-z][a-z0-9_]*, `key` and `doc` are taken, nothing stands twice.
void check_specs(const std::vector<TableSpec>& specs);

const TableSpec* table_named(const std::vector<TableSpec>& specs, std::string_view name);
const ColumnSpec* column_named(const TableSpec& table, std::string_view name);

// The cell as the column stores it: whole numbers become reals in a real column. kInternal when the type is another one.
Result<Cell> fitted(const ColumnSpec& column, const Cell& cell);

// The table, when every column, value and the order of the query make sense; kBadField otherwise.
Result<const TableSpec*> checked(const std::vector<TableSpec>& specs, const Query& query);

int compare_cells(const Cell& left, const Cell& right);   // <0, 0, >0
bool holds(const Where& where, const Cell& cell);         // where is checked
std::string lowered(std::string_view text);               // ASCII only

struct Position {  // of the last row of a page
  Cell value;      // of the order column; monostate when ordered by key
  std::string key;
};
std::string cursor_of(const Query& query, const Position& position);
Result<std::optional<Position>> position_of(const TableSpec& table, const Query& query);  // nothing without a cursor; kBadField

}  // namespace cityloop
