// SPDX-License-Identifier: Apache-2.0
// Runs the examples that a pack carries (docs/how-to/add-a-pack.md) through a whole engine of their own: timed inputs,
// ticks whenever something is due, expectations about alarms. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "core/pack.h"

namespace cityloop {

// One sentence for every expectation that failed; empty: all hold. `until` means: at every moment up to then, since the
// expectation of the same asset and alert that stands before it. The error: packs do not compile, or an example is malformed.
Result<std::vector<std::string>> run_examples(const Packs& packs, const Pack& pack);

}  // namespace cityloop
