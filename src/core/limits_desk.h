// SPDX-License-Identifier: Apache-2.0
// Bounds of the operators' desk, with their reasons; as core/limits.h.
#pragma once

#include <cstddef>

namespace cityloop::limits {

inline constexpr std::size_t kCasesAtOnce = 200;        // of one bulk action: less than a turn's inputs, an answer within a second
inline constexpr std::size_t kCallerReports = 50;       // shown of one caller; more would be a list of its own
inline constexpr std::size_t kShiftItems = 200;         // of one kind in a hand-over; the rest is counted
inline constexpr std::size_t kShiftBytes = 512u << 10;  // what a hand-over lists, as it was signed

}  // namespace cityloop::limits
