// SPDX-License-Identifier: Apache-2.0
#include "edge/mqtt_door.h"

#include <unistd.h>

#include <algorithm>

#include "edge/mqtt_connection.h"

namespace cityloop::mqtt {

namespace {

constexpr std::size_t kScratchBytes = 256u << 10;  // what one read can bring: one gulp
constexpr auto kTick = std::chrono::milliseconds(50);
constexpr std::uint64_t kSweepTicks = 5;           // connections are looked at four times a second
constexpr std::size_t kPresencePerTick = 256;      // a will storm must not fill the inbox at once
constexpr auto kFirstWait = std::chrono::milliseconds(50);
constexpr auto kLongestWait = std::chrono::milliseconds(1'000);

std::string text_of(Reason reason) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  const auto code = static_cast<unsigned char>(reason);
  return {'0', 'x', kDigits[code >> 4], kDigits[code & 15]};
}

std::vector<std::string> refusals() {
  std::vector<std::string> out;
  for (int code = 0x80; code <= 0xA2; ++code) out.push_back(text_of(static_cast<Reason>(code)));
  return out;
}

}  // namespace

Door::Door(MqttServerOptions options, MqttCity city, std::shared_ptr<net::Tls> tls)
    : options_(std::move(options)),
      city_(std::move(city)),
      reasons_(refusals()),
      tls_(std::move(tls)),
      timer_(loop_.executor()),
      scratch_(kScratchBytes) {
  answers_ = std::make_shared<net::Mailbox<Answered>>(loop_, [this](std::vector<Answered>& batch) { take_answers(batch); });
  orders_ = std::make_shared<net::Mailbox<Order>>(loop_, [this](std::vector<Order>& batch) {
    for (const Order& order : batch) deliver(order);
  });
  refused_presence_ = std::make_shared<net::Mailbox<PresenceIn>>(loop_, [this](std::vector<PresenceIn>& batch) {
    for (PresenceIn& one : batch) presence_.try_emplace(one.principal, one);  // a newer word stays
  });
}

Result<void> Door::listen() {
  listener_ = TRY(net::Listener::create(loop_, options_.host, options_.port,
                                        [this](int socket, std::string peer) { adopt(socket, std::move(peer)); }));
  port_ = listener_->port();
  access_ = city_.access();
  listener_->start();
  loop_.post([this] { tick(); });
  loop_.start("mqtt");
  return {};
}

void Door::stop() {
  if (std::exchange(stopped_, true)) return;
  loop_.post([this] {
    if (listener_) listener_->close();
    stopping_ = true;  // a tick that is due already must not wind the timer up again
    timer_.cancel();
    answers_->shut();
    orders_->shut();
    refused_presence_->shut();
    std::vector<std::shared_ptr<Connection>> all;
    for (const auto& [_, connection] : connections_) all.push_back(connection);
    for (const auto& connection : all) connection->end(Reason::shutting_down, "closed", false);
    again_.clear();
    loop_.finish();
  });
  loop_.join();
}

void Door::adopt(int socket, std::string peer) {
  ++connections;
  if (open >= options_.connections) {
    ++refused;
    count(Reason::busy);
    ::close(socket);
    return;
  }
  net::tune_socket(socket);
  const auto connection = std::make_shared<Connection>(*this, socket, std::move(peer));
  connections_.emplace(connection.get(), connection);
  connection->start();
}

bool Door::covers(const Credential& credential, std::string_view asset) const {
  return std::any_of(credential.assets.begin(), credential.assets.end(),
                     [&](const std::string& pattern) { return city_.matches(pattern, asset); });
}

void Door::count(Reason reason) {
  if (is_error(reason)) reasons_.add(text_of(reason));
}

std::string Door::fresh_client_id() {
  return "city-" + std::to_string(to_ms(city_.now())) + "-" + std::to_string(++client_ids_);
}

// ---- to the city and back ---------------------------------------------------------------------------------------

void Door::offer(const std::shared_ptr<Gulp>& gulp) {
  const bool readings = gulp->readings_count > 0;
  const bool records = gulp->records_count > 0;
  gulp->waiting = (readings ? 1 : 0) + (records ? 1 : 0);
  if (readings) offer_part(gulp, Part::readings);
  if (records) offer_part(gulp, Part::records);
}

void Door::offer_part(const std::shared_ptr<Gulp>& gulp, Part part) {
  auto done = [box = answers_, gulp, part](Answer answer) { box->put({gulp, part, std::move(answer)}); };
  // Publishes that nobody waits for are offered once, the others are kept until they are taken.
  const bool once = gulp->taken.empty();
  if (part == Part::readings) {
    city_.offer(once ? std::move(gulp->readings) : gulp->readings, std::move(done));
  } else {
    city_.offer(once ? std::move(gulp->records) : gulp->records, std::move(done));
  }
}

void Door::take_answers(std::vector<Answered>& batch) {
  std::vector<std::shared_ptr<Connection>> touched;
  for (auto& [gulp, part, answer] : batch) {
    const auto connection = gulp->connection.lock();
    const Verdict verdict = take_answer(*gulp, part, answer, connection && connection->wants_reasons());
    if (verdict == Verdict::later && !gulp->taken.empty()) {
      hold(gulp, part);
      continue;
    }
    if (verdict == Verdict::later) dropped_qos0 += part == Part::readings ? gulp->readings_count : gulp->records_count;
    let_go(*gulp);
    --gulp->waiting;
    if (verdict == Verdict::failed) {
      forget(*gulp);
      if (connection) connection->end_without_ack();
      continue;
    }
    if (gulp->waiting > 0) continue;
    settle(*gulp);
    if (connection && (touched.empty() || touched.back() != connection)) touched.push_back(connection);
  }
  for (const auto& connection : touched) connection->answered();
}

void Door::settle(Gulp& gulp) {
  Session& session = *gulp.session;
  for (const Taken& one : gulp.taken) {
    count(one.reason);
    if (one.reason == Reason::bad_payload) ++quarantined;
    if (one.qos != 2) continue;
    const auto found = session.received.find(one.id);
    if (found == session.received.end()) continue;
    if (is_error(one.reason)) session.received.erase(found);
    else found->second = true;
    // The device came back meanwhile: it hears of this publish on its new connection.
    if (session.connection != nullptr && session.connection != gulp.connection.lock().get())
      session.connection->acknowledge_received(one.id, one.reason);
  }
}

void Door::forget(Gulp& gulp) {
  for (const Taken& one : gulp.taken)
    if (one.qos == 2) gulp.session->received.erase(one.id);
}

void Door::hold(const std::shared_ptr<Gulp>& gulp, Part part) {
  if (!std::exchange(gulp->held, true)) {
    ++held;
    held_bytes_ += gulp->bytes;
  }
  if (held_bytes_ > limits::kMqttHeldBytes) {
    let_go(*gulp);
    forget(*gulp);
    if (const auto connection = gulp->connection.lock()) connection->end(Reason::quota, "overload", true);
    return;  // never acknowledged: the device sends it again
  }
  const auto wait = std::min(kLongestWait, kFirstWait * (1 << std::min(gulp->tries, 5)));
  ++gulp->tries;
  again_.push_back({net::Clock::now() + wait, gulp, part});
}

void Door::let_go(Gulp& gulp) {
  if (std::exchange(gulp.held, false)) held_bytes_ -= gulp.bytes;
}

void Door::offer_again(net::Clock::time_point now) {
  for (std::size_t i = again_.size(); i > 0; --i) {
    Again one = std::move(again_.front());
    again_.pop_front();
    if (one.at > now) {
      again_.push_back(std::move(one));
    } else if (one.gulp->connection.expired()) {  // nobody is told, and the device sends it again
      let_go(*one.gulp);
      forget(*one.gulp);
    } else {
      offer_part(one.gulp, one.part);
    }
  }
}

// ---- commands ---------------------------------------------------------------------------------------------------

void Door::command(const std::string& asset, const std::string& payload, Delivery delivery) {
  orders_->put({asset, std::make_shared<const std::string>(payload), std::move(delivery)});
}

void Door::deliver(const Order& order) {
  bool taken = false;
  const Steady until = order.delivery.lives ? net::Clock::now() + *order.delivery.lives : Steady::max();
  sessions_.each_subscriber(order.asset, [&](Session& session, std::uint8_t qos) {
    const auto credential = access_->credentials.find(session.credential);
    if (credential == access_->credentials.end() || !covers(credential->second, order.asset)) return;
    if (session.connection == nullptr && qos == 0) return;
    if (session.holds(order.delivery.id)) {
      taken = true;
      return;
    }
    if (!sessions_.queue(session, {"city/v1/" + order.asset + "/commands", order.payload, qos, 0, order.delivery.id,
                                   until, order.delivery.delivered}))
      return;
    taken = true;
    if (session.connection != nullptr) session.connection->pump();
  });
  ++(taken ? commands : commands_dropped);
}

// ---- presence ---------------------------------------------------------------------------------------------------

void Door::came(const std::string& credential) {
  gone_.erase(credential);
  if (++present_[credential] > 1) return;
  presence_["credential:" + credential] = {"credential:" + credential, true, "connected", city_.now()};
}

void Door::went(const std::string& credential, std::string reason, std::chrono::seconds delay) {
  const auto found = present_.find(credential);
  if (found == present_.end() || --found->second > 0) return;
  present_.erase(found);
  gone_[credential] = {net::Clock::now() + delay, std::move(reason)};
}

void Door::tell_presence(net::Clock::time_point now) {
  for (auto at = gone_.begin(); at != gone_.end();) {
    if (at->second.at > now) {
      ++at;
      continue;
    }
    if (at->second.reason == "will") ++wills;
    const std::string principal = "credential:" + at->first;
    presence_[principal] = {principal, false, at->second.reason, city_.now()};
    at = gone_.erase(at);
  }
  for (std::size_t i = 0; i < kPresencePerTick && !presence_.empty(); ++i) {
    PresenceIn one = std::move(presence_.extract(presence_.begin()).mapped());
    city_.offer(one, [box = refused_presence_, one](const Answer& answer) {
      if (answer.status == 429 || answer.status == 503 || answer.status == 507) box->put(one);
    });
  }
}

// ---- time -------------------------------------------------------------------------------------------------------

void Door::refresh_access() {
  auto fresh = city_.access();
  const bool changed = fresh != access_;
  access_ = std::move(fresh);
  const auto now = net::Clock::now();
  std::vector<std::shared_ptr<Connection>> all;
  all.reserve(connections_.size());
  for (const auto& [_, connection] : connections_) all.push_back(connection);
  for (const auto& connection : all) connection->sweep(now, changed ? access_.get() : nullptr);
}

void Door::tick() {
  if (stopping_) return;
  const auto now = net::Clock::now();
  offer_again(now);
  tell_presence(now);
  if (++ticks_ % kSweepTicks == 0) {
    refresh_access();
    sessions_.expire(now);
    session_count = sessions_.size();
  }
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

MqttServer::Counters Door::counters() const {
  return {connections, open,     publishes, refused,       malformed,   dropped_qos0, wills, logins_refused,
          commands,    commands_dropped, held, session_count, quarantined, taken_over, reasons_.read()};
}

}  // namespace cityloop::mqtt

namespace cityloop {

Result<std::unique_ptr<MqttServer>> MqttServer::create(MqttServerOptions options, MqttCity city) {
  if (options.certificate.empty() != options.key.empty())
    return fail(errors::kUsage, "TLS needs both a certificate and a key");
  std::shared_ptr<net::Tls> tls;
  if (!options.certificate.empty()) tls = TRY(net::Tls::server(options.certificate, options.key));
  auto door = std::make_unique<mqtt::Door>(std::move(options), std::move(city), std::move(tls));
  TRY(door->listen());
  return std::unique_ptr<MqttServer>(std::move(door));
}

}  // namespace cityloop
