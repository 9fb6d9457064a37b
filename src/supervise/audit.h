// SPDX-License-Identifier: Apache-2.0
// The audit chain: every link's digest is HMAC-SHA256, keyed with the folder's audit key, over the link before and its
// own fields, so that nothing can be changed, taken out or cut off unseen while the head is kept outside the folder.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/event.h"

namespace cityloop {

struct AuditHead {
  std::uint64_t number = 0;  // of the newest link, 0: none
  std::string digest;        // its digest, empty: none

  friend bool operator==(const AuditHead&, const AuditHead&) = default;
};

std::string keyed_digest(std::string_view key, std::string_view bytes);  // HMAC-SHA256, hex

// Sets number, previous and digest of the entry and moves the head to it.
void link_audit(AuditEntry& entry, AuditHead& head, std::string_view key);

// Consecutive links up to the expected head; the first may have any number (older ones are kept elsewhere), and number
// 1 has nothing before it. kCorrupt names the first link that does not fit.
Result<void> verify_chain(std::span<const AuditEntry> entries, std::string_view key, const AuditHead& expected);

}  // namespace cityloop
