// SPDX-License-Identifier: Apache-2.0
#include "app/server.h"

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>

#include "app/logging.h"
#include "app/parts.h"
#include "app/store.h"
#include "city/version.h"
#include "core/json.h"
#include "core/limits.h"
#include "edge/disk.h"
#include "sense/decode.h"

namespace cityloop {

namespace {

constexpr Millis kPatience = std::chrono::seconds(30);  // for room in the log, which is made ahead

// A disk that fails is not argued with: say it and end; the restart recovers from the log.
[[noreturn]] void end_process(const std::string& why) {
  log_error(why + "; ending, a restart recovers");
  std::fprintf(stderr, "cityloop: %s; ending, a restart recovers\n", why.c_str());
  std::fflush(nullptr);
  ::_exit(3);
}

std::string beside_program(const std::string& configured, const char* name) {
  return configured.empty() ? program_folder() + "/" + name : configured;
}

}  // namespace

std::string program_folder() {
  std::error_code problem;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", problem);
  return problem ? std::string(".") : path.parent_path().string();
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() { stop(); }

Result<std::unique_ptr<Server>> Server::open(ServerOptions options, std::function<void(const std::string&)> say) {
  auto parts = std::make_unique<Parts>();
  Parts& p = *parts;
  p.options = std::move(options);
  p.folder = TRY(DataFolder::open(p.options.data, {kProgramVersion, kStepVersion, kSchemaVersion}));
  p.fresh = !p.folder->found().has_value();
  if (const std::uint64_t free = TRY(free_bytes(p.folder->path())); free < limits::kDiskLeast)
    return fail(errors::kNoSpace, "only " + std::to_string(free >> 20) + " MiB of room on the disk of " + p.folder->path() + "; make some and start again");
  TRY(p.settle_city());
  p.clock = TRY(CityClock::create(p.options.clock));
  p.log = TRY(LogFiles::create(p.folder->log()));
  p.checkpoints = TRY(CheckpointsFiles::create(p.folder->checkpoint()));
  OpenStore store = TRY(open_store(p.folder->path(), p.options.config.store));
  p.journal = std::move(store.journal);
  p.history = TRY(HistoryRocks::create(p.folder->history()));
  p.attachments = TRY(Attachments::create(p.folder->path()));
  JournalHead head = TRY(p.journal->head());
  if (head.epoch.empty()) {
    head.epoch = cityloop::random_hex(8);
    TRY(p.journal->set_epoch(head.epoch));
  }
  p.epoch = head.epoch;
  p.city = std::make_unique<City>(p.city_settings);
  Loop::Outside outside;
  outside.now = [clock = p.clock.get()] { return clock->now(); };
  outside.seed = [] { return seed_of_system(); };
  outside.publish = [&p](const std::vector<LiveDelta>& deltas) { if (LiveFeed* feed = p.published) feed->publish(deltas); };
  outside.effects_waiting = [&p] {
    p.effects = true;
    if (OutboxSender* outbox = p.woken) outbox->wake();
  };
  outside.warn = [](const std::string& what) { log_warning(what); };
  outside.fatal = [](const std::string& why) { end_process(why); };
  outside.checkpoint_every = p.options.config.checkpoint_every;
  p.loop = std::make_unique<Loop>(
      *p.city, Loop::Stores{p.log.get(), p.checkpoints.get(), p.journal.get(), p.history.get(), store.is_apart},
      std::move(outside));
  p.replayed = TRY(p.loop->recover());
  const Time down_since = p.city->turn() == 0 ? kNoTime : p.city->now();
  p.clock->not_before(p.city->now());
  p.loop->start();
  TRY(p.folder->stamp());
  std::unique_ptr<Server> server(new Server(std::move(parts)));
  TRY(server->parts_->first_inputs(*server, down_since, say));
  return server;
}

void Server::stop() {
  if (!parts_) return;
  parts_->close_doors();
  if (parts_->loop) parts_->loop->stop();
  parts_.reset();
}

Answer Server::act(const std::string& verb, const std::string& subject, const std::string& body) {
  ActionIn in;
  in.principal = "system";
  in.verb = verb;
  in.subject = subject;
  in.body = body;
  in.arrival = now();
  return take(std::move(in));
}

Answer Server::take(Input input) {
  const auto patient_until = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    std::promise<Answer> promise;
    parts_->loop->offer(Input(input), [&](Answer answer) { promise.set_value(std::move(answer)); });
    Answer answer = promise.get_future().get();
    const bool full = answer.status == 503 || answer.status == 429;
    const bool no_room = answer.status == 507 && std::chrono::steady_clock::now() < patient_until;
    if (!full && !no_room) return answer;
    std::this_thread::sleep_for(Millis{20});
  }
}

Loop& Server::loop() { return *parts_->loop; }
const Journal& Server::journal() const { return *parts_->journal; }
History& Server::history() { return *parts_->history; }
Time Server::now() const { return parts_->clock->now(); }
bool Server::is_fresh() const { return parts_->fresh; }
std::string Server::data_folder() const { return parts_->options.data; }
std::string Server::geo_folder() const { return beside_program(parts_->options.config.geo, "geo"); }
std::string Server::random_hex(std::size_t bytes) { return cityloop::random_hex(bytes); }
std::uint16_t Server::http_port() const { return parts_->http ? parts_->http->port() : std::uint16_t{0}; }
std::uint16_t Server::mqtt_port() const { return parts_->mqtt ? parts_->mqtt->port() : std::uint16_t{0}; }

std::string Server::hash_password(const std::string& password) {
  const auto hash = cityloop::hash_password(password);
  CHECK(hash.has_value());
  return *hash;
}

// Four groups that a person can type: 80 bits, no letters that look alike, three classes of characters.
std::string Server::random_password() {
  static constexpr std::string_view kLetters = "abcdefghjkmnpqrstuvwxyz23456789";
  const std::string bytes = random_bytes(16);
  std::string out = "C";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i % 4 == 0) out += '-';
    out += kLetters[static_cast<unsigned char>(bytes[i]) % kLetters.size()];
  }
  return out + "7";
}

}  // namespace cityloop
