// SPDX-License-Identifier: Apache-2.0
#include "sense/body.h"

#include "core/json.h"
#include "core/limits.h"

namespace cityloop {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

Result<void> check_body(std::string_view body) {
  if (body.size() > limits::kBodyBytes) {
    return fail(errors::kTooLarge, "the body has " + std::to_string(body.size()) + " bytes, at most " +
                                       std::to_string(limits::kBodyBytes) + " are taken; send it in parts");
  }
  if (body.starts_with("\xEF\xBB\xBF") || body.starts_with("\xFF\xFE") || body.starts_with("\xFE\xFF")) {
    return fail(errors::kBadJson, "the body starts with a byte order mark; send plain UTF-8");
  }
  if (trimmed(body).empty()) return fail(errors::kBadJson, "the body is empty");
  return {};
}

bool is_lines_type(std::string_view content_type) {
  const std::string_view type = trimmed(content_type.substr(0, content_type.find(';')));
  return type == "application/x-ndjson" || type == "application/ndjson" || type == "application/jsonl" ||
         type == "application/x-jsonlines" || type == "application/json-lines" || type == "application/jsonlines";
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool next_line(std::string_view& rest, std::string_view& line) {
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    line = trimmed(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (!line.empty()) return true;
  }
  return false;
}

std::string cut_raw(std::string_view raw) {
  if (raw.size() <= kRawBytes) return std::string(raw);
  std::size_t end = kRawBytes;
  while (end > kRawBytes - 4 && (static_cast<unsigned char>(raw[end]) & 0xC0) == 0x80) --end;
  return std::string(raw.substr(0, end));
}

Error why_broken(std::string_view text) {
  const Result<json::value> value = parse_json(text);
  return value ? fail(errors::kBadJson, "the JSON is not well formed") : value.error();
}

Error too_many_messages() {
  return fail(errors::kTooMany,
              "at most " + std::to_string(limits::kBatchMessages) + " messages are taken in one body; send it in parts");
}

}  // namespace cityloop
