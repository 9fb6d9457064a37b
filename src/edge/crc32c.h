// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli, RFC 3720 appendix B.4), with the processor's instruction where it has one. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace cityloop {

// `before` chains: crc32c(b, crc32c(a)) is the checksum of a followed by b.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);
std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before = 0);  // the fallback, for tests

}  // namespace cityloop
