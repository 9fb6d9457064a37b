// SPDX-License-Identifier: Apache-2.0
// Sources of all three kinds: our own server as the polled system, a real folder, a real Mosquitto.
#include "edge/source_runner.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>

#include "edge/broker_test.h"
#include "edge/http_server.h"
#include "edge/scratch_test.h"

namespace cityloop {
namespace {

namespace fs = std::filesystem;

class SourceRunnerTest : public testing::Test {
 protected:
  void SetUp() override {
    SourceCity city;
    city.offer = [this](const Input& input, const std::function<void(Answer)>& done) { done(take(input)); };
    city.now = [] { return from_ms(1'000); };
    city.decode = [](const SourceSpec&, std::string_view topic, std::string_view payload) -> Result<ReadingBatch> {
      if (payload.starts_with("bad")) return fail(errors::kUndecodable, "not the expected form");
      ReadingBatch batch;
      batch.text = std::string(topic) + "|" + std::string(payload);
      batch.messages.push_back({0, static_cast<std::uint32_t>(batch.text.size()), 0, 0, 0, 0, 0, 0, kNoTime});
      return batch;
    };
    city.next_page = [](const SourceSpec&, std::string_view payload) -> std::optional<std::string> {
      const std::size_t at = payload.find("next=");
      if (at == std::string_view::npos) return std::nullopt;
      return std::string(payload.substr(at + 5));
    };
    city.environment = [](const std::string& variable) { return variable == "TOKEN" ? std::string("t1") : std::string(); };
    city.state_folder = scratch_.path();
    runner_ = SourceRunner::create(std::move(city));
  }
  void TearDown() override { runner_->stop(); }

  Answer take(const Input& input) {
    const std::lock_guard lock(mutex_);
    if (refusals_ > 0) {
      --refusals_;
      return Answer{503, "server.overloaded", "", "", 0, 0};
    }
    if (const auto* readings = std::get_if<ReadingsIn>(&input)) {
      if (failures_ > 0) {
        --failures_;
        return Answer{500, "internal", "", "", 0, 0};
      }
      for (const auto& message : readings->batch.messages) values_.emplace_back(readings->batch.asset_of(message));
      for (const auto& flaw : readings->batch.flaws) flaws_.push_back(flaw.code);
      principals_.push_back(readings->principal);
    } else if (const auto* presence = std::get_if<PresenceIn>(&input)) {
      presence_.push_back(*presence);
    }
    return Answer{};
  }
  std::vector<std::string> values() {
    const std::lock_guard lock(mutex_);
    return values_;
  }
  std::vector<PresenceIn> presence() {
    const std::lock_guard lock(mutex_);
    return presence_;
  }
  bool has(const std::string& value) {
    const auto all = values();
    return std::find(all.begin(), all.end(), value) != all.end();
  }
  static SourceSpec spec(std::string name, decltype(SourceSpec::transport) transport, PayloadForm form = PayloadForm::json) {
    SourceSpec source;
    source.name = std::move(name);
    source.transport = std::move(transport);
    source.decode.form = form;
    source.text = source.name;
    return source;
  }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories(scratch_.path() + "/in");
    std::ofstream(scratch_.path() + "/in/" + name, std::ios::binary) << text;
  }

  Scratch scratch_;
  std::mutex mutex_;
  std::vector<std::string> values_, flaws_, principals_;
  std::vector<PresenceIn> presence_;
  int refusals_ = 0, failures_ = 0;
  std::unique_ptr<SourceRunner> runner_;
};

TEST_F(SourceRunnerTest, PollsPagesAndTellsUnchangedAnswers) {
  std::atomic<int> unchanged{0};
  std::atomic<bool> down{false};
  auto server = HttpServer::create({.port = 0}, [&](HttpRequest request, const Respond& respond) {
    HttpResponse response;
    if (down) {
      response.status = 500;
    } else if (request.headers["authorization"] != "Bearer t1") {
      response.status = 401;
    } else if (request.path == "/same") {
      response.headers.emplace_back("ETag", "\"1\"");
      response.body = "same";
      if (request.headers["if-none-match"] == "\"1\"") {
        response.status = 304;
        ++unchanged;
      }
    } else if (request.query.empty()) {
      response.body = "one next=/pages?page=2";
    } else {
      response.body = "two";
    }
    respond(std::move(response));
  }, std::shared_ptr<SocketFeed>(), {}).value();
  const std::string base = "http://127.0.0.1:" + std::to_string(server->port());
  HttpTransport pages;
  pages.url = base + "/pages";
  pages.interval = Millis{30};
  pages.token_env = "TOKEN";
  pages.next = "next";
  HttpTransport same = pages;
  same.url = base + "/same";
  same.next = "";
  runner_->update({spec("pages", pages), spec("same", same), spec("push", PushTransport{})});
  ASSERT_TRUE(soon([&] { return has("|one next=/pages?page=2") && has("|two") && unchanged > 2; }));
  EXPECT_EQ(std::count(values_.begin(), values_.end(), "|same"), 1);
  EXPECT_EQ(runner_->counters().sources, 2u);
  EXPECT_EQ(runner_->counters().connected, 2u);
  down = true;
  ASSERT_TRUE(soon([&] { return presence().size() == 4; }));
  EXPECT_FALSE(presence().back().connected);
  EXPECT_EQ(presence().back().reason, "the source answers HTTP 500");
  runner_->update({});
  EXPECT_EQ(runner_->counters().connected, 0u);
  server->stop();
}

TEST_F(SourceRunnerTest, NextPageStaysOnItsHost) {
  auto server = HttpServer::create({.port = 0}, [&](const HttpRequest&, const Respond& respond) {
    HttpResponse response;
    response.body = "one next=http://elsewhere.example/";
    respond(std::move(response));
  }, std::shared_ptr<SocketFeed>(), {}).value();
  HttpTransport how;
  how.url = "http://127.0.0.1:" + std::to_string(server->port()) + "/";
  how.next = "next";
  runner_->update({spec("p", how)});
  ASSERT_TRUE(soon([&] { return presence().size() == 1; }));
  EXPECT_EQ(presence()[0].reason, "the next page lies on another host: elsewhere.example");
  runner_->stop();
  server->stop();
}

TEST_F(SourceRunnerTest, ReadsFilesOnceTheyAreWhole) {
  write("a.json", "first");
  write("b.txt", "not ours");
  FolderTransport how;
  how.path = scratch_.path() + "/in";
  how.pattern = "*.json";
  how.interval = Millis{40};
  {
    const std::lock_guard lock(mutex_);
    refusals_ = 2;  // nothing is lost when the city is busy
  }
  runner_->update({spec("files", how)});
  ASSERT_TRUE(soon([&] { return has("a.json|first"); }));
  write("broken.json", "bad bytes");
  ASSERT_TRUE(soon([&] {
    const std::lock_guard lock(mutex_);
    return flaws_ == std::vector<std::string>{"payload.undecodable"};
  }));
  write("a.json", "second");
  ASSERT_TRUE(soon([&] { return has("a.json|second"); }));
  runner_->update({});
  runner_->update({spec("files", how)});  // remembers across restarts
  std::this_thread::sleep_for(Millis{200});
  EXPECT_EQ(values().size(), 2u);
  EXPECT_EQ(principals_.at(0), "source:files");
}

TEST_F(SourceRunnerTest, MovesFilesAwayAndCutsLargeOnes) {
  std::string text = "time,ch4\n";
  while (text.size() < (5u << 20)) text += "2022-08-22T06:00:00Z,31.5\n";
  write("large.csv", text);
  write("small.csv", "time,ch4\n");
  FolderTransport how;
  how.path = scratch_.path() + "/in";
  how.pattern = "*.csv";
  how.interval = Millis{40};
  how.move = true;
  {
    const std::lock_guard lock(mutex_);
    failures_ = 1;  // the file stays until the city has it
  }
  runner_->update({spec("files", how, PayloadForm::csv)});
  ASSERT_TRUE(soon([&] { return fs::exists(scratch_.path() + "/in/done/large.csv") && fs::exists(scratch_.path() + "/in/done/small.csv"); }));
  EXPECT_FALSE(fs::exists(scratch_.path() + "/in/large.csv"));
  std::size_t bytes = 0, pieces = 0;
  for (const std::string& one : values()) {
    if (!one.starts_with("large.csv|")) continue;
    EXPECT_TRUE(one.starts_with("large.csv|time,ch4\n"));
    EXPECT_TRUE(one.ends_with("31.5\n"));
    bytes += one.size() - std::string("large.csv|time,ch4\n").size();
    ++pieces;
  }
  EXPECT_EQ(pieces, 3u);
  EXPECT_EQ(bytes, text.size() - 9);
}

TEST_F(SourceRunnerTest, FolderThatIsMissing) {
  FolderTransport how;
  how.path = scratch_.path() + "/nowhere";
  how.interval = Millis{20};
  runner_->update({spec("files", how)});
  ASSERT_TRUE(soon([&] { return presence().size() == 1; }));
  EXPECT_FALSE(presence()[0].connected);
  std::this_thread::sleep_for(Millis{100});
  EXPECT_EQ(presence().size(), 1u);  // said once
}

TEST_F(SourceRunnerTest, HearsABrokerAndLosesNothing) {
  ASSERT_TRUE(Broker::installed()) << "this test needs the package mosquitto";
  Broker broker(scratch_.path());
  const std::string port = std::to_string(broker.port());
  MqttTransport how;
  how.url = "mqtt://127.0.0.1:" + port;
  how.topics = {"vendor/+/up"};
  how.client_id = "city-test";
  runner_->update({spec("broker", how)});
  ASSERT_TRUE(soon([&] { return presence().size() == 1 && presence()[0].connected; }));
  const auto publish = [&](const std::string& text) {
    return run_program({"mosquitto_pub", "-h", "127.0.0.1", "-p", port, "-t", "vendor/d1/up", "-q", "1", "-m", text});
  };
  ASSERT_EQ(publish("one"), 0);
  ASSERT_TRUE(soon([&] { return has("vendor/d1/up|one"); }));
  {
    const std::lock_guard lock(mutex_);
    failures_ = 1;  // the city fails: nothing is acknowledged, the broker sends it again after the reconnection
  }
  ASSERT_EQ(publish("two"), 0);
  ASSERT_TRUE(soon([&] { return has("vendor/d1/up|two"); }));
  runner_->update({});
  ASSERT_EQ(publish("three"), 0);  // kept by the broker while we are away
  runner_->update({spec("broker", how)});
  ASSERT_TRUE(soon([&] { return has("vendor/d1/up|three"); }));
  const std::size_t before = presence().size();
  broker.stop();
  ASSERT_TRUE(soon([&] { return presence().size() > before && !presence().back().connected; }));
  broker.start();
  ASSERT_TRUE(soon([&] { return presence().back().connected; }));
  ASSERT_EQ(publish("four"), 0);
  ASSERT_TRUE(soon([&] { return has("vendor/d1/up|four"); }));
}

}  // namespace
}  // namespace cityloop
