// SPDX-License-Identifier: Apache-2.0
// What people do without an account: report, say that they have met it too, say that it is not solved, rate. serve has
// checked the follow key before it offers any of this; whether the case allows it, its own table and guards say here.
#include <algorithm>

#include "command/body.h"
#include "command/case_step.h"
#include "command/filing.h"
#include "core/citizen.h"
#include "core/json.h"

namespace cityloop {
namespace {

Answer not_public() { return refuse(errors::kForbidden, "this is for the citizen's page"); }

// The row of the workflow that the citizen's word takes: the same that a shift leader or an acceptor would.
const Transition* row_at(std::string_view action, Stage stage) {
  for (const Transition& row : case_table())
    if (row.action == action && std::ranges::find(row.from, stage) != row.from.end()) return &row;
  return nullptr;
}

// Who holds the key of this report: only its digest is kept, so that nobody who reads the store can follow.
void keep_key(const std::string& report, const std::string& digest, std::optional<Time> expected, Context& city) {
  json::object doc{{"report", report}, {"digest", digest}, {"expected_at", nullptr}};
  if (expected) doc["expected_at"] = format_time(*expected);
  city.emit("follow.put", std::string(kPublic), RowPut{"follows", report, "", {}, json::serialize(doc)});
}

Result<std::string> digest_in(const json::object& body) {
  std::string digest = TRY(need_text(body, "follow", 64));
  const bool hex = digest.size() == 64 && digest.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!hex) return bad_field("follow", "must be a SHA-256 in hex");
  return digest;
}

Result<void> about(const json::object& body, const CaseFile& held) {
  const std::string report = TRY(need_text(body, "report", limits::kAssetIdBytes));
  if (std::ranges::find(held.file.reports, report) != held.file.reports.end()) return {};
  return fail(errors::kForbidden, "the report does not belong to this case");
}

// The sealed telephone number of who reported, as access.cc keeps those of reports that staff take.
void keep_person(const std::string& key, const std::string& phone, Context& city) {
  const json::object doc{{"name", ""}, {"phone", phone}};
  city.emit("person.put", std::string(kPublic), RowPut{"persons", key, "", {}, json::serialize(doc)});
}

TimelineEntry entry_of(std::string_view action, const Case& file, const Actor& actor, std::string comment) {
  TimelineEntry entry;
  entry.actor = actor.id;
  entry.actor_name = actor.person;
  entry.action = action;
  entry.from = file.stage;
  entry.comment = std::move(comment);
  entry.fields["source"] = "citizen";
  return entry;
}

}  // namespace

Answer Command::act_for_citizen(const ActionIn& in, const Actor& actor, Context& city) {
  if (actor.id != kPublic) return not_public();
  const Result<json::object> body = read_body(in.body);
  if (!body) return refuse(body.error());
  const Result<Answer> answer = in.verb == "citizen.report"     ? citizen_report(*body, actor, city)
                                : in.verb == "citizen.same"     ? citizen_same(in.subject, *body, actor, city)
                                : in.verb == "citizen.unsolved" ? citizen_unsolved(in.subject, *body, actor, city)
                                : in.verb == "citizen.rate"     ? citizen_rate(in.subject, *body, actor, city)
                                : Result<Answer>(fail(errors::kUnknownAction, "there is no action `" + in.verb + "`"));
  return answer ? *answer : refuse(answer.error());
}

// Body: a report's fields, `external` (the digest of the key that the page drew: the same report again is the same),
// `follow` (digest of the follow key), `expected_at`, `person` {key, phone}: its sealed side row.
Result<Answer> Command::citizen_report(json::object body, const Actor& actor, Context& city) {
  const std::string digest = TRY(digest_in(body));
  const std::optional<Time> expected = TRY(want_time(body, "expected_at"));
  std::string person, phone;
  if (const json::value* value = body.if_contains("person"); value != nullptr && value->is_object()) {
    person = TRY(need_text(value->get_object(), "key", limits::kAssetIdBytes));
    phone = TRY(need_text(value->get_object(), "phone", limits::kTextBytes));
  }
  for (const char* own : {"follow", "expected_at", "person"}) body.erase(own);
  if (!person.empty()) body["reporter"] = person;
  TRY(need_text(body, "external", limits::kAssetIdBytes));
  body["source"] = "citizen";
  for (const std::string& id : TRY(want_texts(body, "attachments", limits::kCitizenPhotos))) {
    const auto known = attachments_.find(id);
    const bool theirs = known == attachments_.end() || known->second.by == kPublic || known->second.area.empty();
    if (!theirs) return bad_field("attachments", "names a picture that belongs to a case");
  }
  const Filing filing = TRY(submit(body, actor, city));
  if (filing.repeated) return done(filing_json(filing.id, filing.state, filing.case_no));
  if (!person.empty()) keep_person(person, phone, city);
  keep_key(filing.id, digest, expected, city);
  return done(filing_json(filing.id, filing.state, filing.case_no), 0, 201);
}

