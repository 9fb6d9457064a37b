// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "command/command_fixture.h"
#include "core/limits.h"

namespace cityloop {
namespace {

const Agreed kAgrees{true, true, "ch4 2 < 10"};
const Agreed kDisagrees{true, false, "ch4 31 >= 10."};

TEST(CaseActions, TheWholeWayFromOpeningToClosing) {
  TestCity city;
  city.command = Command(Command::Settings{std::chrono::hours(8), {webhook("duty")}});
  const std::string no = city.at(Stage::reported);
  EXPECT_EQ(no, "5001062022082200001");
  EXPECT_EQ(city.file(no).rev, 1u);
  const Answer proposed = city.step(no, "register", city.acceptor);
  EXPECT_EQ(proposed.body, R"({"no":"5001062022082200001","stage":"pending_register","rev":2})");
  const Answer filed = city.step(no, "register", city.leader_of_shift);
  EXPECT_EQ(filed.body, R"({"no":"5001062022082200001","stage":"pending_dispatch","rev":3})");
  EXPECT_EQ(filed.rev, 3u);
  EXPECT_EQ(city.file(no).candidates.front().unit, "u-san");
  EXPECT_EQ(city.step(no, "dispatch", city.dispatcher, R"({"unit":"u-san","comment":"go"})").status, 200);
  EXPECT_EQ(city.held(no).orders.back().id, no + "-01");
  EXPECT_EQ(city.held(no).orders.back().state, "sent");
  EXPECT_EQ(city.step(no, "assign", city.desk, R"({"handler":"crew"})").status, 200);
  EXPECT_EQ(city.file(no).handler, "user:crew");
  EXPECT_EQ(city.held(no).orders.size(), 1u) << "the unit's order becomes the handler's";
  EXPECT_EQ(city.held(no).orders.back().handler, "user:crew");
  EXPECT_EQ(city.step(no, "accept", city.crew).status, 200);
  EXPECT_EQ(
      city.step(no, "arrive", city.crew, R"({"location":{"type":"Point","coordinates":[106.4501,29.55]}})").status,
      200);
  EXPECT_EQ(city.file(no).stage, Stage::handling);
  EXPECT_EQ(city.held(no).orders.back().state, "arrived");
  EXPECT_TRUE(city.held(no).orders.back().arrived_place.has_value());
  EXPECT_EQ(city.timeline(no).back().fields.at("distance_m"), "9");
  const std::string photo = city.picture();
  EXPECT_EQ(city.step(no, "finish", city.crew, R"({"attachments":[")" + photo + R"("]})").status, 200);
  EXPECT_TRUE(city.file(no).proof);
  EXPECT_EQ(city.held(no).orders.back().state, "finished");
  EXPECT_EQ(city.bodies<Attachment>().back().area, "500106009") << "the picture belongs where the case lies";
  EXPECT_EQ(city.step(no, "feedback", city.desk).status, 200);
  EXPECT_EQ(city.file(no).stage, Stage::pending_feedback);
  EXPECT_EQ(city.step(no, "feedback", city.dispatcher).status, 200);
  EXPECT_EQ(city.held(no).orders.back().kind, "check");
  EXPECT_EQ(city.held(no).orders.back().state, "sent");
  EXPECT_EQ(city.step(no, "check", city.collector, R"({"result":"ok"})").status, 200);
  EXPECT_EQ(city.held(no).orders.back().state, "finished");
  EXPECT_EQ(city.command.awaiting_agreement(), (std::vector<std::pair<std::string, std::string>>{{no, "t-1"}}));
  EXPECT_EQ(city.step(no, "close", city.leader_of_shift, "{}", kAgrees).status, 200);
  EXPECT_EQ(city.file(no).stage, Stage::closed);
  EXPECT_EQ(city.file(no).closed_at, city.now);
  EXPECT_TRUE(city.command.awaiting_agreement().empty());

  std::vector<std::string> types;
  for (const Notice& notice : city.bodies<Notice>()) types.push_back(notice.type);
  EXPECT_EQ(types, (std::vector<std::string>{"city.case.new", "city.case.dispatched", "city.case.closed"}));
  std::uint64_t seq = 0;
  for (const TimelineEntry& entry : city.timeline(no)) EXPECT_EQ(entry.seq, ++seq);
}

TEST(CaseActions, WhatWasDoneWithoutANetworkSaysWhenAndWhere) {
  TestCity city;
  const std::string no = city.at(Stage::handling);
  const std::string body =
      R"({"comment":"c","done_at":"2022-08-22T05:00:00.123Z","location":{"type":"Point","coordinates":[106.4501,29.55]},"accuracy_m":11.6)";
  EXPECT_EQ(city.step(no, "comment", city.crew, body + "}").status, 200);
  const TimelineEntry entry = city.timeline(no).back();
  EXPECT_EQ(entry.at, city.now) << "the arrival counts";
  EXPECT_EQ(entry.fields.at("done_at"), "2022-08-22T05:00:00.123Z");
  EXPECT_EQ(entry.fields.at("location"), "106.4501,29.55");
  EXPECT_EQ(entry.fields.at("distance_m"), "9");
  EXPECT_EQ(entry.fields.at("accuracy_m"), "12");
  const auto refused = [&](std::string_view more) {
    const std::uint64_t rev = city.file(no).rev;
    const Answer answer = city.step(no, "comment", city.crew, R"({"comment":"c",)" + std::string(more) + "}");
    EXPECT_EQ(city.file(no).rev, rev);
    return answer.status;
  };
  EXPECT_EQ(refused(R"("done_at":"2022-08-22T06:06:00Z")"), 422) << "beyond what clocks differ by";
  EXPECT_EQ(refused(R"("done_at":"yesterday")"), 422);
  EXPECT_EQ(refused(R"("location":[200,29])"), 422);
  EXPECT_EQ(refused(R"("accuracy_m":-1)"), 422);
  EXPECT_EQ(refused(R"("accuracy_m":1e9)"), 422);
  EXPECT_EQ(city.step(no, "comment", city.crew, R"({"comment":"c","done_at":"2022-08-22T06:04:00Z"})").status, 200)
      << "a phone that runs a little ahead";
}

TEST(CaseActions, APictureThatComesAgainSaysSo) {
  TestCity city;
  const std::string no = city.at(Stage::handling);
  const auto with = [](const std::string& id) { return R"({"comment":"c","attachments":[")" + id + R"("]})"; };
  const std::string fresh = city.picture('b');
  EXPECT_EQ(city.picture('b'), fresh) << "sent twice is not used twice";
  EXPECT_EQ(city.step(no, "arrive", city.crew, with(fresh)).status, 200);
  EXPECT_FALSE(city.timeline(no).back().fields.contains("used_again"));
  EXPECT_EQ(city.step(no, "finish", city.crew, with(city.picture('b'))).status, 200);
  EXPECT_EQ(city.timeline(no).back().fields.at("used_again"), fresh);

  // Used in a case that has long left memory: whoever takes it in looks it up.
  const std::string old(64, 'c');
  const std::size_t told = city.bodies<Attachment>().size();
  EXPECT_LT(city.act("attachment.add", "", R"({"id":")" + old + R"(","type":"image/jpeg","bytes":9,"area":"500103"})", city.crew).status, 400);
  EXPECT_EQ(city.bodies<Attachment>().size(), told) << "what is known of it stands";
  const Answer report = city.act("report.submit", "", R"({"title":"hole","location":[106.46,29.56],"attachments":[")" + old + R"("]})", city.collector);
  EXPECT_EQ(report.status, 201) << report.detail;
  EXPECT_EQ(city.timeline(text_or(parse_json(report.body)->as_object(), "case")).back().fields.at("used_again"), old);
}

TEST(CaseActions, ThePairOfPicturesAndWhatAFormerCrewSaw) {
  Pack pack = gas_pack();
  pack.the_case->photo_before = true;
  TestCity city(std::move(pack));
  const std::string no = city.at(Stage::handling);
  EXPECT_EQ(city.step(no, "finish", city.crew, R"({"attachments":[")" + city.picture('d') + R"("]})").status, 409);
  EXPECT_EQ(city.step(no, "arrive", city.crew, R"({"attachments":[")" + city.picture('e') + R"("]})").status, 200);
  Actor other = person("other", {Role::handler}, "u-street", "500106");
  EXPECT_EQ(city.step(no, "comment", other, R"({"comment":"c"})").status, 403);
  EXPECT_EQ(city.step(no, "recall", city.dispatcher, R"({"reason":"r"})").status, 200);
  EXPECT_EQ(city.step(no, "dispatch", city.dispatcher, R"({"unit":"u-street"})").status, 200);
  EXPECT_EQ(city.step(no, "finish", city.crew, R"({"attachments":[")" + city.picture('d') + R"("]})").status, 409);
  EXPECT_EQ(city.step(no, "comment", city.crew, R"({"comment":"seen","attachments":[")" + city.picture('d') + R"("]})").status, 200);
  EXPECT_FALSE(city.timeline(no).back().fields.contains("used_again")) << "a refused act has used nothing";
  EXPECT_EQ(city.step(no, "accept", other).status, 200);
  EXPECT_EQ(city.step(no, "finish", other, R"({"attachments":[")" + city.picture('f') + R"("]})").status, 200);
}

TEST(CaseActions, IfMatchIsRequiredAndMustHold) {
  TestCity city;
  const std::string no = city.at(Stage::pending_dispatch);
  EXPECT_EQ(city.act("case.dispatch", no, R"({"unit":"u-san"})", city.dispatcher).status, 428);
  const Answer stale = city.act("case.dispatch", no, R"({"unit":"u-san"})", city.dispatcher, 1);
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(stale.code, "precondition.stale");
  EXPECT_EQ(city.act("case.dispatch", no, R"({"unit":"u-san"})", city.dispatcher, 2).status, 200);
}

TEST(CaseActions, WhatIsImpossibleSaysWhy) {
  TestCity city;
  const std::string no = city.at(Stage::pending_dispatch);
  const auto expect = [&](const Answer& answer, int status, std::string_view code, std::string_view word) {
    EXPECT_EQ(answer.status, status) << answer.detail;
    EXPECT_EQ(answer.code, code);
    EXPECT_NE(answer.detail.find(word), std::string::npos) << answer.detail;
  };
  expect(city.step(no, "dispatch", city.collector, R"({"unit":"u-san"})"), 403, "auth.forbidden", "dispatcher");
  expect(city.step(no, "close", city.leader_of_shift), 409, "action.not_allowed", "pending_close");
  expect(city.step(no, "explode", city.admin), 422, "action.unknown", "explode");
  expect(city.step(no, "dispatch", city.dispatcher), 422, "field.missing", "unit");
  expect(city.step(no, "dispatch", city.dispatcher, R"({"unit":"nobody"})"), 422, "field.invalid", "unit");
  expect(city.step(no, "dispatch", city.dispatcher, R"({"unit":7})"), 422, "json.wrong_type", "unit");
  expect(city.step(no, "dispatch", city.dispatcher, R"({"unit":"u-san","colour":"red"})"), 422, "field.unknown",
         "colour");
  expect(city.step(no, "dispatch", city.dispatcher, R"({"unit":)"), 400, "json.malformed", "line");
  expect(city.step(no, "dispatch", city.dispatcher, "[]"), 422, "json.wrong_type", "object");
  expect(city.step(no, "return", city.dispatcher, R"({"reason":"  "})"), 422, "field.missing", "reason");
  expect(city.step("5001062022082299999", "comment", city.admin), 404, "not_found", "5001062022082299999");
  Actor elsewhere = city.dispatcher;
  elsewhere.area = "500103";
  expect(city.step(no, "dispatch", elsewhere, R"({"unit":"u-san"})"), 403, "auth.foreign_area", "area");
  expect(city.step(no, "comment", city.collector, R"({"comment":"x","attachments":["abc"]})"), 422, "field.invalid",
         "attachments");
  expect(city.step(no, "comment", city.collector, "{\"comment\":\"" + std::string(5000, 'x') + "\"}"), 422,
         "field.invalid", "comment");
  EXPECT_EQ(city.file(no).rev, 2u) << "nothing of it changed anything";
}

TEST(CaseActions, AUnitGivesBackWithAReasonAndDoesNotGetItAgain) {
  TestCity city;
  const std::string no = city.at(Stage::pending_handle);
  EXPECT_EQ(city.step(no, "return", city.desk).code, "field.missing");
  EXPECT_EQ(city.step(no, "return", city.desk, R"({"reason":"not ours"})").status, 200);
  const Case& file = city.file(no);
  EXPECT_EQ(file.stage, Stage::pending_dispatch);
  EXPECT_EQ(file.unit, "u-san") << "previous data are never cleared";
  EXPECT_EQ(file.returns, 1);
  EXPECT_EQ(city.held(no).orders.back().state, "returned");
  EXPECT_EQ(city.timeline(no)[city.timeline(no).size() - 2].fields.at("reason"), "not ours");
  const Answer again = city.step(no, "dispatch", city.dispatcher, R"({"unit":"u-san"})");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(city.step(no, "dispatch", city.dispatcher, R"({"unit":"u-street"})").status, 200);
  EXPECT_EQ(city.held(no).orders.back().id, no + "-02");
  EXPECT_EQ(city.step(no, "accept", city.crew).code, "auth.forbidden") << "another unit's case now";
  EXPECT_TRUE(city.file(no).returned_from.empty());
}

TEST(CaseActions, TheDispatcherGivesBackAndTheAcceptorVerifiesFirst) {
  TestCity city;
  const std::string no = city.at(Stage::pending_dispatch);
  EXPECT_EQ(city.step(no, "return", city.dispatcher, R"({"reason":"unclear"})").status, 200);
  EXPECT_EQ(city.file(no).stage, Stage::reported);
  EXPECT_EQ(city.step(no, "register", city.acceptor).status, 409);
  EXPECT_EQ(city.step(no, "register", city.leader_of_shift).status, 409);
  EXPECT_EQ(city.step(no, "verify", city.acceptor).status, 200);
  EXPECT_EQ(city.step(no, "verify", city.collector).code, "field.missing");
  EXPECT_EQ(city.step(no, "verify", city.collector, R"({"result":"perhaps"})").code, "field.invalid");
  EXPECT_EQ(city.step(no, "verify", city.collector, R"({"result":"confirmed"})").status, 200);
  EXPECT_EQ(city.step(no, "register", city.acceptor).status, 200);
}

TEST(CaseActions, ReworkGoesToTheSameUnitAndAsksForANewProof) {
  TestCity city;
  const std::string no = city.at(Stage::checking);
  EXPECT_EQ(city.step(no, "check", city.collector, R"({"result":"failed"})").code, "field.invalid");
  EXPECT_EQ(city.step(no, "rework", city.collector, R"({"reason":"still smells"})").status, 200);
  const Case& file = city.file(no);
  EXPECT_EQ(file.stage, Stage::handling);
  EXPECT_EQ(file.unit, "u-san");
  EXPECT_EQ(file.handler, "user:crew");
  EXPECT_EQ(file.reworks, 1);
  EXPECT_EQ(city.held(no).orders.back().id, no + "-03") << "-02 was the collector's";
  EXPECT_EQ(city.held(no).orders.back().kind, "handle");
  EXPECT_EQ(city.held(no).orders.back().state, "accepted");
  EXPECT_EQ(city.step(no, "finish", city.crew).status, 409) << "the old picture proves nothing";
  EXPECT_EQ(city.step(no, "finish", city.crew, R"({"attachments":[")" + city.picture('b') + R"("]})").status, 200);
}

TEST(CaseActions, ClosingAsksTheSensorAndForceOverridesIt) {
  TestCity city;
  const std::string no = city.at(Stage::pending_close);
  const Answer refused = city.step(no, "close", city.leader_of_shift, "{}", kDisagrees);
  EXPECT_EQ(refused.status, 409);
  EXPECT_NE(refused.detail.find("ch4 31 >= 10"), std::string::npos);
  EXPECT_EQ(city.step(no, "force_close", city.leader, "{}", kDisagrees).code, "field.missing");
  EXPECT_EQ(city.step(no, "force_close", city.leader, R"({"reason":"tank filled in"})", kDisagrees).status, 200);
  EXPECT_EQ(city.file(no).stage, Stage::forced_close);
}

TEST(CaseActions, AgreementIsFollowedWithoutANewRevision) {
  TestCity city;
  const std::string no = city.at(Stage::checking);
  const std::uint64_t rev = city.file(no).rev;
  Context context = city.context();
  city.command.set_agreement(no, kAgrees, context);
  EXPECT_TRUE(city.file(no).agreed);
  EXPECT_EQ(city.file(no).rev, rev);
  const std::size_t events = city.events.size();
  city.command.set_agreement(no, kAgrees, context);
  EXPECT_EQ(city.events.size(), events) << "no news";
  city.command.set_agreement(no, kDisagrees, context);
  EXPECT_FALSE(city.file(no).agreed);
}

TEST(CaseActions, MergingMovesAlarmsAndReports) {
  TestCity city;
  city.fire(city.alarm("a-1", "t-1", Level::yellow));
  city.fire(city.alarm("a-3", "t-3", Level::red));
  const std::string into = city.command.known_alarm("a-1")->case_no;
  const std::string from = city.command.known_alarm("a-3")->case_no;
  ASSERT_NE(into, from);
  EXPECT_EQ(city.step(from, "merge", city.dispatcher, R"({"into":")" + from + R"("})").code, "field.invalid");
  EXPECT_EQ(city.step(from, "merge", city.dispatcher, R"({"into":"1"})").code, "field.invalid");
  EXPECT_EQ(city.step(from, "merge", city.dispatcher, R"({"into":")" + into + R"("})").status, 200);
  EXPECT_EQ(city.file(from).stage, Stage::cancelled);
  EXPECT_EQ(city.file(from).merged_into, into);
  EXPECT_EQ(city.file(into).alarms, (std::vector<std::string>{"a-1", "a-3"}));
  EXPECT_EQ(city.file(into).level, Level::red);
  EXPECT_EQ(city.file(into).urgency, Urgency::very_urgent);
  EXPECT_EQ(city.links, (std::vector<Command::Link>{{"a-3", into}}));
  EXPECT_TRUE(city.has_entry(into, "merged"));
}

TEST(CaseActions, ReopeningIsPossibleWhileInMemory) {
  TestCity city;
  const std::string no = city.at(Stage::closed);
  city.now += limits::kClosedCaseKept - std::chrono::hours(1);
  city.tick();
  EXPECT_EQ(city.step(no, "reopen", city.leader_of_shift, R"({"reason":"again"})").status, 200);
  EXPECT_EQ(city.file(no).stage, Stage::pending_dispatch);
  EXPECT_FALSE(city.file(no).closed_at.has_value());
  EXPECT_EQ(city.step(no, "dispatch", city.dispatcher, R"({"unit":"u-san"})").status, 200) << "nobody returned it";
  city.now += std::chrono::hours(2);
  city.tick();
  ASSERT_NE(city.command.open_case(no), nullptr) << "it is open again";
}

TEST(CaseActions, ReopeningDoesNotMakeTwoOpenCasesOfOneThing) {
  TestCity city;
  const std::string no = city.at(Stage::closed);
  const std::string newer = city.at(Stage::reported);
  EXPECT_EQ(city.step(no, "reopen", city.leader_of_shift, R"({"reason":"again"})").code, "conflict");
  EXPECT_NE(no, newer);
}

TEST(CaseActions, ClosedCasesLeaveMemoryWithWhatWasTheirs) {
  TestCity city;
  const std::string no = city.at(Stage::closed);
  EXPECT_LE(city.command.next_due(), city.now + limits::kClosedCaseKept);
  city.now += limits::kClosedCaseKept - Millis{1};
  city.tick();
  EXPECT_NE(city.command.open_case(no), nullptr);
  city.now += Millis{1};
  city.tick();
  EXPECT_EQ(city.command.open_case(no), nullptr);
  EXPECT_EQ(city.step(no, "comment", city.admin, R"({"comment":"x"})").code, "not_found");
  EXPECT_EQ(city.step(city.at(Stage::reported), "comment", city.admin, R"({"comment":"x","attachments":[")" +
                      std::string(64, 'a') + R"("]})").code, "field.invalid") << "its picture is gone from memory too";
}

