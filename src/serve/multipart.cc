// SPDX-License-Identifier: Apache-2.0
#include "serve/multipart.h"

#include <algorithm>
#include <optional>

namespace cityloop::serve {
namespace {

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

Error malformed(std::string_view why) { return fail(errors::kBadRequest, "the multipart body " + std::string(why)); }

Result<std::string> boundary_of(std::string_view content_type) {
  const std::size_t at = lowered(content_type).find("boundary=");
  if (at == std::string::npos) return malformed("names no boundary");
  std::string_view value = content_type.substr(at + 9);
  if (value.starts_with('"')) {
    value.remove_prefix(1);
    value = value.substr(0, value.find('"'));
  } else {
    value = value.substr(0, value.find(';'));
  }
  if (value.empty() || value.size() > 70) return malformed("has a boundary of the wrong length");
  return "--" + std::string(value);
}

// Value of a part's header; empty when it has none.
std::string header_of(std::string_view head, std::string_view lower_name) {
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || lowered(line.substr(0, colon)) != lower_name) continue;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    return std::string(value);
  }
  return {};
}

}  // namespace

Result<FilePart> single_file(std::string_view content_type, std::string_view body) {
  const std::string boundary = TRY(boundary_of(content_type));
  if (!body.starts_with(boundary)) return malformed("does not start with its boundary");
  body.remove_prefix(boundary.size());
  std::optional<FilePart> file;
  const std::string divider = "\r\n" + boundary;
  for (int parts = 0; !body.starts_with("--"); ++parts) {
    if (parts == 20) return malformed("has too many parts");
    if (!body.starts_with("\r\n")) return malformed("is broken");
    body.remove_prefix(2);
    const std::size_t head_end = body.find("\r\n\r\n");
    const std::size_t part_end = head_end == std::string_view::npos ? head_end : body.find(divider, head_end + 2);
    if (part_end == std::string_view::npos || part_end < head_end + 2) return malformed("ends too early");
    const std::string_view head = body.substr(0, head_end + 2);
    const std::size_t from = std::min(head_end + 4, part_end);
    if (lowered(header_of(head, "content-disposition")).find("filename") != std::string::npos) {
      if (file) return malformed("holds several files; send one");
      file = FilePart{body.substr(from, part_end - from), header_of(head, "content-type")};
    }
    body.remove_prefix(part_end + divider.size());
  }
  if (!file) return malformed("holds no file");
  return *file;
}

}  // namespace cityloop::serve
