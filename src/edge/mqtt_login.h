// SPDX-License-Identifier: Apache-2.0
// Whether a CONNECT may come in: client id, credential and secret, will. Pure; secrets are compared in constant time.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "edge/mqtt_codec.h"
#include "serve/access.h"

namespace cityloop::mqtt {

inline constexpr std::uint16_t kLongestKeepAlive = 1'200;  // seconds; a silent MQTT 5 device is asked to speak this often

struct Login {
  Reason reason = Reason::success;
  std::string hash;  // the stored hash that the secret matched
};
// bad_user: unknown credential or wrong secret, told alike. not_authorized: right secret, disabled.
Login check_login(const AccessTable& access, const Connect& connect, Time now);

Reason check_client_id(const Connect& connect);
// The only will is on `city/v1/{credential}/status`.
Reason check_will(const Connect& connect, std::string_view credential);

// Life of a session after its connection: as asked, at most kMqttSessionKept.
std::chrono::seconds kept_for(std::uint32_t wanted_seconds);

}  // namespace cityloop::mqtt
