// SPDX-License-Identifier: Apache-2.0
// What a Server is made of, in the order in which it is made. Of app/ only.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "app/retention.h"
#include "app/server.h"
#include "app/workers.h"
#include "edge/attachments.h"
#include "edge/checkpoints_files.h"
#include "edge/clock.h"
#include "edge/control_socket.h"
#include "edge/folder.h"
#include "edge/history_rocks.h"
#include "edge/http_server.h"
#include "edge/log_files.h"
#include "edge/mqtt_server.h"
#include "edge/outbox.h"
#include "edge/secrets.h"
#include "edge/source_runner.h"
#include "edge/static_files.h"
#include "serve/live.h"

namespace cityloop {

struct Server::Parts {
  ServerOptions options;
  bool fresh = false;
  std::uint64_t replayed = 0;
  std::string epoch;
  CitySettings city_settings;

  std::unique_ptr<DataFolder> folder;
  std::unique_ptr<CityClock> clock;
  std::unique_ptr<LogFiles> log;
  std::unique_ptr<CheckpointsFiles> checkpoints;
  std::unique_ptr<Journal> journal;
  std::unique_ptr<HistoryRocks> history;
  std::unique_ptr<Attachments> attachments;
  std::unique_ptr<City> city;
  std::unique_ptr<Loop> loop;

  // doors
  std::unique_ptr<Workers> workers;
  std::unique_ptr<Api> api;
  std::unique_ptr<LiveFeed> feed;
  std::unique_ptr<StaticFiles> web, geo;
  std::unique_ptr<HttpServer> http;
  std::unique_ptr<MqttServer> mqtt;
  std::unique_ptr<SourceRunner> sources;
  std::unique_ptr<OutboxSender> outbox;
  std::unique_ptr<ControlServer> control;
  std::unique_ptr<Retention> retention;           // of the workers, one run at a time
  std::atomic<bool> forgetting{false};
  Time forget_at{};                               // of the pulse
  std::atomic<LiveFeed*> published{nullptr};      // for the journal thread, which starts before the doors open
  std::atomic<OutboxSender*> woken{nullptr};
  std::atomic<bool> effects{true};  // device commands may wait; true at the start, for those of the run before
  std::chrono::steady_clock::time_point commands_again = std::chrono::steady_clock::time_point::max();
  std::atomic<std::uint64_t> rate_total{0};
  std::atomic<double> rate{0};
  std::atomic<bool> stopping{false};
  std::thread pulse;                              // ticks the feed and follows the sources' table

  ~Parts() { close_doors(); }

  Result<void> settle_city();                     // DIR/city.json: what is fixed for the life of the folder
  Result<void> first_inputs(Server& server, Time down_since, const std::function<void(const std::string&)>& say);
  Result<void> lay_districts(Server& server);
  Result<void> ship_calendar(Server& server);
  Result<void> ship_formulas(Server& server);
  Result<void> ship_classes(Server& server);
  CityFace face(Server& server);
  std::string notice_key(std::string_view notice) const;
  std::optional<Time> expected(const std::vector<std::string>& limits) const;
  void carry_commands();
  void forget_the_old(Server& server);
  void run_pulse(Server& server);
  void close_doors();
};

std::uint64_t seed_of_system();

}  // namespace cityloop
