// SPDX-License-Identifier: Apache-2.0
#include "command/case_table.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace cityloop {
namespace {

constexpr int kStages = static_cast<int>(Stage::suspended) + 1;
constexpr int kRoles = static_cast<int>(Role::device) + 1;

// The workflow once more, written from the stages' side and after domain.md §1.8: at each stage, who may do what and
// where it leads. `-` is the same stage. Kept apart from case_table.cc on purpose: the two must agree word by word.
const std::string kExpected = R"(
reported: verify acceptor verifying
reported: self_handle collector closed
reported: register acceptor pending_register
reported: register shift_leader,admin pending_dispatch
reported: settle acceptor,shift_leader,admin closed
reported: reject acceptor,shift_leader,admin not_accepted
reported: merge acceptor,shift_leader,dispatcher,admin cancelled
reported: split acceptor,shift_leader,dispatcher,admin -
reported: cancel shift_leader,admin cancelled
verifying: verify collector reported
verifying: self_handle collector closed
verifying: merge acceptor,shift_leader,dispatcher,admin cancelled
verifying: cancel shift_leader,admin cancelled
pending_register: verify acceptor verifying
pending_register: register shift_leader,admin pending_dispatch
pending_register: settle acceptor,shift_leader,admin closed
pending_register: reject acceptor,shift_leader,admin not_accepted
pending_register: merge acceptor,shift_leader,dispatcher,admin cancelled
pending_register: split acceptor,shift_leader,dispatcher,admin -
pending_register: cancel shift_leader,admin cancelled
pending_dispatch: dispatch dispatcher,shift_leader,admin pending_handle
pending_dispatch: return dispatcher,admin reported
pending_dispatch: merge acceptor,shift_leader,dispatcher,admin cancelled
pending_dispatch: split acceptor,shift_leader,dispatcher,admin -
pending_dispatch: cancel shift_leader,admin cancelled
pending_handle: split acceptor,shift_leader,dispatcher,admin -
pending_handle: recall dispatcher,admin pending_dispatch
pending_handle: assign unit_desk -
pending_handle: revoke unit_desk -
pending_handle: return unit_desk pending_dispatch
pending_handle: accept handler handling
pending_handle: request_extension unit_desk,handler -
pending_handle: request_suspension unit_desk,handler -
pending_handle: endorse unit_desk -
pending_handle: refuse_request dispatcher,unit_desk,admin -
pending_handle: extend dispatcher,admin -
pending_handle: suspend dispatcher,shift_leader,admin suspended
pending_handle: cancel shift_leader,admin cancelled
handling: split acceptor,shift_leader,dispatcher,admin -
handling: recall dispatcher,admin pending_dispatch
handling: return handler pending_handle
handling: arrive handler -
handling: finish handler handle_finish
handling: request_extension unit_desk,handler -
handling: request_suspension unit_desk,handler -
handling: endorse unit_desk -
handling: refuse_request dispatcher,unit_desk,admin -
handling: extend dispatcher,admin -
handling: suspend dispatcher,shift_leader,admin suspended
suspended: resume dispatcher,shift_leader,admin handling
handle_finish: feedback unit_desk pending_feedback
handle_finish: feedback dispatcher,admin checking
handle_finish: rework unit_desk,dispatcher,shift_leader,admin handling
pending_feedback: feedback dispatcher,admin checking
pending_feedback: rework dispatcher,shift_leader,admin handling
checking: check collector,acceptor,shift_leader,admin pending_close
checking: rework collector,acceptor,shift_leader,admin handling
pending_close: close shift_leader,acceptor,admin closed
pending_close: rework acceptor,shift_leader,admin handling
closed: reopen shift_leader,inspector,admin pending_dispatch
closed: revisit acceptor -
closed: look_back inspector -
closed: appeal unit_desk -
closed: uphold_appeal dispatcher,acceptor,admin -
closed: refuse_appeal dispatcher,acceptor,admin -
closed: conclude inspector,leader,shift_leader,admin -
forced_close: reopen shift_leader,inspector,admin pending_dispatch
forced_close: revisit acceptor -
forced_close: look_back inspector -
forced_close: appeal unit_desk -
forced_close: uphold_appeal dispatcher,acceptor,admin -
forced_close: refuse_appeal dispatcher,acceptor,admin -
forced_close: conclude inspector,leader,shift_leader,admin -
cancelled: unmerge acceptor,shift_leader,dispatcher,admin handling
)";

