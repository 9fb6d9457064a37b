// SPDX-License-Identifier: Apache-2.0
// Runs the city: drains the inbox into turns, logs and steps them, and performs their outcome in the one order of durability
// (architecture §1): Log sync -> acknowledgements -> History and Journal -> answers, screens, effects. Owns its threads;
// everything public may be called from any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "city/city.h"
#include "city/inbox.h"
#include "city/ports.h"
#include "core/tally.h"

namespace cityloop {

class Loop {
 public:
  struct Stores {
    Log* log = nullptr;
    Checkpoints* checkpoints = nullptr;
    Journal* journal = nullptr;
    History* history = nullptr;
    bool journal_is_apart =
        false;  // in a database, which somebody may set back without the folder: it must reach the checkpoint
  };
  struct Outside {
    std::function<Time()> now;                                       // never goes back
    std::function<std::uint64_t()> seed;                             // a fresh one a turn
    std::function<void(const std::vector<LiveDelta>&)> publish;      // after the Journal commit, in order
    std::function<void()> effects_waiting;                           // notices or device commands may have changed
    std::function<void(const std::string& what)> warn;               // (optional) goes on, but somebody should know
    std::function<void(const std::string& why)> fatal;               // says it and ends the process; must not return
    Millis checkpoint_every{std::chrono::minutes(5)};
    Millis picture_every{100};                                       // live state for queries
    std::uint64_t log_uncut_bytes = limits::kLogUncutBytes;
  };

  Loop(City& city, Stores stores, Outside outside);
  ~Loop();

  // Newest checkpoint plus what the Log has after it; each store skips what it has. Before start(). Returns turns replayed.
  Result<std::uint64_t> recover();
  void start();
  // Lets what was offered finish, makes a checkpoint, joins the threads.
  void stop();
  // Ends the threads as a crash would leave the stores: no checkpoint, nothing more written. For tests.
  void abandon();

  // Full inbox: `reply` is called at once with 503 (429 for imports). Readings and records are answered once durable in the
  // Log, everything else after the Journal commit, so that the asker's next read sees it.
  void offer(Input input, Reply reply);

  std::shared_ptr<const AccessTable> access() const;
  std::shared_ptr<const LiveState::Picture> live() const;
  std::shared_ptr<const Packs> packs() const;
  std::optional<std::string> why_not_ready() const;

  // Runs `work` on the city thread between two turns and waits for it: backup, counts. Never from the city thread.
  void between_turns(const std::function<void(City&)>& work);
  // Everything up to now durable in every store, a checkpoint made and the Log cut. Waits.
  Result<std::uint64_t> checkpoint_now();

  struct Counters {
    std::uint64_t turns = 0, messages = 0, events = 0, checkpoints = 0, lookups = 0;
    std::uint64_t step_ns = 0, encode_ns = 0;   // of the city thread
    std::uint64_t checkpoint_ns = 0, checkpoint_most_ns = 0, checkpoint_bytes = 0;  // the city stands while its state is copied
    std::uint64_t committed_turn = 0, uncommitted = 0;
    Inbox::Counters inbox;
    Tally::Counts quarantined;                  // by code
  };
  Counters counters() const;

 private:
  struct InFlight {
    Outcome outcome;
    std::vector<Reply> replies;                 // by input
    std::vector<bool> early;                    // answered at the Log sync
    std::vector<LiveDelta> deltas;
    std::shared_ptr<const LiveState::Picture> picture;
    std::shared_ptr<const AccessTable> access;
    std::shared_ptr<const Packs> packs;
    bool effects = false;
    bool synced = false;
    bool stepped = false;
  };
  using Flight = std::shared_ptr<InFlight>;

  void run_city();
  void run_journal();
  void run_history();
  void run_lookups();
  void run_turn(std::vector<Waiting> waiting);
  bool send_to_lookup(Waiting& waiting);
  Flight fly(Turn& turn, std::vector<Reply> replies);
  void finish(Outcome&& outcome, Flight& flight);
  void landed(const Flight& flight, bool InFlight::*part);
  void begin_checkpoint(std::function<void(Result<void>)> told = {});
  Checkpoint copy_state();
  Result<void> write_checkpoint(Checkpoint checkpoint);
  void commit(const std::vector<JournalBatch>& batches);
  Millis patience();
  enum class Rest : std::uint8_t { finish, drop };  // of the turns that are not synced yet
  void join(Rest rest);

  City& city_;
  Stores stores_;
  Outside outside_;
  Inbox inbox_;

  mutable std::mutex flights_mutex_;
  std::condition_variable committed_;
  std::deque<Flight> flights_;                  // in order of turns, until synced and stepped

  std::mutex journal_mutex_;
  std::condition_variable journal_ready_;
  std::deque<Flight> journal_queue_;
  std::mutex history_mutex_;
  std::condition_variable history_ready_;
  std::deque<Flight> history_queue_;
  std::mutex lookup_mutex_;
  std::condition_variable lookup_ready_;
  std::deque<std::pair<Waiting, std::vector<Sense::Lookup>>> lookup_queue_;

  std::atomic<std::uint64_t> journal_turn_{0};  // handled by the journal thread
  std::atomic<std::uint64_t> history_turn_{0};
  std::atomic<std::uint64_t> stepped_turn_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> dropping_{false};           // and what is not synced is given up
  std::atomic<bool> journal_full_{false};       // its disk is; it tries again
  std::atomic<bool> journal_away_{false};       // its database is; it tries again
  std::atomic<bool> drained_{false};            // the city thread is done
  std::atomic<bool> lookups_done_{false};
  std::atomic<std::uint64_t> lookups_open_{0};

  mutable std::mutex published_mutex_;
  std::shared_ptr<const AccessTable> access_;
  std::shared_ptr<const LiveState::Picture> picture_;
  std::shared_ptr<const Packs> packs_;
  std::uint64_t epoch_turn_ = 0;

  std::mutex work_mutex_;
  std::deque<std::function<void()>> work_;

  std::thread checkpoint_thread_;
  std::atomic<bool> checkpoint_running_{false};
  std::atomic<bool> checkpoint_failed_{false};  // the last one found no room
  Time last_checkpoint_{};
  std::atomic<std::uint64_t> last_checkpoint_turn_{0};
  Time last_picture_{};

  std::atomic<std::uint64_t> turns_{0}, messages_{0}, events_{0}, checkpoints_{0}, lookups_{0}, step_ns_{0}, encode_ns_{0};
  std::atomic<std::uint64_t> checkpoint_ns_{0}, checkpoint_most_ns_{0}, checkpoint_bytes_{0};
  Tally quarantined_{problem_codes()};

  std::vector<std::thread> threads_;
};

JournalBatch batch_of(Outcome& outcome);  // takes the rows

// The Log's record of a turn: u32 kStepVersion, then the turn's fields without its number.
std::string log_record(const Turn& turn);
Result<Turn> turn_of_record(std::uint64_t number, std::string_view record);

}  // namespace cityloop
