// SPDX-License-Identifier: Apache-2.0
#include "command/command.h"

#include <algorithm>

#include "command/routing.h"
#include "core/json.h"
#include "core/limits.h"

namespace cityloop {
namespace {

constexpr std::string_view kVerbs[] = {"report.submit",   "report.place",   "reports.import", "alarm.open_case",
                                       "alarm.link",      "alarm.notify",   "receiver.put",   "receiver.delete",
                                       "notice.retry",    "notice.release", "attachment.add", "device.command",
                                       "device.delivered", "notice.receipt", "citizen.report", "citizen.same",
                                       "citizen.unsolved", "citizen.rate", "reference.put"};

bool is_past_handling(Stage stage) {
  return stage == Stage::handle_finish || stage == Stage::pending_feedback || stage == Stage::checking ||
         stage == Stage::pending_close;
}

const CaseSpec* spec_of(const Case& file, const Packs& packs) {
  const Pack* pack = file.pack.empty() ? nullptr : packs.pack(file.pack);
  return pack == nullptr || !pack->the_case ? nullptr : &*pack->the_case;
}

// `2026-11-27`, local.
std::string day_of(Time time, Millis utc_offset) {
  const std::string date = local_date(time, utc_offset);
  return date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6, 2);
}

// A pack knows its routes; else the class table says whose duty it is, the nearest first. A repair case has neither:
// whoever keeps the device mends it, else its owner.
std::vector<RouteSpec> routes_of(const Case& file, const Packs& packs, const Register& tables) {
  if (const CaseSpec* spec = spec_of(file, packs)) return spec->routes;
  if (const ClassStandard* klass = tables.standard(file.klass); klass != nullptr && !klass->duty.empty()) {
    return {RouteSpec{Level::none, "", "keeper"}, RouteSpec{Level::none, klass->duty, "street"},
            RouteSpec{Level::none, klass->duty, "district"}, RouteSpec{Level::none, klass->duty, "city"}};
  }
  if (file.klass.type != "monitoring") return {};
  return {RouteSpec{Level::none, "", "keeper"}, RouteSpec{Level::none, "", "owner"}};
}

// When the case wants something by itself: a suspension's end, a supervision that nobody replied to.
std::optional<Time> wakes_at(const Case& file) {
  std::optional<Time> at;
  if (file.stage == Stage::suspended) at = file.course.suspended_until;
  if (!is_open(file.stage) || file.course.supervisions.empty()) return at;
  const Supervision& last = file.course.supervisions.back();
  if (last.replied_at || last.concluded_at || last.escalated || !last.due) return at;
  return at ? std::min(*at, *last.due) : last.due;
}

}  // namespace

std::vector<const Condition*> standards_for(const Case& file, const Register& tables, Millis utc_offset) {
  const ClassStandard* klass = file.klass.code.empty() ? nullptr : tables.standard(file.klass);
  return klass == nullptr ? std::vector<const Condition*>{} : conditions_on(*klass, day_of(file.opened_at, utc_offset));
}

CaseGuards guards_of(const Case& file, const Agreed& agreed, const Packs& packs, const Register& tables,
                     Millis utc_offset) {
  const CaseSpec* spec = spec_of(file, packs);
  CaseGuards guards;
  guards.photo_needed = spec != nullptr && spec->photo_after;
  guards.before_needed = spec != nullptr && spec->photo_before;
  guards.agreement_needed = spec != nullptr && agreed.needed;
  guards.agrees = agreed.agrees;
  guards.agreement_because = agreed.because;
  guards.disposal_missed = agreed.disposal_missed;
  guards.root_area = tables.root_area();
  guards.standard_needed = file.pack.empty() && file.course.standard.empty() &&
                           standards_for(file, tables, utc_offset).size() > 1;
  return guards;
}

Command::Command(Settings settings) : settings_(std::move(settings)), outbox_(settings_.utc_offset) {
  for (const Receiver& receiver : settings_.receivers) outbox_.put_receiver(receiver);
}

