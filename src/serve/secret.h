// SPDX-License-Identifier: Apache-2.0
// Digests and comparisons of secrets, without clocks or chance. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cityloop::serve {

std::string sha256_hex(std::string_view bytes);
bool same_secret(std::string_view a, std::string_view b);  // time does not depend on where they differ
std::optional<std::string> decode_base64(std::string_view text);  // padded or not; nothing when malformed
std::uint64_t digest64(std::string_view bytes);            // first 8 bytes of SHA-256, to tell a reused key

// The three secrets of a session, from the cookie's value alone.
inline std::string session_key(std::string_view cookie) { return sha256_hex(cookie); }
inline std::string csrf_of(std::string_view cookie) { return sha256_hex(std::string(cookie) + ":csrf"); }

}  // namespace cityloop::serve
