// SPDX-License-Identifier: Apache-2.0
// MQTT 3.1.1 and 5 packets as pure functions (OASIS MQTT 5.0, section numbers in brackets): the server's side. What is parsed borrows
// from the given bytes. A breach gives the reason code to end the connection with, never a crash; tested and fuzzed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cityloop::mqtt {

enum class Version : std::uint8_t { v311 = 4, v5 = 5 };

enum class Type : std::uint8_t {
  connect = 1, connack, publish, puback, pubrec, pubrel, pubcomp, subscribe, suback, unsubscribe, unsuback, pingreq,
  pingresp, disconnect, auth,
};

enum class Reason : std::uint8_t {  // [2.4]
  success = 0x00, disconnect_with_will = 0x04, no_matching_subscribers = 0x10, no_subscription = 0x11,
  unspecified = 0x80, malformed = 0x81, protocol_error = 0x82, implementation_error = 0x83, bad_version = 0x84,
  bad_client_id = 0x85, bad_user = 0x86, not_authorized = 0x87, busy = 0x89, banned = 0x8A, shutting_down = 0x8B,
  bad_auth_method = 0x8C, keep_alive = 0x8D, taken_over = 0x8E, bad_filter = 0x8F, bad_topic = 0x90, id_in_use = 0x91,
  unknown_id = 0x92, receive_maximum = 0x93, bad_alias = 0x94, too_large = 0x95, rate_too_high = 0x96, quota = 0x97,
  administrative = 0x98, bad_payload = 0x99, no_retain = 0x9A, no_qos = 0x9B, no_shared = 0x9E, no_subscription_ids = 0xA1,
};
inline bool is_error(Reason reason) { return static_cast<std::uint8_t>(reason) >= 0x80; }

// ---- framing ----------------------------------------------------------------------------------------------------

struct Packet {
  Type type = Type::connect;
  std::uint8_t flags = 0;
  std::string_view body;
  std::size_t size = 0;  // with the fixed header
};
enum class Framing { whole, more, malformed, too_large };
// The packet that `bytes` begin with, of at most `most` bytes; flags are checked [2.1.3].
Framing next_packet(std::string_view bytes, std::size_t most, Packet& out);

// ---- what clients send ------------------------------------------------------------------------------------------

struct Properties {  // [2.2.2.2]; only those of the packet at hand are ever set
  std::optional<std::uint8_t> payload_format, problem_information, response_information;
  std::optional<std::uint16_t> receive_maximum, alias, alias_maximum;
  std::optional<std::uint32_t> session_expiry, will_delay, message_expiry, packet_maximum, subscription_id;
  std::string_view content_type, response_topic, correlation, auth_method, auth_data, reason_string, server_reference;
};

struct Connect {
  Version version = Version::v311;
  bool clean = false;
  std::uint16_t keep_alive = 0;  // seconds
  std::string_view client_id;
  Properties properties;
  bool has_will = false, has_user = false, has_password = false;
  std::uint8_t will_qos = 0;
  bool will_retain = false;
  Properties will_properties;
  std::string_view will_topic, will_payload, user, password;
};
struct Publish {
  bool duplicate = false, retain = false;
  std::uint8_t qos = 0;
  std::uint16_t id = 0;          // 0 at QoS 0
  std::string_view topic;        // may be empty with an alias
  std::optional<std::uint16_t> alias;
  std::string_view payload;
};
struct Ack {
  std::uint16_t id = 0;
  Reason reason = Reason::success;
};
struct Filter {
  std::string_view text;
  std::uint8_t qos = 0;
  bool no_local = false;
};
struct Subscribe {
  std::uint16_t id = 0;
  bool has_subscription_id = false;
  std::vector<Filter> filters;
};
struct Unsubscribe {
  std::uint16_t id = 0;
  std::vector<std::string_view> filters;
};
struct Disconnect {
  Reason reason = Reason::success;
  std::optional<std::uint32_t> session_expiry;
};

// success, or why the connection must end. For CONNECT with a protocol level that is not ours: bad_version.
Reason parse(const Packet& packet, Connect& out);
Reason parse(const Packet& packet, Version version, Publish& out);
Reason parse(const Packet& packet, Version version, Ack& out);  // PUBACK PUBREC PUBREL PUBCOMP
Reason parse(const Packet& packet, Version version, Subscribe& out);
Reason parse(const Packet& packet, Version version, Unsubscribe& out);
Reason parse(const Packet& packet, Version version, Disconnect& out);

// ---- what the server says; each appends one packet --------------------------------------------------------------

struct Connack {
  bool session_present = false;
  Reason reason = Reason::success;
  std::optional<std::uint32_t> session_expiry;
  std::optional<std::uint16_t> server_keep_alive;
  std::string assigned_client_id;
  std::uint16_t receive_maximum = 0;
  std::uint16_t alias_maximum = 0;
  std::uint32_t packet_maximum = 0;
};
// Version 3.1.1 gets the nearest of its own codes 1 to 5.
void append(std::string& out, Version version, const Connack& connack);
void append_ack(std::string& out, Version version, Type type, std::uint16_t id, Reason reason);
void append_suback(std::string& out, Version version, std::uint16_t id, const std::vector<std::uint8_t>& codes);
void append_unsuback(std::string& out, Version version, std::uint16_t id, const std::vector<std::uint8_t>& codes);
void append_publish(std::string& out, Version version, const Publish& publish);
void append_disconnect(std::string& out, Reason reason);  // version 5 only
void append_pingresp(std::string& out);
std::size_t publish_size(Version version, std::string_view topic, std::size_t payload, std::uint8_t qos);

}  // namespace cityloop::mqtt
