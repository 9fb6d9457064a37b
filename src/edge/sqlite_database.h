// SPDX-License-Identifier: Apache-2.0
// SQLite behind our words: a connection with its prepared statements, errors as Results. One thread at a time each.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "city/ports.h"

struct sqlite3;
struct sqlite3_stmt;

namespace cityloop {

struct SqliteClose {
  void operator()(sqlite3* database) const;
  void operator()(sqlite3_stmt* statement) const;
};

class SqliteStatement {
 public:
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}
  // Numbering from 1; the bytes of a text or blob must live until the statement is run to its end or reset.
  void bind(int index, const Cell& cell);
  void bind_text(int index, std::string_view text);
  void bind_blob(int index, std::string_view bytes);
  Result<bool> step();         // true: a row; false: done, and reset
  Result<void> run();          // to the end
  void reset();
  Cell cell(int column) const;  // of the row, from 0
  std::string text(int column) const;
  std::int64_t integer(int column) const;

 private:
  std::unique_ptr<sqlite3_stmt, SqliteClose> statement_;
};

class SqliteDatabase {
 public:
  enum class Use : std::uint8_t { write, read };
  static Result<std::unique_ptr<SqliteDatabase>> open(const std::string& file, Use use);
  Result<void> run(const std::string& sql);                    // statements without results
  Result<SqliteStatement*> prepared(const std::string& sql);   // kept for the next time
  Result<std::int64_t> number(const std::string& sql);         // first column of the first row; 0 without rows
  Result<void> sync_wal();                                     // what is committed survives a loss of power
  Result<void> copy_to(const std::string& file);               // a consistent, synced copy

 private:
  explicit SqliteDatabase(sqlite3* database) : database_(database) {}
  std::unique_ptr<sqlite3, SqliteClose> database_;
  std::unordered_map<std::string, SqliteStatement> prepared_;
};

}  // namespace cityloop
