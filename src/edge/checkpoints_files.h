// SPDX-License-Identifier: Apache-2.0
// Checkpoints as files `<turn, 20 digits>.ckpt` in one folder; the newest two are kept. One thread at a time.
#pragma once

#include <memory>

#include "city/ports.h"

namespace cityloop {

class CheckpointsFiles final : public Checkpoints {
 public:
  static Result<std::unique_ptr<CheckpointsFiles>> create(const std::string& folder);

  Result<void> save(const Checkpoint& checkpoint) override;
  // A damaged file is passed over and counted, never removed.
  Result<std::optional<Checkpoint>> newest() override;
  std::uint64_t damaged() const { return damaged_; }

 private:
  explicit CheckpointsFiles(std::string folder) : folder_(std::move(folder)) {}
  Result<std::vector<std::string>> files() const;  // names, oldest first
  const std::string folder_;
  std::uint64_t damaged_ = 0;
};

}  // namespace cityloop
