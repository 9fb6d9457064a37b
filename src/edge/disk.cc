// SPDX-License-Identifier: Apache-2.0
#include "edge/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace cityloop {

Result<File> File::open(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (fd >= 0) return File(fd, path);
  if (errno == ENOENT) return fail(errors::kNotFound, "there is no file " + path);
  return disk_error("cannot open", path);
}

File::File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Error disk_error(std::string_view what, const std::string& path) {
  const int reason = errno;
  const bool full = reason == ENOSPC || reason == EDQUOT || reason == EFBIG;
  return fail(full ? errors::kNoSpace : errors::kStorage, std::string(what) + " " + path + ": " + std::strerror(reason));
}

Result<void> write_at(const File& file, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::pwrite(file.fd(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return disk_error("cannot write", file.path());
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
    offset += static_cast<std::uint64_t>(wrote);
  }
  return {};
}

Result<std::size_t> read_at(const File& file, char* into, std::size_t size, std::uint64_t offset) {
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got = ::pread(file.fd(), into + have, size - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return disk_error("cannot read", file.path());
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  return have;
}

Result<std::uint64_t> size_of(const File& file) {
  struct stat about {};
  if (::fstat(file.fd(), &about) != 0) return disk_error("cannot look at", file.path());
  return static_cast<std::uint64_t>(about.st_size);
}

Result<void> sync_data(const File& file) {
  if (::fdatasync(file.fd()) != 0) return disk_error("cannot sync", file.path());
  return {};
}

Result<void> sync_folder(const std::string& folder) {
  const File opened = TRY(File::open(folder, O_RDONLY | O_DIRECTORY));
  if (::fsync(opened.fd()) != 0) return disk_error("cannot sync the folder", folder);
  return {};
}

Result<void> preallocate(const File& file, std::uint64_t bytes) {
  const int reason = ::posix_fallocate(file.fd(), 0, static_cast<off_t>(bytes));
  if (reason == 0) return {};
  errno = reason;
  return disk_error("cannot reserve space for", file.path());
}

Result<std::string> read_file(const std::string& path, std::uint64_t most) {
  const File file = TRY(File::open(path, O_RDONLY));
  const std::uint64_t size = TRY(size_of(file));
  if (size > most) return fail(errors::kTooLarge, path + " is larger than " + std::to_string(most) + " bytes");
  std::string bytes(size, '\0');
  bytes.resize(TRY(read_at(file, bytes.data(), bytes.size(), 0)));
  return bytes;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

Result<std::uint64_t> free_bytes(const std::string& folder) {
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0) return disk_error("cannot look at the disk of", folder);
  return std::uint64_t{disk.f_bavail} * disk.f_frsize;
}

Result<void> put_file(const std::string& path, std::string_view bytes, std::string aside) {
  if (aside.empty()) aside = path + ".tmp";
  {
    const File file = TRY(File::open(aside, O_WRONLY | O_CREAT | O_TRUNC));
    TRY(write_at(file, bytes, 0));
    if (::fsync(file.fd()) != 0) return disk_error("cannot sync", aside);
  }
  TRY(rename_file(aside, path));
  return sync_folder(folder_of(path));
}

Result<void> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return disk_error("cannot make the folder", path);
}

Result<void> rename_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return disk_error("cannot rename " + from + " to", to);
  return {};
}

Result<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return disk_error("cannot remove", path);
  return {};
}

Result<std::vector<std::string>> names_in(const std::string& folder) {
  DIR* listing = ::opendir(folder.c_str());
  if (listing == nullptr) return disk_error("cannot list", folder);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(listing)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(listing);
  std::ranges::sort(names);
  return names;
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace cityloop
