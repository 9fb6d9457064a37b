// SPDX-License-Identifier: Apache-2.0
// The data folder of one city (0700): who holds it, what it was written by, and its keys.
//   lock · VERSION · secrets.json (0600) · control.sock · log/ · checkpoint/ · journal.db or store.json · history/ ·
//   attachments/ · originals/ · logs/
// One process holds it at a time; others talk to that process through control.sock (control_socket.h).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "edge/disk.h"

namespace cityloop {

struct FolderVersion {
  std::string program;        // `0.1.0`, for people
  std::uint32_t step = 0;     // of the state and the log (kStepVersion)
  std::uint32_t schema = 0;   // of the journal's tables
};

struct FolderKeys {           // drawn when the folder is made; 32 bytes each
  std::string audit;          // for the keyed digests of the audit chain
  std::string personal;       // for sealed personal fields
};

class DataFolder {
 public:
  // Makes the folder where there is none. kHeld: another process holds it; kNewerData: a newer program wrote it; kUsage: it
  // holds something else; kCorrupt: its keys are gone.
  static Result<std::unique_ptr<DataFolder>> open(const std::string& path, const FolderVersion& ours);

  const std::string& path() const { return path_; }
  std::string log() const { return path_ + "/log"; }
  std::string checkpoint() const { return path_ + "/checkpoint"; }
  std::string journal() const { return path_ + "/journal.db"; }
  std::string history() const { return path_ + "/history"; }
  std::string control() const { return path_ + "/control.sock"; }
  std::string logs() const { return path_ + "/logs"; }
  const FolderKeys& keys() const { return keys_; }
  const std::optional<FolderVersion>& found() const { return found_; }  // nothing: new, or never started to the end
  // Writes our version. Called when recovery has succeeded: until then the program that wrote the data may still open it.
  Result<void> stamp();
  // Set by a restore, until released: the outbox is held and sequences have skipped (architecture §1).
  bool is_restored() const;
  Result<void> release_restored();

 private:
  DataFolder(std::string path, FolderVersion ours) : path_(std::move(path)), ours_(std::move(ours)) {}
  Result<void> hold();
  Result<void> read_version();
  Result<void> read_keys();
  const std::string path_;
  const FolderVersion ours_;
  File lock_;
  FolderKeys keys_;
  std::optional<FolderVersion> found_;
};

// The keys of a folder that another process may hold: for checking its audit chain. kUsage where there are none, kCorrupt.
Result<FolderKeys> read_folder_keys(const std::string& path);

inline constexpr const char* kRestoredMark = "restored.json";

}  // namespace cityloop
