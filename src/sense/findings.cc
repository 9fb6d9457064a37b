// SPDX-License-Identifier: Apache-2.0
#include "sense/findings.h"

#include <charconv>

#include "core/json_write.h"

namespace cityloop {
namespace {

void count(std::string& out, std::string_view name, std::uint64_t number) {
  out += name;
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

}  // namespace

bool Findings::count(std::string_view code) {
  const auto known = by_code.find(code);
  if (known == by_code.end())
    by_code.emplace(code, 1);
  else
    ++known->second;
  const bool room = refused.size() < kFindingsKept;
  if (!room) ++more;
  return room;
}

Answer answer_of(const Findings& found, bool single) {
  if (single && found.good() == 0 && !found.refused.empty()) {
    const Finding& first = found.refused.front();
    Answer answer;
    answer.status = 422;
    answer.code = first.code;
    answer.detail = first.point.empty() ? first.detail : first.point + ": " + first.detail;
    return answer;
  }
  std::string body;
  body.reserve(80 + found.refused.size() * 128);
  count(body, R"({"accepted":)", found.accepted);
  count(body, R"(,"duplicate":)", found.duplicate);
  count(body, R"(,"corrected":)", found.corrected);
  body += R"(,"quarantined":[)";
  for (std::size_t i = 0; i < found.refused.size(); ++i) {
    const Finding& one = found.refused[i];
    count(body, i == 0 ? R"({"index":)" : R"(,{"index":)", one.index);
    if (!one.point.empty()) {
      body += R"(,"point":)";
      json_text::quote(body, one.point);
    }
    body += R"(,"code":)";
    json_text::quote(body, one.code);
    body += R"(,"detail":)";
    json_text::quote(body, one.detail);
    body += '}';
  }
  body += ']';
  if (found.more > 0) count(body, R"(,"quarantined_more":)", found.more);
  body += '}';
  return done(std::move(body));
}

}  // namespace cityloop
