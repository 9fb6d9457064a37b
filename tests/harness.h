// SPDX-License-Identifier: Apache-2.0
// The real city on in-memory stores and a hand-held clock, single-threaded: for stories and simulation. It can be crashed:
// what was not synced is lost, the rest is recovered exactly as the program does it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "city/city.h"
#include "edge/history_memory.h"
#include "edge/journal_memory.h"

namespace cityloop {

class Harness {
 public:
  explicit Harness(std::uint64_t seed, CitySettings settings = {});

  // Packs by file name from the source tree, loaded as the program does.
  void load_packs(const std::vector<std::string>& names);
  Answer act(std::string principal, std::string verb, std::string subject, std::string body, std::uint64_t if_match = 0,
             std::string idempotency_key = "");
  Answer send(std::string principal, ReadingBatch batch);
  std::vector<Answer> run(std::vector<Input> inputs);
  // Moves the clock; every timer that falls due on the way gets its own turn.
  void advance_to(Time time);
  void advance(Millis duration) { advance_to(now_ + duration); }

  void checkpoint();                 // of the state now; recovery starts from it
  // The Journal commits this many turns late, as on a slow disk; what waits is lost in a crash and comes back from the log.
  void set_journal_lag(std::size_t turns) { lag_ = turns; }
  // The process dies and recovers: newest checkpoint, then the log. `turn_lost`: the last turn had not been synced (nobody was
  // answered, so its senders will send again).
  enum class Last : std::uint8_t { synced, lost };
  void crash(Last last = Last::synced);

  City& city() { return *city_; }
  Journal& journal() { return *journal_; }
  History& history() { return *history_; }
  Time now() const { return now_; }
  std::vector<std::string> docs(const std::string& table, std::vector<Where> where = {});
  std::string dump();                // every row of every table: for byte-for-byte comparison
  const std::vector<Event>& events() const { return events_; }  // of the last run()

 private:
  std::vector<Answer> step(std::vector<Input> inputs);
  void commit(std::size_t keep_waiting);

  CitySettings settings_;
  Chance chance_;
  Time now_ = from_ms(1661148000000);  // 2022-08-22T14:00:00+08:00
  std::unique_ptr<City> city_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<History> history_;
  std::vector<std::string> log_;       // record of turn first_turn_ + i
  std::vector<JournalBatch> waiting_;  // not yet committed
  std::uint64_t log_first_ = 1;
  std::size_t lag_ = 0;
  std::string checkpoint_;
  std::uint64_t checkpoint_turn_ = 0;
  std::vector<Event> events_;
};

}  // namespace cityloop
