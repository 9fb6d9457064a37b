// SPDX-License-Identifier: Apache-2.0
// The city as one deterministic function: step(turn) -> outcome. Runs the five rooms in order and knows no adapter, no clock,
// no chance of its own. One thread calls it; recovery, simulation and tests call the same code.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "analyse/analyse.h"
#include "city/ports.h"
#include "command/command.h"
#include "core/context.h"
#include "sense/sense.h"
#include "serve/access.h"
#include "serve/project.h"
#include "supervise/supervise.h"

namespace cityloop {

struct CitySettings {
  std::string root_area = "50";                 // fixed for the life of a data folder
  std::string root_name = "重庆市";
  Millis utc_offset = std::chrono::hours(8);    // fixed for the life of a data folder
  std::string audit_key;                        // 32 bytes, from the data folder
};

// All that one turn leads to. Nothing in it has happened yet: the loop (loop.h) makes it durable, then performs it.
struct Outcome {
  std::uint64_t turn = 0;
  Time now{};
  std::uint64_t last_seq = 0;         // of the newest event, 0: no event in this turn
  std::vector<Answer> answers;        // by input
  std::vector<PointSample> samples;   // for History, measured and derived
  std::vector<Record> records;
  std::vector<Event> events;
  std::vector<RowChange> rows;        // for the Journal
  std::size_t messages = 0;           // readings and records taken, for metrics
  std::map<std::string, std::uint64_t, std::less<>> quarantined;  // by code, for metrics
};

class City {
 public:
  explicit City(CitySettings settings);

  // Turn numbers must be consecutive and `now` must not go back.
  Outcome step(const Turn& turn);

  std::uint64_t turn() const { return turn_; }
  Time now() const { return now_; }
  std::uint64_t seq() const { return seq_; }
  // When the rooms want a tick at the latest; Time::max() when never.
  Time next_due() const;
  bool wants_turn() const { return !demands_.empty(); }

  const Register& tables() const { return sense_.tables(); }
  std::shared_ptr<const Packs> packs() const { return packs_; }
  // Digest over all packs' texts; the program offers `packs.put` when its files differ.
  const std::string& packs_digest() const { return packs_digest_; }
  Sense& sense() { return sense_; }
  Analyse& analyse() { return analyse_; }
  Command& command() { return command_; }
  Supervise& supervise() { return supervise_; }
  Access& access() { return access_; }

  std::string save(std::size_t about = 0) const;  // everything that step depends on; `about` so many bytes as the last time
  Result<void> load(std::string_view state);   // kCorrupt when it does not decode

 private:
  struct Remembered {  // answer to an Idempotency-Key
    std::uint64_t digest = 0;
    Time at{};
    Answer answer;
  };

  Answer take(const Input& input, Context& city, Outcome& out);
  Answer take(const ReadingsIn& in, Context& city, Outcome& out);
  Answer take(const RecordsIn& in, Context& city, Outcome& out);
  Answer take(const ActionIn& in, Context& city, Outcome& out);
  Answer take(const TickIn& in, Context& city, Outcome& out);
  Answer take(const StartedIn& in, Context& city, Outcome& out);
  Answer take(const PresenceIn& in, Context& city, Outcome& out);
  Answer take(const NoticeResultIn& in, Context& city, Outcome& out);
  Answer act(const ActionIn& in, const Actor& actor, Context& city, Outcome& out);
  Answer put_packs(const ActionIn& in, const Actor& actor, Context& city);
  Result<void> set_packs(std::map<std::string, std::string> texts);
  void observe(const std::vector<Observation>& seen, Context& city, Outcome& out);
  void settle(std::size_t from, Context& city);
  void tick(Context& city);
  std::optional<Actor> actor_for(const std::string& principal) const;
  void forget_old_keys();

  CitySettings settings_;
  std::shared_ptr<const Packs> packs_;
  std::map<std::string, std::string> pack_texts_;
  std::string packs_digest_;
  Sense sense_;
  Analyse analyse_;
  Command command_;
  Supervise supervise_;
  Access access_;

  std::uint64_t turn_ = 0;
  Time now_{};
  std::uint64_t seq_ = 0;
  std::vector<ActionIn> demands_;                          // of supervise, for the next turn
  std::map<std::string, Remembered> remembered_;           // principal + '\n' + key
  std::deque<std::pair<Time, std::string>> remembered_order_;
  std::map<std::string, Time> silent_since_;               // principal -> when its connection was lost
};

}  // namespace cityloop