using Expectation =
    std::map<std::tuple<std::string, std::string, std::string>, std::string>;  // stage, action, role -> next

Expectation expectation() {
  Expectation all;
  std::istringstream lines(kExpected);
  std::string stage, action, roles, next;
  while (lines >> stage >> action >> roles >> next) {
    stage.pop_back();
    std::istringstream list(roles);
    for (std::string role; std::getline(list, role, ',');) all[{stage, action, role}] = next == "-" ? stage : next;
  }
  // In every open stage: force_close by shift_leader, leader, admin; oversight; a comment by everybody who works with
  // cases.
  for (int s = 0; s < kStages; ++s) {
    if (!is_open(static_cast<Stage>(s))) continue;
    const std::string name(stage_name(static_cast<Stage>(s)));
    for (const char* role : {"shift_leader", "leader", "admin"}) all[{name, "force_close", role}] = "forced_close";
    for (const char* role : {"inspector", "leader", "shift_leader", "admin"})
      all[{name, "supervise", role}] = all[{name, "conclude", role}] = name;
    for (const char* role : {"unit_desk", "dispatcher", "admin"}) all[{name, "reply", role}] = name;
    all[{name, "instruct", "leader"}] = name;
    for (const char* role : {"collector", "acceptor", "shift_leader", "dispatcher", "unit_desk", "handler", "inspector",
                             "evaluator", "leader", "admin"}) {
      all[{name, "comment", role}] = name;
    }
  }
  return all;
}

Case file_at(Stage stage) {
  Case file;
  file.no = "5001062022082200001";
  file.stage = stage;
  file.klass.code = "0303";
  file.area = "500106";
  file.unit = "u-san";
  return file;
}

// Where nothing but the row decides: what each action's guard asks for is there.
std::pair<Case, CaseGuards> ready_for(std::string_view action, Stage stage, Role role) {
  Case file = file_at(stage);
  CaseGuards free;
  free.root_area = "50";
  file.limit = "2UH";
  file.course.back_to = Stage::handling;
  if (action == "revoke") file.handler = "user:x";
  if (action == "endorse" || action == "refuse_request" || action == "extend")
    file.course.request = CaseRequest{"extension", "user:y", "r", {}, {}, action == "extend"};
  if (action == "reply" || action == "conclude") file.course.supervisions.emplace_back();
  if (action == "conclude") file.course.supervisions.back().replied_at = from_ms(1);
  if (action == "appeal") free.disposal_missed = true;
  if (action == "uphold_appeal" || action == "refuse_appeal")
    file.course.appeal = Appeal{"user:y", "r", {}, role == Role::acceptor ? "acceptor" : "dispatcher"};
  if (action == "unmerge") file.merged_into = "5001062022082200002";
  return {file, free};
}

Actor actor_with(Role role) { return Actor{"user:x", {role}, "500106", "u-san", "x"}; }
CaseGuards guards() {
  CaseGuards guards;
  guards.root_area = "50";
  return guards;
}

