// SPDX-License-Identifier: Apache-2.0
// Stories: text files under tests/stories/ that say what a city is told and what must come of it, a line a step. The runner
// plays one on the real city (harness.h). The language is described in tests/stories/README.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cityloop {

// Plays a story. Returns one sentence for each expectation that did not hold, with its line; empty when all held.
std::vector<std::string> play_story(std::string_view text);

}  // namespace cityloop
