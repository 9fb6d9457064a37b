// SPDX-License-Identifier: Apache-2.0
// The one door into the city: a bounded queue that many edge threads fill and the city thread drains. It refuses by class
// (architecture §1): imports first, then readings and records, then those that orange and red rules read, people's actions and
// reports last.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "analyse/plan.h"
#include "core/limits.h"
#include "core/message.h"

namespace cityloop {

using Reply = std::function<void(Answer)>;

struct Waiting {
  Input input;
  Reply reply;            // may be empty
  int looked_up = 0;      // times this input came back with what History knew
};

enum class InputClass : std::uint8_t { import, readings, urgent, action };

class Inbox {
 public:
  // False: full for this class, nothing was taken and `waiting` is untouched.
  bool offer(Waiting& waiting);
  // For inputs that were accepted before and come back, and for the city's own: never refused.
  void put_back(Waiting waiting);
  // Waits until something is there, `patience` is over or wake() was called; drains at most one turn's worth.
  std::vector<Waiting> drain(Millis patience);
  void wake();
  void close();   // further offers are refused
  // What the packs in force hold urgent. Until it is said, no reading is less urgent than another.
  void set_urgent(std::shared_ptr<const UrgentInputs> urgent);

  struct Counters {
    std::array<std::uint64_t, 4> refused{};  // by InputClass
    std::size_t messages = 0;                // waiting now
    std::size_t actions = 0;
  };
  Counters counters() const;

 private:
  InputClass class_of(const Input& input) const;  // under the lock; looks into a batch only where that decides
  std::size_t room_for(InputClass kind) const;
  bool is_urgent(const Input& input) const;

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Waiting> queue_;
  std::size_t messages_ = 0;
  std::size_t actions_ = 0;
  std::array<std::uint64_t, 4> refused_{};
  std::shared_ptr<const UrgentInputs> urgent_;
  bool woken_ = false;
  bool closed_ = false;
};

}  // namespace cityloop
