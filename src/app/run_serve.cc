// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <signal.h>

#include <cstdio>

#include "app/commands.h"
#include "app/demo.h"
#include "app/logging.h"

namespace cityloop {

namespace {

int complain(const Error& error) {
  std::fprintf(stderr, "cityloop: %s\n", error.detail.c_str());
  if (error.code == &errors::kUsage) return kExitUsage;
  if (error.code == &errors::kHeld || error.code == &errors::kNetwork) return kExitHeld;
  return error.code->name.starts_with("storage.") ? kExitStore : kExitFailed;
}

std::string host_for_people(const std::string& host) { return host.find(':') == std::string::npos ? host : "[" + host + "]"; }

}  // namespace

int run_serve(ServeCommand command) {
  // Signals are waited for on this thread; every other one inherits the mask.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  const Config config = command.server.config;
  command.server.demo = command.demo;
  if (command.demo && command.speed != 1 && command.server.clock.empty()) {
    command.server.clock = format_time(Time{std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch())}) +
                           "x" + std::to_string(command.speed);
  }
  if (const auto logging = start_logging(command.server.data + "/logs", config); !logging) return complain(logging.error());
  auto server = Server::open(command.server, [](const std::string& sentence) { std::fprintf(stderr, "cityloop: %s\n", sentence.c_str()); });
  if (!server) return complain(server.error());
  std::unique_ptr<Demo> demo;
  if (command.demo) {
    demo = std::make_unique<Demo>(**server, DemoOptions{command.scale, command.seed, command.speed});
    if (const auto started = demo->start(); !started) return complain(started.error());
  }
  if (const auto listening = (*server)->listen(); !listening) return complain(listening.error());
  const std::string http = host_for_people(config.http.host) + ":" + std::to_string((*server)->http_port());
  if (demo) {
    std::printf("\n  CityLoop demo: a simulated city. Open http%s://%s/\n\n", config.tls_certificate.empty() ? "" : "s", http.c_str());
    for (const Demo::Login& login : demo->logins()) std::printf("    %-10s %-14s %s\n", login.name.c_str(), login.role.c_str(), login.password.c_str());
    std::printf("\n  Data in %s; Ctrl+C stops it.\n\n", command.server.data.c_str());
  }
  std::printf("ready http=%s mqtt=%s:%u\n", http.c_str(), host_for_people(config.mqtt.host).c_str(), (*server)->mqtt_port());
  std::fflush(stdout);
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  log_info("stopping");
  if (demo) demo->stop();
  (*server)->stop();
  return kExitDone;
}

}  // namespace cityloop
