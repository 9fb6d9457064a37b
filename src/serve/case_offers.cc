// SPDX-License-Identifier: Apache-2.0
#include "serve/case_offers.h"

#include "core/class_standard.h"
#include "serve/offers.h"
#include "serve/project.h"

namespace cityloop::serve {
namespace {

// Whether one of several 立结案标准 of the class is still to be chosen; a pack speaks for its own cases.
Result<bool> standard_needed(const Call& call, const Case& file) {
  if (!file.pack.empty() || !file.course.standard.empty() || file.klass.code.empty()) return false;
  const auto row = TRY(call.city().journal->find("classes", class_key(file.klass)));
  if (!row) return false;
  const json::value doc = TRY(parse_json(row->doc));
  const json::value* conditions = doc.is_object() ? doc.get_object().if_contains("conditions") : nullptr;
  if (conditions == nullptr || !conditions->is_array()) return false;
  const std::string date = local_date(file.opened_at, call.city().utc_offset);
  const std::string day = date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6, 2);
  std::size_t in_force = 0;
  for (const json::value& one : conditions->get_array()) {
    if (!one.is_object()) continue;
    Condition condition;
    condition.from = text_or(one.get_object(), "from");
    condition.until = text_or(one.get_object(), "until");
    in_force += is_in_force(condition, day) ? 1 : 0;
  }
  return in_force > 1;
}

// Whether a picture of what is wrong has come with a report or an act.
Result<bool> picture_known(const Call& call, const Case& file) {
  const auto has_pictures = [](const json::object& doc) {
    const json::value* list = doc.if_contains("attachments");
    return list != nullptr && list->is_array() && !list->get_array().empty();
  };
  for (const std::string& id : file.reports) {
    const auto row = TRY(call.city().journal->find("reports", id));
    if (row && has_pictures(TRY(parse_json(row->doc)).as_object())) return true;
  }
  Query query{"timeline", {{"case_no", Where::Op::equal, {file.no}}}};
  query.limit = limits::kPageMost;
  for (const Row& row : TRY(call.city().journal->list(query)).rows)
    if (has_pictures(TRY(parse_json(row.doc)).as_object())) return true;
  return false;
}

Result<bool> worked_on(const Call& call, const Case& file) {
  const Actor& actor = call.caller.actor;
  if (!actor.is(Role::handler) && !actor.is(Role::unit_desk)) return false;
  Query query{"orders", {{"case_no", Where::Op::equal, {file.no}}}};
  query.limit = limits::kPageMost;
  for (const Row& row : TRY(call.city().journal->list(query)).rows) {
    const json::value doc = TRY(parse_json(row.doc));
    Order order;
    order.unit = text_or(doc.as_object(), "unit");
    order.handler = text_or(doc.as_object(), "handler");
    if (went_to(order, actor)) return true;
  }
  return false;
}

}  // namespace

Result<std::string> offers_of(const Call& call, const Case& file) {
  CaseSurroundings around;
  for (const std::string& no : file.course.children) {
    const auto row = TRY(call.city().journal->find("cases", no));
    around.children_open = around.children_open || (row && is_open(TRY(case_of_doc(row->doc)).stage));
  }
  around.standard_needed = TRY(standard_needed(call, file));
  const Pack* pack = file.pack.empty() ? nullptr : call.city().packs()->pack(file.pack);
  if (pack != nullptr && pack->the_case && pack->the_case->photo_before) around.picture_known = TRY(picture_known(call, file));
  around.worked_on = TRY(worked_on(call, file));
  return case_offers(file, call.caller.actor, *call.city().packs(), call.city().root_area, call.now(), around);
}

}  // namespace cityloop::serve
