// SPDX-License-Identifier: Apache-2.0
#include "tests/harness.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

#include "city/loop.h"
#include "core/json.h"

namespace cityloop {

Harness::Harness(std::uint64_t seed, CitySettings settings)
    : settings_(std::move(settings)), chance_(seed), journal_(std::make_unique<JournalMemory>(tables())), history_(std::make_unique<HistoryMemory>()) {
  if (settings_.audit_key.empty()) settings_.audit_key = std::string(32, 'k');
  city_ = std::make_unique<City>(settings_);
  run({StartedIn{kNoTime, "test"}});
}

void Harness::load_packs(const std::vector<std::string>& names) {
  json::object packs;
  for (const std::string& name : names) {
    std::ifstream file(std::string(CITYLOOP_SOURCE_DIR) + "/packs/" + name + ".jsonc");
    std::stringstream text;
    text << file.rdbuf();
    packs[name] = text.str();
  }
  const Answer answer = act("system", "packs.put", "", json::serialize(json::object{{"packs", packs}}));
  if (answer.status >= 400) std::fprintf(stderr, "packs: %s\n", answer.detail.c_str());
  CHECK(answer.status < 400);
}

Answer Harness::act(std::string principal, std::string verb, std::string subject, std::string body, std::uint64_t if_match,
                    std::string idempotency_key) {
  ActionIn in;
  in.principal = std::move(principal);
  in.verb = std::move(verb);
  in.subject = std::move(subject);
  in.body = std::move(body);
  in.if_match = if_match;
  in.idempotency_key = std::move(idempotency_key);
  in.request_digest = StringHash{}(in.verb + in.subject + in.body);
  in.arrival = now_;
  return run({std::move(in)}).front();
}

Answer Harness::send(std::string principal, ReadingBatch batch) {
  return run({ReadingsIn{std::move(principal), "", now_, false, std::move(batch)}}).front();
}

std::vector<Answer> Harness::run(std::vector<Input> inputs) {
  events_.clear();
  std::vector<Answer> answers = step(std::move(inputs));
  while (city_->wants_turn()) step({TickIn{}});
  return answers;
}

std::vector<Answer> Harness::step(std::vector<Input> inputs) {
  for (Input& input : inputs) {  // what the loop's lookup thread does
    auto* in = std::get_if<ReadingsIn>(&input);
    if (!in) continue;
    in->batch.known_turn = history_->seen_turn();
    for (const Sense::Lookup& lookup : city_->sense().lookups(*in)) {
      const auto found = history_->read(point_id(lookup.slot, lookup.point), lookup.at, lookup.at + Millis{1}, 1);
      CHECK(found.has_value());
      if (!found->empty()) in->batch.known.push_back({lookup.sample, true, found->front().value});
    }
    std::sort(in->batch.known.begin(), in->batch.known.end(), [](const auto& a, const auto& b) { return a.sample < b.sample; });
  }
  Turn turn{city_->turn() + 1, now_, chance_.next(), std::move(inputs)};
  log_.push_back(log_record(turn));
  Outcome outcome = city_->step(turn);
  CHECK(history_->append(outcome.turn, outcome.samples, outcome.records).has_value());
  std::move(outcome.events.begin(), outcome.events.end(), std::back_inserter(events_));
  if (!outcome.rows.empty()) waiting_.push_back({outcome.turn, outcome.now, outcome.last_seq, std::move(outcome.rows)});
  commit(lag_);
  return std::move(outcome.answers);
}

void Harness::commit(std::size_t keep_waiting) {
  while (waiting_.size() > keep_waiting) {
    const auto kept = journal_->commit({waiting_.front()});
    if (!kept) std::fprintf(stderr, "journal: %s\n", kept.error().detail.c_str());
    CHECK(kept.has_value());
    waiting_.erase(waiting_.begin());
  }
}

void Harness::advance_to(Time time) {
  while (city_->next_due() <= time) {
    now_ = std::max(now_, city_->next_due());
    const Time before = city_->next_due();
    run({TickIn{}});
    if (city_->next_due() <= before && before <= now_) now_ += Millis{1};  // a timer that re-arms for the same instant
  }
  now_ = std::max(now_, time);
}

void Harness::checkpoint() {
  commit(0);
  checkpoint_ = city_->save();
  checkpoint_turn_ = city_->turn();
  log_.clear();
  log_first_ = checkpoint_turn_ + 1;
}

void Harness::crash(Last last) {
  if (last == Last::lost && !log_.empty()) {
    // The turn was never logged, so no store can have it: the Journal commits only after the sync.
    CHECK(lag_ > 0 || waiting_.empty());
    log_.pop_back();
  }
  waiting_.clear();
  city_ = std::make_unique<City>(settings_);
  if (checkpoint_turn_ > 0) CHECK(city_->load(checkpoint_).has_value());
  const JournalHead head = journal_->head().value();
  for (std::size_t i = 0; i < log_.size(); ++i) {
    const std::uint64_t number = log_first_ + i;
    const auto turn = turn_of_record(number, log_[i]);
    CHECK(turn.has_value());
    Outcome outcome = city_->step(*turn);
    CHECK(history_->append(outcome.turn, outcome.samples, outcome.records).has_value());
    if (outcome.turn > head.turn && !outcome.rows.empty())
      waiting_.push_back({outcome.turn, outcome.now, outcome.last_seq, std::move(outcome.rows)});
  }
  commit(0);
}

std::vector<std::string> Harness::docs(const std::string& table, std::vector<Where> where) {
  commit(0);
  std::vector<std::string> out;
  Query query;
  query.table = table;
  query.where = std::move(where);
  query.limit = 1000;
  for (;;) {
    const Page page = journal_->list(query).value();
    for (const Row& row : page.rows) out.push_back(row.doc);
    if (page.next.empty()) return out;
    query.cursor = page.next;
  }
}

std::string Harness::dump() {
  std::string out;
  for (const TableSpec& table : tables()) {
    out += "== " + table.name + "\n";
    for (const std::string& doc : docs(table.name)) out += doc + "\n";
  }
  return out;
}

}  // namespace cityloop
