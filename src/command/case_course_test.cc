// SPDX-License-Identifier: Apache-2.0
// What befalls a case beside its stages: 延期, 挂账, 督办, 回访, 回头看, 申诉, merging back, splitting, collectors' tasks.
#include <gtest/gtest.h>

#include <set>

#include "command/command_fixture.h"
#include "core/codec.h"
#include "core/limits.h"
#include "core/notice_text.h"

namespace cityloop {
namespace {

using std::chrono::hours;

const Actor kInspector = person("inspector", {Role::inspector});

std::string reason(std::string_view text) { return R"({"reason":")" + std::string(text) + "\"}"; }

TEST(CaseCourse, AnExtensionGoesFromHandlerToDeskToDispatcherAndAddsTheFirstLimit) {
  TestCity city;
  const std::string no = city.at(Stage::handling);
  ASSERT_EQ(city.file(no).limit, "2UH");
  EXPECT_EQ(city.step(no, "request_extension", city.crew, reason("the pump is late")).status, 200);
  EXPECT_EQ(city.step(no, "extend", city.dispatcher).status, 409) << "the desk has not said anything";
  EXPECT_EQ(city.step(no, "endorse", city.desk).status, 200);
  EXPECT_EQ(city.step(no, "extend", city.dispatcher, R"({"comment":"granted"})").status, 200);
  EXPECT_EQ(city.file(no).limit, "4UH");
  EXPECT_FALSE(city.file(no).course.request.has_value());
  EXPECT_EQ(city.step(no, "request_extension", city.desk, reason("again")).status, 200);
  EXPECT_EQ(city.step(no, "refuse_request", city.dispatcher, reason("no")).status, 200);
  EXPECT_EQ(city.file(no).course.extensions, 1) << "a refused one does not count";
  EXPECT_EQ(city.step(no, "request_extension", city.desk, reason("please")).status, 200);
  EXPECT_EQ(city.step(no, "extend", city.dispatcher).status, 200) << "the desk's own needs no endorsement";
  EXPECT_EQ(city.file(no).limit, "6UH") << "one original limit more, not twice the last";
  EXPECT_EQ(city.step(no, "request_extension", city.desk, reason("a third")).status, 409);
  EXPECT_EQ(city.file(no).stage, Stage::handling);
}

TEST(CaseCourse, ALateCaseIsNotExtended) {
  TestCity city;
  const std::string no = city.at(Stage::handling);
  Agreed late;
  late.disposal_missed = true;
  EXPECT_EQ(city.step(no, "request_extension", city.crew, reason("x"), late).status, 409);
  EXPECT_EQ(city.step(no, "request_extension", city.crew, reason("x")).status, 200);
}

TEST(CaseCourse, ARequestFallsAwayWhenTheWorkIsDone) {
  TestCity city;
  const std::string no = city.at(Stage::handling);
  EXPECT_EQ(city.step(no, "request_extension", city.crew, reason("x")).status, 200);
  EXPECT_EQ(city.step(no, "finish", city.crew, R"({"attachments":[")" + city.picture() + R"("]})").status, 200);
  EXPECT_FALSE(city.file(no).course.request.has_value());
}

TEST(CaseCourse, ASuspensionHasAnEndAndResumesByItself) {
  TestCity city;
  const std::string no = city.at(Stage::handling);
  const auto until = [&](Millis ahead) {
    return R"({"reason":"winter","until":")" + format_time(city.now + ahead) + "\"}";
  };
  EXPECT_EQ(city.step(no, "suspend", city.dispatcher, reason("winter")).code, "field.missing");
  EXPECT_EQ(city.step(no, "suspend", city.dispatcher, until(-hours(1))).code, "field.invalid");
  EXPECT_EQ(city.step(no, "suspend", city.dispatcher, until(hours(24 * 367))).code, "field.invalid");
  EXPECT_EQ(city.step(no, "request_suspension", city.desk, until(hours(48))).status, 200);
  EXPECT_EQ(city.step(no, "suspend", city.dispatcher, reason("agreed")).status, 200) << "until what was asked for";
  EXPECT_EQ(city.file(no).stage, Stage::suspended);
  EXPECT_EQ(city.file(no).course.suspended_until, city.now + hours(48));
  EXPECT_EQ(city.step(no, "finish", city.crew).status, 409) << "disposal is forbidden";
  EXPECT_LE(city.command.next_due(), city.now + hours(48));
  city.now += hours(48) - Millis{1};
  city.tick();
  EXPECT_EQ(city.file(no).stage, Stage::suspended);
  city.now += Millis{1};
  city.tick();
  EXPECT_EQ(city.file(no).stage, Stage::handling) << "where it stood";
  EXPECT_EQ(city.timeline(no).back().action, "resume");
  EXPECT_FALSE(city.file(no).course.suspended_until.has_value());
}