TEST(CaseTable, EveryStageActionAndRoleIsAsWritten) {
  const Expectation expected = expectation();
  std::set<std::string> actions;
  for (const Transition& row : case_table()) actions.insert(std::string(row.action));
  std::size_t allowed = 0;
  for (int s = 0; s < kStages; ++s) {
    for (int r = 0; r < kRoles; ++r) {
      for (const std::string& action : actions) {
        const auto stage = static_cast<Stage>(s);
        const auto role = static_cast<Role>(r);
        const std::string where = std::string(stage_name(stage)) + " " + action + " " + std::string(role_name(role));
        const auto [file, free] = ready_for(action, stage, role);
        const Ruling ruling = rule_on(file, action, actor_with(role), free);
        const auto found = expected.find({std::string(stage_name(stage)), action, std::string(role_name(role))});
        ASSERT_EQ(ruling.row != nullptr, found != expected.end()) << where << ": " << ruling.why_not;
        if (ruling.row == nullptr) {
          EXPECT_TRUE(ruling.code == "role" || ruling.code == "stage") << where;
          EXPECT_FALSE(ruling.why_not.empty()) << where;
          continue;
        }
        ++allowed;
        EXPECT_EQ(stage_name(next_stage(*ruling.row, file)), found->second) << where;
      }
    }
  }
  EXPECT_EQ(allowed, expected.size());
}

TEST(CaseTable, ReasonsAreRequiredWhereSomebodyIsPutOff) {
  for (const Transition& row : case_table()) {
    for (const char* action : {"reject", "return", "rework", "cancel", "force_close", "reopen", "recall", "request_extension",
                               "refuse_request", "settle", "unmerge", "appeal", "refuse_appeal"}) {
      if (row.action != action) continue;
      EXPECT_TRUE(row.fields.front().name == "reason" && row.fields.front().required) << action;
    }
  }
}

TEST(CaseTable, AreaUnitAndHandlerBind) {
  Case file = file_at(Stage::pending_handle);
  Actor handler = actor_with(Role::handler);
  EXPECT_NE(rule_on(file, "accept", handler, guards()).row, nullptr);
  handler.area = "500103";
  EXPECT_EQ(rule_on(file, "accept", handler, guards()).code, "area");
  handler.area = "500106";
  handler.unit = "u-street";
  EXPECT_EQ(rule_on(file, "accept", handler, guards()).code, "unit");
  handler.unit = "";
  file.unit = "";
  EXPECT_EQ(rule_on(file, "accept", handler, guards()).code, "unit") << "no unit is not everybody's unit";
  file.unit = handler.unit = "u-san";
  file.handler = "user:y";
  EXPECT_EQ(rule_on(file, "accept", handler, guards()).code, "handler");
  file.handler = handler.id;
  EXPECT_NE(rule_on(file, "accept", handler, guards()).row, nullptr);

  Actor desk = actor_with(Role::unit_desk);
  file.handler = "user:y";
  EXPECT_EQ(rule_on(file, "return", desk, guards()).code, "assigned") << "the assignment is revoked first";
  EXPECT_NE(rule_on(file, "revoke", desk, guards()).row, nullptr) << "the desk answers for all its handlers";
  file.handler.clear();
  EXPECT_NE(rule_on(file, "return", desk, guards()).row, nullptr);
  EXPECT_EQ(rule_on(file, "revoke", desk, guards()).code, "unassigned");
  desk.unit = "u-street";
  EXPECT_EQ(rule_on(file, "return", desk, guards()).code, "unit");
  EXPECT_EQ(rule_on(file, "assign", desk, guards()).code, "unit");
  EXPECT_EQ(rule_on(file, "comment", desk, guards()).code, "unit");
  file.stage = Stage::handle_finish;
  EXPECT_EQ(rule_on(file, "feedback", desk, guards()).code, "unit");
  desk.roles.push_back(Role::dispatcher);
  EXPECT_NE(rule_on(file, "feedback", desk, guards()).row, nullptr) << "a dispatcher is not bound to a unit";
  EXPECT_EQ(rule_on(file, "close", actor_with(Role::wall), guards()).code, "role");
}

TEST(CaseTable, TheRootAreaSeesEverything) {
  Actor leader = actor_with(Role::shift_leader);
  leader.area = "50";
  EXPECT_NE(rule_on(file_at(Stage::reported), "cancel", leader, guards()).row, nullptr);
  leader.area = "";
  EXPECT_NE(rule_on(file_at(Stage::reported), "cancel", leader, guards()).row, nullptr);
}

