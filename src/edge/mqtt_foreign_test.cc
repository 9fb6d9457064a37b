// SPDX-License-Identifier: Apache-2.0
// The device listener as other people's clients see it: libmosquitto and mosquitto's programs, plain and TLS.
#include <gtest/gtest.h>
#include <mosquitto.h>

#include <mutex>

#include "edge/broker_test.h"
#include "edge/certificate_test.h"
#include "edge/fake_city_test.h"
#include "edge/mqtt_server.h"
#include "edge/scratch_test.h"

namespace cityloop {
namespace {

class Client {
 public:
  explicit Client(const char* id, int version = MQTT_PROTOCOL_V311, bool clean = true) {
    mosquitto_lib_init();
    client_ = mosquitto_new(id, clean, this);
    mosquitto_int_option(client_, MOSQ_OPT_PROTOCOL_VERSION, version);
    mosquitto_username_pw_set(client_, "gw", "secret");
    mosquitto_connect_callback_set(client_, [](mosquitto*, void* self, int code) { static_cast<Client*>(self)->connected_code = code; });
    mosquitto_publish_callback_set(client_, [](mosquitto*, void* self, int) { ++static_cast<Client*>(self)->published; });
    mosquitto_subscribe_callback_set(client_, [](mosquitto*, void* self, int, int, const int* codes) {
      static_cast<Client*>(self)->granted = codes[0];
    });
    mosquitto_disconnect_callback_set(client_, [](mosquitto*, void* self, int) { ++static_cast<Client*>(self)->lost; });
    mosquitto_message_callback_set(client_, [](mosquitto*, void* self, const mosquitto_message* message) {
      auto& me = *static_cast<Client*>(self);
      const std::lock_guard lock(me.mutex);
      me.heard.emplace_back(static_cast<const char*>(message->payload), static_cast<std::size_t>(message->payloadlen));
    });
  }
  ~Client() {
    mosquitto_disconnect(client_);
    mosquitto_loop_stop(client_, true);
    mosquitto_destroy(client_);
  }
  bool connect(std::uint16_t port) {
    mosquitto_connect(client_, "127.0.0.1", port, 30);
    mosquitto_loop_start(client_);
    return soon([&] { return connected_code == 0; });
  }
  void publish(const std::string& topic, const std::string& payload, int qos) {
    mosquitto_publish(client_, nullptr, topic.c_str(), static_cast<int>(payload.size()), payload.data(), qos, false);
  }
  mosquitto* raw() { return client_; }

  std::atomic<int> connected_code{-1}, published{0}, granted{-1}, lost{0};
  std::mutex mutex;
  std::vector<std::string> heard;

 private:
  mosquitto* client_;
};

class MqttForeignTest : public testing::Test {
 protected:
  void serve(MqttServerOptions options = {}) {
    options.port = 0;
    server_ = MqttServer::create(options, city_.face()).value();
  }
  void TearDown() override {
    if (server_) server_->stop();
  }
  FakeCity city_;
  std::unique_ptr<MqttServer> server_;
};

TEST_F(MqttForeignTest, AllQualitiesOfServiceInBothVersions) {
  serve();
  for (const int version : {MQTT_PROTOCOL_V311, MQTT_PROTOCOL_V5}) {
    const std::size_t before = city_.values().size();
    Client client(version == MQTT_PROTOCOL_V5 ? "v5" : "v3", version);
    ASSERT_TRUE(client.connect(server_->port()));
    for (int i = 0; i < 300; ++i) client.publish("city/v1/tank-1/readings", std::to_string(i), i % 3);
    EXPECT_TRUE(soon([&] { return client.published == 300; })) << client.published;
    EXPECT_TRUE(soon([&] { return city_.values().size() == before + 300; }));
    EXPECT_EQ(client.lost, 0);
  }
}

TEST_F(MqttForeignTest, CommandsToLibmosquitto) {
  serve();
  Client client("c", MQTT_PROTOCOL_V5);
  ASSERT_TRUE(client.connect(server_->port()));
  mosquitto_subscribe(client.raw(), nullptr, "city/v1/tank-1/commands", 1);
  ASSERT_TRUE(soon([&] { return client.granted == 1; }));
  for (int i = 0; i < 200; ++i) server_->command("tank-1", std::to_string(i));
  ASSERT_TRUE(soon([&] {
    const std::lock_guard lock(client.mutex);
    return client.heard.size() == 200;
  }));
  EXPECT_EQ(client.heard.front(), "0");
  EXPECT_EQ(client.heard.back(), "199");
}

TEST_F(MqttForeignTest, TakeOverAndWrongSecret) {
  serve();
  Client first("same"), second("same");
  ASSERT_TRUE(first.connect(server_->port()));
  mosquitto_reconnect_delay_set(first.raw(), 30, 30, false);
  ASSERT_TRUE(second.connect(server_->port()));
  EXPECT_TRUE(soon([&] { return first.lost > 0; }));
  EXPECT_EQ(second.lost, 0);
  Client wrong("w");
  mosquitto_username_pw_set(wrong.raw(), "gw", "other");
  mosquitto_connect(wrong.raw(), "127.0.0.1", server_->port(), 30);
  mosquitto_loop_start(wrong.raw());
  EXPECT_TRUE(soon([&] { return wrong.connected_code >= 0; }));
  EXPECT_EQ(wrong.connected_code, 5);
}

TEST_F(MqttForeignTest, CommandLineClientsWithAWill) {
  serve();
  const std::string port = std::to_string(server_->port());
  EXPECT_EQ(run_program({"mosquitto_pub", "-h", "127.0.0.1", "-p", port, "-u", "gw", "-P", "secret", "-i", "cli", "-q", "2", "-t",
                         "city/v1/tank-7/readings", "-m", "42", "--will-topic", "city/v1/gw/status", "--will-payload", "x"}),
            0);
  EXPECT_EQ(city_.values(), std::vector<std::string>{"tank-7=42"});
  EXPECT_NE(run_program({"mosquitto_pub", "-h", "127.0.0.1", "-p", port, "-u", "gw", "-P", "nope", "-t", "city/v1/tank-7/readings", "-m", "1"}), 0);
  EXPECT_NE(run_program({"mosquitto_sub", "-h", "127.0.0.1", "-p", port, "-u", "gw", "-P", "secret", "-V", "5", "-t", "city/#", "-E"}), 127);
}

TEST_F(MqttForeignTest, Tls) {
  Scratch scratch;
  const std::string certificate = scratch.path() + "/c.pem", key = scratch.path() + "/k.pem";
  ASSERT_TRUE(write_test_certificate(certificate, key));
  serve({.certificate = certificate, .key = key});
  Client client("tls", MQTT_PROTOCOL_V5);
  ASSERT_EQ(mosquitto_tls_set(client.raw(), certificate.c_str(), nullptr, nullptr, nullptr, nullptr), MOSQ_ERR_SUCCESS);
  ASSERT_TRUE(client.connect(server_->port()));
  const std::string large(200'000, 'x');
  for (int i = 0; i < 20; ++i) client.publish("city/v1/tank-1/readings", large, 1);
  EXPECT_TRUE(soon([&] { return client.published == 20; }));
  EXPECT_EQ(city_.values().size(), 20u);
}

}  // namespace
}  // namespace cityloop
