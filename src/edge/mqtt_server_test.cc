// SPDX-License-Identifier: Apache-2.0
// The device listener over real sockets, spoken to byte by byte. Foreign clients: mqtt_foreign_test.cc.
#include "edge/mqtt_server.h"

#include <gtest/gtest.h>

#include "edge/fake_city_test.h"
#include "edge/mqtt_packets_test.h"
#include "edge/probe_test.h"

namespace cityloop {
namespace {

namespace p = packets;

class MqttServerTest : public testing::Test {
 protected:
  void SetUp() override {
    MqttServerOptions options;
    options.port = 0;
    options.connect_timeout = Millis{400};
    auto created = MqttServer::create(options, city_.face());
    ASSERT_TRUE(created.has_value()) << created.error().detail;
    server_ = std::move(created).value();
  }
  void TearDown() override {
    city_.hold(false);
    server_->stop();
  }

  // A connected client; the CONNACK was read.
  std::unique_ptr<Probe> device(const p::Hello& hello = {}, bool present = false) {
    auto probe = std::make_unique<Probe>(server_->port());
    probe->say(p::connect(hello));
    const std::string head = probe->hear_bytes(2);
    const std::string rest = probe->hear_bytes(head.size() == 2 ? static_cast<std::size_t>(head[1]) : 0);
    EXPECT_EQ(head.substr(0, 1), "\x20");
    EXPECT_EQ(rest.substr(0, 2), std::string({present ? '\1' : '\0', '\0'}));
    return probe;
  }
  static std::string reading(int id, const std::string& value, const std::string& asset = "tank-1", int qos = 1, int version = 4) {
    return p::publish({.version = version, .topic = "city/v1/" + asset + "/readings", .payload = value, .qos = qos, .id = id});
  }
  int refused(const p::Hello& hello) {
    Probe probe(server_->port());
    probe.say(p::connect(hello));
    const std::string answer = probe.hear_all();
    EXPECT_TRUE(probe.closed());
    return answer.size() < 4 ? -1 : static_cast<unsigned char>(answer[3]);
  }

