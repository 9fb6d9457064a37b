// SPDX-License-Identifier: Apache-2.0
#include "edge/http_client.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <mutex>

#include "edge/net.h"

namespace cityloop {

namespace {

using Steady = std::chrono::steady_clock;

// One connection with a deadline; plain or TLS.
class Wire {
 public:
  Wire(Steady::time_point deadline, const std::atomic<bool>* cancel) : deadline_(deadline), cancel_(cancel) {}
  ~Wire() {
    if (ssl_ != nullptr) SSL_free(ssl_);
    if (socket_ >= 0) ::close(socket_);
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  Result<void> connect(const HttpUrl& url) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int problem = getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &found);
    if (problem != 0) return fail(errors::kNetwork, "cannot resolve " + url.host + ": " + gai_strerror(problem));
    Result<void> last = fail(errors::kNetwork, "no address for " + url.host);
    for (addrinfo* one = found; one != nullptr; one = one->ai_next) {
      last = connect_one(*one, url.authority);
      if (last || last.error().code == &errors::kTimeout) break;
    }
    freeaddrinfo(found);
    return last;
  }

  Result<void> secure(const HttpUrl& url, const net::Tls& tls) {
    ssl_ = SSL_new(tls.context());
    CHECK(ssl_ != nullptr);
    SSL_set_fd(ssl_, socket_);
    SSL_set_hostflags(ssl_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    std::array<unsigned char, 16> address{};
    const bool number = inet_pton(AF_INET, url.host.c_str(), address.data()) == 1 ||
                        inet_pton(AF_INET6, url.host.c_str(), address.data()) == 1;
    if (number) {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), url.host.c_str());
    } else {
      SSL_set1_host(ssl_, url.host.c_str());
      SSL_set_tlsext_host_name(ssl_, url.host.c_str());
    }
    while (true) {
      ERR_clear_error();
      const int result = SSL_connect(ssl_);
      if (result == 1) return {};
      const long verdict = SSL_get_verify_result(ssl_);
      const int reason = SSL_get_error(ssl_, result);
      if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE) {
        TRY(wait(reason == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT));
        continue;
      }
      const std::string why = verdict != X509_V_OK ? X509_verify_cert_error_string(verdict) : net::tls_error();
      return fail(errors::kNetwork, "TLS with " + url.authority + ": " + why);
    }
  }

  Result<void> write(std::string_view bytes) {
    while (!bytes.empty()) {
      std::size_t put = 0;
      short want = POLLOUT;
      if (ssl_ != nullptr) {
        ERR_clear_error();
        const int result = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &put);
        if (result != 1) {
          put = 0;
          const int reason = SSL_get_error(ssl_, result);
          if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) return broken("writing");
          want = reason == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
        }
      } else {
        const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) return broken("writing");
        put = sent > 0 ? static_cast<std::size_t>(sent) : 0;
      }
      bytes.remove_prefix(put);
      if (put == 0) TRY(wait(want));
    }
    return {};
  }

  Result<std::size_t> read(char* to, std::size_t size) {  // 0: the peer closed
    while (true) {
      short want = POLLIN;
      if (ssl_ != nullptr) {
        ERR_clear_error();
        std::size_t got = 0;
        const int result = SSL_read_ex(ssl_, to, size, &got);
        if (result == 1) return got;
        const int reason = SSL_get_error(ssl_, result);
        if (reason == SSL_ERROR_ZERO_RETURN) return std::size_t{0};
        if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) return broken("reading");
        want = reason == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
      } else {
        const ssize_t got = ::recv(socket_, to, size, 0);
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno != EAGAIN && errno != EINTR) return broken("reading");
      }
      TRY(wait(want));
    }
  }

 private:
  Error broken(const char* what) const { return fail(errors::kNetwork, std::string("the connection broke while ") + what); }

  Result<void> connect_one(const addrinfo& one, const std::string& name) {
    if (socket_ >= 0) ::close(socket_);
    socket_ = ::socket(one.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_ < 0) return fail(errors::kNetwork, "cannot open a socket");
    if (::connect(socket_, one.ai_addr, one.ai_addrlen) == 0) return {};
    int error = errno;
    if (error == EINPROGRESS) {
      TRY(wait(POLLOUT));
      socklen_t size = sizeof error;
      ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error == 0) return {};
    return fail(errors::kNetwork, "cannot connect to " + name + ": " + std::strerror(error));
  }

  Result<void> wait(short events) const {
    constexpr int kLook = 100;  // ms between looks at `cancel`
    while (true) {
      if (cancel_ != nullptr && *cancel_) return fail(errors::kTimeout, "the call was cancelled");
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Steady::now()).count();
      if (left <= 0) return fail(errors::kTimeout, "no answer in time");
      pollfd one{socket_, events, 0};
      if (::poll(&one, 1, static_cast<int>(std::min<long>(left, kLook))) > 0) return {};
    }
  }

  Steady::time_point deadline_;
  const std::atomic<bool>* cancel_;
  int socket_ = -1;
  SSL* ssl_ = nullptr;
};

