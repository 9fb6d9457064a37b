// SPDX-License-Identifier: Apache-2.0
#include "edge/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/json.h"
#include "edge/secrets.h"

namespace cityloop {
namespace {

constexpr std::size_t kSmallFile = 64u << 10;

constexpr std::string_view kKnown[] = {"lock",           "VERSION",   "VERSION.tmp", "secrets.json", "secrets.json.tmp",
                                       "control.sock",   "log",       "checkpoint",  "journal.db",   "journal.db-wal",
                                       "journal.db-shm", "history",   "logs",        "attachments",  "originals",
                                       kRestoredMark,    "store.json"};

Result<void> check_ours(const std::string& path) {
  const std::vector<std::string> names = TRY(names_in(path));
  const auto has = [&](std::string_view name) { return std::ranges::find(names, name) != names.end(); };
  if (has("VERSION") || has("secrets.json")) return {};
  for (const std::string& name : names) {
    if (std::ranges::find(kKnown, name) == std::end(kKnown)) {
      return fail(errors::kUsage, path + " holds other things (`" + name + "`) and is no data folder: name an empty or a new folder");
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<DataFolder>> DataFolder::open(const std::string& path, const FolderVersion& ours) {
  std::error_code failed;
  const std::string whole = std::filesystem::absolute(path, failed).lexically_normal().string();
  const std::string trimmed = whole.size() > 1 && whole.ends_with('/') ? whole.substr(0, whole.size() - 1) : whole;
  std::filesystem::create_directories(folder_of(trimmed), failed);
  if (failed) return fail(errors::kStorage, "cannot make the folder " + folder_of(trimmed) + ": " + failed.message());
  TRY(make_folder(trimmed));
  TRY(check_ours(trimmed));
  if (::chmod(trimmed.c_str(), 0700) != 0) return disk_error("cannot protect", trimmed);
  std::unique_ptr<DataFolder> folder(new DataFolder(trimmed, ours));
  TRY(folder->hold());
  TRY(folder->read_version());
  TRY(folder->read_keys());
  for (const std::string& part : {folder->log(), folder->checkpoint(), folder->history(), folder->logs()}) TRY(make_folder(part));
  TRY(sync_folder(trimmed));
  return folder;
}

Result<void> DataFolder::hold() {
  lock_ = TRY(File::open(path_ + "/lock", O_RDWR | O_CREAT));
  if (::flock(lock_.fd(), LOCK_EX | LOCK_NB) != 0) {
    const auto holder = read_file(path_ + "/lock", kSmallFile);
    const std::string who = holder && !holder->empty() ? " (process " + holder->substr(0, holder->find('\n')) + ")" : "";
    return fail(errors::kHeld, "another process" + who + " holds the data folder " + path_);
  }
  if (::ftruncate(lock_.fd(), 0) != 0) return disk_error("cannot write", lock_.path());
  return write_at(lock_, std::to_string(::getpid()) + "\n", 0);
}

Result<void> DataFolder::read_version() {
  const auto text = read_file(path_ + "/VERSION", kSmallFile);
  if (!text && text.error().code == &errors::kNotFound) return {};
  if (!text) return text.error();
  const auto value = parse_json(*text);
  if (!value || !value->is_object()) return fail(errors::kCorrupt, path_ + "/VERSION is damaged: restore it from a backup");
  const auto step = want_number(value->get_object(), "step"), schema = want_number(value->get_object(), "schema");
  FolderVersion found;
  found.program = text_or(value->get_object(), "program");
  found.step = static_cast<std::uint32_t>(step ? step->value_or(0) : 0);
  found.schema = static_cast<std::uint32_t>(schema ? schema->value_or(0) : 0);
  if (found.step > ours_.step || found.schema > ours_.schema) {
    return fail(errors::kNewerData, path_ + " was written by cityloop " + found.program + ", which is newer than this " + ours_.program +
                                        ": start that version, or restore an older backup into another folder");
  }
  found_ = std::move(found);
  return {};
}

Result<void> DataFolder::stamp() {
  const json::object version{{"program", ours_.program}, {"step", ours_.step}, {"schema", ours_.schema}};
  return put_file(path_ + "/VERSION", json::serialize(version) + "\n");
}

Result<void> DataFolder::read_keys() {
  const std::string file = path_ + "/secrets.json";
  if (!exists(file)) {
    if (exists(journal())) {
      return fail(errors::kCorrupt, file + " is gone: without its keys personal fields cannot be read; put it back from a backup");
    }
    keys_ = {random_bytes(kSealKeyBytes), random_bytes(kSealKeyBytes)};
    const json::object made{{"audit_key", hex_of(keys_.audit)}, {"personal_key", hex_of(keys_.personal)}};
    return put_file(file, json::serialize(made) + "\n");
  }
  if (::chmod(file.c_str(), 0600) != 0) return disk_error("cannot protect", file);
  keys_ = TRY(read_folder_keys(path_));
  return {};
}

Result<FolderKeys> read_folder_keys(const std::string& path) {
  const std::string file = path + "/secrets.json";
  if (!exists(file)) return fail(errors::kUsage, "there is no city in " + path);
  const auto value = parse_json(TRY(read_file(file, kSmallFile)));
  const auto key = [&](std::string_view name) -> std::string {
    if (!value || !value->is_object()) return {};
    const auto bytes = bytes_of_hex(text_or(value->get_object(), name));
    return bytes && bytes->size() == kSealKeyBytes ? *bytes : std::string();
  };
  FolderKeys keys{key("audit_key"), key("personal_key")};
  if (keys.audit.empty() || keys.personal.empty()) return fail(errors::kCorrupt, file + " is damaged: put it back from a backup");
  return keys;
}

bool DataFolder::is_restored() const { return exists(path_ + "/" + kRestoredMark); }

Result<void> DataFolder::release_restored() {
  TRY(remove_file(path_ + "/" + kRestoredMark));
  return sync_folder(path_);
}

}  // namespace cityloop
