// SPDX-License-Identifier: Apache-2.0
#include "supervise/clocks.h"

#include <algorithm>
#include <array>

#include "core/codec.h"
#include "supervise/limit.h"

namespace cityloop {
namespace {

constexpr std::array kTold{50, 80, 100};
constexpr int kDueSoon = 75;  // a quarter is left

// A clock that another one interrupts waits: verification pauses acceptance, a unit's return pauses disposal,
// suspension pauses what it finds. Everything else that ends a stage stops its clock.
bool pauses(Stage running, Stage next) {
  if (next == Stage::suspended) return true;
  if (running == Stage::reported) return next == Stage::verifying;
  return running == Stage::handling && next == Stage::pending_dispatch;
}

// Of [from, to], what counts against the clock's limit; nothing when the calendar does not know it.
std::optional<Millis> counted(const StageClock& clock, Time from, Time to, const Calendar* calendar) {
  if (!clock.clock.working) return to - from;
  return calendar == nullptr ? std::nullopt : calendar->worked(from, to);
}

// When `share` of the limit is (or was) used up, going by the time it ran last; nothing: no limit, or the calendar does
// not reach.
std::optional<Time> moment(const StageClock& clock, Millis share, const Calendar* calendar) {
  if (!clock.length) return std::nullopt;
  const bool runs = clock.running_since.has_value();
  if (!runs && clock.ran.empty()) return std::nullopt;
  const std::size_t before = runs ? clock.ran.size() : clock.ran.size() - 1;
  const Time from = runs ? *clock.running_since : clock.ran.back().first;
  for (std::size_t i = 0; i < before; ++i) {
    const auto used = counted(clock, clock.ran[i].first, clock.ran[i].second, calendar);
    if (!used) return std::nullopt;
    share -= *used;
  }
  if (!clock.clock.working) return from + share;
  return calendar == nullptr ? std::nullopt : calendar->after(from, share);
}

std::optional<Time> moment_of(const StageClock& clock, int percent, const Calendar* calendar) {
  return clock.length ? moment(clock, *clock.length * percent / 100, calendar) : std::nullopt;
}

// Deadline, note and marks from what the clock has run by now.
void refresh(StageClock& clock, Time now, const Calendar* calendar) {
  if (!clock.length) return;  // the note of having no limit stays
  Clock& shown = clock.clock;
  shown.deadline = moment(clock, *clock.length, calendar);
  shown.note.clear();
  if (!shown.deadline) {
    const Time from = clock.ran.empty() ? clock.running_since.value_or(now) : clock.ran.front().first;
    shown.note = calendar == nullptr ? "calendar not set" : calendar->why_unknown(from);
  }
  const auto soon = moment_of(clock, kDueSoon, calendar);
  if (clock.running_since) {
    shown.overdue = shown.deadline && *shown.deadline <= now;
    shown.due_soon = !shown.overdue && soon && *soon <= now;
  } else {  // at the very deadline it was in time, unless it had gone on after it
    const auto& [resumed, halted] = clock.ran.back();
    const bool again = shown.overdue && shown.deadline && *shown.deadline <= resumed;
    shown.overdue = again || (shown.deadline && *shown.deadline < halted);
    shown.due_soon = !shown.overdue && !shown.stopped && soon && *soon <= halted;
  }
}

void set_limit(StageClock& clock, std::string text) {
  clock.clock.limit = std::move(text);
  clock.clock.note.clear();
  clock.length.reset();
  clock.clock.working = false;
  if (clock.clock.limit.empty()) {
    clock.clock.note = "no limit";
  } else if (const Result<Limit> limit = parse_limit(clock.clock.limit); !limit) {
    clock.clock.note = limit.error().detail;
  } else {
    clock.length = limit->length;
    clock.clock.working = limit->working;
  }
}

void halt(StageClock& clock, Time now) {
  clock.ran.emplace_back(*clock.running_since, now);
  clock.running_since.reset();
}

}  // namespace

StageLimits default_stage_limits() {
  return {{"reported", "15m"}, {"pending_dispatch", "15m"}, {"verifying", "30m"}, {"checking", "30m"}};
}

std::optional<Stage> clock_of(Stage stage) {
  switch (stage) {
    case Stage::reported:
    case Stage::pending_register: return Stage::reported;
    case Stage::pending_handle:
    case Stage::handling:
    case Stage::handle_finish: return Stage::handling;
    case Stage::verifying:
    case Stage::pending_dispatch:
    case Stage::pending_feedback:
    case Stage::checking:
    case Stage::pending_close: return stage;
    case Stage::closed:
    case Stage::forced_close:
    case Stage::cancelled:
    case Stage::not_accepted:
    case Stage::suspended: return std::nullopt;
  }
  return std::nullopt;
}

StageClock* CaseClocks::running() {
  const auto found =
      std::ranges::find_if(clocks_, [](const StageClock& clock) { return clock.running_since.has_value(); });
  return found == clocks_.end() ? nullptr : &*found;
}

StageClock* CaseClocks::waiting(Stage stage) {
  for (std::size_t i = clocks_.size(); i-- > round_;) {
    StageClock& clock = clocks_[i];
    if (clock.clock.stage == stage && (clock.clock.paused || stage == Stage::handling)) return &clock;
  }
  return nullptr;
}

void CaseClocks::enter(Stage stage, Time now, const std::string& disposal, const ClockRules& rules) {
  extend(now, disposal, rules);
  const std::optional<Stage> next = clock_of(stage);
  StageClock* current = running();
  if (current != nullptr && next == current->clock.stage) return;
  if (current != nullptr) {
    halt(*current, now);
    if (pauses(current->clock.stage, stage)) {
      current->clock.paused = true;
    } else {
      current->clock.stopped = now;
    }
    refresh(*current, now, rules.calendar);
  }
  if (!is_open(stage)) {
    for (StageClock& clock : clocks_) {  // what waited will not be needed
      if (!clock.clock.paused) continue;
      clock.clock.stopped = now;
      clock.clock.paused = false;
      clock.clock.due_soon = false;
    }
    over_ = true;
    return;
  }
  if (over_) round_ = clocks_.size();
  over_ = false;
  if (next) start(*next, now, disposal, rules);
}

// Another limit of the case is another deadline, which people hear of anew; a clock that has stopped is left as it was
// judged.
void CaseClocks::extend(Time now, const std::string& disposal, const ClockRules& rules) {
  if (disposal.empty()) return;
  for (std::size_t i = round_; i < clocks_.size(); ++i) {
    StageClock& clock = clocks_[i];
    if (clock.clock.stage != Stage::handling || clock.clock.stopped || clock.clock.limit == disposal) continue;
    set_limit(clock, disposal);
    clock.clock.deadline.reset();
    clock.clock.due_soon = clock.clock.overdue = false;
    refresh(clock, now, rules.calendar);
    const Time reached = clock.running_since ? now : clock.ran.back().second;
    int told = 0;
    for (int percent : kTold) {
      const auto at = moment_of(clock, percent, rules.calendar);
      if (percent <= clock.clock.reminded && at && *at <= reached) told = percent;
    }
    clock.clock.reminded = told;
  }
}

void CaseClocks::start(Stage stage, Time now, const std::string& disposal, const ClockRules& rules) {
  StageClock* clock = waiting(stage);
  if (clock == nullptr) {
    clock = &clocks_.emplace_back();
    clock->clock.stage = stage;
    clock->clock.started = now;
    const auto by_stage = rules.limits.find(std::string(stage_name(stage)));
    const bool own = stage == Stage::handling && !disposal.empty();
    set_limit(*clock, own ? disposal : by_stage != rules.limits.end() ? by_stage->second : "");
  }
  clock->clock.paused = false;
  clock->clock.stopped.reset();
  clock->running_since = now;
  refresh(*clock, now, rules.calendar);
}

void CaseClocks::recount(Time now, const ClockRules& rules) {
  for (StageClock& clock : clocks_) {
    if (!clock.clock.working || (clock.clock.stopped && clock.clock.deadline)) continue;
    refresh(clock, now, rules.calendar);
  }
}

std::vector<Clock> CaseClocks::shown() const {
  std::vector<Clock> all;
  for (const StageClock& clock : clocks_) all.push_back(clock.clock);
  return all;
}

Millis CaseClocks::total(Time now) const {
  Millis sum{0};
  for (const StageClock& clock : clocks_) {
    for (const auto& [from, to] : clock.ran) sum += to - from;
    if (clock.running_since) sum += now - *clock.running_since;
  }
  return sum;
}

std::optional<CaseClocks::Mark> CaseClocks::next_mark(const ClockRules& rules) const {
  for (const StageClock& clock : clocks_) {
    if (!clock.running_since || !clock.length) continue;
    for (int percent : {50, kDueSoon, 80, 100}) {
      const bool tells = percent != kDueSoon && clock.clock.reminded < percent;
      const bool turns =
          percent == kDueSoon ? !clock.clock.due_soon && !clock.clock.overdue : percent == 100 && !clock.clock.overdue;
      if (!tells && !turns) continue;
      const auto at = moment_of(clock, percent, rules.calendar);
      if (!at) return std::nullopt;  // what comes later is not known either
      return Mark{std::max(*at, *clock.running_since), percent, tells, clock.clock.stage};
    }
  }
  return std::nullopt;
}

void CaseClocks::reach(int percent) {
  StageClock* clock = running();
  if (clock == nullptr) return;
  if (percent == kDueSoon) {
    clock->clock.due_soon = true;
    return;
  }
  clock->clock.reminded = std::max(clock->clock.reminded, percent);
  if (percent < 100) return;
  clock->clock.overdue = true;
  clock->clock.due_soon = false;
}

void CaseClocks::encode(Writer& out) const {
  cityloop::encode(out, clocks_);
  cityloop::encode(out, static_cast<std::uint64_t>(round_));
  cityloop::encode(out, over_);
}

void CaseClocks::decode(Reader& in) {
  cityloop::decode(in, clocks_);
  std::uint64_t round = 0;
  cityloop::decode(in, round);
  round_ = static_cast<std::size_t>(std::min<std::uint64_t>(round, clocks_.size()));
  cityloop::decode(in, over_);
  for (const StageClock& clock : clocks_)
    if (!clock.running_since && clock.ran.empty()) return in.spoil();
}

}  // namespace cityloop
