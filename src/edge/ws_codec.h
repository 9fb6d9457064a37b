// SPDX-License-Identifier: Apache-2.0
// WebSocket frames (RFC 6455) as pure functions: the server's side, text only, without extensions. Beast's own stream writes
// one frame a call; ours are laid one behind the other and leave in one write, which costs a thirteenth (stack.md §1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cityloop {

namespace ws {
inline constexpr std::uint16_t kNormal = 1000, kGoingAway = 1001, kProtocol = 1002, kUnsupported = 1003, kNotUtf8 = 1007,
                               kTooBig = 1009;

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// Appends one unmasked, final frame.
void append_frame(std::string& out, Opcode opcode, std::string_view payload);
void append_close(std::string& out, std::uint16_t code, std::string_view reason);  // the reason is cut at 123 bytes

// The value of Sec-WebSocket-Accept for a client's key.
std::string accept_key(std::string_view client_key);
}  // namespace ws

// Takes bytes as they come and gives whole messages. A message longer than `most` or a breach of the protocol ends it.
class WsParser {
 public:
  explicit WsParser(std::size_t most) : most_(most) {}

  struct Message {
    enum class Kind { none, text, ping, pong, close, broken } kind = Kind::none;
    std::uint16_t code = 0;   // close: the peer's code (1005: none given); broken: the code to close with
    std::string payload;
  };
  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // The next message; `none` when more bytes are needed. After `broken` or `close` nothing more comes.
  Message next();

 private:
  Message broken(std::uint16_t code);
  Message finish(ws::Opcode opcode, std::string payload);

  std::size_t most_;
  std::string buffer_;
  std::size_t begin_ = 0;
  std::string message_;       // fragments so far
  bool inside_ = false;       // a fragmented message is open
  bool over_ = false;
};

}  // namespace cityloop
