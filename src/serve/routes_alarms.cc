// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "serve/engine.h"
#include "serve/list.h"
#include "serve/offers.h"
#include "serve/project.h"

namespace cityloop::serve {
namespace {

constexpr std::string_view kCsv =
    "id state level peak rule title_zh title_en asset asset_name area value unit raised_at cleared_at acknowledged "
    "acknowledged_by acknowledged_at case location.coordinates.0 location.coordinates.1 drill false_alarm";

void decorate(Row& row, const Actor& actor) {
  const auto alarm = alarm_of_doc(row.doc, "");
  if (alarm) append_members(row.doc, "\"actions\":" + alarm_offers(*alarm, actor));
}

void list_alarms(Call& call) {
  static constexpr Filter kFilters[] = {{"state", "state"},   {"level", "level"}, {"kind", "kind"},
                                        {"asset", "asset"},   {"rule", "rule"},   {"case", "case_no"},
                                        {"acknowledged", "acknowledged", Filter::Type::flag},
                                        {"unseen", "unseen", Filter::Type::flag},
                                        {"drill", "drill", Filter::Type::flag},
                                        {"from", "raised_at", Filter::Type::since},
                                        {"to", "raised_at", Filter::Type::until}};
  Query query{"alarms"};
  if (const auto known = apply_filters(call, kFilters, query); !known) return call.refuse(known.error());
  if (const auto scoped = apply_area(call, query); !scoped) return call.refuse(scoped.error());
  const std::string_view order = call.request.parameter("order");
  if (!order.empty() && order != "raised" && order != "level" && order != "changed")
    return call.refuse(bad_parameter("order", "must be raised, changed or level"));
  query.order = order == "level" ? "rank" : order == "changed" ? "changed_at" : "raised_at";
  query.descending = true;
  answer_list(call, {std::move(query), kCsv, [actor = call.caller.actor](Row& row) { decorate(row, actor); }});
}

Result<Row> alarm_row(const Call& call) {
  (void)TRY(call.find("alarms", call.arg()));
  return TRY(call.find_row("alarms", call.arg()));
}

void show_alarm(Call& call) {
  auto row = alarm_row(call);
  if (!row) return call.refuse(row.error());
  decorate(*row, call.caller.actor);
  call.answer_json(200, std::move(row->doc));
}

void show_why(Call& call) {
  const auto row = alarm_row(call);
  if (!row) return call.refuse(row.error());
  auto why = call.find_row("whys", call.arg());
  if (!why) return call.refuse(why.error());
  call.answer_json(200, std::move(why->doc));
}

void act(Call& call) {
  const auto row = alarm_row(call);
  if (!row) return call.refuse(row.error());
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  const auto action = need_string(*body, "action");
  if (!action) return call.refuse(action.error());
  if (!is_alarm_action(*action)) return call.refuse(fail(errors::kUnknownAction, "there is no action `" + action->substr(0, 64) + "` of an alarm"));
  body->erase("action");
  Change change{"alarm." + *action, call.arg(), json::serialize(*body)};
  // What the action made (a case, a notice) is told beside the alarm as it is now.
  change.then = [](Call& c, const Answer& answer) {
    auto now = c.find_row("alarms", c.arg());
    if (!now) return c.answer(document(answer.status, answer.body, 0));
    decorate(*now, c.caller.actor);
    const auto said = parse_json(answer.body);
    if (said && said->is_object() && said->get_object().contains("notice"))
      append_members(now->doc, "\"notice\":" + json::serialize(said->at("notice")));
    c.answer(document(answer.status, std::move(now->doc), 0));
  };
  offer(call, std::move(change));
}

void test_alarm(Call& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  const auto asset = need_string(*body, "asset");
  if (!asset) return call.refuse(asset.error());
  const auto known = call.find("assets", *asset);
  if (!known) return call.refuse(known.error());
  body->erase("asset");
  offer_and_show(call, {"alarm.test", *asset, json::serialize(*body)}, "alarms");
}

}  // namespace

void add_alarm_routes(std::vector<Route>& out) {
  constexpr RoleSet kReaders = kStaff | roles(Role::wall);
  constexpr RoleSet kDrillers = roles(Role::shift_leader, Role::admin);
  out.insert(out.end(), {
    {"GET", "/api/v1/alarms", "Alarms, newest first; unseen=true: firing or cleared and not acknowledged", kReaders, Scope::list,
     "state level area kind asset rule acknowledged unseen case drill from to order @list", "", "[]Alarm", list_alarms},
    {"POST", "/api/v1/alarms:test", "A drill alarm; opens no case", kDrillers, Scope::item, "", "AlarmTest", "Alarm", test_alarm},
    {"GET", "/api/v1/alarms/{id}", "One alarm", kReaders, Scope::item, "", "", "Alarm", show_alarm},
    {"GET", "/api/v1/alarms/{id}/why", "Why it is an alarm: rule, samples, steps", kReaders, Scope::item, "", "", "Why", show_why},
    {"POST", "/api/v1/alarms/{id}/actions", "acknowledge, shelve, unshelve, false_alarm, open_case, notify, link", kDesk, Scope::item, "", "AlarmAction", "Alarm", act},
  });
}

}  // namespace cityloop::serve
