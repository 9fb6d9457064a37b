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

// How far a notice is; a receipt never takes it back.
int rank_of(std::string_view state) { return state == "read" ? 3 : state == "delivered" ? 2 : state == "sent" ? 1 : 0; }

}  // namespace

void Outbox::put_receiver(Receiver receiver) {
  std::string name = receiver.name;
  receivers_.insert_or_assign(std::move(name), std::move(receiver));
}

void Outbox::put_receiver(Receiver receiver, Context& city) {
  const std::string name = receiver.name;
  put_receiver(std::move(receiver));
  for (const auto& [key, queue] : queues_) {
    const Notice& head = notices_.at(queue.front());
    if (head.target == name && head.held_until) schedule(queue, city.now, city);
  }
}

bool Outbox::remove_receiver(const std::string& name) { return receivers_.erase(name) != 0; }

const Receiver* Outbox::receiver(std::string_view name) const {
  const auto found = receivers_.find(name);
  return found == receivers_.end() ? nullptr : &found->second;
}

const Notice* Outbox::known(std::string_view id) const {
  if (const auto found = notices_.find(id); found != notices_.end()) return &found->second;
  const auto found = sent_.find(id);
  return found == sent_.end() ? nullptr : &found->second;
}

void Outbox::post(const NoticeDraft& draft, Context& city) {
  for (const auto& [name, receiver] : receivers_) {
    if (receiver.step == 1 && wants(receiver, draft.type, draft.level) &&
        in_scope(receiver.area, draft.area, city.tables.root_area())) {
      post_to(name, draft, city);
    }
  }
}

std::string Outbox::post_to(const std::string& name, const NoticeDraft& draft, Context& city) {
  const Receiver* to = receiver(name);
  Notice notice;
  notice.subject = draft.subject;
  notice.id = draft.subject + ":" + std::to_string(++counts_[draft.subject]);
  notice.type = draft.type;
  notice.channel = channel_name(to == nullptr ? Channel::webhook : to->channel);
  notice.target = name;
  notice.area = draft.area;
  notice.data = draft.data;
  notice.level = draft.level;
  notice.step = draft.step;
  notice.state = "waiting";
  notice.created = city.now;
  std::string id = notice.id;
  enqueue(std::move(notice), city);
  return id;
}

// ---- queues ---------------------------------------------------------------------------------------------------

// The earliest time at which any of the queue may go: what is urgent takes along what waits before it, so order holds.
Time Outbox::goes_at(const Queue& queue, Time from) const {
  Time earliest = Time::max();
  for (const std::string& id : queue) {
    const Notice& notice = notices_.at(id);
    const Receiver* to = receiver(notice.target);
    earliest = std::min(earliest, to == nullptr ? from : quiet_until(*to, notice.level, from, utc_offset_));
  }
  return earliest;
}

// The head may go at `from`, or when the quiet hours end.
void Outbox::schedule(const Queue& queue, Time from, Context& city) {
  Notice& head = notices_.at(queue.front());
  head.next_attempt = goes_at(queue, from);
  head.held_until.reset();
  if (*head.next_attempt > from) head.held_until = head.next_attempt;
  city.emit("notice.put", "system", head);
}

void Outbox::enqueue(Notice notice, Context& city) {
  const std::string id = notice.id;
  const Receiver* to = receiver(notice.target);
  const Time first = to == nullptr ? city.now : quiet_until(*to, notice.level, city.now, utc_offset_);
  notice.give_up_at = first + (to == nullptr ? limits::kNoticeGiveUp : to->give_up_after);
  Queue& queue = queues_[queue_key(notice)];
  queue.push_back(id);
  notices_.insert_or_assign(id, std::move(notice));
  if (queue.size() == 1) return schedule(queue, city.now, city);
  city.emit("notice.put", "system", notices_.at(id));
  const Notice& head = notices_.at(queue.front());
  if (head.held_until && first < *head.held_until) schedule(queue, city.now, city);
}

// The head is done: the next one may go.
void Outbox::release(const std::string& key, Context& city) {
  const auto queue = queues_.find(key);
  queue->second.pop_front();
  if (queue->second.empty()) queues_.erase(queue);
  else schedule(queue->second, city.now, city);
}

void Outbox::fail_now(Notice& notice) {
  notice.state = "failed";
  notice.next_attempt.reset();
  ++failed_;
}

void Outbox::keep_sent(Notice notice) {
  const std::string id = notice.id;
  sent_.insert_or_assign(id, std::move(notice));
  sent_order_.push_back(id);
  while (sent_order_.size() > limits::kNoticesKept) {
    sent_.erase(sent_order_.front());
    sent_order_.pop_front();
  }
}

// ---- answers --------------------------------------------------------------------------------------------------