TEST(CaseTable, AReturnedCaseIsVerifiedBeforeItIsFiledAgain) {
  Case file = file_at(Stage::reported);
  file.returned_from = "dispatcher";
  EXPECT_EQ(rule_on(file, "register", actor_with(Role::acceptor), guards()).code, "returned");
  EXPECT_NE(rule_on(file, "verify", actor_with(Role::acceptor), guards()).row, nullptr);
  EXPECT_NE(rule_on(file, "reject", actor_with(Role::acceptor), guards()).row, nullptr);
}

TEST(CaseTable, FinishingNeedsTheProofThatThePackAsksFor) {
  Case file = file_at(Stage::handling);
  CaseGuards strict = guards();
  strict.photo_needed = true;
  strict.photo_given = false;
  EXPECT_EQ(rule_on(file, "finish", actor_with(Role::handler), strict).code, "proof");
  file.proof = true;
  EXPECT_NE(rule_on(file, "finish", actor_with(Role::handler), strict).row, nullptr);
  file.proof = false;
  strict.photo_needed = false;
  EXPECT_NE(rule_on(file, "finish", actor_with(Role::handler), strict).row, nullptr);
}

TEST(CaseTable, FinishingNeedsThePictureFromBeforeWhereThePackAsksForThePair) {
  Case file = file_at(Stage::handling);
  CaseGuards pair = guards();
  pair.before_needed = true;
  EXPECT_EQ(rule_on(file, "finish", actor_with(Role::handler), pair).code, "before");
  EXPECT_NE(rule_on(file, "arrive", actor_with(Role::handler), pair).row, nullptr) << "arriving is how it comes";
  const auto arrival_needs_one = [&] {
    for (const ActionOffer& offer : offers(file, actor_with(Role::handler), pair))
      if (offer.name == "arrive")
        for (const FieldNeed& field : offer.fields)
          if (field.name == "attachments") return field.required;
    ADD_FAILURE() << "arrive is not offered";
    return false;
  };
  EXPECT_TRUE(arrival_needs_one());
  pair.picture_known = true;
  EXPECT_NE(rule_on(file, "finish", actor_with(Role::handler), pair).row, nullptr);
  EXPECT_FALSE(arrival_needs_one());
  pair.photo_needed = true;
  pair.photo_given = false;
  EXPECT_EQ(rule_on(file, "finish", actor_with(Role::handler), pair).code, "proof") << "the other half is still missing";
}

// A crew was at work without a network while the case went to others: what it saw there still comes in.
TEST(CaseTable, WhoHadAnOrderMayStillComment) {
  Case file = file_at(Stage::handling);
  file.unit = "u-street";
  file.handler = "user:other";
  CaseGuards once = guards();
  EXPECT_EQ(rule_on(file, "comment", actor_with(Role::handler), once).code, "unit");
  once.worked_on = true;
  EXPECT_NE(rule_on(file, "comment", actor_with(Role::handler), once).row, nullptr);
  EXPECT_EQ(rule_on(file, "finish", actor_with(Role::handler), once).code, "unit") << "and nothing else";
  Order order;
  order.unit = "u-san";
  order.handler = "user:other";
  Actor actor = actor_with(Role::handler);
  EXPECT_TRUE(went_to(order, actor)) << "an order of the unit's";
  actor.unit = "u-street";
  EXPECT_FALSE(went_to(order, actor));
  order.handler = actor.id;
  EXPECT_TRUE(went_to(order, actor)) << "an order of the person's";
  order = {};
  actor.unit.clear();
  EXPECT_FALSE(went_to(order, actor)) << "no unit is not everybody's unit";
}

