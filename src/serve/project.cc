// SPDX-License-Identifier: Apache-2.0
#include "serve/project.h"

#include <charconv>

#include "serve/delta.h"
#include "serve/initials.h"

namespace cityloop {

using namespace serve;

namespace {

using Columns = std::vector<std::pair<std::string, Cell>>;

Cell cell(std::string_view text) { return std::string(text); }
Cell cell(bool flag) { return std::int64_t{flag ? 1 : 0}; }
Cell cell(Time at) { return std::int64_t{to_ms(at)}; }
Cell cell(const std::optional<Time>& at) { return at ? cell(*at) : Cell{}; }
Cell number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

RowChange row(std::string table, std::string key, Columns columns, std::string doc) {
  return {std::move(table), std::move(key), false, std::move(columns), std::move(doc)};
}

void add(const Alarm& alarm, std::string doc, std::vector<RowChange>& rows) {
  const bool unseen = !alarm.acknowledged && alarm.state != AlarmState::pending;
  rows.push_back(row("alarms", alarm.id,
                     {{"state", cell(alarm_state_name(alarm.state))}, {"level", cell(level_name(alarm.level))},
                      {"rank", number(static_cast<std::uint64_t>(alarm.level))}, {"area", cell(alarm.area)},
                      {"kind", cell(alarm.kind)}, {"asset", cell(alarm.asset)}, {"rule", cell(alarm.rule)},
                      {"acknowledged", cell(alarm.acknowledged)}, {"unseen", cell(unseen)}, {"drill", cell(alarm.drill)},
                      {"case_no", cell(alarm.case_no)}, {"raised_at", cell(alarm.raised_at)},
                      {"changed_at", cell(alarm.changed_at)}},
                     std::move(doc)));
  rows.push_back(row("whys", alarm.id, {{"area", cell(alarm.area)}}, why_doc(alarm)));
}

// What the lists of 督办, 申诉, 延期 and 挂账 ask for.
std::string_view supervised(const Course& course) {
  if (course.supervisions.empty() || course.supervisions.back().concluded_at) return "";
  return course.supervisions.back().replied_at ? "replied" : course.supervisions.back().escalated ? "escalated" : "open";
}

std::string_view late(const Clock* clock) {
  return clock == nullptr ? "" : clock->overdue ? "overdue" : clock->due_soon ? "due_soon" : "";
}

// Closed cases of people who want to hear: to be called back, or called.
std::string_view revisit(const Case& file) {
  if (!file.course.satisfaction.empty()) return "done";
  const bool over = file.stage == Stage::closed || file.stage == Stage::forced_close;
  return over && !file.reports.empty() ? "due" : "";
}

Cell place_cell(const std::optional<LngLat>& place, double LngLat::*part) { return place ? Cell{(*place).*part} : Cell{}; }

void add(const Case& file, std::string doc, std::vector<RowChange>& rows) {
  const Clock* clock = running_clock(file);
  Cell deadline;
  if (clock != nullptr && clock->deadline && !clock->paused) deadline = cell(*clock->deadline);
  rows.push_back(row("cases", file.no,
                     {{"origin", cell(file.origin)}, {"stage", cell(stage_name(file.stage))}, {"open", cell(is_open(file.stage))},
                      {"area", cell(file.area)}, {"unit", cell(file.unit)}, {"handler", cell(file.handler)},
                      {"asset", cell(file.asset)}, {"class", cell(file.klass.code)}, {"class_type", cell(file.klass.type)},
                      {"urgency", cell(urgency_name(file.urgency))}, {"pack", cell(file.pack)}, {"deadline", deadline},
                      {"opened_at", cell(file.opened_at)}, {"closed_at", cell(file.closed_at)},
                      {"changed_at", cell(file.changed_at)}, {"late", cell(late(clock))},
                      {"supervised", cell(supervised(file.course))},
                      {"asked", cell(file.course.request ? file.course.request->kind : "")},
                      {"appeal", cell(file.course.appeal ? file.course.appeal->state : "")},
                      {"parent", cell(file.course.parent)},
                      {"lng", place_cell(file.place, &LngLat::lng)}, {"lat", place_cell(file.place, &LngLat::lat)},
                      {"revisit", cell(revisit(file))},
                      {"words", cell(searchable(file.no + " " + file.title + " " + file.address + " " + file.asset))}},
                     std::move(doc)));
}

void add(const TimelineAdded& added, std::string doc, std::vector<RowChange>& rows) {
  const std::string seq = seq_key(added.entry.seq).substr(14);  // six digits: one case never has more entries
  rows.push_back(row("timeline", added.case_no + ":" + seq,
                     {{"case_no", cell(added.case_no)}, {"area", cell(added.area)}, {"action", cell(added.entry.action)},
                      {"actor", cell(added.entry.actor)}, {"at", cell(added.entry.at)}},
                     std::move(doc)));
}

void add(const Report& report, std::string doc, std::vector<RowChange>& rows) {
  rows.push_back(row("reports", report.id,
                     {{"state", cell(report.state)}, {"area", cell(report.area)}, {"case_no", cell(report.case_no)},
                      {"source", cell(report.source)}, {"asset", cell(report.asset)}, {"external", cell(report.external)},
                      {"reporter", cell(report.reporter)}, {"at", cell(report.at)}},
                     std::move(doc)));
}

void add(const Order& order, std::string doc, std::vector<RowChange>& rows) {
  rows.push_back(row("orders", order.id,
                     {{"case_no", cell(order.case_no)}, {"kind", cell(order.kind)}, {"unit", cell(order.unit)}, {"handler", cell(order.handler)},
                      {"state", cell(order.state)}, {"area", cell(order.area)}, {"sent_at", cell(order.sent_at)}},
                     std::move(doc)));
}

void add(const Notice& notice, std::string doc, std::vector<RowChange>& rows) {
  rows.push_back(row("notices", notice.id,
                     {{"subject", cell(notice.subject)}, {"type", cell(notice.type)}, {"state", cell(notice.state)},
                      {"target", cell(notice.target)}, {"area", cell(notice.area)}, {"created_at", cell(notice.created)},
                      {"next_attempt", cell(notice.next_attempt)}},
                     std::move(doc)));
}

void add(const Asset& asset, std::string doc, std::vector<RowChange>& rows) {
  Columns columns{{"kind", cell(asset.kind)}, {"area", cell(asset.area)}, {"name", cell(asset.name)},
                  {"life", cell(life_name(asset.life))}, {"owner_unit", cell(asset.owner_unit)},
                  {"keeper_unit", cell(asset.keeper_unit)}, {"source", cell(asset.source)},
                  {"component_code", cell(asset.component_code)}, {"slot", number(asset.slot)},
                  {"words", cell(searchable(asset.id + " " + asset.name + " " + asset.component_code))}};
  if (asset.place) {
    columns.emplace_back("lng", asset.place->lng);
    columns.emplace_back("lat", asset.place->lat);
  }
  rows.push_back(row("assets", asset.id, std::move(columns), std::move(doc)));
}

void add(const Unit& unit, std::string doc, std::vector<RowChange>& rows) {
  std::string duties = ",";
  for (const std::string& duty : unit.duties) duties += duty + ",";
  rows.push_back(row("units", unit.id,
                     {{"area", cell(unit.area)}, {"name", cell(unit.name)}, {"enabled", cell(unit.enabled)},
                      {"duties", cell(duties)}, {"words", cell(searchable(unit.id + " " + unit.name))}},
                     std::move(doc)));
}

void add(const Attachment& attachment, std::string doc, std::vector<RowChange>& rows) {
  rows.push_back(row("attachments", attachment.id,
                     {{"area", cell(attachment.area)}, {"by", cell(attachment.by)}, {"type", cell(attachment.type)},
                      {"at", cell(attachment.at)}},
                     std::move(doc)));
}

void add(const QuarantineItem& item, std::string doc, std::vector<RowChange>& rows) {
  rows.push_back(row("quarantine", item.id,
                     {{"code", cell(item.code)}, {"source", cell(item.source)}, {"asset", cell(item.asset)},
                      {"principal", cell(item.principal)}, {"state", cell(item.state)}, {"at", cell(item.at)}},
                     std::move(doc)));
}

void add(const AuditEntry& entry, std::string doc, std::vector<RowChange>& rows) {
  rows.push_back(row("audit", seq_key(entry.number),
                     {{"actor", cell(entry.actor)}, {"action", cell(entry.action)}, {"subject", cell(entry.subject)},
                      {"outcome", cell(entry.outcome)}, {"at", cell(entry.at)}},
                     std::move(doc)));
}

Cell cell_for(const ColumnSpec& column, const std::string& text) {
  if (column.type == ColumnSpec::Type::text) return text;
  if (column.type == ColumnSpec::Type::integer) {
    std::int64_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    return code == std::errc{} && end == text.data() + text.size() ? Cell{value} : Cell{};
  }
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc{} && end == text.data() + text.size() ? Cell{value} : Cell{};
}

void add(const RowPut& put, std::vector<RowChange>& rows) {
  const TableSpec* table = table_of(put.table);
  CHECK(table != nullptr);  // a room named a table that does not exist
  Columns columns;
  for (const ColumnSpec& column : table->columns) {
    if (const auto found = put.columns.find(column.name); found != put.columns.end())
      columns.emplace_back(column.name, cell_for(column, found->second));
    else if (column.name == "area")
      columns.emplace_back("area", put.area);
  }
  rows.push_back(row(put.table, put.key, std::move(columns), put.doc));
}

struct Projector {
  std::vector<RowChange>& rows;