TEST(CaseActions, HandlersAreCheckedWhereThePeopleAreKnown) {
  TestCity city;
  city.persons = [&](std::string_view id) -> std::optional<Actor> {
    if (id == city.crew.id) return city.crew;
    if (id == "user:far") return person("far", {Role::handler}, "u-street");
    return id == city.desk.id ? std::optional(city.desk) : std::nullopt;
  };
  const std::string no = city.at(Stage::pending_handle);
  EXPECT_EQ(city.step(no, "assign", city.desk, R"({"handler":"ghost"})").code, "field.invalid");
  EXPECT_EQ(city.step(no, "assign", city.desk, R"({"handler":"far"})").code, "field.invalid");
  EXPECT_EQ(city.step(no, "assign", city.desk, R"({"handler":"desk"})").code, "field.invalid");
  EXPECT_EQ(city.step(no, "assign", city.desk, R"({"handler":"user:crew"})").status, 200);
  Actor mate = city.crew;
  mate.id = "user:mate";
  EXPECT_EQ(city.step(no, "accept", mate).code, "auth.forbidden");
}

TEST(CaseActions, AssigningAnotherHandlerRevokesTheOrder) {
  TestCity city;
  const std::string no = city.at(Stage::pending_handle);
  EXPECT_EQ(city.step(no, "assign", city.desk, R"({"handler":"crew"})").status, 200);
  EXPECT_EQ(city.step(no, "assign", city.desk, R"({"handler":"mate"})").status, 200);
  ASSERT_EQ(city.held(no).orders.size(), 2u);
  EXPECT_EQ(city.held(no).orders[0].state, "revoked");
  EXPECT_EQ(city.held(no).orders[1].handler, "user:mate");
}