TEST(CaseCourse, ASuspensionIsEndedByHandToo) {
  TestCity city;
  const std::string no = city.at(Stage::pending_handle);
  const std::string body = R"({"reason":"flood","until":")" + format_time(city.now + hours(5)) + "\"}";
  EXPECT_EQ(city.step(no, "suspend", city.leader_of_shift, body).status, 200);
  EXPECT_EQ(city.step(no, "resume", city.dispatcher).status, 200);
  EXPECT_EQ(city.file(no).stage, Stage::pending_handle);
  city.now += hours(6);
  const std::size_t before = city.timeline(no).size();
  city.tick();
  EXPECT_EQ(city.timeline(no).size(), before) << "nothing resumes twice";
}

TEST(CaseCourse, WhatIsDueByItselfSurvivesARestart) {
  TestCity city;
  const std::string no = city.at(Stage::handling);
  const std::string body = R"({"reason":"flood","until":")" + format_time(city.now + hours(5)) + "\"}";
  ASSERT_EQ(city.step(no, "suspend", city.dispatcher, body).status, 200);
  city.restart();
  city.now += hours(5);
  EXPECT_LE(city.command.next_due(), city.now);
  city.tick();
  EXPECT_EQ(city.file(no).stage, Stage::handling);
}

TEST(CaseCourse, ASupervisionThatNobodyRepliesToEscalatesOnce) {
  TestCity city;
  city.command = Command(Command::Settings{hours(8), {webhook("duty")}});
  const std::string no = city.at(Stage::handling);
  const std::string due = format_time(city.now + hours(2));
  EXPECT_EQ(city.step(no, "supervise", city.leader, R"({"kind":"whim","requirement":"x"})").code, "field.invalid");
  EXPECT_EQ(city.step(no, "supervise", city.leader, R"({"kind":"leader"})").code, "field.missing");
  EXPECT_EQ(city.step(no, "supervise", city.leader,
                      R"({"kind":"leader","requirement":"today","due":")" + due + "\"}").status, 200);
  EXPECT_EQ(city.step(no, "supervise", kInspector, R"({"kind":"important","requirement":"x"})").status, 409);
  city.now += hours(2) - Millis{1};
  city.tick();
  EXPECT_FALSE(city.has_entry(no, "supervision.escalated"));
  for (int i = 0; i < 5; ++i) {
    city.now += hours(1);
    city.tick();
  }
  int told = 0;
  for (const TimelineEntry& entry : city.timeline(no)) told += entry.action == "supervision.escalated" ? 1 : 0;
  EXPECT_EQ(told, 1) << "once, not every hour";
  int notices = 0;
  for (const Notice& notice : city.bodies<Notice>()) notices += notice.type == "city.case.escalated" ? 1 : 0;
  EXPECT_EQ(notices, 1);
  EXPECT_EQ(city.step(no, "reply", city.desk, R"({"comment":"tonight"})").status, 200);
  EXPECT_EQ(city.step(no, "conclude", city.desk).code, "auth.forbidden");
  EXPECT_EQ(city.step(no, "conclude", kInspector).status, 200);
  EXPECT_EQ(city.step(no, "supervise", kInspector, R"({"kind":"timeout","requirement":"again"})").status, 200);
}