bool Command::handles(std::string_view verb) {
  return verb.starts_with("case.") || std::ranges::find(kVerbs, verb) != std::end(kVerbs);
}

std::vector<Command::Link> Command::hear(const Event& event, Context& city) {
  if (const auto* alarm = std::get_if<Alarm>(&event.body)) hear_alarm(*alarm, city);
  return std::exchange(links_, {});
}

Answer Command::act(const ActionIn& in, const Actor& actor, const Agreed& agreed, Context& city,
                    const Persons& persons) {
  if (in.verb == "case.open") return open_by_hand(in, actor, city);
  if (in.verb == "case.remind") return remind(in, actor, city);
  if (in.verb.starts_with("case.")) return act_on_case(in, actor, agreed, city, persons);
  if (in.verb == "report.submit") return submit_report(in, actor, city);
  if (in.verb == "report.place") return place_report(in, actor, city);
  if (in.verb == "reports.import") return import_reports(in, actor, city);
  if (in.verb.starts_with("alarm.")) return act_on_alarm(in, actor, city);
  if (in.verb == "reference.put") return put_reference(in, actor, city);
  if (in.verb == "receiver.put") return put_receiver(in, actor, city);
  if (in.verb == "receiver.delete") return delete_receiver(in, actor, city);
  if (in.verb.starts_with("notice.")) return act_on_notice(in, actor, city);
  if (in.verb == "device.command") return devices_.send(in, actor, city);
  if (in.verb == "device.delivered") {
    if (actor.id != "system") return refuse(errors::kForbidden, "the device listener says what was delivered");
    devices_.delivered(in.subject, city);
    return done();
  }
  if (in.verb.starts_with("citizen.")) return act_for_citizen(in, actor, city);
  if (in.verb == "attachment.add") return add_attachment(in, actor, city);
  return refuse(errors::kUnknownAction, "there is no action `" + in.verb + "`");
}

CaseFile* Command::find(std::string_view no) {
  const auto found = files_.find(no);
  return found == files_.end() ? nullptr : &found->second;
}

CaseFile* Command::find_open(std::string_view no) {
  CaseFile* held = find(no);
  return held != nullptr && is_open(held->file.stage) ? held : nullptr;
}

const Case* Command::open_case(std::string_view no) const {
  const auto found = files_.find(no);
  return found == files_.end() ? nullptr : &found->second.file;
}

const Alarm* Command::known_alarm(std::string_view id) const {
  const auto found = alarms_.find(id);
  return found == alarms_.end() ? nullptr : &found->second;
}

// ---- opening and changing -------------------------------------------------------------------------------------

// Gives the draft its number, keeps it and makes it known; dispatches at once where the pack says so. The caller has
// made sure that no open case of this class and asset exists.
CaseFile& Command::open(Case file, TimelineEntry entry, Context& city) {
  CHECK(file.asset.empty() || file.klass.code.empty() || index_.of_asset(file.klass, file.asset).empty());
  file.no = numbers_.next(file.area, city.tables.root_area(), city.now, settings_.utc_offset);
  file.opened_at = city.now;
  file.changed_at = city.now;
  file.rev = 1;
  std::string no = file.no;
  CaseFile& held = files_[std::move(no)];
  held.file = std::move(file);
  held.seen_at = city.now;
  const bool to_dispatch = held.file.stage == Stage::pending_dispatch;
  if (to_dispatch) held.file.candidates = route(held.file, routes_of(held.file, city.packs, city.tables), city.tables).candidates;
  reindex(held);
  city.emit("case.new", entry.actor, held.file);
  entry.from = held.file.stage;
  const std::string comment = entry.comment;
  note(held, std::move(entry), city);
  notify(held.file, "city.case.new", comment, city);
  if (to_dispatch) plan(held, city);
  return held;
}

