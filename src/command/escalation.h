// SPDX-License-Identifier: Apache-2.0
// What waits for somebody to take it up: alarms that nobody acknowledged, orders that nobody accepted. Each receiver of a later step hears
// of each once, `after` it was made known; what is taken up or over is told to nobody more. City thread only.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec.h"
#include "core/receiver.h"

namespace cityloop {

using Receivers = std::map<std::string, Receiver, std::less<>>;

class Escalations {
 public:
  struct Waiting {
    Time since{};                  // when it was made known
    std::string area;
    std::string type;              // of the notice: `city.alarm.unacknowledged`, `city.case.unaccepted`
    Level level = Level::none;
    std::set<std::string> told;    // receivers
    Time round{};                  // which wait it is: another one may be told to everybody again
    bool paused = false;           // suspended, merged, taken up: what was told stays told, should it wait on
  };
  struct Call {                    // one receiver is to hear of one subject now
    std::string subject;
    std::string receiver;
    std::string type;
    int step = 2;
    Millis waited{0};
  };

  // Begins to wait, waits on, or follows a change of area or level.
  void wait(const std::string& subject, Waiting now, const Receivers& receivers, const std::string& root);
  void pause(const std::string& subject);
  void end(const std::string& subject);
  const Waiting* find(std::string_view subject) const;  // null: never waited, or over
  // Who has become due, each only once, by subject and step.
  std::vector<Call> take_due(Time now, const Receivers& receivers, const std::string& root);
  Time next_due() const { return due_.empty() ? Time::max() : due_.begin()->first; }
  void replan(const Receivers& receivers, const std::string& root);  // after receivers changed, and after decode

  void encode(Writer& out) const { cityloop::encode(out, waiting_); }
  void decode(Reader& in) { cityloop::decode(in, waiting_); }

 private:
  void plan(const std::string& subject, const Waiting& one, const Receivers& receivers, const std::string& root);
  void unplan(const std::string& subject);

  std::map<std::string, Waiting, std::less<>> waiting_;

  // derived: when the next receiver of a subject is due
  std::set<std::pair<Time, std::string>> due_;
  std::map<std::string, Time, std::less<>> due_at_;
};

}  // namespace cityloop
