// SPDX-License-Identifier: Apache-2.0
// A backup of a running city: a folder with the same parts as the data folder and `manifest.json` with every file's digest.
// Order makes it whole: segments are held, then checkpoints, Journal, History, Log (which so reaches as far as they do), attachments.
// Files that never change are linked where the file system allows it. It holds the folder's keys: protect it like the folder.
#pragma once

#include <functional>

#include "edge/folder.h"
#include "edge/log_files.h"

namespace cityloop {

struct BackupReport {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t turn = 0;  // of the Journal
};

// `target` must not exist; it appears whole or not at all. The city has flushed History and synced the Journal before its newest checkpoint.
Result<BackupReport> backup_city(const DataFolder& folder, const Journal& journal, const History& history, LogFiles& log,
                                 const std::string& target, Time now);

// Reads every file again. kCorrupt naming the first that differs.
Result<BackupReport> check_backup(const std::string& backup);

// Checks and copies a backup into `folder`, which is new or empty, with a new epoch and the mark of a restore
// (DataFolder::is_restored). `settle` may then do something with the folder's parts before it appears.
Result<BackupReport> restore_city(const std::string& backup, const std::string& folder, Time now,
                                  const std::function<Result<void>(const std::string& part)>& settle = {});

}  // namespace cityloop
