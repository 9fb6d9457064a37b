// SPDX-License-Identifier: Apache-2.0
// A thin, blocking HTTP/1.1 client: one call, one connection, one deadline for all of it. For workers (outbox, polled sources) and
// command-line tools, never for I/O threads. https verifies the peer's certificate and name. No redirects are followed.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/limits.h"
#include "core/result.h"
#include "core/time.h"

namespace cityloop {

struct HttpUrl {
  bool secure = false;
  std::string host;      // without brackets
  std::uint16_t port = 0;
  std::string target;    // path and query, at least `/`
  std::string authority; // as the Host header wants it
};
// `http://host[:port]/path?query` or https. kBadField for anything else, for user names in it and for control characters.
Result<HttpUrl> parse_http_url(std::string_view url);

struct HttpCall {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  Millis timeout{10'000};                    // of everything: name, connection, TLS, request, answer
  std::size_t most = limits::kBodyBytes;     // of the answer's body
  std::string ca_file{};                     // empty: the system's authorities
};
struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string, std::less<>> headers;  // lower-case names
  std::string body;
  std::string_view header(std::string_view name) const;
};

// kNetwork (with the reason), kTooLarge (body), kTimeout, kBadField (the URL). `cancel`: ends the call soon once it is true.
Result<HttpAnswer> http_call(const HttpCall& call, const std::atomic<bool>* cancel = nullptr);

}  // namespace cityloop
