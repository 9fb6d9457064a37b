// SPDX-License-Identifier: Apache-2.0
#include "edge/ws_codec.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>

#include "edge/http_target.h"

namespace cityloop {

namespace ws {

void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
  out.push_back(static_cast<char>(0x80 | static_cast<int>(opcode)));
  if (payload.size() < 126) {
    out.push_back(static_cast<char>(payload.size()));
  } else {
    const int bytes = payload.size() < 65'536 ? 2 : 8;
    out.push_back(static_cast<char>(bytes == 2 ? 126 : 127));
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(payload.size() >> shift));
  }
  out.append(payload);
}

void append_close(std::string& out, std::uint16_t code, std::string_view reason) {
  std::string payload;
  payload.push_back(static_cast<char>(code >> 8));
  payload.push_back(static_cast<char>(code & 0xFF));
  payload.append(reason.substr(0, 123));
  append_frame(out, Opcode::close, payload);
}

std::string accept_key(std::string_view client_key) {
  const std::string text = std::string(client_key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::array<unsigned char, 32> encoded{};
  const int size = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
  return {reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(size)};
}

}  // namespace ws

WsParser::Message WsParser::broken(std::uint16_t code) {
  over_ = true;
  return {Message::Kind::broken, code, {}};
}

WsParser::Message WsParser::finish(ws::Opcode opcode, std::string payload) {
  using Kind = Message::Kind;
  switch (opcode) {
    case ws::Opcode::ping: return {Kind::ping, 0, std::move(payload)};
    case ws::Opcode::pong: return {Kind::pong, 0, std::move(payload)};
    case ws::Opcode::close: {
      if (payload.size() == 1) return broken(ws::kProtocol);
      over_ = true;
      if (payload.empty()) return {Kind::close, 1005, {}};
      const int code = (static_cast<unsigned char>(payload[0]) << 8) | static_cast<unsigned char>(payload[1]);
      const bool known = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
      if (!known) return broken(ws::kProtocol);
      if (!is_utf8(std::string_view(payload).substr(2))) return broken(ws::kNotUtf8);
      return {Kind::close, static_cast<std::uint16_t>(code), payload.substr(2)};
    }
    default: break;
  }
  if (!is_utf8(payload)) return broken(ws::kNotUtf8);
  return {Kind::text, 0, std::move(payload)};
}

WsParser::Message WsParser::next() {
  while (!over_) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(buffer_.data()) + begin_;
    const std::size_t have = buffer_.size() - begin_;
    if (have < 2) break;
    const bool final = (bytes[0] & 0x80) != 0;
    const int opcode = bytes[0] & 0x0F;
    const bool control = opcode >= 8;
    if ((bytes[0] & 0x70) != 0 || (bytes[1] & 0x80) == 0) return broken(ws::kProtocol);  // no extension was agreed; clients mask
    if (opcode == 2) return broken(ws::kUnsupported);
    if (opcode > 10 || (opcode > 2 && opcode < 8)) return broken(ws::kProtocol);
    std::uint64_t size = bytes[1] & 0x7F;
    if (control && (!final || size > 125)) return broken(ws::kProtocol);
    if (!control && (opcode == 0) != inside_) return broken(ws::kProtocol);
    const std::size_t extended = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (have < 2 + extended) break;
    if (extended > 0) {
      size = 0;
      for (std::size_t i = 0; i < extended; ++i) size = (size << 8) | bytes[2 + i];
    }
    if (size > most_ || (!control && message_.size() + size > most_)) return broken(ws::kTooBig);
    const std::size_t head = 2 + extended + 4;
    if (have < head + size) break;
    const unsigned char* mask = bytes + 2 + extended;
    std::string payload(static_cast<std::size_t>(size), '\0');
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(bytes[head + i] ^ mask[i & 3]);
    begin_ += head + static_cast<std::size_t>(size);
    if (control) return finish(static_cast<ws::Opcode>(opcode), std::move(payload));
    message_.append(payload);
    inside_ = !final;
    if (final) return finish(ws::Opcode::text, std::exchange(message_, {}));
  }
  buffer_.erase(0, begin_);
  begin_ = 0;
  return {};
}

}  // namespace cityloop
