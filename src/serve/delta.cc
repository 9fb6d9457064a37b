// SPDX-License-Identifier: Apache-2.0
#include "serve/delta.h"

#include <map>

#include "core/json_write.h"
#include "serve/project.h"

namespace cityloop::serve {
namespace {

bool is_configuration(std::string_view table) {
  return table == "areas" || table == "packs" || table == "sources" || table == "receivers" || table == "settings" ||
         table == "units" || table == "calendars" || table == "classes" || table == "formulas";
}

struct Facer {
  const Event& event;

  EventFace operator()(const Alarm& a) const { return {"alarm", event.kind, a.id, a.area}; }
  EventFace operator()(const Case& c) const { return {"case", event.kind, c.no, c.area}; }
  EventFace operator()(const TimelineAdded& t) const { return {"case", "case.entry", t.case_no, t.area}; }
  EventFace operator()(const Report& r) const { return {"report", event.kind, r.id, r.area}; }
  EventFace operator()(const Order& o) const { return {"", event.kind, o.case_no, o.area}; }
  EventFace operator()(const Notice& n) const { return {"notice", event.kind, n.subject, n.area}; }
  EventFace operator()(const Asset& a) const { return {"sys", "asset.put", a.id, a.area}; }
  EventFace operator()(const Unit& u) const { return {"sys", "rev.config", u.id, u.area}; }
  EventFace operator()(const Attachment& a) const { return {"", event.kind, a.id, a.area}; }
  EventFace operator()(const QuarantineItem& q) const { return {"", event.kind, q.id, ""}; }
  EventFace operator()(const Record& r) const { return {"", event.kind, r.asset, ""}; }
  EventFace operator()(const AuditEntry& e) const { return {"", event.kind, e.subject, ""}; }
  EventFace operator()(const RowPut& p) const {
    if (event.kind == "source.health") return {"sys", event.kind, p.key, p.area};
    if (is_configuration(p.table)) return {"sys", "rev.config", p.key, p.area};
    return {"", event.kind, p.key, p.area};
  }
  EventFace operator()(const Removed& r) const {
    if (r.table == "assets") return {"sys", "asset.remove", r.key, ""};
    if (is_configuration(r.table)) return {"sys", "rev.config", r.key, ""};
    return {"", event.kind, r.key, ""};
  }
};

// `d`: the subject's document; of configuration only what changed, since the page asks for what it needs.
struct Document {
  const EventFace& face;
  const TimelineEntry* entry;

  template <class Body>
  std::string operator()(const Body& body) const {
    return doc_of(body);
  }
  std::string operator()(const Case& file) const {
    std::string doc = doc_of(file);
    if (entry != nullptr) {
      doc.pop_back();
      doc += ",\"entry\":" + doc_of(TimelineAdded{file.no, file.area, *entry}) + "}";
    }
    return doc;
  }
  std::string operator()(const TimelineAdded& added) const {
    JsonWriter out;
    out.begin_object().member("no", added.case_no).member_raw("entry", doc_of(added));
    return out.end_object().take();
  }
  std::string operator()(Report report) const {
    report.reporter.clear();  // who reported is told by the API only, to the roles that may know
    return doc_of(report);
  }
  std::string operator()(const Unit& unit) const { return changed("units", unit.id); }
  std::string operator()(const RowPut& put) const {
    return face.kind == "source.health" ? put.doc : changed(put.table, put.key);
  }
  std::string operator()(const Removed& removed) const { return changed(removed.table, removed.key); }

  static std::string changed(std::string_view table, std::string_view key) {
    JsonWriter out;
    return out.begin_object().member("table", table).member("id", key).end_object().take();
  }
};

struct Stamps {
  Time source{}, in{};
};

Stamps stamps_of(const Event& event) {
  const auto* alarm = std::get_if<Alarm>(&event.body);
  if (alarm == nullptr) return {event.at, event.at};
  const bool raised = event.kind == "alarm.new";
  return {raised ? alarm->raised_at : alarm->changed_at, alarm->arrival == kNoTime ? event.at : alarm->arrival};
}

}  // namespace

EventFace face_of(const Event& event) { return std::visit(Facer{event}, event.body); }

std::string ev_message(const Event& event, const EventFace& face, const TimelineEntry* entry, Time out_at) {
  const Stamps stamps = stamps_of(event);
  JsonWriter out(2048);
  out.begin_object().member("t", "ev").member("seq", event.seq).member("prev", 0).member("k", face.kind);
  out.key("ids").begin_array().value(face.subject).end_array();
  out.member_raw("d", std::visit(Document{face, entry}, event.body));
  out.key("ts").begin_object().member("src", to_ms(stamps.source)).member("in", to_ms(stamps.in));
  return out.member("out", to_ms(out_at)).end_object().end_object().take();
}

std::string quiet_message(const Event& event, const EventFace& face) {
  JsonWriter out;
  out.begin_object().member("seq", event.seq).member("k", face.kind).member("actor", event.actor);
  return out.end_object().take();
}

Entries::Entries(std::span<const Event> events) : entry_of_(events.size(), nullptr), merged_(events.size(), false) {
  std::map<std::string_view, std::size_t> free_case;  // newest event of a case without an entry
  std::map<std::string_view, std::size_t> waiting;    // an entry still without its case
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (const auto* file = std::get_if<Case>(&events[i].body)) {
      if (const auto entry = waiting.find(file->no); entry != waiting.end()) {
        entry_of_[i] = &std::get<TimelineAdded>(events[entry->second].body).entry;
        merged_[entry->second] = true;
        waiting.erase(entry);
      } else {
        free_case[file->no] = i;
      }
    } else if (const auto* added = std::get_if<TimelineAdded>(&events[i].body)) {
      if (const auto before = free_case.find(added->case_no); before != free_case.end()) {
        entry_of_[before->second] = &added->entry;
        merged_[i] = true;
        free_case.erase(before);
      } else {
        waiting[added->case_no] = i;
      }
    }
  }
}

}  // namespace cityloop::serve

namespace cityloop {

using namespace serve;

std::optional<LiveDelta> live_delta(const Event& event, Time now) {
  EventFace face = face_of(event);
  if (face.topic.empty()) return std::nullopt;
  std::string message = ev_message(event, face, nullptr, now);
  return LiveDelta{event.seq, std::move(face.topic), std::move(face.area), std::move(message)};
}

std::vector<LiveDelta> live_deltas(std::span<const Event> events, Time now) {
  const Entries entries(events);
  std::vector<LiveDelta> deltas;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (entries.is_merged(i)) continue;
    EventFace face = face_of(events[i]);
    if (face.topic.empty()) continue;
    std::string message = ev_message(events[i], face, entries.of(i), now);
    deltas.push_back({events[i].seq, std::move(face.topic), std::move(face.area), std::move(message)});
  }
  return deltas;
}

}  // namespace cityloop
