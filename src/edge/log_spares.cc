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

LogSpares::LogSpares(std::string folder, std::uint64_t segment_bytes, std::size_t kept)
    : folder_(std::move(folder)), segment_bytes_(segment_bytes), kept_(kept) {}

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

// While the disk is full it tries again every second, and any() says no as soon as the last spare is used.
void LogSpares::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stopping_ || paths_.size() < kAhead; });
    if (stopping_) return;
    lock.unlock();
    Result<std::string> spare = make(segment_bytes_);
    lock.lock();
    if (spare) paths_.push_back(std::move(spare).value());
    else wake_.wait_for(lock, std::chrono::seconds(1), [&] { return stopping_; });
  }
}

bool LogSpares::any() const {
  const std::lock_guard lock(mutex_);
  return !paths_.empty();
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
