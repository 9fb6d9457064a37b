// SPDX-License-Identifier: Apache-2.0
// People without an account: what they may do to a case, and when its guards refuse them.
#include <gtest/gtest.h>

#include "command/command_fixture.h"
#include "core/citizen.h"

namespace cityloop {
namespace {

std::string of(const Answer& answer, std::string_view key) {
  return text_or(parse_json(answer.body)->as_object(), key);
}

const std::string kDigest(64, 'd');

struct Citizens : testing::Test {
  Actor citizen{std::string(kPublic), {}, "", "", "市民"};
  TestCity city;

  Answer report(const std::string& key, const std::string& more = "") {
    return city.act("citizen.report", "",
                    R"({"title":"road","class":{"type":"event","code":"0113"},"location":{"type":"Point","coordinates":[106.47,)" +
                        std::to_string(29.5 + 0.01 * count) + R"(]},"external":")" + key + R"(","follow":")" +
                        kDigest + R"(","expected_at":"2022-08-24T10:00:00Z")" + more + "}",
                    citizen);
  }
  Answer same(const std::string& no, const std::string& key) {
    return city.act("citizen.same", no, R"({"external":")" + key + R"(","follow":")" + kDigest + R"("})", citizen);
  }
  Answer say(const std::string& verb, const std::string& no, const std::string& report, const std::string& more) {
    return city.act("citizen." + verb, no, R"({"report":")" + report + R"(",)" + more + "}", citizen);
  }
  // Reported, worked and closed.
  std::pair<std::string, std::string> closed() {
    const Answer filed = report("k" + std::to_string(++count));
    const std::string no = of(filed, "case"), id = of(filed, "id");
    for (const auto& [action, actor, body] : std::vector<std::tuple<std::string, Actor, std::string>>{
             {"register", city.leader_of_shift, "{}"},
             {"dispatch", city.dispatcher, R"({"unit":"u-san"})"},
             {"accept", city.crew, "{}"},
             {"finish", city.crew, R"({"attachments":[")" + city.picture() + R"("]})"},
             {"feedback", city.dispatcher, "{}"},
             {"check", city.collector, "{}"},
             {"close", city.leader_of_shift, "{}"}}) {
      const Answer answer = city.step(no, action, actor, body);
      EXPECT_EQ(answer.status, 200) << action << ": " << answer.detail;
    }
    EXPECT_EQ(city.file(no).stage, Stage::closed);
    return {no, id};
  }
  int count = 0;
};

TEST_F(Citizens, a_report_opens_a_case_and_keeps_the_digest_of_its_key) {
  const Answer filed = report("k1", R"(,"person":{"key":"p-1","phone":"sealed"})");
  ASSERT_EQ(filed.status, 201) << filed.detail;
  EXPECT_EQ(city.file(of(filed, "case")).stage, Stage::reported);
  const Report told = city.bodies<Report>("report.new").at(0);
  EXPECT_EQ(told.source, "citizen");
  EXPECT_EQ(told.reporter, "p-1");
  EXPECT_EQ(told.external, "") << "the digest of the key is nobody's to see";
  const auto rows = city.bodies<RowPut>();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].table, "persons");
  EXPECT_EQ(rows[1].table, "follows");
  EXPECT_EQ(rows[1].key, told.id);
  EXPECT_NE(rows[1].doc.find(kDigest), std::string::npos);
  EXPECT_NE(rows[1].doc.find("2022-08-24T10:00:00"), std::string::npos);
}

TEST_F(Citizens, the_same_report_again_is_one_report) {
  const Answer first = report("k1", R"(,"person":{"key":"p-1","phone":"sealed"})");
  const std::size_t events = city.events.size();
  const Answer again = report("k1", R"(,"person":{"key":"p-1","phone":"sealed"})");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(of(again, "id"), of(first, "id"));
  EXPECT_EQ(of(again, "case"), of(first, "case"));
  EXPECT_EQ(city.events.size(), events) << "nothing was written twice, least of all a person who was deleted meanwhile";
  EXPECT_NE(of(report("k2"), "id"), of(first, "id"));
}

