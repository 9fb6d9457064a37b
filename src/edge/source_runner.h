// SPDX-License-Identifier: Apache-2.0
// Keeps the connected systems connected: for each source of the table an adapter that subscribes at its broker, polls its URL or
// watches its folder (sense/source.h says how), decodes what comes and offers it. Nothing is acknowledged, and no file is done with,
// before the city says that it is durable. One thread a source.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/message.h"
#include "sense/source.h"

namespace cityloop {

struct SourceCity {  // every member is set; called on the adapters' threads
  std::function<void(Input, std::function<void(Answer)>)> offer;
  std::function<Time()> now;
  std::function<Result<ReadingBatch>(const SourceSpec&, std::string_view topic, std::string_view payload)> decode;  // decode_source
  // What stands at HttpTransport::next in an answer; nothing: it was the last page.
  std::function<std::optional<std::string>(const SourceSpec&, std::string_view payload)> next_page;
  std::function<std::string(const std::string& variable)> environment;  // secrets; empty: not set
  std::string state_folder;  // exists; remembers which files were read
  std::string ca_file;       // of https and mqtts; empty: the system's authorities
};

class SourceRunner {
 public:
  static std::unique_ptr<SourceRunner> create(SourceCity city);
  virtual ~SourceRunner() = default;
  // The table as it is now: new ones start, changed ones (another `text`) start anew, missing ones stop. Any one thread.
  virtual void update(const std::vector<SourceSpec>& sources) = 0;
  virtual void stop() = 0;
  struct Counters { std::uint64_t sources = 0, connected = 0, payloads = 0, undecodable = 0, failures = 0; };
  virtual Counters counters() const = 0;
};

}  // namespace cityloop
