// SPDX-License-Identifier: Apache-2.0
// Bodies of readings and records. What is accepted must have sound offsets, must survive the Log's form, and must be JSON to
// Boost.JSON too (apart from the words NaN and Infinity, which we keep as flawed values, and NDJSON).
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/codec.h"
#include "core/json.h"
#include "sense/decode.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace cityloop;
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const std::string_view type = (bytes[0] & 1) != 0 ? "application/x-ndjson" : "application/json";
  const Result<ReadingBatch> batch = (bytes[0] & 2) != 0 ? decode_readings_for("asset-1", body) : decode_readings(body, type);
  if (batch) {
    std::string log;
    Writer out(log);
    batch->encode(out);
    ReadingBatch again;
    Reader in(log);
    again.decode(in);
    if (!in.ok() || !in.done() || again.messages.size() != batch->messages.size()) std::abort();
    const bool one_text = (bytes[0] & 3) == 0 && body.find('\n') == std::string_view::npos;
    bool flawed = false;
    for (const auto& sample : batch->samples) flawed = flawed || sample.flaw != 0;
    if (one_text && !flawed && batch->flaws.empty() && !parse_json(body)) std::abort();
  }
  (void)((bytes[0] & 2) != 0 ? decode_records_for("asset-1", body) : decode_records(body, type));
  return 0;
}
