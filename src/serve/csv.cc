// SPDX-License-Identifier: Apache-2.0
#include "serve/list.h"

namespace cityloop::serve {
namespace {

const json::value* at_path(const json::value& doc, std::string_view path) {
  const json::value* value = &doc;
  while (value != nullptr && !path.empty()) {
    const std::size_t end = std::min(path.find('.'), path.size());
    const std::string_view name = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (value->is_array()) {
      const std::size_t i = name == "1" ? 1 : 0;
      value = i < value->get_array().size() ? &value->get_array()[i] : nullptr;
    } else {
      value = value->is_object() ? value->get_object().if_contains(name) : nullptr;
    }
  }
  return value;
}

std::string text_of(const json::value& value) {
  if (value.is_string()) return csv_cell(value.get_string());
  if (value.is_null()) return {};
  if (value.is_double()) return format_decimal(decimal_of(value.get_double()));  // 106.45, not 1.0645E2
  if (!value.is_array()) return value.is_object() ? csv_cell(json::serialize(value)) : json::serialize(value);
  std::string joined;
  for (const json::value& item : value.get_array()) {
    if (!joined.empty()) joined += "; ";
    joined += item.is_string() ? std::string(item.get_string()) : json::serialize(item);
  }
  return csv_cell(joined);
}

}  // namespace

// OWASP: a cell that starts with one of these is a formula for spreadsheets; numbers are written by text_of() without this.
std::string csv_cell(std::string_view text) {
  static constexpr std::string_view kRisky = "=+-@\t\r\n";
  std::string cell;
  const std::size_t first = text.find_first_not_of(" \v\f\xA0");
  if (!text.empty() && first != std::string_view::npos && kRisky.find(text[first]) != std::string_view::npos) cell = "'";
  cell += text;
  if (cell.find_first_of(",\"\r\n;") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (const char c : cell) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string csv_line(const json::value& doc, std::span<const std::string_view> columns) {
  std::string line;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i != 0) line += ',';
    if (const json::value* value = at_path(doc, columns[i])) line += text_of(*value);
  }
  return line + "\r\n";
}

HttpResponse csv_response(std::string text, std::string_view name) {
  HttpResponse response;
  response.headers.emplace_back("Content-Type", "text/csv; charset=utf-8");
  response.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + std::string(name) + ".csv\"");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.body = std::move(text);
  return response;
}

}  // namespace cityloop::serve
