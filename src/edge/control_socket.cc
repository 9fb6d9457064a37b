// SPDX-License-Identifier: Apache-2.0
#include "edge/control_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "edge/disk.h"

namespace cityloop {
namespace {

constexpr std::size_t kRequestMost = 64u << 20;   // a city's polygons, a batch of an import
constexpr std::size_t kAnswerMost = 256u << 20;   // an export of the audit chain
constexpr timeval kRequestTime{10, 0};            // to hear a request, or to be rid of an answer

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }
  void wait_at_most(timeval time) const {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
  }
  bool receive(char* into, std::size_t size) const {
    while (size > 0) {
      const ssize_t got = ::recv(fd_, into, size, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      into += got;
      size -= static_cast<std::size_t>(got);
    }
    return true;
  }
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  bool send_message(const std::string& text) const {
    std::string length;
    for (int shift = 24; shift >= 0; shift -= 8) length += static_cast<char>((text.size() >> shift) & 255);
    return send(length) && send(text);
  }
  bool receive_message(std::string& text, std::size_t most) const {
    unsigned char length[4];
    if (!receive(reinterpret_cast<char*>(length), 4)) return false;
    const std::size_t size = std::size_t{length[0]} << 24 | std::size_t{length[1]} << 16 | std::size_t{length[2]} << 8 | length[3];
    if (size > most) return false;
    text.resize(size);
    return receive(text.data(), size);
  }

 private:
  int fd_;
};

// A socket's address holds some hundred bytes only; through the open folder any path fits.
struct Address {
  static Result<Address> of(const std::string& path) {
    Address address;
    address.folder = TRY(File::open(folder_of(path), O_PATH | O_DIRECTORY));
    const std::string brief = "/proc/self/fd/" + std::to_string(address.folder.fd()) + "/" + path.substr(path.find_last_of('/') + 1);
    if (brief.size() >= sizeof address.name.sun_path) return fail(errors::kUsage, "the name of the control socket is too long: " + path);
    address.name.sun_family = AF_UNIX;
    std::memcpy(address.name.sun_path, brief.c_str(), brief.size() + 1);
    return address;
  }
  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&name); }

  File folder;
  sockaddr_un name{};
};

class Server final : public ControlServer {
 public:
  Server(std::string path, int listening, int stop, std::function<std::string(const std::string&)> handler)
      : path_(std::move(path)), listening_(listening), stop_(stop), handler_(std::move(handler)), thread_([this] { run(); }) {}
  ~Server() override {
    const std::uint64_t one = 1;
    (void)!::write(stop_.fd(), &one, sizeof one);
    thread_.join();
    (void)remove_file(path_);
  }

 private:
  void run() {
    while (true) {
      pollfd wait[2] = {{listening_.fd(), POLLIN, 0}, {stop_.fd(), POLLIN, 0}};
      if (::poll(wait, 2, -1) < 0) continue;
      if (wait[1].revents != 0) return;
      const Socket peer(::accept4(listening_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
      if (peer.fd() >= 0) serve(peer);
    }
  }
  void serve(const Socket& peer) {
    ucred who{};
    socklen_t size = sizeof who;
    const bool known = ::getsockopt(peer.fd(), SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && (who.uid == ::geteuid() || who.uid == 0);
    if (!known) return;
    peer.wait_at_most(kRequestTime);
    std::string request;
    if (peer.receive_message(request, kRequestMost)) peer.send_message(handler_(request));
  }

  const std::string path_;
  const Socket listening_, stop_;
  const std::function<std::string(const std::string&)> handler_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<ControlServer>> ControlServer::create(const std::string& path, std::function<std::string(const std::string&)> handler) {
  TRY(remove_file(path));  // left by a process that held the folder before
  const Address address = TRY(Address::of(path));
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return disk_error("cannot make a socket for", path);
  const int stop = ::eventfd(0, EFD_CLOEXEC);
  const bool listens = stop >= 0 && ::bind(fd, address.raw(), sizeof address.name) == 0 && ::chmod(path.c_str(), 0600) == 0 && ::listen(fd, 16) == 0;
  if (!listens) {
    const Error error = disk_error("cannot listen on", path);
    ::close(fd);
    if (stop >= 0) ::close(stop);
    return error;
  }
  return Result<std::unique_ptr<ControlServer>>(std::make_unique<Server>(path, fd, stop, std::move(handler)));
}

Result<std::string> ask_control(const std::string& path, const std::string& request, Millis timeout) {
  if (request.size() > kRequestMost)
    return fail(errors::kTooLarge, "the request has " + std::to_string(request.size()) + " bytes, the server takes " + std::to_string(kRequestMost) +
                                       "; split the file, or stop the server first");
  const Address address = TRY(Address::of(path));
  const Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  socket.wait_at_most({timeout.count() / 1000, timeout.count() % 1000 * 1000});
  if (::connect(socket.fd(), address.raw(), sizeof address.name) != 0) return fail(errors::kNetwork, "no server runs on " + folder_of(path));
  std::string answer;
  if (socket.send_message(request) && socket.receive_message(answer, kAnswerMost)) return answer;
  return fail(errors::kNetwork, "the server on " + folder_of(path) + " did not answer");
}

}  // namespace cityloop