// The case has changed: new revision, its event (case.stage when it moved, else case.field), its timeline entry. On the
// way into pending_dispatch the candidates are planned anew.
void Command::record(CaseFile& held, TimelineEntry entry, Context& city) {
  Case& file = held.file;
  const bool moved = entry.from != file.stage;
  const bool to_dispatch = moved && file.stage == Stage::pending_dispatch;
  if (to_dispatch) file.candidates = route(file, routes_of(file, city.packs, city.tables), city.tables).candidates;
  ++file.rev;
  file.changed_at = city.now;
  reindex(held);
  city.emit(moved ? "case.stage" : "case.field", entry.actor, file);
  note(held, std::move(entry), city);
  if (to_dispatch) plan(held, city);
}

// One more line of the timeline; append-only.
void Command::note(CaseFile& held, TimelineEntry entry, Context& city) {
  entry.seq = ++held.entries;
  entry.at = city.now;
  entry.to = held.file.stage;
  std::string actor = entry.actor;
  city.emit("case.entry", std::move(actor), TimelineAdded{held.file.no, held.file.area, std::move(entry)});
}

// Writes the candidates and their reasons, or why there are none, into the timeline.
void Command::plan(CaseFile& held, Context& city) {
  const Routing routing = route(held.file, routes_of(held.file, city.packs, city.tables), city.tables);
  TimelineEntry entry;
  entry.actor = "system";
  entry.action = routing.candidates.empty() ? "route.pool" : "route.plan";
  entry.from = held.file.stage;
  entry.comment = routing.candidates.empty() ? routing.reason : routing.candidates.front().because;
  for (const Candidate& candidate : routing.candidates) entry.fields[candidate.unit] = candidate.because;
  if (routing.candidates.empty()) entry.fields["pool"] = "dispatch";
  note(held, std::move(entry), city);
}

// Where the pack says so, the first candidate gets the case at once. False: a dispatcher decides.
bool Command::auto_dispatch(CaseFile& held, Context& city) {
  const CaseSpec* spec = spec_of(held.file, city.packs);
  if (spec == nullptr || !spec->auto_dispatch || held.file.stage != Stage::pending_dispatch) return false;
  if (held.file.candidates.empty() || held.file.candidates.front().score <= 0) return false;
  const Candidate first = held.file.candidates.front();
  TimelineEntry entry;
  entry.actor = "system";
  entry.action = "dispatch";
  entry.from = held.file.stage;
  entry.comment = "自动派遣:" + first.because;
  entry.fields["because"] = first.because;
  send_to(held, first.unit, std::move(entry), city);
  return true;
}

void Command::send_to(CaseFile& held, const std::string& unit, TimelineEntry entry, Context& city) {
  Case& file = held.file;
  entry.from = file.stage;
  entry.fields["unit"] = unit;
  const std::string comment = entry.comment;
  const std::string actor = entry.actor;
  file.stage = Stage::pending_handle;
  file.unit = unit;
  file.handler.clear();
  file.dispatched_at = city.now;
  file.returned_from.clear();
  record(held, std::move(entry), city);
  end_orders(held, "revoked", city);
  put_order(make_order(held, "sent", city), actor, city);
  notify(file, "city.case.dispatched", comment, city);
}

void Command::reindex(const CaseFile& held) {
  const Case& file = held.file;
  index_.update(file);
  if (const auto old = wakes_at_.find(file.no); old != wakes_at_.end()) {
    waking_.erase({old->second, file.no});
    wakes_at_.erase(old);
  }
  if (const auto at = wakes_at(file)) {
    waking_.emplace(*at, file.no);
    wakes_at_.emplace(file.no, *at);
  }
  if (!is_open(file.stage)) {
    leaving_.emplace(file.changed_at + limits::kClosedCaseKept, file.no);
  }
  if (is_past_handling(file.stage) && !file.pack.empty() && !file.asset.empty()) {
    awaiting_.insert(file.no);
  } else {
    awaiting_.erase(file.no);
  }
  await_acceptance(file);
}

