// SPDX-License-Identifier: Apache-2.0
#include "supervise/audit.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "core/codec.h"

namespace cityloop {
namespace {

// Lengths stand before texts (core/codec.h), so that no two entries have the same bytes.
std::string digest_of(const AuditEntry& entry, std::string_view key) {
  AuditEntry undigested = entry;
  undigested.digest.clear();
  return keyed_digest(key, encoded(undigested));
}

}  // namespace

std::string keyed_digest(std::string_view key, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  const unsigned char* done =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()),
           bytes.size(), digest.data(), &size);
  CHECK(done != nullptr && size == 32);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += kHex[digest[i] >> 4];
    hex += kHex[digest[i] & 15];
  }
  return hex;
}

void link_audit(AuditEntry& entry, AuditHead& head, std::string_view key) {
  entry.number = head.number + 1;
  entry.previous = head.digest;
  entry.digest = digest_of(entry, key);
  head = {entry.number, entry.digest};
}

Result<void> verify_chain(std::span<const AuditEntry> entries, std::string_view key, const AuditHead& expected) {
  const auto broken = [](std::uint64_t number, std::string why) {
    return fail(errors::kCorrupt, "audit link " + std::to_string(number) + " " + std::move(why));
  };
  AuditHead head;
  for (const AuditEntry& entry : entries) {
    if (entry.number == 0) return broken(0, "does not exist: numbers begin at 1");
    if (head.number == 0) head = {entry.number - 1, entry.number == 1 ? "" : entry.previous};
    if (entry.number != head.number + 1) return broken(head.number + 1, "is missing");
    if (entry.previous != head.digest) return broken(entry.number, "does not follow the one before");
    if (entry.digest != digest_of(entry, key)) return broken(entry.number, "was changed, or the key is another");
    head = {entry.number, entry.digest};
  }
  if (head == expected) return {};
  if (head.number < expected.number)
    return broken(head.number + 1, "is missing: the chain ends before its anchored head");
  return broken(expected.number, "is not the anchored head");
}

}  // namespace cityloop
