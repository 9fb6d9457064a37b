// SPDX-License-Identifier: Apache-2.0
// CSV in pieces: whatever the pieces, the same rows; every row ends; times and zones of any bytes are refused, never worse.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sense/csv.h"
#include "sense/number.h"
#include "sense/time_text.h"
#include "sense/zone.h"

namespace {

std::string rows(std::string_view text, std::size_t piece, char delimiter) {
  cityloop::CsvReader csv(delimiter);
  cityloop::CsvReader::Row row;
  std::string out;
  std::size_t count = 0;
  const auto drain = [&] {
    while (csv.next(row)) {
      if (++count > text.size() + 1) std::abort();
      out += std::to_string(row.line) + (row.problem.empty() ? ":" : "!");
      for (const std::string& cell : row.cells) out += cell + '\x1f';
    }
  };
  for (std::size_t i = 0; i < text.size(); i += piece) {
    csv.feed(text.substr(i, piece));
    drain();
  }
  csv.finish();
  drain();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace cityloop;
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 2, size - 2);
  const char delimiter = (bytes[0] & 1) != 0 ? ';' : ',';
  const std::string whole = rows(text, text.size() + 1, delimiter);
  if (rows(text, bytes[1] % 16 + 1, delimiter) != whole) std::abort();
  Decimal number;
  const bool read = read_number(text, number) == NumberText::number;
  if (read != parse_decimal(text).has_value()) std::abort();
  static const TimeForm kForm = parse_time_form("%Y-%m-%d %H:%M:%S.%f %p %b %z").value();
  (void)read_time(kForm, text);
  if (const Result<Zone> zone = Zone::parse(text)) (void)zone->to_utc(from_ms(1661148000000));
  return 0;
}