TEST_F(Citizens, only_the_page_of_the_public_speaks_for_it) {
  const std::string no = of(report("k1"), "case"), id = of(report("k1"), "id");
  for (const Actor& actor : {city.admin, city.acceptor, city.crew, city.leader_of_shift, Actor{"system", {Role::admin}, "", "", ""}})
    for (const char* verb : {"citizen.report", "citizen.same", "citizen.unsolved", "citizen.rate"})
      EXPECT_EQ(city.act(verb, no, R"({"report":")" + id + R"(","reason":"r"})", actor).code, "auth.forbidden") << verb;
  // And it may do nothing else.
  EXPECT_EQ(city.step(no, "register", citizen).code, "auth.forbidden");
  EXPECT_EQ(city.step(no, "comment", citizen, R"({"comment":"c"})").code, "auth.forbidden");
  EXPECT_EQ(city.act("report.submit", "", R"({"title":"t"})", citizen).code, "auth.forbidden");
  EXPECT_EQ(city.act("case.open", "", R"({"title":"t"})", citizen).code, "auth.forbidden");
  EXPECT_EQ(city.act("citizen.other", "", "{}", citizen).code, "action.unknown");
}

TEST_F(Citizens, what_is_wrong_is_named_and_leaves_nothing) {
  const std::size_t events = city.events.size();
  const auto bad = [&](const std::string& body) { return city.act("citizen.report", "", body, citizen).code; };
  EXPECT_EQ(bad(R"({"title":"t","external":"k"})"), "field.missing") << "no key";
  EXPECT_EQ(bad(R"({"title":"t","external":"k","follow":"short"})"), "field.invalid");
  EXPECT_EQ(bad(R"({"title":"t","follow":")" + kDigest + R"("})"), "field.missing") << "nothing to know a repeat by";
  EXPECT_EQ(bad(R"({"external":"k","follow":")" + kDigest + R"("})"), "field.missing") << "says nothing";
  EXPECT_EQ(bad(R"({"title":"t","external":"k","asset":"none","follow":")" + kDigest + R"("})"), "field.invalid");
  EXPECT_EQ(city.events.size(), events);
  EXPECT_EQ(report("k").status, 201) << "a refused report may come again";
}

TEST_F(Citizens, a_picture_that_belongs_to_a_case_is_not_a_citizens) {
  const auto [no, id] = closed();
  const std::string staff = city.picture();
  EXPECT_EQ(report("k9", R"(,"attachments":[")" + staff + R"("])").code, "field.invalid");
  const std::string own(64, 'b');
  EXPECT_EQ(city.act("attachment.add", "", R"({"id":")" + own + R"(","type":"image/jpeg","bytes":9})", citizen).status, 201);
  EXPECT_EQ(report("k9", R"(,"attachments":[")" + own + R"("])").status, 201);
  std::string ten = R"(,"attachments":[)";
  for (int i = 0; i < 10; ++i) ten += (i ? "," : "") + ("\"" + own + "\"");
  EXPECT_GE(report("k10", ten + "]").status, 400);
}

TEST_F(Citizens, me_too_counts_and_says_nothing_of_the_first_one) {
  const std::string no = of(report("k1", R"(,"text":"my neighbour did it")"), "case");
  const Answer answer = same(no, "k2");
  ASSERT_EQ(answer.status, 201) << answer.detail;
  EXPECT_EQ(of(answer, "case"), no);
  EXPECT_EQ(city.file(no).reports.size(), 2u);
  EXPECT_TRUE(city.has_entry(no, "report.joined"));
  EXPECT_EQ(city.bodies<Report>().back().title, "我也遇到");
  EXPECT_EQ(same(no, "k2").status, 200) << "twice by one person counts once";
  EXPECT_EQ(city.file(no).reports.size(), 2u);
  EXPECT_EQ(same("5001060000000000000", "k3").code, "action.not_allowed");
  EXPECT_EQ(same(no, "k3").status, 201) << "a refused one may come again, elsewhere";
  city.step(no, "cancel", city.leader_of_shift, R"({"reason":"r"})");
  EXPECT_EQ(same(no, "k4").code, "action.not_allowed");
  EXPECT_EQ(same(no, "k2").status, 200) << "who joined before still gets the answer";
}

