// SPDX-License-Identifier: Apache-2.0
#include "serve/list.h"

#include <charconv>

#include "core/limits.h"
#include "core/register.h"
#include "serve/engine.h"

namespace cityloop::serve {
namespace {

std::vector<Cell> values_of(std::string_view text) {
  std::vector<Cell> out;
  while (true) {
    const std::size_t end = text.find(',');
    if (end != 0 && !text.empty()) out.emplace_back(std::string(text.substr(0, end)));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

Result<Where> condition(const Filter& filter, std::string_view text) {
  Where where{std::string(filter.column), filter.op, {}};
  switch (filter.type) {
    case Filter::Type::text:
      if (filter.op != Where::Op::equal) {
        where.values.emplace_back(std::string(text));
        return where;
      }
      where.values = values_of(text);
      if (where.values.empty() || where.values.size() > 100) return bad_parameter(filter.parameter, "must hold 1 to 100 values");
      if (where.values.size() > 1) where.op = Where::Op::in;
      return where;
    case Filter::Type::number: {
      std::int64_t number = 0;
      const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (code != std::errc{} || end != text.data() + text.size()) return bad_parameter(filter.parameter, "must be a whole number");
      where.values.emplace_back(number);
      return where;
    }
    case Filter::Type::flag:
      if (text != "true" && text != "false" && text != "1" && text != "0") return bad_parameter(filter.parameter, "must be true or false");
      where.values.emplace_back(std::int64_t{text == "true" || text == "1" ? 1 : 0});
      return where;
    case Filter::Type::since:
    case Filter::Type::until: {
      const auto time = parse_time(text);
      if (!time) return bad_parameter(filter.parameter, "must be RFC 3339 or epoch milliseconds");
      where.op = filter.type == Filter::Type::since ? Where::Op::at_least : Where::Op::less;
      where.values.emplace_back(std::int64_t{to_ms(*time)});
      return where;
    }
  }
  return fail(errors::kInternal, "no such filter type");
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

Result<HttpResponse> as_csv(const Call& call, ListView view) {
  const auto columns = words_of(view.csv);
  std::string out = "\xEF\xBB\xBF";  // spreadsheets need it to see UTF-8
  for (std::size_t i = 0; i < columns.size(); ++i) out += (i == 0 ? "" : ",") + std::string(columns[i]);
  out += "\r\n";
  view.query.limit = limits::kPageMost;
  view.query.cursor.clear();
  view.query.count = false;
  std::size_t rows = 0;
  do {
    Page page = TRY(call.city().journal->list(view.query));
    for (Row& row : page.rows) {
      if (view.decorate) view.decorate(row);
      const json::value doc = TRY(parse_json(row.doc));
      out += csv_line(doc, columns);
      if (++rows >= limits::kCsvRows) break;
    }
    view.query.cursor = page.next;
  } while (!view.query.cursor.empty() && rows < limits::kCsvRows);
  HttpResponse response = csv_response(std::move(out), view.query.table);
  if (!view.query.cursor.empty()) response.headers.emplace_back("X-Truncated", "true");
  return response;
}

Result<HttpResponse> as_json(const Call& call, ListView& view) {
  Page page = TRY(call.city().journal->list(view.query));
  std::string out = "{\"items\":[";
  for (std::size_t i = 0; i < page.rows.size(); ++i) {
    if (view.decorate) view.decorate(page.rows[i]);
    if (i != 0) out += ',';
    out += page.rows[i].doc;
  }
  JsonWriter tail;
  tail.begin_object().member_or_null("next", page.next);
  if (view.query.count) tail.member("total", page.total.value_or(0));
  out += "]," + tail.end_object().take().substr(1);
  return json_response(200, std::move(out));
}

}  // namespace

Result<void> apply_filters(const Call& call, std::span<const Filter> filters, Query& query) {
  for (const Filter& filter : filters)
    if (const auto text = parameter(call, filter.parameter)) query.where.push_back(TRY(condition(filter, *text)));
  return {};
}

Result<void> apply_area(const Call& call, Query& query, std::string_view column) {
  const std::string& own = call.caller.actor.area;
  const std::string& root = call.city().root_area;
  const auto prefix = [&](std::string_view area) {
    query.where.push_back({std::string(column), Where::Op::prefix, {std::string(area)}});
  };
  const bool everything = call.whole_city();
  if (!everything) prefix(own);
  const auto asked = parameter(call, "area");
  if (!asked || *asked == root) return {};
  if (!everything && !call.sees(*asked) && !std::string_view(own).starts_with(*asked))
    return fail(errors::kForeignArea, "this area lies outside yours");
  prefix(*asked);
  return {};
}

Result<void> apply_page(const Call& call, Query& query) {
  query.limit = TRY(number_parameter(call, "limit", limits::kPageDefault, limits::kPageMost));
  query.cursor = std::string(call.request.parameter("cursor"));
  query.count = TRY(flag_parameter(call, "count", false));
  return {};
}

bool wants_csv(const Call& call) {
  const std::string_view format = call.request.parameter("format");
  return format == "csv" || (format.empty() && call.request.header("accept").starts_with("text/csv"));
}

void answer_list(Call& call, ListView view) {
  const std::string_view format = call.request.parameter("format");
  if (!format.empty() && format != "csv" && format != "json") return call.refuse(bad_parameter("format", "must be json or csv"));
  if (wants_csv(call) && !view.csv.empty()) {
    call.city().worker([self = call.shared_from_this(), view = std::move(view)]() mutable { self->settle(as_csv(*self, std::move(view))); });
    return;
  }
  if (const auto page = apply_page(call, view.query); !page) return call.refuse(page.error());
  call.settle(as_json(call, view));
}

}  // namespace cityloop::serve
