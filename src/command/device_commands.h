// SPDX-License-Identifier: Apache-2.0
// What people tell devices to do: kept until the device has taken it or its time is over, and what the device answered.
// The edge carries them out (MQTT `city/v1/{asset}/commands`), as often as it needs; a device knows a repeat by its id.
// City thread only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/context.h"

namespace cityloop {

struct DeviceCommand {
  std::string id;  // `d-` + 16 hex digits
  std::string asset;
  std::string area;
  std::string command;    // a word of the device's own: `fan_on`
  std::string arguments;  // JSON object
  std::string reason;
  std::string by;     // Actor::id
  std::string state;  // waiting, delivered, then done, failed, refused (its answer), or expired: nobody took it in time
  std::string detail;  // of the answer
  Time at{};
  Time expires{};
  std::optional<Time> delivered_at;
  std::optional<Time> answered_at;
};

class DeviceCommands {
 public:
  // Body: {"command","arguments"?,"reason"?,"expires_in_s"?}; subject: the asset. Answers 202 with the command.
  Answer send(const ActionIn& in, const Actor& actor, Context& city);
  // The device has acknowledged it; of others nothing is known any more.
  void delivered(const std::string& id, Context& city);
  // A record of kind kCommandResult. An answer may come before the acknowledgement; of several the last one holds.
  void answered(const Record& result, Context& city);

  std::vector<DeviceCommand> waiting(Time now) const;  // to be carried out, oldest first
  void tick(Context& city);
  Time next_due() const;

  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  void put(const DeviceCommand& command, const std::string& by, Context& city);

  std::map<std::string, DeviceCommand, std::less<>> commands_;  // until limits::kCommandKept after they expired
};

// What the device gets: {"id","command","arguments","at","expires_at"}.
std::string payload_of(const DeviceCommand& command);
std::string doc_of(const DeviceCommand& command);

}  // namespace cityloop
