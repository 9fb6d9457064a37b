// SPDX-License-Identifier: Apache-2.0
#include "serve/public_follow.h"

#include <algorithm>

#include "serve/names.h"
#include "serve/project.h"

namespace cityloop::serve {
namespace {

struct Happening {
  std::string_view what;  // accepted dispatched handling finished checked closed forced rejected reopened extended suspended resumed returned rework
  std::string at;
  std::string unit;
  std::string note;
};

struct Course {
  std::vector<Happening> all;
  std::vector<std::string> after;  // pictures of the work since it was last reopened
  std::string accepted, dispatched, closed;
  std::string stars;
};

std::vector<std::string> texts_of(const json::object& doc, std::string_view key) {
  std::vector<std::string> out;
  const json::value* items = doc.if_contains(key);
  if (items != nullptr && items->is_array())
    for (const json::value& item : items->get_array())
      if (item.is_string()) out.emplace_back(item.get_string());
  return out;
}

// The steps of the workflow that concern who reported it. Comments of staff among themselves are not told; the reason
// of an ending is.
std::string_view told(const std::string& action, const std::string& to, const std::string& from) {
  if (to != from && (action == "reject" || action == "cancel")) return "rejected";
  if (action == "force_close") return "forced";
  if (to == "closed" && from != "closed") return "closed";
  if (action == "register" && to == "pending_dispatch") return "accepted";
  if (action == "reopen") return "reopened";
  if (action == "dispatch") return "dispatched";
  if (action == "accept") return "handling";
  if (action == "finish") return "finished";
  if (action == "rework") return "rework";
  if (action == "extend") return "extended";
  if (action == "suspend") return "suspended";
  if (action == "resume") return "resumed";
  return "";
}

void take(const json::object& entry, Names& names, Course& course) {
  const std::string action = text_or(entry, "action"), at = text_or(entry, "at");
  const std::string to = text_or(entry, "to"), from = text_or(entry, "from");
  const json::value* fields = entry.if_contains("fields");
  const auto field = [&](std::string_view name) { return fields != nullptr && fields->is_object() ? text_or(fields->get_object(), name) : std::string(); };
  if (action == "revisit" && !field("stars").empty()) course.stars = field("stars");
  const std::string_view what = told(action, to, from);
  if (what.empty()) return;
  Happening one{what, at, {}, {}};
  if (what == "dispatched") one.unit = names.of("units", field("unit"));
  if (what == "rejected" || what == "forced" || what == "closed") one.note = text_or(entry, "comment");
  if (what == "reopened" && field("source") == "citizen") one.note = text_or(entry, "comment");
  if (what == "accepted" || (to == "pending_dispatch" && course.accepted.empty())) course.accepted = at;
  if (what == "dispatched") course.dispatched = at;
  if (what == "closed" || what == "forced") course.closed = at;
  if (what == "reopened") {
    course.closed.clear();
    course.dispatched.clear();
    course.after.clear();
    course.stars.clear();
  }
  if (what == "rework") course.after.clear();
  if (action == "finish" || action == "self_handle" || action == "feedback" || action == "check")
    for (std::string& id : texts_of(entry, "attachments")) course.after.push_back(std::move(id));
  course.all.push_back(std::move(one));
}

Result<Course> course_of(const Call& call, const std::string& no, Names& names) {
  Query query{"timeline", {{"case_no", Where::Op::equal, {no}}}};
  query.limit = limits::kPageMost;
  Course course;
  do {
    const Page page = TRY(call.city().journal->list(query));
    for (const Row& row : page.rows) take(TRY(parse_json(row.doc)).as_object(), names, course);
    query.cursor = page.next;
  } while (!query.cursor.empty());
  return course;
}

bool is_closed(Stage stage) { return stage == Stage::closed || stage == Stage::forced_close; }

std::string_view progress_of(const Case& file) {
  switch (file.stage) {
    case Stage::reported: case Stage::verifying: case Stage::pending_register: return "received";
    case Stage::pending_dispatch: case Stage::pending_handle: return "accepted";
    case Stage::handling: return "handling";
    case Stage::handle_finish: case Stage::pending_feedback: case Stage::checking: case Stage::pending_close: return "checking";
    case Stage::suspended: return "suspended";
    case Stage::closed: case Stage::forced_close: return "closed";
    default: return "rejected";
  }
}

// The disposal's own deadline once it runs; before that, what was said when it was reported.
std::optional<Time> expected_end(const Case& file, std::optional<Time> promised) {
  for (auto clock = file.clocks.rbegin(); clock != file.clocks.rend(); ++clock)
    if (clock->stage == Stage::handling && !clock->stopped && clock->deadline) return clock->deadline;
  return promised;
}

void put_step(JsonWriter& out, std::string_view name, const std::string& at, std::string_view unit) {
  out.begin_object().member("name", name).member_or_null("at", at).member_or_null("unit", unit).end_object();
}

void put_case(JsonWriter& out, const Call& call, const Case& file, const Course& course, Names& names) {
  const std::string unit = file.unit.empty() ? "" : names.of("units", file.unit);
  const bool closed = is_closed(file.stage);
  out.member("progress", progress_of(file)).member("stage", stage_name(file.stage)).member_or_null("unit", unit);
  out.member("people", std::max<std::size_t>(1, file.reports.size())).member("reopened", file.course.reopens);
  const bool worked = !course.dispatched.empty();
  out.key("steps").begin_array();
  put_step(out, "accepted", course.accepted, "");
  put_step(out, "handling", course.dispatched, worked ? unit : "");
  put_step(out, "closed", closed ? course.closed : "", closed ? unit : "");
  out.end_array().key("events").begin_array();
  for (const Happening& one : course.all) {
    out.begin_object().member("what", one.what).member("at", one.at).member_or_null("unit", one.unit);
    out.member_or_null("note", one.note).end_object();
  }
  out.end_array().list("after", closed ? course.after : std::vector<std::string>{});
  const Time until = file.closed_at.value_or(file.changed_at) + limits::kUnsolvedWindow;
  const bool may_reopen = closed && call.now() < until;
  out.key("may").begin_object().member("unsolved", may_reopen).member("rate", may_reopen && file.course.satisfaction.empty());
  out.member_or_null("unsolved_until", closed ? std::optional<Time>(until) : std::nullopt).end_object();
  out.member_or_null("stars", course.stars);
}

void put_waiting(JsonWriter& out, const Followed& followed) {
  const bool placeless = text_or(followed.report, "state") == "placeless";
  out.member("progress", placeless ? "placeless" : "received").member("stage", "").key("unit").null();
  out.member("people", 1).member("reopened", 0).key("steps").begin_array();
  for (const char* name : {"accepted", "handling", "closed"}) put_step(out, name, "", "");
  out.end_array().key("events").begin_array().end_array().key("after").begin_array().end_array();
  out.key("may").begin_object().member("unsolved", false).member("rate", false).key("unsolved_until").null().end_object();
  out.key("stars").null();
}

}  // namespace

Result<std::string> follow_doc(const Call& call, const Followed& followed) {
  const json::object& report = followed.report;
  Names names(call.city());
  JsonWriter out(2048);
  out.begin_object().member("report", text_or(report, "id")).member_or_null("case", followed.case_no);
  out.member("title", text_or(report, "title")).member("text", text_or(report, "text")).member("address", text_or(report, "address"));
  const json::value* klass = report.if_contains("class");
  const json::object none;
  const json::object& code = klass != nullptr && klass->is_object() ? klass->get_object() : none;
  const std::string key = text_or(code, "scheme") + "/" + text_or(code, "type") + "/" + text_or(code, "code");
  const auto offered = offered_classes(*call.city().packs());
  const auto known = std::find_if(offered.begin(), offered.end(), [&](const OfferedClass& one) { return one.key == key; });
  out.member("class_zh", known == offered.end() ? "" : known->title.zh).member("class_en", known == offered.end() ? "" : known->title.en);
  const std::string area = text_or(report, "area");
  out.member("area", area.empty() ? "" : names.of("areas", area));
  out.member("reported_at", text_or(report, "received_at")).list("before", texts_of(report, "attachments"));
  const auto row = followed.case_no.empty() ? Result<std::optional<Row>>(std::nullopt) : call.city().journal->find("cases", followed.case_no);
  if (!row) return row.error();
  if (!*row) {
    out.member_or_null("expected_at", followed.expected);
    put_waiting(out, followed);
    return out.end_object().take();
  }
  const Case file = TRY(case_of_doc((*row)->doc));
  out.member_or_null("expected_at", expected_end(file, followed.expected));
  put_case(out, call, file, TRY(course_of(call, file.no, names)), names);
  return out.end_object().take();
}

Result<bool> may_see_picture(const Call& call, const Followed& followed, std::string_view id) {
  const auto holds = [&](const std::vector<std::string>& ids) { return std::find(ids.begin(), ids.end(), id) != ids.end(); };
  if (holds(texts_of(followed.report, "attachments"))) return true;
  if (followed.case_no.empty()) return false;
  const auto row = TRY(call.city().journal->find("cases", followed.case_no));
  if (!row || !is_closed(TRY(case_of_doc(row->doc)).stage)) return false;
  Names names(call.city());
  return holds(TRY(course_of(call, followed.case_no, names)).after);
}

}  // namespace cityloop::serve
