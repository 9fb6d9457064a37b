// SPDX-License-Identifier: Apache-2.0
// One HTTP/1.1 connection: reads a request, hands it to the handler, writes the answer, and only then looks at the next
// pipelined one. Lives on one worker's thread. Internal to edge.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>
#include <string>

#include "edge/http_worker.h"

namespace cityloop::http {

class HttpConnection : public Peer, public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(Worker& worker, int socket, std::string peer);
  ~HttpConnection() override;

  void start();
  void respond(std::uint64_t number, HttpResponse response);  // stale numbers are ignored
  void sweep(net::Clock::time_point now) override;
  void abort() override { close(); }

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  enum class Phase { handshake, head, body, chunks, handling, writing, draining, closed };

  void fresh_parser();
  void advance();          // does what can be done without waiting
  bool step();             // one step; false: wait for the socket or the handler
  bool handshake();
  bool read_head();
  bool read_body();
  bool read_chunks();
  bool write();
  bool drain();
  bool fill();             // more bytes into in_
  bool await(net::Io io);  // always false
  bool head_done();
  bool refuse(const Code& code, std::string_view detail, int status = 0);
  bool refuse_parse(const boost::system::error_code& error);
  Result<HttpRequest> request_of_head();
  bool expects_body();     // decides how the body is read, answers `Expect`
  bool dispatch();
  bool upgrade();
  void begin_answer(HttpResponse response, bool with_body);
  bool next_request();
  void deadline_in(std::chrono::milliseconds wait) { deadline_ = net::Clock::now() + wait; }
  std::string_view waiting() const { return std::string_view(in_).substr(begin_); }
  void close();

  Worker& worker_;
  std::unique_ptr<net::Stream> stream_;
  std::string peer_;
  Phase phase_ = Phase::head;
  net::Clock::time_point deadline_;
  bool advancing_ = false;
  bool awaiting_ = false;     // a wait on the socket is pending
  bool drained_ = true;       // the last read emptied the socket
  bool head_started_ = true;  // the head's clock runs (the first head's from the start)

  std::string in_;            // read, not yet used
  std::size_t begin_ = 0;
  std::optional<Parser> parser_;
  HttpRequest request_;
  std::size_t body_size_ = 0, body_have_ = 0;  // as announced; as read into request_.body
  std::uint64_t number_ = 0;
  bool keep_alive_ = false;
  bool head_only_ = false;

  std::string out_;
  std::string body_;
  std::shared_ptr<const std::string> shared_body_;
  std::string_view rest_[2];  // of out_ and of the body
  std::size_t drained_bytes_ = 0;
};

// The whole head of an answer.
std::string response_head(const Worker& worker, const HttpResponse& response, std::size_t body_size, bool keep_alive);
std::string_view reason_phrase(int status);
HttpResponse refusal(const Code& code, std::string_view detail);

}  // namespace cityloop::http