TEST(CaseCourse, ARepliedSupervisionDoesNotEscalate) {
  TestCity city;
  const std::string no = city.at(Stage::handling);
  const std::string due = format_time(city.now + hours(2));
  ASSERT_EQ(city.step(no, "supervise", city.leader,
                      R"({"kind":"leader","requirement":"today","due":")" + due + "\"}").status, 200);
  ASSERT_EQ(city.step(no, "reply", city.desk, R"({"comment":"done soon"})").status, 200);
  city.now += hours(3);
  city.tick();
  EXPECT_FALSE(city.has_entry(no, "supervision.escalated"));
}

TEST(CaseCourse, AfterClosingComeRevisitLookBackAndAppeal) {
  TestCity city;
  const std::string no = city.at(Stage::closed);
  EXPECT_EQ(city.step(no, "revisit", city.acceptor, R"({"satisfaction":"so so"})").code, "field.invalid");
  EXPECT_EQ(city.step(no, "revisit", city.acceptor, R"({"satisfaction":"unsatisfied"})").status, 200);
  EXPECT_EQ(city.file(no).course.satisfaction, "unsatisfied");
  EXPECT_EQ(city.step(no, "look_back", kInspector, R"({"look_back":"relapsed"})").status, 200);
  Agreed late;
  late.disposal_missed = true;
  EXPECT_EQ(city.step(no, "appeal", city.desk, reason("road closed")).status, 409);
  EXPECT_EQ(city.step(no, "appeal", city.desk, reason("road closed"), late).status, 200);
  EXPECT_EQ(city.step(no, "uphold_appeal", city.dispatcher).status, 200);
  EXPECT_FALSE(city.file(no).course.exempt) << "the acceptor has not said anything";
  EXPECT_EQ(city.step(no, "uphold_appeal", city.acceptor).status, 200);
  EXPECT_TRUE(city.file(no).course.exempt);
  EXPECT_EQ(city.step(no, "appeal", city.desk, reason("again"), late).status, 409);
  EXPECT_EQ(city.step(no, "reopen", kInspector, reason("it came back")).status, 200);
  EXPECT_EQ(city.file(no).course.reopens, 1);
}

TEST(CaseCourse, ARefusedAppealExemptsNothing) {
  TestCity city;
  const std::string no = city.at(Stage::closed);
  Agreed late;
  late.disposal_missed = true;
  ASSERT_EQ(city.step(no, "appeal", city.desk, reason("x"), late).status, 200);
  EXPECT_EQ(city.step(no, "refuse_appeal", city.dispatcher).code, "field.missing");
  EXPECT_EQ(city.step(no, "refuse_appeal", city.dispatcher, reason("no")).status, 200);
  EXPECT_EQ(city.file(no).course.appeal->state, "refused");
  EXPECT_FALSE(city.file(no).course.exempt);
}

TEST(CaseCourse, MergingCanBeUndone) {
  TestCity city;
  city.fire(city.alarm("a-1", "t-1", Level::yellow));
  city.fire(city.alarm("a-3", "t-3", Level::red));
  const std::string into = city.command.known_alarm("a-1")->case_no;
  const std::string from = city.command.known_alarm("a-3")->case_no;
  ASSERT_EQ(city.step(from, "merge", city.dispatcher, R"({"into":")" + into + R"("})").status, 200);
  EXPECT_EQ(city.step(from, "unmerge", city.dispatcher, reason("two tanks")).status, 200);
  EXPECT_EQ(city.file(from).stage, Stage::pending_dispatch);
  EXPECT_EQ(city.file(from).merged_into, "");
  EXPECT_EQ(city.file(from).level, Level::red);
  EXPECT_EQ(city.file(into).alarms, (std::vector<std::string>{"a-1"}));
  EXPECT_EQ(city.file(into).level, Level::yellow);
  EXPECT_EQ(city.links, (std::vector<Command::Link>{{"a-3", from}}));
  EXPECT_TRUE(city.has_entry(into, "unmerged"));
  EXPECT_EQ(city.step(from, "unmerge", city.dispatcher, reason("again")).status, 409);
}

