// SPDX-License-Identifier: Apache-2.0
#include "edge/mqtt_codec.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "edge/mqtt_packets_test.h"

namespace cityloop::mqtt {
namespace {

namespace p = cityloop::packets;

Packet framed(const std::string& bytes_in) {
  static std::deque<std::string> kept;  // what is parsed borrows from it
  const std::string& bytes = kept.emplace_back(bytes_in);
  Packet packet;
  EXPECT_EQ(next_packet(bytes, 1u << 20, packet), Framing::whole);
  return packet;
}
template <class T>
Reason parsed(const std::string& bytes, T& out) {
  if constexpr (std::is_same_v<T, Connect>) return parse(framed(bytes), out);
  else return parse(framed(bytes), Version::v5, out);
}

TEST(MqttFraming, WaitsForTheWholePacket) {
  const std::string bytes = p::publish({.topic = "city/v1/a/readings", .payload = std::string(300, 'x')});
  Packet packet;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    ASSERT_EQ(next_packet(std::string_view(bytes).substr(0, i), 1'000, packet), Framing::more) << i;
  ASSERT_EQ(next_packet(bytes + "rest", 1'000, packet), Framing::whole);
  EXPECT_EQ(packet.size, bytes.size());
  EXPECT_EQ(next_packet(bytes, 200, packet), Framing::too_large);
}

TEST(MqttFraming, RefusesBadFlagsAndLengths) {
  Packet packet;
  for (const char* bad : {"\x01", "\x11", "\x80", "\x60", "\xA0", "\xC1", "\xE1", "\x30\xFF\xFF\xFF\xFF\x01"})
    EXPECT_EQ(next_packet(bad, 1u << 28, packet), Framing::malformed) << static_cast<int>(static_cast<unsigned char>(bad[0]));
  EXPECT_EQ(next_packet(std::string("\x30\xFF\xFF\xFF\x7F", 5), 1u << 20, packet), Framing::too_large);
}

TEST(MqttConnect, ReadsEverything) {
  Connect connect;
  p::Hello hello{.version = 5, .client = "dev 1", .user = "gw-7", .password = "pw", .clean = false, .keep_alive = 30,
                 .will_topic = "city/v1/gw-7/status"};
  hello.properties = "\x11" + p::number(3600, 4) + "\x21" + p::number(10, 2) + "\x26" + p::text("k") + p::text("v");
  hello.will_properties = "\x18" + p::number(5, 4);
  ASSERT_EQ(parsed(p::connect(hello), connect), Reason::success);
  EXPECT_EQ(connect.version, Version::v5);
  EXPECT_FALSE(connect.clean);
  EXPECT_EQ(connect.keep_alive, 30);
  EXPECT_EQ(connect.client_id, "dev 1");
  EXPECT_EQ(connect.user, "gw-7");
  EXPECT_EQ(connect.password, "pw");
  EXPECT_EQ(connect.properties.session_expiry, 3600u);
  EXPECT_EQ(connect.properties.receive_maximum, 10);
  EXPECT_TRUE(connect.has_will);
  EXPECT_EQ(connect.will_topic, "city/v1/gw-7/status");
  EXPECT_EQ(connect.will_properties.will_delay, 5u);
}

TEST(MqttConnect, RefusesBreaches) {
  Connect connect;
  EXPECT_EQ(parsed(p::connect({.version = 3}), connect), Reason::bad_version);
  EXPECT_EQ(parsed(p::connect({.version = 6}), connect), Reason::bad_version);
  EXPECT_EQ(parsed(p::connect({.user = "", .password = "x"}), connect), Reason::malformed);
  EXPECT_EQ(parsed(p::connect({}) , connect), Reason::success);
  EXPECT_EQ(parsed(p::packet(0x10, p::text("HTTP") + "\x04"), connect), Reason::malformed);
  std::string reserved = p::connect({});
  reserved[9] = static_cast<char>(reserved[9] | 1);
  EXPECT_EQ(parsed(reserved, connect), Reason::malformed);
  std::string longer = p::connect({});
  longer[1] = static_cast<char>(longer[1] + 1);
  EXPECT_EQ(parsed(longer + "x", connect), Reason::malformed);
  p::Hello twice{.version = 5};
  twice.properties = "\x11" + p::number(1, 4) + "\x11" + p::number(1, 4);
  EXPECT_EQ(parsed(p::connect(twice), connect), Reason::protocol_error);
  p::Hello foreign{.version = 5};
  foreign.properties = "\x23" + p::number(1, 2);  // a topic alias has no place here
  EXPECT_EQ(parsed(p::connect(foreign), connect), Reason::malformed);
  p::Hello zero{.version = 5};
  zero.properties = "\x21" + p::number(0, 2);
  EXPECT_EQ(parsed(p::connect(zero), connect), Reason::protocol_error);
  EXPECT_EQ(parsed(p::connect({.client = "\xff"}), connect), Reason::malformed);
  EXPECT_EQ(parsed(p::connect({.client = std::string("a\0b", 3)}), connect), Reason::malformed);
  EXPECT_EQ(parsed(p::connect({.will_topic = "city/#"}), connect), Reason::bad_topic);
}

TEST(MqttPublish, ReadsAndRefuses) {
  Publish publish;
  ASSERT_EQ(parsed(p::publish({.version = 5, .topic = "a/b", .payload = "x", .qos = 2, .id = 7, .duplicate = true,
                               .properties = "\x23" + p::number(3, 2)}), publish), Reason::success);
  EXPECT_EQ(publish.topic, "a/b");
  EXPECT_EQ(publish.payload, "x");
  EXPECT_EQ(publish.id, 7);
  EXPECT_EQ(publish.alias, 3);
  EXPECT_TRUE(publish.duplicate);
  EXPECT_EQ(parsed(p::publish({.version = 5, .topic = "a/+", .payload = ""}), publish), Reason::bad_topic);
  EXPECT_EQ(parsed(p::publish({.version = 5, .topic = "", .payload = ""}), publish), Reason::protocol_error);
  EXPECT_EQ(parsed(p::publish({.version = 5, .topic = "a", .payload = "", .id = 0}), publish), Reason::protocol_error);
  EXPECT_EQ(parsed(p::publish({.version = 5, .topic = "a", .payload = "", .qos = 3}), publish), Reason::malformed);
  EXPECT_EQ(parsed(p::publish({.version = 5, .topic = "a", .payload = "", .qos = 0, .duplicate = true}), publish), Reason::malformed);
  EXPECT_EQ(parsed(p::publish({.version = 5, .topic = "a", .payload = "", .properties = "\x23" + p::number(0, 2)}), publish),
            Reason::bad_alias);
  EXPECT_EQ(parsed(p::packet(0x32, p::number(50, 2) + "short"), publish), Reason::malformed);
}

TEST(MqttSubscribe, ReadsAndRefuses) {
  Subscribe subscribe;
  ASSERT_EQ(parsed(p::subscribe(5, 9, "city/v1/a/commands", 1), subscribe), Reason::success);
  ASSERT_EQ(subscribe.filters.size(), 1u);
  EXPECT_EQ(subscribe.filters[0].text, "city/v1/a/commands");
  Subscribe bad;
  EXPECT_EQ(parsed(p::packet(0x82, p::number(1, 2) + std::string(1, '\0')), bad), Reason::protocol_error);  // nothing asked
  EXPECT_EQ(parsed(p::subscribe(5, 1, "a", 3), bad), Reason::malformed);
  EXPECT_EQ(parsed(p::subscribe(5, 0, "a", 1), bad), Reason::malformed);
  EXPECT_EQ(parse(framed(p::subscribe(4, 1, "a", 0x20)), Version::v311, bad), Reason::malformed);
  Unsubscribe gone;
  EXPECT_EQ(parsed(p::unsubscribe(5, 2, "a"), gone), Reason::success);
}

TEST(MqttEncode, WritesWhatTheStandardShows) {
  std::string out;
  Connack connack;
  connack.reason = Reason::bad_user;
  append(out, Version::v311, connack);
  EXPECT_EQ(out, std::string("\x20\x02\x00\x05", 4));
  out.clear();
  append_ack(out, Version::v311, Type::puback, 0x1234, Reason::bad_payload);
  EXPECT_EQ(out, std::string("\x40\x02\x12\x34", 4));
  out.clear();
  append_ack(out, Version::v5, Type::puback, 0x1234, Reason::bad_payload);
  EXPECT_EQ(out, std::string("\x40\x03\x12\x34\x99", 5));
  out.clear();
  append_suback(out, Version::v311, 1, {1, 0x87});
  EXPECT_EQ(out, std::string("\x90\x04\x00\x01\x01\x80", 6));
  out.clear();
  append_suback(out, Version::v5, 1, {1, 0x87});
  EXPECT_EQ(out, std::string("\x90\x05\x00\x01\x00\x01\x87", 7));
  out.clear();
  append_unsuback(out, Version::v311, 3, {0});
  EXPECT_EQ(out, std::string("\xB0\x02\x00\x03", 4));
}

TEST(MqttEncode, PublishReadsBack) {
  for (const Version version : {Version::v311, Version::v5})
    for (const std::uint8_t qos : {std::uint8_t{0}, std::uint8_t{1}}) {
      const std::string payload(200, 'p');
      Publish command;
      command.topic = "city/v1/a/commands";
      command.payload = payload;
      command.qos = qos;
      command.id = qos > 0 ? 5 : 0;
      std::string out;
      append_publish(out, version, command);
      EXPECT_EQ(out.size(), publish_size(version, command.topic, payload.size(), qos));
      Publish back;
      ASSERT_EQ(parse(framed(out), version, back), Reason::success);
      EXPECT_EQ(back.topic, command.topic);
      EXPECT_EQ(back.payload, payload);
      EXPECT_EQ(back.id, command.id);
    }
}

TEST(MqttCodec, SurvivesAnyBytes) {
  std::mt19937 random(1);
  const std::string good = p::connect({.version = 5, .will_topic = "t"}) + p::publish({.version = 5, .topic = "a/b", .payload = "xyz"}) +
                           p::subscribe(5, 1, "a/b", 1);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good.substr(random() % good.size());
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    Packet packet;
    if (next_packet(bytes, 1'000, packet) != Framing::whole) continue;
    for (const Version version : {Version::v311, Version::v5}) {
      Connect connect;
      Publish publish;
      Ack ack;
      Subscribe subscribe;
      Unsubscribe unsubscribe;
      Disconnect disconnect;
      (void)parse(packet, connect);
      (void)parse(packet, version, publish);
      (void)parse(packet, version, ack);
      (void)parse(packet, version, subscribe);
      (void)parse(packet, version, unsubscribe);
      (void)parse(packet, version, disconnect);
    }
  }
}

}  // namespace
}  // namespace cityloop::mqtt
