// SPDX-License-Identifier: Apache-2.0
// Cases that become one, one that becomes two again, and one that is split: what is one event and what is not.
#include <algorithm>

#include "command/body.h"
#include "command/case_step.h"
#include "core/json.h"
#include "core/limits.h"

namespace cityloop {

Result<void> Command::merge(Step& step) {
  const std::string no = TRY(need_text(step.body, "into", 40));
  CaseFile* into = find_open(no);
  if (into == nullptr) return bad_field("into", "names no open case");
  if (into == &step.held) return bad_field("into", "names the case itself");
  if (!in_scope(step.actor.area, into->file.area, step.city.tables.root_area())) {
    return fail(errors::kForeignArea, "`into` names a case outside your area");
  }
  step.entry.fields["into"] = no;
  step.held.file.merged_into = no;
  const Stage stood = step.held.file.stage;
  step.held.file.course.back_to = stood == Stage::verifying ? Stage::reported : stood;
  const std::string comment = step.entry.comment;
  advance(step);
  move_parts(step.held, *into, step.actor.id, step.city);
  TimelineEntry joined;
  joined.actor = step.actor.id;
  joined.actor_name = step.actor.person;
  joined.action = "merged";
  joined.from = into->file.stage;
  joined.comment = comment;
  joined.fields["from"] = step.held.file.no;
  record(*into, std::move(joined), step.city);
  return {};
}

// Alarms, reports and pictures of a merged case go over; the merged one keeps its lists as they were: its data stay
// readable.
void Command::move_parts(CaseFile& from, CaseFile& into, const std::string& actor, Context& city) {
  for (const std::string& id : from.file.alarms) {
    if (std::ranges::find(into.file.alarms, id) == into.file.alarms.end()) into.file.alarms.push_back(id);
    if (const auto alarm = alarms_.find(id); alarm != alarms_.end()) alarm->second.case_no = into.file.no;
    links_.emplace_back(id, into.file.no);
  }
  for (const std::string& id : from.file.reports) {
    if (std::ranges::find(into.file.reports, id) == into.file.reports.end()) into.file.reports.push_back(id);
    const auto report = reports_.find(id);
    if (report == reports_.end()) continue;
    report->second.state = "merged";
    report->second.case_no = into.file.no;
    city.emit("report.update", actor, report->second);
  }
  for (const std::string& id : from.attachments) {
    if (std::ranges::find(into.attachments, id) == into.attachments.end()) into.attachments.push_back(id);
  }
  into.seen_at = std::max(into.seen_at, from.seen_at);
  weigh(into.file);
}

// 撤销合并: the merged case goes on where it stood, with the alarms and reports that were its own. Pictures stay with
// both.
Result<void> Command::unmerge(Step& step) {
  Case& file = step.held.file;
  CaseFile* into = find_open(file.merged_into);
  if (into == nullptr)
    return fail(errors::kConflict, "case " + file.merged_into + ", which took it over, is over: reopen that one first");
  if (!file.asset.empty()) {
    const std::string other = index_.of_asset(file.klass, file.asset);
    if (!other.empty()) return fail(errors::kConflict, "case " + other + " of this class and asset is open");
  }
  TimelineEntry parted;
  parted.actor = step.actor.id;
  parted.actor_name = step.actor.person;
  parted.action = "unmerged";
  parted.from = into->file.stage;
  parted.comment = step.entry.comment;
  parted.fields["from"] = file.no;
  step.entry.fields["into"] = std::exchange(file.merged_into, {});
  advance(step);
  move_back(step.held, *into, step.actor.id, step.city);
  record(*into, std::move(parted), step.city);
  return {};
}

void Command::move_back(CaseFile& from, CaseFile& into, const std::string& actor, Context& city) {
  for (const std::string& id : from.file.alarms) {
    const auto alarm = alarms_.find(id);
    if (alarm == alarms_.end() || alarm->second.case_no != into.file.no) continue;
    alarm->second.case_no = from.file.no;
    std::erase(into.file.alarms, id);
    links_.emplace_back(id, from.file.no);
  }
  const bool filed = from.file.stage == Stage::pending_dispatch;
  for (const std::string& id : from.file.reports) {
    const auto report = reports_.find(id);
    if (report == reports_.end() || report->second.case_no != into.file.no) continue;
    std::erase(into.file.reports, id);
    report->second.state = filed ? "filed" : "waiting";
    report->second.case_no = from.file.no;
    city.emit("report.update", actor, report->second);
  }
  weigh(into.file);
  weigh(from.file);
}

// A part of the case that others must mend: a case of its own, which the first one waits for before it closes.
Result<void> Command::split(Step& step) {
  const Case& file = step.held.file;
  Case child;
  child.title = TRY(need_text(step.body, "title", limits::kTitleBytes));
  const ClassCode given = TRY(want_class(step.body, "class", step.city.packs));
  child.klass = given.code.empty() ? file.klass : given;
  const bool filed = file.stage != Stage::reported && file.stage != Stage::pending_register;
  child.origin = "split:" + file.no + ":" + std::to_string(file.course.children.size() + 1);
  child.stage = filed && !child.klass.code.empty() ? Stage::pending_dispatch : Stage::reported;
  child.urgency = file.urgency;
  child.area = file.area;
  child.place = file.place;
  child.address = file.address;
  // One open case of a class and asset: the asset goes along only under another class.
  if (!file.asset.empty() && index_.of_asset(child.klass, file.asset).empty()) child.asset = file.asset;
  if (const Pack* pack = pack_of_class(child.klass, step.city.packs)) {
    child.pack = pack->name;
    child.limit = pack->the_case->limit;
  }
  child.course.parent = file.no;
  TimelineEntry entry;
  entry.actor = step.actor.id;
  entry.actor_name = step.actor.person;
  entry.action = "open";
  entry.comment = step.entry.comment;
  entry.fields["parent"] = file.no;
  CaseFile& opened = open(std::move(child), std::move(entry), step.city);
  step.held.file.course.children.push_back(opened.file.no);
  step.entry.fields["child"] = opened.file.no;
  advance(step);
  auto_dispatch(opened, step.city);
  return {};
}

bool Command::has_open_child(const Case& file) {
  return std::ranges::any_of(file.course.children, [&](const std::string& no) { return find_open(no) != nullptr; });
}

}  // namespace cityloop
