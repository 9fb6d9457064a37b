// SPDX-License-Identifier: Apache-2.0
#include "edge/http_target.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace cityloop {
namespace {

TEST(HttpTarget, DecodesPathAndQuery) {
  const auto target = parse_target("/api/v1/assets/%E6%A0%91?area=500106&q=a+b%26c&flag&empty=");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->path, "/api/v1/assets/树");
  const std::vector<std::pair<std::string, std::string>> query{{"area", "500106"}, {"q", "a b&c"}, {"flag", ""}, {"empty", ""}};
  EXPECT_EQ(target->query, query);
}

TEST(HttpTarget, TakesAbsoluteForm) {
  EXPECT_EQ(parse_target("http://host:80/x/y?z=1").value().path, "/x/y");
  EXPECT_EQ(parse_target("https://host").value().path, "/");
}

TEST(HttpTarget, RefusesEveryWayOut) {
  for (const char* bad : {"", "*", "x", "/a/../b", "/..", "/%2e%2e/x", "/.%2E/x", "/a%2fb", "/a%5Cb", "/a\\b", "/a%00b", "/a%0ab",
                          "/%", "/%4", "/%zz", "/a//b", "/%ff", "/%c0%ae", "/./a", "/a?x=%00", "/a?x=%f", "//host/x"}) {
    const auto target = parse_target(bad);
    ASSERT_FALSE(target.has_value()) << bad;
    EXPECT_EQ(target.error().code->status, 400) << bad;
  }
}

TEST(HttpTarget, KeepsTrailingSlash) { EXPECT_EQ(parse_target("/m/").value().path, "/m/"); }

TEST(HttpRules, ComparesOriginWithHost) {
  EXPECT_TRUE(same_origin("https://city.example", "city.example"));
  EXPECT_TRUE(same_origin("https://City.example:443", "city.example"));
  EXPECT_TRUE(same_origin("http://127.0.0.1:8080", "127.0.0.1:8080"));
  EXPECT_FALSE(same_origin("https://evil.example", "city.example"));
  EXPECT_FALSE(same_origin("https://city.example.evil", "city.example"));
  EXPECT_FALSE(same_origin("null", "city.example"));
  EXPECT_FALSE(same_origin("http://city.example:8080", "city.example"));
  EXPECT_FALSE(same_origin("https://", ""));
}

TEST(HttpRules, ChoosesCoding) {
  EXPECT_EQ(accepted_coding("gzip, deflate, br"), "br");
  EXPECT_EQ(accepted_coding("br;q=0, GZIP;q=0.5"), "gzip");
  EXPECT_EQ(accepted_coding("identity"), "");
  EXPECT_EQ(accepted_coding(""), "");
}

TEST(HttpRules, FindsTokens) {
  EXPECT_TRUE(lists_token("keep-alive, Upgrade", "upgrade"));
  EXPECT_FALSE(lists_token("keep-alive, Upgraded", "upgrade"));
}

TEST(HttpRules, KnowsUtf8) {
  EXPECT_TRUE(is_utf8("石井坡 ok 🌳"));
  EXPECT_FALSE(is_utf8("\xC0\x80"));
  EXPECT_FALSE(is_utf8("\xED\xA0\x80"));
  EXPECT_FALSE(is_utf8("\xF4\x90\x80\x80"));
  EXPECT_FALSE(is_utf8("\xE4\xB8"));
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(Gunzip, IsBounded) {
  const std::string text(300'000, 'x');
  const std::string packed = gzip(text);
  EXPECT_EQ(gunzip(packed, 300'000).value(), text);
  EXPECT_EQ(gunzip(packed, 299'999).error().code, &errors::kTooLarge);
  EXPECT_EQ(gunzip(packed.substr(0, packed.size() / 2), 300'000).error().code, &errors::kBadRequest);
  EXPECT_EQ(gunzip("not gzip", 100).error().code, &errors::kBadRequest);
  EXPECT_EQ(gunzip("", 100).error().code, &errors::kBadRequest);
  EXPECT_EQ(gunzip(packed + "rest", 300'000).error().code, &errors::kBadRequest);
  EXPECT_EQ(gunzip(gzip(""), 100).value(), "");
}

}  // namespace
}  // namespace cityloop