TEST(CaseCourse, UnmergingMakesNoSecondCaseOfOneThing) {
  TestCity city;
  const std::string from = city.at(Stage::pending_dispatch);
  const Answer other = city.act("case.open", "", R"({"title":"lid","class":"0101","asset":"t-1"})", city.acceptor);
  const std::string into = text_or(parse_json(other.body)->as_object(), "no");
  ASSERT_EQ(city.step(from, "merge", city.dispatcher, R"({"into":")" + into + R"("})").status, 200);
  city.at(Stage::reported);
  EXPECT_EQ(city.step(from, "unmerge", city.dispatcher, reason("x")).code, "conflict");
}

TEST(CaseCourse, ASplitCaseHoldsItsParentOpen) {
  TestCity city;
  const std::string no = city.at(Stage::handling);
  EXPECT_EQ(city.step(no, "split", city.dispatcher).code, "field.missing");
  EXPECT_EQ(city.step(no, "split", city.dispatcher, R"({"title":"the road","class":"0101"})").status, 200);
  ASSERT_EQ(city.file(no).course.children.size(), 1u);
  const std::string child = city.file(no).course.children.front();
  EXPECT_EQ(city.file(child).course.parent, no);
  EXPECT_EQ(city.file(child).stage, Stage::pending_dispatch);
  EXPECT_EQ(city.file(child).asset, "t-1");
  city.step(no, "finish", city.crew, R"({"attachments":[")" + city.picture() + R"("]})");
  city.step(no, "feedback", city.dispatcher);
  city.step(no, "check", city.collector);
  const Agreed agrees{true, true, ""};
  EXPECT_EQ(city.step(no, "close", city.leader_of_shift, "{}", agrees).status, 409);
  EXPECT_EQ(city.step(child, "cancel", city.leader_of_shift, reason("x")).status, 200);
  EXPECT_EQ(city.step(no, "close", city.leader_of_shift, "{}", agrees).status, 200);
}

TEST(CaseCourse, ASplitOfTheSameClassTakesNoAssetAlong) {
  TestCity city;
  const std::string no = city.at(Stage::handling);
  ASSERT_EQ(city.step(no, "split", city.dispatcher, R"({"title":"second tank"})").status, 200);
  const Case& child = city.file(city.file(no).course.children.front());
  EXPECT_EQ(child.asset, "") << "one open case of a class and asset";
  EXPECT_EQ(child.pack, "gas");
}

TEST(CaseCourse, CollectorsGetTheirTasksByName) {
  TestCity city;
  city.persons = [&](std::string_view id) -> std::optional<Actor> {
    if (id == city.collector.id) return city.collector;
    return id == city.crew.id ? std::optional(city.crew) : std::nullopt;
  };
  const std::string no = city.at(Stage::reported);
  EXPECT_EQ(city.step(no, "verify", city.acceptor, R"({"collector":"crew"})").code, "field.invalid");
  EXPECT_EQ(city.step(no, "verify", city.acceptor, R"({"collector":"collector"})").status, 200);
  ASSERT_EQ(city.held(no).orders.size(), 1u);
  EXPECT_EQ(city.held(no).orders.back().kind, "verify");
  EXPECT_EQ(city.held(no).orders.back().handler, "user:collector");
  EXPECT_EQ(city.held(no).orders.back().unit, "");
  EXPECT_EQ(city.step(no, "verify", city.collector, R"({"result":"confirmed"})").status, 200);
  EXPECT_EQ(city.held(no).orders.back().state, "finished");
}

TEST(CaseCourse, ATaskIsRevokedWhenTheCaseIsGone) {
  TestCity city;
  const std::string no = city.at(Stage::verifying);
  ASSERT_EQ(city.held(no).orders.back().state, "sent");
  ASSERT_EQ(city.step(no, "cancel", city.leader_of_shift, reason("x")).status, 200);
  EXPECT_EQ(city.held(no).orders.back().state, "revoked");
}

