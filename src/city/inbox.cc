// SPDX-License-Identifier: Apache-2.0
#include "city/inbox.h"

#include <algorithm>

namespace cityloop {

InputClass Inbox::class_of(const Input& input) {
  if (const auto* readings = std::get_if<ReadingsIn>(&input)) return readings->import ? InputClass::import : InputClass::readings;
  if (std::holds_alternative<RecordsIn>(input)) return InputClass::readings;
  return InputClass::action;
}

std::size_t Inbox::weight_of(const Input& input) {
  if (const auto* readings = std::get_if<ReadingsIn>(&input)) return std::max<std::size_t>(1, readings->batch.size());
  if (const auto* records = std::get_if<RecordsIn>(&input)) return std::max<std::size_t>(1, records->records.size());
  return 1;
}

bool Inbox::offer(Waiting& waiting) {
  const InputClass kind = class_of(waiting.input);
  const std::size_t weight = weight_of(waiting.input);
  {
    std::lock_guard lock(mutex_);
    // An import gives way at half of the room, so that live data never waits behind it. A batch is let in whole while
    // there is any room: refusing large batches for ever would starve their senders.
    const bool full = kind == InputClass::action ? actions_ >= limits::kInboxActions
                                                 : messages_ >= (kind == InputClass::import ? limits::kInboxMessages / 2 : limits::kInboxMessages);
    if (closed_ || full) {
      ++refused_[static_cast<std::size_t>(kind)];
      return false;
    }
    (kind == InputClass::action ? actions_ : messages_) += weight;
    queue_.push_back(std::move(waiting));
  }
  ready_.notify_one();
  return true;
}

void Inbox::put_back(Waiting waiting) {
  const InputClass kind = class_of(waiting.input);
  const std::size_t weight = weight_of(waiting.input);
  {
    std::lock_guard lock(mutex_);
    (kind == InputClass::action ? actions_ : messages_) += weight;
    queue_.push_back(std::move(waiting));
  }
  ready_.notify_one();
}

std::vector<Waiting> Inbox::drain(Millis patience) {
  std::vector<Waiting> out;
  std::unique_lock lock(mutex_);
  ready_.wait_for(lock, patience, [&] { return woken_ || !queue_.empty(); });
  woken_ = false;
  std::size_t messages = 0;
  while (!queue_.empty() && out.size() < limits::kTurnInputs && messages < limits::kTurnMessages) {
    const std::size_t weight = weight_of(queue_.front().input);
    const bool action = class_of(queue_.front().input) == InputClass::action;
    (action ? actions_ : messages_) -= weight;
    if (!action) messages += weight;
    out.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return out;
}

void Inbox::wake() {
  {
    std::lock_guard lock(mutex_);
    woken_ = true;
  }
  ready_.notify_one();
}

void Inbox::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    woken_ = true;
  }
  ready_.notify_one();
}

Inbox::Counters Inbox::counters() const {
  std::lock_guard lock(mutex_);
  return Counters{refused_, messages_, actions_};
}

}  // namespace cityloop
