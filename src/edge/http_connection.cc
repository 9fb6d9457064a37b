// SPDX-License-Identifier: Apache-2.0
#include "edge/http_connection.h"

#include <boost/beast/http/error.hpp>
#include <cstdio>
#include <exception>

#include "core/limits.h"
#include "edge/http_target.h"
#include "edge/ws_connection.h"

namespace cityloop::http {

namespace {

namespace beast_http = boost::beast::http;

constexpr std::size_t kJoinBytes = 16u << 10;     // a body up to this is copied behind its head: one piece to write
constexpr std::size_t kBodyStep = 256u << 10;     // a body grows with what arrives, whatever its length claims
constexpr std::size_t kDrainBytes = 64u << 20;    // of a refused request, so that the client can read why
constexpr auto kDrainTime = std::chrono::seconds(2);
constexpr auto kNever = net::Clock::time_point::max();

// The answer to one request, wherever it comes from. Answered by the destructor when the handler forgot.
class Ticket {
 public:
  Ticket(const Worker& worker, std::shared_ptr<net::Mailbox<Reply>> replies, std::weak_ptr<HttpConnection> connection,
         std::uint64_t number)
      : worker_(&worker), replies_(std::move(replies)), connection_(std::move(connection)), number_(number) {}
  ~Ticket() { answer(refusal(errors::kInternal, "nobody answered")); }

  void answer(HttpResponse response) {
    if (answered_.exchange(true)) return;
    if (Worker::current() == worker_) {
      if (const auto connection = connection_.lock()) connection->respond(number_, std::move(response));
    } else {
      replies_->put({connection_, number_, std::move(response)});
    }
  }

 private:
  const Worker* worker_;  // compared only
  std::shared_ptr<net::Mailbox<Reply>> replies_;
  std::weak_ptr<HttpConnection> connection_;
  std::uint64_t number_;
  std::atomic<bool> answered_{false};
};

bool known_method(std::string_view method) {
  for (const std::string_view known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
    if (method == known) return true;
  return false;
}

}  // namespace

HttpConnection::HttpConnection(Worker& worker, int socket, std::string peer)
    : worker_(worker),
      stream_(std::make_unique<net::Stream>(worker.loop.executor(), socket, worker.shared.tls.get())),
      peer_(std::move(peer)) {
  ++worker_.shared.open;
}

HttpConnection::~HttpConnection() {
  if (stream_ != nullptr) --worker_.shared.open;  // otherwise a live socket has it
}

void HttpConnection::start() {
  phase_ = stream_->secure() ? Phase::handshake : Phase::head;
  deadline_in(worker_.shared.options.header_timeout);
  fresh_parser();
  advance();
}

void HttpConnection::fresh_parser() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(limits::kHeaderBytes));
  parser_->body_limit(limits::kBodyBytes);
}

void HttpConnection::advance() {
  if (advancing_) return;
  advancing_ = true;
  const auto self = shared_from_this();
  while (phase_ != Phase::closed && !awaiting_ && step()) {
  }
  advancing_ = false;
}

bool HttpConnection::step() {
  switch (phase_) {
    case Phase::handshake: return handshake();
    case Phase::head: return read_head();
    case Phase::body: return read_body();
    case Phase::chunks: return read_chunks();
    case Phase::writing: return write();
    case Phase::draining: return drain();
    case Phase::handling:
    case Phase::closed: return false;
  }
  return false;
}

bool HttpConnection::await(net::Io io) {
  const auto again = [self = shared_from_this()](const boost::system::error_code& error) {
    self->awaiting_ = false;
    if (!error) self->advance();
  };
  if (io == net::Io::read || io == net::Io::write) {
    awaiting_ = true;
    drained_ = false;
    if (io == net::Io::read) stream_->when_readable(again);
    else stream_->when_writable(again);
  } else {
    close();
  }
  return false;
}

bool HttpConnection::handshake() {
  const net::Io io = stream_->handshake();
  if (io != net::Io::done) return await(io);
  phase_ = Phase::head;
  return true;
}

bool HttpConnection::fill() {
  if (drained_ && !stream_->secure()) return await(net::Io::read);  // the last read was short: nothing is there yet
  std::size_t got = 0;
  const net::Io io = stream_->read(worker_.scratch.data(), worker_.scratch.size(), got);
  if (io != net::Io::done) return await(io);
  drained_ = got < worker_.scratch.size();
  worker_.shared.bytes_in += got;
  in_.erase(0, begin_);
  begin_ = 0;
  in_.append(worker_.scratch.data(), got);
  return true;
}

