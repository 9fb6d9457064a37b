// SPDX-License-Identifier: Apache-2.0
// Load generator for MQTT QoS 1: many devices on one thread, each keeps a window of unacknowledged publishes, one message per
// publish. Speaks to our listener and to any broker alike, so that both are measured with the same client in the same run.
//   mqtt_load --port 1883 --devices 100 --window 20 --seconds 5 [--user gw --password secret]
// Prints one line of JSON: acknowledged publishes a second, and how long an acknowledgement took.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Steady = std::chrono::steady_clock;

struct Options {
  std::uint16_t port = 1883;
  int devices = 100;
  int window = 20;
  double seconds = 5;
  std::string user, password;
  std::int64_t from = 0;             // no time before this one: the next round goes on where the last one ended
};

constexpr std::size_t kPayload = sizeof(R"({"at":1234567890123,"values":{"ch4":1.2,"h2s":1.2}})") - 1;

std::string two(std::size_t value) { return {static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)}; }
std::string text(std::string_view value) { return two(value.size()) + std::string(value); }
std::string packet(int first, const std::string& body) {
  std::string out(1, static_cast<char>(first));
  for (std::size_t size = body.size();;) {
    out.push_back(static_cast<char>((size & 0x7F) | (size > 127 ? 0x80 : 0)));
    if ((size >>= 7) == 0) break;
  }
  return out + body;
}

// Ids 1 … window, each used again once its acknowledgement came.
struct Device {
  int socket = -1;
  std::string waiting;               // bytes not taken by the socket yet
  std::string heard;                 // the begin of a packet
  bool ready = false;
  std::string head;                  // of every publish: fixed header and topic
  std::vector<Steady::time_point> sent;
  std::size_t number = 0;
  std::int64_t last_at = 0;
};

class Load {
 public:
  explicit Load(const Options& options) : options_(options), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

