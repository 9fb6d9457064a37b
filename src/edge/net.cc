// SPDX-License-Identifier: Apache-2.0
#include "edge/net.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace cityloop::net {

void name_thread(const char* name) { pthread_setname_np(pthread_self(), name); }

void Loop::start(std::string name) {
  thread_ = std::thread([this, name = std::move(name)] {
    name_thread(name.substr(0, 15).c_str());
    context_.run();
  });
}

void Loop::join() {
  finish();
  if (thread_.joinable()) thread_.join();
}

std::string tls_error() {
  std::array<char, 256> text{};
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown TLS error";
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

Tls::~Tls() { SSL_CTX_free(context_); }

Result<std::shared_ptr<Tls>> Tls::server(const std::string& certificate_file, const std::string& key_file) {
  std::shared_ptr<Tls> tls(new Tls(SSL_CTX_new(TLS_server_method())));
  SSL_CTX* context = tls->context();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1)
    return fail(errors::kUsage, "cannot read the certificate " + certificate_file + ": " + tls_error());
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return fail(errors::kUsage, "cannot read the private key " + key_file + ": " + tls_error());
  if (SSL_CTX_check_private_key(context) != 1)
    return fail(errors::kUsage, "the private key " + key_file + " does not belong to the certificate");
  return tls;
}

Result<std::shared_ptr<Tls>> Tls::client(const std::string& ca_file) {
  std::shared_ptr<Tls> tls(new Tls(SSL_CTX_new(TLS_client_method())));
  SSL_CTX* context = tls->context();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context)
                                     : SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr);
  if (loaded != 1) return fail(errors::kUsage, "cannot read the authorities " + ca_file + ": " + tls_error());
  return tls;
}

Stream::Stream(Executor executor, int socket, const Tls* tls) : descriptor_(executor, socket), socket_(socket) {
  if (tls == nullptr) return;
  ssl_ = SSL_new(tls->context());
  CHECK(ssl_ != nullptr);
  SSL_set_fd(ssl_, socket);
  SSL_set_accept_state(ssl_);
}

Stream::~Stream() {
  close();
  if (ssl_ != nullptr) SSL_free(ssl_);
}

Io Stream::tls_result(int result) {
  const int reason = SSL_get_error(ssl_, result);
  ERR_clear_error();
  if (reason == SSL_ERROR_WANT_READ) return Io::read;
  if (reason == SSL_ERROR_WANT_WRITE) return Io::write;
  return reason == SSL_ERROR_ZERO_RETURN ? Io::closed : Io::failed;
}

Io Stream::handshake() {
  if (ssl_ == nullptr) return Io::done;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  return result == 1 ? Io::done : tls_result(result);
}

Io Stream::read(char* to, std::size_t size, std::size_t& got) {
  got = 0;
  if (!is_open()) return Io::closed;
  if (ssl_ != nullptr) {
    ERR_clear_error();
    std::size_t bytes = 0;
    const int result = SSL_read_ex(ssl_, to, size, &bytes);
    got = bytes;
    return result == 1 ? Io::done : tls_result(result);
  }
  while (true) {
    const ssize_t bytes = ::recv(socket_, to, size, 0);
    if (bytes > 0) {
      got = static_cast<std::size_t>(bytes);
      return Io::done;
    }
    if (bytes == 0) return Io::closed;
    if (errno == EINTR) continue;
    return errno == EAGAIN || errno == EWOULDBLOCK ? Io::read : Io::failed;
  }
}