  template <class Body>
  void operator()(const Body& body) const {
    add(body, doc_of(body), rows);
  }
  void operator()(const Record&) const {}  // History has it
  void operator()(const RowPut& put) const { add(put, rows); }
  void operator()(const Removed& removed) const {
    CHECK(table_of(removed.table) != nullptr);
    rows.push_back({removed.table, removed.key, true, {}, {}});
  }
};

void add_event(const Event& event, const TimelineEntry* entry, bool merged, std::vector<RowChange>& rows) {
  if (std::holds_alternative<Record>(event.body) || std::holds_alternative<AuditEntry>(event.body)) return;
  if (event.kind == "score.fact") return;  // no screen follows them
  const EventFace face = face_of(event);
  std::string doc = face.topic.empty() || merged ? quiet_message(event, face) : ev_message(event, face, entry, event.at);
  rows.push_back(row("events", seq_key(event.seq),
                     {{"subject", face.subject}, {"kind", face.kind}, {"topic", merged ? std::string() : face.topic},
                      {"area", face.area}, {"at", cell(event.at)}},
                     std::move(doc)));
}

}  // namespace

std::string seq_key(std::uint64_t seq) {
  std::string digits = std::to_string(seq);
  return std::string(20 - digits.size(), '0') + digits;
}

void project(const Event& event, std::vector<RowChange>& rows) {
  std::visit(Projector{rows}, event.body);
  add_event(event, nullptr, false, rows);
}

void project(std::span<const Event> events, std::vector<RowChange>& rows) {
  const Entries entries(events);
  for (std::size_t i = 0; i < events.size(); ++i) {
    std::visit(Projector{rows}, events[i].body);
    add_event(events[i], entries.of(i), entries.is_merged(i), rows);
  }
}

}  // namespace cityloop
