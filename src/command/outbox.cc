// SPDX-License-Identifier: Apache-2.0
#include "command/outbox.h"

#include <algorithm>

#include "core/limits.h"

namespace cityloop {
namespace {

Millis back_off(int attempts, Chance& chance) {
  Millis wait = std::chrono::seconds(1);
  for (int i = 1; i < attempts && wait < limits::kNoticeBackoffMost; ++i) wait *= 2;
  wait = std::min(wait, limits::kNoticeBackoffMost);
  return wait - Millis{static_cast<std::int64_t>(chance.next() % static_cast<std::uint64_t>(wait.count() / 4))};
}

bool wants(const Receiver& receiver, const std::string& type) {
  return receiver.types.empty() ||
         std::ranges::any_of(receiver.types, [&](const std::string& prefix) { return type.starts_with(prefix); });
}

}  // namespace

void Outbox::put_receiver(Receiver receiver) {
  std::string name = receiver.name;
  receivers_.insert_or_assign(std::move(name), std::move(receiver));
}

bool Outbox::remove_receiver(const std::string& name) { return receivers_.erase(name) != 0; }

const Receiver* Outbox::receiver(std::string_view name) const {
  const auto found = receivers_.find(name);
  return found == receivers_.end() ? nullptr : &found->second;
}

void Outbox::post(const std::string& subject, const std::string& area, const std::string& type, const std::string& data,
                  Context& city) {
  for (const auto& [name, receiver] : receivers_) {
    if (wants(receiver, type) && in_scope(receiver.area, area, city.tables.root_area())) {
      post_to(name, subject, area, type, data, city);
    }
  }
}

std::string Outbox::post_to(const std::string& receiver, const std::string& subject, const std::string& area,
                            const std::string& type, const std::string& data, Context& city) {
  Notice notice;
  notice.subject = subject;
  notice.id = subject + ":" + std::to_string(++counts_[subject]);
  notice.type = type;
  notice.channel = "webhook";
  notice.target = receiver;
  notice.area = area;
  notice.data = data;
  notice.state = "waiting";
  notice.created = city.now;
  std::string id = notice.id;
  enqueue(std::move(notice), city);
  return id;
}

void Outbox::enqueue(Notice notice, Context& city) {
  std::deque<std::string>& queue = queues_[queue_key(notice)];
  queue.push_back(notice.id);
  if (queue.size() == 1) notice.next_attempt = city.now;
  city.emit("notice.put", "system", notice);
  std::string id = notice.id;
  notices_.insert_or_assign(std::move(id), std::move(notice));
}

// The head is done: the next one may go.
void Outbox::release(std::deque<std::string>& queue, Context& city) {
  queue.pop_front();
  if (queue.empty()) return;
  Notice& next = notices_.at(queue.front());
  next.next_attempt = city.now;
  city.emit("notice.put", "system", next);
}

void Outbox::result(const NoticeResultIn& in, Context& city) {
  const auto found = notices_.find(in.notice);
  if (found == notices_.end() || found->second.state != "waiting") return;
  const auto queue = queues_.find(queue_key(found->second));
  if (queue == queues_.end() || queue->second.front() != in.notice) return;
  Notice& notice = found->second;
  ++notice.attempts;
  notice.next_attempt.reset();
  if (in.delivered) {
    notice.state = "sent";
    notice.sent_at = city.now;
    notice.last_error.clear();
  } else {
    notice.last_error = in.detail.substr(0, limits::kTitleBytes);
    if (notice.attempts >= limits::kNoticeAttempts) {
      notice.state = "failed";
      ++failed_;
    } else {
      notice.next_attempt = city.now + back_off(notice.attempts, city.chance);
    }
  }
  city.emit("notice.put", "system", notice);
  if (notice.state == "waiting") return;
  if (notice.state == "sent") notices_.erase(found);
  release(queue->second, city);
  if (queue->second.empty()) queues_.erase(queue);
}

bool Outbox::retry(const std::string& id, Context& city) {
  const auto found = notices_.find(id);
  if (found == notices_.end() || found->second.state != "failed") return false;
  Notice notice = std::move(found->second);
  notices_.erase(found);
  --failed_;
  notice.state = "waiting";
  notice.attempts = 0;
  enqueue(std::move(notice), city);
  return true;
}

std::vector<Notice> Outbox::due(Time now) const {
  std::vector<Notice> all;
  if (held_) return all;
  for (const auto& [key, queue] : queues_) {
    const Notice& head = notices_.at(queue.front());
    if (head.next_attempt && *head.next_attempt <= now) all.push_back(head);
  }
  return all;
}

Time Outbox::next_due() const {
  Time earliest = Time::max();
  if (held_) return earliest;
  for (const auto& [key, queue] : queues_) {
    const Notice& head = notices_.at(queue.front());
    if (head.next_attempt) earliest = std::min(earliest, *head.next_attempt);
  }
  return earliest;
}

void Outbox::forget_failed_before(Time created) {
  failed_ -= std::erase_if(notices_, [&](const auto& item) {
    return item.second.state == "failed" && item.second.created < created;
  });
}

void Outbox::encode(Writer& out) const {
  cityloop::encode(out, receivers_);
  cityloop::encode(out, notices_);
  cityloop::encode(out, queues_);
  cityloop::encode(out, counts_);
  cityloop::encode(out, failed_);
  cityloop::encode(out, held_);
}

void Outbox::decode(Reader& in) {
  cityloop::decode(in, receivers_);
  cityloop::decode(in, notices_);
  cityloop::decode(in, queues_);
  cityloop::decode(in, counts_);
  cityloop::decode(in, failed_);
  cityloop::decode(in, held_);
  // queues_ and failed_ are trusted elsewhere: forged bytes must not get that far.
  std::size_t failed = 0;
  for (const auto& [id, notice] : notices_) failed += notice.state == "failed" ? 1 : 0;
  bool whole = failed == failed_;
  for (const auto& [key, queue] : queues_) {
    whole = whole && !queue.empty() &&
            std::ranges::all_of(queue, [&](const std::string& id) { return notices_.contains(id); });
  }
  if (!whole) {
    in.spoil();
    *this = Outbox{};
  }
}

}  // namespace cityloop
