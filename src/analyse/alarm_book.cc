// SPDX-License-Identifier: Apache-2.0
#include "analyse/alarm_book.h"

#include <algorithm>

#include "analyse/wake_heap.h"
#include "core/limits.h"

namespace cityloop {

bool is_loud(const Alarm& alarm) {
  return alarm.state == AlarmState::firing && alarm.inhibited_by.empty() && !alarm.shelved_until;
}

Alarm* AlarmBook::find(std::string_view id) {
  const auto found = alarms_.find(id);
  return found == alarms_.end() ? nullptr : &found->second;
}

const Alarm* AlarmBook::find(std::string_view id) const {
  const auto found = alarms_.find(id);
  return found == alarms_.end() ? nullptr : &found->second;
}

Alarm& AlarmBook::add(Alarm alarm) {
  std::string id = alarm.id;
  if (alarm.drill) drills_.insert(id);
  return alarms_[std::move(id)] = std::move(alarm);
}

void AlarmBook::forget(std::string_view id) {
  const auto found = alarms_.find(id);
  if (found == alarms_.end()) return;
  const Alarm& alarm = found->second;
  if (alarm.cleared_at) cleared_.erase({to_ms(*alarm.cleared_at), alarm.id});
  drills_.erase(alarm.id);
  if (const auto timer = timer_of_.find(id); timer != timer_of_.end()) {
    timers_.erase({timer->second, alarm.id});
    timer_of_.erase(timer);
  }
  alarms_.erase(found);
}

void AlarmBook::list_cleared(const Alarm& alarm) {
  cleared_.insert({to_ms(*alarm.cleared_at), alarm.id});
  drills_.erase(alarm.id);
  if (cleared_.size() > limits::kAlarmsListed) forget(std::string(cleared_.begin()->second));
}

void AlarmBook::set_timer(const Alarm& alarm) {
  if (const auto old = timer_of_.find(alarm.id); old != timer_of_.end()) {
    timers_.erase({old->second, alarm.id});
    timer_of_.erase(old);
  }
  if (alarm.state == AlarmState::cleared) return;
  std::int64_t due = WakeHeap::kAsleep;
  if (alarm.shelved_until) due = to_ms(*alarm.shelved_until);
  if (alarm.drill) due = std::min(due, to_ms(alarm.raised_at + limits::kDrillLasts));
  if (due == WakeHeap::kAsleep) return;
  timer_of_[alarm.id] = due;
  timers_.insert({due, alarm.id});
}

std::int64_t AlarmBook::next_timer() const { return timers_.empty() ? WakeHeap::kAsleep : timers_.begin()->first; }

std::string AlarmBook::due(std::int64_t now) {
  if (next_timer() > now) return {};
  std::string id = timers_.begin()->second;
  timer_of_.erase(id);
  timers_.erase(timers_.begin());
  return id;
}

void AlarmBook::decode(Reader& in) {
  *this = {};
  cityloop::decode(in, alarms_);
  for (const auto& [id, alarm] : alarms_) {
    if (alarm.state != AlarmState::cleared) {
      if (alarm.drill) drills_.insert(id);
      set_timer(alarm);
    } else if (alarm.cleared_at) {
      cleared_.insert({to_ms(*alarm.cleared_at), id});
    }
  }
}

}  // namespace cityloop
