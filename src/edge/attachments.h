// SPDX-License-Identifier: Apache-2.0
// Pictures as content-addressed files: `attachments/ab/cdef…` holds the cleaned bytes, `originals/…` what was sent, for the few
// who may see it. Written once, synced file and folder before keep() returns (architecture §1), never changed. Any thread.
#pragma once

#include <atomic>
#include <memory>

#include "core/words.h"

namespace cityloop {

class Attachments {
 public:
  // `folder` is the data folder. Files that a crash left half written are removed.
  static Result<std::unique_ptr<Attachments>> create(const std::string& folder);

  // kTooLarge, kBadImage, kNoSpace. The same bytes again are the same attachment. `original` is empty where nothing had to go.
  Result<Attachment> keep(std::string_view bytes, std::string by, Time at, Millis utc_offset = std::chrono::hours(8)) const;

  struct Found {
    std::string type;
    std::string bytes;
  };
  Result<Found> read(std::string_view id) const;         // kNotFound; kCorrupt when the bytes are not the ones that were kept
  Result<Found> read_original(std::string_view digest) const;

 private:
  explicit Attachments(std::string folder) : folder_(std::move(folder)) {}
  Result<std::string> put(const std::string& family, std::string_view bytes) const;
  Result<Found> get(const std::string& family, std::string_view digest) const;
  const std::string folder_;
  mutable std::atomic<std::uint64_t> asides_ = 0;
};

}  // namespace cityloop
