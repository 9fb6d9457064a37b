// SPDX-License-Identifier: Apache-2.0
// An HTTP exchange as plain values, so that routes know nothing of sockets and tests need none.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace cityloop {

struct HttpRequest {
  std::string method;                                        // upper case
  std::string path;                                          // percent-decoded, no query; never contains `..` or NUL
  std::vector<std::pair<std::string, std::string>> query;    // decoded, in order
  std::map<std::string, std::string, std::less<>> headers;   // lower-case names
  std::string body;
  std::string peer;                                          // address, for rate limits and audit
  bool secure = false;                                       // TLS

  std::string_view header(std::string_view lower_name) const;
  std::string_view parameter(std::string_view name) const;   // first value or empty
};

struct HttpResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // Content-Type included; Content-Length and Date are added
  std::string body;
  std::shared_ptr<const std::string> shared_body;            // instead of body, for cached files
  std::string_view code{};                                   // of a problem: a name of errors.h, counted at the door
};

using Respond = std::function<void(HttpResponse)>;           // may be called from any thread, once
using HttpHandler = std::function<void(HttpRequest, Respond)>;

HttpResponse json_response(int status, std::string body);
HttpResponse problem(const Error& error);                    // application/problem+json with the stable code
HttpResponse problem(int status, std::string_view code, std::string_view detail);

}  // namespace cityloop
