// SPDX-License-Identifier: Apache-2.0
// Files as the stores need them: every call is a Result with a sentence that names the file; what must survive a loss of
// power is synced, file and folder, before the call returns. Files are made 0600, folders 0700. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace cityloop {

class File {  // owns a descriptor
 public:
  File() = default;
  static Result<File> open(const std::string& path, int flags);  // O_CLOEXEC is added
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();
  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  const std::string& path() const { return path_; }

 private:
  File(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_ = -1;
  std::string path_;
};

Error disk_error(std::string_view what, const std::string& path);  // from errno; kNoSpace when the disk or a quota is full

Result<void> write_at(const File& file, std::string_view bytes, std::uint64_t offset);
Result<std::size_t> read_at(const File& file, char* into, std::size_t size, std::uint64_t offset);  // short only at the end
Result<std::uint64_t> size_of(const File& file);
Result<void> sync_data(const File& file);            // fdatasync
Result<void> sync_folder(const std::string& folder);
Result<void> preallocate(const File& file, std::uint64_t bytes);

Result<std::uint64_t> free_bytes(const std::string& folder);  // that we may still use on its disk
Result<std::string> read_file(const std::string& path, std::uint64_t most);  // kNotFound, kTooLarge
// Written aside, synced, renamed, folder synced: afterwards the file is the old or the new one, whole. `aside` must be on the
// same file system and nobody else's; without one it is `path.tmp`.
Result<void> put_file(const std::string& path, std::string_view bytes, std::string aside = {});
std::string folder_of(const std::string& path);
Result<void> make_folder(const std::string& path);   // one level; may exist
Result<void> rename_file(const std::string& from, const std::string& to);
Result<void> remove_file(const std::string& path);   // may be gone already
Result<std::vector<std::string>> names_in(const std::string& folder);  // sorted, without . and ..
bool exists(const std::string& path);

}  // namespace cityloop
