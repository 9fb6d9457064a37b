// SPDX-License-Identifier: Apache-2.0
// 延期 and 挂账 (domain.md §1.8): a handler asks the unit's desk, the desk asks the dispatcher, the dispatcher decides.
#include <cctype>

#include "command/body.h"
#include "command/case_step.h"
#include "core/json.h"
#include "core/limits.h"

namespace cityloop {
namespace {

// `1h30m` three times is `3h90m`: every number of the limit.
std::string times(const std::string& limit, int factor) {
  std::string text, digits;
  const auto flush = [&] {
    if (!digits.empty()) text += std::to_string(std::stoll(digits) * factor);
    digits.clear();
  };
  for (const char c : limit) {
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      digits += c;
      continue;
    }
    flush();
    text += c;
  }
  flush();
  return text;
}

Result<Time> end_of_suspension(const json::object& body, const std::optional<Time>& asked, Time now) {
  const std::optional<Time> given = TRY(want_time(body, "until"));
  const std::optional<Time> until = given ? given : asked;
  if (!until) return fail(errors::kMissingField, "`until` is missing: a suspension has an end");
  if (*until <= now) return bad_field("until", "lies in the past");
  if (*until > now + limits::kSuspensionMost) return bad_field("until", "lies more than a year ahead");
  return *until;
}

}  // namespace

void set_limit(Case& file, const std::string& limit) {
  if (file.course.extensions > 0) file.course.first_limit = limit;
  file.limit = times(limit, file.course.extensions + 1);
}

Result<void> Command::ask(Step& step) {
  CaseRequest request;
  request.kind = step.row.action == "request_extension" ? "extension" : "suspension";
  if (request.kind == "suspension") {
    request.until = TRY(end_of_suspension(step.body, {}, step.city.now));
    step.entry.fields["until"] = format_time(*request.until);
  }
  request.by = step.actor.id;
  request.reason = step.entry.comment;
  request.at = step.city.now;
  request.endorsed = step.actor.is(Role::unit_desk);
  step.held.file.course.request = std::move(request);
  advance(step, "city.case.requested");
  return {};
}

Result<void> Command::endorse(Step& step) {
  step.held.file.course.request->endorsed = true;
  advance(step);
  return {};
}

Result<void> Command::refuse_request(Step& step) {
  Course& course = step.held.file.course;
  step.entry.fields["request"] = course.request->kind;
  course.request.reset();
  advance(step, "city.case.request_refused");
  return {};
}

// Adds one original limit to the deadline.
Result<void> Command::extend(Step& step) {
  Case& file = step.held.file;
  Course& course = file.course;
  const std::string first = course.extensions == 0 ? file.limit : course.first_limit;
  ++course.extensions;
  set_limit(file, first);
  course.request.reset();
  step.entry.fields["limit"] = file.limit;
  advance(step, "city.case.extended");
  return {};
}

Result<void> Command::suspend(Step& step) {
  Case& file = step.held.file;
  const auto& request = file.course.request;
  const bool asked = request && request->kind == "suspension";
  const Time until = TRY(end_of_suspension(step.body, asked ? request->until : std::nullopt, step.city.now));
  step.entry.fields["until"] = format_time(until);
  file.course.suspended_until = until;
  file.course.back_to = file.stage;
  advance(step, "city.case.suspended");
  return {};
}

Result<void> Command::resume(Step& step) {
  advance(step);
  return {};
}

void Command::resume_by_itself(CaseFile& held, Context& city) {
  TimelineEntry entry;
  entry.actor = "system";
  entry.action = "resume";
  entry.from = held.file.stage;
  entry.comment = "挂账到期,自动恢复";
  held.file.stage = held.file.course.back_to;
  held.file.course.suspended_until.reset();
  record(held, std::move(entry), city);
  notify(held.file, "city.case.resumed", "", city);
}

}  // namespace cityloop