TEST(CaseTable, ClosingNeedsTheSensorOrAForcedClose) {
  Case file = file_at(Stage::pending_close);
  file.alarms = {"a-1"};
  file.level = Level::yellow;
  const Actor leader = actor_with(Role::shift_leader);
  EXPECT_EQ(rule_on(file, "close", leader, guards()).code, "agreement") << "its alarm still holds";
  CaseGuards sensor = guards();
  sensor.agreement_needed = true;
  sensor.agreement_because = "ch4 31 >= 10.";
  const Ruling ruling = rule_on(file, "close", leader, sensor);
  EXPECT_EQ(ruling.code, "agreement");
  EXPECT_NE(ruling.why_not.find("ch4 31 >= 10"), std::string::npos);
  EXPECT_NE(rule_on(file, "force_close", leader, sensor).row, nullptr);
  sensor.agrees = true;
  EXPECT_NE(rule_on(file, "close", leader, sensor).row, nullptr);
  file.level = Level::none;
  EXPECT_NE(rule_on(file, "close", leader, guards()).row, nullptr);
}

TEST(CaseTable, OffersSayWhatIsPossibleAndWhyNot) {
  const std::vector<ActionOffer> all =
      offers(file_at(Stage::pending_dispatch), actor_with(Role::shift_leader), guards());
  std::map<std::string, ActionOffer> by_name;
  for (const ActionOffer& offer : all) EXPECT_TRUE(by_name.emplace(offer.name, offer).second) << offer.name << " twice";
  EXPECT_TRUE(by_name.at("dispatch").enabled);
  EXPECT_EQ(by_name.at("dispatch").fields.front().name, "unit");
  EXPECT_FALSE(by_name.at("close").enabled);
  EXPECT_EQ(by_name.at("close").code, "stage");
  EXPECT_NE(by_name.at("close").why_not.find("pending_close"), std::string::npos);
  EXPECT_FALSE(by_name.contains("accept")) << "no shift leader ever accepts";

  EXPECT_TRUE(offers(file_at(Stage::handling), actor_with(Role::wall), guards()).empty());
  const std::vector<ActionOffer> over = offers(file_at(Stage::closed), actor_with(Role::shift_leader), guards());
  std::set<std::string> names;
  for (const ActionOffer& offer : over) names.insert(offer.name);
  EXPECT_EQ(names, (std::set<std::string>{"reopen", "conclude"})) << "nothing without a row for the stage";
}

TEST(CaseTable, OffersMarkTheFieldsThatThisCaseNeeds) {
  Case file = file_at(Stage::handling);
  CaseGuards strict = guards();
  strict.photo_needed = true;
  strict.photo_given = false;
  for (const ActionOffer& offer : offers(file, actor_with(Role::handler), strict)) {
    if (offer.name != "finish") continue;
    EXPECT_TRUE(offer.enabled) << "the picture comes with the action";
    EXPECT_TRUE(offer.fields.front().required);
  }
  file = file_at(Stage::reported);
  file.klass.code.clear();
  bool seen = false;
  for (const ActionOffer& offer : offers(file, actor_with(Role::acceptor), guards())) {
    if (offer.name != "register") continue;
    seen = true;
    EXPECT_TRUE(offer.fields.front().required) << "a case without a class";
  }
  EXPECT_TRUE(seen);
}

std::string code_of(const Case& file, std::string_view action, Role role, const CaseGuards& with = guards()) {
  const Ruling ruling = rule_on(file, action, actor_with(role), with);
  return ruling.row != nullptr ? "" : ruling.code;
}

TEST(CaseGuards, AnExtensionIsAskedForInTimeTwiceAtMost) {
  Case file = file_at(Stage::handling);
  EXPECT_EQ(code_of(file, "request_extension", Role::handler), "no_limit");
  file.limit = "2UH";
  EXPECT_EQ(code_of(file, "request_extension", Role::handler), "");
  CaseGuards late = guards();
  late.disposal_missed = true;
  EXPECT_EQ(code_of(file, "request_extension", Role::handler, late), "overdue");
  EXPECT_EQ(code_of(file, "request_suspension", Role::handler, late), "") << "what is late may still have to wait";
  file.course.extensions = 1;
  EXPECT_EQ(code_of(file, "request_extension", Role::handler), "");
  file.course.extensions = 2;
  EXPECT_EQ(code_of(file, "request_extension", Role::handler), "extensions");
}

