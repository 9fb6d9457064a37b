// SPDX-License-Identifier: Apache-2.0
// Receivers, notices, pictures, reminders; and what the room keeps and forgets.
#include <algorithm>

#include "command/body.h"
#include "command/command.h"
#include "core/json.h"
#include "core/limits.h"
#include "core/receiver.h"

namespace cityloop {
namespace {

bool is_digest(std::string_view id) {
  return id.size() == 64 &&
         std::ranges::all_of(id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

Answer Command::put_receiver(const ActionIn& in, const Actor& actor, Context& city) {
  if (!actor.is(Role::admin)) return refuse(errors::kForbidden, "receivers are changed by admin");
  const Result<json::object> body = read_body(in.body);
  if (!body) return refuse(body.error());
  // The configuration file comes in as the system; only it may name paths of this machine.
  const Result<Receiver> read =
      parse_receiver(*body, in.subject, actor.id == "system" ? Trust::configuration : Trust::api);
  if (!read) return refuse(read.error());
  const std::string doc = receiver_doc(*read);
  city.emit("rev.config", actor.id, RowPut{"receivers", read->name, read->area, {}, doc});
  outbox_.put_receiver(*read, city);
  escalations_.replan(outbox_.receivers(), settings_.root_area);
  return done(doc);
}

Answer Command::delete_receiver(const ActionIn& in, const Actor& actor, Context& city) {
  if (!actor.is(Role::admin)) return refuse(errors::kForbidden, "receivers are changed by admin");
  if (!outbox_.remove_receiver(in.subject)) return refuse(errors::kNotFound, "there is no receiver of this name");
  escalations_.replan(outbox_.receivers(), settings_.root_area);
  city.emit("rev.config", actor.id, Removed{"receivers", in.subject});
  return done("{}", 0, 204);
}

Answer Command::act_on_notice(const ActionIn& in, const Actor& actor, Context& city) {
  if (in.verb == "notice.receipt") return take_receipt(in, actor, city);
  if (!actor.is(Role::admin)) return refuse(errors::kForbidden, "the outbox is run by admin");
  if (in.verb == "notice.release") {
    outbox_.hold(false);
    return done();
  }
  if (in.verb != "notice.retry") return refuse(errors::kUnknownAction, "there is no action `" + in.verb + "`");
  if (!outbox_.retry(in.subject, city)) return refuse(errors::kNotFound, "there is no failed notice of this id");
  return done();
}

// The receiver's system says what became of a notice, or a reader by the signed link (`system` then; the edge has checked it).
Answer Command::take_receipt(const ActionIn& in, const Actor& actor, Context& city) {
  const bool by_link = actor.id == "system";
  if (!by_link && !actor.is(Role::integrator) && !actor.is(Role::admin))
    return refuse(errors::kForbidden, "receipts come from an integrator's token or by the link in the message");
  const Notice* notice = outbox_.known(in.subject);
  if (notice == nullptr) return refuse(errors::kNotFound, "there is no notice of this id that awaits a receipt");
  if (!by_link && !in_scope(actor.area, notice->area, city.tables.root_area()))
    return refuse(errors::kForeignArea, "The notice is of an area outside yours.");
  const Result<json::object> body = read_body(in.body);
  if (!body) return refuse(body.error());
  const auto read = [&]() -> Result<Notice> {
    TRY(only_keys(*body, {"state", "detail"}, ""));
    const std::string state = TRY(need_text(*body, "state", 20));
    if (state != "delivered" && state != "read" && state != "failed")
      return bad_field("state", "must be delivered, read or failed");
    const std::string detail = TRY(want_text(*body, "detail", limits::kTitleBytes));
    return outbox_.receipt(in.subject, state, by_link ? "link" : actor.id, detail, city);
  }();
  if (!read) return refuse(read.error());
  return done(json::serialize(json::object{{"id", read->id}, {"state", read->state}}));
}

// The bytes are stored and synced already; here their digest becomes known. The same picture again is the same.
Answer Command::add_attachment(const ActionIn& in, const Actor& actor, Context& city) {
  if (actor.is(Role::wall) || actor.is(Role::device)) return refuse(errors::kForbidden, "your role sends no pictures");
  const Result<json::object> body = read_body(in.body);
  if (!body) return refuse(body.error());
  const auto read = [&]() -> Result<Attachment> {
    Attachment attachment;
    attachment.id = TRY(need_text(*body, "id", limits::kAssetIdBytes));
    if (!is_digest(attachment.id)) return bad_field("id", "must be a SHA-256 in hex");
    attachment.type = TRY(need_text(*body, "type", 64));
    const double bytes = TRY(need_number(*body, "bytes"));
    if (bytes < 0 || bytes > static_cast<double>(limits::kAttachmentBytes))
      return bad_field("bytes", "is not a size that is accepted");
    attachment.bytes = static_cast<std::uint64_t>(bytes);
    attachment.taken_place = TRY(want_place(*body, "taken_place"));
    attachment.taken_at = TRY(want_time(*body, "taken_at"));
    attachment.original = TRY(want_text(*body, "original", limits::kAssetIdBytes));
    attachment.area = TRY(want_text(*body, "area", limits::kAssetIdBytes));  // used before: the edge looked it up
    attachment.by = actor.id;
    attachment.at = city.now;
    return attachment;
  }();
  if (!read) return refuse(read.error());
  const std::string answer =
      json::serialize(json::object{{"id", read->id}, {"type", read->type}, {"bytes", read->bytes}});
  if (attachments_.contains(read->id)) return done(answer, 0, 200);
  if (read->area.empty()) city.emit("attachment.put", actor.id, *read);
  attachments_.emplace(read->id, *read);
  return done(answer, 0, 201);
}

// What supervise demands when a clock has run out: people hear of it.
Answer Command::remind(const ActionIn& in, const Actor& actor, Context& city) {
  if (actor.id != "system") return refuse(errors::kForbidden, "reminders come from the clocks");
  const CaseFile* held = find_open(in.subject);
  if (held == nullptr) return refuse(errors::kNotFound, "the case is over");
  const Result<json::object> body = read_body(in.body);
  if (!body) return refuse(body.error());
  notify(held->file, "city.case.overdue", text_or(*body, "comment"), city);
  return done();
}

// ---- what leaves memory ---------------------------------------------------------------------------------------

void Command::tick(Context& city) {
  if (devices_.next_due() <= city.now) devices_.tick(city);
  if (escalations_.next_due() <= city.now) escalate(city);
  while (!waking_.empty() && waking_.begin()->first <= city.now) wake(files_.at(waking_.begin()->second), city);
  while (!leaving_.empty() && leaving_.begin()->first <= city.now) {
    const std::string no = leaving_.begin()->second;
    leaving_.erase(leaving_.begin());
    const CaseFile* held = find(no);
    if (held == nullptr || is_open(held->file.stage)) continue;
    if (held->file.changed_at + limits::kClosedCaseKept > city.now)
      continue;  // reopened and closed again: a later entry stands
    for (const std::string& id : held->file.reports) {
      const auto report = reports_.find(id);
      if (report != reports_.end() && report->second.case_no == no) reports_.erase(report);
    }
    for (const std::string& id : held->attachments) attachments_.erase(id);
    const std::vector<std::string> alarms = held->file.alarms;
    for (const auto& [system, number] : held->references) references_.erase(reference_key(system, number));
    outbox_.forget_subject(no);
    escalations_.end(no);
    index_.remove(no);
    awaiting_.erase(no);
    if (const auto wakes = wakes_at_.find(no); wakes != wakes_at_.end()) {
      waking_.erase({wakes->second, no});
      wakes_at_.erase(wakes);
    }
    files_.erase(no);
    for (const std::string& id : alarms) forget_if_over(id);
  }
  if (sweep_at_ > city.now) return;
  sweep_at_ = city.now + limits::kOutboxSweep;
  const Time old = city.now - limits::kClosedCaseKept;
  std::erase_if(alarms_, [&](const auto& item) {
    const Alarm& alarm = item.second;
    if (alarm.state == AlarmState::firing || alarm.changed_at >= old || find(alarm.case_no) != nullptr) return false;
    outbox_.forget_subject(alarm.id);
    return true;
  });
  std::erase_if(attachments_, [&](const auto& item) { return item.second.area.empty() && item.second.at < old; });
  outbox_.forget_before(old);
  numbers_.forget_before(old, settings_.utc_offset);
}

Time Command::next_due() const {
  Time due = std::min(leaving_.empty() ? Time::max() : leaving_.begin()->first, devices_.next_due());
  due = std::min(due, escalations_.next_due());
  if (!waking_.empty()) due = std::min(due, waking_.begin()->first);
  if (!alarms_.empty() || !attachments_.empty() || !files_.empty()) due = std::min(due, sweep_at_);
  return due;
}

// ---- state ----------------------------------------------------------------------------------------------------

void Command::encode(Writer& out) const {
  cityloop::encode(out, files_);
  cityloop::encode(out, alarms_);
  cityloop::encode(out, reports_);
  cityloop::encode(out, attachments_);
  std::vector<std::uint64_t> externals(externals_.begin(), externals_.end());
  std::ranges::sort(externals);
  cityloop::encode(out, externals);
  cityloop::encode(out, numbers_);
  cityloop::encode(out, outbox_);
  cityloop::encode(out, escalations_);
  cityloop::encode(out, devices_);
  cityloop::encode(out, links_);
  cityloop::encode(out, sweep_at_);
}

void Command::decode(Reader& in) {
  cityloop::decode(in, files_);
  cityloop::decode(in, alarms_);
  cityloop::decode(in, reports_);
  cityloop::decode(in, attachments_);
  std::vector<std::uint64_t> externals;
  cityloop::decode(in, externals);
  externals_ = {externals.begin(), externals.end()};
  cityloop::decode(in, numbers_);
  cityloop::decode(in, outbox_);
  cityloop::decode(in, escalations_);
  cityloop::decode(in, devices_);
  cityloop::decode(in, links_);
  cityloop::decode(in, sweep_at_);
  for (const Receiver& receiver : settings_.receivers) outbox_.put_receiver(receiver);
  index_ = {};
  references_.clear();
  leaving_.clear();
  awaiting_.clear();
  waking_.clear();
  wakes_at_.clear();
  for (const auto& [no, held] : files_) {
    if (held.file.no != no) return in.spoil();
    for (const auto& [system, number] : held.references) references_.emplace(reference_key(system, number), no);
    reindex(held);
  }
  escalations_.replan(outbox_.receivers(), settings_.root_area);
}

}  // namespace cityloop
