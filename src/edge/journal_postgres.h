// SPDX-License-Identifier: Apache-2.0
// The Journal in a PostgreSQL database (15 or later), in the connection's schema. A commit is one transaction sent in
// one go. One server writes: its session holds an advisory lock, and each of its transactions carries the number
// (`meta.fence`) that it drew when it took the lock, so that whoever lost the lock to another can never write again
// (kHeld). A lost connection is made again by the next call: it finds out which turn arrived, and goes on there;
// kNotReady while the database is away, nothing was written then; kCorrupt when the database forgot turns that it had.
// Any thread; reads have connections of their own.
#pragma once

#include <memory>

#include "city/ports.h"
#include "core/limits.h"
#include "edge/journal_rows.h"

namespace cityloop {

struct JournalPostgresOptions {
  std::string url;           // of libpq: `postgres://…`; several hosts are tried for the one that takes writes
  std::string city;          // which data folder's journal it is; another folder's is refused (kUsage)
  std::uint32_t schema = 1;  // grows with the list of tables
  std::size_t readers = 4;   // reads at the same moment; more wait
  Millis lock_patience = limits::kPostgresLockPatience;
};

class JournalPostgres : public Journal {
 public:
  // Takes the journal over, and makes or grows its tables. kHeld: another server has it; kNewerData: its schema is
  // newer than ours.
  static Result<std::unique_ptr<JournalPostgres>> create(std::vector<TableSpec> tables, JournalPostgresOptions options);
  // For reading only, beside the server that writes. The tables must be there.
  static Result<std::unique_ptr<JournalPostgres>> open_to_read(std::vector<TableSpec> tables,
                                                               JournalPostgresOptions options);

  // Takes the rows of another journal, in one transaction. kConflict when this one is not empty.
  virtual Result<void> fill(const JournalHead& head, const JournalRows& rows) = 0;
};

}  // namespace cityloop
