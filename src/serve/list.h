// SPDX-License-Identifier: Apache-2.0
// Lists: filters from query parameters, the caller's area, cursor pages, CSV. Of this room only.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "serve/call.h"

namespace cityloop::serve {

struct Filter {
  enum class Type : std::uint8_t { text, number, flag, since, until };  // text: one value, or several separated by commas
  std::string_view parameter;
  std::string_view column;
  Type type = Type::text;
  Where::Op op = Where::Op::equal;
};
Result<void> apply_filters(const Call& call, std::span<const Filter> filters, Query& query);

// The caller's area and the `area` parameter, as conditions on `column`. kForeignArea when they do not meet.
Result<void> apply_area(const Call& call, Query& query, std::string_view column = "area");

// limit, cursor, count.
Result<void> apply_page(const Call& call, Query& query);

// May add members to a row's document; the row's key is there too.
using Decorate = std::function<void(Row&)>;

struct ListView {
  Query query;
  std::string_view csv;   // columns, as dotted paths separated by spaces
  Decorate decorate{};
};
// Answers {"items","next","total"?}, or CSV when asked for. Pages of CSV are read on a worker.
void answer_list(Call& call, ListView view);

bool wants_csv(const Call& call);
// One line of CSV from a JSON document. Text that a spreadsheet could take for a formula is disarmed by an apostrophe.
std::string csv_line(const json::value& doc, std::span<const std::string_view> columns);
std::string csv_cell(std::string_view text);
HttpResponse csv_response(std::string text, std::string_view name);

}  // namespace cityloop::serve
