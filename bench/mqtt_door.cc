// SPDX-License-Identifier: Apache-2.0
// The device listener alone: the real decoder, and a city that takes everything in turns of two milliseconds, about what a synced
// Log costs. Shows what the door itself can do; `mqtt_load` is the other side, the whole program is measured elsewhere.
//   mqtt_door            prints its port, runs until its input ends
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "edge/mqtt_server.h"
#include "sense/decode.h"

namespace {

using namespace cityloop;

class TurningCity {
 public:
  void offer(const Input&, std::function<void(Answer)> done) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(done));
    changed_.notify_one();
  }
  void run() {
    std::unique_lock lock(mutex_);
    while (!over_) {
      changed_.wait(lock, [this] { return over_ || !waiting_.empty(); });
      std::vector<std::function<void(Answer)>> turn;
      turn.swap(waiting_);
      lock.unlock();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      Answer answer;
      answer.body = R"({"accepted":1,"duplicate":0,"corrected":0,"quarantined":[]})";
      for (const auto& done : turn) done(answer);
      lock.lock();
    }
  }
  void end() {
    const std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::function<void(Answer)>> waiting_;
  bool over_ = false;
};

}  // namespace

int main() {
  TurningCity turning;
  auto table = std::make_shared<AccessTable>();
  Credential credential;
  credential.id = "gw";
  credential.assets = {"*"};
  credential.hash = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";  // SHA-256 of `secret`
  table->credentials["gw"] = credential;
  MqttCity city;
  city.offer = [&](Input input, std::function<void(Answer)> done) { turning.offer(input, std::move(done)); };
  city.access = [&]() -> std::shared_ptr<const AccessTable> { return table; };
  city.now = [] { return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()); };
  city.decode_readings = decode_readings_for;
  city.decode_records = decode_records_for;
  city.matches = [](std::string_view, std::string_view) { return true; };
  MqttServerOptions options;
  options.port = 0;
  auto server = MqttServer::create(options, city);
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().detail.c_str());
    return 1;
  }
  std::thread turns([&] { turning.run(); });
  std::printf("%u\n", static_cast<unsigned>((*server)->port()));
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  (*server)->stop();
  turning.end();
  turns.join();
  const auto counters = (*server)->counters();
  std::fprintf(stderr, "publishes %llu, held %llu, refused %llu\n", static_cast<unsigned long long>(counters.publishes),
               static_cast<unsigned long long>(counters.held), static_cast<unsigned long long>(counters.refused));
  return 0;
}
