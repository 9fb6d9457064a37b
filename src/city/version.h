// SPDX-License-Identifier: Apache-2.0
// Versions that data carries. A change of any encoded layout or of what step computes raises kStepVersion.
#pragma once

#include <cstdint>

namespace cityloop {

inline constexpr std::uint32_t kStepVersion = 7;  // Log records and checkpoints
inline constexpr std::uint32_t kOldestState =
    7;  // the oldest version whose checkpoint this program reads: an upgrade goes
        // through a clean stop, which leaves a checkpoint and no log to replay.
        // 7 keeps the facts of scores that those before did not; nothing converts those
inline constexpr std::uint32_t kSchemaVersion = 3;  // Journal tables
inline constexpr const char* kProgramVersion = "0.1.0";

}  // namespace cityloop
