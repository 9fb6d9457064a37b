// SPDX-License-Identifier: Apache-2.0
// The Journal in one SQLite file (WAL, synchronous=NORMAL): a commit is whole after any crash; a loss of power may take the last
// ones, which the Log brings back, and sync() makes all of them durable. One writer; reads run on a pool of connections.
#pragma once

#include <memory>

#include "city/ports.h"
#include "edge/journal_rows.h"

namespace cityloop {

struct JournalSqliteOptions {
  std::uint32_t schema = 1;  // grows with the list of tables
  std::size_t readers = 4;   // reads at the same moment; more wait
};

class JournalSqlite : public Journal {
 public:
  // Makes or opens the file. Tables, columns and indexes that are new in `tables` are added (their cells are absent in old rows);
  // kNewerData when the file's schema is newer than ours.
  static Result<std::unique_ptr<JournalSqlite>> create(const std::string& file, std::vector<TableSpec> tables, JournalSqliteOptions options = {});
};

// Gives a restored file, which nobody has open, a new epoch. Returns the turn that it holds.
Result<std::uint64_t> renew_epoch(const std::string& file);

// The rows of another journal as a new file, synced; and all rows of a file that nobody writes to.
Result<void> write_journal_file(const std::string& file, const std::vector<TableSpec>& tables,
                                JournalSqliteOptions options, const JournalHead& head, const JournalRows& rows);
Result<JournalHead> read_journal_file(const std::string& file, const std::vector<TableSpec>& tables,
                                      JournalSqliteOptions options, const TakeRows& take);

}  // namespace cityloop
