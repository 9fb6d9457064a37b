// SPDX-License-Identifier: Apache-2.0
#include "edge/log_memory.h"

namespace cityloop {

void LogMemory::forget_torn() {
  while (!kept_.empty() && kept_.back().torn) kept_.pop_back();
  synced_ = std::min(synced_, kept_.size());
  if (!kept_.empty()) last_ = kept_.back().turn;
}

void LogMemory::append(std::uint64_t turn, std::string bytes, std::function<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    forget_torn();
    CHECK(last_ == 0 || turn == last_ + 1);
    last_ = turn;
    if (syncs_ == Syncs::when_told) {
      kept_.push_back({turn, std::move(bytes), false, false, std::move(done)});
      return;
    }
    kept_.push_back({turn, std::move(bytes), false, false, {}});
    synced_ = kept_.size();
  }
  if (done) done();
}

void LogMemory::sync() { sync_some(SIZE_MAX); }

void LogMemory::sync_some(std::size_t records) {
  for (std::size_t i = 0; i < records; ++i) {
    std::function<void()> done;
    {
      const std::lock_guard lock(mutex_);
      if (synced_ == kept_.size()) return;
      done = std::exchange(kept_[synced_++].done, {});
    }
    if (done) done();
  }
}

std::size_t LogMemory::waiting() const {
  const std::lock_guard lock(mutex_);
  return kept_.size() - synced_;
}

void LogMemory::drop_unsynced(Chance& chance) {
  const std::lock_guard lock(mutex_);
  const std::size_t unsynced = kept_.size() - synced_;
  const std::size_t survive = unsynced == 0 ? 0 : chance.next() % (unsynced + 1);
  const bool tear = survive < unsynced && chance.next() % 2 == 0;
  const std::uint64_t before = kept_.empty() ? last_ : kept_.front().turn - 1;
  kept_.resize(synced_ + survive + (tear ? 1 : 0));
  for (Kept& record : kept_) record.done = {};
  if (tear) {
    kept_.back().torn = true;
    kept_.back().bytes.resize(kept_.back().bytes.size() / 2);
  }
  synced_ += survive;  // what a restarted program reads back is on the disk
  last_ = synced_ == 0 ? before : kept_[synced_ - 1].turn;
}

void LogMemory::damage(std::uint64_t turn) {
  const std::lock_guard lock(mutex_);
  for (Kept& record : kept_) record.damaged |= record.turn == turn;
}

void LogMemory::give_room(bool room) {
  const std::lock_guard lock(mutex_);
  room_ = room;
}

Result<void> LogMemory::replay(std::uint64_t after,
                               const std::function<Result<void>(std::uint64_t turn, std::string_view bytes)>& visit) {
  std::deque<Kept> records;
  {
    const std::lock_guard lock(mutex_);
    forget_torn();
    for (const Kept& record : kept_) records.push_back({record.turn, record.bytes, false, record.damaged, {}});
  }
  for (const Kept& record : records) {
    if (record.damaged) return fail(errors::kCorrupt, "the log record of turn " + std::to_string(record.turn) + " is damaged");
    if (record.turn > after) TRY(visit(record.turn, record.bytes));
  }
  return {};
}

Result<void> LogMemory::cut(std::uint64_t turn) {
  const std::lock_guard lock(mutex_);
  cut_ = std::max(cut_, turn);
  while (synced_ > 0 && kept_.front().turn <= turn) {
    kept_.pop_front();
    --synced_;
  }
  return {};
}

std::uint64_t LogMemory::uncut_bytes() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t bytes = 0;
  for (const Kept& record : kept_) bytes += record.turn > cut_ ? record.bytes.size() : 0;
  return bytes;
}

bool LogMemory::has_room() const {
  const std::lock_guard lock(mutex_);
  return room_;
}

Result<void> CheckpointsMemory::save(const Checkpoint& checkpoint) {
  const std::lock_guard lock(mutex_);
  kept_.push_back(checkpoint);
  if (kept_.size() > 2) kept_.pop_front();
  return {};
}

Result<std::optional<Checkpoint>> CheckpointsMemory::newest() {
  const std::lock_guard lock(mutex_);
  if (kept_.empty()) return std::optional<Checkpoint>{};
  return std::optional<Checkpoint>{kept_.back()};
}

void CheckpointsMemory::damage_newest() {
  const std::lock_guard lock(mutex_);
  if (!kept_.empty()) kept_.pop_back();
}

}  // namespace cityloop
