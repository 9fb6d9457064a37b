// SPDX-License-Identifier: Apache-2.0
// What a browser or an enemy of one sends besides the head that Beast parses: addresses, header lists, gzip bodies, WebSocket frames,
// URLs of receivers. An accepted path never leaves its folder and is UTF-8.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "edge/http_client.h"
#include "edge/http_target.h"
#include "edge/ws_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace cityloop;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  switch (bytes[0] % 5) {
    case 0:
      if (const auto target = parse_target(text)) {
        const std::string framed = target->path + "/";
        const bool bad = !framed.starts_with('/') || framed.find("/../") != std::string::npos ||
                         framed.find('\0') != std::string::npos || !is_utf8(framed);
        if (bad) std::abort();
      }
      break;
    case 1:
      if (const auto body = gunzip(text, 1u << 16); body && body->size() > (1u << 16)) std::abort();
      break;
    case 2: {
      WsParser parser(4'096);
      for (std::size_t i = 0; i < text.size(); i += 7) {
        parser.feed(text.substr(i, 7));
        for (auto message = parser.next(); message.kind != WsParser::Message::Kind::none; message = parser.next()) {
          if (message.payload.size() > 4'096) std::abort();
        }
      }
      break;
    }
    case 3: (void)parse_http_url(text); break;
    default:
      (void)accepted_coding(text);
      (void)lists_token(text, "upgrade");
      (void)same_origin(text, "city.example");
  }
  return 0;
}
