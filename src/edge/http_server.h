// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 and WebSocket over Boost.Asio, requests parsed by Boost.Beast, TLS by configuration. Owns its threads; knows
// nothing of routes. What arrives here is checked before anybody else sees it: sizes, times, address, origin.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/limits.h"
#include "core/result.h"
#include "core/tally.h"
#include "core/time.h"
#include "serve/http.h"
#include "serve/live.h"

namespace cityloop {

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;          // 0: any free one
  int threads = 1;
  std::string certificate{}, key{};   // PEM files; both or none
  Millis header_timeout{10'000};      // whole head
  Millis body_timeout{60'000};        // whole body; also the longest stall of a client that reads an answer
  Millis idle_timeout{75'000};
  std::size_t connections = limits::kHttpConnections;
  std::string tile_hosts{};           // added to img-src and connect-src of the content security policy
  std::string live_path = "/api/v1/live";
};

// Who listens to sockets; called on I/O threads. LiveFeed has just these three.
class SocketFeed {
 public:
  using Id = std::uint64_t;
  virtual ~SocketFeed() = default;
  virtual Id open(std::shared_ptr<LiveSocket> socket, std::string bearer_principal) = 0;
  virtual void message(Id id, std::string_view text) = 0;
  virtual void closed(Id id) = 0;
};

// Any class with the functions of SocketFeed as one.
template <class Feed>
class FeedOf : public SocketFeed {
 public:
  explicit FeedOf(Feed& feed) : feed_(feed) {}
  Id open(std::shared_ptr<LiveSocket> socket, std::string principal) override {
    return feed_.open(std::move(socket), std::move(principal));
  }
  void message(Id id, std::string_view text) override { feed_.message(id, text); }
  void closed(Id id) override { feed_.closed(id); }

 private:
  Feed& feed_;
};

class HttpServer {
 public:
  // Says who opens a socket (empty: authenticates in its first message) or refuses it.
  using AdmitSocket = std::function<Result<std::string>(const HttpRequest&)>;

  // `handler` gets every ordinary request, HEAD as GET (its body is dropped here), on an I/O thread; it may answer later from any
  // thread, and an answer that it drops becomes 500. A WebSocket upgrade of the live path goes to `feed`; null: 404.
  static Result<std::unique_ptr<HttpServer>> create(HttpServerOptions options, HttpHandler handler,
                                                    std::shared_ptr<SocketFeed> feed, AdmitSocket admit_socket);
  template <class Feed>
  static Result<std::unique_ptr<HttpServer>> create(HttpServerOptions options, HttpHandler handler, Feed* feed,
                                                    AdmitSocket admit_socket) {
    std::shared_ptr<SocketFeed> sockets;
    if (feed != nullptr) sockets = std::make_shared<FeedOf<Feed>>(*feed);
    return create(std::move(options), std::move(handler), std::move(sockets), std::move(admit_socket));
  }

  virtual ~HttpServer() = default;
  virtual std::uint16_t port() const = 0;
  virtual void stop() = 0;            // closes listeners and connections, joins threads
  struct Counters {
    std::uint64_t connections = 0, open = 0, requests = 0, bad_requests = 0, timeouts = 0, sockets = 0;
    std::uint64_t refused_connections = 0, bytes_in = 0, bytes_out = 0;
    Tally::Counts problems;  // answers by problem code
  };
  virtual Counters counters() const = 0;
};

}  // namespace cityloop
