// SPDX-License-Identifier: Apache-2.0
// The loop's threads on in-memory stores: everybody is answered, what was acknowledged survives, recovery gives the
// same city.
#include "city/loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "city/simulation.h"
#include "city/version.h"
#include "core/json.h"
#include "edge/history_memory.h"
#include "edge/journal_memory.h"
#include "edge/log_memory.h"

namespace cityloop {
namespace {

std::string pack_body() {
  std::ifstream file(std::string(CITYLOOP_SOURCE_DIR) + "/packs/septic_gas.jsonc");
  std::stringstream text;
  text << file.rdbuf();
  return json::serialize(json::object{{"packs", {{"septic_gas", text.str()}}}});
}

struct World {
  explicit World(LogMemory::Syncs syncs = LogMemory::Syncs::at_once)
      : log(syncs), journal(tables(), JournalMemory::Losses::possible) {}
  LogMemory log;
  CheckpointsMemory checkpoints;
  JournalMemory journal;
  HistoryMemory history;
  std::atomic<std::int64_t> clock{1661148000000};
  std::atomic<std::uint64_t> seed{1};

  CitySettings settings() {
    CitySettings out;
    out.audit_key = std::string(32, 'k');
    return out;
  }
  Loop::Outside outside() {
    Loop::Outside out;
    out.now = [this] { return from_ms(clock++); };
    out.seed = [this] { return seed++; };
    out.fatal = [](const std::string& why) {
      std::fprintf(stderr, "fatal: %s\n", why.c_str());
      std::abort();
    };
    return out;
  }
  Loop::Stores stores() { return {&log, &checkpoints, &journal, &history}; }
};

Answer ask(Loop& loop, Input input) {
  std::promise<Answer> answer;
  loop.offer(std::move(input), [&](Answer got) { answer.set_value(std::move(got)); });
  return answer.get_future().get();
}

Answer act(Loop& loop, std::string verb, std::string subject, std::string body) {
  ActionIn in;
  in.principal = "system";
  in.verb = std::move(verb);
  in.subject = std::move(subject);
  in.body = std::move(body);
  return ask(loop, std::move(in));
}

void lay_out(Loop& loop, int assets) {
  ASSERT_LT(ask(loop, StartedIn{kNoTime, "test"}).status, 400);
  ASSERT_LT(act(loop, "packs.put", "", pack_body()).status, 400);
  for (int i = 0; i < assets; ++i) {
    const Answer answer =
        act(loop, "asset.put", "septic-" + std::to_string(i),
            R"({"kind":"septic_tank","name":"t","location":{"type":"Point","coordinates":[106.45,29.54]}})");
    ASSERT_LT(answer.status, 400) << answer.detail;
  }
}

ReadingsIn reading(int asset, Time at, const char* value) {
  ReadingsIn in;
  in.principal = "system";
  in.arrival = at;
  add_message(in.batch, "septic-" + std::to_string(asset), at, {{"ch4", parse_decimal(value).value()}});
  return in;
}

std::uint64_t rows(Journal& journal, const std::string& table, std::vector<Where> where = {}) {
  Query query;
  query.table = table;
  query.where = std::move(where);
  query.count = true;
  return journal.list(query)->total.value();
}

TEST(Loop, EverybodyIsAnsweredAndOneCaseAnAsset) {
  World world;
  City city(world.settings());
  Loop loop(city, world.stores(), world.outside());
  ASSERT_TRUE(loop.recover().has_value());
  loop.start();
  lay_out(loop, 8);
  std::atomic<int> answered{0};
  std::vector<std::thread> senders;
  for (int t = 0; t < 8; ++t) {
    senders.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i)  // every sender speaks for every tank: doubled, reordered, all red at once
        loop.offer(reading((t + i) % 8, from_ms(world.clock), "150"), [&](const Answer& answer) {
          EXPECT_EQ(answer.status, 200) << answer.code << answer.detail;
          ++answered;
        });
    });
  }
  for (std::thread& sender : senders) sender.join();
  for (int i = 0; i < 1000 && answered < 1600; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(answered, 1600);
  loop.stop();
  EXPECT_EQ(rows(world.journal, "cases"), 8u);
  EXPECT_EQ(world.checkpoints.newest()->value().turn, city.turn());

  City again(world.settings());
  Loop second(again, world.stores(), world.outside());
  const auto replayed = second.recover();
  ASSERT_TRUE(replayed.has_value()) << replayed.error().detail;
  EXPECT_EQ(*replayed, 0u);  // a clean stop leaves nothing to replay
  EXPECT_EQ(again.turn(), city.turn());
  EXPECT_EQ(again.command().files().size(), 8u);
}

