// SPDX-License-Identifier: Apache-2.0
// Load generator for bulk readings: a few keep-alive connections, each sends one NDJSON batch after the other and waits
// for the answer that it is durable. Every message names another asset in turn and moves its values; times go on by
// --step milliseconds a round, from --from (epoch milliseconds, now).
//   http_load --port 8080 --token cl_… --assets 100000 --batch 2000 --connections 4 --seconds 5
// With --cases each connection opens one case after the other instead, as a person at a desk does, and waits until it
// is in the journal; connections take the tokens in turn, as the rate of one caller is bounded. Prints one line of
// JSON: accepted messages or cases, and how long an answer took.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using Steady = std::chrono::steady_clock;

struct Options {
  std::uint16_t port = 8080;
  std::vector<std::string> tokens;
  bool cases = false;
  int assets = 100'000;
  int batch = 2'000;
  int connections = 4;
  double seconds = 5;
  std::uint64_t messages = 0;  // 0: for so many seconds
  std::int64_t from = 0;
  std::int64_t step = 1;
};

class Load {
 public:
  explicit Load(const Options& options) : options_(options) {}

  bool run() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    first_ms_ = options_.from != 0 ? options_.from : std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    const auto began = Steady::now();
    end_ = began + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(options_.seconds));
    std::vector<std::thread> threads;
    for (int i = 0; i < options_.connections; ++i)
      threads.emplace_back(
          [this, token = options_.tokens[static_cast<std::size_t>(i) % options_.tokens.size()]] { speak(token); });
    for (std::thread& thread : threads) thread.join();
    const double took = std::chrono::duration<double>(Steady::now() - began).count();
    std::sort(waits_.begin(), waits_.end());
    const auto at = [&](double share) {
      return waits_.empty() ? 0.0 : waits_[static_cast<std::size_t>(share * static_cast<double>(waits_.size() - 1))];
    };
    std::printf(
        "{\"sent\":%llu,\"accepted\":%llu,\"errors\":%llu,\"seconds\":%.3f,\"per_second\":%.0f,\"answer_ms_p50\":%.2f,"
        "\"answer_ms_p99\":%.2f}\n",
        sent_.load(), accepted_.load(), errors_.load(), took, static_cast<double>(accepted_) / took, at(0.5), at(0.99));
    return errors_ == 0;
  }

 private:
  void speak(const std::string& token) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      ++errors_;
      return;
    }
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::vector<double> waits;
    while (options_.messages == 0 ? Steady::now() < end_ : message_ < options_.messages) {
      const std::string request = options_.cases ? next_case(token) : next_batch(token);
      const auto from = Steady::now();
      if (!exchange(socket, request)) {
        ++errors_;
        break;
      }
      waits.push_back(std::chrono::duration<double, std::milli>(Steady::now() - from).count());
    }
    ::close(socket);
    const std::lock_guard lock(mutex_);
    waits_.insert(waits_.end(), waits.begin(), waits.end());
  }

  std::string next_case(const std::string& token) {
    const auto number = message_.fetch_add(1);
    char body[512];
    const int size =
        std::snprintf(body, sizeof body,
                      "{\"title\":\"bench case %llu, 井盖缺失, reported at the "
                      "desk\",\"class\":{\"scheme\":\"GB2013\",\"type\":\"event\",\"code\":\"0101\"},"
                      "\"location\":{\"type\":\"Point\",\"coordinates\":[%.5f,%.5f]}}",
                      static_cast<unsigned long long>(number), 106.25 + static_cast<double>(number % 500) * 0.0007,
                      29.45 + static_cast<double>(number / 500 % 500) * 0.0004);
    ++sent_;
    return post("/api/v1/cases", token, "application/json", std::string(body, static_cast<std::size_t>(size)));
  }

  static std::string post(const std::string& path, const std::string& token, const std::string& type,
                          const std::string& body) {
    return "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + token +
           "\r\nContent-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  std::string next_batch(const std::string& token) {
    const auto first = message_.fetch_add(static_cast<std::uint64_t>(options_.batch));
    std::string body;
    body.reserve(static_cast<std::size_t>(options_.batch) * 80);
    char line[128];
    for (std::uint64_t i = first; i < first + static_cast<std::uint64_t>(options_.batch); ++i) {
      const auto assets = static_cast<std::uint64_t>(options_.assets);
      const auto round = i / assets;
      const int size = std::snprintf(
          line, sizeof line,
          "{\"asset\":\"bench-%llu\",\"at\":%lld,\"values\":{\"ch4\":%llu.%llu,\"h2s\":%llu.%llu}}\n",
          static_cast<unsigned long long>(i % assets),
          static_cast<long long>(first_ms_ + static_cast<std::int64_t>(round) * options_.step),
          static_cast<unsigned long long>(1 + (i + round) % 7), static_cast<unsigned long long>((i * 7 + round) % 10),
          static_cast<unsigned long long>((i / 3 + round) % 4), static_cast<unsigned long long>((i * 3 + round) % 10));
      body.append(line, static_cast<std::size_t>(size));
    }
    sent_ += static_cast<std::uint64_t>(options_.batch);
    return post("/api/v1/readings", token, "application/x-ndjson", body);
  }

  bool exchange(int socket, const std::string& request) {
    for (std::size_t put = 0; put < request.size();) {
      const ssize_t now = ::send(socket, request.data() + put, request.size() - put, MSG_NOSIGNAL);
      if (now <= 0) return false;
      put += static_cast<std::size_t>(now);
    }
    std::string answer;
    char buffer[16'384];
    for (;;) {
      const std::size_t head = answer.find("\r\n\r\n");
      if (head != std::string::npos) {
        const std::size_t length = answer.find("Content-Length: ");
        if (length == std::string::npos || length > head) return false;
        if (answer.size() >= head + 4 + std::strtoull(answer.c_str() + length + 16, nullptr, 10)) break;
      }
      const ssize_t got = ::recv(socket, buffer, sizeof buffer, 0);
      if (got <= 0) return false;
      answer.append(buffer, static_cast<std::size_t>(got));
    }
    if (options_.cases && answer.starts_with("HTTP/1.1 201")) {
      ++accepted_;
      return true;
    }
    const std::size_t count = answer.find("\"accepted\":");
    if (!answer.starts_with("HTTP/1.1 200") || count == std::string::npos) {
      std::fprintf(stderr, "http_load: %s\n", answer.substr(0, 300).c_str());
      return false;
    }
    const auto accepted = std::strtoull(answer.c_str() + count + 11, nullptr, 10);
    accepted_ += accepted;
    if (accepted != static_cast<std::uint64_t>(options_.batch)) ++errors_;
    return true;
  }

  const Options options_;
  std::int64_t first_ms_ = 0;
  Steady::time_point end_;
  std::atomic<std::uint64_t> message_{0};
  std::atomic<unsigned long long> sent_{0}, accepted_{0}, errors_{0};
  std::mutex mutex_;
  std::vector<double> waits_;
};

}  // namespace

int main(int count, char** words) {
  Options options;
  CLI::App app{"bulk readings load"};
  app.add_option("--port", options.port);
  app.add_option("--token", options.tokens)->required();
  app.add_flag("--cases", options.cases);
  app.add_option("--assets", options.assets)->check(CLI::Range(1, 10'000'000));
  app.add_option("--batch", options.batch)->check(CLI::Range(1, 100'000));
  app.add_option("--connections", options.connections)->check(CLI::Range(1, 1'000));
  app.add_option("--seconds", options.seconds);
  app.add_option("--messages", options.messages);
  app.add_option("--from", options.from);
  app.add_option("--step", options.step);
  CLI11_PARSE(app, count, words);
  return Load(options).run() ? 0 : 1;
}
