// SPDX-License-Identifier: Apache-2.0
#include "edge/http_target.h"

#include <zlib.h>

#include <algorithm>
#include <charconv>

namespace cityloop {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

enum class Part { path, query };

Result<std::string> decode(std::string_view text, Part part) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return fail(errors::kBadRequest, "the address has a broken % escape");
      c = static_cast<char>(high * 16 + low);
      i += 2;
      if (part == Part::path && (c == '/' || c == '\\'))
        return fail(errors::kBadRequest, "the path has an encoded slash");
    } else if (c == '+' && part == Part::query) {
      c = ' ';
    }
    const auto byte = static_cast<unsigned char>(c);
    const bool control = byte < 0x20 || byte == 0x7f;
    if (c == '\0' || (control && part == Part::path))
      return fail(errors::kBadRequest, "the address has a control character");
    out.push_back(c);
  }
  if (!is_utf8(out)) return fail(errors::kBadRequest, "the address is not UTF-8");
  return out;
}

Result<void> check_segments(std::string_view path) {
  std::size_t start = 1;
  while (start <= path.size()) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view segment = path.substr(start, end - start);
    if (segment == "." || segment == "..") return fail(errors::kBadRequest, "the path has a dot segment");
    if (segment.empty() && end != path.size()) return fail(errors::kBadRequest, "the path has an empty segment");
    if (segment.find('\\') != std::string_view::npos) return fail(errors::kBadRequest, "the path has a backslash");
    start = end + 1;
  }
  return {};
}

}  // namespace

bool equal_letters(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

Result<HttpTarget> parse_target(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const std::size_t slash = target.find('/', scheme.size());
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  if (target.empty() || target.front() != '/') return fail(errors::kBadRequest, "the address must start with a slash");
  target = target.substr(0, target.find('#'));
  const std::size_t mark = target.find('?');
  HttpTarget out;
  out.path = TRY(decode(target.substr(0, mark), Part::path));
  TRY(check_segments(out.path));
  if (mark == std::string_view::npos) return out;
  for (std::string_view rest = target.substr(mark + 1); !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    std::string name = TRY(decode(pair.substr(0, equals), Part::query));
    std::string value;
    if (equals != std::string_view::npos) value = TRY(decode(pair.substr(equals + 1), Part::query));
    out.query.emplace_back(std::move(name), std::move(value));
  }
  return out;
}

bool lists_token(std::string_view header, std::string_view token) {
  while (!header.empty()) {
    const std::string_view item = header.substr(0, header.find(','));
    if (equal_letters(trimmed(item), token)) return true;
    header.remove_prefix(std::min(header.size(), item.size() + 1));
  }
  return false;
}

bool same_origin(std::string_view origin, std::string_view host) {
  const std::size_t colon = origin.find("://");
  if (colon == std::string_view::npos || host.empty()) return false;
  const std::string_view scheme = origin.substr(0, colon);
  std::string_view from = origin.substr(colon + 3);
  const std::string_view usual = equal_letters(scheme, "https") ? ":443" : ":80";
  if (from.ends_with(usual)) from.remove_suffix(usual.size());
  if (host.ends_with(usual)) host.remove_suffix(usual.size());
  return equal_letters(from, host);
}

std::string_view accepted_coding(std::string_view accept_encoding) {
  bool br = false, gzip = false;
  while (!accept_encoding.empty()) {
    const std::string_view item = accept_encoding.substr(0, accept_encoding.find(','));
    accept_encoding.remove_prefix(std::min(accept_encoding.size(), item.size() + 1));
    const std::size_t semicolon = item.find(';');
    const std::string_view name = trimmed(item.substr(0, semicolon));
    double weight = 1;
    if (semicolon != std::string_view::npos) {
      const std::string_view parameter = trimmed(item.substr(semicolon + 1));
      if (parameter.starts_with("q=") || parameter.starts_with("Q="))
        std::from_chars(parameter.data() + 2, parameter.data() + parameter.size(), weight);
    }
    if (weight <= 0) continue;
    br = br || equal_letters(name, "br");
    gzip = gzip || equal_letters(name, "gzip");
  }
  return br ? "br" : gzip ? "gzip" : "";
}

Result<std::string> gunzip(std::string_view packed, std::size_t most) {
  z_stream stream{};
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  if (inflateInit2(&stream, kGzipOnly) != Z_OK) return fail(errors::kInternal, "cannot start inflating");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  int state = Z_OK;
  while (state == Z_OK && out.size() <= most) {
    const std::size_t before = out.size();
    const std::size_t room = std::min(std::max<std::size_t>(before, 64u << 10), most + 1 - before);
    out.resize(before + room);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = static_cast<uInt>(room);
    state = inflate(&stream, Z_NO_FLUSH);
    out.resize(before + room - stream.avail_out);
    if (state == Z_BUF_ERROR) break;
  }
  const bool rest = stream.avail_in > 0;
  inflateEnd(&stream);
  if (out.size() > most) return fail(errors::kTooLarge, "the unpacked body is too large");
  if (state != Z_STREAM_END || rest) return fail(errors::kBadRequest, "the gzip body is damaged");
  return out;
}

}  // namespace cityloop
