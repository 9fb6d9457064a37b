// SPDX-License-Identifier: Apache-2.0
// What people do without an account: send pictures, report, join a case, follow with their key, say that it is not solved,
// rate, see and delete what is kept of them. The city hears it all from the principal `public`.
#include <algorithm>

#include "serve/engine.h"
#include "serve/multipart.h"
#include "serve/persons.h"
#include "serve/project.h"
#include "serve/public_follow.h"
#include "serve/secret.h"

namespace cityloop::serve {
namespace {

void as_public(Call& call) { call.caller.principal = kPublic; }

// ---- pictures

void keep_photo(Call& call) {
  as_public(call);
  std::string type(call.request.header("content-type"));
  std::string bytes = std::move(call.request.body);
  if (type.starts_with("multipart/form-data")) {
    const auto file = single_file(type, bytes);
    if (!file) return call.refuse(file.error());
    type = file->type;
    bytes = std::string(file->bytes);
  }
  if (bytes.empty()) return call.refuse(fail(errors::kBadImage, "the body is empty"));
  if (bytes.size() > limits::kAttachmentBytes) return call.refuse(fail(errors::kTooLarge, "a picture has at most 12 MiB"));
  const auto kept = call.city().keep_attachment(std::move(bytes), type);
  if (!kept) return call.refuse(kept.error());
  call.request.headers.erase("idempotency-key");  // the digest is its name: the same picture again is the same
  JsonWriter body;
  body.begin_object().member("id", kept->id).member("type", kept->type).member("bytes", kept->bytes);
  body.member_or_null("taken_place", kept->taken_place).member_or_null("taken_at", kept->taken_at);
  body.member("original", kept->original).end_object();
  offer(call, {"attachment.add", kept->id, body.take(), 0, [id = kept->id](Call& c, const Answer&) {
                 JsonWriter out;
                 c.answer_json(201, out.begin_object().member("id", id).end_object().take());
               }});
}

// ---- a new report

// What who reported is told, now and when they send it again.
void answer_filed(Call& call, const Answer& answer, const std::string& key) {
  const auto said = parse_json(answer.body);
  const std::string id = said && said->is_object() ? text_or(said->get_object(), "id") : "";
  const auto report = call.find_row("reports", id);
  const auto follow = call.find_row("follows", id);
  if (!report || !follow) return call.refuse(fail(errors::kInternal, "the report is not there"));
  const auto kept = parse_json(report->doc), promised = parse_json(follow->doc);
  if (!kept || !promised) return call.refuse(fail(errors::kCorrupt, "the report cannot be read"));
  JsonWriter out;
  out.begin_object().member("report", id).member_or_null("case", text_or(kept->as_object(), "case"));
  out.member("state", text_or(kept->as_object(), "state")).member("key", key);
  out.member_or_null("expected_at", text_or(promised->as_object(), "expected_at")).end_object();
  call.answer_json(answer.status, out.take());
}

struct Draft {
  json::object body;
  std::string phone;
};

bool is_phone(std::string_view text) {
  const auto digits = std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits >= 5 && digits <= 15 && text.find_first_not_of("0123456789+- ()") == std::string_view::npos;
}

Result<Draft> read_draft(const Call& call) {
  if (call.request.body.size() > limits::kCitizenBodyBytes) return fail(errors::kTooLarge, "a report holds at most 32 KiB beside its pictures");
  Draft draft{TRY(call.body()), ""};
  TRY(only_keys(draft.body, {"class", "text", "location", "address", "area", "attachments", "phone"}, "report"));
  draft.phone = TRY(want_string(draft.body, "phone")).value_or("");
  if (!draft.phone.empty() && !is_phone(draft.phone)) return fail(errors::kBadField, "`phone` is no telephone number");
  draft.body.erase("phone");
  const std::string key = TRY(want_string(draft.body, "class")).value_or("");
  draft.body.erase("class");
  std::string title = TRY(want_string(draft.body, "text")).value_or("");
  if (!key.empty()) {
    const auto offered = offered_classes(*call.city().packs());
    const auto klass = std::find_if(offered.begin(), offered.end(), [&](const OfferedClass& one) { return one.key == key; });
    if (klass == offered.end()) return fail(errors::kBadField, "`class` is not one that can be reported");
    draft.body["class"] = json::object{{"scheme", klass->code.scheme}, {"type", klass->code.type}, {"code", klass->code.code}};
    draft.body["title"] = klass->title.zh;
  } else if (title.empty()) {
    const json::value* pictures = draft.body.if_contains("attachments");
    if (pictures == nullptr || !pictures->is_array() || pictures->get_array().empty())
      return fail(errors::kMissingField, "say what it is: `class`, `text` or a picture in `attachments`");
    draft.body["title"] = "照片反映的问题";
  }
  return draft;
}

// What goes to the city: the digest of the page's key makes a repeat the same report, that of the follow key opens it.
void offer_filing(Call& call, std::string verb, std::string subject, json::object body, const std::optional<json::object>& klass,
                  const std::string& drawn) {
  const std::string key = follow_key(drawn);
  body["external"] = drawn_id(drawn);
  body["follow"] = sha256_hex(key);
  if (const auto expected = promise_of(call.city(), klass)) body["expected_at"] = format_time(*expected);
  call.request.headers.erase("idempotency-key");  // `external` stands for it, for ever
  offer(call, {std::move(verb), std::move(subject), json::serialize(body), 0, [key](Call& c, const Answer& answer) { answer_filed(c, answer, key); }});
}

void file_report(Call& call) {
  as_public(call);
  const auto drawn = drawn_key(call);
  if (!drawn) return call.refuse(drawn.error());
  auto draft = read_draft(call);
  if (!draft) return call.refuse(draft.error());
  std::optional<json::object> klass;
  if (const json::value* code = draft->body.if_contains("class"))
    klass = class_row(call.city(), text_or(code->as_object(), "scheme") + "/" + text_or(code->as_object(), "type") + "/" + text_or(code->as_object(), "code"));
  if (!draft->phone.empty()) {  // sealed, in a row of its own; the report carries that row's key
    const std::string person = "p-" + sha256_hex("citizen\n" + *drawn).substr(0, 24);
    draft->body["person"] = json::object{{"key", person}, {"phone", call.city().seal(draft->phone)}};
  }
  offer_filing(call, "citizen.report", "", std::move(draft->body), klass, *drawn);
}

void join(Call& call) {
  as_public(call);
  const auto drawn = drawn_key(call);
  if (!drawn) return call.refuse(drawn.error());
  const auto row = call.find_row("cases", call.arg());
  if (!row) return call.refuse(row.error());
  const auto file = parse_json(row->doc);
  if (!file) return call.refuse(file.error());
  const json::value* code = file->as_object().if_contains("class");
  std::optional<json::object> klass;
  if (code != nullptr && code->is_object())
    klass = class_row(call.city(), text_or(code->get_object(), "scheme") + "/" + text_or(code->get_object(), "type") + "/" + text_or(code->get_object(), "code"));
  call.request.body.clear();
  offer_filing(call, "citizen.same", call.arg(), {}, klass, *drawn);
}

// ---- following

void follow(Call& call) {
  const auto known = followed(call);
  if (!known) return call.refuse(known.error());
  auto doc = follow_doc(call, *known);
  if (!doc) return call.refuse(doc.error());
  call.answer_json(200, std::move(*doc));
}

Result<HttpResponse> photo_of(Call& call) {
  const Followed known = TRY(followed(call));
  if (!TRY(may_see_picture(call, known, call.arg(1)))) return fail(errors::kNotFound, "there is no such picture");
  const Attachment attachment = TRY(attachment_of_doc(TRY(call.find_row("attachments", call.arg(1))).doc));
  HttpResponse response;
  response.body = TRY(call.city().read_attachment(attachment.id));
  response.headers.emplace_back("Content-Type", attachment.type);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Content-Security-Policy", "default-src 'none'; sandbox");
  response.headers.emplace_back("Cache-Control", "private, no-store");
  return response;
}

void show_photo(Call& call) { call.settle(photo_of(call)); }

// The action of the report's case, then the report as it is after it.
void act(Call& call, std::string verb, std::initializer_list<std::string_view> fields) {
  const auto known = followed(call);
  if (!known) return call.refuse(known.error());
  if (known->case_no.empty()) return call.refuse(fail(errors::kNotAllowed, "there is no case yet"));
  if (call.request.body.size() > limits::kCitizenBodyBytes) return call.refuse(fail(errors::kTooLarge, "at most 32 KiB"));
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  if (const auto fits = only_keys(*body, fields, ""); !fits) return call.refuse(fits.error());
  (*body)["report"] = call.arg();
  as_public(call);
  offer(call, {std::move(verb), known->case_no, json::serialize(*body), 0, [](Call& c, const Answer&) { follow(c); }});
}

void unsolved(Call& call) { act(call, "citizen.unsolved", {"reason", "attachments"}); }
void rate(Call& call) { act(call, "citizen.rate", {"stars", "comment"}); }

// ---- what is kept of a person

void show_person(Call& call) {
  const auto known = followed(call);
  if (!known) return call.refuse(known.error());
  const std::string key = text_or(known->report, "reporter");
  const auto person = key.empty() ? std::nullopt : person_of(call.city(), key);
  JsonWriter out;
  out.begin_object().member_or_null("phone", person ? mask_phone(person->phone) : "").end_object();
  call.answer_json(200, out.take());
}

void forget_person(Call& call) {
  const auto known = followed(call);
  if (!known) return call.refuse(known.error());
  const std::string key = text_or(known->report, "reporter");
  if (key.empty()) return call.answer(HttpResponse{.status = 204, .headers = {}, .body = {}, .shared_body = {}, .code = {}});
  as_public(call);
  offer(call, {"person.delete", key, "{}"});
}

}  // namespace

void add_public_report_routes(std::vector<Route>& out) {
  out.insert(out.end(), {
    {"POST", "/api/v1/public/photos", "A picture for a report: its bytes, or multipart with one file", 0, Scope::open, "", "*", "PublicPhoto", gated<keep_photo, Gate::photo>, true},
    {"POST", "/api/v1/public/reports", "Report without an account; the Idempotency-Key makes a repeat the same report", 0, Scope::open, "", "PublicReport", "PublicFiled", gated<file_report, Gate::report>, true},
    {"POST", "/api/v1/public/cases/{no}:same", "I have met it too: counts, and is followed like a report", 0, Scope::open, "", "", "PublicFiled", gated<join, Gate::report>, true},
    {"GET", "/api/v1/public/follows/{report}", "What became of it; the header Follow-Key opens it", 0, Scope::open, "", "", "PublicFollow", gated<follow>, true},
    {"GET", "/api/v1/public/follows/{report}/photos/{photo}", "A picture of the report, or of the finished work", 0, Scope::open, "", "", "*", gated<show_photo>, true},
    {"POST", "/api/v1/public/follows/{report}:unsolved", "It is not solved: the case is opened again", 0, Scope::open, "", "PublicUnsolved", "PublicFollow", gated<unsolved, Gate::report>, true},
    {"POST", "/api/v1/public/follows/{report}:rate", "One to five stars, once per closing", 0, Scope::open, "", "PublicRating", "PublicFollow", gated<rate, Gate::report>, true},
    {"GET", "/api/v1/public/follows/{report}/person", "What is kept of who reported, masked", 0, Scope::open, "", "", "PublicPerson", gated<show_person>},
    {"DELETE", "/api/v1/public/follows/{report}/person", "Delete it; the case stays", 0, Scope::open, "", "", "", gated<forget_person, Gate::report>},
  });
}

}  // namespace cityloop::serve
