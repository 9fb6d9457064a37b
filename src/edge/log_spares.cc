// SPDX-License-Identifier: Apache-2.0
#include "edge/log_spares.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "edge/log_segment.h"

namespace cityloop {
namespace {

constexpr std::size_t kAhead = 2;  // one to switch to, and one so that any() stays true meanwhile

}  // namespace

LogSpares::LogSpares(std::string folder, std::uint64_t segment_bytes, std::size_t kept, std::uint64_t reserve_bytes)
    : folder_(std::move(folder)), segment_bytes_(segment_bytes), kept_(kept), reserve_bytes_(reserve_bytes) {}

LogSpares::~LogSpares() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (maker_.joinable()) maker_.join();
}

Result<void> LogSpares::adopt(const std::string& name) {
  const std::string path = folder_ + "/" + name;
  number_ = std::max<std::uint64_t>(number_, std::strtoull(name.c_str() + 6, nullptr, 10) + 1);
  if (TRY(size_of(TRY(File::open(path, O_RDONLY)))) != segment_bytes_) return remove_file(path);
  paths_.push_back(path);
  return {};
}

Result<void> LogSpares::start() {
  if (paths_.empty()) paths_.push_back(TRY(make(segment_bytes_)));
  maker_ = std::thread([this] { run(); });
  return {};
}

// Looks at the disk every second, or at once when a spare was taken. While the disk is full it tries again, and any() says no as
// soon as the reserve is touched or the last spare is used.
void LogSpares::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const bool wanted = paths_.size() < kAhead;
    lock.unlock();
    const Result<std::uint64_t> free = free_bytes(folder_);
    const bool tight = free && *free < reserve_bytes_;
    // A spare may not eat into the reserve, unless there is none at all.
    const bool affordable = !free || *free >= reserve_bytes_ + segment_bytes_ || !any_path();
    Result<std::string> spare = wanted && affordable ? make(segment_bytes_) : Result<std::string>(fail(errors::kNoSpace, ""));
    lock.lock();
    short_ = tight;
    if (spare) paths_.push_back(std::move(spare).value());
    if (spare && paths_.size() < kAhead) continue;
    wake_.wait_for(lock, std::chrono::seconds(1));
  }
}

bool LogSpares::any_path() const {
  const std::lock_guard lock(mutex_);
  return !paths_.empty();
}

bool LogSpares::any() const {
  const std::lock_guard lock(mutex_);
  return !paths_.empty() && !short_;
}

std::string LogSpares::new_path() {
  const std::lock_guard lock(mutex_);
  return folder_ + "/spare-" + std::to_string(number_++);
}

Result<std::string> LogSpares::take() {
  std::string spare;
  {
    const std::lock_guard lock(mutex_);
    if (!paths_.empty()) {
      spare = std::move(paths_.back());
      paths_.pop_back();
    }
  }
  wake_.notify_one();
  if (spare.empty()) return make(segment_bytes_);
  return spare;
}

Result<std::string> LogSpares::make(std::uint64_t bytes) {
  const std::string path = new_path();
  const std::string aside = path + ".tmp";
  {
    const File file = TRY(File::open(aside, O_RDWR | O_CREAT | O_TRUNC));
    Result<void> made = preallocate(file, bytes);
    if (made) made = write_at(file, kSegmentMagic, 0);
    if (made && ::fsync(file.fd()) != 0) made = disk_error("cannot sync", aside);
    if (!made) {
      (void)remove_file(aside);
      return made.error();
    }
  }
  TRY(rename_file(aside, path));
  return path;
}

Result<void> LogSpares::recycle(const std::string& path, std::uint64_t bytes) {
  bool keep = bytes == segment_bytes_;
  {
    const std::lock_guard lock(mutex_);
    keep = keep && paths_.size() < kept_;
  }
  if (!keep) return remove_file(path);
  const std::string spare = new_path();
  TRY(rename_file(path, spare));
  const std::lock_guard lock(mutex_);
  paths_.push_back(spare);
  return {};
}

}  // namespace cityloop
