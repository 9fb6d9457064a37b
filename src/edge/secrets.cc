// SPDX-License-Identifier: Apache-2.0
#include "edge/secrets.h"

#include <sodium.h>

#include "edge/cursor.h"

namespace cityloop {
namespace {

void ready() {
  static const bool started = sodium_init() >= 0;
  CHECK(started);
}

const unsigned char* bytes_in(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_in(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

Result<std::string> hash_password(std::string_view password) {
  ready();
  std::string hash(crypto_pwhash_STRBYTES, '\0');
  const int outcome = crypto_pwhash_str_alg(hash.data(), password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                            crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13);
  if (outcome != 0) return fail(errors::kOverloaded, "there is not enough memory to hash a password now");
  hash.resize(hash.find('\0'));
  return hash;
}

bool verify_password(std::string_view hash, std::string_view password) {
  ready();
  const std::string text(hash);
  return text.size() < crypto_pwhash_STRBYTES && crypto_pwhash_str_verify(text.c_str(), password.data(), password.size()) == 0;
}

std::string random_bytes(std::size_t bytes) {
  ready();
  std::string drawn(bytes, '\0');
  randombytes_buf(drawn.data(), drawn.size());
  return drawn;
}

std::string random_hex(std::size_t bytes) { return hex_of(random_bytes(bytes)); }

std::string sha256_hex(std::string_view bytes) {
  std::string digest(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(bytes_in(digest), bytes_in(bytes), bytes.size());
  return hex_of(digest);
}

std::string hmac_hex(std::string_view key, std::string_view bytes) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes_in(key), key.size());
  crypto_auth_hmacsha256_update(&state, bytes_in(bytes), bytes.size());
  std::string digest(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_final(&state, bytes_in(digest));
  return hex_of(digest);
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
  return left.size() == right.size() && sodium_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string hex_of(std::string_view bytes) {
  std::string hex(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), bytes_in(bytes), bytes.size());
  hex.pop_back();
  return hex;
}

Result<std::string> bytes_of_hex(std::string_view hex) {
  std::string bytes(hex.size() / 2, '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const int outcome = sodium_hex2bin(bytes_in(bytes), bytes.size(), hex.data(), hex.size(), nullptr, &size, &end);
  if (outcome != 0 || hex.size() % 2 != 0 || size != bytes.size()) return fail(errors::kBadField, "that is not hexadecimal");
  return bytes;
}

std::string seal(std::string_view key, std::string_view context, std::string_view plain) {
  ready();
  CHECK(key.size() == kSealKeyBytes);
  std::string sealed = random_bytes(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
  const std::size_t nonce = sealed.size();
  sealed.resize(nonce + plain.size() + crypto_aead_xchacha20poly1305_ietf_ABYTES);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes_in(sealed) + nonce, nullptr, bytes_in(plain), plain.size(), bytes_in(context),
                                             context.size(), nullptr, bytes_in(sealed), bytes_in(key));
  return cursor_text(sealed);
}

Result<std::string> unseal(std::string_view key, std::string_view context, std::string_view sealed) {
  ready();
  CHECK(key.size() == kSealKeyBytes);
  constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
  constexpr std::size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
  const auto bytes = cursor_bytes(sealed);
  const auto damaged = [] { return fail(errors::kCorrupt, "a sealed field cannot be opened with this folder's key"); };
  if (!bytes || bytes->size() < kNonce + kTag) return damaged();
  std::string plain(bytes->size() - kNonce - kTag, '\0');
  const std::string_view all = *bytes;
  const int outcome = crypto_aead_xchacha20poly1305_ietf_decrypt(bytes_in(plain), nullptr, nullptr, bytes_in(all) + kNonce, all.size() - kNonce,
                                                                 bytes_in(context), context.size(), bytes_in(all), bytes_in(key));
  if (outcome != 0) return damaged();
  return plain;
}

}  // namespace cityloop
