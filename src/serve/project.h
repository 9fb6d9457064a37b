// SPDX-License-Identifier: Apache-2.0
// Events to read models and to live deltas: the one place where the API's documents are written (architecture §5 forms).
// Pure functions; the city calls them at the end of a turn, tests and simulation too.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "city/ports.h"
#include "core/context.h"

namespace cityloop {

// The Journal's tables: assets alarms cases timeline reports orders notices units attachments quarantine audit events
// users sessions tokens credentials sources areas packs receivers scores settings.
const std::vector<TableSpec>& tables();

// Rows of one event, the row of the `events` table (key = 20-digit seq) among them.
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

// Back from a stored document, for answers that need the value (allowed actions, why --verify).
Result<Case> case_of_doc(std::string_view doc);
Result<Alarm> alarm_of_doc(std::string_view doc, std::string_view why);
Result<Asset> asset_of_doc(std::string_view doc);

}  // namespace cityloop
