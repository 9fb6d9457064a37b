// SPDX-License-Identifier: Apache-2.0
// What people decide about scores: formulas put in force, months locked, reports written and signed.
#include "supervise/score_desk.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "core/json.h"

namespace cityloop {
namespace {

Actor person(const std::string& name, Role role, const std::string& area = "") { return {"user:" + name, {role}, area, "", name}; }

class ScoreDeskTest : public ::testing::Test {
 protected:
  ScoreDeskTest() {
    tables.set_root_area("50");
    tables.put_area({"50", "重庆", "", "", {}});
    tables.put_area({"500106", "沙坪坝区", "", "50", {}});
    std::ifstream file(std::string(CITYLOOP_SOURCE_DIR) + "/standards/scores.jsonc");
    shipped = {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  Answer act(const std::string& verb, const std::string& subject, const std::string& body, const Actor& actor, std::uint64_t rev = 0) {
    ActionIn in;
    in.principal = actor.id;
    in.verb = verb;
    in.subject = subject;
    in.body = body;
    in.if_match = rev;
    Context city{1, now, now, chance, tables, packs, events};
    return FormulaBook::handles(verb) ? formulas.take(in, actor, city) : desk.act(in, actor, formulas, "2022-09-01", city);
  }
  json::object last(const std::string& table) const {
    for (auto event = events.rbegin(); event != events.rend(); ++event) {
      const auto* put = std::get_if<RowPut>(&event->body);
      if (put != nullptr && put->table == table) return parse_json(put->doc)->as_object();
    }
    return {};
  }

  Register tables;
  Packs packs;
  Chance chance{1};
  std::vector<Event> events;
  Time now = *parse_time("2022-09-01T09:00:00+08:00");
  std::string shipped;
  FormulaBook formulas;
  ScoreDesk desk;
  const Actor evaluator = person("eva", Role::evaluator), leader = person("lei", Role::leader), admin = person("ada", Role::admin);
  const Actor district = person("dis", Role::leader, "500106"), shift = person("shi", Role::shift_leader, "500106");
  const Actor system{"system", {Role::admin}, "", "", "system"};
};

TEST_F(ScoreDeskTest, ShippedFormulasGiveWayToTheCitysOwn) {
  EXPECT_EQ(act("formulas.ship", "china", shipped, admin).status, 403);
  EXPECT_EQ(act("formulas.ship", "china", shipped, system).status, 200);
  EXPECT_TRUE(formulas.shipped());
  EXPECT_EQ(act("formulas.put", "ours", shipped, person("x", Role::evaluator, "500106")).status, 403) << "the whole city's";
  EXPECT_EQ(act("formulas.put", "ours", shipped, leader).status, 403);
  EXPECT_EQ(act("formulas.put", "Ours!", shipped, evaluator).status, 422);
  EXPECT_EQ(act("formulas.put", "ours", "{", evaluator).status, 400);
  EXPECT_EQ(act("formulas.put", "ours", "{}", evaluator).status, 422);
  EXPECT_EQ(formulas.text(), shipped) << "nothing that was refused is in force";
  EXPECT_EQ(act("formulas.put", "ours", shipped, evaluator).status, 200);
  EXPECT_EQ(act("formulas.ship", "china", shipped, system).status, 409);
  EXPECT_EQ(last("formulas").at("changed_by").as_string(), "user:eva");
}

TEST_F(ScoreDeskTest, AMonthIsLockedOnceWhenItIsOver) {
  EXPECT_EQ(act("score.lock", "2022-08", "{}", evaluator).status, 409) << "no formulas yet";
  act("formulas.ship", "china", shipped, system);
  EXPECT_EQ(act("score.lock", "2022-09", "{}", evaluator).status, 409) << "not over";
  EXPECT_EQ(act("score.lock", "2022-Q2", "{}", evaluator).status, 422);
  EXPECT_EQ(act("score.lock", "August", "{}", evaluator).status, 422);
  EXPECT_EQ(act("score.lock", "2022-08", "{}", district).status, 403);
  EXPECT_EQ(act("score.lock", "2022-08", "{}", shift).status, 403);
  EXPECT_EQ(act("score.lock", "2022-08", "{}", evaluator).status, 201);
  EXPECT_EQ(act("score.lock", "2022-08", "{}", evaluator).status, 409) << "two people at once: one of them";
  act("formulas.put", "ours", R"({"version":"9","grades":{"A":90,"B":80,"C":70,"D":60},"indicators":[{"id":"x","title":{"zh":"x","en":"x"},
      "definition":{"zh":"x","en":"x"},"numerator":"on_time","denominator":"due","objects":["area"]}]})", evaluator);
  EXPECT_EQ(last("score_locks").at("source").as_string(), shipped) << "the month keeps the formulas that it was locked with";
}

TEST_F(ScoreDeskTest, AReportIsWrittenEditedByOneAtATimeAndSigned) {
  const std::string id = "daily.2022-08-31.500106", body = R"({"title":"日报","text":"立案 3 件。","snapshot":"2022-08-31-a"})";
  EXPECT_EQ(act("score_report.put", id, body, person("h", Role::handler)).status, 403);
  EXPECT_EQ(act("score_report.put", "daily.2022-08-31.50", body, shift).code, "auth.foreign_area");
  EXPECT_EQ(act("score_report.put", id, body, shift).status, 200);
  EXPECT_EQ(last("score_reports").at("state").as_string(), "draft");
  EXPECT_EQ(act("score_report.put", id, body, shift).status, 428) << "it is there: say which one you saw";
  EXPECT_EQ(act("score_report.put", id, body, leader, 1).status, 200);
  EXPECT_EQ(act("score_report.put", id, body, shift, 1).status, 412) << "somebody else was first";
  EXPECT_EQ(act("score_report.sign", id, "{}", shift, 2).status, 403);
  EXPECT_EQ(act("score_report.sign", id, "{}", district, 1).status, 412) << "signs what was read, not what came after";
  EXPECT_EQ(act("score_report.sign", id, "{}", district, 2).status, 200);
  EXPECT_EQ(last("score_reports").at("signed_by").as_string(), "user:dis");
  EXPECT_EQ(act("score_report.put", id, body, leader, 3).status, 409) << "signed: it stays as it is";
  EXPECT_EQ(act("score_report.sign", id, "{}", leader, 3).status, 409);
  EXPECT_EQ(act("score_report.sign", "daily.2022-08-30.500106", "{}", leader, 1).status, 404);
}

TEST_F(ScoreDeskTest, BadReportsAreRefused) {
  const std::string body = R"({"title":"x","text":"x","snapshot":"x"})";
  for (const char* id : {"", "daily", "daily.2022-08-31", "daily.2022-08.50", "monthly.2022-08-31.50", "weekly.2022-W30.50", "daily.2022-02-30.50",
                         "daily.2022-08-31.77"})
    EXPECT_EQ(act("score_report.put", id, body, admin).status, 422) << id;
  EXPECT_EQ(act("score_report.put", "analysis.2022-Q3.50", body, admin).status, 200);
  for (const std::string& bad : {std::string("[]"), std::string(R"({"title":"x","text":"x"})"), std::string(R"({"title":"","text":"x","snapshot":"x"})"),
                                R"({"title":"x","snapshot":"x","text":")" + std::string(70'000, 'x') + "\"}"})
    EXPECT_EQ(act("score_report.put", "monthly.2022-08.50", bad, admin).status, 422) << bad.substr(0, 60);
}

TEST_F(ScoreDeskTest, AllOfItIsInTheStoredState) {
  act("formulas.ship", "china", shipped, system);
  act("score.lock", "2022-08", "{}", evaluator);
  act("score_report.put", "daily.2022-08-31.50", R"({"title":"x","text":"x","snapshot":"x"})", admin);
  act("score_report.sign", "daily.2022-08-31.50", "{}", admin, 1);
  std::string bytes;
  Writer out(bytes);
  desk.encode(out);
  Reader in(bytes);
  desk = ScoreDesk();
  desk.decode(in);
  ASSERT_TRUE(in.ok() && in.done());
  EXPECT_EQ(act("score.lock", "2022-08", "{}", evaluator).status, 409);
  EXPECT_EQ(act("score_report.sign", "daily.2022-08-31.50", "{}", admin, 2).status, 409);
}

}  // namespace
}  // namespace cityloop