TEST(CaseGuards, OneRequestAtATimeByHandlerDeskAndDispatcher) {
  Case file = file_at(Stage::handling);
  file.limit = "2UH";
  EXPECT_EQ(code_of(file, "extend", Role::dispatcher), "request");
  EXPECT_EQ(code_of(file, "endorse", Role::unit_desk), "request");
  EXPECT_EQ(code_of(file, "refuse_request", Role::dispatcher), "request");
  file.course.request = CaseRequest{"extension", "user:y", "r", {}, {}, false};
  EXPECT_EQ(code_of(file, "request_extension", Role::handler), "request");
  EXPECT_EQ(code_of(file, "request_suspension", Role::unit_desk), "request");
  EXPECT_EQ(code_of(file, "extend", Role::dispatcher), "endorsed");
  EXPECT_EQ(code_of(file, "refuse_request", Role::unit_desk), "");
  file.course.request->endorsed = true;
  EXPECT_EQ(code_of(file, "endorse", Role::unit_desk), "endorsed");
  EXPECT_EQ(code_of(file, "refuse_request", Role::unit_desk), "endorsed");
  EXPECT_EQ(code_of(file, "refuse_request", Role::dispatcher), "");
  EXPECT_EQ(code_of(file, "extend", Role::dispatcher), "");
  file.course.request->kind = "suspension";
  EXPECT_EQ(code_of(file, "extend", Role::dispatcher), "request");
}

TEST(CaseGuards, ASupervisionIsRepliedToBeforeItIsConcluded) {
  Case file = file_at(Stage::handling);
  EXPECT_EQ(code_of(file, "reply", Role::unit_desk), "unsupervised");
  EXPECT_EQ(code_of(file, "conclude", Role::leader), "unsupervised");
  EXPECT_EQ(code_of(file, "supervise", Role::leader), "");
  file.course.supervisions.emplace_back();
  EXPECT_EQ(code_of(file, "supervise", Role::leader), "supervised");
  EXPECT_EQ(code_of(file, "conclude", Role::leader), "unreplied");
  EXPECT_EQ(code_of(file, "conclude", Role::unit_desk), "role") << "the urged unit cannot close it";
  EXPECT_EQ(code_of(file, "reply", Role::unit_desk), "");
  file.course.supervisions.back().replied_at = from_ms(1);
  EXPECT_EQ(code_of(file, "reply", Role::unit_desk), "replied");
  EXPECT_EQ(code_of(file, "conclude", Role::leader), "");
  file.course.supervisions.back().replied_at.reset();
  file.stage = Stage::closed;
  EXPECT_EQ(code_of(file, "conclude", Role::leader), "") << "what is over needs no reply";
  file.course.supervisions.back().concluded_at = from_ms(2);
  EXPECT_EQ(code_of(file, "conclude", Role::leader), "unsupervised");
}

