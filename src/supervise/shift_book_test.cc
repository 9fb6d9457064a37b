// SPDX-License-Identifier: Apache-2.0
// 交接班: two people, two signatures, nothing signed that somebody did not see.
#include "supervise/shift_book.h"

#include <gtest/gtest.h>

#include "command/command_fixture.h"
#include "core/codec.h"
#include "core/json.h"

namespace cityloop {
namespace {

struct Desk {
  TestCity city;
  ShiftBook book;

  Actor somebody(const std::string& name, Role role = Role::shift_leader, const std::string& area = "50") {
    return Actor{"user:" + name, {role}, area, "", name};
  }
  Answer act(const Actor& actor, const std::string& verb, const std::string& subject, const std::string& body, std::uint64_t rev = 0) {
    ActionIn in;
    in.principal = actor.id;
    in.verb = "shift." + verb;
    in.subject = subject;
    in.body = body;
    in.if_match = rev;
    Context context = city.context();
    return book.act(in, actor, context);
  }
  std::string hand(const Actor& actor, const std::string& more = "") {
    const Answer answer = act(actor, "hand", "", R"({"note":"泵站 2 号机停","open":{"alarms":{"total":1}})" + more + "}");
    EXPECT_EQ(answer.status, 200) << answer.detail;
    return text_or(parse_json(answer.body)->as_object(), "id");
  }
  json::object row() {
    for (auto event = city.events.rbegin(); event != city.events.rend(); ++event)
      if (const auto* put = std::get_if<RowPut>(&event->body)) return parse_json(put->doc)->as_object();
    return {};
  }
};

TEST(ShiftBook, one_signs_another_takes_and_the_list_stays_as_it_was) {
  Desk desk;
  const std::string id = desk.hand(desk.somebody("wang"));
  EXPECT_EQ(text_or(desk.row(), "state"), "waiting");
  EXPECT_EQ(desk.act(desk.somebody("wang"), "take", id, "{}", 1).code, "action.not_allowed") << "who goes does not come";
  EXPECT_EQ(desk.act(desk.somebody("li"), "take", id, "{}").code, "precondition.required");
  EXPECT_EQ(desk.act(desk.somebody("li"), "take", id, R"({"note":"已核对"})", 1).status, 200);
  EXPECT_EQ(text_or(desk.row(), "state"), "taken");
  EXPECT_EQ(text_or(desk.row(), "giver_name"), "wang");
  EXPECT_EQ(text_or(desk.row(), "taker_name"), "li");
  EXPECT_EQ(desk.row().at("open").at("alarms").at("total").to_number<int>(), 1);
  EXPECT_EQ(desk.act(desk.somebody("sun"), "take", id, "{}", 2).code, "action.not_allowed") << "once";
}

TEST(ShiftBook, signed_anew_what_was_seen_is_stale_and_nobody_signs_over_another) {
  Desk desk;
  const std::string id = desk.hand(desk.somebody("wang"));
  EXPECT_EQ(desk.hand(desk.somebody("wang")), id);
  EXPECT_EQ(desk.act(desk.somebody("li"), "take", id, "{}", 1).code, "precondition.stale");
  EXPECT_EQ(desk.act(desk.somebody("li"), "hand", "", R"({"open":{}})").code, "conflict");
  const std::string other = desk.hand(desk.somebody("he", Role::dispatcher, "500106"));
  EXPECT_NE(other, id) << "a district hands over by itself";
  EXPECT_EQ(desk.act(desk.somebody("lu", Role::dispatcher, "500112"), "take", other, "{}", 1).code, "auth.foreign_area");
  EXPECT_EQ(desk.act(desk.somebody("lu", Role::dispatcher, "500106"), "withdraw", other, "{}", 1).code, "auth.forbidden");
  EXPECT_EQ(desk.act(desk.somebody("he", Role::dispatcher, "500106"), "withdraw", other, "{}", 1).status, 200);
  EXPECT_EQ(text_or(desk.row(), "state"), "withdrawn");
}

TEST(ShiftBook, is_for_people_of_the_desk_and_for_whom_it_names) {
  Desk desk;
  EXPECT_EQ(desk.act(desk.somebody("crew", Role::handler), "hand", "", R"({"open":{}})").code, "auth.forbidden");
  Actor token = desk.somebody("x");
  token.id = "token:t1";
  EXPECT_EQ(desk.act(token, "hand", "", R"({"open":{}})").code, "auth.forbidden");
  EXPECT_EQ(desk.act(desk.somebody("wang"), "hand", "", R"({"to":"user:wang","open":{}})").code, "field.invalid");
  EXPECT_EQ(desk.act(desk.somebody("wang"), "hand", "", "{}").code, "field.missing");
  EXPECT_EQ(desk.act(desk.somebody("wang"), "hand", "", R"({"open":{},"extra":1})").code, "field.unknown");
  const std::string id = desk.hand(desk.somebody("wang"), R"(,"to":"user:li")");
  EXPECT_EQ(desk.act(desk.somebody("sun"), "take", id, "{}", 1).code, "action.not_allowed");
  EXPECT_EQ(desk.act(desk.somebody("li"), "take", id, "{}", 1).status, 200);
}

TEST(ShiftBook, what_waits_survives_a_restart) {
  Desk desk;
  const std::string id = desk.hand(desk.somebody("wang"));
  std::string bytes;
  Writer out(bytes);
  desk.book.encode(out);
  Desk later;
  Reader in(bytes);
  later.book.decode(in);
  ASSERT_TRUE(in.ok() && in.done());
  EXPECT_EQ(later.act(later.somebody("li"), "take", id, "{}", 1).status, 200);
}

}  // namespace
}  // namespace cityloop
