// SPDX-License-Identifier: Apache-2.0
// All rows of one journal on their way into another store: a backup's file, a database.
#pragma once

#include <functional>

#include "city/ports.h"

namespace cityloop {

using TakeRows = std::function<Result<void>(const std::vector<RowChange>& rows)>;
using JournalRows =
    std::function<Result<void>(const TakeRows& take)>;  // gives all rows in pieces, and stops at a failure

inline constexpr std::size_t kRowsOfPiece = 1'000;

}  // namespace cityloop
