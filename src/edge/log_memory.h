// SPDX-License-Identifier: Apache-2.0
// The Log and the Checkpoints without a disk, for tests and simulation. The object outlives the city that writes to it: a
// simulated crash drops the city and calls drop_unsynced(), and the next city replays what is left. Any thread; `done` runs
// on the thread that appends, or on the one that calls sync().
#pragma once

#include <deque>
#include <mutex>

#include "city/ports.h"
#include "core/context.h"

namespace cityloop {

class LogMemory final : public Log {
 public:
  enum class Syncs : std::uint8_t { at_once, when_told };
  explicit LogMemory(Syncs syncs = Syncs::at_once) : syncs_(syncs) {}

  void append(std::uint64_t turn, std::string bytes, std::function<void()> done) override;
  Result<void> replay(std::uint64_t after, const std::function<Result<void>(std::uint64_t turn, std::string_view bytes)>& visit) override;
  Result<void> cut(std::uint64_t turn) override;
  std::uint64_t uncut_bytes() const override;
  bool has_room() const override;

  void sync();                          // completes everything that waits, in order
  void sync_some(std::size_t records);  // completes the oldest `records` that wait
  std::size_t waiting() const;          // appended, not synced
  // Power loss: of the unsynced records a random prefix survives and the record after it may be torn. No `done` of theirs is called.
  void drop_unsynced(Chance& chance);
  void damage(std::uint64_t turn);      // spoils a kept record: replay answers kCorrupt
  void give_room(bool room);

 private:
  struct Kept {
    std::uint64_t turn = 0;
    std::string bytes;
    bool torn = false;
    bool damaged = false;
    std::function<void()> done;
  };
  void forget_torn();

  const Syncs syncs_;
  mutable std::mutex mutex_;
  std::deque<Kept> kept_;
  std::size_t synced_ = 0;  // of kept_, from the front
  std::uint64_t last_ = 0;
  std::uint64_t cut_ = 0;
  bool room_ = true;
};

class CheckpointsMemory final : public Checkpoints {
 public:
  Result<void> save(const Checkpoint& checkpoint) override;
  Result<std::optional<Checkpoint>> newest() override;
  void damage_newest();  // as if its bytes had rotted: newest() falls back

 private:
  std::mutex mutex_;
  std::deque<Checkpoint> kept_;  // newest last, at most 2
};

}  // namespace cityloop
