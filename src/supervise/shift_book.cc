// SPDX-License-Identifier: Apache-2.0
#include "supervise/shift_book.h"

#include <algorithm>

#include "core/codec.h"
#include "core/json.h"
#include "core/json_write.h"
#include "core/limits.h"
#include "core/limits_desk.h"

namespace cityloop {
namespace {

// A hand-over is signed by people: a token is nobody who could answer for it.
bool may_sign(const Actor& actor) {
  const bool desk = actor.is(Role::acceptor) || actor.is(Role::shift_leader) || actor.is(Role::dispatcher) || actor.is(Role::admin);
  return desk && actor.id.starts_with("user:");
}

Result<std::string> note_of(const json::object& body) {
  std::string note = TRY(want_string(body, "note")).value_or("");
  if (note.size() > limits::kTextBytes) return fail(errors::kBadField, "`note` is longer than " + std::to_string(limits::kTextBytes) + " bytes");
  return note;
}

struct Ending {
  std::string state, taker, taker_name, note;
};

void tell(const HandOver& one, const Ending& ending, const std::string& actor, Context& city) {
  const bool over = !ending.state.empty();
  JsonWriter doc(one.open.size() + 512);
  doc.begin_object().member("id", one.id).member("area", one.area).member("state", over ? ending.state : "waiting");
  doc.member("giver", one.giver).member("giver_name", one.giver_name).member("at", one.at).member("note", one.note);
  doc.member_or_null("to", one.to).member_or_null("taker", ending.taker).member_or_null("taker_name", ending.taker_name);
  doc.member_or_null("ended_at", over ? std::optional(city.now) : std::nullopt).member("taker_note", ending.note);
  doc.member("rev", one.rev).member_raw("open", one.open).end_object();
  city.emit("shift.put", actor, RowPut{"shifts", one.id, one.area,
                                       {{"state", over ? ending.state : "waiting"}, {"giver", one.giver}, {"taker", ending.taker},
                                        {"at", std::to_string(to_ms(one.at))}}, doc.take()});
}

Answer said(const HandOver& one) { return done(json::serialize(json::object{{"id", one.id}}), one.rev); }

}  // namespace

Answer ShiftBook::act(const ActionIn& in, const Actor& actor, Context& city) {
  if (!may_sign(actor)) return refuse(errors::kForbidden, "a hand-over is signed by people of the desk, each in a session of their own");
  return in.verb == "shift.hand" ? hand(in, actor, city) : end(in, actor, city);
}

Answer ShiftBook::hand(const ActionIn& in, const Actor& actor, Context& city) {
  const auto read = [&]() -> Result<HandOver> {
    const json::value value = TRY(parse_json(in.body));
    if (!value.is_object()) return fail(errors::kWrongType, "the body must be a JSON object");
    const json::object& body = value.get_object();
    TRY(only_keys(body, {"note", "to", "open"}, "shift"));
    HandOver one;
    one.note = TRY(note_of(body));
    one.to = TRY(want_string(body, "to")).value_or("");
    if (one.to == actor.id) return fail(errors::kBadField, "`to` must be somebody else: the one who comes");
    const json::value* open = body.if_contains("open");
    if (open == nullptr || !open->is_object()) return fail(errors::kMissingField, "`open` lists what is open");
    one.open = json::serialize(*open);
    if (one.open.size() > limits::kShiftBytes) return fail(errors::kBadField, "`open` is too long");
    return one;
  };
  Result<HandOver> one = read();
  if (!one) return refuse(one.error());
  one->area = actor.area.empty() ? city.tables.root_area() : actor.area;
  one->giver = actor.id;
  one->giver_name = actor.person;
  one->at = city.now;
  const auto known = waiting_.find(one->area);
  if (known != waiting_.end() && known->second.giver != actor.id)
    return refuse(errors::kConflict, known->second.giver_name + " has handed over and waits for somebody to take it");
  one->id = known == waiting_.end() ? city.chance.id("h-") : known->second.id;
  one->rev = known == waiting_.end() ? 1 : known->second.rev + 1;
  tell(*one, {}, actor.id, city);
  Answer answer = said(*one);
  waiting_.insert_or_assign(one->area, std::move(*one));
  return answer;
}

Answer ShiftBook::end(const ActionIn& in, const Actor& actor, Context& city) {
  const auto found = std::ranges::find_if(waiting_, [&](const auto& one) { return one.second.id == in.subject; });
  if (found == waiting_.end()) return refuse(errors::kNotAllowed, "this hand-over does not wait any more");
  HandOver& one = found->second;
  if (!in_scope(actor.area, one.area, city.tables.root_area())) return refuse(errors::kForeignArea, "this hand-over lies outside your area");
  if (in.if_match == 0) return refuse(errors::kPreconditionRequired, "send If-Match with the hand-over's rev");
  if (in.if_match != one.rev) return refuse(errors::kStale, "it was signed anew since you read it");
  const bool takes = in.verb == "shift.take";
  if (takes && actor.id == one.giver) return refuse(errors::kNotAllowed, "who goes cannot also be the one who comes");
  if (takes && !one.to.empty() && actor.id != one.to) return refuse(errors::kNotAllowed, "it is meant for somebody else");
  if (!takes && actor.id != one.giver && !actor.is(Role::shift_leader) && !actor.is(Role::admin))
    return refuse(errors::kForbidden, "it is withdrawn by who signed it, or by a shift_leader");
  const auto body = parse_json(in.body.empty() ? "{}" : in.body);
  if (!body) return refuse(body.error());
  if (!body->is_object()) return refuse(errors::kWrongType, "the body must be a JSON object");
  if (const auto known = only_keys(body->get_object(), {"note"}, "shift"); !known) return refuse(known.error());
  const auto note = note_of(body->get_object());
  if (!note) return refuse(note.error());
  ++one.rev;
  tell(one, takes ? Ending{"taken", actor.id, actor.person, *note} : Ending{"withdrawn", "", "", *note}, actor.id, city);
  const Answer answer = said(one);
  waiting_.erase(found);
  return answer;
}

void ShiftBook::encode(Writer& out) const { cityloop::encode(out, waiting_); }
void ShiftBook::decode(Reader& in) { cityloop::decode(in, waiting_); }

}  // namespace cityloop
