// SPDX-License-Identifier: Apache-2.0
#include "city/loop.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <span>
#include <utility>

#include "city/version.h"
#include "core/limits.h"

namespace cityloop {

namespace {

constexpr Millis kCheckpointPause = std::chrono::seconds(10);  // behind one that found no room

constexpr std::size_t kReplayTogether = 64;  // turns of one commit while the log is replayed

// Cost accounting only; nothing that step computes depends on it.
std::uint64_t ns_since(std::chrono::steady_clock::time_point start) {
  return static_cast<std::uint64_t>((std::chrono::steady_clock::now() - start).count());
}

bool is_early(const Input& input) {
  return std::holds_alternative<ReadingsIn>(input) || std::holds_alternative<RecordsIn>(input);
}

}  // namespace

JournalBatch batch_of(Outcome& outcome) {
  return JournalBatch{outcome.turn, outcome.now, outcome.last_seq, std::move(outcome.rows)};
}

std::string log_record(const Turn& turn) {
  std::string bytes;
  std::size_t size = 256;
  for (const Input& input : turn.inputs)
    if (const auto* in = std::get_if<ReadingsIn>(&input))
      size += in->batch.text.size() + in->batch.messages.size() * sizeof(ReadingBatch::Message) +
              in->batch.samples.size() * sizeof(ReadingBatch::Sample) + 256;
  bytes.reserve(size);
  Writer out(bytes);
  encode(out, kStepVersion);
  encode(out, turn.now);
  encode(out, turn.seed);
  encode(out, turn.inputs);
  return bytes;
}

Result<Turn> turn_of_record(std::uint64_t number, std::string_view record) {
  Reader in(record);
  std::uint32_t version = 0;
  decode(in, version);
  if (version < kStepVersion)
    return fail(errors::kOlderLog, "the uncut log was written by an older program; start that program once and stop it cleanly, then upgrade");
  if (version > kStepVersion) return fail(errors::kNewerData, "the log was written by a newer program; use that one");
  Turn turn;
  turn.number = number;
  decode(in, turn.now);
  decode(in, turn.seed);
  decode(in, turn.inputs);
  if (!in.ok() || !in.done()) return fail(errors::kCorrupt, "turn " + std::to_string(number) + " does not decode");
  return turn;
}

Loop::Loop(City& city, Stores stores, Outside outside) : city_(city), stores_(stores), outside_(std::move(outside)) {
  packs_ = city_.packs();
  inbox_.set_urgent(city_.analyse().urgent());
  access_ = city_.access().publish(0, city_.tables().root_area());
  picture_ = city_.analyse().live().publish(0, Time{});
}

Loop::~Loop() { CHECK(threads_.empty()); }

Result<std::uint64_t> Loop::recover() {
  if (auto checkpoint = TRY(stores_.checkpoints->newest())) {
    if (checkpoint->step_version > kStepVersion)
      return fail(errors::kNewerData, "the checkpoint was written by a newer program; use that one");
    if (checkpoint->step_version < kOldestState)
      return fail(errors::kOlderLog, "the checkpoint was written by an older program and no upgrade is known");
    TRY(city_.load(checkpoint->state));
    last_checkpoint_turn_ = checkpoint->turn;
  }
  const JournalHead head = TRY(stores_.journal->head());
  if (stores_.journal_is_apart && head.turn < last_checkpoint_turn_)
    return fail(errors::kCorrupt, "the database's journal ends at turn " + std::to_string(head.turn) +
                                      ", older than the folder's checkpoint of turn " +
                                      std::to_string(last_checkpoint_turn_) +
                                      ": bring back folder and database from one backup");
  std::uint64_t replayed = 0;
  std::vector<JournalBatch> batches;
  TRY(stores_.log->replay(city_.turn(), [&](std::uint64_t number, std::string_view record) -> Result<void> {
    const Turn turn = TRY(turn_of_record(number, record));
    Outcome outcome = city_.step(turn);
    TRY(stores_.history->append(outcome.turn, outcome.samples, outcome.records));
    if (outcome.turn > head.turn && !outcome.rows.empty()) batches.push_back(batch_of(outcome));
    if (batches.size() == kReplayTogether) TRY(stores_.journal->commit(std::exchange(batches, {})));
    ++replayed;
    return {};
  }));
  if (!batches.empty()) TRY(stores_.journal->commit(batches));
  if (head.turn > city_.turn())
    return fail(errors::kCorrupt, "the journal knows turn " + std::to_string(head.turn) + " but the log ends at " + std::to_string(city_.turn()));
  journal_turn_ = history_turn_ = stepped_turn_ = city_.turn();
  packs_ = city_.packs();
  inbox_.set_urgent(city_.analyse().urgent());
  access_ = city_.access().publish(city_.turn(), city_.tables().root_area());
  picture_ = city_.analyse().live().publish(city_.turn(), city_.now());
  return replayed;
}

void Loop::start() {
  last_checkpoint_ = last_picture_ = outside_.now();
  threads_.emplace_back([this] { run_lookups(); });
  threads_.emplace_back([this] { run_history(); });
  threads_.emplace_back([this] { run_journal(); });
  threads_.emplace_back([this] { run_city(); });
}

void Loop::stop() {
  if (threads_.empty()) return;
  join(Rest::finish);
  if (city_.turn() == last_checkpoint_turn_) return;
  // Without room for a checkpoint the log keeps what happened, and the next start replays it.
  if (const auto written = write_checkpoint(copy_state()); !written && outside_.warn) outside_.warn("checkpoint: " + written.error().detail);
}

void Loop::abandon() {
  if (!threads_.empty()) join(Rest::drop);
}

void Loop::join(Rest rest) {
  inbox_.close();
  dropping_ = rest == Rest::drop;
  stopping_ = true;
  inbox_.wake();
  threads_.back().join();  // the city thread, after its last turn
  threads_.pop_back();
  for (bool flying = rest == Rest::finish; flying;) {
    std::this_thread::sleep_for(Millis{1});
    std::lock_guard lock(flights_mutex_);
    flying = !flights_.empty();
  }
  drained_ = true;
  { std::lock_guard lock(journal_mutex_); }
  journal_ready_.notify_all();
  { std::lock_guard lock(history_mutex_); }
  history_ready_.notify_all();
  { std::lock_guard lock(lookup_mutex_); }
  lookup_ready_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  if (checkpoint_thread_.joinable()) checkpoint_thread_.join();
}

void Loop::offer(Input input, Reply reply) {
  const std::uint64_t behind = stepped_turn_.load() - journal_turn_.load();
  const bool import = std::holds_alternative<ReadingsIn>(input) && std::get<ReadingsIn>(input).import;
  const bool readings = is_early(input);
  Waiting waiting{std::move(input), std::move(reply), 0};
  if ((readings && !stores_.log->has_room()) || journal_full_) {
    if (waiting.reply) waiting.reply(refuse(errors::kNoSpace, "the disk is short of room; nothing was taken, send it again later"));
    return;
  }
  if (journal_away_ && !readings) {  // whoever waits for the Journal would wait long; readings wait for the Log alone
    if (waiting.reply)
      waiting.reply(
          refuse(errors::kNotReady, "the journal's database is away; nothing was taken, send it again later"));
    return;
  }
  if (behind < limits::kTurnsUncommitted && inbox_.offer(waiting)) return;
  if (!waiting.reply) return;
  if (import) {
    waiting.reply(refuse(errors::kRateLimited, "live data goes first; send it again in a second"));
  } else {
    waiting.reply(refuse(errors::kOverloaded, "nothing was taken; send it again in a second"));
  }
}

// ---- the city thread --------------------------------------------------------------------------------------------

Millis Loop::patience() {
  if (city_.wants_turn()) return Millis{0};
  if (stopping_) return Millis{1};  // the one wake of the stop may have been spent on a turn
  const Time due = city_.next_due();
  const Time now = outside_.now();
  if (due <= now) return Millis{0};
  // A second at most: housekeeping such as pictures and checkpoints looks at the clock that often. A simulated clock
  // may run faster than the wall's, so near timers are polled.
  return std::min<Millis>(Millis{200}, due == Time::max() ? Millis{200} : std::max<Millis>(Millis{1}, due - now));
}

void Loop::run_city() {
  for (;;) {
    std::vector<Waiting> waiting = inbox_.drain(patience());
    {
      std::deque<std::function<void()>> work;
      {
        std::lock_guard lock(work_mutex_);
        work.swap(work_);
      }
      for (const auto& task : work) task();
    }
    std::erase_if(waiting, [this](Waiting& one) { return send_to_lookup(one); });
    const Time now = outside_.now();
    if (!waiting.empty() || city_.wants_turn() || city_.next_due() <= now) {
      run_turn(std::move(waiting));
    } else if (stopping_ && lookups_open_ == 0) {
      const Inbox::Counters left = inbox_.counters();
      if (left.messages == 0 && left.actions == 0) return;
    }
    if (now - last_picture_ >= outside_.picture_every) {
      last_picture_ = now;
      auto picture = city_.analyse().live().publish(city_.turn(), now);
      std::lock_guard lock(published_mutex_);
      picture_ = std::move(picture);
    }
    const bool pause = now - last_checkpoint_ < kCheckpointPause && checkpoint_failed_;
    const bool much = !pause && stores_.log->uncut_bytes() > outside_.log_uncut_bytes / 2;
    const bool long_ago = now - last_checkpoint_ >= outside_.checkpoint_every && city_.turn() != last_checkpoint_turn_;
    if (!checkpoint_running_ && (much || long_ago)) begin_checkpoint();
  }
}

// Inputs with samples older than their point's newest go by way of the lookup thread, which attaches what History holds at
// those times; step itself never reads a store.
bool Loop::send_to_lookup(Waiting& waiting) {
  auto* in = std::get_if<ReadingsIn>(&waiting.input);
  if (!in || waiting.looked_up >= 2) return false;
  if (waiting.looked_up > 0 && in->batch.known_turn == city_.turn()) return false;
  std::vector<Sense::Lookup> lookups = city_.sense().lookups(*in);
  if (lookups.empty()) return false;
  ++waiting.looked_up;
  ++lookups_open_;
  {
    std::lock_guard lock(lookup_mutex_);
    lookup_queue_.emplace_back(std::move(waiting), std::move(lookups));
  }
  lookup_ready_.notify_one();
  return true;
}

void Loop::run_turn(std::vector<Waiting> waiting) {
  Turn turn;
  turn.number = city_.turn() + 1;
  turn.now = std::max(city_.now(), outside_.now());
  turn.seed = outside_.seed();
  std::vector<Reply> replies;
  turn.inputs.reserve(waiting.size());
  replies.reserve(waiting.size());
  for (Waiting& one : waiting) {
    turn.inputs.push_back(std::move(one.input));
    replies.push_back(std::move(one.reply));
  }
  if (turn.inputs.empty()) turn.inputs.emplace_back(TickIn{});
  replies.resize(turn.inputs.size());
  Flight flight = fly(turn, std::move(replies));
  const auto start = std::chrono::steady_clock::now();
  const auto packs = city_.packs();
  Outcome outcome = city_.step(turn);
  step_ns_ += ns_since(start);
  finish(std::move(outcome), flight);
  if (city_.packs() != packs) {
    flight->packs = city_.packs();
    inbox_.set_urgent(city_.analyse().urgent());
  }
  ++turns_;
  stepped_turn_ = turn.number;
  landed(flight, &InFlight::stepped);
}

Loop::Flight Loop::fly(Turn& turn, std::vector<Reply> replies) {
  auto flight = std::make_shared<InFlight>();
  flight->replies = std::move(replies);
  for (const Input& input : turn.inputs) flight->early.push_back(is_early(input));
  {
    std::lock_guard lock(flights_mutex_);
    flights_.push_back(flight);
  }
  const auto start = std::chrono::steady_clock::now();
  std::string record = log_record(turn);
  encode_ns_ += ns_since(start);
  stores_.log->append(turn.number, std::move(record), [this, flight] { landed(flight, &InFlight::synced); });
  return flight;
}

void Loop::finish(Outcome&& outcome, Flight& flight) {
  messages_ += outcome.messages;
  events_ += outcome.events.size();
  for (const auto& [code, times] : outcome.quarantined) quarantined_.add(code, times);
  flight->deltas = live_deltas(std::span<const Event>(outcome.events), outcome.now);
  for (const Event& event : outcome.events)
    flight->effects = flight->effects || std::holds_alternative<Notice>(event.body) || event.kind == "device.command";
  if (city_.access().changed()) flight->access = city_.access().publish(outcome.turn, city_.tables().root_area());
  flight->outcome = std::move(outcome);
}

void Loop::between_turns(const std::function<void(City&)>& work) {
  std::promise<void> ready;
  {
    std::lock_guard lock(work_mutex_);
    work_.push_back([&] {
      work(city_);
      ready.set_value();
    });
  }
  inbox_.wake();
  ready.get_future().get();
}

// ---- what others read -------------------------------------------------------------------------------------------

std::shared_ptr<const AccessTable> Loop::access() const {
  std::lock_guard lock(published_mutex_);
  return access_;
}

std::shared_ptr<const LiveState::Picture> Loop::live() const {
  std::lock_guard lock(published_mutex_);
  return picture_;
}

std::shared_ptr<const Packs> Loop::packs() const {
  std::lock_guard lock(published_mutex_);
  return packs_;
}

std::optional<std::string> Loop::why_not_ready() const {
  if (stopping_) return "stopping";
  if (!stores_.log->has_room()) return "the disk is short of room for the log";
  if (journal_full_) return "the journal's disk is full";
  if (journal_away_) return "the journal's database is away";
  if (stepped_turn_ - journal_turn_ >= limits::kTurnsUncommitted) return "the journal is behind";
  return std::nullopt;
}

Loop::Counters Loop::counters() const {
  Counters out;
  out.turns = turns_;
  out.messages = messages_;
  out.events = events_;
  out.checkpoints = checkpoints_;
  out.checkpoint_ns = checkpoint_ns_;
  out.checkpoint_most_ns = checkpoint_most_ns_;
  out.checkpoint_bytes = checkpoint_bytes_;
  out.lookups = lookups_;
  out.step_ns = step_ns_;
  out.encode_ns = encode_ns_;
  out.committed_turn = journal_turn_;
  out.uncommitted = stepped_turn_ - journal_turn_;
  out.inbox = inbox_.counters();
  out.quarantined = quarantined_.read();
  return out;
}

}  // namespace cityloop
