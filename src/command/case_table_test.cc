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
reported: register acceptor,shift_leader,admin pending_dispatch
reported: reject acceptor,shift_leader,admin not_accepted
reported: merge acceptor,shift_leader,dispatcher,admin cancelled
reported: cancel shift_leader,admin cancelled
verifying: verify collector reported
verifying: merge acceptor,shift_leader,dispatcher,admin cancelled
verifying: cancel shift_leader,admin cancelled
pending_register: register acceptor,shift_leader,admin pending_dispatch
pending_register: reject acceptor,shift_leader,admin not_accepted
pending_register: merge acceptor,shift_leader,dispatcher,admin cancelled
pending_register: cancel shift_leader,admin cancelled
pending_dispatch: dispatch dispatcher,shift_leader,admin pending_handle
pending_dispatch: return dispatcher,admin reported
pending_dispatch: merge acceptor,shift_leader,dispatcher,admin cancelled
pending_dispatch: cancel shift_leader,admin cancelled
pending_handle: assign unit_desk -
pending_handle: return unit_desk pending_dispatch
pending_handle: accept handler handling
pending_handle: cancel shift_leader,admin cancelled
handling: arrive handler -
handling: finish handler handle_finish
handle_finish: feedback unit_desk,dispatcher,admin checking
handle_finish: rework unit_desk,dispatcher,shift_leader,admin handling
pending_feedback: feedback dispatcher,admin checking
pending_feedback: rework dispatcher,shift_leader,admin handling
checking: check collector,acceptor,shift_leader,admin pending_close
checking: rework collector,acceptor,shift_leader,admin handling
pending_close: close shift_leader,acceptor,admin closed
pending_close: rework acceptor,shift_leader,admin handling
closed: reopen shift_leader,admin pending_dispatch
forced_close: reopen shift_leader,admin pending_dispatch
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
  // In every open stage: force_close by shift_leader, leader, admin; a comment by everybody who works with cases.
  for (int s = 0; s < kStages; ++s) {
    if (!is_open(static_cast<Stage>(s))) continue;
    const std::string name(stage_name(static_cast<Stage>(s)));
    for (const char* role : {"shift_leader", "leader", "admin"}) all[{name, "force_close", role}] = "forced_close";
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
        const Ruling ruling = rule_on(file_at(stage), action, actor_with(role), guards());
        const auto found = expected.find({std::string(stage_name(stage)), action, std::string(role_name(role))});
        ASSERT_EQ(ruling.row != nullptr, found != expected.end()) << where << ": " << ruling.why_not;
        if (ruling.row == nullptr) {
          EXPECT_TRUE(ruling.code == "role" || ruling.code == "stage") << where;
          EXPECT_FALSE(ruling.why_not.empty()) << where;
          continue;
        }
        ++allowed;
        EXPECT_EQ(stage_name(ruling.row->moves ? ruling.row->to : stage), found->second) << where;
      }
    }
  }
  EXPECT_EQ(allowed, expected.size());
}

TEST(CaseTable, ReasonsAreRequiredWhereSomebodyIsPutOff) {
  for (const Transition& row : case_table()) {
    for (const char* action : {"reject", "return", "rework", "cancel", "force_close", "reopen"}) {
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
  EXPECT_NE(rule_on(file, "return", desk, guards()).row, nullptr) << "the desk answers for all its handlers";
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
  ASSERT_EQ(over.size(), 1u);
  EXPECT_EQ(over.front().name, "reopen");
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
  for (const ActionOffer& offer : offers(file, actor_with(Role::acceptor), guards())) {
    if (offer.name == "register") {
      EXPECT_TRUE(offer.fields.front().required) << "a case without a class";
    }
  }
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
