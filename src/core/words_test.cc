// SPDX-License-Identifier: Apache-2.0
#include "core/words.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace cityloop {
namespace {

// Every enumerator has a name of its own and is found by it again.
template <class E, class Name, class Of>
void expect_names(E last, Name name, Of of) {
  std::set<std::string> seen;
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const E value = static_cast<E>(i);
    EXPECT_TRUE(seen.insert(std::string(name(value))).second) << i;
    EXPECT_EQ(of(name(value)), value) << i;
  }
  EXPECT_FALSE(seen.contains(""));
  EXPECT_EQ(name(static_cast<E>(static_cast<int>(last) + 1)), "");
  EXPECT_EQ(of("no such word"), std::nullopt);
}

TEST(Words, NamesGoBothWays) {
  expect_names(Role::device, role_name, role_of);
  expect_names(Level::red, level_name, level_of);
  expect_names(Life::retired, life_name, life_of);
  expect_names(Urgency::very_urgent, urgency_name, urgency_of);
  expect_names(Stage::suspended, stage_name, stage_of);
  EXPECT_EQ(quality_name(Quality::derived), "derived");
  EXPECT_EQ(quality_name(Quality::at_limit), "at_limit");
  EXPECT_EQ(alarm_state_name(AlarmState::cleared), "cleared");
  EXPECT_EQ(stage_name(Stage::pending_dispatch), "pending_dispatch");
  EXPECT_EQ(role_name(Role::audit_admin), "audit_admin");
}

TEST(Words, FourStagesAreNotOpen) {
  int open = 0;
  for (int i = 0; i <= static_cast<int>(Stage::suspended); ++i) open += is_open(static_cast<Stage>(i)) ? 1 : 0;
  EXPECT_EQ(open, 11);
  EXPECT_FALSE(is_open(Stage::not_accepted));
  EXPECT_TRUE(is_open(Stage::suspended));
}

TEST(Words, AnActorHasRoles) {
  const Actor actor{"user:a", {Role::dispatcher, Role::leader}, "50", "", ""};
  EXPECT_TRUE(actor.is(Role::leader));
  EXPECT_FALSE(actor.is(Role::admin));
}

}  // namespace
}  // namespace cityloop