Result<std::uint64_t> recovered(World& world) {
  City city(world.settings());
  Loop loop(city, world.stores(), world.outside());
  return loop.recover();
}

// The version stands first in a log record; the checkpoint has its own.
TEST(Loop, AnUpgradeGoesThroughACleanStopAndNeverBack) {
  World world;
  {
    City city(world.settings());
    Loop loop(city, world.stores(), world.outside());
    ASSERT_TRUE(loop.recover().has_value());
    loop.start();
    lay_out(loop, 1);
    loop.stop();
  }
  Checkpoint kept = *world.checkpoints.newest().value();
  ASSERT_EQ(kept.step_version, kStepVersion);
  const auto with_version = [&](std::uint32_t version) {
    kept.step_version = version;
    EXPECT_TRUE(world.checkpoints.save(kept).has_value());
    return recovered(world);
  };
  EXPECT_EQ(with_version(kStepVersion + 1).error().code, &errors::kNewerData);
  EXPECT_EQ(with_version(kOldestState - 1).error().code, &errors::kOlderLog);
  EXPECT_EQ(with_version(kOldestState).value(), 0u);

  for (const std::uint32_t version : {kStepVersion - 1, kStepVersion + 1}) {
    World fresh;
    std::string bytes;
    Writer turn(bytes);
    encode(turn, version);
    fresh.log.append(1, bytes, [] {});
    EXPECT_EQ(recovered(fresh).error().code, version < kStepVersion ? &errors::kOlderLog : &errors::kNewerData);
  }
}

// Syncs the log again and again while it lives.
class Pump {
 public:
  explicit Pump(LogMemory& log)
      : thread_([&log, this] {
          while (running_) {
            log.sync();
            std::this_thread::yield();
          }
        }) {}
  ~Pump() {
    running_ = false;
    thread_.join();
  }

 private:
  std::atomic<bool> running_{true};
  std::thread thread_;
};

// The power goes: whatever no store has synced is gone, from the log a random part of it.
void lose_power(World& world, Chance& chance) {
  world.log.drop_unsynced(chance);
  world.journal.drop_unsynced();
  world.history.drop_unflushed();
}

bool is_kept(World& world, const City& city, Time at) {
  const Asset* asset = city.tables().asset("septic-0");
  const int point = city.packs()->kind("septic_tank")->point_index("ch4");
  return world.history.read(point_id(asset->slot, static_cast<std::uint8_t>(point)), at, at + Millis{1}, 1)->size() ==
         1;
}

