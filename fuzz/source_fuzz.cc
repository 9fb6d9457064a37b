// SPDX-License-Identifier: Apache-2.0
// A source file up to the first zero byte, then a payload of it: the file is refused or decodes any payload into a batch with sound
// offsets, or says that it cannot.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/codec.h"
#include "sense/source.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace cityloop;
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const std::size_t end = std::min(input.find('\0'), size);
  const Result<SourceSpec> source = parse_source("fuzzed", input.substr(0, end));
  if (!source) return 0;
  const std::string_view payload = end < size ? input.substr(end + 1) : std::string_view();
  const Result<ReadingBatch> batch = decode_source(*source, "vendor/a/8A01/up", payload);
  if (!batch) return 0;
  std::string log;
  Writer out(log);
  batch->encode(out);
  ReadingBatch again;
  Reader in(log);
  again.decode(in);
  if (!in.ok() || !in.done() || again.messages.size() != batch->messages.size()) std::abort();
  return 0;
}
