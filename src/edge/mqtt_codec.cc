// SPDX-License-Identifier: Apache-2.0
#include "edge/mqtt_codec.h"

#include <initializer_list>

#include "edge/utf8.h"

namespace cityloop::mqtt {

namespace {

// Reads from the front; once it ran out, everything that follows is nothing and ok() is false.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}
  bool ok() const { return ok_; }
  bool empty() const { return rest_.empty(); }
  std::size_t left() const { return rest_.size(); }
  std::string_view rest() const { return rest_; }

  std::string_view take(std::size_t size) {
    if (size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  std::uint32_t number(std::size_t bytes) {
    const std::string_view text = take(bytes);
    std::uint32_t value = 0;
    for (const char c : text) value = (value << 8) | static_cast<unsigned char>(c);
    return value;
  }
  std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t two() { return static_cast<std::uint16_t>(number(2)); }
  std::string_view binary() { return take(two()); }
  std::string_view text() {  // [1.5.4]
    const std::string_view out = binary();
    if (out.find('\0') != std::string_view::npos || !is_utf8(out)) ok_ = false;
    return out;
  }
  std::uint32_t variable() {  // [1.5.5]
    std::uint32_t value = 0;
    for (int shift = 0; shift <= 21; shift += 7) {
      const std::uint8_t one = byte();
      value |= static_cast<std::uint32_t>(one & 0x7F) << shift;
      if ((one & 0x80) == 0) return value;
    }
    ok_ = false;
    return 0;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

enum Id : std::uint8_t {
  kPayloadFormat = 0x01, kMessageExpiry = 0x02, kContentType = 0x03, kResponseTopic = 0x08, kCorrelation = 0x09,
  kSubscriptionId = 0x0B, kSessionExpiry = 0x11, kAuthMethod = 0x15, kAuthData = 0x16, kProblemInformation = 0x17,
  kWillDelay = 0x18, kResponseInformation = 0x19, kServerReference = 0x1C, kReasonString = 0x1F, kReceiveMaximum = 0x21,
  kAliasMaximum = 0x22, kAlias = 0x23, kUserProperty = 0x26, kPacketMaximum = 0x27,
};

constexpr std::uint64_t set_of(std::initializer_list<int> ids) {
  std::uint64_t set = 0;
  for (const int id : ids) set |= std::uint64_t{1} << id;
  return set;
}
constexpr std::uint64_t kOfConnect = set_of({kSessionExpiry, kReceiveMaximum, kPacketMaximum, kAliasMaximum,
                                             kResponseInformation, kProblemInformation, kUserProperty, kAuthMethod, kAuthData});
constexpr std::uint64_t kOfWill = set_of({kWillDelay, kPayloadFormat, kMessageExpiry, kContentType, kResponseTopic,
                                          kCorrelation, kUserProperty});
constexpr std::uint64_t kOfPublish = set_of({kPayloadFormat, kMessageExpiry, kAlias, kResponseTopic, kCorrelation,
                                             kUserProperty, kContentType});
constexpr std::uint64_t kOfAck = set_of({kReasonString, kUserProperty});
constexpr std::uint64_t kOfSubscribe = set_of({kSubscriptionId, kUserProperty});
constexpr std::uint64_t kOfUnsubscribe = set_of({kUserProperty});
constexpr std::uint64_t kOfDisconnect = set_of({kSessionExpiry, kReasonString, kUserProperty, kServerReference});

Reason flag(Cursor& in, std::optional<std::uint8_t>& to) {
  to = in.byte();
  return *to > 1 ? Reason::protocol_error : Reason::success;
}

template <class Number>
Reason above_zero(std::optional<Number>& to, std::uint32_t value, const Cursor& in) {
  to = static_cast<Number>(value);
  return in.ok() && value == 0 ? Reason::protocol_error : Reason::success;
}

Reason take_property(Cursor& in, int id, Properties& to) {
  switch (id) {
    case kPayloadFormat: return flag(in, to.payload_format);
    case kProblemInformation: return flag(in, to.problem_information);
    case kResponseInformation: return flag(in, to.response_information);
    case kMessageExpiry: to.message_expiry = in.number(4); break;
    case kSessionExpiry: to.session_expiry = in.number(4); break;
    case kWillDelay: to.will_delay = in.number(4); break;
    case kPacketMaximum: return above_zero(to.packet_maximum, in.number(4), in);
    case kReceiveMaximum: return above_zero(to.receive_maximum, in.two(), in);
    case kAliasMaximum: to.alias_maximum = in.two(); break;
    case kAlias: to.alias = in.two(); break;
    case kSubscriptionId: return above_zero(to.subscription_id, in.variable(), in);
    case kContentType: to.content_type = in.text(); break;
    case kResponseTopic:
      to.response_topic = in.text();
      return to.response_topic.find_first_of("+#") != std::string_view::npos ? Reason::protocol_error : Reason::success;
    case kCorrelation: to.correlation = in.binary(); break;
    case kAuthMethod: to.auth_method = in.text(); break;
    case kAuthData: to.auth_data = in.binary(); break;
    case kReasonString: to.reason_string = in.text(); break;
    case kServerReference: to.server_reference = in.text(); break;
    case kUserProperty:
      in.text();
      in.text();
      break;
    default: return Reason::malformed;
  }
  return Reason::success;
}

Reason take_properties(Cursor& in, std::uint64_t allowed, Properties& to) {
  const std::uint32_t size = in.variable();
  if (!in.ok() || size > in.left()) return Reason::malformed;
  Cursor properties(in.take(size));
  std::uint64_t seen = 0;
  while (!properties.empty()) {
    const std::uint32_t id = properties.variable();
    if (!properties.ok() || id >= 64 || (allowed & (std::uint64_t{1} << id)) == 0) return Reason::malformed;
    if (id != kUserProperty && (seen & (std::uint64_t{1} << id)) != 0) return Reason::protocol_error;  // given twice
    seen |= std::uint64_t{1} << id;
    const Reason reason = take_property(properties, static_cast<int>(id), to);
    if (!properties.ok()) return Reason::malformed;
    if (reason != Reason::success) return reason;
  }
  return Reason::success;
}

Reason whole(const Cursor& in) { return in.ok() && in.empty() ? Reason::success : Reason::malformed; }

Reason take_will(Cursor& in, std::uint8_t flags, Connect& out) {
  out.has_will = true;
  out.will_qos = (flags >> 3) & 3;
  out.will_retain = (flags & 0x20) != 0;
  if (out.will_qos == 3) return Reason::malformed;
  if (out.version == Version::v5) {
    if (const Reason reason = take_properties(in, kOfWill, out.will_properties); reason != Reason::success) return reason;
  }
  out.will_topic = in.text();
  out.will_payload = in.binary();
  if (!in.ok() || out.will_topic.empty()) return Reason::malformed;
  return out.will_topic.find_first_of("+#") == std::string_view::npos ? Reason::success : Reason::bad_topic;
}

}  // namespace

Framing next_packet(std::string_view bytes, std::size_t most, Packet& out) {
  if (bytes.empty()) return Framing::more;
  const auto first = static_cast<unsigned char>(bytes[0]);
  const int type = first >> 4;
  const int flags = first & 0x0F;
  const bool fixed_two = type == 6 || type == 8 || type == 10;  // PUBREL SUBSCRIBE UNSUBSCRIBE
  if (type == 0 || (type != 3 && flags != (fixed_two ? 2 : 0))) return Framing::malformed;
  std::size_t length = 0;
  std::size_t at = 1;
  while (true) {
    if (at > 4) return Framing::malformed;
    if (at >= bytes.size()) return Framing::more;
    const auto one = static_cast<unsigned char>(bytes[at]);
    length |= static_cast<std::size_t>(one & 0x7F) << (7 * (at - 1));
    ++at;
    if ((one & 0x80) == 0) break;
  }
  if (at + length > most) return Framing::too_large;
  if (at + length > bytes.size()) return Framing::more;
  out = {static_cast<Type>(type), static_cast<std::uint8_t>(flags), bytes.substr(at, length), at + length};
  return Framing::whole;
}

Reason parse(const Packet& packet, Connect& out) {
  Cursor in(packet.body);
  const std::string_view protocol = in.text();
  const std::uint8_t level = in.byte();
  if (!in.ok()) return Reason::malformed;
  if (protocol != "MQTT" && protocol != "MQIsdp") return Reason::malformed;
  if (protocol != "MQTT" || (level != 4 && level != 5)) return Reason::bad_version;
  out.version = static_cast<Version>(level);
  const std::uint8_t flags = in.byte();
  if ((flags & 0x01) != 0) return Reason::malformed;
  out.clean = (flags & 0x02) != 0;
  out.has_user = (flags & 0x80) != 0;
  out.has_password = (flags & 0x40) != 0;
  if (out.version == Version::v311 && out.has_password && !out.has_user) return Reason::malformed;
  if ((flags & 0x04) == 0 && (flags & 0x38) != 0) return Reason::malformed;  // will options without a will
  out.keep_alive = in.two();
  if (out.version == Version::v5) {
    if (const Reason reason = take_properties(in, kOfConnect, out.properties); reason != Reason::success) return reason;
    if (!out.properties.auth_data.empty() && out.properties.auth_method.empty()) return Reason::protocol_error;
  }
  out.client_id = in.text();
  if ((flags & 0x04) != 0) {
    if (const Reason reason = take_will(in, flags, out); reason != Reason::success) return reason;
  }
  if (out.has_user) out.user = in.text();
  if (out.has_password) out.password = in.binary();
  return whole(in);
}

Reason parse(const Packet& packet, Version version, Publish& out) {
  Cursor in(packet.body);
  out.duplicate = (packet.flags & 0x08) != 0;
  out.qos = (packet.flags >> 1) & 3;
  out.retain = (packet.flags & 0x01) != 0;
  if (out.qos == 3 || (out.qos == 0 && out.duplicate)) return Reason::malformed;
  out.topic = in.text();
  if (out.qos > 0) {
    out.id = in.two();
    if (in.ok() && out.id == 0) return Reason::protocol_error;
  }
  if (!in.ok()) return Reason::malformed;
  if (version == Version::v5) {
    Properties properties;
    if (const Reason reason = take_properties(in, kOfPublish, properties); reason != Reason::success) return reason;
    out.alias = properties.alias;
    if (out.alias && *out.alias == 0) return Reason::bad_alias;
  }
  if (out.topic.empty() && !out.alias) return version == Version::v5 ? Reason::protocol_error : Reason::malformed;
  if (out.topic.find_first_of("+#") != std::string_view::npos) return Reason::bad_topic;
  out.payload = in.rest();
  return Reason::success;
}

Reason parse(const Packet& packet, Version version, Ack& out) {
  Cursor in(packet.body);
  out.id = in.two();
  if (!in.ok()) return Reason::malformed;
  if (version == Version::v311) return out.id == 0 ? Reason::malformed : whole(in);
  if (out.id == 0) return Reason::protocol_error;
  if (!in.empty()) out.reason = static_cast<Reason>(in.byte());
  if (!in.empty()) {
    Properties ignored;
    if (const Reason reason = take_properties(in, kOfAck, ignored); reason != Reason::success) return reason;
  }
  return whole(in);
}

Reason parse(const Packet& packet, Version version, Subscribe& out) {
  Cursor in(packet.body);
  out.id = in.two();
  if (!in.ok() || out.id == 0) return Reason::malformed;
  if (version == Version::v5) {
    Properties properties;
    if (const Reason reason = take_properties(in, kOfSubscribe, properties); reason != Reason::success) return reason;
    out.has_subscription_id = properties.subscription_id.has_value();
  }
  if (in.empty()) return Reason::protocol_error;
  while (!in.empty()) {
    Filter filter;
    filter.text = in.text();
    const std::uint8_t options = in.byte();
    if (!in.ok() || filter.text.empty()) return Reason::malformed;
    filter.qos = options & 3;
    filter.no_local = (options & 4) != 0;
    const std::uint8_t reserved = version == Version::v5 ? 0xC0 : 0xFC;
    if (filter.qos == 3 || (options & reserved) != 0) return Reason::malformed;
    if (version == Version::v5 && (options & 0x30) == 0x30) return Reason::protocol_error;
    out.filters.push_back(filter);
  }
  return Reason::success;
}

Reason parse(const Packet& packet, Version version, Unsubscribe& out) {
  Cursor in(packet.body);
  out.id = in.two();
  if (!in.ok() || out.id == 0) return Reason::malformed;
  if (version == Version::v5) {
    Properties ignored;
    if (const Reason reason = take_properties(in, kOfUnsubscribe, ignored); reason != Reason::success) return reason;
  }
  if (in.empty()) return Reason::protocol_error;
  while (!in.empty()) {
    out.filters.push_back(in.text());
    if (!in.ok() || out.filters.back().empty()) return Reason::malformed;
  }
  return Reason::success;
}

Reason parse(const Packet& packet, Version version, Disconnect& out) {
  Cursor in(packet.body);
  if (version == Version::v311) return whole(in);
  if (in.empty()) return Reason::success;
  out.reason = static_cast<Reason>(in.byte());
  if (!in.empty()) {
    Properties properties;
    if (const Reason reason = take_properties(in, kOfDisconnect, properties); reason != Reason::success) return reason;
    out.session_expiry = properties.session_expiry;
  }
  return whole(in);
}

}  // namespace cityloop::mqtt
