// SPDX-License-Identifier: Apache-2.0
// A city for tests of the device listener: keeps what it is offered, answers from its own thread as the test says.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "core/errors.h"
#include "edge/mqtt_server.h"

namespace cityloop {

class FakeCity {
 public:
  using AnswerOf = std::function<Answer(const Input&)>;

  FakeCity() : thread_([this] { run(); }) {
    auto table = std::make_shared<AccessTable>();
    table->credentials["gw"] = credential("gw", {"tank-*"});
    table->credentials["off"] = credential("off", {"*"});
    table->credentials["off"].enabled = false;
    access_ = std::move(table);
  }
  ~FakeCity() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  // SHA-256 of `secret`.
  static Credential credential(std::string id, std::vector<std::string> assets) {
    Credential out;
    out.id = std::move(id);
    out.assets = std::move(assets);
    out.hash = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
    return out;
  }

  MqttCity face() {
    MqttCity city;
    city.offer = [this](Input input, std::function<void(Answer)> done) {
      const std::lock_guard lock(mutex_);
      waiting_.emplace_back(std::move(input), std::move(done));
      changed_.notify_all();
    };
    city.access = [this] {
      const std::lock_guard lock(mutex_);
      return access_;
    };
    city.now = [] { return from_ms(1'700'000'000'000); };
    city.decode_readings = [](std::string_view asset, std::string_view payload) -> Result<ReadingBatch> {
      if (payload == "huge") return fail(errors::kTooMany, "too many");
      ReadingBatch batch;
      if (payload == "bad") {
        batch.flaws.push_back({0, "payload.undecodable", "bad", "bad"});
        return batch;
      }
      batch.text = std::string(asset) + "v" + std::string(payload);
      const auto size = static_cast<std::uint32_t>(asset.size());
      batch.messages.push_back({0, size, 0, 1, 0, size + 1, static_cast<std::uint32_t>(payload.size()), 0, kNoTime});
      batch.samples.push_back({size, 1, 0, 0, 1});
      return batch;
    };
    city.decode_records = [](std::string_view asset, std::string_view payload) -> Result<std::vector<RecordIn>> {
      RecordIn record;
      record.asset = asset;
      record.fields = payload;
      return std::vector<RecordIn>{record};
    };
    city.decode_results = city.decode_records;
    city.matches = [](std::string_view pattern, std::string_view asset) {
      if (pattern.ends_with('*')) return asset.starts_with(pattern.substr(0, pattern.size() - 1));
      return pattern == asset;
    };
    return city;
  }

  void answer_with(AnswerOf answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  void hold(bool on) {
    const std::lock_guard lock(mutex_);
    held_ = on;
    changed_.notify_all();
  }
  void change_access(const std::function<void(AccessTable&)>& change) {
    const std::lock_guard lock(mutex_);
    auto table = std::make_shared<AccessTable>(*access_);
    change(*table);
    access_ = std::move(table);
  }
  // What was accepted, in order: `asset=payload` of readings and records.
  std::vector<std::string> values() {
    const std::lock_guard lock(mutex_);
    return values_;
  }
  std::vector<PresenceIn> presence() {
    const std::lock_guard lock(mutex_);
    return presence_;
  }
  std::size_t waiting() {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }
  std::size_t inputs() {
    const std::lock_guard lock(mutex_);
    return inputs_;
  }

  // The document of architecture §5: every flaw and every `v` of a payload `q…` is quarantined.
  static Answer usual(const Input& input) {
    Answer answer;
    std::string bad;
    if (const auto* readings = std::get_if<ReadingsIn>(&input)) {
      for (const auto& flaw : readings->batch.flaws)
        bad += (bad.empty() ? "" : ",") + std::string("{\"index\":") + std::to_string(flaw.index) + ",\"code\":\"x\",\"detail\":\"\"}";
      for (const auto& message : readings->batch.messages)
        if (readings->batch.raw_of(message).starts_with("q"))
          bad += (bad.empty() ? "" : ",") + std::string("{\"index\":") + std::to_string(message.index) + ",\"point\":\"v\",\"code\":\"x\"}";
    }
    answer.body = "{\"accepted\":1,\"duplicate\":0,\"corrected\":0,\"quarantined\":[" + bad + "]}";
    return answer;
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopped_ || (!held_ && !waiting_.empty()); });
      if (stopped_) return;
      auto [input, done] = std::move(waiting_.front());
      waiting_.pop_front();
      ++inputs_;
      const Answer answer = answer_(input);
      if (answer.status < 400) note(input);
      lock.unlock();
      done(answer);
      lock.lock();
    }
  }
  void note(const Input& input) {
    if (const auto* readings = std::get_if<ReadingsIn>(&input)) {
      for (const auto& message : readings->batch.messages)
        values_.push_back(std::string(readings->batch.asset_of(message)) + "=" + std::string(readings->batch.raw_of(message)));
    } else if (const auto* records = std::get_if<RecordsIn>(&input)) {
      for (const auto& record : records->records) values_.push_back(record.asset + "=" + record.fields);
    } else if (const auto* one = std::get_if<PresenceIn>(&input)) {
      presence_.push_back(*one);
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<Input, std::function<void(Answer)>>> waiting_;
  std::shared_ptr<const AccessTable> access_;
  AnswerOf answer_ = usual;
  std::vector<std::string> values_;
  std::vector<PresenceIn> presence_;
  std::size_t inputs_ = 0;
  bool held_ = false, stopped_ = false;
  std::thread thread_;
};

}  // namespace cityloop