void Outbox::result(const NoticeResultIn& in, Context& city) {
  const auto found = notices_.find(in.notice);
  if (found == notices_.end() || found->second.state != "waiting") return;
  const std::string key = queue_key(found->second);
  const auto queue = queues_.find(key);
  if (queue == queues_.end() || queue->second.front() != in.notice) return;
  Notice& notice = found->second;
  ++notice.attempts;
  notice.next_attempt.reset();
  notice.held_until.reset();
  if (in.delivered) {
    notice.state = "sent";
    notice.sent_at = city.now;
    notice.last_error.clear();
  } else {
    notice.last_error = in.detail.substr(0, limits::kTitleBytes);
    const Millis asked = std::clamp(in.retry_after, Millis{0}, limits::kNoticeRetryAfterMost);
    const Time again = city.now + std::max(back_off(notice.attempts, city.chance), asked);
    if (!in.final && again < notice.give_up_at) return schedule(queue->second, again, city);
    fail_now(notice);
  }
  city.emit("notice.put", "system", notice);
  if (notice.state == "sent") keep_sent(std::move(notices_.extract(found).mapped()));
  release(key, city);
}

Result<Notice> Outbox::receipt(const std::string& id, std::string_view state, const std::string& by, const std::string& detail,
                               Context& city) {
  const auto waiting = notices_.find(id);
  const bool queued = waiting != notices_.end() && waiting->second.state == "waiting";
  if (waiting != notices_.end() && !queued) return fail(errors::kNotAllowed, "the notice has failed; send it again first");
  if (queued && waiting->second.attempts == 0 && (!waiting->second.next_attempt || waiting->second.held_until))
    return fail(errors::kNotAllowed, "the notice has not been sent yet");
  const auto sent = sent_.find(id);
  if (!queued && sent == sent_.end()) return fail(errors::kNotFound, "there is no notice of this id that awaits a receipt");
  Notice notice = queued ? waiting->second : sent->second;
  const bool bad = state == "failed";
  if (bad ? notice.state == "read" : rank_of(state) <= rank_of(notice.state)) return notice;
  notice.receipt_by = by;
  notice.last_error = bad ? detail.substr(0, limits::kTitleBytes) : "";
  notice.next_attempt.reset();
  if (!notice.sent_at) notice.sent_at = city.now;  // its answer was lost on the way: the receipt proves it
  if (!bad) {
    notice.state = state;
    if (!notice.delivered_at) notice.delivered_at = city.now;
    if (state == "read") notice.read_at = city.now;
  }
  if (queued) {
    const std::string key = queue_key(notice);
    if (queues_.at(key).front() != id) return fail(errors::kNotAllowed, "the notice has not been sent yet");
    notices_.erase(waiting);
    release(key, city);
  } else {
    sent_.erase(sent);
    std::erase(sent_order_, id);
  }
  if (bad) {
    fail_now(notice);
    notices_.insert_or_assign(id, notice);
  } else {
    keep_sent(notice);
  }
  city.emit("notice.put", by, notice);
  return notice;
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

// ---- timers and state -----------------------------------------------------------------------------------------

std::vector<Notice> Outbox::due(Time now) const {
  std::vector<const Notice*> heads;
  if (held_) return {};
  for (const auto& [key, queue] : queues_) {
    const Notice& head = notices_.find(queue.front())->second;
    if (head.next_attempt && *head.next_attempt <= now) heads.push_back(&head);
  }
  std::ranges::stable_sort(heads, [](const Notice* a, const Notice* b) { return *a->next_attempt < *b->next_attempt; });
  std::map<std::string_view, std::size_t> of;
  std::vector<Notice> all;
  for (const Notice* head : heads)
    if (++of[head->target] <= limits::kNoticesOffered) all.push_back(*head);
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

void Outbox::forget_before(Time old) {
  failed_ -= std::erase_if(
      notices_, [&](const auto& item) { return item.second.state == "failed" && item.second.created < old; });
  while (!sent_order_.empty() && sent_.at(sent_order_.front()).sent_at.value_or(kNoTime) < old) {
    sent_.erase(sent_order_.front());
    sent_order_.pop_front();
  }
}

void Outbox::encode(Writer& out) const {
  cityloop::encode(out, receivers_);
  cityloop::encode(out, notices_);
  cityloop::encode(out, sent_);
  cityloop::encode(out, sent_order_);
  cityloop::encode(out, queues_);
  cityloop::encode(out, counts_);
  cityloop::encode(out, failed_);
  cityloop::encode(out, held_);
}

void Outbox::decode(Reader& in) {
  cityloop::decode(in, receivers_);
  cityloop::decode(in, notices_);
  cityloop::decode(in, sent_);
  cityloop::decode(in, sent_order_);
  cityloop::decode(in, queues_);
  cityloop::decode(in, counts_);
  cityloop::decode(in, failed_);
  cityloop::decode(in, held_);
  // queues_, sent_order_ and failed_ are trusted elsewhere: forged bytes must not get that far.
  std::size_t failed = 0;
  for (const auto& [id, notice] : notices_) failed += notice.state == "failed" ? 1 : 0;
  bool whole = failed == failed_ && sent_.size() == sent_order_.size() &&
               std::ranges::all_of(sent_order_, [&](const std::string& id) { return sent_.contains(id); });
  for (const auto& [key, queue] : queues_) {
    whole = whole && !queue.empty() &&
            std::ranges::all_of(queue, [&](const std::string& id) { return notices_.contains(id); });
  }
  if (!whole) {
    in.spoil();
    *this = Outbox(utc_offset_);
  }
}

}  // namespace cityloop
