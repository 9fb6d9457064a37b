// SPDX-License-Identifier: Apache-2.0
// A stream of MQTT packets of either version. Whatever comes, each packet is framed inside the bytes, parsed without a fault, and a
// publish that we accept reads back the same when we write it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "edge/mqtt_codec.h"
#include "edge/mqtt_intake.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace cityloop::mqtt;
  if (size == 0) return 0;
  const Version version = (bytes[0] & 1) != 0 ? Version::v5 : Version::v311;
  std::string_view rest(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  Packet packet;
  while (next_packet(rest, 1u << 20, packet) == Framing::whole) {
    if (packet.size > rest.size() || packet.body.size() > packet.size) std::abort();
    Connect connect;
    Publish publish;
    Ack ack;
    Subscribe subscribe;
    Unsubscribe unsubscribe;
    Disconnect disconnect;
    switch (packet.type) {
      case Type::connect: (void)parse(packet, connect); break;
      case Type::subscribe: (void)parse(packet, version, subscribe); break;
      case Type::unsubscribe: (void)parse(packet, version, unsubscribe); break;
      case Type::disconnect: (void)parse(packet, version, disconnect); break;
      case Type::publish:
        if (parse(packet, version, publish) == Reason::success && !publish.topic.empty()) {
          (void)split_topic(publish.topic);
          std::string out;
          append_publish(out, version, publish);
          Packet again;
          Publish back;
          if (next_packet(out, 1u << 21, again) != Framing::whole || parse(again, version, back) != Reason::success ||
              back.topic != publish.topic || back.payload != publish.payload || back.id != publish.id)
            std::abort();
        }
        break;
      default: (void)parse(packet, version, ack); break;
    }
    rest.remove_prefix(packet.size);
  }
  return 0;
}
