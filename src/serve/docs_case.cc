// SPDX-License-Identifier: Apache-2.0
#include "core/json_write.h"
#include "serve/project.h"

namespace cityloop {
namespace {

void put(JsonWriter& out, const ClassCode& klass) {
  out.key("class").begin_object().member("scheme", klass.scheme).member("type", klass.type);
  out.member("code", klass.code).end_object();
}

void put_clock(JsonWriter& out, const Clock& clock) {
  out.begin_object().member("stage", stage_name(clock.stage)).member("started", clock.started);
  out.member_or_null("deadline", clock.deadline).member("limit", clock.limit).member_or_null("note", clock.note);
  out.member_or_null("stopped", clock.stopped).member("paused", clock.paused).member("reminded", clock.reminded);
  out.member("working", clock.working).member("due_soon", clock.due_soon).member("overdue", clock.overdue);
  out.end_object();
}

void put_deadline(JsonWriter& out, const Case& file) {
  const Clock* clock = running_clock(file);
  out.key("deadline");
  if (clock == nullptr) {
    out.null();
    return;
  }
  out.begin_object().member("stage", stage_name(clock->stage)).member_or_null("at", clock->deadline);
  out.member("paused", clock->paused).member("limit", clock->limit).member("working", clock->working);
  out.member("due_soon", clock->due_soon).member("overdue", clock->overdue);
  if (!clock->note.empty()) out.member("note", clock->note);
  out.end_object();
}

void put(JsonWriter& out, const CaseRequest& request) {
  out.begin_object().member("kind", request.kind).member("by", request.by).member("reason", request.reason);
  out.member("at", request.at).member_or_null("until", request.until).member("endorsed", request.endorsed);
  out.end_object();
}

void put(JsonWriter& out, const Supervision& one) {
  out.begin_object().member("kind", one.kind).member("by", one.by).member("by_name", one.by_name);
  out.member("requirement", one.requirement).member("at", one.at).member_or_null("due", one.due);
  out.member_or_null("replied_at", one.replied_at).member("reply", one.reply);
  out.member_or_null("concluded_at", one.concluded_at).member("escalated", one.escalated).end_object();
}

void put(JsonWriter& out, const Appeal& appeal) {
  out.begin_object().member("by", appeal.by).member("reason", appeal.reason).member("at", appeal.at);
  out.member("state", appeal.state).end_object();
}

template <class T>
void put_or_null(JsonWriter& out, std::string_view key, const std::optional<T>& value) {
  out.key(key);
  if (value) {
    put(out, *value);
  } else {
    out.null();
  }
}

void put_course(JsonWriter& out, const Course& course) {
  out.key("course").begin_object();
  put_or_null(out, "request", course.request);
  out.member("extensions", course.extensions).member_or_null("first_limit", course.first_limit);
  out.member_or_null("suspended_until", course.suspended_until).member("back_to", stage_name(course.back_to));
  out.key("supervisions").begin_array();
  for (const Supervision& one : course.supervisions) put(out, one);
  out.end_array();
  put_or_null(out, "appeal", course.appeal);
  out.member("exempt", course.exempt).member_or_null("satisfaction", course.satisfaction);
  out.member_or_null("standard", course.standard).member_or_null("grade", course.grade);
  out.member_or_null("look_back", course.look_back).member_or_null("settled", course.settled);
  out.member("reopens", course.reopens).member_or_null("parent", course.parent).list("children", course.children);
  out.end_object();
}

}  // namespace

const Clock* running_clock(const Case& file) {
  for (auto clock = file.clocks.rbegin(); clock != file.clocks.rend(); ++clock)
    if (!clock->stopped) return &*clock;
  return nullptr;
}

std::string doc_of(const Case& file) {
  JsonWriter out(1536);
  out.begin_object().member("no", file.no).member("stage", stage_name(file.stage));
  put(out, file.klass);
  out.member("urgency", urgency_name(file.urgency)).member("title", file.title).member("area", file.area);
  out.member_or_null("location", file.place).member("address", file.address).member_or_null("asset", file.asset);
  out.list("alarms", file.alarms).list("reports", file.reports);
  out.member_or_null("unit", file.unit).member_or_null("handler", file.handler);
  put_deadline(out, file);
  out.key("clocks").begin_array();
  for (const Clock& clock : file.clocks) put_clock(out, clock);
  out.end_array().key("candidates").begin_array();
  for (const Candidate& candidate : file.candidates) {
    out.begin_object().member("unit", candidate.unit).member("score", candidate.score);
    out.member("because", candidate.because).end_object();
  }
  out.end_array();
  out.member("opened_at", file.opened_at).member_or_null("dispatched_at", file.dispatched_at);
  out.member_or_null("finished_at", file.finished_at).member_or_null("closed_at", file.closed_at);
  out.member("changed_at", file.changed_at).member("level", level_name(file.level));
  out.member("returns", file.returns).member("reworks", file.reworks);
  out.member("proof", file.proof).member("agreed", file.agreed).member("limit", file.limit);
  out.member_or_null("returned_from", file.returned_from).member_or_null("merged_into", file.merged_into);
  put_course(out, file.course);
  out.member("pack", file.pack).member("origin", file.origin).member("rev", file.rev);
  return out.end_object().take();
}

std::string doc_of(const TimelineAdded& added) {
  const TimelineEntry& entry = added.entry;
  JsonWriter out;
  out.begin_object().member("case", added.case_no).member("seq", entry.seq).member("at", entry.at);
  out.member("actor", entry.actor).member("actor_name", entry.actor_name).member("action", entry.action);
  out.member("from", stage_name(entry.from)).member("to", stage_name(entry.to)).member("comment", entry.comment);
  out.key("fields").begin_object();
  for (const auto& [name, value] : entry.fields) out.member(name, value);
  out.end_object().list("attachments", entry.attachments);
  return out.end_object().take();
}

std::string doc_of(const Report& report) {
  JsonWriter out;
  out.begin_object().member("id", report.id).member("state", report.state).member_or_null("case", report.case_no);
  out.member("source", report.source);
  put(out, report.klass);
  out.member("title", report.title).member("text", report.text).member_or_null("location", report.place);
  out.member("area", report.area).member("address", report.address).member_or_null("asset", report.asset);
  out.member_or_null("reporter", report.reporter).list("attachments", report.attachments);
  out.member("at", report.at).member("received_at", report.received).member_or_null("external", report.external);
  return out.member_or_null("status_external", report.status_external).end_object().take();
}

std::string doc_of(const Order& order) {
  JsonWriter out;
  out.begin_object().member("id", order.id).member("kind", order.kind).member("case", order.case_no).member("unit", order.unit);
  out.member_or_null("handler", order.handler).member("area", order.area).member("state", order.state);
  out.member("sent_at", order.sent_at).member_or_null("accepted_at", order.accepted_at);
  out.member_or_null("arrived_at", order.arrived_at).member_or_null("finished_at", order.finished_at);
  out.member_or_null("arrived_location", order.arrived_place).list("attachments", order.attachments);
  return out.end_object().take();
}

std::string doc_of(const Notice& notice) {
  JsonWriter out;
  out.begin_object().member("id", notice.id).member("subject", notice.subject).member("type", notice.type);
  out.member("channel", notice.channel).member("target", notice.target).member("area", notice.area);
  out.member_raw("data", notice.data.empty() ? "null" : notice.data).member("state", notice.state);
  out.member("created_at", notice.created).member("attempts", notice.attempts);
  out.member_or_null("next_attempt", notice.next_attempt).member_or_null("last_error", notice.last_error);
  out.member_or_null("sent_at", notice.sent_at).member("level", level_name(notice.level)).member("step", notice.step);
  out.member_or_null("held_until", notice.held_until).member("give_up_at", notice.give_up_at);
  out.member_or_null("delivered_at", notice.delivered_at).member_or_null("read_at", notice.read_at);
  return out.member_or_null("receipt_by", notice.receipt_by).end_object().take();
}

std::string doc_of(const Unit& unit) {
  JsonWriter out;
  out.begin_object().member("id", unit.id).member("name", unit.name).member("area", unit.area);
  out.list("duties", unit.duties).member("phone", unit.phone).member("enabled", unit.enabled);
  return out.end_object().take();
}

std::string doc_of(const Attachment& attachment) {
  JsonWriter out;
  out.begin_object().member("id", attachment.id).member("type", attachment.type).member("bytes", attachment.bytes);
  out.member("url", "/api/v1/attachments/" + attachment.id).member("by", attachment.by);
  out.member("area", attachment.area).member("at", attachment.at);
  out.member_or_null("taken_place", attachment.taken_place).member_or_null("taken_at", attachment.taken_at);
  return out.member_or_null("original", attachment.original).end_object().take();
}

std::string doc_of(const AuditEntry& entry) {
  JsonWriter out;
  out.begin_object().member("number", entry.number).member("at", entry.at).member("actor", entry.actor);
  out.member("action", entry.action).member("subject", entry.subject).member("outcome", entry.outcome);
  out.member("detail", entry.detail).member("previous", entry.previous).member("digest", entry.digest);
  return out.end_object().take();
}

}  // namespace cityloop
