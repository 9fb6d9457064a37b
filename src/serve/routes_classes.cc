// SPDX-License-Identifier: Apache-2.0
// Classes and their 立结案标准: the list, in and out as CSV.
#include "serve/engine.h"
#include "serve/list.h"

namespace cityloop::serve {
namespace {

constexpr std::string_view kClassColumns[] = {"scheme", "type",  "code",     "name",  "name_en",
                                              "duty",   "local", "radius_m", "hours", "note"};
constexpr std::string_view kConditionColumns[] = {"id", "filing", "closing", "limit", "limit_b", "limit_c", "from", "until"};

void list_classes(Call& call) {
  static constexpr Filter kFilters[] = {{"scheme", "scheme"}, {"type", "type"}, {"code", "code"}, {"duty", "duty"},
                                        {"q", "words", Filter::Type::text, Where::Op::contains}};
  Query query{"classes"};
  if (const auto known = apply_filters(call, kFilters, query); !known) return call.refuse(known.error());
  answer_list(call, {std::move(query), "key scheme type code name name_en duty local radius_m hours"});
}

std::string cells(const json::object& doc, std::span<const std::string_view> columns) {
  std::string line;
  for (const std::string_view column : columns) {
    if (!line.empty() || column != columns.front()) line += ',';
    const json::value* value = doc.if_contains(column);
    if (value == nullptr) continue;
    if (value->is_string()) line += csv_cell(value->get_string());
    if (value->is_bool()) line += value->get_bool() ? "1" : "0";
    if (value->is_number()) line += format_decimal(decimal_of(value->to_number<double>()));
  }
  return line;
}

// One line a condition; a class without conditions has one line all the same.
void append_class(const json::object& doc, std::string& out) {
  const std::string front = cells(doc, kClassColumns);
  const json::value* conditions = doc.if_contains("conditions");
  if (conditions == nullptr || !conditions->is_array() || conditions->get_array().empty()) {
    out += front + std::string(std::size(kConditionColumns), ',') + "\r\n";
    return;
  }
  for (const json::value& one : conditions->get_array())
    if (one.is_object()) out += front + "," + cells(one.get_object(), kConditionColumns) + "\r\n";
}

// The whole table, as `classes:import` takes it.
Result<HttpResponse> exported(const Call& call) {
  std::string out = "scheme,type,code,name,name_en,duty,local,radius_m,hours,note,condition,filing,closing,limit,limit_b,limit_c,from,until\r\n";
  Query query{"classes"};
  query.limit = limits::kPageMost;
  do {
    const Page page = TRY(call.city().journal->list(query));
    for (const Row& row : page.rows) {
      const json::value doc = TRY(parse_json(row.doc));
      if (doc.is_object()) append_class(doc.get_object(), out);
    }
    query.cursor = page.next;
  } while (!query.cursor.empty());
  return csv_response(std::move(out), "classes");
}

void import_classes(Call& call) {
  if (!call.request.header("content-type").starts_with("text/csv"))
    return call.refuse(fail(errors::kUnsupportedMedia, "send the table as text/csv"));
  const auto replace = flag_parameter(call, "replace", false);
  if (!replace) return call.refuse(replace.error());
  JsonWriter body(call.request.body.size() + 64);
  body.begin_object().member("format", "csv").member("text", call.request.body).member("replace", *replace).end_object();
  offer(call, {"classes.import", "", body.take()});
}

}  // namespace

void add_class_routes(std::vector<Route>& out) {
  out.insert(out.end(), {
    {"GET", "/api/v1/classes", "Classes of components and events with their 立结案标准", kViewers, Scope::any, "scheme type code duty q @list", "", "[]ClassStandard", list_classes},
    {"GET", "/api/v1/classes:export", "The whole table as CSV", kStaff, Scope::any, "", "", "*", [](Call& c) { c.settle(exported(c)); }},
    {"POST", "/api/v1/classes:import", "The table as CSV; replace=true: classes that it does not have go", kKeepers, Scope::city, "replace", "*", "ImportResult", import_classes},
  });
}

}  // namespace cityloop::serve
