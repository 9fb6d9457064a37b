// SPDX-License-Identifier: Apache-2.0
#include "sense/csv.h"

#include <algorithm>

namespace cityloop {

void CsvReader::feed(std::string_view bytes) {
  drop_read();
  bytes_.append(bytes);
}

void CsvReader::finish() { finished_ = true; }

void CsvReader::drop_read() {
  bytes_.erase(0, read_);
  read_ = 0;
}

bool CsvReader::next(Row& row) {
  if (!started_) {
    if (bytes_.size() < 3 && !finished_) return false;
    if (bytes_.starts_with("\xEF\xBB\xBF")) read_ = 3;
    started_ = true;
  }
  for (;;) {
    if (read_ == bytes_.size()) return false;
    row = Row{};
    row.line = line_;
    if (!scan(row)) return false;
    const bool blank = row.problem.empty() && row.cells.size() == 1 && row.cells.front().empty();
    if (!blank) return true;
  }
}

// Reads one row, or nothing where its end has not come yet.
bool CsvReader::scan(Row& row) {
  const std::string_view text = std::string_view(bytes_).substr(read_);
  std::size_t i = 0;
  std::uint64_t lines = 0;
  std::string cell;
  const auto end_row = [&](std::size_t after) {
    read_ += after;
    line_ += lines;
    return true;
  };
  const auto spoil = [&](std::string why) {  // the line on which it went wrong is lost, no more
    row.problem = std::move(why);
    row.cells.clear();
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos && !finished_ && text.size() <= kRowBytes) return false;
    lines = end == std::string_view::npos ? 0 : 1;
    return end_row(end == std::string_view::npos ? text.size() : end + 1);
  };
  for (;;) {
    if (i < text.size() && text[i] == '"') {
      ++i;
      for (;;) {
        const std::size_t quote = text.find('"', i);
        if (quote == std::string_view::npos) {
          if (finished_ || text.size() > kRowBytes) return spoil("a quote is not closed");
          return false;
        }
        cell.append(text.substr(i, quote - i));
        i = quote + 1;
        if (i == text.size() && !finished_) return false;  // the next byte tells a doubled quote from the end
        if (i == text.size() || text[i] != '"') break;
        cell += '"';
        ++i;
      }
      if (cell.size() > kRowBytes) return spoil("the row is longer than 1 MiB");
      if (i < text.size() && text[i] != delimiter_ && text[i] != '\n' && text[i] != '\r') {
        return spoil("text follows a closing quote");
      }
    } else {
      const std::size_t start = i;
      while (i < text.size() && text[i] != delimiter_ && text[i] != '\n' && text[i] != '\r' && text[i] != '"') ++i;
      cell.append(text.substr(start, i - start));
      if (i < text.size() && text[i] == '"') return spoil("a quote stands in the middle of a cell");
    }
    if (i > kRowBytes) return spoil("the row is longer than 1 MiB");
    if (i == text.size() && !finished_) return false;
    lines += static_cast<std::uint64_t>(std::count(cell.begin(), cell.end(), '\n'));
    row.cells.push_back(std::move(cell));
    cell.clear();
    if (row.cells.size() > kCells) return spoil("the row has more than 4,096 cells");
    if (i == text.size()) return end_row(i);
    if (text[i] == delimiter_) {
      ++i;
      continue;
    }
    if (text[i] == '\r') {
      if (i + 1 == text.size() && !finished_) return false;
      ++i;
      if (i < text.size() && text[i] == '\n') ++i;
    } else {
      ++i;
    }
    ++lines;
    return end_row(i);
  }
}

}  // namespace cityloop
