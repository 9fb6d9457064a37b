// SPDX-License-Identifier: Apache-2.0
// Every *.story in this folder is a test.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/story.h"

namespace cityloop {
namespace {

std::vector<std::string> stories() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(CITYLOOP_SOURCE_DIR) + "/tests/stories"))
    if (entry.path().extension() == ".story") names.push_back(entry.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

class Stories : public testing::TestWithParam<std::string> {};

TEST_P(Stories, HappensAsTold) {
  std::ifstream file(std::string(CITYLOOP_SOURCE_DIR) + "/tests/stories/" + GetParam() + ".story");
  std::stringstream text;
  text << file.rdbuf();
  for (const std::string& failure : play_story(text.str())) ADD_FAILURE() << GetParam() << ".story " << failure;
}

std::string story_name(const testing::TestParamInfo<std::string>& story) {
  std::string name = story.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, Stories, testing::ValuesIn(stories()), story_name);

// A runner that lets everything pass would make the stories above worthless.
TEST(StoryRunner, SaysWhatDidNotHold) {
  EXPECT_EQ(play_story("expect cases 1\n").size(), 1u);
  EXPECT_EQ(play_story("nonsense\n").size(), 1u);
  EXPECT_EQ(play_story("user somebody no_such_role 50\n").size(), 1u);
  EXPECT_EQ(play_story("user a dispatcher 50 => auth.forbidden\n").size(), 1u);
}

}  // namespace
}  // namespace cityloop