TEST(CaseCourse, HandledOnTheSpotAndSettledAreClosedWithoutAUnit) {
  TestCity city;
  const std::string no = city.at(Stage::reported);
  EXPECT_EQ(city.step(no, "self_handle", city.collector).status, 409);
  EXPECT_EQ(city.step(no, "self_handle", city.collector, R"({"attachments":[")" + city.picture() + R"("]})",
                      Agreed{true, true, ""}).status, 200);
  EXPECT_EQ(city.file(no).stage, Stage::closed);
  EXPECT_EQ(city.file(no).course.settled, "self_handle");
  EXPECT_TRUE(city.file(no).closed_at && city.file(no).proof);
  const std::string next = city.at(Stage::pending_register);
  EXPECT_EQ(city.step(next, "settle", city.acceptor, reason("answered by phone"), Agreed{true, true, ""}).status, 200);
  EXPECT_EQ(city.file(next).course.settled, "settle");
}

TEST(CaseCourse, TheDispatcherTakesACaseBackWithoutBlamingTheUnit) {
  TestCity city;
  const std::string no = city.at(Stage::handling);
  EXPECT_EQ(city.step(no, "recall", city.dispatcher, reason("wrong bureau")).status, 200);
  EXPECT_EQ(city.file(no).stage, Stage::pending_dispatch);
  EXPECT_EQ(city.file(no).returns, 0);
  EXPECT_EQ(city.held(no).orders.back().state, "revoked");
  EXPECT_EQ(city.step(no, "dispatch", city.dispatcher, R"({"unit":"u-san"})").status, 200) << "it did not refuse";
}

TEST(CaseCourse, AHandlerGivesBackToTheDeskAndTheDeskRevokes) {
  TestCity city;
  const std::string no = city.at(Stage::handling);
  EXPECT_EQ(city.step(no, "return", city.crew, reason("ill")).status, 200);
  EXPECT_EQ(city.file(no).stage, Stage::pending_handle);
  EXPECT_EQ(city.file(no).handler, "");
  EXPECT_EQ(city.file(no).returns, 0) << "the unit has not returned it";
  EXPECT_EQ(city.held(no).orders.back().state, "sent");
  EXPECT_EQ(city.step(no, "assign", city.desk, R"({"handler":"crew"})").status, 200);
  EXPECT_EQ(city.step(no, "return", city.desk, reason("not ours")).status, 409) << "revoke first";
  EXPECT_EQ(city.step(no, "revoke", city.desk).status, 200);
  EXPECT_EQ(city.file(no).handler, "");
  EXPECT_EQ(city.step(no, "return", city.desk, reason("not ours")).status, 200);
  EXPECT_EQ(city.file(no).returns, 1);
}

TEST(CaseCourse, ALeadersInstructionIsKeptAndTold) {
  TestCity city;
  city.command = Command(Command::Settings{hours(8), {webhook("duty")}});
  const std::string no = city.at(Stage::handling);
  EXPECT_EQ(city.step(no, "instruct", city.leader, R"({"comment":"today, please"})").status, 200);
  EXPECT_EQ(city.timeline(no).back().action, "instruct");
  EXPECT_EQ(city.bodies<Notice>().back().type, "city.case.instructed");
  EXPECT_EQ(city.step(no, "instruct", city.admin, R"({"comment":"x"})").code, "auth.forbidden");
}

// A notice without a word of its own would reach people as `city.case.…`.
TEST(CaseCourse, EveryNoticeHasItsWord) {
  TestCity city;
  city.command = Command(Command::Settings{hours(8), {webhook("duty")}});
  const std::string no = city.at(Stage::handling);
  const std::string until = R"({"reason":"r","until":")" + format_time(city.now + hours(1)) + "\"}";
  city.step(no, "request_extension", city.desk, reason("r"));
  city.step(no, "refuse_request", city.dispatcher, reason("r"));
  city.step(no, "request_extension", city.desk, reason("r"));
  city.step(no, "extend", city.dispatcher);
  city.step(no, "suspend", city.dispatcher, until);
  city.now += hours(1);
  city.tick();
  city.step(no, "supervise", city.leader, R"({"kind":"leader","requirement":"x","due":")" + format_time(city.now + hours(1)) + "\"}");
  city.now += hours(1);
  city.tick();
  city.step(no, "reply", city.desk, R"({"comment":"c"})");
  city.step(no, "instruct", city.leader, R"({"comment":"c"})");
  city.step(no, "recall", city.dispatcher, reason("r"));
  city.step(no, "force_close", city.leader, reason("r"));
  Agreed late;
  late.disposal_missed = true;
  city.step(no, "appeal", city.desk, reason("r"), late);
  std::set<std::string> known, told;
  for (const NoticeType& type : notice_types()) known.insert(std::string(type.name));
  for (const Notice& notice : city.bodies<Notice>()) told.insert(notice.type);
  for (const std::string& type : told) EXPECT_TRUE(known.contains(type)) << type;
  EXPECT_GE(told.size(), 13u);
}

