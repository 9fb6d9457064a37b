// SPDX-License-Identifier: Apache-2.0
// Passwords, random words, digests and sealed fields, by libsodium. Any thread.
// People's passwords: Argon2id; generated secrets: SHA-256, because they cannot be guessed (architecture §1).
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace cityloop {

Result<std::string> hash_password(std::string_view password);  // Argon2id, interactive limits (about 64 MiB, some 50 ms); PHC text
bool verify_password(std::string_view hash, std::string_view password);

std::string random_hex(std::size_t bytes);    // 2 * bytes hex digits
std::string random_bytes(std::size_t bytes);
std::string sha256_hex(std::string_view bytes);
std::string hmac_hex(std::string_view key, std::string_view bytes);  // HMAC-SHA-256
bool equal_in_constant_time(std::string_view left, std::string_view right);

std::string hex_of(std::string_view bytes);
Result<std::string> bytes_of_hex(std::string_view hex);  // kBadField

inline constexpr std::size_t kSealKeyBytes = 32;
// XChaCha20-Poly1305 with a random nonce: nonce and ciphertext as text (base64url). `context` is bound to it, so that one
// person's sealed field cannot be put in another's place. The key has kSealKeyBytes.
std::string seal(std::string_view key, std::string_view context, std::string_view plain);
Result<std::string> unseal(std::string_view key, std::string_view context, std::string_view sealed);  // kCorrupt

}  // namespace cityloop
