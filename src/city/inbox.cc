// SPDX-License-Identifier: Apache-2.0
#include "city/inbox.h"

#include <algorithm>

namespace cityloop {

namespace {

std::size_t weight_of(const Input& input) {
  if (const auto* readings = std::get_if<ReadingsIn>(&input)) return std::max<std::size_t>(1, readings->batch.size());
  if (const auto* records = std::get_if<RecordsIn>(&input)) return std::max<std::size_t>(1, records->records.size());
  return 1;
}

bool is_action(const Input& input) {
  return !std::holds_alternative<ReadingsIn>(input) && !std::holds_alternative<RecordsIn>(input);
}

}  // namespace

void Inbox::set_urgent(std::shared_ptr<const UrgentInputs> urgent) {
  std::lock_guard lock(mutex_);
  urgent_ = std::move(urgent);
}

// A batch with one urgent value in it is urgent.
bool Inbox::is_urgent(const Input& input) const {
  if (urgent_ == nullptr) return true;
  if (const auto* readings = std::get_if<ReadingsIn>(&input)) {
    const ReadingBatch& batch = readings->batch;
    return std::ranges::any_of(batch.samples, [&](const ReadingBatch::Sample& s) { return urgent_->points.contains(batch.point_of(s)); });
  }
  return std::ranges::any_of(std::get<RecordsIn>(input).records,
                             [&](const RecordIn& record) { return urgent_->records.contains(record.kind); });
}

InputClass Inbox::class_of(const Input& input) const {
  if (is_action(input)) return InputClass::action;
  const auto* readings = std::get_if<ReadingsIn>(&input);
  if (readings != nullptr && readings->import) return InputClass::import;
  if (messages_ < room_for(InputClass::readings)) return InputClass::readings;  // there is room for either
  return is_urgent(input) ? InputClass::urgent : InputClass::readings;
}

// Live data never waits behind an import, and what may become a red alarm does not stand behind what cannot.
std::size_t Inbox::room_for(InputClass kind) const {
  switch (kind) {
    case InputClass::import: return limits::kInboxMessages / 2;
    case InputClass::readings: return limits::kInboxMessages / 4 * 3;
    case InputClass::urgent: return limits::kInboxMessages;
    case InputClass::action: return limits::kInboxActions;
  }
  return 0;
}

bool Inbox::offer(Waiting& waiting) {
  const std::size_t weight = weight_of(waiting.input);
  {
    std::lock_guard lock(mutex_);
    const InputClass kind = class_of(waiting.input);
    std::size_t& taken = kind == InputClass::action ? actions_ : messages_;
    // A batch is let in whole while there is any room: refusing large batches for ever would starve their senders.
    if (closed_ || taken >= room_for(kind)) {
      ++refused_[static_cast<std::size_t>(kind)];
      return false;
    }
    taken += weight;
    queue_.push_back(std::move(waiting));
  }
  ready_.notify_one();
  return true;
}

void Inbox::put_back(Waiting waiting) {
  const bool action = is_action(waiting.input);
  const std::size_t weight = weight_of(waiting.input);
  {
    std::lock_guard lock(mutex_);
    (action ? actions_ : messages_) += weight;
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
    const bool action = is_action(queue_.front().input);
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
