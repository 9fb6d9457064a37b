// SPDX-License-Identifier: Apache-2.0
#include "analyse/live_state.h"

#include <algorithm>

namespace cityloop {

const LiveAsset* LiveState::Picture::asset(std::uint32_t slot) const {
  const std::size_t chunk = slot / kChunk;
  return chunk < chunks.size() && chunks[chunk] ? &(*chunks[chunk])[slot % kChunk] : nullptr;
}

void LiveState::own(std::size_t chunk) {
  if (chunk >= chunks_.size()) {
    chunks_.resize(chunk + 1);
    shared_.resize(chunk + 1, 1);
  }
  chunks_[chunk] = chunks_[chunk] ? std::make_shared<Chunk>(*chunks_[chunk]) : std::make_shared<Chunk>();
  shared_[chunk] = 0;
  changed_ = true;
}

std::shared_ptr<const LiveState::Picture> LiveState::publish(std::uint64_t turn, Time now) {
  auto picture = std::make_shared<Picture>();
  picture->turn = turn;
  picture->now = now;
  if (last_ && !changed_) {
    picture->chunks = last_->chunks;
  } else {
    picture->chunks.assign(chunks_.begin(), chunks_.end());
    std::ranges::fill(shared_, std::uint8_t{1});
    changed_ = false;
  }
  last_ = picture;
  return picture;
}

void LiveState::encode(Writer& out) const {
  codec::encode_size(out, chunks_.size());
  for (const auto& chunk : chunks_) {
    cityloop::encode(out, chunk != nullptr);
    if (chunk) cityloop::encode(out, *chunk);
  }
}

void LiveState::decode(Reader& in) {
  const std::size_t size = codec::decode_size(in);
  chunks_.clear();
  shared_.clear();
  last_.reset();
  changed_ = true;
  for (std::size_t i = 0; i < size && in.ok(); ++i) {
    bool present = false;
    cityloop::decode(in, present);
    chunks_.push_back(present ? std::make_shared<Chunk>() : nullptr);
    shared_.push_back(present ? 0 : 1);
    if (present) cityloop::decode(in, *chunks_.back());
  }
}

}  // namespace cityloop
