// SPDX-License-Identifier: Apache-2.0
// What the rows of the workflow's table do not say: when an action that role, stage and unit would allow must wait.
// Codes, which the pages turn into sentences of their own: returned, before, proof, agreement, children, assigned, unassigned,
// request, endorsed, extensions, overdue, no_limit, supervised, unsupervised, replied, unreplied, appealed, in_time,
// appeal, step, revisited, merged.
#include <map>

#include "command/case_table.h"

namespace cityloop {
namespace {

using Guard = Refusal (*)(const Case&, const Transition&, const Actor&, const CaseGuards&);

constexpr auto kFree = [] { return Refusal{}; };

// Who receives a return may not take the next main step as if nothing had happened: the acceptor's side has it verified
// first. That the dispatcher does not send it to the unit that gave it back is seen where the unit is known.
Refusal filing(const Case& file, const Transition&, const Actor&, const CaseGuards&) {
  if (file.returned_from.empty()) return kFree();
  return {"returned", "The dispatcher returned the case: have it verified, reject, merge or cancel it."};
}

Refusal proof(const Case& file, const Transition& row, const Actor&, const CaseGuards& guards) {
  const bool needed = row.action == "self_handle" || (guards.photo_needed && !file.proof);
  if (!needed || guards.photo_given) return kFree();
  return {"proof", "A photo taken after the work is needed: name it in `attachments`."};
}

Refusal finishing(const Case& file, const Transition& row, const Actor& actor, const CaseGuards& guards) {
  if (guards.before_needed && !guards.picture_known)
    return {"before", "A photo from before the work is needed: `arrive` with `attachments`."};
  return proof(file, row, actor, guards);
}

Refusal closing(const Case& file, const Transition&, const Actor&, const CaseGuards& guards) {
  if (guards.children_open)
    return {"children", "A case that was split from this one is still open: close it first, or force_close."};
  if (guards.agreement_needed && !guards.agrees) {
    return {"agreement", "The sensor does not agree yet: " + guards.agreement_because +
                             " Close it when it does, or force_close with a reason."};
  }
  if (!guards.agreement_needed && !file.alarms.empty() && file.level != Level::none) {
    return {"agreement",
            "A " + std::string(level_name(file.level)) +
                " alarm of the case still holds. Close it when it has cleared, or force_close with a reason."};
  }
  return kFree();
}

Refusal self_handling(const Case& file, const Transition& row, const Actor& actor, const CaseGuards& guards) {
  Refusal refusal = proof(file, row, actor, guards);
  return refusal.code.empty() ? closing(file, row, actor, guards) : refusal;
}

Refusal giving_back(const Case& file, const Transition& row, const Actor&, const CaseGuards&) {
  if (row.to != Stage::pending_dispatch || file.handler.empty()) return kFree();
  return {"assigned", "The case is assigned to " + file.handler + ": revoke the assignment first."};
}

Refusal revoking(const Case& file, const Transition&, const Actor&, const CaseGuards&) {
  if (!file.handler.empty()) return kFree();
  return {"unassigned", "The case is assigned to nobody."};
}

// ---- 延期 and 挂账 --------------------------------------------------------------------------------------------

Refusal no_request_yet(const Case& file, const Transition&, const Actor&, const CaseGuards&) {
  if (!file.course.request) return kFree();
  return {"request", "Another request of the unit waits for its decision."};
}

Refusal asking_extension(const Case& file, const Transition& row, const Actor& actor, const CaseGuards& guards) {
  if (Refusal refusal = no_request_yet(file, row, actor, guards); !refusal.code.empty()) return refusal;
  if (file.course.extensions >= kExtensions)
    return {"extensions", "The limit was extended " + std::to_string(kExtensions) + " times already."};
  if (guards.disposal_missed) return {"overdue", "The limit has run out: an extension is asked for before that."};
  if (file.limit.empty()) return {"no_limit", "The case has no disposal limit that could be extended."};
  return kFree();
}

Refusal endorsing(const Case& file, const Transition&, const Actor&, const CaseGuards&) {
  if (!file.course.request) return {"request", "Nothing is asked for."};
  if (file.course.request->endorsed) return {"endorsed", "The unit's desk endorsed the request already."};
  return kFree();
}

Refusal refusing(const Case& file, const Transition&, const Actor& actor, const CaseGuards&) {
  if (!file.course.request) return {"request", "Nothing is asked for."};
  const bool decides = actor.is(Role::dispatcher) || actor.is(Role::admin);
  if (!decides && file.course.request->endorsed) return {"endorsed", "The request lies with the dispatcher now."};
  return kFree();
}

Refusal extending(const Case& file, const Transition&, const Actor&, const CaseGuards&) {
  if (!file.course.request || file.course.request->kind != "extension")
    return {"request", "No extension is asked for."};
  if (!file.course.request->endorsed) return {"endorsed", "The unit's desk has not endorsed the handler's request yet."};
  return kFree();
}

// ---- 督办, 回访, 申诉 -----------------------------------------------------------------------------------------

const Supervision* standing(const Case& file) {
  const auto& all = file.course.supervisions;
  return all.empty() || all.back().concluded_at ? nullptr : &all.back();
}

Refusal supervising(const Case& file, const Transition&, const Actor&, const CaseGuards&) {
  if (standing(file) == nullptr) return kFree();
  return {"supervised", "The case is under supervision already: conclude that first."};
}

Refusal replying(const Case& file, const Transition&, const Actor&, const CaseGuards&) {
  const Supervision* supervision = standing(file);
  if (supervision == nullptr) return {"unsupervised", "The case is not under supervision."};
  if (supervision->replied_at) return {"replied", "The supervision was replied to: it waits for its conclusion."};
  return kFree();
}

Refusal concluding(const Case& file, const Transition&, const Actor&, const CaseGuards&) {
  const Supervision* supervision = standing(file);
  if (supervision == nullptr) return {"unsupervised", "The case is not under supervision."};
  if (!supervision->replied_at && is_open(file.stage)) return {"unreplied", "Nobody has replied to it yet."};
  return kFree();
}

Refusal appealing(const Case& file, const Transition&, const Actor&, const CaseGuards& guards) {
  if (file.course.appeal) return {"appealed", "An appeal is made once per case."};
  if (!guards.disposal_missed) return {"in_time", "The disposal was in time: there is nothing to appeal against."};
  return kFree();
}

// First the dispatcher, then the acceptor.
Refusal judging(const Case& file, const Transition&, const Actor& actor, const CaseGuards&) {
  if (!file.course.appeal || (file.course.appeal->state != "dispatcher" && file.course.appeal->state != "acceptor"))
    return {"appeal", "No appeal waits for a decision."};
  const bool first = file.course.appeal->state == "dispatcher";
  const bool may = first ? actor.is(Role::dispatcher) || actor.is(Role::admin) : actor.is(Role::acceptor);
  if (may) return kFree();
  return {"step", first ? "The dispatcher reviews the appeal first." : "The acceptor reviews the appeal now."};
}

Refusal revisiting(const Case& file, const Transition&, const Actor&, const CaseGuards&) {
  if (file.course.satisfaction.empty()) return kFree();
  return {"revisited", "The reporter was asked already."};
}

Refusal unmerging(const Case& file, const Transition&, const Actor&, const CaseGuards&) {
  if (!file.merged_into.empty()) return kFree();
  return {"merged", "The case was cancelled, not merged into another."};
}

const std::map<std::string_view, Guard>& guards_by_action() {
  static const std::map<std::string_view, Guard> guards = {
      {"register", filing},
      {"finish", finishing},
      {"self_handle", self_handling},
      {"settle", closing},
      {"close", closing},
      {"return", giving_back},
      {"revoke", revoking},
      {"request_extension", asking_extension},
      {"request_suspension", no_request_yet},
      {"endorse", endorsing},
      {"refuse_request", refusing},
      {"extend", extending},
      {"supervise", supervising},
      {"reply", replying},
      {"conclude", concluding},
      {"appeal", appealing},
      {"uphold_appeal", judging},
      {"refuse_appeal", judging},
      {"revisit", revisiting},
      {"unmerge", unmerging},
  };
  return guards;
}

}  // namespace

Refusal guard(const Case& file, const Transition& row, const Actor& actor, const CaseGuards& guards) {
  const auto found = guards_by_action().find(row.action);
  return found == guards_by_action().end() ? Refusal{} : found->second(file, row, actor, guards);
}

}  // namespace cityloop