// ---- 立结案标准

std::string reported(TestCity& city, const std::string& body) {
  return text_or(parse_json(city.act("report.submit", "", body, city.collector).body)->as_object(), "case");
}

TEST(CaseStandard, FilingAndClosingNeedAChosenOneAndItsLimitIsTheDisposals) {
  TestCity city;
  city.standard("0110", {"4WH", "1WD"});
  const std::string no = reported(city, R"({"title":"garbage","class":"0110","location":[106.45,29.55]})");
  EXPECT_EQ(city.step(no, "register", city.acceptor).status, 200) << "the acceptor may leave it to the shift leader";
  const Answer asked = city.step(no, "register", city.leader_of_shift);
  EXPECT_EQ(asked.code, "field.missing");
  EXPECT_NE(asked.detail.find("2 filed when 2"), std::string::npos) << asked.detail;
  EXPECT_EQ(city.step(no, "register", city.leader_of_shift, R"({"standard":"3"})").code, "field.invalid");
  EXPECT_EQ(city.step(no, "register", city.leader_of_shift, R"({"standard":"2","grade":"D"})").code, "field.invalid");
  EXPECT_EQ(city.step(no, "register", city.leader_of_shift, R"({"standard":"2"})").status, 200);
  EXPECT_EQ(city.file(no).limit, "1WD");
  EXPECT_EQ(city.file(no).course.standard, "GB2013/event/0110/2");
  EXPECT_EQ(city.timeline(no)[city.timeline(no).size() - 2].fields.at("standard"), "filed when 2");
}

TEST(CaseStandard, TheOnlyOneNeedsNoChoosing) {
  TestCity city;
  city.standard("0110", {"4WH"});
  const std::string no = reported(city, R"({"title":"garbage","class":"0110","location":[106.45,29.55]})");
  EXPECT_EQ(city.step(no, "register", city.leader_of_shift).status, 200);
  EXPECT_EQ(city.file(no).course.standard, "GB2013/event/0110/1");
  EXPECT_EQ(city.file(no).limit, "4WH");
}

TEST(CaseStandard, TheGradeOfThePlaceDecidesTheLimit) {
  TestCity city;
  city.standard("0110", {"4WH", "1WD"});
  ClassStandard klass = *city.tables.standard({"GB2013", "event", "0110"});
  klass.conditions[0].limit_b = "8WH";
  city.tables.put_standard(klass);
  const std::string no = reported(city, R"({"title":"garbage","class":"0110","location":[106.45,29.55]})");
  EXPECT_EQ(city.step(no, "register", city.leader_of_shift, R"({"standard":"1","grade":"B"})").status, 200);
  EXPECT_EQ(city.file(no).limit, "8WH");
}

TEST(CaseStandard, OnlyWhatWasInForceOnTheDayOfOpeningIsOffered) {
  TestCity city;  // 2022-08-22 in Chongqing
  city.standard("0110", {"4WH", "1WD", "2WD"});
  ClassStandard klass = *city.tables.standard({"GB2013", "event", "0110"});
  klass.conditions[0].until = "2022-08-21";
  klass.conditions[1].from = "2022-08-22";
  klass.conditions[2].from = "2022-08-23";
  city.tables.put_standard(klass);
  const std::string no = reported(city, R"({"title":"garbage","class":"0110","location":[106.45,29.55]})");
  EXPECT_EQ(city.step(no, "register", city.leader_of_shift, R"({"standard":"1"})").code, "field.invalid");
  EXPECT_EQ(city.step(no, "register", city.leader_of_shift, R"({"standard":"3"})").code, "field.invalid");
  EXPECT_EQ(city.step(no, "register", city.leader_of_shift).status, 200);
  EXPECT_EQ(city.file(no).limit, "1WD");
}

