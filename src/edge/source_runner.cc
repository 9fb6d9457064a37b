// SPDX-License-Identifier: Apache-2.0
#include "edge/source_runner.h"

#include <algorithm>
#include <map>

#include "core/limits.h"
#include "edge/mqtt_intake.h"
#include "edge/net.h"
#include "edge/source_adapter.h"

namespace cityloop {

namespace {

constexpr std::size_t kRawKept = 4'096;
constexpr Millis kFirstWait{100};
constexpr Millis kLongestWait{5'000};

bool is_later(int status) { return status == 429 || status == 503 || status == 507; }

class ThreadedRunner : public SourceRunner {
 public:
  explicit ThreadedRunner(SourceCity city) : city_(std::move(city)) {}
  ~ThreadedRunner() override { stop(); }

  void update(const std::vector<SourceSpec>& sources) override {
    std::map<std::string, const SourceSpec*> wanted;
    for (const SourceSpec& source : sources)
      if (!std::holds_alternative<PushTransport>(source.transport)) wanted[source.name] = &source;
    for (auto at = adapters_.begin(); at != adapters_.end();) {
      const auto found = wanted.find(at->first);
      if (found != wanted.end() && found->second->text == at->second->source().text) {
        ++at;
        continue;
      }
      at->second->stop();
      at = adapters_.erase(at);
    }
    for (const auto& [name, source] : wanted) {
      if (adapters_.contains(name)) continue;
      auto adapter = adapter_of(*source);
      adapter->start();
      adapters_.emplace(name, std::move(adapter));
    }
    count_ = adapters_.size();
  }

  void stop() override {
    for (const auto& [_, adapter] : adapters_) adapter->stop();
    adapters_.clear();
    count_ = 0;
  }

  Counters counters() const override {
    return {count_, counts_.connected, counts_.payloads, counts_.undecodable, counts_.failures};
  }

 private:
  std::unique_ptr<SourceAdapter> adapter_of(const SourceSpec& source) {
    if (std::holds_alternative<MqttTransport>(source.transport)) return mqtt_source(source, city_, counts_);
    if (std::holds_alternative<HttpTransport>(source.transport)) return http_source(source, city_, counts_);
    return folder_source(source, city_, counts_);
  }

  SourceCity city_;
  SourceCounts counts_;
  std::map<std::string, std::unique_ptr<SourceAdapter>> adapters_;
  std::atomic<std::uint64_t> count_{0};
};

}  // namespace

SourceAdapter::SourceAdapter(SourceSpec source, const SourceCity& city, SourceCounts& counts)
    : source_(std::move(source)), city_(city), counts_(counts) {}

void SourceAdapter::start() {
  thread_ = std::thread([this] {
    net::name_thread(("src-" + source_.name).substr(0, 15).c_str());
    run();
    if (told_ == Told::connected) --counts_.connected;
  });
}

void SourceAdapter::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void SourceAdapter::rest(Millis wait) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, wait, [this] { return stopped_.load(); });
}

void SourceAdapter::decode(ReadingBatch& batch, std::string_view topic, std::string_view payload) {
  ++counts_.payloads;
  Result<ReadingBatch> decoded = city_.decode(source_, topic, payload);
  if (!decoded) return decode_failed(batch, decoded.error(), payload);
  mqtt::append_batch(batch, *decoded, next_index_++);
}

void SourceAdapter::decode_failed(ReadingBatch& batch, const Error& error, std::string_view payload) {
  ++counts_.undecodable;
  batch.flaws.push_back({next_index_++, std::string(error.code->name), error.detail, std::string(payload.substr(0, kRawKept))});
}

int SourceAdapter::offer_and_wait(const Input& input) {
  struct Heard {
    std::mutex mutex;
    std::condition_variable changed;
    int status = 0;
  };
  const auto heard = std::make_shared<Heard>();
  city_.offer(input, [heard](const Answer& answer) {
    const std::lock_guard lock(heard->mutex);
    heard->status = answer.status;
    heard->changed.notify_all();
  });
  std::unique_lock lock(heard->mutex);
  while (heard->status == 0 && !stopped_) heard->changed.wait_for(lock, kFirstWait);
  return heard->status;
}

bool SourceAdapter::deliver(ReadingBatch& batch) {
  next_index_ = 0;
  if (batch.size() == 0) return true;
  ReadingsIn in;
  in.principal = "source:" + source_.name;
  in.source = source_.name;
  in.arrival = city_.now();
  in.batch = std::move(batch);
  batch = {};
  for (Millis wait = kFirstWait; !stopped_; wait = std::min(wait * 2, kLongestWait)) {
    const int status = offer_and_wait(in);
    if (status != 0 && status < 500 && status != 429) return true;  // what was bad in it is in quarantine now
    if (!is_later(status)) return false;
    rest(wait);
  }
  return false;
}

void SourceAdapter::tell(bool up, std::string why) {
  for (Millis wait = kFirstWait; !stopped_; wait = std::min(wait * 2, kLongestWait)) {
    const int status = offer_and_wait(PresenceIn{"source:" + source_.name, up, why, city_.now()});
    if (!is_later(status)) return;
    rest(wait);
  }
}

void SourceAdapter::connected() {
  if (told_ == Told::connected) return;
  told_ = Told::connected;
  ++counts_.connected;
  tell(true, "connected");
}

void SourceAdapter::disconnected(const std::string& why) {
  if (told_ == Told::connected) --counts_.connected;
  ++counts_.failures;
  if (told_ == Told::disconnected && told_why_ == why) return;
  told_ = Told::disconnected;
  told_why_ = why;
  tell(false, why);
}

std::unique_ptr<SourceRunner> SourceRunner::create(SourceCity city) { return std::make_unique<ThreadedRunner>(std::move(city)); }

}  // namespace cityloop
