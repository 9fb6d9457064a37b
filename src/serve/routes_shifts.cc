// SPDX-License-Identifier: Apache-2.0
// 交接班: what is open in an area right now, and the hand-overs that people signed with the list of that moment.
#include "core/limits_desk.h"
#include "serve/engine.h"
#include "serve/list.h"
#include "serve/names.h"
#include "serve/project.h"

namespace cityloop::serve {
namespace {

constexpr auto kFirstShift = std::chrono::hours(12);  // how far back notes are listed when nobody has handed over before

// One group of the list: how many there are, and the first of them in short.
using Short = void (*)(JsonWriter& out, const json::object& doc, Names& names);

void short_case(JsonWriter& out, const json::object& doc, Names& names) {
  out.begin_object().member("no", text_or(doc, "no")).member("title", text_or(doc, "title")).member("stage", text_or(doc, "stage"));
  out.member("area", text_or(doc, "area")).member_or_null("unit_name", names.of("units", text_or(doc, "unit")));
  const json::value* deadline = doc.if_contains("deadline");
  out.member_or_null("deadline", deadline != nullptr && deadline->is_object() ? text_or(deadline->get_object(), "at") : "");
  out.end_object();
}

void short_alarm(JsonWriter& out, const json::object& doc, Names&) {
  out.begin_object().member("id", text_or(doc, "id")).member("title_zh", text_or(doc, "title_zh")).member("title_en", text_or(doc, "title_en"));
  out.member("level", text_or(doc, "level")).member("state", text_or(doc, "state")).member("asset_name", text_or(doc, "asset_name")).member("raised_at", text_or(doc, "raised_at"));
  out.end_object();
}

void short_report(JsonWriter& out, const json::object& doc, Names&) {
  out.begin_object().member("id", text_or(doc, "id")).member("title", text_or(doc, "title")).member("at", text_or(doc, "at")).end_object();
}

void short_note(JsonWriter& out, const json::object& doc, Names&) {
  out.begin_object().member("case", text_or(doc, "case")).member("at", text_or(doc, "at")).member("actor_name", text_or(doc, "actor_name"));
  out.member("comment", text_or(doc, "comment")).end_object();
}

Where texts(std::string column, std::initializer_list<const char*> values) {
  Where where{std::move(column), Where::Op::in, {}};
  for (const char* value : values) where.values.emplace_back(std::string(value));
  return where;
}

struct Group {
  std::string_view name;
  Query query;
  Short write;
};

// Since the last hand-over of the caller's area that somebody took.
Result<Time> shift_began(const Call& call) {
  const std::string& own = call.caller.actor.area;
  Query query{"shifts", {{"area", Where::Op::equal, {own.empty() ? call.city().root_area : own}}, {"state", Where::Op::equal, {std::string("taken")}}}};
  query.order = "at";
  query.descending = true;
  query.limit = 1;
  const Page page = TRY(call.city().journal->list(query));
  if (page.rows.empty()) return call.now() - kFirstShift;
  const json::value doc = TRY(parse_json(page.rows.front().doc));
  return TRY(want_time(doc.as_object(), "at")).value_or(call.now() - kFirstShift);
}

std::vector<Group> groups(Time since) {
  const Where open{"open", Where::Op::equal, {std::int64_t{1}}};
  const auto cases = [&](Where which) { return Query{"cases", {open, std::move(which)}, "opened_at"}; };
  Query alarms{"alarms", {{"unseen", Where::Op::equal, {std::int64_t{1}}}}, "raised_at", true};
  Query notes{"timeline", {texts("action", {"comment", "instruct"}), {"at", Where::Op::at_least, {std::int64_t{to_ms(since)}}}}, "at"};
  return {
      {"alarms", std::move(alarms), short_alarm},
      {"overdue", cases(texts("late", {"overdue"})), short_case},
      {"due_soon", cases(texts("late", {"due_soon"})), short_case},
      {"asked", cases(texts("asked", {"extension", "suspension"})), short_case},
      {"appeals", Query{"cases", {texts("appeal", {"dispatcher", "acceptor"})}, "opened_at"}, short_case},
      {"supervised", cases(texts("supervised", {"open", "replied", "escalated"})), short_case},
      {"waiting", cases(texts("stage", {"reported", "verifying", "pending_register", "pending_dispatch"})), short_case},
      {"placeless", Query{"reports", {texts("state", {"placeless"})}, "at"}, short_report},
      {"notes", std::move(notes), short_note},
  };
}

Result<std::string> open_now(const Call& call) {
  const Time since = TRY(shift_began(call));
  Names names(call.city());
  JsonWriter out(8192);
  out.begin_object().member("as_of", call.now()).member("since", since);
  for (Group& group : groups(since)) {
    if (!call.whole_city()) group.query.where.push_back({"area", Where::Op::prefix, {call.caller.actor.area}});
    group.query.limit = limits::kShiftItems;
    group.query.count = true;
    const Page page = TRY(call.city().journal->list(group.query));
    out.key(group.name).begin_object().member("total", page.total.value_or(0)).key("items").begin_array();
    for (const Row& row : page.rows) {
      const auto doc = parse_json(row.doc);
      if (doc && doc->is_object()) group.write(out, doc->get_object(), names);
    }
    out.end_array().end_object();
  }
  return out.end_object().take();
}

void show_open(Call& call) {
  auto open = open_now(call);
  if (!open) return call.refuse(open.error());
  call.answer_json(200, std::move(*open));
}

// In a list of hand-overs each goes without what it lists.
void without_list(Row& row) {
  auto doc = parse_json(row.doc);
  if (!doc || !doc->is_object()) return;
  doc->get_object().erase("open");
  row.doc = json::serialize(*doc);
}

void list_shifts(Call& call) {
  static constexpr Filter kFilters[] = {{"state", "state"}, {"from", "at", Filter::Type::since}, {"to", "at", Filter::Type::until}};
  Query query{"shifts"};
  if (const auto known = apply_filters(call, kFilters, query); !known) return call.refuse(known.error());
  if (const auto scoped = apply_area(call, query); !scoped) return call.refuse(scoped.error());
  query.order = "at";
  query.descending = true;
  answer_list(call, {std::move(query), "id area state giver_name at note taker_name ended_at taker_note", without_list});
}

Result<Row> shift_seen(const Call& call) {
  Row row = TRY(call.find_row("shifts", call.arg()));
  const json::value doc = TRY(parse_json(row.doc));
  if (!call.sees(text_or(doc.as_object(), "area"))) return fail(errors::kForeignArea, "this hand-over lies outside your area");
  return row;
}

void show_shift(Call& call) {
  auto row = shift_seen(call);
  if (!row) return call.refuse(row.error());
  const auto doc = parse_json(row->doc);
  const std::uint64_t rev = doc ? doc->as_object().at("rev").to_number<std::uint64_t>() : 0;
  call.answer(document(200, std::move(row->doc), rev));
}

// The list is made here, at the moment of signing, and goes with the signature.
void hand_over(Call& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  if (const auto known = only_keys(*body, {"note", "to"}, "shift"); !known) return call.refuse(known.error());
  const auto open = open_now(call);
  if (!open) return call.refuse(open.error());
  auto value = parse_json(*open);
  if (!value) return call.refuse(value.error());
  (*body)["open"] = std::move(*value);
  offer_and_show(call, {"shift.hand", "", json::serialize(*body)}, "shifts");
}

void end_shift(Call& call, std::string verb) {
  const auto known = shift_seen(call);
  if (!known) return call.refuse(known.error());
  const auto rev = call.if_match();
  if (!rev) return call.refuse(rev.error());
  offer_and_show(call, {std::move(verb), call.arg(), call.request.body, *rev}, "shifts", call.arg());
}

}  // namespace

void add_shift_routes(std::vector<Route>& out) {
  constexpr RoleSet kShiftReaders = kDesk | roles(Role::leader, Role::inspector);
  out.insert(out.end(), {
    {"GET", "/api/v1/shifts:open", "What is open in the caller's area now, as a hand-over would list it", kDesk, Scope::any, "", "", "*", show_open, true},
    {"GET", "/api/v1/shifts", "Hand-overs (交接班), newest first", kShiftReaders, Scope::list, "state area from to @list", "", "[]Shift", list_shifts},
    {"POST", "/api/v1/shifts", "Hand over: sign what is open; again while it waits: sign anew", kDesk, Scope::any, "", "ShiftNote", "Shift", hand_over, true},
    {"GET", "/api/v1/shifts/{id}", "One hand-over with what was open when it was signed", kShiftReaders, Scope::item, "", "", "Shift", show_shift},
    {"POST", "/api/v1/shifts/{id}:take", "Take it over: another person, in a session of their own; needs If-Match", kDesk, Scope::item, "", "ShiftNote", "Shift", [](Call& c) { end_shift(c, "shift.take"); }},
    {"POST", "/api/v1/shifts/{id}:withdraw", "Withdraw what nobody has taken; needs If-Match", kDesk, Scope::item, "", "ShiftNote", "Shift", [](Call& c) { end_shift(c, "shift.withdraw"); }},
  });
}

}  // namespace cityloop::serve
