// SPDX-License-Identifier: Apache-2.0
// Bytes that come back from the disk or from a client's cursor: blocks and heads of History, keys of records, cursors. The first
// byte says which. Checksums are mended first, so that what stands behind them is reached.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "edge/block.h"
#include "edge/crc32c.h"
#include "edge/cursor.h"
#include "edge/history_head.h"
#include "edge/history_keys.h"
#include "edge/journal_query.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace cityloop;
  if (size == 0) return 0;
  std::string text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const std::uint32_t crc = crc32c(text);
  const std::string summed = text + std::string(reinterpret_cast<const char*>(&crc), sizeof crc);
  switch (bytes[0] % 4) {
    case 0: {
      std::vector<Sample> samples;
      (void)block_summary(summed);
      if (!decode_block(summed, samples) && !samples.empty()) std::abort();
      break;
    }
    case 1:
      if (const auto head = HistoryHead::load(1, summed)) {
        std::vector<Sample> samples;
        head->read(samples);
        if (samples.size() != head->count()) std::abort();
      }
      break;
    case 2: {
      RecordKey key;
      if (parse_record_key(text, key) && !text.empty()) (void)record_key(text.front(), key);
      break;
    }
    default:
      if (const auto plain = cursor_bytes(text); plain && cursor_text(*plain) != text) std::abort();
      const TableSpec table{"cases", {{"level", ColumnSpec::Type::integer}}};
      (void)position_of(table, Query{.table = "cases", .order = "level", .cursor = cursor_text(text)});
  }
  return 0;
}
