// SPDX-License-Identifier: Apache-2.0
#include "edge/backup.h"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "core/json.h"
#include "edge/journal_sqlite.h"
#include "edge/secrets.h"

namespace cityloop {
namespace {

namespace fs = std::filesystem;

constexpr int kFormat = 1;
constexpr std::size_t kPiece = 1u << 20;
constexpr std::uint64_t kManifestMost = 1u << 30;
constexpr const char* kManifest = "/manifest.json";

class Digest {
 public:
  Digest() { crypto_hash_sha256_init(&state_); }
  void add(std::string_view bytes) { crypto_hash_sha256_update(&state_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()); }
  std::string hex() {
    std::string digest(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256_final(&state_, reinterpret_cast<unsigned char*>(digest.data()));
    return hex_of(digest);
  }

 private:
  crypto_hash_sha256_state state_;
};

struct Kept {
  std::string path;  // relative
  std::uint64_t bytes = 0;
  std::string digest;
};

// Reads a file in pieces, to a digest and perhaps to a copy, which is synced.
Result<Kept> read_through(const std::string& path, const std::string& copy) {
  const File from = TRY(File::open(path, O_RDONLY));
  File to;
  if (!copy.empty()) to = TRY(File::open(copy, O_WRONLY | O_CREAT | O_EXCL));
  Kept kept;
  Digest digest;
  std::string piece;
  while (true) {
    piece.resize(kPiece);
    piece.resize(TRY(read_at(from, piece.data(), piece.size(), kept.bytes)));
    if (piece.empty()) break;
    digest.add(piece);
    if (to.is_open()) TRY(write_at(to, piece, kept.bytes));
    kept.bytes += piece.size();
  }
  TRY(sync_data(to.is_open() ? to : from));
  kept.digest = digest.hex();
  return kept;
}

Result<void> link_or_copy(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return {};
  if (errno == ENOENT) return fail(errors::kNotFound, "there is no file " + from);
  TRY(read_through(from, to));
  return {};
}

Result<std::vector<std::string>> files_below(const std::string& folder) {  // relative, sorted
  std::vector<std::string> files;
  std::error_code failed;
  for (fs::recursive_directory_iterator each(folder, failed), end; !failed && each != end; each.increment(failed)) {
    if (each->is_regular_file(failed)) files.push_back(each->path().lexically_relative(folder).string());
  }
  if (failed) return fail(errors::kStorage, "cannot list " + folder + ": " + failed.message());
  std::ranges::sort(files);
  return files;
}

// Attachments and checkpoints: written once under their name.
Result<void> link_all(const std::string& from, const std::string& to) {
  TRY(make_folder(to));
  for (const std::string& file : TRY(files_below(from))) {
    if (file.ends_with(".tmp")) continue;
    const std::string copy = to + "/" + file;
    TRY(make_folder(folder_of(copy)));
    const Result<void> linked = link_or_copy(from + "/" + file, copy);
    if (!linked && linked.error().code != &errors::kNotFound) return linked;  // gone: an old checkpoint that a newer one replaced
    TRY(sync_folder(folder_of(copy)));
  }
  return sync_folder(to);
}

Result<void> gather(const DataFolder& folder, const Journal& journal, const History& history, LogFiles& log, const std::string& target) {
  TRY(make_folder(target));
  TRY(link_all(folder.checkpoint(), target + "/checkpoint"));
  TRY(journal.backup(target + "/journal.db"));
  TRY(history.backup(target + "/history"));
  TRY(log.copy_to(target + "/log"));
  for (const char* family : {"/attachments", "/originals"}) {
    if (exists(folder.path() + family)) TRY(link_all(folder.path() + family, target + family));
  }
  for (const char* file : {"/secrets.json", "/VERSION", "/city.json"}) {
    if (exists(folder.path() + file)) TRY(read_through(folder.path() + file, target + file));
  }
  return {};
}

Result<BackupReport> write_manifest(const std::string& backup, const JournalHead& head, Time now) {
  BackupReport report{0, 0, head.turn};
  json::array files;
  for (const std::string& path : TRY(files_below(backup))) {
    const Kept kept = TRY(read_through(backup + "/" + path, {}));
    files.push_back(json::object{{"path", path}, {"bytes", kept.bytes}, {"sha256", kept.digest}});
    ++report.files;
    report.bytes += kept.bytes;
  }
  const json::object manifest{{"format", kFormat}, {"made_at", format_time(now)}, {"turn", head.turn}, {"epoch", head.epoch}, {"files", files}};
  TRY(put_file(backup + kManifest, json::serialize(manifest) + "\n"));
  return report;
}

bool is_inside(const std::string& path) {
  const fs::path form(path);
  return !path.empty() && form.is_relative() && std::ranges::none_of(form, [](const fs::path& part) { return part == ".." || part == "."; });
}

Result<std::vector<Kept>> read_manifest(const std::string& backup) {
  const auto damaged = [&] { return fail(errors::kCorrupt, backup + kManifest + " is damaged: this is no whole backup"); };
  const auto text = read_file(backup + kManifest, kManifestMost);
  if (!text && text.error().code == &errors::kNotFound) return fail(errors::kUsage, backup + " is no backup: it has no manifest.json");
  if (!text) return text.error();
  const auto value = parse_json(*text);
  if (!value || !value->is_object()) return damaged();
  const json::value* format = value->get_object().if_contains("format");
  const json::value* files = value->get_object().if_contains("files");
  if (format == nullptr || !format->is_int64() || files == nullptr || !files->is_array()) return damaged();
  if (format->get_int64() > kFormat) return fail(errors::kNewerData, backup + " was made by a newer program: restore it with that one");
  std::vector<Kept> all;
  for (const json::value& each : files->get_array()) {
    if (!each.is_object()) return damaged();
    const json::value* bytes = each.get_object().if_contains("bytes");
    Kept kept{text_or(each.get_object(), "path"), 0, text_or(each.get_object(), "sha256")};
    if (bytes == nullptr || !bytes->is_int64() || bytes->get_int64() < 0 || !is_inside(kept.path)) return damaged();
    kept.bytes = static_cast<std::uint64_t>(bytes->get_int64());
    all.push_back(std::move(kept));
  }
  return all;
}

// Reads every file that the manifest names, and copies it where a target is given.
Result<BackupReport> go_through(const std::string& backup, const std::string& target) {
  BackupReport report;
  for (const Kept& wanted : TRY(read_manifest(backup))) {
    const std::string copy = target.empty() ? std::string() : target + "/" + wanted.path;
    std::error_code failed;
    if (!copy.empty()) fs::create_directories(folder_of(copy), failed);
    if (failed) return fail(errors::kStorage, "cannot make " + folder_of(copy) + ": " + failed.message());
    const auto found = read_through(backup + "/" + wanted.path, copy);
    if (!found && found.error().code != &errors::kNotFound) return found.error();
    if (!found || found->bytes != wanted.bytes || found->digest != wanted.digest) {
      return fail(errors::kCorrupt, "the backup's file " + backup + "/" + wanted.path + " is not as it was made");
    }
    if (!copy.empty()) TRY(sync_folder(folder_of(copy)));
    ++report.files;
    report.bytes += wanted.bytes;
  }
  return report;
}

Result<void> protect_folders(const std::string& root) {
  std::error_code failed;
  for (fs::recursive_directory_iterator each(root, failed), end; !failed && each != end; each.increment(failed)) {
    if (each->is_directory(failed)) fs::permissions(each->path(), fs::perms::owner_all, failed);
  }
  if (failed) return fail(errors::kStorage, "cannot protect " + root + ": " + failed.message());
  return {};
}

Result<std::string> make_part(const std::string& target) {
  std::string part = target + ".part";
  std::error_code failed;
  fs::remove_all(part, failed);  // of an attempt that was cut off
  if (failed) return fail(errors::kStorage, "cannot remove " + part + ": " + failed.message());
  TRY(make_folder(part));
  return part;
}

}  // namespace

Result<BackupReport> backup_city(const DataFolder& folder, const Journal& journal, const History& history, LogFiles& log,
                                 const std::string& target, Time now) {
  if (exists(target)) return fail(errors::kConflict, target + " exists: name a folder that does not");
  const std::string part = TRY(make_part(target));
  log.hold_segments();
  const Result<void> gathered = gather(folder, journal, history, log, part);
  log.release_segments();
  TRY(gathered);
  const JournalHead head = TRY(journal.head());
  const BackupReport report = TRY(write_manifest(part, head, now));
  TRY(rename_file(part, target));
  TRY(sync_folder(folder_of(target)));
  return report;
}

Result<BackupReport> check_backup(const std::string& backup) { return go_through(backup, {}); }

Result<BackupReport> restore_city(const std::string& backup, const std::string& folder, Time now,
                                  const std::function<Result<void>(const std::string& part)>& settle) {
  if (exists(folder) && !TRY(names_in(folder)).empty()) return fail(errors::kConflict, folder + " is not empty: restore into a new folder");
  const std::string part = TRY(make_part(folder));
  BackupReport report = TRY(go_through(backup, part));
  TRY(protect_folders(part));
  report.turn = TRY(renew_epoch(part + "/journal.db"));
  const json::object mark{{"restored_at", format_time(now)}, {"turn", report.turn}, {"from", backup}};
  TRY(put_file(part + "/" + kRestoredMark, json::serialize(mark) + "\n"));
  if (settle) TRY(settle(part));
  TRY(rename_file(part, folder));
  TRY(sync_folder(folder_of(folder)));
  return report;
}

}  // namespace cityloop
