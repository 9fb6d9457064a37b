// SPDX-License-Identifier: Apache-2.0
#include "edge/http_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include "edge/http_worker.h"

namespace cityloop {

namespace {

using http::Shared;
using http::Worker;

constexpr std::string_view kBusy =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 1\r\nConnection: close\r\n"
    "Content-Length: 134\r\n\r\n"
    R"({"type":"about:blank","title":"The server is overloaded","status":503,"code":"server.overloaded","detail":"too many open connections"})";
static_assert(kBusy.size() - kBusy.find("\r\n\r\n") - 4 == 134);

void write_policy(Shared& shared) {
  shared.policy = "X-Content-Type-Options: nosniff\r\nReferrer-Policy: same-origin\r\nX-Frame-Options: DENY\r\n"
                  "Cross-Origin-Opener-Policy: same-origin\r\n";
  if (shared.tls) shared.policy += "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n";
  const std::string tiles = shared.options.tile_hosts.empty() ? "" : " " + shared.options.tile_hosts;
  shared.content_policy = "Content-Security-Policy: default-src 'self'; img-src 'self' data: blob:" + tiles +
                          "; connect-src 'self'" + tiles + "; media-src 'self' blob:; worker-src 'self' blob:; "
                          "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; form-action 'self'; "
                          "frame-ancestors 'none'\r\n";
}

class BeastServer : public HttpServer {
 public:
  explicit BeastServer(Shared&& parts) {
    shared_.options = std::move(parts.options);
    shared_.handler = std::move(parts.handler);
    shared_.feed = std::move(parts.feed);
    shared_.admit = std::move(parts.admit);
    shared_.tls = std::move(parts.tls);
    write_policy(shared_);
  }
  ~BeastServer() override { stop(); }

  Result<void> listen() {
    for (int i = 0; i < std::max(1, shared_.options.threads); ++i) workers_.push_back(std::make_unique<Worker>(shared_, i));
    listener_ = TRY(net::Listener::create(workers_.front()->loop, shared_.options.host, shared_.options.port,
                                          [this](int socket, std::string peer) { take(socket, std::move(peer)); }));
    port_ = listener_->port();
    listener_->start();
    for (const auto& worker : workers_) worker->start();
    return {};
  }

  std::uint16_t port() const override { return port_; }

  void stop() override {
    if (std::exchange(stopped_, true) || listener_ == nullptr) return;
    workers_.front()->loop.post([this] { listener_->close(); });
    for (const auto& worker : workers_) worker->stop();
  }

  Counters counters() const override {
    return {shared_.connections, shared_.open,    shared_.requests, shared_.bad_requests, shared_.timeouts,
            shared_.sockets,     shared_.refused, shared_.bytes_in, shared_.bytes_out,    shared_.problems.read()};
  }

 private:
  void take(int socket, std::string peer) {
    ++shared_.connections;
    if (shared_.open >= shared_.options.connections) {
      ++shared_.refused;
      if (!shared_.tls) (void)::send(socket, kBusy.data(), kBusy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      ::shutdown(socket, SHUT_WR);
      ::close(socket);
      return;
    }
    Worker& worker = *workers_[turn_++ % workers_.size()];
    if (worker.here()) return worker.adopt(socket, std::move(peer));
    worker.loop.post([&worker, socket, peer = std::move(peer)]() mutable { worker.adopt(socket, std::move(peer)); });
  }

  Shared shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<net::Listener> listener_;
  std::uint16_t port_ = 0;
  std::size_t turn_ = 0;
  bool stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::create(HttpServerOptions options, HttpHandler handler,
                                                       std::shared_ptr<SocketFeed> feed, AdmitSocket admit_socket) {
  if (options.certificate.empty() != options.key.empty())
    return fail(errors::kUsage, "TLS needs both a certificate and a key");
  Shared parts;
  if (!options.certificate.empty()) parts.tls = TRY(net::Tls::server(options.certificate, options.key));
  parts.options = std::move(options);
  parts.handler = std::move(handler);
  parts.feed = std::move(feed);
  parts.admit = std::move(admit_socket);
  auto server = std::make_unique<BeastServer>(std::move(parts));
  TRY(server->listen());
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace cityloop
