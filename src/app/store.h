// SPDX-License-Identifier: Apache-2.0
// Where a city's Journal lives: `journal.db` in its data folder, or a PostgreSQL database, which `store.json` in the
// folder then names (without a password). A folder keeps to its store: another one comes by way of backup and restore.
#pragma once

#include <memory>
#include <string>

#include "city/ports.h"
#include "edge/backup.h"

namespace cityloop {

struct OpenStore {
  std::unique_ptr<Journal> journal;
  bool is_apart = false;  // a database, not a file of the folder
};

// For the process that holds the folder. `store`: as configured; empty: as the folder says.
Result<OpenStore> open_store(const std::string& folder, const std::string& store);
// For reading beside that process. kUsage when there is no city in the folder.
Result<std::unique_ptr<Journal>> open_store_to_read(const std::string& folder);

// restore_city, into that store.
Result<BackupReport> restore_into(const std::string& backup, const std::string& folder, const std::string& store,
                                  Time now);

}  // namespace cityloop