  bool run() {
    devices_.resize(static_cast<std::size_t>(options_.devices));
    for (std::size_t i = 0; i < devices_.size(); ++i)
      if (!open(devices_[i], i)) return false;
    began_ = Steady::now();
    measured_from_ = began_ + std::chrono::milliseconds(500);
    const auto end = measured_from_ + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(options_.seconds));
    std::vector<epoll_event> events(512);
    while (Steady::now() < end) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
      for (int i = 0; i < count; ++i)
        if (!serve(devices_[events[static_cast<std::size_t>(i)].data.u32])) return false;
    }
    report();
    return true;
  }

 private:
  bool open(Device& device, std::size_t number) {
    device.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(device.socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return complain("cannot connect");
    const int on = 1;
    ::setsockopt(device.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const int flags = 2 | (options_.user.empty() ? 0 : 0xC0);
    std::string body = text("MQTT") + '\4' + static_cast<char>(flags) + two(60) + text("load-" + std::to_string(number));
    if (!options_.user.empty()) body += text(options_.user) + text(options_.password);
    device.waiting = packet(0x10, body);
    device.sent.resize(static_cast<std::size_t>(options_.window) + 1);
    const std::string topic = "city/v1/bench-" + std::to_string(number) + "/readings";
    device.number = number;
    device.last_at = options_.from;
    const std::string example = packet(0x32, text(topic) + two(1) + payload(device));
    device.head = example.substr(0, example.size() - kPayload - 2);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = static_cast<std::uint32_t>(number);
    epoll_ctl(epoll_, EPOLL_CTL_ADD, device.socket, &event);
    return flush(device);
  }

  // Always of the same length; a device never says two things of one millisecond.
  std::string payload(Device& device) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    device.last_at = std::max(device.last_at + 1, static_cast<std::int64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()));
    const auto step = static_cast<int>((static_cast<std::uint64_t>(device.last_at) * 7 + device.number) % 70);
    char words[128];
    std::snprintf(words, sizeof words, "{\"at\":%13lld,\"values\":{\"ch4\":%d.%d,\"h2s\":%d.%d}}", static_cast<long long>(device.last_at), 1 + step / 10, step % 10,
                  step / 20, step % 7);
    return std::string(words, kPayload);
  }

  void publish(Device& device, std::size_t id, Steady::time_point now) {
    device.waiting.append(device.head).append(two(id)).append(payload(device));
    device.sent[id] = now;
  }

  bool flush(Device& device) {
    if (device.waiting.empty()) return true;
    const ssize_t put = ::send(device.socket, device.waiting.data(), device.waiting.size(), MSG_NOSIGNAL);
    if (put < 0) return complain("the peer closed");
    device.waiting.erase(0, static_cast<std::size_t>(put));
    return true;
  }

  bool serve(Device& device) {
    char buffer[65'536];
    const ssize_t got = ::recv(device.socket, buffer, sizeof buffer, 0);
    if (got <= 0) return complain("the peer closed");
    device.heard.append(buffer, static_cast<std::size_t>(got));
    const auto now = Steady::now();
    std::size_t at = 0;
    while (at + 2 <= device.heard.size()) {
      const std::size_t size = 2 + static_cast<unsigned char>(device.heard[at + 1]);
      if (at + size > device.heard.size()) break;
      const auto* bytes = reinterpret_cast<const unsigned char*>(device.heard.data() + at);
      if (bytes[0] == 0x20) {
        if (bytes[3] != 0) return complain("refused");
        for (std::size_t id = 1; id < device.sent.size(); ++id) publish(device, id, now);
      } else if (bytes[0] == 0x40) {
        const std::size_t id = static_cast<std::size_t>(bytes[2]) << 8 | bytes[3];
        if (id >= device.sent.size()) return complain("an id that we never used");
        ++all_;
        if (now >= measured_from_) {
          ++acknowledged_;
          waits_.push_back(static_cast<float>(std::chrono::duration<double, std::milli>(now - device.sent[id]).count()));
        }
        publish(device, id, now);
      }
      at += size;
    }
    device.heard.erase(0, at);
    return flush(device);
  }

  bool complain(const char* what) {
    std::fprintf(stderr, "mqtt_load: %s\n", what);
    return false;
  }

  void report() {
    std::sort(waits_.begin(), waits_.end());
    const auto at = [&](double share) {
      return waits_.empty() ? 0.0 : static_cast<double>(waits_[static_cast<std::size_t>(share * static_cast<double>(waits_.size() - 1))]);
    };
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const double cpu = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                       static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    std::printf("{\"devices\":%d,\"window\":%d,\"acknowledged\":%llu,\"per_second\":%.0f,\"ack_ms_p50\":%.2f,\"ack_ms_p99\":%.2f,\"generator_cpu_s\":%.2f,\"last_at\":%lld}\n",
                options_.devices, options_.window, static_cast<unsigned long long>(all_), static_cast<double>(acknowledged_) / options_.seconds, at(0.5), at(0.99), cpu,
                static_cast<long long>(std::ranges::max_element(devices_, {}, &Device::last_at)->last_at));
  }

  Options options_;
  int epoll_;
  std::vector<Device> devices_;
  std::vector<float> waits_;
  std::uint64_t acknowledged_ = 0, all_ = 0;
  Steady::time_point began_, measured_from_;
};

}  // namespace

int main(int count, char** words) {
  Options options;
  CLI::App app{"MQTT QoS 1 load"};
  app.add_option("--port", options.port);
  app.add_option("--devices", options.devices)->check(CLI::Range(1, 50'000));
  app.add_option("--window", options.window)->check(CLI::Range(1, 60'000));
  app.add_option("--seconds", options.seconds);
  app.add_option("--from", options.from);
  app.add_option("--user", options.user);
  app.add_option("--password", options.password);
  CLI11_PARSE(app, count, words);
  return Load(options).run() ? 0 : 1;
}
