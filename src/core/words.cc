// SPDX-License-Identifier: Apache-2.0
#include "core/words.h"

#include <algorithm>
#include <array>

namespace cityloop {
namespace {

// Names stand in the order of the enumerators.
constexpr std::array<std::string_view, 15> kRoles{
    "collector", "acceptor",   "shift_leader", "dispatcher", "unit_desk", "handler",        "inspector",   "evaluator",
    "leader",    "integrator", "wall",         "admin",      "security_admin", "audit_admin", "device"};
constexpr std::array<std::string_view, 5> kLevels{"none", "blue", "yellow", "orange", "red"};
constexpr std::array<std::string_view, 6> kQualities{"good", "at_limit", "suspect", "late", "simulated", "derived"};
constexpr std::array<std::string_view, 3> kLives{"in_use", "maintenance", "retired"};
constexpr std::array<std::string_view, 3> kAlarmStates{"pending", "firing", "cleared"};
constexpr std::array<std::string_view, 3> kUrgencies{"normal", "urgent", "very_urgent"};
constexpr std::array<std::string_view, 15> kStages{
    "reported",      "verifying",        "pending_register", "pending_dispatch", "pending_handle", "handling",
    "handle_finish", "pending_feedback", "checking",         "pending_close",    "closed",         "forced_close",
    "cancelled",     "not_accepted",     "suspended"};

// Empty for a number that stands for nothing, which only damaged bytes can bring.
template <class E, std::size_t N>
std::string_view name_in(const std::array<std::string_view, N>& names, E value) {
  const auto index = static_cast<std::size_t>(value);
  return index < N ? names[index] : std::string_view{};
}

template <class E, std::size_t N>
std::optional<E> value_in(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<E>(found - names.begin());
}

}  // namespace

std::string_view role_name(Role role) { return name_in(kRoles, role); }
std::optional<Role> role_of(std::string_view name) { return value_in<Role>(kRoles, name); }
bool Actor::is(Role role) const { return std::find(roles.begin(), roles.end(), role) != roles.end(); }

std::string_view level_name(Level level) { return name_in(kLevels, level); }
std::optional<Level> level_of(std::string_view name) { return value_in<Level>(kLevels, name); }
std::string_view quality_name(Quality quality) { return name_in(kQualities, quality); }
std::string_view life_name(Life life) { return name_in(kLives, life); }
std::optional<Life> life_of(std::string_view name) { return value_in<Life>(kLives, name); }
std::string_view alarm_state_name(AlarmState state) { return name_in(kAlarmStates, state); }
std::string_view urgency_name(Urgency urgency) { return name_in(kUrgencies, urgency); }
std::optional<Urgency> urgency_of(std::string_view name) { return value_in<Urgency>(kUrgencies, name); }
std::string_view stage_name(Stage stage) { return name_in(kStages, stage); }
std::optional<Stage> stage_of(std::string_view name) { return value_in<Stage>(kStages, name); }

bool is_open(Stage stage) {
  return stage != Stage::closed && stage != Stage::forced_close && stage != Stage::cancelled &&
         stage != Stage::not_accepted;
}

}  // namespace cityloop