TEST(CaseActions, AdminMayDoWhatShiftLeaderAndDispatcherMay) {
  for (const Transition& row : case_table()) {
    const auto has = [&](Role role) { return std::ranges::find(row.roles, role) != row.roles.end(); };
    EXPECT_EQ(has(Role::admin), has(Role::shift_leader) || has(Role::dispatcher)) << row.action;
  }
}

TEST(CaseActions, FilingUnderAnotherClassFollowsItsPackAndNeverDoubles) {
  TestCity city;
  const Answer answer = city.act("case.open", "", R"({"title":"lid","class":"0101","asset":"t-1"})", city.acceptor);
  const std::string no = text_or(parse_json(answer.body)->as_object(), "no");
  EXPECT_EQ(city.file(no).pack, "");
  const std::string gas = city.at(Stage::reported);
  EXPECT_EQ(city.step(no, "register", city.acceptor, R"({"class":"0303"})").code, "conflict");
  EXPECT_EQ(city.step(gas, "reject", city.acceptor, R"({"reason":"same"})").status, 200);
  EXPECT_EQ(city.step(no, "register", city.acceptor, R"({"class":"0303","urgency":"urgent"})").status, 200);
  EXPECT_EQ(city.file(no).pack, "gas");
  EXPECT_EQ(city.file(no).limit, "2UH");
  EXPECT_EQ(city.file(no).urgency, Urgency::urgent);
}

}  // namespace
}  // namespace cityloop