// The storage twins drop every unsynced write at a random point, a thousand times, checkpoints and cuts of the log
// among them. Whoever was answered finds their reading and the row of their action after recovery, and no store is
// ahead of the log.
TEST(Loop, NothingAcknowledgedIsLost) {
  Chance chance(11);
  World world(LogMemory::Syncs::when_told);
  std::vector<Time> readings;  // acknowledged, of all rounds
  std::vector<std::string> actions;
  std::uint64_t checkpoints = 0;
  for (int round = 0; round < 1000; ++round) {
    City city(world.settings());
    Loop loop(city, world.stores(), world.outside());
    const auto recovered = loop.recover();
    ASSERT_TRUE(recovered.has_value()) << "round " << round << ": " << recovered.error().detail;
    loop.start();
    if (round == 0) {
      const Pump pump(world.log);
      lay_out(loop, 1);
    }
    const Time base = from_ms(world.clock);
    std::mutex mutex;
    for (int i = 0; i < 12; ++i) {
      const Time at = base + Millis{i};
      loop.offer(reading(0, at, "1.5"), [&, at](const Answer& answer) {
        if (answer.status != 200) return;
        std::lock_guard lock(mutex);
        readings.push_back(at);
      });
      if (chance.next() % 16 == 0) {
        ActionIn put;
        put.principal = "system";
        put.verb = "unit.put";
        put.subject = "unit-" + std::to_string(round) + "-" + std::to_string(i);
        put.body = R"({"name":"u","area":"50","duties":["sanitation"]})";
        const std::string id = put.subject;
        loop.offer(std::move(put), [&, id](const Answer& answer) {
          EXPECT_LT(answer.status, 400) << answer.detail;
          std::lock_guard lock(mutex);
          actions.push_back(id);
        });
      }
      if (chance.next() % 4 == 0) world.log.sync_some(chance.next() % 4);
      if (chance.next() % 64 == 0) {
        const Pump pump(world.log);
        checkpoints += loop.checkpoint_now().has_value() ? 1 : 0;
      }
    }
    for (std::uint64_t spin = chance.next() % 50; spin > 0; --spin) std::this_thread::yield();
    if (chance.next() % 2 == 0) world.log.sync_some(chance.next() % 3);
    loop.abandon();
    lose_power(world, chance);

    City again(world.settings());
    Loop second(again, world.stores(), world.outside());
    const auto back = second.recover();
    ASSERT_TRUE(back.has_value()) << "round " << round << ": " << back.error().detail;
    ASSERT_TRUE(again.tables().asset("septic-0"));
    for (const Time at : readings) {
      if (at < base && round % 100 != 99) continue;
      ASSERT_TRUE(is_kept(world, again, at)) << "round " << round << ": an acknowledged reading is gone";
    }
    for (const std::string& id : actions)
      ASSERT_TRUE(world.journal.find("units", id)->has_value()) << "round " << round << ": " << id << " is gone";
    world.clock += 1000;
    if (round % 50 == 49) {  // now and then the folder is stopped cleanly
      const Pump pump(world.log);
      second.start();
      second.stop();
    }
  }
  EXPECT_GT(readings.size(), 1000u);
  EXPECT_GT(actions.size(), 50u);
  EXPECT_GT(checkpoints, 50u);
}

// A disk that is full for a while, for one store or another; a database that is away.
struct FullJournal : Journal {
  explicit FullJournal(Journal& kept) : kept_(kept) {}
  Result<void> commit(const std::vector<JournalBatch>& batches) override {
    if (full) return fail(errors::kNoSpace, "the disk is full");
    if (away) return fail(errors::kNotReady, "the database is away");
    return kept_.commit(batches);
  }
  Result<Page> list(const Query& query) const override { return kept_.list(query); }
  Result<std::optional<Row>> find(std::string_view table, std::string_view key) const override { return kept_.find(table, key); }
  Result<JournalHead> head() const override { return kept_.head(); }
  Result<void> set_epoch(const std::string& epoch) override { return kept_.set_epoch(epoch); }
  Result<void> sync() override { return kept_.sync(); }
  Result<void> backup(const std::string& file) const override { return kept_.backup(file); }
  std::atomic<bool> full{false}, away{false};

 private:
  Journal& kept_;
};
struct FullCheckpoints : Checkpoints {
  explicit FullCheckpoints(Checkpoints& kept) : kept_(kept) {}
  Result<void> save(const Checkpoint& checkpoint) override {
    if (full) return fail(errors::kNoSpace, "the disk is full");
    return kept_.save(checkpoint);
  }
  Result<std::optional<Checkpoint>> newest() override { return kept_.newest(); }
  std::atomic<bool> full{false};

 private:
  Checkpoints& kept_;
};

