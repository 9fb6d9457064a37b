// SPDX-License-Identifier: Apache-2.0
#include "serve/initials.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace cityloop::serve {
namespace {

TEST(Initials, stand_for_each_character_and_keep_letters_and_digits) {
  EXPECT_EQ(initials_of("石井坡 1 号化粪池"), "sjp1hhfc djp1hhfc");
  EXPECT_EQ(initials_of("巴南谊园路 K3+200"), "bnyylk3200");
  EXPECT_EQ(initials_of("张伟"), "zw");
  EXPECT_EQ(initials_of("septic-500106-0001"), "") << "nothing to spell";
  EXPECT_EQ(initials_of(""), "");
  EXPECT_EQ(initials_of("\xff\xfe井"), "j") << "bytes that are no text are left out";
}

// Whoever looks for 重庆 types cq, for 重量 zl.
TEST(Initials, two_readings_give_two_spellings_and_many_do_not_explode) {
  const std::string both = initials_of("重庆");
  EXPECT_NE((" " + both + " ").find(" cq "), std::string::npos) << both;
  EXPECT_NE((" " + both + " ").find(" zq "), std::string::npos) << both;
  const std::string many = initials_of("重长厦乐朝曾单解仇");
  EXPECT_EQ(std::count(many.begin(), many.end(), ' '), 7) << many;
  EXPECT_EQ(many.size(), 8u * 9 + 7);
}

TEST(Initials, stand_behind_the_text_that_is_searched) {
  EXPECT_EQ(searchable("u-1 李"), "u-1 李 u1l");
  EXPECT_EQ(searchable("plain"), "plain");
}

TEST(Initials, know_every_character_of_the_block) { EXPECT_EQ(std::char_traits<char>::length(kInitials), 0x9FA5u - 0x4E00u + 1); }

}  // namespace
}  // namespace cityloop::serve
