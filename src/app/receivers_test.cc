// SPDX-License-Identifier: Apache-2.0
#include "app/receivers.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/json.h"

namespace cityloop {
namespace {

class Receivers : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "receivers-test";
    std::filesystem::create_directories(folder_ + "/secrets");
    std::ofstream(folder_ + "/secrets/robot.key") << "k-1\n";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  Receiver receiver(const std::string& body) const { return parse_receiver(parse_json(body).value().as_object(), "r", Trust::configuration).value(); }
  std::string folder_;
};

TEST_F(Receivers, SecretsComeFromFilesAndVariables) {
  const Config config;
  EXPECT_EQ(open_receiver(receiver(R"({"channel":"wecom","secret":{"file":"robot.key"}})"), config, folder_)->secret, "k-1");
  EXPECT_EQ(open_receiver(receiver("{\"channel\":\"wecom\",\"secret\":{\"file\":\"" + folder_ + "/secrets/robot.key\"}}"), config, "/nowhere")->secret, "k-1");
  ::setenv("CITYLOOP_TEST_ROBOT", "from-env", 1);
  EXPECT_EQ(open_receiver(receiver(R"({"channel":"wecom","secret":{"env":"CITYLOOP_TEST_ROBOT"}})"), config, folder_)->secret, "from-env");
  ::unsetenv("CITYLOOP_TEST_ROBOT");
  const auto missing = open_receiver(receiver(R"({"channel":"wecom","secret":{"env":"CITYLOOP_TEST_ROBOT"}})"), config, folder_);
  ASSERT_FALSE(missing.has_value());
  EXPECT_NE(missing.error().detail.find("CITYLOOP_TEST_ROBOT"), std::string::npos);
  EXPECT_FALSE(open_receiver(receiver(R"({"channel":"wecom","secret":{"file":"other.key"}})"), config, folder_).has_value());
}

TEST_F(Receivers, AWebhooksSecretMayStandInTheConfiguration) {
  const auto config = parse_config(R"({"receivers":[{"name":"r","url":"https://x.example","secret":"plain"}]})");
  ASSERT_TRUE(config.has_value()) << config.error().detail;
  EXPECT_EQ(config->receivers[0].body.find("plain"), std::string::npos) << "the city never hears of it";
  EXPECT_EQ(open_receiver(receiver(R"({"url":"https://x.example"})"), *config, folder_)->secret, "plain");
  EXPECT_FALSE(parse_config(R"({"receivers":[{"name":"r","channel":"wecom","secret":"plain"}]})").has_value());
}

TEST_F(Receivers, AFlawInTheConfigurationIsNamed) {
  const auto config = parse_config(R"({"receivers":[{"name":"r","url":"https://x.example","quite":[]}]})");
  ASSERT_FALSE(config.has_value());
  EXPECT_NE(config.error().detail.find("quiet"), std::string::npos) << config.error().detail;
}

}  // namespace
}  // namespace cityloop
