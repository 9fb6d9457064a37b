// SPDX-License-Identifier: Apache-2.0
// Reads CSV piece by piece (RFC 4180: quotes, doubled quotes, newlines in quotes, CRLF or LF; a byte order mark is passed
// over). Pure: the caller feeds bytes as they come, so that a file need not fit into memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace cityloop {

class CsvReader {
 public:
  static constexpr std::size_t kRowBytes = 1u << 20;  // a row longer than this is a quote that was never closed
  static constexpr std::size_t kCells = 4'096;

  explicit CsvReader(char delimiter = ',') : delimiter_(delimiter) {}

  void feed(std::string_view bytes);
  void finish();  // no more bytes will come

  struct Row {
    std::uint64_t line = 0;           // line of the file on which the row starts, from 1
    std::vector<std::string> cells;
    std::string problem;              // not empty: the row is broken, and how
  };
  // False: feed more, or the end. Blank lines are passed over. After a broken row, reading goes on with the next line.
  bool next(Row& row);

 private:
  bool scan(Row& row);
  void drop_read();

  char delimiter_;
  std::string bytes_;
  std::size_t read_ = 0;
  std::uint64_t line_ = 1;
  bool started_ = false, finished_ = false;
};

}  // namespace cityloop
