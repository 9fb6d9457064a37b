// SPDX-License-Identifier: Apache-2.0
// The demo city: a simulated Chongqing laid out from build/geo and the packs' `simulate` sections, people for every role with
// passwords drawn for this folder, and sensors that speak. Drives the program through the same door as everybody else.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "city/simulation.h"
#include "core/result.h"

namespace cityloop {

class Server;

struct DemoOptions {
  double scale = 1;
  std::uint64_t seed = 1;
  double speed = 1;          // of the clock
};

class Demo {
 public:
  Demo(Server& server, DemoOptions options);
  ~Demo();
  // On a fresh folder: areas, units, assets, people. Always: the sensors start. Returns the logins to print.
  Result<void> start();
  void stop();
  struct Login { std::string name, role, password; };
  const std::vector<Login>& logins() const { return logins_; }

 private:
  Result<void> lay_out();
  Result<void> people();
  void provoke(Time now);
  void run();
  void speak(Time until, bool import);

  Server& server_;
  DemoOptions options_;
  std::unique_ptr<Simulation> simulation_;
  std::vector<Login> logins_;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
};

}  // namespace cityloop
