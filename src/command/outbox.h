// SPDX-License-Identifier: Apache-2.0
// Notices on their way out: one queue per (subject, receiver), so that a receiver hears a case's steps in order and a
// dead receiver holds up nobody else. Only the head of a queue may be in flight. Quiet hours hold a queue until they end or something
// that may go at once joins it. City thread only; the edge sends.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/receiver.h"

namespace cityloop {

struct NoticeDraft {
  std::string subject;             // case no or alarm id
  std::string area;
  std::string type;
  std::string data;                // JSON of the CloudEvent's data
  Level level = Level::none;
  int step = 1;                    // of the escalation
};

class Outbox {
 public:
  explicit Outbox(Millis utc_offset = std::chrono::hours(8)) : utc_offset_(utc_offset) {}

  void put_receiver(Receiver receiver, Context& city);  // what its quiet hours held is weighed anew
  void put_receiver(Receiver receiver);
  bool remove_receiver(const std::string& name);  // its waiting notices stay and fail or go by the edge's answer
  const Receiver* receiver(std::string_view name) const;
  const std::map<std::string, Receiver, std::less<>>& receivers() const { return receivers_; }

  // One notice to every receiver of the first step whose area, types and level match; emits each.
  void post(const NoticeDraft& draft, Context& city);
  // To one receiver, whatever it asked for; the caller has judged whether the actor may. Returns the notice's id.
  std::string post_to(const std::string& receiver, const NoticeDraft& draft, Context& city);

  // Delivered: the next of the queue is released. Failed: waits 1 s · 2^n, at most kNoticeBackoffMost, less up to a
  // quarter by chance, or as long as the receiver asked; past its time, or when trying again cannot help, it is `failed` and the next is
  // released. Unknown ids are ignored (answered twice).
  void result(const NoticeResultIn& in, Context& city);
  // What became of it at the receiver: `delivered`, `read` or `failed`. States only rise, the same again changes nothing. Not found: never
  // sent, or longer ago than receipts are awaited.
  Result<Notice> receipt(const std::string& id, std::string_view state, const std::string& by, const std::string& detail,
                         Context& city);
  // Puts a failed notice at the end of its queue again. False: it is not a failed one.
  bool retry(const std::string& id, Context& city);
  const Notice* known(std::string_view id) const;  // waiting, failed, or sent not long ago

  // Heads of queues whose time has come, those that wait longest first, at most kNoticesOffered of one receiver: a long dead one must not fill
  // every answer. A caller that has one in flight leaves it alone. Empty while held.
  std::vector<Notice> due(Time now) const;
  Time next_due() const;           // of the earliest head; Time::max(): none, or held
  bool held() const { return held_; }
  void hold(bool held) { held_ = held; }
  std::size_t waiting() const { return notices_.size() - failed_; }
  void forget_before(Time old);    // failed ones made, and sent ones sent before it
  void forget_subject(const std::string& subject) { counts_.erase(subject); }  // it will never be spoken of again

  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  using Queue = std::deque<std::string>;
  void enqueue(Notice notice, Context& city);
  void schedule(const Queue& queue, Time from, Context& city);
  void release(const std::string& key, Context& city);
  void fail_now(Notice& notice);
  void keep_sent(Notice notice);
  Time goes_at(const Queue& queue, Time from) const;
  static std::string queue_key(const Notice& notice) { return notice.subject + "\n" + notice.target; }

  Millis utc_offset_;
  std::map<std::string, Receiver, std::less<>> receivers_;
  std::map<std::string, Notice, std::less<>> notices_;          // waiting and failed ones
  std::map<std::string, Notice, std::less<>> sent_;             // receipts may still come
  Queue sent_order_;                                            // ids of sent_, oldest first
  std::map<std::string, Queue> queues_;                         // subject \n receiver -> ids, head first
  std::map<std::string, std::uint64_t> counts_;                 // subject -> running number
  std::size_t failed_ = 0;
  bool held_ = false;
};

}  // namespace cityloop