// What came due by itself.
void Command::wake(CaseFile& held, Context& city) {
  const Case& file = held.file;
  if (file.stage == Stage::suspended && file.course.suspended_until && *file.course.suspended_until <= city.now) {
    resume_by_itself(held, city);
  } else {
    escalate_supervision(held, city);
  }
}

// ---- orders and pictures --------------------------------------------------------------------------------------

Order& Command::make_order(CaseFile& held, std::string state, Context& city) {
  Order order;
  const std::string number = std::to_string(held.orders.size() + 1);
  order.id = held.file.no + "-" + (number.size() < 2 ? "0" : "") + number;
  order.case_no = held.file.no;
  order.unit = held.file.unit;
  order.handler = held.file.handler;
  order.area = held.file.area;
  order.state = std::move(state);
  order.sent_at = city.now;
  return held.orders.emplace_back(std::move(order));
}

// 核实 or 核查 is a collector's task: that one's, or whoever is near.
void Command::send_collector(CaseFile& held, std::string kind, const std::string& collector, Context& city) {
  Order& order = make_order(held, "sent", city);
  order.kind = std::move(kind);
  order.unit.clear();
  order.handler = collector;
  put_order(order, "system", city);
}

void Command::end_tasks(CaseFile& held, const std::string& state, Context& city) {
  for (Order& order : held.orders) {
    if (order.kind == "handle" || order.state != "sent") continue;
    order.state = state;
    if (state == "finished") order.finished_at = city.now;
    put_order(order, "system", city);
  }
}

void Command::put_order(const Order& order, const std::string& actor, Context& city) {
  city.emit("order.put", actor, order);
}

// Ends the orders that are still at work; finished, returned and revoked ones stay what they are.
void Command::end_orders(CaseFile& held, const std::string& state, Context& city) {
  for (Order& order : held.orders) {
    if (order.state != "sent" && order.state != "accepted" && order.state != "arrived") continue;
    order.state = state;
    put_order(order, "system", city);
  }
}

Result<void> Command::check_attachments(const std::vector<std::string>& ids) const {
  for (const std::string& id : ids) {
    if (!attachments_.contains(id)) {
      return fail(errors::kBadField,
                  "`attachments` names `" + id.substr(0, 80) + "`, which is not known: send the picture first");
    }
  }
  return {};
}

// Pictures are named by what is in them: one that an act or a report has brought before says so wherever it comes again.
void Command::note_used_again(TimelineEntry& entry) const {
  std::string again;
  for (const std::string& id : entry.attachments)
    if (!attachments_.find(id)->second.area.empty()) again += (again.empty() ? "" : " ") + id;
  if (!again.empty()) entry.fields["used_again"] = again;
}

void Command::link_attachments(const std::vector<std::string>& ids, const std::string& area, CaseFile* held,
                               Context& city) {
  for (const std::string& id : ids) {
    Attachment& attachment = attachments_.find(id)->second;
    if (held != nullptr && std::ranges::find(held->attachments, id) == held->attachments.end())
      held->attachments.push_back(id);
    if (!attachment.area.empty()) continue;
    attachment.area = area;
    city.emit("attachment.put", attachment.by, attachment);
  }
}

// ---- the sensor's agreement -----------------------------------------------------------------------------------

std::vector<std::pair<std::string, std::string>> Command::awaiting_agreement() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const std::string& no : awaiting_) all.emplace_back(no, files_.find(no)->second.file.asset);
  return all;
}

void Command::set_agreement(std::string_view no, const Agreed& agreed, Context& city) {
  CaseFile* held = find_open(no);
  const bool agrees = agreed.needed && agreed.agrees;
  if (held == nullptr || held->file.agreed == agrees) return;
  held->file.agreed = agrees;
  city.emit("case.field", "system", held->file);
  TimelineEntry entry;
  entry.actor = "system";
  entry.action = agrees ? "sensor.agrees" : "sensor.disagrees";
  entry.from = held->file.stage;
  entry.comment = agreed.because;
  note(*held, std::move(entry), city);
}

}  // namespace cityloop
