// SPDX-License-Identifier: Apache-2.0
// A raw TCP client for tests: says exactly the bytes that the test writes and reads what comes back, with a deadline.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace cityloop {

class Probe {
 public:
  explicit Probe(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Probe() { close(); }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  bool connected() const { return connected_; }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }
  void shut() { ::shutdown(socket_, SHUT_WR); }

  bool say(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // Reads until `enough` holds of everything unread, the peer closed, or time is up; gives what is there and keeps nothing.
  std::string hear(const std::function<bool(const std::string&)>& enough, int wait_ms = 5'000) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
    while (!enough(heard_)) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      pollfd wanted{socket_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&wanted, 1, static_cast<int>(left.count())) <= 0) break;
      char buffer[65'536];
      const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
      if (got <= 0) {
        closed_ = true;
        break;
      }
      heard_.append(buffer, static_cast<std::size_t>(got));
    }
    return std::exchange(heard_, {});
  }
  std::string hear_all(int wait_ms = 5'000) {
    return hear([](const std::string&) { return false; }, wait_ms);
  }
  std::string hear_bytes(std::size_t count, int wait_ms = 5'000) {
    std::string all = hear([&](const std::string& heard) { return heard.size() >= count; }, wait_ms);
    if (all.size() > count) {
      heard_ = all.substr(count);
      all.resize(count);
    }
    return all;
  }
  // One HTTP answer with its Content-Length body.
  std::string hear_answer(int wait_ms = 5'000) {
    std::string head = hear([](const std::string& heard) { return heard.find("\r\n\r\n") != std::string::npos; }, wait_ms);
    const std::size_t end = head.find("\r\n\r\n");
    if (end == std::string::npos) return head;
    const std::size_t at = head.find("Content-Length: ");
    const std::size_t size = at < end ? std::stoul(head.substr(at + 16)) : 0;
    heard_ = head.substr(end + 4);
    head.resize(end + 4);
    return head + hear_bytes(size, wait_ms);
  }
  bool closed() const { return closed_; }

 private:
  int socket_;
  bool connected_ = false;
  bool closed_ = false;
  std::string heard_;
};

// Waits until something that another thread brings about is so.
inline bool soon(const std::function<bool()>& so, int wait_ms = 5'000) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
  while (!so()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace cityloop
