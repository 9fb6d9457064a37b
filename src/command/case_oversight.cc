// SPDX-License-Identifier: Apache-2.0
// What others have to say to a case (domain.md §1.8): 督办 supervision, 领导批示 instruction, 回头看 the look back,
// 回访 the call to the reporter, 申诉 the unit's appeal.
#include <algorithm>

#include "command/body.h"
#include "command/case_step.h"
#include "core/json.h"
#include "core/limits.h"

namespace cityloop {
namespace {

Result<std::string> one_of(const json::object& body, std::string_view key, std::initializer_list<const char*> words) {
  std::string said = TRY(need_text(body, key, 40));
  std::string all;
  for (const char* word : words) {
    if (said == word) return said;
    all += (all.empty() ? "" : ", ") + std::string(word);
  }
  return bad_field(key, "must be one of " + all);
}

}  // namespace

Result<void> Command::supervise(Step& step) {
  Supervision supervision;
  supervision.kind = TRY(one_of(step.body, "kind", {"timeout", "leader", "important"}));
  supervision.requirement = TRY(need_text(step.body, "requirement", limits::kTextBytes));
  supervision.due = TRY(want_time(step.body, "due"));
  if (supervision.due && *supervision.due <= step.city.now) return bad_field("due", "lies in the past");
  supervision.by = step.actor.id;
  supervision.by_name = step.actor.person;
  supervision.at = step.city.now;
  step.entry.fields["kind"] = supervision.kind;
  if (supervision.due) step.entry.fields["due"] = format_time(*supervision.due);
  step.entry.comment = supervision.requirement;
  step.held.file.course.supervisions.push_back(std::move(supervision));
  advance(step, "city.case.supervised");
  return {};
}

Result<void> Command::reply(Step& step) {
  Supervision& supervision = step.held.file.course.supervisions.back();
  supervision.replied_at = step.city.now;
  supervision.reply = step.entry.comment;
  advance(step, "city.case.supervision_replied");
  return {};
}

Result<void> Command::conclude(Step& step) {
  step.held.file.course.supervisions.back().concluded_at = step.city.now;
  advance(step);
  return {};
}

// Nobody replied in time: told once, in the timeline and by a notice.
void Command::escalate_supervision(CaseFile& held, Context& city) {
  Supervision& supervision = held.file.course.supervisions.back();
  supervision.escalated = true;
  TimelineEntry entry;
  entry.actor = "system";
  entry.action = "supervision.escalated";
  entry.from = held.file.stage;
  entry.comment = "督办逾期未回复:" + supervision.requirement;
  entry.fields["kind"] = supervision.kind;
  const std::string comment = entry.comment;
  record(held, std::move(entry), city);
  notify(held.file, "city.case.escalated", comment, city);
}

Result<void> Command::instruct(Step& step) {
  advance(step, "city.case.instructed");
  return {};
}

Result<void> Command::look_back(Step& step) {
  const std::string result = TRY(one_of(step.body, "look_back", {"kept", "relapsed"}));
  step.entry.fields["look_back"] = result;
  step.held.file.course.look_back = result;
  advance(step);
  return {};
}

Result<void> Command::revisit(Step& step) {
  const std::string said = TRY(one_of(step.body, "satisfaction", {"very_satisfied", "satisfied", "unsatisfied"}));
  step.entry.fields["satisfaction"] = said;
  step.held.file.course.satisfaction = said;
  advance(step);
  return {};
}

Result<void> Command::appeal(Step& step) {
  step.held.file.course.appeal = Appeal{step.actor.id, step.entry.comment, step.city.now, "dispatcher"};
  advance(step, "city.case.appealed");
  return {};
}

// An upheld appeal changes the scores, not the facts: the clock keeps showing that it ran out.
Result<void> Command::uphold_appeal(Step& step) {
  Course& course = step.held.file.course;
  const bool last = course.appeal->state == "acceptor";
  course.appeal->state = last ? "upheld" : "acceptor";
  course.exempt = course.exempt || last;
  step.entry.fields["appeal"] = course.appeal->state;
  advance(step);
  return {};
}

Result<void> Command::refuse_appeal(Step& step) {
  step.held.file.course.appeal->state = "refused";
  step.entry.fields["appeal"] = "refused";
  advance(step);
  return {};
}

}  // namespace cityloop