bool HttpConnection::read_head() {
  if (number_ > 0 && parser_->get().method_string().empty()) {  // empty lines between requests are allowed
    while (waiting().starts_with("\r\n")) begin_ += 2;
  }
  if (!waiting().empty()) {
    if (!std::exchange(head_started_, true)) deadline_in(worker_.shared.options.header_timeout);
    boost::system::error_code error;
    begin_ += parser_->put(net::asio::buffer(in_.data() + begin_, in_.size() - begin_), error);
    if (error == beast_http::error::need_more) error = {};
    if (error) return refuse_parse(error);
    if (parser_->is_header_done()) return head_done();
    if (waiting().size() > limits::kHeaderBytes)
      return refuse(errors::kHeadersTooLarge, "the head of the request is too large");
  }
  return fill();
}

bool HttpConnection::refuse_parse(const boost::system::error_code& error) {
  if (error == beast_http::error::header_limit)
    return refuse(errors::kHeadersTooLarge, "the head of the request is too large");
  if (error == beast_http::error::body_limit) return refuse(errors::kTooLarge, "the body is larger than 16 MiB");
  return refuse(errors::kBadRequest, "not an HTTP/1.1 request: " + error.message());
}

Result<HttpRequest> HttpConnection::request_of_head() {
  const auto& head = parser_->get();
  HttpRequest request;
  request.method = std::string(head.method_string());
  if (!known_method(request.method)) return fail(errors::kMethodNotAllowed, "the method is not known");
  if (head.version() != 10 && head.version() != 11) return fail(errors::kBadRequest, "only HTTP/1.1 is spoken here");
  int hosts = 0;
  for (const auto& field : head) {
    std::string name(field.name_string());
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (name == "host") ++hosts;
    const std::string_view separator = name == "cookie" ? "; " : ", ";
    auto [at, fresh] = request.headers.try_emplace(std::move(name), field.value());
    if (!fresh) at->second.append(separator).append(field.value());
  }
  if (hosts > 1 || (hosts == 0 && head.version() == 11)) return fail(errors::kBadRequest, "one Host header is needed");
  const auto coding = request.headers.find("transfer-encoding");
  if (coding != request.headers.end() && (!equal_letters(coding->second, "chunked") || head.version() == 10))
    return fail(errors::kBadRequest, "the only transfer coding is chunked");
  if (head.target().size() > limits::kTargetBytes) return fail(errors::kTargetTooLong, "the address is too long");
  HttpTarget target = TRY(parse_target({head.target().data(), head.target().size()}));
  request.path = std::move(target.path);
  request.query = std::move(target.query);
  request.peer = peer_;
  request.secure = stream_->secure();
  return request;
}

bool HttpConnection::head_done() {
  ++worker_.shared.requests;
  Result<HttpRequest> request = request_of_head();
  if (!request) return refuse(*request.error().code, request.error().detail);
  request_ = std::move(request).value();
  keep_alive_ = parser_->get().version() == 11 && parser_->get().keep_alive();
  head_only_ = request_.method == "HEAD";
  if (head_only_) request_.method = "GET";
  if (request_.headers.contains("upgrade") && request_.path == worker_.shared.options.live_path) return upgrade();
  if (!expects_body()) return phase_ == Phase::writing;
  if (phase_ == Phase::handling) return dispatch();
  deadline_in(worker_.shared.options.body_timeout);
  return true;
}

// Leaves phase `handling` where there is no body; false: refused.
bool HttpConnection::expects_body() {
  const auto length = parser_->content_length();
  const bool chunked = parser_->chunked();
  phase_ = Phase::handling;
  if (length && *length > limits::kBodyBytes) {
    refuse(errors::kTooLarge, "the body is larger than 16 MiB");
    return false;
  }
  const bool body = chunked || (length && *length > 0);
  if (!body) return true;
  if (const auto expect = request_.headers.find("expect"); expect != request_.headers.end()) {
    if (!equal_letters(expect->second, "100-continue")) {
      refuse(errors::kBadRequest, "only 100-continue can be expected", 417);
      return false;
    }
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const net::Piece piece{kContinue.data(), kContinue.size()};
    std::size_t put = 0;
    if (waiting().empty() && (stream_->write(&piece, 1, put) != net::Io::done || put != kContinue.size())) {
      close();  // 25 bytes did not fit an empty send buffer: the peer is gone
      return false;
    }
  }
  phase_ = chunked ? Phase::chunks : Phase::body;
  if (chunked) return true;
  body_size_ = static_cast<std::size_t>(*length);
  request_.body.reserve(body_size_);
  const std::string_view already = waiting().substr(0, body_size_);
  request_.body.append(already);
  body_have_ = already.size();
  begin_ += already.size();
  return true;
}

