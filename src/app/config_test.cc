// SPDX-License-Identifier: Apache-2.0
#include "app/config.h"

#include <gtest/gtest.h>

namespace cityloop {
namespace {

TEST(Config, TheSampleIsTheDocumentation) {
  const auto config = load_config(std::string(CITYLOOP_SOURCE_DIR) + "/docs/cityloop.sample.jsonc");
  ASSERT_TRUE(config.has_value()) << config.error().detail;
  EXPECT_EQ(config->http.port, 8080);
  EXPECT_EQ(config->utc_offset, std::chrono::hours(8));
  EXPECT_EQ(config->root_area, Config{}.root_area);
  EXPECT_EQ(config->store, "");
}

TEST(Config, TheStoreIsAUrl) {
  EXPECT_EQ(parse_config(R"({"store": "postgres://city@db/city"})")->store, "postgres://city@db/city");
  EXPECT_FALSE(parse_config(R"({"store": 5})").has_value());
}

TEST(Config, HowLongAContactIsKept) {
  EXPECT_EQ(parse_config(R"({"retention": {"contact": "30d"}})")->contact_kept, std::chrono::days(30));
  EXPECT_EQ(Config{}.contact_kept, std::chrono::days(365));
  EXPECT_FALSE(parse_config(R"({"retention": {"contacts": "30d"}})").has_value());
}

TEST(Config, AnUnknownKeyNamesTheNearest) {
  const auto config = parse_config(R"({"htpp": "127.0.0.1:1"})");
  ASSERT_FALSE(config.has_value());
  EXPECT_NE(config.error().detail.find("http"), std::string::npos);
}

TEST(Config, Addresses) {
  EXPECT_EQ(parse_address("[::1]:0")->host, "::1");
  EXPECT_FALSE(parse_address("127.0.0.1").has_value());
  EXPECT_FALSE(parse_address("127.0.0.1:70000").has_value());
  EXPECT_FALSE(parse_address("127.0.0.1:").has_value());
}

}  // namespace
}  // namespace cityloop