TEST(CaseGuards, AnAppealIsMadeOnceAndGoesTwoSteps) {
  Case file = file_at(Stage::closed);
  EXPECT_EQ(code_of(file, "appeal", Role::unit_desk), "in_time");
  CaseGuards late = guards();
  late.disposal_missed = true;
  EXPECT_EQ(code_of(file, "appeal", Role::unit_desk, late), "");
  EXPECT_EQ(code_of(file, "uphold_appeal", Role::dispatcher), "appeal");
  file.course.appeal = Appeal{"user:y", "r", {}, "dispatcher"};
  EXPECT_EQ(code_of(file, "appeal", Role::unit_desk, late), "appealed");
  EXPECT_EQ(code_of(file, "uphold_appeal", Role::acceptor), "step");
  EXPECT_EQ(code_of(file, "uphold_appeal", Role::dispatcher), "");
  file.course.appeal->state = "acceptor";
  EXPECT_EQ(code_of(file, "refuse_appeal", Role::dispatcher), "step");
  EXPECT_EQ(code_of(file, "refuse_appeal", Role::admin), "step");
  EXPECT_EQ(code_of(file, "refuse_appeal", Role::acceptor), "");
  file.course.appeal->state = "upheld";
  EXPECT_EQ(code_of(file, "refuse_appeal", Role::acceptor), "appeal");
  Actor stranger = actor_with(Role::unit_desk);
  stranger.unit = "u-street";
  file.course.appeal.reset();
  EXPECT_EQ(rule_on(file, "appeal", stranger, late).code, "unit");
}

TEST(CaseGuards, ClosingWaitsForTheSplitOnesAndTheReporterIsAskedOnce) {
  Case file = file_at(Stage::pending_close);
  CaseGuards waiting = guards();
  waiting.children_open = true;
  EXPECT_EQ(code_of(file, "close", Role::shift_leader, waiting), "children");
  EXPECT_EQ(code_of(file, "force_close", Role::shift_leader, waiting), "");
  EXPECT_EQ(code_of(file, "close", Role::shift_leader), "");
  file.stage = Stage::reported;
  EXPECT_EQ(code_of(file, "settle", Role::acceptor, waiting), "children");
  file.stage = Stage::closed;
  EXPECT_EQ(code_of(file, "revisit", Role::acceptor), "");
  file.course.satisfaction = "satisfied";
  EXPECT_EQ(code_of(file, "revisit", Role::acceptor), "revisited");
  file.stage = Stage::cancelled;
  EXPECT_EQ(code_of(file, "unmerge", Role::acceptor), "merged");
}

TEST(CaseGuards, WhatIsHandledOnTheSpotIsShownAndQuiet) {
  Case file = file_at(Stage::verifying);
  CaseGuards blind = guards();
  blind.photo_given = false;
  EXPECT_EQ(code_of(file, "self_handle", Role::collector, blind), "proof");
  EXPECT_EQ(code_of(file, "self_handle", Role::collector), "");
  file.alarms = {"a-1"};
  file.level = Level::yellow;
  EXPECT_EQ(code_of(file, "self_handle", Role::collector), "agreement");
  file.stage = Stage::reported;
  EXPECT_EQ(code_of(file, "settle", Role::acceptor), "agreement");
}

TEST(CaseGuards, ADisposalIsMissedByItsLastClock) {
  Clock met;
  met.stage = Stage::handling;
  met.deadline = from_ms(1000);
  met.stopped = from_ms(900);
  EXPECT_FALSE(disposal_missed(std::vector{met}, from_ms(5000)));
  Clock runs = met;
  runs.stopped.reset();
  EXPECT_FALSE(disposal_missed(std::vector{runs}, from_ms(999)));
  EXPECT_TRUE(disposal_missed(std::vector{runs}, from_ms(1000)));
  Clock other = runs;
  other.stage = Stage::checking;
  EXPECT_FALSE(disposal_missed(std::vector{met, other}, from_ms(5000))) << "another step's clock";
  Clock missed = met;
  missed.overdue = true;
  EXPECT_TRUE(disposal_missed(std::vector{missed}, from_ms(0)));
  EXPECT_FALSE(disposal_missed(std::vector{missed, met}, from_ms(5000))) << "the last round counts";
}

TEST(CaseTable, TheDocumentHoldsTheTable) {
  std::ifstream document(std::string(CITYLOOP_SOURCE_DIR) + "/docs/case-workflow.md");
  std::stringstream text;
  text << document.rdbuf();
  EXPECT_NE(text.str().find(case_table_markdown()), std::string::npos)
      << "docs/case-workflow.md must hold:\n" << case_table_markdown();
}

}  // namespace
}  // namespace cityloop
