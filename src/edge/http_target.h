// SPDX-License-Identifier: Apache-2.0
// The request target and the small header rules of HTTP, as pure functions: what a hostile client can write here decides
// what routes and files it reaches. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"
#include "edge/utf8.h"

namespace cityloop {

struct HttpTarget {
  std::string path;                                         // decoded
  std::vector<std::pair<std::string, std::string>> query;   // decoded, in order
};

// `/a%20b?x=1&y=` or `http://host/a`. kBadRequest for a bad escape, a control character, NUL, bytes that are not UTF-8, an encoded
// slash or backslash, a `.` or `..` segment, a doubled slash, or anything that does not start with `/`.
Result<HttpTarget> parse_target(std::string_view target);

// True when a header like `Connection` or `Upgrade` lists the token (letters of any case).
bool lists_token(std::string_view header, std::string_view token);
bool equal_letters(std::string_view a, std::string_view b);  // ASCII case does not count

// True when the page that opened a WebSocket came from the host that it asks: `https://city.example` and `city.example`.
bool same_origin(std::string_view origin, std::string_view host);

// The best content coding that the client takes (q > 0) of those we keep: `br` before `gzip`. Empty: none.
std::string_view accepted_coding(std::string_view accept_encoding);

// Inflates a gzip body of at most `most` bytes: kTooLarge beyond it, kBadRequest where it is damaged.
Result<std::string> gunzip(std::string_view packed, std::size_t most);

}  // namespace cityloop
