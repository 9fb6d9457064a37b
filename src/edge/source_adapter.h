// SPDX-License-Identifier: Apache-2.0
// What the adapters of source_runner.h share: the way to the city, and a thread that can be told to stop. Internal to edge.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "edge/source_runner.h"

namespace cityloop {

struct SourceCounts {
  std::atomic<std::uint64_t> connected{0}, payloads{0}, undecodable{0}, failures{0};
};

class SourceAdapter {
 public:
  SourceAdapter(SourceSpec source, const SourceCity& city, SourceCounts& counts);
  virtual ~SourceAdapter() = default;  // stop() first
  void start();
  void stop();
  const SourceSpec& source() const { return source_; }

 protected:
  virtual void run() = 0;              // until stopped(); on the adapter's thread

  const std::atomic<bool>& stopped() const { return stopped_; }
  void rest(Millis wait);              // sleeps, or until stop
  // Decodes one payload behind what waits in `batch`; one that has another form becomes a flaw, so that it is seen.
  void decode(ReadingBatch& batch, std::string_view topic, std::string_view payload);
  void decode_failed(ReadingBatch& batch, const Error& error, std::string_view payload);
  // Offers the batch until the city has taken it (then it is empty). False: stopped, or the city failed; not durable.
  bool deliver(ReadingBatch& batch);
  void connected();                    // tells the city, when that is news
  void disconnected(const std::string& why);

  const SourceSpec source_;
  const SourceCity& city_;
  SourceCounts& counts_;

 private:
  enum class Told : std::uint8_t { nothing, connected, disconnected };
  int offer_and_wait(const Input& input);  // the answer's status; 0: stopped
  void tell(bool up, std::string why);

  Told told_ = Told::nothing;
  std::string told_why_;
  std::uint32_t next_index_ = 0;
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
};

std::unique_ptr<SourceAdapter> mqtt_source(SourceSpec source, const SourceCity& city, SourceCounts& counts);
std::unique_ptr<SourceAdapter> http_source(SourceSpec source, const SourceCity& city, SourceCounts& counts);
std::unique_ptr<SourceAdapter> folder_source(SourceSpec source, const SourceCity& city, SourceCounts& counts);

}  // namespace cityloop