// From the socket into the handler's string: each byte is written once (and cleared once, when the string grows).
bool HttpConnection::read_body() {
  std::string& body = request_.body;
  if (body_have_ == body_size_) return dispatch();
  if (drained_ && !stream_->secure()) return await(net::Io::read);
  if (body_have_ == body.size()) body.resize(std::min(body_size_, body_have_ + kBodyStep));
  std::size_t got = 0;
  const std::size_t room = body.size() - body_have_;
  const net::Io io = stream_->read(body.data() + body_have_, room, got);
  body_have_ += got;
  worker_.shared.bytes_in += got;
  drained_ = got < room;
  if (io != net::Io::done) return await(io);
  return true;
}

bool HttpConnection::read_chunks() {
  while (!waiting().empty() && !parser_->is_done()) {
    boost::system::error_code error;
    const std::size_t used = parser_->put(net::asio::buffer(in_.data() + begin_, in_.size() - begin_), error);
    begin_ += used;
    if (error == beast_http::error::need_more) break;
    if (error) return refuse_parse(error);
    if (used == 0) break;
  }
  if (parser_->is_done()) {
    request_.body = std::move(parser_->get().body());
    return dispatch();
  }
  if (waiting().size() > limits::kHeaderBytes + worker_.scratch.size())
    return refuse(errors::kBadRequest, "a chunk's head or trailer is too long");
  return fill();
}

bool HttpConnection::dispatch() {
  phase_ = Phase::handling;
  deadline_ = kNever;
  if (const auto coding = request_.headers.find("content-encoding"); coding != request_.headers.end()) {
    if (!equal_letters(coding->second, "gzip"))
      return refuse(errors::kUnsupportedMedia, "the only content coding of a request is gzip");
    Result<std::string> body = gunzip(request_.body, limits::kBodyBytes);
    if (!body) return refuse(*body.error().code, body.error().detail);
    request_.body = std::move(body).value();
    request_.headers.erase(coding);
  }
  auto ticket = std::make_shared<Ticket>(worker_, worker_.replies, weak_from_this(), ++number_);
  try {
    worker_.shared.handler(std::move(request_), [ticket](HttpResponse response) { ticket->answer(std::move(response)); });
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "an HTTP handler failed: %s\n", failure.what());
    ticket->answer(refusal(errors::kInternal, "the request could not be handled"));
  }
  ticket.reset();  // answers now, where the handler kept none
  request_ = {};
  return phase_ == Phase::writing;
}

bool HttpConnection::upgrade() {
  Shared& shared = worker_.shared;
  const auto header = [&](std::string_view name) -> std::string_view {
    const auto at = request_.headers.find(name);
    return at == request_.headers.end() ? std::string_view() : std::string_view(at->second);
  };
  if (shared.feed == nullptr) return refuse(errors::kNotFound, "there is no live feed here");
  const bool asked = request_.method == "GET" && !head_only_ && lists_token(header("upgrade"), "websocket") &&
                     lists_token(header("connection"), "upgrade") && header("sec-websocket-key").size() == 24;
  if (!asked) return refuse(errors::kBadRequest, "not a WebSocket upgrade");
  if (header("sec-websocket-version") != "13")
    return refuse(errors::kBadRequest, "only WebSocket version 13 is spoken here", 426);
  const std::string_view origin = header("origin");
  if (!origin.empty() && !same_origin(origin, header("host")))
    return refuse(errors::kForbidden, "the page comes from another host");
  const std::string_view protocols = header("sec-websocket-protocol");
  if (!protocols.empty() && !lists_token(protocols, "city.v1"))
    return refuse(errors::kBadRequest, "the only subprotocol is city.v1");
  Result<std::string> principal = shared.admit(request_);
  if (!principal) return refuse(*principal.error().code, principal.error().detail);

  std::string head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
  head.append(ws::accept_key(header("sec-websocket-key"))).append("\r\n");
  if (!protocols.empty()) head.append("Sec-WebSocket-Protocol: city.v1\r\n");
  head.append("\r\n");
  const auto socket = std::make_shared<WsConnection>(worker_, std::move(stream_));
  phase_ = Phase::closed;
  worker_.add(socket);
  socket->start(std::move(head), std::move(principal).value(), waiting());
  worker_.remove(this);
  return false;
}

