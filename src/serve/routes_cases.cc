// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "command/case_table.h"
#include "serve/case_offers.h"
#include "serve/engine.h"
#include "serve/list.h"
#include "serve/names.h"
#include "serve/near.h"
#include "serve/persons.h"
#include "serve/project.h"

namespace cityloop::serve {
namespace {

constexpr RoleSet kReaders = kStaff | roles(Role::wall);
constexpr std::string_view kCaseCsv =
    "no stage class.type class.code urgency title area area_name address location.coordinates.0 location.coordinates.1 asset asset_name "
    "unit unit_name handler level deadline.stage deadline.at opened_at dispatched_at finished_at closed_at returns reworks";

std::string name_members(Names& names, const Case& file) {
  JsonWriter out;
  out.begin_object().member_or_null("asset_name", names.of("assets", file.asset));
  out.member_or_null("unit_name", names.of("units", file.unit)).member_or_null("area_name", names.of("areas", file.area));
  if (!file.klass.code.empty()) out.member_or_null("class_name", names.of("classes", class_key(file.klass)));
  out.member_or_null("handler_name", file.handler.empty() ? "" : names.person(file.handler));
  const std::string text = out.end_object().take();
  return text.substr(1, text.size() - 2);
}

// What is mine: a desk's unit, else what I handle.
Where mine(const Actor& actor) {
  if (actor.is(Role::unit_desk)) return {"unit", Where::Op::equal, {actor.unit}};
  return {"handler", Where::Op::equal, {actor.id}};
}

// A collector's orders: verifications and checks that name them or nobody; the area does the rest.
void my_orders(const Actor& actor, Query& query) {
  if (!actor.is(Role::collector)) return query.where.push_back(mine(actor));
  query.where.push_back({"kind", Where::Op::in, {std::string("verify"), std::string("check")}});
  query.where.push_back({"handler", Where::Op::in, {std::string(), actor.id}});
}

Result<ListView> case_list(const Call& call) {
  static constexpr Filter kFilters[] = {{"stage", "stage"}, {"unit", "unit"}, {"asset", "asset"}, {"class", "class"}, {"urgency", "urgency"},
                                        {"open", "open", Filter::Type::flag}, {"handler", "handler"},
                                        {"late", "late"}, {"supervised", "supervised"}, {"asked", "asked"},
                                        {"appeal", "appeal"}, {"parent", "parent"}, {"revisit", "revisit"},
                                        {"q", "words", Filter::Type::text, Where::Op::contains},
                                        {"from", "opened_at", Filter::Type::since}, {"to", "opened_at", Filter::Type::until}};
  Query query{"cases"};
  TRY(apply_filters(call, kFilters, query));
  TRY(apply_area(call, query));
  if (TRY(flag_parameter(call, "overdue", false))) {
    query.where.push_back({"open", Where::Op::equal, {std::int64_t{1}}});
    query.where.push_back({"deadline", Where::Op::less, {std::int64_t{to_ms(call.now())}}});
  }
  if (TRY(flag_parameter(call, "mine", false))) query.where.push_back(mine(call.caller.actor));
  const std::string_view order = call.request.parameter("order");
  if (!order.empty() && order != "deadline" && order != "opened") return bad_parameter("order", "must be deadline or opened");
  if (order == "deadline") query.where.push_back({"deadline", Where::Op::greater, {std::int64_t{0}}});  // those that have one
  query.order = order == "deadline" ? "deadline" : "opened_at";
  query.descending = order != "deadline";
  auto names = std::make_shared<Names>(call.city());
  return ListView{std::move(query), kCaseCsv, [names](Row& row) {
                    const auto file = case_of_doc(row.doc);
                    if (file) append_members(row.doc, name_members(*names, *file));
                  }};
}

std::optional<LngLat> place_of(const Row& row) {
  const auto file = case_of_doc(row.doc);
  return file ? file->place : std::nullopt;
}

// Nearest first, each with its distance.
Result<HttpResponse> cases_near(const Call& call, const ListView& view, std::string_view near) {
  const LngLat place = TRY(parse_near("near", near));
  const std::size_t most = TRY(number_parameter(call, "limit", limits::kPageDefault, limits::kPageMost));
  std::string out = "{\"items\":[";
  for (Found& one : TRY(nearest(call, view.query, place, TRY(radius_of(call)), most, place_of))) {
    view.decorate(one.row);
    JsonWriter distance;
    distance.begin_object().member("distance_m", std::round(one.distance * 10) / 10).end_object();
    append_members(one.row.doc, std::string_view(distance.text()).substr(1, distance.size() - 2));
    out += (out.back() == '[' ? "" : ",") + one.row.doc;
  }
  return json_response(200, out + "],\"next\":null}");
}

// Who is called back: the people behind a closed case, masked as the caller may see them.
void add_callers(const Call& call, Row& row) {
  const auto file = case_of_doc(row.doc);
  if (!file) return;
  std::string out = "[";
  for (const std::string& id : file->reports) {
    auto report = call.city().journal->find("reports", id);
    if (!report || !*report) continue;
    mask_reporter(call, (*report)->doc);
    out += (out.size() == 1 ? "" : ",") + (*report)->doc;
  }
  append_members(row.doc, "\"report_docs\":" + out + "]");
}

void list_cases(Call& call) {
  auto view = case_list(call);
  if (!view) return call.refuse(view.error());
  if (const auto near = parameter(call, "near")) return call.settle(cases_near(call, *view, *near));
  if (parameter(call, "revisit")) {
    view->decorate = [self = call.shared_from_this(), names = std::move(view->decorate)](Row& row) {
      names(row);
      add_callers(*self, row);
    };
  }
  answer_list(call, std::move(*view));
}

Result<std::string> rows_of(const Call& call, std::string table, Where where) {
  Query query{std::move(table), {std::move(where)}};
  query.limit = limits::kPageMost;
  std::string out = "[";
  for (const Row& row : TRY(call.city().journal->list(query)).rows) out += (out.size() == 1 ? "" : ",") + row.doc;
  return out + "]";
}

Result<std::string> docs_of(const Call& call, std::string_view table, const std::vector<std::string>& keys) {
  std::string out = "[";
  for (const std::string& key : keys) {
    auto row = TRY(call.city().journal->find(table, key));
    if (!row) continue;
    if (table == "reports") mask_reporter(call, row->doc);
    out += (out.size() == 1 ? "" : ",") + row->doc;
  }
  return out + "]";
}

Result<Case> case_in_scope(const Call& call) {
  Case file = TRY(case_of_doc(TRY(call.find_row("cases", call.arg())).doc));
  if (!call.sees(file.area)) return fail(errors::kForeignArea, "this case lies outside your area");
  return file;
}

Result<HttpResponse> whole_case(const Call& call, int status) {
  Row row = TRY(call.find_row("cases", call.arg()));
  const Case file = TRY(case_of_doc(row.doc));
  Names names(call.city());
  std::string more = name_members(names, file);
  more += ",\"actions\":" + TRY(offers_of(call, file));
  const Where is_of{"case_no", Where::Op::equal, {file.no}};
  more += ",\"timeline\":" + TRY(rows_of(call, "timeline", is_of));
  more += ",\"references\":" + TRY(rows_of(call, "case_references", is_of));
  more += ",\"orders\":" + TRY(rows_of(call, "orders", is_of));
  more += ",\"alarm_docs\":" + TRY(docs_of(call, "alarms", file.alarms));
  more += ",\"report_docs\":" + TRY(docs_of(call, "reports", file.reports));
  append_members(row.doc, more);
  return document(status, std::move(row.doc), file.rev);
}

void show_case(Call& call) {
  const auto file = case_in_scope(call);
  if (!file) return call.refuse(file.error());
  call.settle(whole_case(call, 200));
}

void show_timeline(Call& call) {
  const auto file = case_in_scope(call);
  if (!file) return call.refuse(file.error());
  Query query{"timeline", {{"case_no", Where::Op::equal, {file->no}}}};
  answer_list(call, {std::move(query), "seq at actor actor_name action from to comment"});
}

// After a change: the case as it is now, with what may come next.
void show_changed(Call& call, std::string_view no, const Answer& answer) {
  auto row = call.find_row("cases", no);
  const auto file = row ? case_of_doc(row->doc) : Result<Case>(row.error());
  if (!file) return call.answer(document(answer.status, answer.body, answer.rev));
  Names names(call.city());
  append_members(row->doc, name_members(names, *file) + ",\"actions\":" + *offers_of(call, *file));
  call.answer(document(answer.status, std::move(row->doc), file->rev));
}

void open_case(Call& call) {
  offer(call, {"case.open", "", call.request.body, 0, [](Call& c, const Answer& answer) {
                 const auto said = parse_json(answer.body);
                 show_changed(c, said && said->is_object() ? text_or(said->get_object(), "no") : "", answer);
               }});
}

void act(Call& call) {
  const auto file = case_in_scope(call);
  if (!file) return call.refuse(file.error());
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  const auto action = need_string(*body, "action");
  if (!action) return call.refuse(action.error());
  if (!is_case_action(*action)) return call.refuse(fail(errors::kUnknownAction, "there is no action `" + action->substr(0, 64) + "` of a case"));
  const auto rev = call.if_match();
  if (!rev) return call.refuse(rev.error());
  if (*rev == 0) return call.refuse(fail(errors::kPreconditionRequired, "send If-Match with the case's rev, such as \"7\""));
  body->erase("action");
  offer(call, {"case." + *action, call.arg(), json::serialize(*body), *rev,
               [](Call& c, const Answer& answer) { show_changed(c, c.arg(), answer); }});
}

// ---- orders

void add_case_members(const Call& call, Row& row) {
  const auto order = parse_json(row.doc);
  if (!order || !order->is_object()) return;
  const auto stored = call.city().journal->find("cases", text_or(order->get_object(), "case"));
  const auto file = stored && *stored ? case_of_doc((*stored)->doc) : Result<Case>(fail(errors::kNotFound, ""));
  if (!file) return;
  const Clock* clock = running_clock(*file);
  JsonWriter out;
  out.begin_object().member("case_title", file->title).member("case_stage", stage_name(file->stage)).member("case_rev", file->rev);
  out.member_or_null("deadline", clock == nullptr ? std::optional<Time>{} : clock->deadline);
  out.member("limit", clock == nullptr ? "" : clock->limit).member("working", clock != nullptr && clock->working);
  out.member_or_null("location", file->place).member("address", file->address).member("level", level_name(file->level));
  out.member_or_null("asset", file->asset).member("urgency", urgency_name(file->urgency)).end_object();
  append_members(row.doc, std::string_view(out.text()).substr(1, out.size() - 2));
}

void list_orders(Call& call) {
  static constexpr Filter kFilters[] = {{"state", "state"}, {"unit", "unit"}, {"case", "case_no"}, {"handler", "handler"}, {"kind", "kind"}};
  Query query{"orders"};
  if (const auto known = apply_filters(call, kFilters, query); !known) return call.refuse(known.error());
  if (const auto scoped = apply_area(call, query); !scoped) return call.refuse(scoped.error());
  const auto only_mine = flag_parameter(call, "mine", false);
  if (!only_mine) return call.refuse(only_mine.error());
  if (*only_mine) my_orders(call.caller.actor, query);
  query.order = "sent_at";
  query.descending = true;
  answer_list(call, {std::move(query), "id kind case case_title unit handler state level sent_at accepted_at arrived_at finished_at deadline address",
                     [self = call.shared_from_this()](Row& row) { add_case_members(*self, row); }});
}

}  // namespace

void add_case_routes(std::vector<Route>& out) {
  out.insert(out.end(), {
    {"GET", "/api/v1/cases", "Cases, newest first", kReaders, Scope::list,
     "stage area unit asset open overdue late supervised asked appeal parent class urgency handler revisit q mine order from to near radius_m @list", "", "[]Case", list_cases},
    {"POST", "/api/v1/cases", "A case opened by hand", kDesk, Scope::any, "", "CaseNew", "Case", open_case},
    {"GET", "/api/v1/cases/{no}", "One case with timeline, allowed actions, orders, alarms and reports", kReaders, Scope::item, "", "", "CaseWhole", show_case},
    {"GET", "/api/v1/cases/{no}/timeline", "What happened in the case", kReaders, Scope::item, "@list", "", "[]TimelineEntry", show_timeline},
    {"POST", "/api/v1/cases/{no}/actions", "Take an action; needs If-Match", kCrew, Scope::item, "", "CaseAction", "Case", act},
    {"GET", "/api/v1/orders", "Orders; mine=true: the handler's or the unit's", kCrew, Scope::list, "mine state unit case handler kind area @list", "", "[]Order", list_orders},
  });
}

}  // namespace cityloop::serve
