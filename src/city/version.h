// SPDX-License-Identifier: Apache-2.0
// Versions that data carries. A change of any encoded layout or of what step computes raises kStepVersion.
#pragma once

#include <cstdint>

namespace cityloop {

inline constexpr std::uint32_t kStepVersion = 3;  // Log records and checkpoints
inline constexpr std::uint32_t kOldestState =
    3;  // the oldest version whose checkpoint this program reads: an upgrade goes
        // through a clean stop, which leaves a checkpoint and no log to replay.
        // 3 writes clocks that 1 and 2 did not keep; nothing converts those
inline constexpr std::uint32_t kSchemaVersion = 1;  // Journal tables
inline constexpr const char* kProgramVersion = "0.1.0";

}  // namespace cityloop
