// SPDX-License-Identifier: Apache-2.0
// The `ev` message of one event, shared by project() and live_delta(). Of this room only.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/event.h"

namespace cityloop::serve {

struct EventFace {        // what an event is about, for routing
  std::string topic;      // empty: not for screens
  std::string kind;
  std::string subject;
  std::string area;
};
EventFace face_of(const Event& event);

// `prev` in it is 0: a socket is in order and complete, so a page need not wait for numbers that its scope leaves out.
// `entry` goes into `d` of a case's message; null: none. `out` is the time of sending.
std::string ev_message(const Event& event, const EventFace& face, const TimelineEntry* entry, Time out);
// What the events table keeps of an event that screens do not hear of.
std::string quiet_message(const Event& event, const EventFace& face);

// Which timeline entries of a turn travel within the message of their case. An entry joins the nearest event of its case
// that has none yet: the one before it, else the one after it.
class Entries {
 public:
  explicit Entries(std::span<const Event> events);
  const TimelineEntry* of(std::size_t event) const { return entry_of_[event]; }
  bool is_merged(std::size_t event) const { return merged_[event]; }

 private:
  std::vector<const TimelineEntry*> entry_of_;
  std::vector<bool> merged_;
};

}  // namespace cityloop::serve
