// SPDX-License-Identifier: Apache-2.0
#include "core/codec.h"
#include "serve/engine.h"
#include "serve/list.h"
#include "serve/persons.h"
#include "serve/secret.h"

namespace cityloop::serve {
namespace {

constexpr RoleSet kReaders = kCrew | roles(Role::integrator);

void list_reports(Call& call) {
  static constexpr Filter kFilters[] = {{"state", "state"}, {"source", "source"}, {"asset", "asset"}, {"case", "case_no"},
                                        {"external", "external"}, {"from", "at", Filter::Type::since}, {"to", "at", Filter::Type::until}};
  Query query{"reports"};
  if (const auto known = apply_filters(call, kFilters, query); !known) return call.refuse(known.error());
  if (const auto scoped = apply_area(call, query); !scoped) return call.refuse(scoped.error());
  query.order = "at";
  query.descending = true;
  answer_list(call, {std::move(query),
                     "id state case source class.code title text address area location.coordinates.0 location.coordinates.1 asset at "
                     "received_at reporter.name reporter.phone",
                     [self = call.shared_from_this()](Row& row) { mask_reporter(*self, row.doc); }});
}

void show(Call& call, int status, std::string_view id) {
  auto row = call.find_row("reports", id);
  if (!row) return call.refuse(row.error());
  mask_reporter(call, row->doc);
  call.answer_json(status, std::move(row->doc));
}

void show_report(Call& call) {
  const auto known = call.find("reports", call.arg());
  if (!known) return call.refuse(known.error());
  show(call, 200, call.arg());
}

// ---- a new report. Who reported goes into a sealed side row first; the report carries its key only.

void file_report(Call& call, json::object body, const std::string& person) {
  if (!person.empty()) body["reporter"] = person;
  offer(call, {"report.submit", "", json::serialize(body), 0, [](Call& c, const Answer& answer) {
                 const auto said = parse_json(answer.body);
                 const std::string id = said && said->is_object() ? text_or(said->get_object(), "id") : "";
                 if (id.empty() || !c.find_row("reports", id)) return c.answer_json(answer.status, answer.body);
                 show(c, answer.status, id);
               }});
}

Result<std::optional<Person>> reporter_of(json::object& body) {
  const json::value* value = body.if_contains("reporter");
  if (value == nullptr || value->is_null()) {
    body.erase("reporter");
    return std::optional<Person>{};
  }
  if (!value->is_object()) return fail(errors::kWrongType, "`reporter` must be an object of name and phone");
  TRY(only_keys(value->get_object(), {"name", "phone"}, "reporter"));
  Person person{TRY(want_string(value->get_object(), "name")).value_or(""), TRY(want_string(value->get_object(), "phone")).value_or("")};
  if (person.name.size() > 100 || person.phone.size() > 40) return fail(errors::kBadField, "`reporter` is too long");
  body.erase("reporter");
  if (person.name.empty() && person.phone.empty()) return std::optional<Person>{};
  return std::optional(person);
}

void submit(Call& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  const auto person = reporter_of(*body);
  if (!person) return call.refuse(person.error());
  if (!*person) return file_report(call, std::move(*body), "");
  forget_secret(call);
  // The same submission again names the same side row.
  const std::string_view repeat = call.request.header("idempotency-key");
  const std::string key = "p-" + (repeat.empty() ? call.city().random_hex(12)
                                                 : sha256_hex(call.caller.principal + "\n" + std::string(repeat)).substr(0, 24));
  JsonWriter sealed;
  sealed.begin_object().member("name", call.city().seal((*person)->name)).member("phone", call.city().seal((*person)->phone));
  if (const std::string digits = phone_digits((*person)->phone); !digits.empty()) sealed.member("digest", call.city().phone_digest(digits));
  sealed.end_object();
  ActionIn in;
  in.principal = call.caller.principal;
  in.verb = "person.put";
  in.subject = key;
  in.body = sealed.take();
  in.arrival = call.now();
  call.city().offer(Input(std::move(in)), [self = call.shared_from_this(), body = std::move(*body), key](Answer answer) mutable {
    if (answer.status >= 400) return self->answer(refusal_of(answer));
    file_report(*self, std::move(body), key);
  });
}

void place(Call& call) {
  const auto known = call.find_row("reports", call.arg());
  if (!known) return call.refuse(known.error());
  offer(call, {"report.place", call.arg(), call.request.body, 0, [](Call& c, const Answer& answer) { show(c, answer.status, c.arg()); }});
}

Result<std::string> person_key(const Call& call) {
  const json::object report = TRY(call.find("reports", call.arg()));
  std::string key = text_or(report, "reporter");
  if (key.empty()) return fail(errors::kNotFound, "the report is anonymous");
  return key;
}

void reveal(Call& call) {
  const auto key = person_key(call);
  if (!key) return call.refuse(key.error());
  const auto body = call.body();
  if (!body) return call.refuse(body.error());
  const auto reason = need_string(*body, "reason");
  if (!reason) return call.refuse(reason.error());
  JsonWriter change;
  change.begin_object().member("reason", *reason).member("person", *key).end_object();
  offer(call, {"person.reveal", call.arg(), change.take(), 0, [key = *key](Call& c, const Answer&) {
                 const auto person = person_of(c.city(), key);
                 if (!person) return c.refuse(fail(errors::kNotFound, "the personal data have been deleted"));
                 JsonWriter out;
                 c.answer_json(200, out.begin_object().member("name", person->name).member("phone", person->phone).end_object().take());
               }});
}

void forget(Call& call) {
  const auto key = person_key(call);
  if (!key) return call.refuse(key.error());
  offer(call, {"person.delete", *key, "{}"});
}

}  // namespace

void add_report_routes(std::vector<Route>& out) {
  constexpr RoleSet kReporters = roles(Role::collector, Role::acceptor, Role::handler, Role::integrator, Role::admin);
  constexpr RoleSet kPlacers = kDesk | roles(Role::collector);
  out.insert(out.end(), {
    {"GET", "/api/v1/reports", "Reports, newest first; who reported is masked", kReaders, Scope::list, "state area source asset case external from to @list", "", "[]Report", list_reports},
    {"POST", "/api/v1/reports", "A new report", kReporters, Scope::any, "", "ReportNew", "Report", submit},
    {"GET", "/api/v1/reports/{id}", "One report", kReaders, Scope::item, "", "", "Report", show_report},
    {"POST", "/api/v1/reports/{id}:place", "Give a place to a report without one", kPlacers, Scope::any, "", "ReportPlace", "Report", place},
    {"POST", "/api/v1/reports/{id}/reveal", "Who reported, with a reason; audited", roles(Role::acceptor, Role::shift_leader, Role::admin), Scope::item, "", "Reason", "Person", reveal},
    {"DELETE", "/api/v1/reports/{id}/reporter", "Delete who reported", roles(Role::acceptor, Role::admin), Scope::item, "", "", "", forget},
  });
}

}  // namespace cityloop::serve
