// SPDX-License-Identifier: Apache-2.0
// Receivers of notices between the configuration, the city and the sender: who reads their secrets, and when. Secrets are read anew for each
// try, so that a changed one needs no restart.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "app/config.h"
#include "edge/channel.h"

namespace cityloop {

// One entry of `receivers`: checked as the city will check it. A webhook's `secret` may stand in the file in clear.
Result<Config::Receiver> configured_receiver(const boost::json::value& value);

// With its secrets. kUsage naming the variable or file that gives none.
Result<OpenReceiver> open_receiver(const Receiver& receiver, const Config& config, const std::string& data_folder);

}  // namespace cityloop
