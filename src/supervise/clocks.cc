// SPDX-License-Identifier: Apache-2.0
#include "supervise/clocks.h"

#include <algorithm>
#include <array>

#include "core/codec.h"
#include "supervise/limit.h"

namespace cityloop {
namespace {

constexpr std::array kPercents{50, 80, 100};

// A clock that another one interrupts waits: verification pauses acceptance, a unit's return pauses disposal,
// suspension pauses what it finds. Everything else that ends a stage stops its clock.
bool pauses(Stage running, Stage next) {
  if (next == Stage::suspended) return true;
  if (running == Stage::reported) return next == Stage::verifying;
  return running == Stage::handling && next == Stage::pending_dispatch;
}

void halt(StageClock& clock, Time now) {
  clock.used += now - *clock.running_since;
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

void CaseClocks::enter(Stage stage, Time now, const std::string& disposal, const StageLimits& limits) {
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
  }
  if (!is_open(stage)) {
    for (StageClock& clock : clocks_) {  // what waited will not be needed
      if (clock.clock.paused) clock.clock.stopped = now;
      clock.clock.paused = false;
    }
    over_ = true;
    return;
  }
  if (over_) round_ = clocks_.size();
  over_ = false;
  if (next) start(*next, now, disposal, limits);
}

void CaseClocks::start(Stage stage, Time now, const std::string& disposal, const StageLimits& limits) {
  if (StageClock* clock = waiting(stage)) {
    clock->clock.paused = false;
    clock->clock.stopped.reset();
    clock->running_since = now;
    if (clock->length) clock->clock.deadline = now + (*clock->length - clock->used);
    return;
  }
  StageClock fresh;
  fresh.clock.stage = stage;
  fresh.clock.started = now;
  fresh.running_since = now;
  const auto by_stage = limits.find(std::string(stage_name(stage)));
  if (stage == Stage::handling) fresh.clock.limit = disposal;
  if (fresh.clock.limit.empty() && by_stage != limits.end()) fresh.clock.limit = by_stage->second;
  if (fresh.clock.limit.empty()) {
    fresh.clock.note = "no limit";
  } else if (const Result<Limit> limit = parse_limit(fresh.clock.limit); !limit) {
    fresh.clock.note = limit.error().detail;
  } else if (limit->working) {
    fresh.clock.note = "calendar not set";
  } else {
    fresh.length = limit->length;
    fresh.clock.deadline = now + *fresh.length;
  }
  clocks_.push_back(std::move(fresh));
}

std::vector<Clock> CaseClocks::shown() const {
  std::vector<Clock> all;
  for (const StageClock& clock : clocks_) all.push_back(clock.clock);
  return all;
}

Millis CaseClocks::total(Time now) const {
  Millis sum{0};
  for (const StageClock& clock : clocks_) {
    sum += clock.used;
    if (clock.running_since) sum += now - *clock.running_since;
  }
  return sum;
}

std::optional<CaseClocks::Reminder> CaseClocks::next_reminder() const {
  for (const StageClock& clock : clocks_) {
    if (!clock.running_since || !clock.length) continue;
    for (int percent : kPercents) {
      if (clock.clock.reminded >= percent) continue;
      return Reminder{*clock.running_since + (*clock.length * percent / 100 - clock.used), percent, clock.clock.stage};
    }
  }
  return std::nullopt;
}

void CaseClocks::remind(int percent) {
  if (StageClock* clock = running()) clock->clock.reminded = percent;
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
}

}  // namespace cityloop
