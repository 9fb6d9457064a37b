// SPDX-License-Identifier: Apache-2.0
#include "edge/http_worker.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "edge/http_connection.h"
#include "edge/http_target.h"
#include "edge/ws_connection.h"

namespace cityloop::http {

namespace {

constexpr std::size_t kScratchBytes = 64u << 10;

// Header values come from handlers, some of them from stored text: a line break in one would be another header.
void append_line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (const char c : value) out.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
  out.append("\r\n");
}

void append_json_text(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
  }
  out.push_back('"');
}

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 507: return "Insufficient Storage";
    default: return status < 400 ? "OK" : "Error";
  }
}

HttpResponse refusal(const Code& code, std::string_view detail) {
  HttpResponse response;
  response.status = code.status;
  response.code = code.name;
  response.headers.emplace_back("Content-Type", "application/problem+json");
  std::string& body = response.body;
  body = R"({"type":"about:blank","title":)";
  append_json_text(body, code.title);
  body.append(R"(,"status":)").append(std::to_string(code.status)).append(R"(,"code":)");
  append_json_text(body, code.name);
  body.append(R"(,"detail":)");
  append_json_text(body, is_utf8(detail) ? detail : std::string_view());
  body.push_back('}');
  return response;
}

std::string response_head(const Worker& worker, const HttpResponse& response, std::size_t body_size, bool keep_alive) {
  std::string out;
  out.reserve(1024 + body_size % (16u << 10));
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ").append(reason_phrase(response.status));
  out.append("\r\nDate: ").append(worker.date()).append("\r\n").append(worker.shared.policy);
  bool has_policy = false;
  for (const auto& [name, value] : response.headers) {
    if (equal_letters(name, "content-length") || equal_letters(name, "date") || equal_letters(name, "connection")) continue;
    has_policy = has_policy || equal_letters(name, "content-security-policy");
    append_line(out, name, value);
  }
  if (!has_policy) out.append(worker.shared.content_policy);
  if (response.status != 204 && response.status != 304 && response.status >= 200)
    out.append("Content-Length: ").append(std::to_string(body_size)).append("\r\n");
  if (!keep_alive) out.append("Connection: close\r\n");
  out.append("\r\n");
  return out;
}

const Worker*& Worker::current() {
  static thread_local const Worker* worker = nullptr;
  return worker;
}

Worker::Worker(Shared& shared_state, int number)
    : shared(shared_state), scratch(kScratchBytes), number_(number), timer_(loop.executor()) {
  const HttpServerOptions& options = shared.options;
  const Millis shortest = std::min({options.header_timeout, options.body_timeout, options.idle_timeout});
  period_ = std::clamp(shortest / 4, Millis{10}, Millis{500});
  replies = std::make_shared<net::Mailbox<Reply>>(loop, [](std::vector<Reply>& batch) {
    for (Reply& reply : batch)
      if (const auto connection = reply.connection.lock()) connection->respond(reply.number, std::move(reply.response));
  });
  dirty = std::make_shared<net::Mailbox<std::shared_ptr<WsConnection>>>(
      loop, [](std::vector<std::shared_ptr<WsConnection>>& batch) {
        for (const auto& socket : batch) socket->flush();
      });
  refresh_date();
}

void Worker::start() {
  loop.post([this] {
    current() = this;
    sweep();
  });
  loop.start("http-" + std::to_string(number_));
}

void Worker::stop() {
  loop.post([this] {
    stopping_ = true;  // a sweep that is due already must not wind the timer up again
    timer_.cancel();
    replies->shut();
    std::vector<std::shared_ptr<Peer>> all;
    all.reserve(peers_.size());
    for (const auto& [_, peer] : peers_) all.push_back(peer);
    for (const auto& peer : all) peer->abort();
    dirty->shut();
    loop.finish();
  });
  loop.join();
}

void Worker::adopt(int socket, std::string peer) {
  net::tune_socket(socket);
  const auto connection = std::make_shared<HttpConnection>(*this, socket, std::move(peer));
  add(connection);
  connection->start();
}

void Worker::add(std::shared_ptr<Peer> peer) {
  Peer* key = peer.get();
  peers_.emplace(key, std::move(peer));
}

void Worker::refresh_date() {
  const std::time_t second = std::time(nullptr);
  if (second == date_second_) return;
  date_second_ = second;
  std::tm parts{};
  gmtime_r(&second, &parts);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  date_ = text.data();
}

void Worker::sweep() {
  if (stopping_) return;
  refresh_date();
  const auto now = net::Clock::now();
  std::vector<std::shared_ptr<Peer>> all;
  all.reserve(peers_.size());
  for (const auto& [_, peer] : peers_) all.push_back(peer);
  for (const auto& peer : all) peer->sweep(now);
  timer_.expires_after(period_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) sweep();
  });
}

}  // namespace cityloop::http