// 我也遇到: one more report of the case, without words of its own. Body: `external`, `follow`, `expected_at`.
Result<Answer> Command::citizen_same(const std::string& no, const json::object& body, const Actor& actor, Context& city) {
  TRY(only_keys(body, {"external", "follow", "expected_at"}, ""));
  const std::string digest = TRY(digest_in(body));
  const std::optional<Time> expected = TRY(want_time(body, "expected_at"));
  const std::string external = TRY(need_text(body, "external", limits::kAssetIdBytes));
  CaseFile* held = find_open(no);
  if (held == nullptr && !is_known("citizen", external)) return fail(errors::kNotAllowed, "the case is over: report it anew");
  Filing filing = claim("citizen", external);
  if (filing.repeated) return done(filing_json(filing.id, filing.state, filing.case_no));
  Report report;
  report.id = filing.id;
  report.state = "merged";
  report.source = "citizen";
  report.klass = held->file.klass;
  const ClassStandard* klass = city.tables.standard(report.klass);
  report.title = klass != nullptr ? klass->name : "我也遇到";  // never another person's words
  report.area = held->file.area;
  report.asset = held->file.asset;
  report.at = report.received = city.now;
  TimelineEntry entry = entry_of("report.joined", held->file, actor, "");
  entry.fields["report"] = report.id;
  join_report(*held, report.id, std::move(entry), city);
  keep_report(*held, std::move(report), actor, false, city, filing);
  keep_key(filing.id, digest, expected, city);
  return done(filing_json(filing.id, filing.state, filing.case_no), 0, 201);
}

// 没解决: the table's `reopen`, taken by whoever reported it, with their reason on the timeline.
Result<Answer> Command::citizen_unsolved(const std::string& no, const json::object& body, const Actor& actor, Context& city) {
  TRY(only_keys(body, {"report", "reason", "attachments"}, ""));
  const std::string reason = TRY(need_text(body, "reason", limits::kTextBytes));
  CaseFile* held = find(no);
  if (held == nullptr) return fail(errors::kNotAllowed, "the time for this is over: report it anew");
  TRY(about(body, *held));
  const Transition* row = row_at("reopen", held->file.stage);
  if (row == nullptr) {
    return fail(errors::kNotAllowed, is_open(held->file.stage) ? "the case is being worked on"
                                                               : "the case was not taken up: report it anew");
  }
  const Time closed = held->file.closed_at.value_or(held->file.changed_at);
  if (closed + limits::kUnsolvedWindow <= city.now)
    return fail(errors::kNotAllowed, "the time for this is over: report it anew");
  TimelineEntry entry = entry_of(row->action, held->file, actor, reason);
  entry.fields["reason"] = reason;
  entry.attachments = TRY(want_texts(body, "attachments", limits::kCitizenPhotos));
  TRY(check_attachments(entry.attachments));
  static const Persons kNobody;
  const Case before = held->file;
  Step step{*held, *row, actor, body, kNobody, city, std::move(entry), {}};
  if (const auto reopened = reopen(step); !reopened) {
    held->file = before;
    return reopened.error();
  }
  return done(json::serialize(json::object{{"no", no}, {"stage", stage_name(held->file.stage)}}), held->file.rev);
}

// The table's `revisit`, once per closing: stars become 回访's three words, which the scores read; the stars stay beside.
Result<Answer> Command::citizen_rate(const std::string& no, const json::object& body, const Actor& actor, Context& city) {
  TRY(only_keys(body, {"report", "stars", "comment"}, ""));
  const double stars = TRY(need_number(body, "stars"));
  if (stars != 1 && stars != 2 && stars != 3 && stars != 4 && stars != 5) return bad_field("stars", "must be 1 to 5");
  CaseFile* held = find(no);
  if (held == nullptr) return fail(errors::kNotAllowed, "the time for this is over");
  TRY(about(body, *held));
  const Transition* row = row_at("revisit", held->file.stage);
  if (row == nullptr) return fail(errors::kNotAllowed, "the case can be rated once it is closed");
  if (Refusal refusal = guard(held->file, *row, actor, {}); !refusal.code.empty())
    return fail(errors::kNotAllowed, "it was rated already");
  TimelineEntry entry = entry_of(row->action, held->file, actor, TRY(want_text(body, "comment", limits::kTextBytes)));
  const std::string said = stars >= 5 ? "very_satisfied" : stars >= 3 ? "satisfied" : "unsatisfied";
  entry.fields["satisfaction"] = said;
  entry.fields["stars"] = std::to_string(static_cast<int>(stars));
  held->file.course.satisfaction = said;
  record(*held, std::move(entry), city);
  return done(json::serialize(json::object{{"no", no}, {"stars", stars}}), held->file.rev);
}

}  // namespace cityloop
