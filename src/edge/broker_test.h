// SPDX-License-Identifier: Apache-2.0
// Foreign MQTT programs for tests: a Mosquitto broker of its own on a free port of 127.0.0.1, and commands run to their end.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "edge/probe_test.h"

namespace cityloop {

inline std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(socket);
  return ntohs(address.sin_port);
}

inline pid_t start_program(const std::vector<std::string>& words) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  const int nowhere = ::open("/dev/null", O_RDWR);
  ::dup2(nowhere, 1);
  ::dup2(nowhere, 2);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

inline int run_program(const std::vector<std::string>& words) {  // exit code; 127: not installed
  int status = 0;
  ::waitpid(start_program(words), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class Broker {
 public:
  explicit Broker(const std::string& folder) : port_(free_port()), config_(folder + "/mosquitto.conf") {
    std::ofstream(config_) << "listener " << port_ << " 127.0.0.1\nallow_anonymous true\n";
    start();
  }
  ~Broker() { stop(); }
  void start() {
    child_ = start_program({"/usr/sbin/mosquitto", "-c", config_});
    soon([&] { return Probe(port_).connected(); });
  }
  void stop() {
    if (child_ <= 0) return;
    ::kill(child_, SIGTERM);
    ::waitpid(child_, nullptr, 0);
    child_ = 0;
  }
  std::uint16_t port() const { return port_; }
  static bool installed() { return ::access("/usr/sbin/mosquitto", X_OK) == 0; }

 private:
  std::uint16_t port_;
  std::string config_;
  pid_t child_ = 0;
};

}  // namespace cityloop
