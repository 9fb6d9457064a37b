// SPDX-License-Identifier: Apache-2.0
#include "sense/batch_builder.h"

#include "sense/body.h"

namespace cityloop {

std::uint32_t BatchBuilder::name(std::string_view text) {
  if (const auto known = names_.find(text); known != names_.end()) return known->second;
  const auto offset = static_cast<std::uint32_t>(batch_.text.size());
  batch_.text.append(text);
  names_.emplace(text, offset);
  return offset;
}

void BatchBuilder::begin(std::string_view asset, Time at) {
  message_ = {};
  message_.index = static_cast<std::uint32_t>(batch_.size());
  message_.asset = name(asset);
  message_.asset_size = static_cast<std::uint32_t>(asset.size());
  message_.first = static_cast<std::uint32_t>(batch_.samples.size());
  message_.at = at;
  flawed_ = false;
}

void BatchBuilder::value(std::string_view point, Decimal value) {
  batch_.samples.push_back({name(point), static_cast<std::uint32_t>(point.size()), value.scale, 0, value.mantissa});
}

void BatchBuilder::flawed(std::string_view point, std::uint32_t flaw) {
  batch_.samples.push_back({name(point), static_cast<std::uint32_t>(point.size()), 0, flaw, 0});
  flawed_ = true;
}

void BatchBuilder::end(std::string_view raw) {
  message_.count = static_cast<std::uint32_t>(batch_.samples.size()) - message_.first;
  if (flawed_ || message_.count == 0) {
    const std::string kept = cut_raw(raw);
    message_.raw = static_cast<std::uint32_t>(batch_.text.size());
    message_.raw_size = static_cast<std::uint32_t>(kept.size());
    batch_.text += kept;
  }
  batch_.messages.push_back(message_);
}

void BatchBuilder::flaw(const Error& why, std::string_view raw) {
  batch_.flaws.push_back({static_cast<std::uint32_t>(batch_.size()), std::string(why.code->name), why.detail, cut_raw(raw)});
}

ReadingBatch BatchBuilder::take() {
  names_.clear();
  return std::exchange(batch_, {});
}

}  // namespace cityloop
