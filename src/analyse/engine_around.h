// SPDX-License-Identifier: Apache-2.0
// What an asset's expressions may ask beyond its own samples. Short-lived, on the stack of one evaluation.
#pragma once

#include "analyse/engine.h"

namespace cityloop {

class Engine::Around final : public Surroundings {
 public:
  // `tables` may be null where no neighbour can be asked for (agreement).
  Around(const Engine& engine, std::uint32_t slot, const Asset* asset, const Register* tables)
      : engine_(engine), slot_(slot), asset_(asset), tables_(tables) {}

  std::int64_t listened(std::int64_t from, std::int64_t to) const override { return engine_.deaf_.listened(from, to, asset()); }
  std::int64_t after(std::int64_t from, std::int64_t span) const { return engine_.deaf_.after(from, span, asset()); }
  std::int64_t heard(int point) const override;
  void neighbours(double metres, std::vector<Neighbour>& out) const override;
  const std::vector<std::uint32_t>& slots_within(double metres) const;  // other assets of the kind with state
  const Asset* asset() const {
    if (asset_ == nullptr && tables_ != nullptr) asset_ = tables_->asset_at(slot_);
    return asset_;
  }
  std::uint32_t slot() const { return slot_; }

 private:
  const Engine& engine_;
  std::uint32_t slot_;
  mutable const Asset* asset_;
  const Register* tables_;
};

}  // namespace cityloop
