// SPDX-License-Identifier: Apache-2.0
// Puts a ReadingBatch together value by value, for decoders that are not the hot one. Each name stands in the text once.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/message.h"
#include "core/result.h"

namespace cityloop {

class BatchBuilder {
 public:
  void begin(std::string_view asset, Time at);           // kNoTime: arrival
  void value(std::string_view point, Decimal value);
  void flawed(std::string_view point, std::uint32_t flaw);  // as ReadingBatch::Sample::flaw
  void end(std::string_view raw);                        // kept (cut) where a value is flawed or there is none
  void flaw(const Error& why, std::string_view raw);     // instead of a message
  std::size_t size() const { return batch_.size(); }
  std::size_t samples() const { return batch_.samples.size(); }
  ReadingBatch take();                                   // and start anew

 private:
  std::uint32_t name(std::string_view text);

  ReadingBatch batch_;
  ReadingBatch::Message message_;
  bool flawed_ = false;
  std::map<std::string, std::uint32_t, std::less<>> names_;
};

}  // namespace cityloop
