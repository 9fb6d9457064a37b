// SPDX-License-Identifier: Apache-2.0
// One report on its way into a case: what the files that take reports share.
#pragma once

#include "command/command.h"

namespace cityloop {

struct Command::Filing {
  std::string id;
  std::string state;      // empty: known from long ago, see the Journal
  std::string case_no;
  bool repeated = false;
};

// {"id","state"?,"case"}: what who sent it is told.
std::string filing_json(const std::string& id, const std::string& state, const std::string& case_no);

}  // namespace cityloop
