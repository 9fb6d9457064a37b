// SPDX-License-Identifier: Apache-2.0
// Segment files of the Log that wait to be used: preallocated ahead by a thread of their own, or cut and to be written again
// (overwriting syncs faster than new space). Any thread.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "edge/disk.h"

namespace cityloop {

class LogSpares {
 public:
  LogSpares(std::string folder, std::uint64_t segment_bytes, std::size_t kept, std::uint64_t reserve_bytes);
  LogSpares(const LogSpares&) = delete;
  LogSpares& operator=(const LogSpares&) = delete;
  ~LogSpares();

  static bool is_name(std::string_view name) { return name.starts_with("spare-"); }
  Result<void> adopt(const std::string& name);             // found in the folder at the start; removed when its size is another
  Result<void> start();                                    // makes the first one now, more in the background
  bool any() const;                                        // and the disk has more than the reserve
  Result<std::string> take();                              // the path of a spare, made now when none is ready
  Result<std::string> make(std::uint64_t bytes);           // one of its own size
  Result<void> recycle(const std::string& path, std::uint64_t bytes);  // keeps a cut segment, or removes it

 private:
  bool any_path() const;
  std::string new_path();
  void run();

  const std::string folder_;
  const std::uint64_t segment_bytes_;
  const std::size_t kept_;
  const std::uint64_t reserve_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::string> paths_;
  std::uint64_t number_ = 0;  // of the next file
  bool short_ = false;        // of disk
  bool stopping_ = false;
  std::thread maker_;
};

}  // namespace cityloop
