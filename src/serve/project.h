// SPDX-License-Identifier: Apache-2.0
// Events to read models and to live deltas: the one place where the API's documents are written (architecture §5 forms).
// Pure functions; the city calls them at the end of a turn, tests and simulation too.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "city/ports.h"
#include "core/context.h"

namespace cityloop {

// The Journal's tables: assets alarms whys cases timeline reports orders notices units attachments quarantine audit events
// users sessions tokens credentials persons sources areas packs receivers scores settings.
const std::vector<TableSpec>& tables();
const TableSpec* table_of(std::string_view name);  // null: unknown

// Rows of one event, the row of the `events` table (key = 20-digit seq) among them. `events` rows of what screens hear of
// hold the `ev` message itself, so that a resume reads what was sent. Columns of a RowPut that its table lacks are dropped.
void project(const Event& event, std::vector<RowChange>& rows);

// What the live feed sends of one event: topic, area for the scope filter, and the `ev` message of web.md §4.3 as JSON,
// encoded once and shared by every socket.
struct LiveDelta {
  std::uint64_t seq = 0;
  std::string topic;   // alarm, case, report, rev, sys; empty: not for screens
  std::string area;
  std::string message;
};
std::optional<LiveDelta> live_delta(const Event& event, Time now);

// The same for all events of one turn, in order. Better than one by one: the timeline entry of a case is put into the `ev` of
// that case ("entry"), so a page needs no second question; alone, an entry is an `ev` of kind `case.entry`.
void project(std::span<const Event> events, std::vector<RowChange>& rows);
std::vector<LiveDelta> live_deltas(std::span<const Event> events, Time now);

std::string seq_key(std::uint64_t seq);  // 20 digits: orders as text

// Documents. Stable forms; fields may be added, never renamed.
std::string doc_of(const Alarm& alarm);
std::string why_doc(const Alarm& alarm);
std::string doc_of(const Case& file);
std::string doc_of(const TimelineAdded& added);
std::string doc_of(const Report& report);
std::string doc_of(const Order& order);
std::string doc_of(const Notice& notice);
std::string doc_of(const Asset& asset);
std::string doc_of(const Unit& unit);
std::string doc_of(const Attachment& attachment);
std::string doc_of(const QuarantineItem& item);
std::string doc_of(const Record& record);
std::string doc_of(const AuditEntry& entry);

// The clock that runs now: the last one not stopped; null when none runs.
const Clock* running_clock(const Case& file);

// Back from a stored document, for answers that need the value (allowed actions, why --verify).
Result<Case> case_of_doc(std::string_view doc);
Result<Alarm> alarm_of_doc(std::string_view doc, std::string_view why);
Result<Asset> asset_of_doc(std::string_view doc);
Result<Attachment> attachment_of_doc(std::string_view doc);

}  // namespace cityloop
