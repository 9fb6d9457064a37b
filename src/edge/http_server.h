// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 and WebSocket over Boost.Beast, TLS by configuration. Owns its threads; knows nothing of routes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/time.h"
#include "serve/http.h"
#include "serve/live.h"

namespace cityloop {

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;          // 0: any free one
  int threads = 1;
  std::string certificate, key;       // PEM files; both or none
  Millis header_timeout{10'000};      // whole head
  Millis body_timeout{60'000};        // whole body
  Millis idle_timeout{75'000};
};

class HttpServer {
 public:
  // `handler` gets every ordinary request; a request for `/api/v1/live` with a WebSocket upgrade goes to `feed`.
  static Result<std::unique_ptr<HttpServer>> create(HttpServerOptions options, HttpHandler handler, LiveFeed* feed,
                                                    std::function<Result<std::string>(const HttpRequest&)> admit_socket);
  virtual ~HttpServer() = default;
  virtual std::uint16_t port() const = 0;
  virtual void stop() = 0;            // closes listeners and connections, joins threads
  struct Counters { std::uint64_t connections = 0, open = 0, requests = 0, bad_requests = 0, timeouts = 0, sockets = 0; };
  virtual Counters counters() const = 0;
};

}  // namespace cityloop