  FakeCity city_;
  std::unique_ptr<MqttServer> server_;
};

TEST_F(MqttServerTest, AcknowledgesOnlyWhatIsDurable) {
  auto probe = device();
  city_.hold(true);
  probe->say(reading(7, "a"));
  EXPECT_EQ(probe->hear_bytes(4, 150), "");
  city_.hold(false);
  EXPECT_EQ(probe->hear_bytes(4), p::ack(0x40, 7));
  EXPECT_EQ(city_.values(), std::vector<std::string>{"tank-1=a"});
}

TEST_F(MqttServerTest, OneGulpIsOneInputAndAcksKeepTheirOrder) {
  auto probe = device();
  ASSERT_TRUE(soon([&] { return city_.inputs() == 1; }));  // its presence
  city_.hold(true);
  std::string all, acks;
  for (int i = 1; i <= 100; ++i) {
    const bool record = i % 10 == 0;
    all += record ? p::publish({.topic = "city/v1/tank-2/records", .payload = "r", .id = i}) : reading(i, "v");
    acks += p::ack(0x40, i);
  }
  probe->say(all);
  ASSERT_TRUE(soon([&] { return city_.waiting() == 2; }));
  city_.hold(false);
  EXPECT_EQ(probe->hear_bytes(acks.size()), acks);
  EXPECT_EQ(city_.values().size(), 100u);
  EXPECT_EQ(city_.inputs(), 3u);
}

TEST_F(MqttServerTest, PublishesInSingleBytes) {
  auto probe = device();
  const std::string bytes = reading(1, "slow") + p::pingreq();
  for (const char byte : bytes) probe->say({&byte, 1});
  EXPECT_EQ(probe->hear_bytes(6).size(), 6u);
  EXPECT_EQ(city_.values(), std::vector<std::string>{"tank-1=slow"});
}

TEST_F(MqttServerTest, QosZeroIsForgottenUnderOverload) {
  auto probe = device();
  ASSERT_TRUE(soon([&] { return city_.inputs() == 1; }));
  city_.answer_with([](const Input&) { return Answer{503, "server.overloaded", "", "", 0, 0}; });
  probe->say(reading(0, "x", "tank-1", 0));
  ASSERT_TRUE(soon([&] { return server_->counters().dropped_qos0 == 1; }));
  city_.answer_with(FakeCity::usual);
  probe->say(reading(0, "y", "tank-1", 0));
  ASSERT_TRUE(soon([&] { return city_.values() == std::vector<std::string>{"tank-1=y"}; }));
}

TEST_F(MqttServerTest, RefusedInputsAreOfferedAgainAndReadingStops) {
  auto probe = device();
  ASSERT_TRUE(soon([&] { return city_.inputs() == 1; }));
  std::atomic<int> refusals{0};
  city_.answer_with([&](const Input& input) {
    if (++refusals <= 3) return Answer{429, "rate.limited", "", "", 0, 0};
    return FakeCity::usual(input);
  });
  probe->say(reading(1, "a"));
  ASSERT_TRUE(soon([&] { return server_->counters().held == 1; }));
  probe->say(reading(2, "b"));
  EXPECT_EQ(probe->hear_bytes(8), p::ack(0x40, 1) + p::ack(0x40, 2));
  EXPECT_EQ(refusals, 5);  // the second publish was not even read while the first one waited
  EXPECT_EQ(city_.values(), (std::vector<std::string>{"tank-1=a", "tank-1=b"}));
}

TEST_F(MqttServerTest, ServerFailureEndsWithoutAcknowledgement) {
  auto probe = device();
  city_.answer_with([](const Input&) { return Answer{500, "internal", "", "", 0, 0}; });
  probe->say(reading(1, "a"));
  EXPECT_EQ(probe->hear_all(), "");
  EXPECT_TRUE(probe->closed());
}

TEST_F(MqttServerTest, BadPayloadIsQuarantinedAndTold) {
  auto old = device();
  old->say(reading(1, "bad"));
  EXPECT_EQ(old->hear_bytes(4), p::ack(0x40, 1));
  auto modern = device({.version = 5, .client = "c5"});
  modern->say(reading(1, "good", "tank-1", 1, 5) + reading(2, "bad", "tank-1", 1, 5) + reading(3, "q", "tank-1", 1, 5) +
              reading(4, "huge", "tank-1", 1, 5));
  EXPECT_EQ(modern->hear_bytes(4 + 5 + 5 + 5), p::ack(0x40, 1) + p::packet(0x40, std::string("\0\2\x99", 3)) +
                                                p::packet(0x40, std::string("\0\3\x99", 3)) + p::packet(0x40, std::string("\0\4\x99", 3)));
}

TEST_F(MqttServerTest, ForeignTopics) {
  auto old = device();
  old->say(reading(1, "mine") + reading(2, "theirs", "pump-9"));
  const std::string heard = old->hear_all();
  EXPECT_TRUE(heard.empty() || heard == p::ack(0x40, 1));
  EXPECT_TRUE(old->closed());
  for (const char* topic : {"city/v1/tank-1/commands", "city/v1/tank-1", "other", "city/v1/t k/readings"}) {
    auto probe = device();
    probe->say(p::publish({.topic = topic, .payload = "x"}));
    probe->hear_all();
    EXPECT_TRUE(probe->closed()) << topic;
  }
  auto modern = device({.version = 5, .client = "c5"});
  modern->say(reading(2, "theirs", "pump-9", 1, 5));
  EXPECT_EQ(modern->hear_bytes(5), p::packet(0x40, std::string("\0\2\x87", 3)));
  modern->say(reading(3, "theirs", "pump-9", 2, 5));
  EXPECT_EQ(modern->hear_bytes(5), p::packet(0x50, std::string("\0\3\x87", 3)));
}

TEST_F(MqttServerTest, QosTwoIsTakenOnce) {
  auto probe = device({.clean = false});
  const std::string first = p::publish({.topic = "city/v1/tank-1/readings", .payload = "once", .qos = 2, .id = 9});
  const std::string again = p::publish({.topic = "city/v1/tank-1/readings", .payload = "once", .qos = 2, .id = 9, .duplicate = true});
  city_.hold(true);
  probe->say(first);
  ASSERT_TRUE(soon([&] { return city_.waiting() >= 1; }));
  auto back = device({.clean = false}, true);  // takes over
  back->say(again);
  EXPECT_EQ(back->hear_bytes(4, 100), "");
  city_.hold(false);
  EXPECT_EQ(back->hear_bytes(4), p::ack(0x50, 9));
  back->say(again);
  EXPECT_EQ(back->hear_bytes(4), p::ack(0x50, 9));
  back->say(p::ack(0x62, 9));
  EXPECT_EQ(back->hear_bytes(4), p::ack(0x70, 9));
  back->say(first);  // a new one that uses the id again
  EXPECT_EQ(back->hear_bytes(4), p::ack(0x50, 9));
  EXPECT_EQ(city_.values(), (std::vector<std::string>{"tank-1=once", "tank-1=once"}));
}

TEST_F(MqttServerTest, WrongCredentialsAndLockOut) {
  EXPECT_EQ(refused({.user = "", .password = ""}), 5);
  EXPECT_EQ(refused({.version = 5, .password = "wrong"}), 0x86);
  EXPECT_EQ(refused({.version = 5, .user = "nobody"}), 0x86);
  EXPECT_EQ(refused({.version = 5, .user = "off"}), 0x87);
  EXPECT_EQ(refused({.user = "off"}), 5);
  EXPECT_EQ(refused({.client = "", .clean = false}), 2);
  EXPECT_EQ(refused({.version = 5, .client = std::string(200, 'x')}), 0x85);
  EXPECT_EQ(refused({.version = 3}), 1);
  EXPECT_EQ(refused({.will_topic = "city/v1/other/status"}), 5);
  EXPECT_EQ(refused({.version = 5, .will_topic = "city/v1/other/status"}), 0x90);
  for (int i = 0; i < limits::kLoginFailures; ++i) refused({.version = 5, .password = "wrong"});
  EXPECT_EQ(refused({.version = 5}), 0x8A);  // even the right secret waits
  EXPECT_GE(server_->counters().logins_refused, 10u);
}

TEST_F(MqttServerTest, OldSecretIsGoodUntilItsTime) {
  city_.change_access([](AccessTable& table) {
    Credential& credential = table.credentials["gw"];
    credential.old_hash = credential.hash;
    credential.hash = std::string(64, '0');
    credential.old_until = from_ms(1'700'000'000'001);
  });
  ASSERT_TRUE(soon([&] { return server_->counters().open == 0; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  device();
  city_.change_access([](AccessTable& table) { table.credentials["gw"].old_until = from_ms(1'700'000'000'000); });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(refused({}), 5);
}

TEST_F(MqttServerTest, RevokedCredentialsAreCutOff) {
  auto old = device();
  auto modern = device({.version = 5, .client = "c5"});
  city_.change_access([](AccessTable& table) { table.credentials["gw"].enabled = false; });
  EXPECT_EQ(modern->hear_all(1'500), std::string("\xE0\x01\x87", 3));
  EXPECT_EQ(old->hear_all(1'500), "");
  EXPECT_TRUE(old->closed());
  ASSERT_TRUE(soon([&] { return !city_.presence().empty() && !city_.presence().back().connected; }));
  EXPECT_EQ(city_.presence().back().reason, "revoked");
}

TEST_F(MqttServerTest, PresenceAndWills) {
  {
    auto probe = device({.will_topic = "city/v1/gw/status"});
    ASSERT_TRUE(soon([&] { return city_.presence().size() == 1; }));
    EXPECT_TRUE(city_.presence()[0].connected);
    EXPECT_EQ(city_.presence()[0].principal, "credential:gw");
    probe->close();
  }
  ASSERT_TRUE(soon([&] { return city_.presence().size() == 2; }));
  EXPECT_EQ(city_.presence()[1].reason, "will");
  {
    auto probe = device({.will_topic = "city/v1/gw/status"});
    ASSERT_TRUE(soon([&] { return city_.presence().size() == 3; }));
    probe->say(p::disconnect());
    probe->hear_all();
  }
  ASSERT_TRUE(soon([&] { return city_.presence().size() == 4; }));
  EXPECT_EQ(city_.presence()[3].reason, "closed");
  EXPECT_EQ(server_->counters().wills, 1u);
}

TEST_F(MqttServerTest, OnlyTheLastConnectionOfACredentialCounts) {
  auto one = device({.client = "a", .will_topic = "city/v1/gw/status"});
  auto two = device({.client = "b"});
  ASSERT_TRUE(soon([&] { return city_.presence().size() == 1; }));
  one->close();
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  EXPECT_EQ(city_.presence().size(), 1u);
  two->close();
  ASSERT_TRUE(soon([&] { return city_.presence().size() == 2; }));
}

TEST_F(MqttServerTest, DelayedWillIsForgottenWhenTheDeviceReturns) {
  p::Hello hello{.version = 5, .will_topic = "city/v1/gw/status"};
  hello.properties = "\x11" + p::number(100, 4);
  hello.will_properties = "\x18" + p::number(1, 4);
  device(hello);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  hello.clean = false;
  auto back = device(hello, true);
  std::this_thread::sleep_for(std::chrono::milliseconds(1'200));
  EXPECT_EQ(server_->counters().wills, 0u);
  for (const PresenceIn& one : city_.presence()) EXPECT_TRUE(one.connected);
}

TEST_F(MqttServerTest, TakeOver) {
  auto first = device({.version = 5});
  auto second = device({.version = 5});
  EXPECT_EQ(first->hear_all(), std::string("\xE0\x01\x8E", 3));
  EXPECT_EQ(server_->counters().taken_over, 1u);
  second->say(reading(1, "x", "tank-1", 1, 5));
  EXPECT_EQ(second->hear_bytes(4), p::ack(0x40, 1));
}

TEST_F(MqttServerTest, SilenceEndsAfterOneAndAHalfKeepAlives) {
  auto silent = device({.version = 5, .keep_alive = 1});
  auto alive = device({.client = "c2", .keep_alive = 1});
  for (int i = 0; i < 5; ++i) {
    alive->say(p::pingreq());
    EXPECT_EQ(alive->hear_bytes(2), std::string("\xD0\0", 2));
    std::this_thread::sleep_for(std::chrono::milliseconds(450));
  }
  EXPECT_EQ(silent->hear_all(500), std::string("\xE0\x01\x8D", 3));
}

TEST_F(MqttServerTest, WhoSaysNothingOrNonsenseLeaves) {
  Probe silent(server_->port()), half(server_->port()), nonsense(server_->port()), early(server_->port());
  half.say(p::connect({}).substr(0, 10));
  nonsense.say("GET / HTTP/1.1\r\n\r\n");
  early.say(reading(1, "x"));
  for (Probe* one : {&silent, &half, &nonsense, &early}) {
    EXPECT_EQ(one->hear_all(), "");
    EXPECT_TRUE(one->closed());
  }
  auto twice = device();
  twice->say(p::connect({}));
  EXPECT_EQ(twice->hear_all(), "");
  auto modern = device({.version = 5});
  modern->say(p::packet(0xF0, std::string("\x18\0", 2)));  // AUTH
  EXPECT_EQ(modern->hear_all(), std::string("\xE0\x01\x82", 3));
  auto huge = device({.version = 5});
  huge->say(std::string("\x32\xFF\xFF\x7F", 4));
  EXPECT_EQ(huge->hear_all(), std::string("\xE0\x01\x95", 3));
  EXPECT_GE(server_->counters().malformed, 5u);
}

TEST_F(MqttServerTest, TopicAliases) {
  auto probe = device({.version = 5});
  const std::string alias = "\x23" + p::number(5, 2);
  probe->say(p::publish({.version = 5, .topic = "city/v1/tank-3/readings", .payload = "a", .id = 1, .properties = alias}) +
             p::publish({.version = 5, .topic = "", .payload = "b", .id = 2, .properties = alias}));
  EXPECT_EQ(probe->hear_bytes(8), p::ack(0x40, 1) + p::ack(0x40, 2));
  EXPECT_EQ(city_.values(), (std::vector<std::string>{"tank-3=a", "tank-3=b"}));
  probe->say(p::publish({.version = 5, .topic = "", .payload = "c", .id = 3, .properties = "\x23" + p::number(6, 2)}));
  EXPECT_EQ(probe->hear_all(), std::string("\xE0\x01\x82", 3));
}

TEST_F(MqttServerTest, ReceiveMaximumIsKept) {
  auto probe = device({.version = 5});
  city_.hold(true);
  std::string all;
  for (int i = 1; i <= limits::kMqttReceiveMaximum + 1; ++i) all += reading(i, "v", "tank-1", 1, 5);
  probe->say(all);
  EXPECT_EQ(probe->hear_all(), std::string("\xE0\x01\x93", 3));
}

TEST_F(MqttServerTest, CommandsReachTheirDevice) {
  auto probe = device();
  probe->say(p::subscribe(4, 1, "city/v1/tank-1/commands", 2));
  EXPECT_EQ(probe->hear_bytes(5), std::string("\x90\x03\0\1\1", 5));
  probe->say(p::subscribe(4, 2, "city/v1/pump-9/commands", 1) + p::subscribe(4, 3, "#", 1) + p::subscribe(4, 4, "city/v1/tank-1/readings", 0));
  EXPECT_EQ(probe->hear_bytes(15), std::string("\x90\x03\0\2\x80\x90\x03\0\3\x80\x90\x03\0\4\x80", 15));
  server_->command("tank-1", "open");
  server_->command("tank-2", "nobody");
  const std::string expected = p::publish({.topic = "city/v1/tank-1/commands", .payload = "open", .id = 1});
  EXPECT_EQ(probe->hear_bytes(expected.size()), expected);
  probe->say(p::ack(0x40, 1) + p::unsubscribe(4, 5, "city/v1/tank-1/commands"));
  EXPECT_EQ(probe->hear_bytes(4), p::ack(0xB0, 5));
  server_->command("tank-1", "close");
  EXPECT_EQ(probe->hear_bytes(1, 100), "");
  EXPECT_EQ(server_->counters().commands, 1u);
  EXPECT_EQ(server_->counters().commands_dropped, 2u);
}

TEST_F(MqttServerTest, SleepingSessionKeepsItsCommands) {
  {
    auto probe = device({.clean = false});
    probe->say(p::subscribe(4, 1, "city/v1/+/commands", 1));
    probe->hear_bytes(5);
    server_->command("tank-1", "first");
    ASSERT_FALSE(probe->hear_bytes(1).empty());  // sent, never acknowledged
  }
  ASSERT_TRUE(soon([&] { return server_->counters().open == 0; }));
  server_->command("tank-2", "second");
  server_->command("pump-9", "not ours");
  auto back = device({.clean = false}, true);
  const std::string expected = p::publish({.topic = "city/v1/tank-1/commands", .payload = "first", .id = 1, .duplicate = true}) +
                               p::publish({.topic = "city/v1/tank-2/commands", .payload = "second", .id = 2});
  EXPECT_EQ(back->hear_bytes(expected.size()), expected);
  back->close();
  auto clean = device({.clean = true});
  EXPECT_EQ(clean->hear_bytes(1, 100), "");
}

TEST_F(MqttServerTest, ACommandIsDeliveredOnceItsDeviceAcknowledges) {
  std::atomic<int> delivered = 0;
  const auto send = [&](std::optional<Millis> lives = {}) {
    server_->command("tank-1", "open", {.id = "d-1", .lives = lives, .delivered = [&] { ++delivered; }});
  };
  {
    auto probe = device({.clean = false});
    probe->say(p::subscribe(4, 1, "city/v1/tank-1/commands", 1));
    probe->hear_bytes(5);
    send();
    send();  // offered again while the device has not answered
    const std::string once = p::publish({.topic = "city/v1/tank-1/commands", .payload = "open", .id = 1});
    EXPECT_EQ(probe->hear_bytes(2 * once.size(), 200), once);
    EXPECT_EQ(delivered, 0);
    probe->say(p::ack(0x40, 1));
    EXPECT_TRUE(soon([&] { return delivered == 1; }));
    send();  // a new try after the acknowledgement: the device knows it by its id
    EXPECT_FALSE(probe->hear_bytes(once.size()).empty());
    probe->say(p::ack(0x40, 2));
    EXPECT_TRUE(soon([&] { return delivered == 2; }));
  }
  ASSERT_TRUE(soon([&] { return server_->counters().open == 0; }));
  send(Millis{1});
  std::this_thread::sleep_for(Millis{50});
  auto late = device({.clean = false}, true);
  EXPECT_EQ(late->hear_bytes(1, 100), "") << "its time is over";
  EXPECT_EQ(delivered, 2);
}

TEST_F(MqttServerTest, QueueOfASleepingDeviceIsBounded) {
  {
    auto probe = device({.clean = false});
    probe->say(p::subscribe(4, 1, "city/v1/tank-1/commands", 1));
    probe->hear_bytes(5);
  }
  ASSERT_TRUE(soon([&] { return server_->counters().open == 0; }));
  for (std::size_t i = 0; i < limits::kMqttSessionQueue + 50; ++i) server_->command("tank-1", "x");
  ASSERT_TRUE(soon([&] { return server_->counters().commands + server_->counters().commands_dropped == limits::kMqttSessionQueue + 50; }));
  EXPECT_EQ(server_->counters().commands_dropped, 50u);
  auto back = device({.clean = false}, true);  // as many as may be in flight
  const std::size_t one = p::publish({.topic = "city/v1/tank-1/commands", .payload = "x"}).size();
  EXPECT_EQ(back->hear_bytes(one * 1'000, 200).size(), one * limits::kMqttInflight);
}

TEST_F(MqttServerTest, ManyDevicesAtOnce) {
  std::vector<std::unique_ptr<Probe>> devices;
  for (int i = 0; i < 300; ++i) devices.push_back(device({.client = "d" + std::to_string(i)}));
  EXPECT_EQ(server_->counters().open, 300u);
  for (int round = 1; round <= 5; ++round)
    for (auto& one : devices) one->say(reading(round, "v"));
  for (auto& one : devices) EXPECT_EQ(one->hear_bytes(20).size(), 20u);
  EXPECT_EQ(city_.values().size(), 1'500u);
}

}  // namespace
}  // namespace cityloop
