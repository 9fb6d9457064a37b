// SPDX-License-Identifier: Apache-2.0
// The packets that the server writes (mqtt_codec.h).
#include "edge/mqtt_codec.h"

namespace cityloop::mqtt {

namespace {

void two(std::string& out, std::size_t value) {
  out.push_back(static_cast<char>(value >> 8));
  out.push_back(static_cast<char>(value));
}

void four(std::string& out, std::uint32_t value) {
  two(out, value >> 16);
  two(out, value & 0xFFFF);
}

void variable(std::string& out, std::size_t value) {
  do {
    const std::size_t rest = value >> 7;
    out.push_back(static_cast<char>((value & 0x7F) | (rest > 0 ? 0x80 : 0)));
    value = rest;
  } while (value > 0);
}

std::size_t variable_size(std::size_t value) { return value < 128 ? 1 : value < 16'384 ? 2 : value < 2'097'152 ? 3 : 4; }

void text(std::string& out, std::string_view value) {
  two(out, value.size());
  out.append(value);
}

void packet(std::string& out, Type type, int flags, std::string_view body) {
  out.push_back(static_cast<char>((static_cast<int>(type) << 4) | flags));
  variable(out, body.size());
  out.append(body);
}

char old_connack(Reason reason) {
  switch (reason) {
    case Reason::success: return 0;
    case Reason::bad_version: return 1;
    case Reason::bad_client_id: return 2;
    case Reason::busy:
    case Reason::quota:
    case Reason::shutting_down: return 3;
    default: return 5;
  }
}

void codes_packet(std::string& out, Version version, Type type, std::uint16_t id, const std::vector<std::uint8_t>& codes) {
  std::string body;
  two(body, id);
  if (version == Version::v5) body.push_back(0);
  if (version == Version::v5 || type == Type::suback)
    for (const std::uint8_t code : codes) body.push_back(static_cast<char>(version == Version::v311 && code > 2 ? 0x80 : code));
  packet(out, type, 0, body);
}

}  // namespace

void append(std::string& out, Version version, const Connack& connack) {
  std::string body;
  body.push_back(connack.session_present ? 1 : 0);
  if (version == Version::v311) {
    body.push_back(old_connack(connack.reason));
    return packet(out, Type::connack, 0, body);
  }
  body.push_back(static_cast<char>(connack.reason));
  std::string properties;
  if (connack.session_expiry) {
    properties.push_back(0x11);
    four(properties, *connack.session_expiry);
  }
  if (!is_error(connack.reason)) {
    properties.push_back(0x21);
    two(properties, connack.receive_maximum);
    properties.append({0x25, 0});  // retain available: no
    properties.push_back(0x27);
    four(properties, connack.packet_maximum);
    properties.push_back(0x22);
    two(properties, connack.alias_maximum);
    properties.append({0x29, 0});  // subscription identifiers: no
    properties.append({0x2A, 0});  // shared subscriptions: no
  }
  if (!connack.assigned_client_id.empty()) {
    properties.push_back(0x12);
    text(properties, connack.assigned_client_id);
  }
  if (connack.server_keep_alive) {
    properties.push_back(0x13);
    two(properties, *connack.server_keep_alive);
  }
  variable(body, properties.size());
  packet(out, Type::connack, 0, body.append(properties));
}

void append_ack(std::string& out, Version version, Type type, std::uint16_t id, Reason reason) {
  const bool plain = version == Version::v311 || reason == Reason::success;
  out.push_back(static_cast<char>((static_cast<int>(type) << 4) | (type == Type::pubrel ? 2 : 0)));
  out.push_back(plain ? 2 : 3);
  two(out, id);
  if (!plain) out.push_back(static_cast<char>(reason));
}

void append_suback(std::string& out, Version version, std::uint16_t id, const std::vector<std::uint8_t>& codes) {
  codes_packet(out, version, Type::suback, id, codes);
}

void append_unsuback(std::string& out, Version version, std::uint16_t id, const std::vector<std::uint8_t>& codes) {
  codes_packet(out, version, Type::unsuback, id, codes);
}

std::size_t publish_size(Version version, std::string_view topic, std::size_t payload, std::uint8_t qos) {
  const std::size_t body = 2 + topic.size() + (qos > 0 ? 2 : 0) + (version == Version::v5 ? 1 : 0) + payload;
  return 1 + variable_size(body) + body;
}

void append_publish(std::string& out, Version version, const Publish& publish) {
  out.push_back(static_cast<char>((3 << 4) | (publish.duplicate ? 8 : 0) | (publish.qos << 1) | (publish.retain ? 1 : 0)));
  const std::size_t body =
      2 + publish.topic.size() + (publish.qos > 0 ? 2 : 0) + (version == Version::v5 ? 1 : 0) + publish.payload.size();
  variable(out, body);
  text(out, publish.topic);
  if (publish.qos > 0) two(out, publish.id);
  if (version == Version::v5) out.push_back(0);
  out.append(publish.payload);
}

void append_disconnect(std::string& out, Reason reason) {
  out.push_back(static_cast<char>(0xE0));
  out.push_back(1);
  out.push_back(static_cast<char>(reason));
}

void append_pingresp(std::string& out) { out.append("\xD0\0", 2); }

}  // namespace cityloop::mqtt