// Authorities are read from disk once.
Result<std::shared_ptr<net::Tls>> tls_for(const std::string& ca_file) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<net::Tls>> known;
  const std::lock_guard lock(mutex);
  if (const auto found = known.find(ca_file); found != known.end()) return found->second;
  auto tls = TRY(net::Tls::client(ca_file));
  known[ca_file] = tls;
  return tls;
}

Result<std::string> request_text(const HttpCall& call, const HttpUrl& url) {
  std::string out = call.method + " " + url.target + " HTTP/1.1\r\nHost: " + url.authority +
                    "\r\nUser-Agent: cityloop\r\nAccept-Encoding: identity\r\nConnection: close\r\n";
  for (const auto& [name, value] : call.headers) {
    if ((name + value).find_first_of(std::string("\r\n\0", 3)) != std::string::npos)
      return fail(errors::kBadField, "a header has a line break");
    out.append(name).append(": ").append(value).append("\r\n");
  }
  if (!call.body.empty() || call.method == "POST" || call.method == "PUT" || call.method == "PATCH")
    out.append("Content-Length: ").append(std::to_string(call.body.size())).append("\r\n");
  return out.append("\r\n").append(call.body);
}

namespace beast_http = boost::beast::http;
using Parser = beast_http::response_parser<beast_http::string_body>;

Result<HttpAnswer> read_answer(Wire& wire, const HttpCall& call) {
  std::optional<Parser> parser(std::in_place);
  const auto fresh = [&] {
    parser.emplace();
    parser->body_limit(call.most);
    parser->header_limit(64u << 10);
    parser->eager(true);
    parser->skip(call.method == "HEAD");
  };
  fresh();
  std::string waiting;
  std::vector<char> buffer(64u << 10);
  while (!parser->is_done()) {
    const std::size_t got = TRY(wire.read(buffer.data(), buffer.size()));
    boost::system::error_code error;
    if (got == 0) {
      if (!parser->got_some()) return fail(errors::kNetwork, "the peer closed without an answer");
      parser->put_eof(error);
      if (error || !parser->is_done()) return fail(errors::kNetwork, "the answer ended too early");
      break;
    }
    waiting.append(buffer.data(), got);
    while (!waiting.empty() && !parser->is_done()) {
      const std::size_t used = parser->put(boost::asio::buffer(waiting), error);
      waiting.erase(0, used);
      if (error == beast_http::error::need_more) break;
      if (error == beast_http::error::body_limit) return fail(errors::kTooLarge, "the answer is too large");
      if (error) return fail(errors::kNetwork, "not an HTTP answer: " + error.message());
      if (parser->is_header_done() && parser->get().result_int() / 100 == 1) fresh();  // 100 Continue and the like
      if (used == 0) break;
    }
  }
  HttpAnswer answer;
  answer.status = static_cast<int>(parser->get().result_int());
  for (const auto& field : parser->get()) {
    std::string name(field.name_string());
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    answer.headers.try_emplace(std::move(name), field.value());
  }
  answer.body = std::move(parser->get().body());
  return answer;
}

}  // namespace

std::string_view HttpAnswer::header(std::string_view name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

Result<HttpUrl> parse_http_url(std::string_view text) {
  HttpUrl url;
  const Error bad = fail(errors::kBadField, "not an http or https address: " + std::string(text.substr(0, 200)));
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return bad;
  if (text.starts_with("https://")) url.secure = true;
  else if (!text.starts_with("http://")) return bad;
  text.remove_prefix(url.secure ? 8 : 7);
  text = text.substr(0, text.find('#'));
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  const std::string_view authority = text.substr(0, end);
  url.target = std::string(text.substr(end));
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  if (authority.empty() || authority.find('@') != std::string_view::npos) return bad;
  std::string_view host = authority, port;
  if (authority.front() == '[') {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return bad;
    host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    if (!port.empty() && port.front() != ':') return bad;
  } else if (const std::size_t colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  url.port = url.secure ? 443 : 80;
  if (!port.empty()) {
    port.remove_prefix(1);
    const auto [at, problem] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (problem != std::errc() || at != port.data() + port.size() || url.port == 0) return bad;
  }
  if (host.empty()) return bad;
  url.host = host;
  url.authority = authority;
  return url;
}

Result<HttpAnswer> http_call(const HttpCall& call, const std::atomic<bool>* cancel) {
  const HttpUrl url = TRY(parse_http_url(call.url));
  const std::string request = TRY(request_text(call, url));
  Wire wire(Steady::now() + call.timeout, cancel);
  TRY(wire.connect(url));
  if (url.secure) {
    const auto tls = TRY(tls_for(call.ca_file));
    TRY(wire.secure(url, *tls));
  }
  TRY(wire.write(request));
  return read_answer(wire, call);
}

}  // namespace cityloop
