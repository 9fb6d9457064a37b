// SPDX-License-Identifier: Apache-2.0
// Whole numbers in as few bytes as they need: 7 bits a byte, lowest first; signed ones folded so that small stays small.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cityloop {

inline std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t unzigzag(std::uint64_t value) { return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1)); }

// Differences wrap, so that any two numbers have one and adding it back is exact.
inline std::int64_t wrapped_difference(std::int64_t to, std::int64_t from) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from));
}
inline std::int64_t wrapped_sum(std::int64_t left, std::int64_t right) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(left) + static_cast<std::uint64_t>(right));
}

inline constexpr std::size_t kVarintMost = 10;  // bytes
inline char* put_varint(char* at, std::uint64_t value) {
  for (; value >= 128; value >>= 7) *at++ = static_cast<char>(value | 128);
  *at++ = static_cast<char>(value);
  return at;
}
inline void append_varint(std::string& out, std::uint64_t value) {
  char bytes[kVarintMost];
  out.append(bytes, static_cast<std::size_t>(put_varint(bytes, value) - bytes));
}

// Reads on; behind the end everything is zero and `ok` turns false.
class VarintReader {
 public:
  explicit VarintReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}
  bool ok() const { return ok_; }
  bool done() const { return at_ == end_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  std::uint8_t byte() { return at_ == end_ ? spoiled() : static_cast<std::uint8_t>(*at_++); }
  std::int64_t folded() { return unzigzag(next()); }
  std::uint64_t next() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t part = byte();
      value |= static_cast<std::uint64_t>(part & 127) << shift;
      if (part < 128) return value;
    }
    return spoiled();
  }

 private:
  std::uint8_t spoiled() {
    ok_ = false;
    at_ = end_;
    return 0;
  }
  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace cityloop
