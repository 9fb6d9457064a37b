// SPDX-License-Identifier: Apache-2.0
// What a turn makes known. Every event carries the whole new state of its subject, so that a read model is the last
// event of a subject and a screen needs no second question. Made by the five rooms, in order; kept in the Journal.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/words.h"

namespace cityloop {

struct Removed {          // the subject is gone
  std::string table;      // `assets`, `units` …
  std::string key;
};

struct AuditEntry {       // one link of the hash chain (supervise/audit)
  std::uint64_t number = 0;
  Time at{};
  std::string actor;
  std::string action;     // verb
  std::string subject;
  std::string outcome;    // `ok` or a problem code
  std::string detail;     // no personal data; at most keyed digests
  std::string previous;   // hex
  std::string digest;     // hex: keyed BLAKE2b/HMAC over previous and the fields
};

struct TimelineAdded {
  std::string case_no;
  std::string area;
  TimelineEntry entry;
};

// Rows that serve's own tables hold: users, sessions, tokens, credentials, sources, areas, packs, settings …
// `doc` is the JSON that the API answers; `columns` are the indexed ones, by name.
struct RowPut {
  std::string table;
  std::string key;
  std::string area;
  std::map<std::string, std::string> columns;
  std::string doc;
};

using EventBody = std::variant<Alarm, Case, TimelineAdded, Report, Order, Notice, Asset, Unit, Attachment,
                               QuarantineItem, Record, AuditEntry, RowPut, Removed>;

struct Event {
  std::uint64_t seq = 0;    // city-wide, given by the city at the end of the turn
  Time at{};
  std::string kind;         // web.md §4.3: alarm.new alarm.update alarm.ack alarm.clear case.new case.stage case.field case.sla …
  std::string actor;        // Actor::id, or empty
  EventBody body;
};

}  // namespace cityloop