Io Stream::write(const Piece* pieces, std::size_t count, std::size_t& put) {
  put = 0;
  if (!is_open()) return Io::closed;
  if (ssl_ != nullptr) {
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t sent = 0; sent < pieces[i].size;) {
        ERR_clear_error();
        std::size_t bytes = 0;
        const int result = SSL_write_ex(ssl_, pieces[i].data + sent, pieces[i].size - sent, &bytes);
        if (result != 1) return tls_result(result);
        sent += bytes;
        put += bytes;
      }
    }
    return Io::done;
  }
  std::array<iovec, 4> parts{};
  CHECK(count <= parts.size());
  for (std::size_t i = 0; i < count; ++i) parts[i] = {const_cast<char*>(pieces[i].data), pieces[i].size};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  while (true) {
    const ssize_t bytes = ::sendmsg(socket_, &message, MSG_NOSIGNAL);
    if (bytes >= 0) {
      put = static_cast<std::size_t>(bytes);
      return Io::done;
    }
    if (errno == EINTR) continue;
    return errno == EAGAIN || errno == EWOULDBLOCK ? Io::write : Io::failed;
  }
}

void Stream::shut_write() {
  if (!is_open()) return;
  if (ssl_ != nullptr) {
    ERR_clear_error();
    SSL_shutdown(ssl_);
    ERR_clear_error();
  }
  ::shutdown(socket_, SHUT_WR);
}

void Stream::close() {
  if (!is_open()) return;
  if (ssl_ != nullptr && SSL_is_init_finished(ssl_)) {
    ERR_clear_error();
    SSL_shutdown(ssl_);
    ERR_clear_error();
  }
  boost::system::error_code ignored;
  descriptor_.close(ignored);
}

void tune_socket(int socket) {
  const int on = 1, idle = 60, every = 15, times = 4;
  const unsigned int unacknowledged_ms = 120'000;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof every);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof times);
  ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms, sizeof unacknowledged_ms);
}

namespace {

std::string address_text(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET)
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text.data(), text.size());
  else if (address.ss_family == AF_INET6)
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text.data(), text.size());
  return text.data();
}

Result<int> bound_socket(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int problem = getaddrinfo(host.empty() ? nullptr : host.c_str(), std::to_string(port).c_str(), &hints, &found);
      problem != 0)
    return fail(errors::kUsage, "cannot resolve the listening address " + host + ": " + gai_strerror(problem));
  std::string why = "no address";
  for (addrinfo* one = found; one != nullptr; one = one->ai_next) {
    const int socket = ::socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0) continue;
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(socket, one->ai_addr, one->ai_addrlen) == 0 && ::listen(socket, 4096) == 0) {
      freeaddrinfo(found);
      return socket;
    }
    why = std::strerror(errno);
    ::close(socket);
  }
  freeaddrinfo(found);
  return fail(errors::kNetwork, "cannot listen on " + host + ":" + std::to_string(port) + ": " + why);
}

}  // namespace

Listener::Listener(Loop& loop, int socket, std::uint16_t port, Take take)
    : descriptor_(loop.executor(), socket), pause_(loop.executor()), port_(port), take_(std::move(take)) {}

Result<std::unique_ptr<Listener>> Listener::create(Loop& loop, const std::string& host, std::uint16_t port, Take take) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  const int socket = TRY(bound_socket(host, port));
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  const std::uint16_t bound = address.ss_family == AF_INET ? reinterpret_cast<sockaddr_in&>(address).sin_port
                                                           : reinterpret_cast<sockaddr_in6&>(address).sin6_port;
  return std::unique_ptr<Listener>(new Listener(loop, socket, ntohs(bound), std::move(take)));
}

void Listener::wait() {
  descriptor_.async_wait(Descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (!error) accept_all();
  });
}

void Listener::accept_all() {
  constexpr int kAtOnce = 256;  // then the connections that exist get their turn
  for (int i = 0; i < kAtOnce; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int socket = ::accept4(descriptor_.native_handle(), reinterpret_cast<sockaddr*>(&address), &size,
                                 SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      take_(socket, address_text(address));
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) break;
    pause_.expires_after(std::chrono::milliseconds(100));  // out of descriptors or memory
    pause_.async_wait([this](const boost::system::error_code& error) {
      if (!error && descriptor_.is_open()) wait();
    });
    return;
  }
  wait();
}

void Listener::close() {
  boost::system::error_code ignored;
  pause_.cancel();
  descriptor_.close(ignored);
}

}  // namespace cityloop::net
