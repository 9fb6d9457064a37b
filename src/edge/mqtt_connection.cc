// SPDX-License-Identifier: Apache-2.0
#include "edge/mqtt_connection.h"

#include <algorithm>
#include <utility>

#include "edge/mqtt_login.h"

namespace cityloop::mqtt {

namespace {

constexpr std::size_t kFirstPacketBytes = 64u << 10;    // before we know who it is
constexpr std::size_t kUnreadBytes = 4u << 20;          // written and not read by the device: it is cut off
constexpr std::size_t kBacklogBytes = 256u << 10;       // unread, then nothing more is read from it and commands wait
constexpr std::size_t kRoutesKept = 4'096;

}  // namespace

Connection::Connection(Door& door, int socket, std::string peer)
    : door_(door),
      stream_(std::make_unique<net::Stream>(door.loop().executor(), socket, door.tls())),
      peer_(std::move(peer)),
      heard_(net::Clock::now()) {
  ++door_.open;
}

Connection::~Connection() { --door_.open; }

void Connection::start() {
  if (stream_->secure()) return handshake();
  phase_ = Phase::waiting;
  read();
}

void Connection::handshake() {
  const auto again = [self = shared_from_this()](const boost::system::error_code& error) {
    if (!error && self->phase_ == Phase::handshake) self->handshake();
  };
  switch (stream_->handshake()) {
    case net::Io::done:
      phase_ = Phase::waiting;
      return read_now();
    case net::Io::read: return stream_->when_readable(again);
    case net::Io::write: return stream_->when_writable(again);
    default: close("closed", false);
  }
}

void Connection::read() {
  reading_ = true;
  stream_->when_readable([self = shared_from_this()](const boost::system::error_code& error) {
    self->reading_ = false;
    if (!error && self->phase_ != Phase::closed) self->read_now();
  });
}

void Connection::read_now() {
  std::vector<char>& scratch = door_.scratch();
  std::size_t have = 0;
  net::Io io = net::Io::done;
  while (io == net::Io::done && have < scratch.size()) {
    std::size_t got = 0;
    const std::size_t room = scratch.size() - have;
    io = stream_->read(scratch.data() + have, room, got);
    have += got;
    if (io == net::Io::done && !stream_->secure() && got < room) io = net::Io::read;
  }
  const auto self = shared_from_this();
  if (have > 0) {
    heard_ = net::Clock::now();
    take({scratch.data(), have});
  }
  if (phase_ == Phase::closed) return;
  if (io == net::Io::closed || io == net::Io::failed) return close("closed", true);
  if (busy()) return;  // answered() goes on
  if (io == net::Io::read) return read();
  reading_ = true;  // the others get their turn first
  door_.loop().post([self = shared_from_this()] {
    self->reading_ = false;
    if (self->phase_ != Phase::closed) self->read_now();
  });
}

bool Connection::busy() const { return offered_ != nullptr || out_.size() - sent_ > kBacklogBytes; }

void Connection::read_on() {
  if (phase_ == Phase::ready && !reading_ && !busy()) read_now();
}

void Connection::take(std::string_view bytes) {
  std::string joined;
  if (!in_.empty()) {
    in_.append(bytes);
    joined.swap(in_);
    bytes = joined;
  }
  Reason reason = Reason::success;
  while (reason == Reason::success) {
    Packet packet;
    const Framing framing =
        next_packet(bytes, phase_ == Phase::ready ? limits::kMqttPacketBytes : kFirstPacketBytes, packet);
    if (framing == Framing::more) break;
    if (framing == Framing::whole) reason = handle(packet);
    else reason = framing == Framing::too_large ? Reason::too_large : Reason::malformed;
    if (phase_ == Phase::closed) return;
    bytes.remove_prefix(std::min(bytes.size(), packet.size));
  }
  submit();
  if (reason != Reason::success) {
    ++(reason == Reason::not_authorized ? door_.refused : door_.malformed);
    return end(reason, "protocol", true);
  }
  in_.assign(bytes);
  flush();
}

Reason Connection::handle(const Packet& packet) {
  if (phase_ == Phase::waiting) return packet.type == Type::connect ? handle_connect(packet) : Reason::protocol_error;
  switch (packet.type) {
    case Type::publish: return handle_publish(packet);
    case Type::puback:
    case Type::pubrec:
    case Type::pubrel:
    case Type::pubcomp: return handle_ack(packet);
    case Type::subscribe: return handle_subscribe(packet);
    case Type::unsubscribe: return handle_unsubscribe(packet);
    case Type::pingreq:
      if (!packet.body.empty()) return Reason::malformed;
      append_pingresp(out_);
      return Reason::success;
    case Type::disconnect: {
      Disconnect disconnect;
      if (const Reason reason = parse(packet, version_, disconnect); reason != Reason::success) return reason;
      if (disconnect.session_expiry) {
        if (session_->kept.count() == 0 && *disconnect.session_expiry > 0) return Reason::protocol_error;  // [3.14.2.2.2]
        session_->kept = kept_for(*disconnect.session_expiry);
      }
      submit();
      flush();
      if (phase_ != Phase::closed) close("closed", disconnect.reason == Reason::disconnect_with_will);
      return Reason::success;
    }
    default: return Reason::protocol_error;  // a second CONNECT, AUTH, or what only servers say
  }
}

// ---- connecting -------------------------------------------------------------------------------------------------

void Connection::refuse_connect(Reason reason) {
  ++door_.logins_refused;
  door_.count(reason);
  Connack connack;
  connack.reason = reason;
  append(out_, version_, connack);
  flush();
  if (phase_ != Phase::closed) close("refused", false);
}

Reason Connection::handle_connect(const Packet& packet) {
  Connect connect;
  if (const Reason reason = parse(packet, connect); reason != Reason::success) {
    if (reason != Reason::bad_version && reason != Reason::bad_topic) return reason;
    version_ = connect.version;
    refuse_connect(reason);
    return Reason::success;
  }
  version_ = connect.version;
  Reason reason = check_client_id(connect);
  if (reason == Reason::success) reason = check_login(connect);
  if (reason == Reason::success) reason = check_will(connect, credential_);
  if (reason != Reason::success) {
    credential_.clear();
    refuse_connect(reason);
    return Reason::success;
  }
  begin_session(connect);
  return Reason::success;
}

Reason Connection::check_login(const Connect& connect) {
  if (!connect.properties.auth_method.empty()) return Reason::bad_auth_method;
  const std::string user(connect.user);
  const auto now = net::Clock::now();
  if (door_.lockout().locked(peer_, user, now)) return Reason::banned;
  door_.renew_access();
  const Login login = mqtt::check_login(door_.access(), connect, door_.city().now());
  if (login.reason != Reason::success) {
    door_.lockout().failed(peer_, user, now);
    return login.reason;
  }
  door_.lockout().succeeded(peer_, user);
  credential_ = user;
  secret_hash_ = login.hash;
  return Reason::success;
}

void Connection::begin_session(const Connect& connect) {
  const bool v5 = version_ == Version::v5;
  const std::string client_id = connect.client_id.empty() ? door_.fresh_client_id() : std::string(connect.client_id);
  if (Session* old = door_.sessions().find(credential_, client_id); old != nullptr && old->connection != nullptr) {
    ++door_.taken_over;
    old->connection->end(Reason::taken_over, "taken over", true);
  }
  Connack connack;
  session_ = door_.sessions().open(credential_, client_id, connect.clean, connack.session_present);
  session_->connection = this;
  const std::uint32_t wanted = v5 ? connect.properties.session_expiry.value_or(0) : connect.clean ? 0u : 0xFFFFFFFFu;
  session_->kept = kept_for(wanted);
  if (session_->kept.count() != wanted) connack.session_expiry = static_cast<std::uint32_t>(session_->kept.count());
  if (connect.client_id.empty()) connack.assigned_client_id = client_id;
  std::uint16_t keep_alive = connect.keep_alive;
  if (v5 && (keep_alive == 0 || keep_alive > kLongestKeepAlive)) {
    keep_alive = kLongestKeepAlive;
    connack.server_keep_alive = keep_alive;
  }
  patience_ = std::chrono::milliseconds(keep_alive) * 1'500;
  has_will_ = connect.has_will;
  will_delay_ = std::min(std::chrono::seconds(connect.will_properties.will_delay.value_or(0)), session_->kept);
  inflight_most_ = std::min<std::size_t>(limits::kMqttInflight, connect.properties.receive_maximum.value_or(65'535));
  packet_most_ = connect.properties.packet_maximum.value_or(256u << 20);
  connack.receive_maximum = limits::kMqttReceiveMaximum;
  connack.alias_maximum = limits::kMqttTopicAliases;
  connack.packet_maximum = limits::kMqttPacketBytes;
  append(out_, version_, connack);
  phase_ = Phase::ready;
  door_.came(credential_);
  for (Command& command : session_->inflight) send_publish(command, true);
  pump();
}

// ---- publishes --------------------------------------------------------------------------------------------------

Reason Connection::handle_publish(const Packet& packet) {
  Publish publish;
  if (const Reason reason = parse(packet, version_, publish); reason != Reason::success) return reason;
  if (const Reason reason = resolve_alias(publish); reason != Reason::success) return reason;
  ++door_.publishes;
  if (!gulp_) {
    gulp_ = std::make_shared<Gulp>();
    gulp_->connection = weak_from_this();
    gulp_->session = session_;
    gulp_->readings.principal = gulp_->records.principal = "credential:" + credential_;
    gulp_->readings.arrival = gulp_->records.arrival = door_.city().now();
  }
  if (publish.qos == 2) {
    const auto [at, fresh] = session_->received.try_emplace(publish.id, false);
    if (!fresh) {  // sent again: taken once; where it is not durable yet, its PUBREC comes when it is
      if (at->second) append_ack(out_, version_, Type::pubrec, publish.id, Reason::success);
      return Reason::success;
    }
    if (session_->received.size() > 2 * static_cast<std::size_t>(limits::kMqttReceiveMaximum)) return Reason::receive_maximum;
  }
  const bool too_many = gulp_->taken.size() >= static_cast<std::size_t>(limits::kMqttReceiveMaximum);
  if (publish.qos > 0 && too_many && version_ == Version::v5) return Reason::receive_maximum;
  gulp_->bytes += packet.size;
  const Reason reason = route(publish);
  if (reason == Reason::success) return reason;
  if (version_ == Version::v311) return reason;  // it has no other way to be told
  ++door_.refused;
  gulp_->take_other(publish, reason);
  return Reason::success;
}

Reason Connection::resolve_alias(Publish& publish) {
  if (!publish.alias) return Reason::success;
  if (*publish.alias > limits::kMqttTopicAliases) return Reason::bad_alias;
  if (!publish.topic.empty()) {
    aliases_[*publish.alias] = publish.topic;
    return Reason::success;
  }
  const auto found = aliases_.find(*publish.alias);
  if (found == aliases_.end()) return Reason::protocol_error;
  publish.topic = found->second;
  return Reason::success;
}

Reason Connection::route(const Publish& publish) {
  const Topic topic = split_topic(publish.topic);
  if (topic.asset.empty()) return version_ == Version::v5 ? Reason::bad_topic : Reason::not_authorized;
  if (topic.leaf == "status" && topic.asset == credential_) {  // a birth message; its connection says as much
    gulp_->take_other(publish, Reason::success);
    return Reason::success;
  }
  if (!covered(topic.asset)) return Reason::not_authorized;
  if (topic.leaf == "readings") gulp_->take_readings(door_.city(), topic.asset, publish);
  else if (topic.leaf == "records")
    gulp_->take_records(door_.city().decode_records, topic.asset, publish);
  else if (topic.leaf == "results")
    gulp_->take_records(door_.city().decode_results, topic.asset, publish);
  else return Reason::not_authorized;
  return Reason::success;
}

bool Connection::covered(std::string_view asset) {
  if (const auto found = covered_.find(asset); found != covered_.end()) return found->second;
  if (covered_.size() >= kRoutesKept) covered_.clear();
  const auto credential = door_.access().credentials.find(credential_);
  const bool yes = credential != door_.access().credentials.end() && door_.covers(credential->second, asset);
  covered_.emplace(asset, yes);
  return yes;
}

void Connection::submit() {
  if (!gulp_) return;
  offered_ = std::exchange(gulp_, nullptr);
  door_.offer(offered_);
  if (offered_->waiting > 0) return;
  door_.settle(*offered_);
  acknowledge();
}

void Connection::acknowledge() {
  for (const Taken& one : offered_->taken)
    append_ack(out_, version_, one.qos == 1 ? Type::puback : Type::pubrec, one.id, one.reason);
  offered_.reset();
}

void Connection::answered() {
  if (phase_ != Phase::ready || !offered_) return;
  acknowledge();
  flush();
  read_on();
}

void Connection::acknowledge_received(std::uint16_t id, Reason reason) {
  if (phase_ != Phase::ready) return;
  append_ack(out_, version_, Type::pubrec, id, reason);
  flush();
}

// ---- commands and subscriptions ---------------------------------------------------------------------------------

Reason Connection::handle_ack(const Packet& packet) {
  Ack ack;
  if (const Reason reason = parse(packet, version_, ack); reason != Reason::success) return reason;
  if (packet.type == Type::pubrel) {
    const bool known = session_->received.erase(ack.id) > 0;
    if (!known) door_.count(Reason::unknown_id);
    append_ack(out_, version_, Type::pubcomp, ack.id, known ? Reason::success : Reason::unknown_id);
    return Reason::success;
  }
  if (packet.type != Type::puback) return Reason::protocol_error;  // commands go out at QoS 0 and 1 only
  const auto found = std::find_if(session_->inflight.begin(), session_->inflight.end(),
                                  [&](const Command& one) { return one.id == ack.id; });
  if (found == session_->inflight.end()) return Reason::success;  // of a session that was cleaned meanwhile
  door_.sessions().forget(*session_, *found);
  if (found->delivered) found->delivered();
  session_->inflight.erase(found);
  pump();
  return Reason::success;
}

Reason Connection::handle_subscribe(const Packet& packet) {
  Subscribe packet_in;
  if (const Reason reason = parse(packet, version_, packet_in); reason != Reason::success) return reason;
  if (packet_in.has_subscription_id) return Reason::no_subscription_ids;
  std::vector<std::uint8_t> codes;
  for (const Filter& filter : packet_in.filters) {
    codes.push_back(subscribe(filter));
    door_.count(static_cast<Reason>(codes.back()));
  }
  append_suback(out_, version_, packet_in.id, codes);
  return Reason::success;
}

std::uint8_t Connection::subscribe(const Filter& filter) {
  const auto code = [](Reason reason) { return static_cast<std::uint8_t>(reason); };
  if (filter.text.starts_with("$share/")) return code(Reason::no_shared);
  const bool every = filter.text == "city/v1/+/commands";
  const Topic topic = every ? Topic{} : split_topic(filter.text);
  if (!every && (topic.leaf != "commands" || !covered(topic.asset))) {
    ++door_.refused;
    return code(Reason::not_authorized);
  }
  const std::uint8_t granted = std::min<std::uint8_t>(filter.qos, 1);
  return door_.sessions().subscribe(*session_, filter.text, granted) ? granted : code(Reason::quota);
}

Reason Connection::handle_unsubscribe(const Packet& packet) {
  Unsubscribe packet_in;
  if (const Reason reason = parse(packet, version_, packet_in); reason != Reason::success) return reason;
  std::vector<std::uint8_t> codes;
  for (const std::string_view filter : packet_in.filters) {
    const bool known = door_.sessions().unsubscribe(*session_, filter);
    codes.push_back(static_cast<std::uint8_t>(known ? Reason::success : Reason::no_subscription));
  }
  append_unsuback(out_, version_, packet_in.id, codes);
  return Reason::success;
}

void Connection::send_publish(Command& command, bool again) {
  Publish publish;
  publish.topic = command.topic;
  publish.payload = *command.payload;
  publish.qos = command.qos;
  publish.id = command.id;
  publish.duplicate = again;
  append_publish(out_, version_, publish);
}

void Connection::pump() {
  if (phase_ != Phase::ready) return;
  Session& session = *session_;
  while (!session.queue.empty() && out_.size() - sent_ < kBacklogBytes) {
    if (session.queue.front().qos > 0 && session.inflight.size() >= inflight_most_) break;
    Command command = std::move(session.queue.front());
    session.queue.pop_front();
    const bool in_time = net::Clock::now() < command.until;
    const bool fits =
        in_time && publish_size(version_, command.topic, command.payload->size(), command.qos) <= packet_most_;
    if (!fits) ++door_.commands_dropped;
    if (fits && command.qos > 0) command.id = session.fresh_id();
    if (fits) send_publish(command, false);
    if (fits && command.qos == 0 && command.delivered) command.delivered();
    if (fits && command.qos > 0) session.inflight.push_back(std::move(command));
    else door_.sessions().forget(session, command);
  }
  flush();
}

// ---- writing and ending -----------------------------------------------------------------------------------------

void Connection::flush() {
  if (writing_ || phase_ == Phase::closed) return;
  while (sent_ < out_.size()) {
    const net::Piece piece{out_.data() + sent_, out_.size() - sent_};
    std::size_t put = 0;
    const net::Io io = stream_->write(&piece, 1, put);
    sent_ += put;
    if (io == net::Io::done) continue;
    if (io == net::Io::closed || io == net::Io::failed || out_.size() - sent_ > kUnreadBytes) return close("closed", true);
    writing_ = true;
    return stream_->when_writable([self = shared_from_this()](const boost::system::error_code& error) {
      self->writing_ = false;
      if (error || self->phase_ == Phase::closed) return;
      self->flush();
      self->pump();
      self->read_on();
    });
  }
  out_.clear();
  sent_ = 0;
  constexpr std::size_t kKept = 4'096;
  if (out_.capacity() > kKept) out_.shrink_to_fit();
}

void Connection::sweep(net::Clock::time_point now, const AccessTable* changed) {
  if (phase_ != Phase::ready) {
    if (now - heard_ <= door_.options().connect_timeout) return;
    door_.count(Reason::keep_alive);
    return close("closed", false);
  }
  if (changed != nullptr) {
    covered_.clear();
    const auto found = changed->credentials.find(credential_);
    const bool holds = found != changed->credentials.end() && found->second.enabled &&
                       (found->second.hash == secret_hash_ || found->second.old_hash == secret_hash_);
    if (!holds) return end(Reason::not_authorized, "revoked", false);
  }
  if (patience_.count() > 0 && reading_ && now - heard_ > patience_) end(Reason::keep_alive, "keep-alive", true);
}

void Connection::end(Reason reason, const std::string& why, bool tell_will) {
  if (phase_ == Phase::closed) return;
  const auto self = shared_from_this();
  door_.count(reason);
  if (phase_ == Phase::ready && version_ == Version::v5 && !writing_) {
    append_disconnect(out_, reason);
    flush();
  }
  close(why, tell_will);
}

void Connection::close(const std::string& why, bool tell_will) {
  if (phase_ == Phase::closed) return;
  const auto self = shared_from_this();
  const bool was_ready = phase_ == Phase::ready;
  phase_ = Phase::closed;
  stream_->close();
  door_.remove(this);
  offered_.reset();
  if (!was_ready) return;
  const bool will = has_will_ && tell_will;
  door_.went(credential_, will ? "will" : why, will ? will_delay_ : std::chrono::seconds(0));
  if (session_->connection == this) door_.sessions().release(*session_, net::Clock::now());
}

}  // namespace cityloop::mqtt
