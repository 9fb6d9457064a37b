// SPDX-License-Identifier: Apache-2.0
// The program's log: lines on standard error and in DATA/logs/cityloop.log, rotated by size.
#pragma once

#include <string>

#include "app/config.h"
#include "core/result.h"

namespace cityloop {

Result<void> start_logging(const std::string& folder, const Config& config);
void log_info(const std::string& sentence);
void log_warning(const std::string& sentence);
void log_error(const std::string& sentence);

}  // namespace cityloop
