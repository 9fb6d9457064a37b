// SPDX-License-Identifier: Apache-2.0
// The loop's way from a synced and stepped turn to the stores, and back: acknowledgements, Journal, History, look-ups, checkpoints.
#include <algorithm>
#include <future>

#include "city/loop.h"
#include "city/version.h"

namespace cityloop {

// ---- from sync and step to the stores ---------------------------------------------------------------------------

void Loop::landed(const Flight& flight, bool InFlight::*part) {
  std::lock_guard lock(flights_mutex_);
  flight.get()->*part = true;
  while (!flights_.empty() && flights_.front()->synced && flights_.front()->stepped) {
    Flight first = std::move(flights_.front());
    flights_.pop_front();
    for (std::size_t i = 0; i < first->replies.size(); ++i)
      if (first->early[i] && first->replies[i]) first->replies[i](std::move(first->outcome.answers[i]));
    {
      std::lock_guard history(history_mutex_);
      history_queue_.push_back(first);
    }
    history_ready_.notify_one();
    {
      std::lock_guard journal(journal_mutex_);
      journal_queue_.push_back(std::move(first));
    }
    journal_ready_.notify_one();
  }
}

void Loop::run_history() {
  for (;;) {
    std::deque<Flight> flights;
    {
      std::unique_lock lock(history_mutex_);
      history_ready_.wait(lock, [&] { return drained_ || !history_queue_.empty(); });
      flights.swap(history_queue_);
      if (flights.empty()) {
        if (drained_) return;
        continue;
      }
    }
    for (const Flight& flight : flights) {
      const auto kept = stores_.history->append(flight->outcome.turn, flight->outcome.samples, flight->outcome.records);
      if (!kept) outside_.fatal("history: " + kept.error().detail);
      history_turn_ = flight->outcome.turn;
    }
  }
}

void Loop::run_journal() {
  for (;;) {
    std::deque<Flight> flights;
    {
      std::unique_lock lock(journal_mutex_);
      journal_ready_.wait(lock, [&] { return drained_ || !journal_queue_.empty(); });
      flights.swap(journal_queue_);
      if (flights.empty()) {
        if (drained_) return;
        continue;
      }
    }
    std::vector<JournalBatch> batches;
    for (const Flight& flight : flights)
      if (!flight->outcome.rows.empty()) batches.push_back(batch_of(flight->outcome));
    if (!batches.empty()) commit(batches);
    bool effects = false;
    for (const Flight& flight : flights) {
      if (flight->access || flight->packs) {
        std::lock_guard lock(published_mutex_);
        if (flight->access) access_ = flight->access;
        if (flight->packs) packs_ = flight->packs;
      }
      effects = effects || flight->effects;
      if (!flight->deltas.empty() && outside_.publish) outside_.publish(flight->deltas);
      journal_turn_ = flight->outcome.turn;
      for (std::size_t i = 0; i < flight->replies.size(); ++i)
        if (!flight->early[i] && flight->replies[i]) flight->replies[i](std::move(flight->outcome.answers[i]));
    }
    { std::lock_guard lock(flights_mutex_); }
    committed_.notify_all();
    if (effects && outside_.effects_waiting) outside_.effects_waiting();
  }
}

// A full disk and a database that is away are waited for, and new inputs are refused meanwhile: the turns are in the
// Log. A violated key here is a second case for one event: our defect. Another server that has taken the journal over
// is none of ours to argue with. Stop loudly.
void Loop::commit(const std::vector<JournalBatch>& batches) {
  for (;;) {
    const auto kept = stores_.journal->commit(batches);
    if (kept) break;
    const bool full = kept.error().code == &errors::kNoSpace, away = kept.error().code == &errors::kNotReady;
    if ((!full && !away) || stopping_) outside_.fatal("journal: " + kept.error().detail);
    const bool news = !(full ? journal_full_ : journal_away_).exchange(true);
    if (news && outside_.warn)
      outside_.warn("journal: " + kept.error().detail + "; it is tried again until it " +
                    (full ? "has room" : "is back"));
    std::this_thread::sleep_for(Millis{200});
  }
  if (journal_full_.exchange(false) && outside_.warn) outside_.warn("journal: there is room again");
  if (journal_away_.exchange(false) && outside_.warn) outside_.warn("journal: its database is back");
}

void Loop::run_lookups() {
  for (;;) {
    std::pair<Waiting, std::vector<Sense::Lookup>> job;
    {
      std::unique_lock lock(lookup_mutex_);
      lookup_ready_.wait(lock, [&] { return drained_ || !lookup_queue_.empty(); });
      if (lookup_queue_.empty()) return;
      job = std::move(lookup_queue_.front());
      lookup_queue_.pop_front();
    }
    auto& batch = std::get<ReadingsIn>(job.first.input).batch;
    // What is read below is at least as new as this turn; sense remembers younger late samples itself.
    batch.known_turn = stores_.history->seen_turn();
    batch.known.clear();
    // Sorted by point and time, neighbours come out of one read.
    std::sort(job.second.begin(), job.second.end(), [](const auto& a, const auto& b) {
      return std::tie(a.slot, a.point, a.at) < std::tie(b.slot, b.point, b.at);
    });
    constexpr std::size_t kRead = 4096;
    for (std::size_t i = 0; i < job.second.size();) {
      const Sense::Lookup& first = job.second[i];
      std::size_t end = i + 1;
      while (end < job.second.size() && job.second[end].slot == first.slot && job.second[end].point == first.point) ++end;
      Time from = first.at;
      const Time to = job.second[end - 1].at + Millis{1};
      const auto same = [&](std::size_t k, const Sample& sample) { return job.second[k].at == sample.at; };
      std::size_t next = i;
      for (bool more = true; more;) {
        const auto read = stores_.history->read(point_id(first.slot, first.point), from, to, kRead);
        if (!read) break;  // a damaged block knows nothing; the sample counts as new
        for (const Sample& sample : *read) {
          while (next < end && job.second[next].at < sample.at) ++next;
          for (std::size_t k = next; k < end && same(k, sample); ++k) batch.known.push_back({job.second[k].sample, true, sample.value});
        }
        more = read->size() == kRead;
        if (more) from = read->back().at + Millis{1};
      }
      i = end;
    }
    std::sort(batch.known.begin(), batch.known.end(), [](const auto& a, const auto& b) { return a.sample < b.sample; });
    ++lookups_;
    inbox_.put_back(std::move(job.first));
    --lookups_open_;
    inbox_.wake();
  }
}

// ---- checkpoints ------------------------------------------------------------------------------------------------

void Loop::begin_checkpoint(std::function<void(Result<void>)> told) {
  if (checkpoint_thread_.joinable()) checkpoint_thread_.join();
  checkpoint_running_ = true;
  last_checkpoint_ = outside_.now();
  checkpoint_thread_ = std::thread([this, checkpoint = copy_state(), told = std::move(told)]() mutable {
    while (journal_turn_ < checkpoint.turn || history_turn_ < checkpoint.turn) {
      if (dropping_) return;  // its turns never come
      std::this_thread::sleep_for(Millis{2});
    }
    const Result<void> written = write_checkpoint(std::move(checkpoint));
    if (!written && outside_.warn) outside_.warn("checkpoint: " + written.error().detail);
    checkpoint_failed_ = !written;
    checkpoint_running_ = false;
    if (told) told(written);
  });
}

Checkpoint Loop::copy_state() {
  const auto from = std::chrono::steady_clock::now();
  Checkpoint checkpoint{city_.turn(), kStepVersion, city_.save(checkpoint_bytes_)};
  const auto took = static_cast<std::uint64_t>(std::chrono::nanoseconds(std::chrono::steady_clock::now() - from).count());
  checkpoint_ns_ += took;
  checkpoint_most_ns_ = std::max<std::uint64_t>(checkpoint_most_ns_, took);
  checkpoint_bytes_ = checkpoint.state.size();
  return checkpoint;
}

// The Log is cut behind the least of the three: the checkpoint, the Journal on disk, History on disk.
// kNoSpace: the disk has no room for it, kNotReady: the journal's database is away; the Log stays uncut and it is tried
// again later.
Result<void> Loop::write_checkpoint(Checkpoint checkpoint) {
  const std::uint64_t turn = checkpoint.turn;
  const auto must = [this](const auto& done, const char* store) {
    if (!done) outside_.fatal(std::string(store) + ": " + done.error().detail);
  };
  const auto marked = [&]() -> Result<void> {
    TRY(stores_.journal->commit({JournalBatch{turn, {}, 0, {}}}));  // it has all rows up to here, and its head says so
    return stores_.journal->sync();
  };
  const auto synced = marked();
  if (!synced && (synced.error().code == &errors::kNoSpace || synced.error().code == &errors::kNotReady)) return synced;
  must(synced, "journal");
  must(stores_.history->flush(), "history");
  const auto saved = stores_.checkpoints->save(checkpoint);
  if (!saved && saved.error().code == &errors::kNoSpace) return saved;
  must(saved, "checkpoint");
  must(stores_.log->cut(turn), "log");
  last_checkpoint_turn_ = turn;
  ++checkpoints_;
  return {};
}

Result<std::uint64_t> Loop::checkpoint_now() {
  std::promise<Result<void>> written;
  std::uint64_t turn = 0;
  between_turns([&](City& city) {
    turn = city.turn();
    begin_checkpoint([&](Result<void> result) { written.set_value(std::move(result)); });
  });
  TRY(written.get_future().get());
  return turn;
}

}  // namespace cityloop
