// SPDX-License-Identifier: Apache-2.0
// One I/O thread of the HTTP server: its loop, its connections, the cached date, and the answers that other threads hand
// over. Internal to http_*.cc and ws_*.cc of edge.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/tally.h"
#include "edge/http_server.h"
#include "edge/net.h"

namespace cityloop::http {

struct Shared {  // by all workers
  HttpServerOptions options;
  HttpHandler handler;
  std::shared_ptr<SocketFeed> feed;
  HttpServer::AdmitSocket admit;
  std::shared_ptr<net::Tls> tls;
  std::string policy;  // the header lines that every answer carries, each ended by CRLF; the content policy stands apart
  std::string content_policy;
  Tally problems{problem_codes()};
  std::atomic<std::uint64_t> connections{0}, open{0}, requests{0}, bad_requests{0}, timeouts{0}, sockets{0}, refused{0},
      bytes_in{0}, bytes_out{0};
};

// A connection as its worker sees it.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual void sweep(net::Clock::time_point now) = 0;  // closes or refuses where a deadline has passed
  virtual void abort() = 0;                            // the server stops
};

class HttpConnection;
class WsConnection;

struct Reply {
  std::weak_ptr<HttpConnection> connection;
  std::uint64_t number = 0;  // of the request on that connection
  HttpResponse response;
};

class Worker {
 public:
  Worker(Shared& shared_state, int number);
  void start();
  void stop();  // from another thread; returns when the thread has ended
  void adopt(int socket, std::string peer);  // on the worker's thread

  void add(std::shared_ptr<Peer> peer);
  void remove(Peer* peer) { peers_.erase(peer); }
  const std::string& date() const { return date_; }
  bool here() const { return current() == this; }
  static const Worker*& current();  // the worker whose thread runs

  Shared& shared;
  net::Loop loop;
  std::vector<char> scratch;  // what one read brings, before it is sorted
  std::shared_ptr<net::Mailbox<Reply>> replies;
  std::shared_ptr<net::Mailbox<std::shared_ptr<WsConnection>>> dirty;  // sockets with something to write

 private:
  void sweep();
  void refresh_date();

  int number_;
  net::Timer timer_;
  std::chrono::milliseconds period_;
  std::unordered_map<Peer*, std::shared_ptr<Peer>> peers_;
  std::string date_;
  std::time_t date_second_ = 0;
  bool stopping_ = false;
};

}  // namespace cityloop::http