bool HttpConnection::refuse(const Code& code, std::string_view detail, int status) {
  ++worker_.shared.bad_requests;
  HttpResponse response = refusal(code, detail);
  if (status != 0) response.status = status;
  if (status == 426) response.headers.emplace_back("Sec-WebSocket-Version", "13");
  keep_alive_ = false;
  ++number_;
  begin_answer(std::move(response), !head_only_);
  return true;
}

void HttpConnection::respond(std::uint64_t number, HttpResponse response) {
  if (number != number_ || phase_ != Phase::handling) return;
  begin_answer(std::move(response), !head_only_);
  advance();
}

void HttpConnection::begin_answer(HttpResponse response, bool with_body) {
  if (response.status >= 400) worker_.shared.problems.add(response.code);
  const bool bodiless = response.status == 204 || response.status == 304 || response.status < 200;
  shared_body_ = std::move(response.shared_body);
  body_ = std::move(response.body);
  std::string_view body = shared_body_ ? std::string_view(*shared_body_) : std::string_view(body_);
  out_ = response_head(worker_, response, bodiless ? 0 : body.size(), keep_alive_);
  if (!with_body || bodiless) body = {};
  if (body.size() <= kJoinBytes) {
    out_.append(body);
    body = {};
  }
  rest_[0] = out_;
  rest_[1] = body;
  phase_ = Phase::writing;
  deadline_in(worker_.shared.options.body_timeout);
}

bool HttpConnection::write() {
  while (!rest_[0].empty() || !rest_[1].empty()) {
    const net::Piece pieces[] = {{rest_[0].data(), rest_[0].size()}, {rest_[1].data(), rest_[1].size()}};
    const std::size_t first = rest_[0].empty() ? 1 : 0;
    const std::size_t count = (rest_[1].empty() ? 1u : 2u) - first;
    std::size_t put = 0;
    const net::Io io = stream_->write(pieces + first, count, put);
    worker_.shared.bytes_out += put;
    if (put > 0) deadline_in(worker_.shared.options.body_timeout);
    const std::size_t of_head = std::min(put, rest_[0].size());
    rest_[0].remove_prefix(of_head);
    rest_[1].remove_prefix(put - of_head);
    if (io != net::Io::done) return await(io);
  }
  return next_request();
}

bool HttpConnection::next_request() {
  out_.clear();
  body_ = {};
  shared_body_.reset();
  if (!keep_alive_) {
    stream_->shut_write();
    phase_ = Phase::draining;
    drained_bytes_ = 0;
    deadline_in(kDrainTime);
    return true;
  }
  fresh_parser();
  phase_ = Phase::head;
  head_started_ = false;
  deadline_in(worker_.shared.options.idle_timeout);
  if (waiting().empty()) {
    in_.clear();
    begin_ = 0;
    constexpr std::size_t kKept = 4096;
    if (in_.capacity() > kKept) in_.shrink_to_fit();
  }
  return true;
}

bool HttpConnection::drain() {
  std::size_t got = 0;
  const net::Io io = stream_->read(worker_.scratch.data(), worker_.scratch.size(), got);
  drained_bytes_ += got;
  if (io != net::Io::done) return await(io);
  if (drained_bytes_ > kDrainBytes) close();
  return true;
}

void HttpConnection::sweep(net::Clock::time_point now) {
  if (now < deadline_) return;
  const auto self = shared_from_this();
  const bool asked = (phase_ == Phase::head && head_started_ && (number_ > 0 || !in_.empty())) || phase_ == Phase::body ||
                     phase_ == Phase::chunks;
  if (phase_ != Phase::head || head_started_) ++worker_.shared.timeouts;  // a rest between two requests is none
  if (!asked) return close();
  refuse(errors::kTimeout, "the request took too long to arrive");
  // The wait for more of the request is still pending; the answer is short and goes out beside it.
  if (write()) advance();
}

void HttpConnection::close() {
  if (phase_ == Phase::closed) return;
  const auto self = shared_from_this();
  phase_ = Phase::closed;
  stream_->close();
  worker_.remove(this);
}

}  // namespace cityloop::http
