// SPDX-License-Identifier: Apache-2.0
#include "edge/mqtt_login.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "core/limits.h"

namespace cityloop::mqtt {

namespace {

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : digest) {
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

Login check_login(const AccessTable& access, const Connect& connect, Time now) {
  if (!connect.has_user || !connect.has_password) return {Reason::bad_user, {}};
  const std::string hash = sha256_hex(connect.password);
  const auto found = access.credentials.find(connect.user);
  if (found == access.credentials.end()) return {Reason::bad_user, {}};
  const Credential& credential = found->second;
  const bool current = same_secret(hash, credential.hash);
  const bool old = !credential.old_hash.empty() && credential.old_until && now < *credential.old_until &&
                   same_secret(hash, credential.old_hash);
  if (!current && !old) return {Reason::bad_user, {}};
  if (!credential.enabled) return {Reason::not_authorized, {}};
  return {Reason::success, hash};
}

Reason check_client_id(const Connect& connect) {
  const std::string_view id = connect.client_id;
  if (id.empty()) {
    const bool nameless_but_kept = connect.version == Version::v311 && !connect.clean;  // [3.1.1: 3.1.3.1]
    return nameless_but_kept ? Reason::bad_client_id : Reason::success;
  }
  const bool control = std::any_of(id.begin(), id.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  return control || id.size() > limits::kMqttClientIdBytes ? Reason::bad_client_id : Reason::success;
}

Reason check_will(const Connect& connect, std::string_view credential) {
  if (!connect.has_will) return Reason::success;
  const bool own = connect.will_topic == "city/v1/" + std::string(credential) + "/status";
  return own ? Reason::success : Reason::bad_topic;
}

std::chrono::seconds kept_for(std::uint32_t wanted_seconds) {
  const auto most = std::chrono::duration_cast<std::chrono::seconds>(limits::kMqttSessionKept);
  return std::min(std::chrono::seconds(wanted_seconds), most);
}

}  // namespace cityloop::mqtt