TEST_F(Citizens, unsolved_opens_the_case_again_once_with_the_reason) {
  const auto [no, id] = closed();
  EXPECT_EQ(say("unsolved", no, "r-other", R"("reason":"r")").code, "auth.forbidden");
  EXPECT_EQ(say("unsolved", no, id, R"("reason":"")").code, "field.missing");
  const Answer answer = say("unsolved", no, id, R"("reason":"the hole is still there")");
  ASSERT_EQ(answer.status, 200) << answer.detail;
  EXPECT_EQ(city.file(no).stage, Stage::pending_dispatch);
  EXPECT_EQ(city.file(no).course.reopens, 1);
  const TimelineEntry entry = [&] {
    for (const TimelineEntry& one : city.timeline(no))
      if (one.action == "reopen") return one;
    return TimelineEntry{};
  }();
  EXPECT_EQ(entry.comment, "the hole is still there");
  EXPECT_EQ(entry.actor, kPublic);
  EXPECT_EQ(say("unsolved", no, id, R"("reason":"again")").code, "action.not_allowed") << "it is open already";
  EXPECT_EQ(city.file(no).course.reopens, 1);
}

TEST_F(Citizens, unsolved_has_its_time) {
  const auto [no, id] = closed();
  city.now += limits::kUnsolvedWindow;
  EXPECT_EQ(say("unsolved", no, id, R"("reason":"late")").code, "action.not_allowed");
  city.now -= Millis{1};
  EXPECT_EQ(say("unsolved", no, id, R"("reason":"just in time")").status, 200);
  city.tick();
}

TEST_F(Citizens, a_case_that_was_rejected_is_reported_anew) {
  const Answer filed = report("k1");
  const std::string no = of(filed, "case"), id = of(filed, "id");
  EXPECT_EQ(say("unsolved", no, id, R"("reason":"r")").code, "action.not_allowed");
  EXPECT_EQ(say("rate", no, id, R"("stars":5)").code, "action.not_allowed");
  city.step(no, "reject", city.leader_of_shift, R"({"reason":"not ours"})");
  EXPECT_EQ(say("unsolved", no, id, R"("reason":"r")").code, "action.not_allowed");
}

TEST_F(Citizens, stars_once_for_each_closing) {
  const auto [no, id] = closed();
  for (const char* bad : {R"("stars":0)", R"("stars":6)", R"("stars":2.5)", R"("stars":"5")", R"("comment":"c")"})
    EXPECT_GE(say("rate", no, id, bad).status, 400) << bad;
  EXPECT_EQ(say("rate", no, "r-other", R"("stars":5)").code, "auth.forbidden");
  ASSERT_EQ(say("rate", no, id, R"("stars":2,"comment":"slow")").status, 200);
  EXPECT_EQ(city.file(no).course.satisfaction, "unsatisfied");
  EXPECT_EQ(city.timeline(no).back().fields.at("stars"), "2");
  EXPECT_EQ(say("rate", no, id, R"("stars":5)").code, "action.not_allowed");
  EXPECT_EQ(city.step(no, "revisit", city.acceptor, R"({"satisfaction":"satisfied"})").code, "action.not_allowed") << "nobody calls who has answered";
  ASSERT_EQ(say("unsolved", no, id, R"("reason":"r")").status, 200);
  EXPECT_EQ(city.file(no).course.satisfaction, "") << "asked anew when it is closed anew";
  for (const auto& [stars, word] : {std::pair{5, "very_satisfied"}, {4, "satisfied"}, {3, "satisfied"}, {1, "unsatisfied"}}) {
    const auto [other, theirs] = closed();
    EXPECT_EQ(say("rate", other, theirs, R"("stars":)" + std::to_string(stars)).status, 200);
    EXPECT_EQ(city.file(other).course.satisfaction, word);
  }
}

}  // namespace
}  // namespace cityloop
