// SPDX-License-Identifier: Apache-2.0
#include "edge/ws_codec.h"

#include <gtest/gtest.h>

namespace cityloop {
namespace {

using Kind = WsParser::Message::Kind;

std::string client_frame(int first, std::string_view payload) {
  std::string out(1, static_cast<char>(first));
  if (payload.size() < 126) {
    out.push_back(static_cast<char>(0x80 | payload.size()));
  } else {
    out.push_back(static_cast<char>(0x80 | 126));
    out.push_back(static_cast<char>(payload.size() >> 8));
    out.push_back(static_cast<char>(payload.size() & 0xFF));
  }
  const char mask[] = {0x12, 0x34, 0x56, 0x78};
  out.append(mask, 4);
  for (std::size_t i = 0; i < payload.size(); ++i) out.push_back(static_cast<char>(payload[i] ^ mask[i & 3]));
  return out;
}

TEST(WsCodec, AcceptKeyOfTheStandard) {
  EXPECT_EQ(ws::accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");  // RFC 6455 §1.3
}

TEST(WsCodec, FrameLengths) {
  for (const std::size_t size : {0u, 125u, 126u, 65'535u, 65'536u}) {
    std::string out;
    ws::append_frame(out, ws::Opcode::text, std::string(size, 'a'));
    EXPECT_EQ(out.size(), size + (size < 126 ? 2 : size < 65'536 ? 4 : 10));
    EXPECT_EQ(static_cast<unsigned char>(out[0]), 0x81);
  }
}

TEST(WsParser, MessageByteByByte) {
  WsParser parser(1'000);
  const std::string bytes = client_frame(0x81, "你好") + client_frame(0x89, "p") + client_frame(0x81, std::string(200, 'x'));
  std::vector<WsParser::Message> all;
  for (const char byte : bytes) {
    parser.feed({&byte, 1});
    for (auto m = parser.next(); m.kind != Kind::none; m = parser.next()) all.push_back(m);
  }
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].payload, "你好");
  EXPECT_EQ(all[1].kind, Kind::ping);
  EXPECT_EQ(all[2].payload.size(), 200u);
}

TEST(WsParser, FragmentsWithAPingBetween) {
  WsParser parser(1'000);
  parser.feed(client_frame(0x01, "ab") + client_frame(0x89, "") + client_frame(0x00, "cd") + client_frame(0x80, "ef"));
  EXPECT_EQ(parser.next().kind, Kind::ping);
  const auto message = parser.next();
  EXPECT_EQ(message.kind, Kind::text);
  EXPECT_EQ(message.payload, "abcdef");
}

TEST(WsParser, RefusesBreaches) {
  const auto code = [](const std::string& bytes) {
    WsParser parser(100);
    parser.feed(bytes);
    const auto message = parser.next();
    return message.kind == Kind::broken ? message.code : 0;
  };
  std::string unmasked;
  ws::append_frame(unmasked, ws::Opcode::text, "hi");
  EXPECT_EQ(code(unmasked), ws::kProtocol);
  EXPECT_EQ(code(client_frame(0xC1, "x")), ws::kProtocol);                  // reserved bit
  EXPECT_EQ(code(client_frame(0x82, "x")), ws::kUnsupported);               // binary
  EXPECT_EQ(code(client_frame(0x83, "x")), ws::kProtocol);                  // reserved opcode
  EXPECT_EQ(code(client_frame(0x80, "x")), ws::kProtocol);                  // continuation of nothing
  EXPECT_EQ(code(client_frame(0x09, "x")), ws::kProtocol);                  // fragmented ping
  EXPECT_EQ(code(client_frame(0x81, std::string(101, 'x'))), ws::kTooBig);
  EXPECT_EQ(code(client_frame(0x81, "\xff")), ws::kNotUtf8);
  EXPECT_EQ(code(client_frame(0x88, "x")), ws::kProtocol);                  // half a close code
  EXPECT_EQ(code(client_frame(0x88, std::string("\x03\xed", 2))), ws::kProtocol);  // 1005 may not be sent
  EXPECT_EQ(code(client_frame(0x01, "a") + client_frame(0x81, "b")), ws::kProtocol);
}

TEST(WsParser, ManySmallFragmentsStayBounded) {
  WsParser parser(100);
  parser.feed(client_frame(0x01, std::string(60, 'x')) + client_frame(0x00, std::string(60, 'x')));
  EXPECT_EQ(parser.next().code, ws::kTooBig);
}

}  // namespace
}  // namespace cityloop
