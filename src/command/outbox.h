// SPDX-License-Identifier: Apache-2.0
// Notices on their way out: one queue per (subject, receiver), so that a receiver hears a case's steps in order and a
// dead receiver holds up nobody else. Only the head of a queue may be in flight. City thread only; the edge sends.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "core/context.h"

namespace cityloop {

struct Receiver {
  std::string name;
  std::string url;
  std::string area;                // hears of subjects in areas that start with this; empty or root: all
  std::vector<std::string> types;  // prefixes of notice types; none: all
};

class Outbox {
 public:
  void put_receiver(Receiver receiver);
  bool remove_receiver(const std::string& name);  // its waiting notices stay and fail or go by the edge's answer
  const Receiver* receiver(std::string_view name) const;

  // One notice to every receiver whose area and types match; emits each. `data` is the JSON of the CloudEvent's data.
  void post(const std::string& subject, const std::string& area, const std::string& type, const std::string& data,
            Context& city);
  // To one receiver, whatever its area and types; the caller has judged whether the actor may. Returns the notice's id.
  std::string post_to(const std::string& receiver, const std::string& subject, const std::string& area,
                      const std::string& type, const std::string& data, Context& city);

  // Delivered: the next of the queue is released. Failed: waits 1 s · 2^n, at most kNoticeBackoffMost, less up to a
  // quarter by chance; after kNoticeAttempts it is `failed` and the next is released. Unknown ids are ignored (answered
  // twice).
  void result(const NoticeResultIn& in, Context& city);
  // Puts a failed notice at the end of its queue again. False: it is not a failed one.
  bool retry(const std::string& id, Context& city);

  // Heads of queues whose time has come, by id. A caller that has one in flight leaves it alone. Empty while held.
  std::vector<Notice> due(Time now) const;
  Time next_due() const;           // of the earliest head; Time::max(): none, or held
  bool held() const { return held_; }
  void hold(bool held) { held_ = held; }
  std::size_t waiting() const { return notices_.size() - failed_; }
  void forget_failed_before(Time created);
  void forget_subject(const std::string& subject) { counts_.erase(subject); }  // it will never be spoken of again

  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  void enqueue(Notice notice, Context& city);
  void release(std::deque<std::string>& queue, Context& city);
  static std::string queue_key(const Notice& notice) { return notice.subject + "\n" + notice.target; }

  std::map<std::string, Receiver, std::less<>> receivers_;
  std::map<std::string, Notice, std::less<>> notices_;          // waiting and failed ones
  std::map<std::string, std::deque<std::string>> queues_;       // subject \n receiver -> ids, head first
  std::map<std::string, std::uint64_t> counts_;                 // subject -> running number
  std::size_t failed_ = 0;
  bool held_ = false;
};

}  // namespace cityloop