TEST(CaseStandard, ACaseFiledByHandWithoutOneChoosesItAtClosing) {
  TestCity city;
  city.standard("0110", {"4WH", "1WD"}, "sanitation");
  const Answer answer =
      city.act("case.open", "", R"({"title":"x","class":"0110","location":[106.45,29.55]})", city.dispatcher);
  const std::string no = text_or(parse_json(answer.body)->as_object(), "no");
  ASSERT_FALSE(city.file(no).candidates.empty()) << "the class table says whose duty it is";
  EXPECT_EQ(city.file(no).candidates.front().unit, "u-san");
  city.step(no, "dispatch", city.dispatcher, R"({"unit":"u-san"})");
  city.step(no, "accept", city.crew);
  city.step(no, "finish", city.crew);
  city.step(no, "feedback", city.dispatcher);
  city.step(no, "check", city.collector);
  EXPECT_EQ(city.step(no, "close", city.leader_of_shift).code, "field.missing");
  EXPECT_EQ(city.step(no, "close", city.leader_of_shift, R"({"standard":"GB2013/event/0110/1"})").status, 200);
  EXPECT_EQ(city.timeline(no).back().fields.at("closing"), "closed when 1");
  EXPECT_EQ(city.file(no).limit, "") << "closing judges nothing anew";
}

TEST(CaseStandard, AnotherStandardKeepsTheExtensionsThatWereGranted) {
  TestCity city;
  city.standard("0110", {"4WH", "1WD"}, "sanitation");
  const std::string no = reported(city, R"({"title":"garbage","class":"0110","location":[106.45,29.55]})");
  const auto done = [&](const char* action, const Actor& actor, const std::string& body = "{}") {
    const Answer answer = city.step(no, action, actor, body);
    EXPECT_EQ(answer.status, 200) << action << ": " << answer.detail;
  };
  done("register", city.leader_of_shift, R"({"standard":"1"})");
  done("dispatch", city.dispatcher, R"({"unit":"u-san"})");
  done("accept", city.crew);
  done("request_extension", city.desk, reason("r"));
  done("extend", city.dispatcher);
  EXPECT_EQ(city.file(no).limit, "8WH");
  done("return", city.crew, reason("not ours"));
  done("return", city.desk, reason("not ours"));
  done("return", city.dispatcher, reason("wrong class"));
  done("verify", city.acceptor);
  done("verify", city.collector, R"({"result":"confirmed"})");
  done("register", city.leader_of_shift, R"({"standard":"2"})");
  EXPECT_EQ(city.file(no).limit, "2WD");
  EXPECT_EQ(city.file(no).course.first_limit, "1WD");
}

TEST(CaseStandard, APackSpeaksForItsOwnCases) {
  TestCity city;
  ClassStandard klass;
  klass.code = {"GB2013", "component", "0303"};
  klass.name = "tank";
  klass.conditions = {{"1", "f", "c", "4UH", "", "", "", ""}, {"2", "f", "c", "1WD", "", "", "", ""}};
  city.tables.put_standard(klass);
  const std::string no = city.at(Stage::closed);
  EXPECT_EQ(city.file(no).limit, "2UH");
}

TEST(CaseStandard, TheClassSaysWithinWhatRadiusAndTimeReportsAreOneEvent) {
  TestCity city;
  city.standard("0506", {"2UH"});
  const auto report = [&](double lng) {
    return reported(city, R"({"title":"ponding","class":"0506","location":[)" + std::to_string(lng) + ",29.55]}");
  };
  const std::string first = report(106.4500);
  EXPECT_NE(report(106.4510), first) << "97 m is another event by the city's 50 m";
  ClassStandard klass = *city.tables.standard({"GB2013", "event", "0506"});
  klass.radius_m = 150;
  klass.hours = 6;
  city.tables.put_standard(klass);
  EXPECT_EQ(report(106.4490), first);
  city.now += hours(7);
  EXPECT_NE(report(106.4490), first) << "after its hours it is another event";
}

}  // namespace
}  // namespace cityloop