TEST(Loop, AFullDiskIsRefusedClearlyAndWaitedFor) {
  World world;
  FullJournal journal(world.journal);
  FullCheckpoints checkpoints(world.checkpoints);
  City city(world.settings());
  Loop loop(city, {&world.log, &checkpoints, &journal, &world.history}, world.outside());
  ASSERT_TRUE(loop.recover().has_value());
  loop.start();
  lay_out(loop, 1);
  ASSERT_EQ(loop.why_not_ready(), std::nullopt);
  // The log's: readings are refused, people are heard.
  world.log.give_room(false);
  EXPECT_EQ(ask(loop, reading(0, from_ms(world.clock), "1")).code, "storage.no_space");
  EXPECT_TRUE(loop.why_not_ready());
  EXPECT_LT(act(loop, "unit.put", "heard", R"({"name":"u","area":"50","duties":[]})").status, 400);
  world.log.give_room(true);
  EXPECT_EQ(loop.why_not_ready(), std::nullopt);
  // The journal's: what was on its way is acknowledged late, what comes after is refused, nothing ends.
  journal.full = true;
  std::promise<Answer> late;
  ActionIn put;
  put.principal = "system";
  put.verb = "unit.put";
  put.subject = "late";
  put.body = R"({"name":"u","area":"50","duties":[]})";
  loop.offer(std::move(put), [&](Answer answer) { late.set_value(std::move(answer)); });
  while (!loop.why_not_ready()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(act(loop, "unit.put", "refused", "{}").code, "storage.no_space");
  EXPECT_EQ(ask(loop, reading(0, from_ms(world.clock), "1")).code, "storage.no_space");
  journal.full = false;
  EXPECT_LT(late.get_future().get().status, 400);
  while (loop.why_not_ready()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(ask(loop, reading(0, from_ms(world.clock), "1")).status, 200);
  EXPECT_TRUE(world.journal.find("units", "late")->has_value());
  EXPECT_FALSE(world.journal.find("units", "refused")->has_value());
  // The checkpoint's: it is told, the log stays uncut, the next one succeeds.
  checkpoints.full = true;
  EXPECT_EQ(loop.checkpoint_now().error().code, &errors::kNoSpace);
  EXPECT_FALSE(world.checkpoints.newest()->has_value());
  loop.stop();  // neither does it at the end
  EXPECT_FALSE(world.checkpoints.newest()->has_value());

  City again(world.settings());
  Loop second(again, world.stores(), world.outside());
  const auto replayed = second.recover();
  ASSERT_TRUE(replayed.has_value()) << replayed.error().detail;
  EXPECT_GT(*replayed, 3u);
  EXPECT_EQ(again.turn(), city.turn());
}

TEST(Loop, ADatabaseThatIsAwayIsWaitedForAndReadingsGoOn) {
  World world;
  FullJournal journal(world.journal);
  City city(world.settings());
  Loop loop(city, {&world.log, &world.checkpoints, &journal, &world.history, true}, world.outside());
  ASSERT_TRUE(loop.recover().has_value());
  loop.start();
  lay_out(loop, 1);
  journal.away = true;
  std::promise<Answer> late;
  ActionIn put;
  put.principal = "system";
  put.verb = "unit.put";
  put.subject = "late";
  put.body = R"({"name":"u","area":"50","duties":[]})";
  loop.offer(std::move(put), [&](Answer answer) { late.set_value(std::move(answer)); });
  while (!loop.why_not_ready()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(act(loop, "unit.put", "refused", "{}").code, "server.not_ready");
  EXPECT_EQ(ask(loop, reading(0, from_ms(world.clock), "150")).status, 200);
  EXPECT_EQ(rows(world.journal, "cases"), 0u);
  journal.away = false;
  EXPECT_LT(late.get_future().get().status, 400);
  while (loop.why_not_ready()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ASSERT_TRUE(loop.checkpoint_now().has_value());
  EXPECT_EQ(rows(world.journal, "cases"), 1u);
  EXPECT_FALSE(world.journal.find("units", "refused")->has_value());
  loop.stop();
  // Every checkpoint is marked in the journal; a database that was set back behind it alone is not served.
  EXPECT_GE(world.journal.head()->turn, world.checkpoints.newest()->value().turn);
  JournalMemory older(tables());
  ASSERT_TRUE(older.commit({{1, from_ms(0), 0, {}}}).has_value());
  City again(world.settings());
  Loop second(again, {&world.log, &world.checkpoints, &older, &world.history, true}, world.outside());
  EXPECT_EQ(second.recover().error().code, &errors::kCorrupt);
}

}  // namespace
}  // namespace cityloop
