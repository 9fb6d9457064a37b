// SPDX-License-Identifier: Apache-2.0
// What an MQTT client writes, byte by byte, for tests and the load generator; deliberately not made of our own codec.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cityloop::packets {

inline std::string number(std::size_t value, int bytes) {
  std::string out;
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
  return out;
}
inline std::string text(std::string_view value) { return number(value.size(), 2) + std::string(value); }
inline std::string packet(int first, std::string_view body) {
  std::string out(1, static_cast<char>(first));
  std::size_t size = body.size();
  do {
    out.push_back(static_cast<char>((size & 0x7F) | (size > 127 ? 0x80 : 0)));
    size >>= 7;
  } while (size > 0);
  return out.append(body);
}

struct Hello {
  int version = 4;
  std::string client = "c1", user = "gw", password = "secret";
  bool clean = true;
  int keep_alive = 60;
  std::string will_topic{}, will_payload = "gone";
  std::string properties{}, will_properties{};
};
inline std::string connect(const Hello& hello) {
  const int flags = (hello.clean ? 2 : 0) | (hello.will_topic.empty() ? 0 : 4) | (hello.user.empty() ? 0 : 0x80) |
                    (hello.password.empty() ? 0 : 0x40);
  std::string body = text("MQTT") + number(static_cast<std::size_t>(hello.version), 1) +
                     number(static_cast<std::size_t>(flags), 1) + number(static_cast<std::size_t>(hello.keep_alive), 2);
  if (hello.version == 5) body += number(hello.properties.size(), 1) + hello.properties;
  body += text(hello.client);
  if (!hello.will_topic.empty()) {
    if (hello.version == 5) body += number(hello.will_properties.size(), 1) + hello.will_properties;
    body += text(hello.will_topic) + text(hello.will_payload);
  }
  if (!hello.user.empty()) body += text(hello.user);
  if (!hello.password.empty()) body += text(hello.password);
  return packet(0x10, body);
}

struct Letter {
  int version = 4;
  std::string topic, payload;
  int qos = 1;
  int id = 1;
  bool duplicate = false, retain = false;
  std::string properties{};
};
inline std::string publish(const Letter& letter) {
  std::string body = text(letter.topic);
  if (letter.qos > 0) body += number(static_cast<std::size_t>(letter.id), 2);
  if (letter.version == 5) body += number(letter.properties.size(), 1) + letter.properties;
  return packet(0x30 | (letter.duplicate ? 8 : 0) | (letter.qos << 1) | (letter.retain ? 1 : 0), body + letter.payload);
}
inline std::string subscribe(int version, int id, const std::string& filter, int qos) {
  return packet(0x82, number(static_cast<std::size_t>(id), 2) + (version == 5 ? std::string(1, '\0') : "") + text(filter) +
                          number(static_cast<std::size_t>(qos), 1));
}
inline std::string unsubscribe(int version, int id, const std::string& filter) {
  return packet(0xA2, number(static_cast<std::size_t>(id), 2) + (version == 5 ? std::string(1, '\0') : "") + text(filter));
}
inline std::string ack(int first, int id) { return packet(first, number(static_cast<std::size_t>(id), 2)); }
inline std::string pingreq() { return packet(0xC0, ""); }
inline std::string disconnect() { return packet(0xE0, ""); }

}  // namespace cityloop::packets
