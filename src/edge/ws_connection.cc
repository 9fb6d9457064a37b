// SPDX-License-Identifier: Apache-2.0
#include "edge/ws_connection.h"

#include <utility>

#include "core/limits.h"

namespace cityloop::http {

namespace {
constexpr std::size_t kWriteBytes = 256u << 10;  // copied into one write; more waits for the next
constexpr auto kPingAfter = std::chrono::seconds(20);
constexpr auto kDeadAfter = std::chrono::seconds(60);
constexpr auto kGoodbye = std::chrono::seconds(5);
constexpr std::uint16_t kTooSlow = 4408;         // web.md §4.5
}  // namespace

WsConnection::WsConnection(Worker& worker, std::unique_ptr<net::Stream> stream)
    : worker_(worker), stream_(std::move(stream)), parser_(limits::kLiveMessageBytes), heard_(net::Clock::now()) {
  ++worker_.shared.sockets;
}

void WsConnection::start(std::string head, std::string principal, std::string_view already) {
  out_ = std::move(head);
  id_ = worker_.shared.feed->open(shared_from_this(), std::move(principal));
  opened_ = true;
  parser_.feed(already);
  flush();
  take_messages();
  if (is_open()) read();
}

std::size_t WsConnection::send(std::shared_ptr<const std::string> text) {
  bool tell = false;
  std::size_t waiting = 0;
  {
    const std::lock_guard lock(mutex_);
    if (gone_ || close_code_ != 0) return 0;
    waiting_bytes_ += text->size();
    waiting = waiting_bytes_;
    queue_.push_back(std::move(text));
    if (waiting > 2 * limits::kLiveQueueBytes) {  // the feed should have reset it long ago
      queue_.clear();
      close_code_ = kTooSlow;
      close_reason_ = "too slow";
    }
    tell = !dirty_;
    dirty_ = true;
  }
  if (tell) worker_.dirty->put(shared_from_this());
  return waiting;
}

void WsConnection::close(int code, std::string reason) {
  bool tell = false;
  {
    const std::lock_guard lock(mutex_);
    if (gone_ || close_code_ != 0) return;
    close_code_ = code;
    close_reason_ = std::move(reason);
    tell = !dirty_;
    dirty_ = true;
  }
  if (tell) worker_.dirty->put(shared_from_this());
}

void WsConnection::fill_out() {
  const std::lock_guard lock(mutex_);
  dirty_ = false;
  while (!queue_.empty() && out_.size() < kWriteBytes && !said_close_) {
    out_payload_ += queue_.front()->size();
    ws::append_frame(out_, ws::Opcode::text, *queue_.front());
    queue_.pop_front();
  }
  if (!queue_.empty() && !said_close_) dirty_ = true;  // flush() goes on by itself
  if (queue_.empty() && close_code_ != 0 && !said_close_) {
    ws::append_close(out_, static_cast<std::uint16_t>(close_code_), close_reason_);
    said_close_ = true;
    close_by_ = net::Clock::now() + kGoodbye;
  }
}

void WsConnection::flush() {
  if (writing_ || !is_open()) return;
  while (true) {
    if (sent_ == out_.size()) {
      out_.clear();
      sent_ = 0;
      {
        const std::lock_guard lock(mutex_);
        waiting_bytes_ -= std::min(waiting_bytes_, std::exchange(out_payload_, 0));
      }
      fill_out();
      if (out_.empty()) {
        if (out_.capacity() > kWriteBytes / 4) out_.shrink_to_fit();
        if (said_close_ && heard_close_) drop();
        return;
      }
    }
    const net::Piece piece{out_.data() + sent_, out_.size() - sent_};
    std::size_t put = 0;
    const net::Io io = stream_->write(&piece, 1, put);
    sent_ += put;
    worker_.shared.bytes_out += put;
    if (io == net::Io::done) continue;
    if (io == net::Io::closed || io == net::Io::failed) return drop();
    writing_ = true;
    stream_->when_writable([self = shared_from_this()](const boost::system::error_code& error) {
      self->writing_ = false;
      if (!error) self->flush();
    });
    return;
  }
}

void WsConnection::read() {
  stream_->when_readable([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->read_now();
  });
}

void WsConnection::read_now() {
  constexpr int kReads = 8;  // then the other connections get their turn
  for (int i = 0; i < kReads; ++i) {
    std::size_t got = 0;
    const net::Io io = stream_->read(worker_.scratch.data(), worker_.scratch.size(), got);
    if (io == net::Io::read) return read();
    if (io != net::Io::done) return drop();
    heard_ = net::Clock::now();
    pinged_ = false;
    worker_.shared.bytes_in += got;
    parser_.feed({worker_.scratch.data(), got});
    take_messages();
    if (!is_open()) return;
  }
  worker_.loop.post([self = shared_from_this()] {
    if (self->is_open()) self->read_now();
  });
}

void WsConnection::take_messages() {
  using Kind = WsParser::Message::Kind;
  while (is_open()) {
    WsParser::Message message = parser_.next();
    switch (message.kind) {
      case Kind::none: return;
      case Kind::text:
        if (!said_close_) worker_.shared.feed->message(id_, message.payload);
        break;
      case Kind::ping:
        if (!said_close_ && out_.size() < kWriteBytes) ws::append_frame(out_, ws::Opcode::pong, message.payload);
        flush();
        break;
      case Kind::pong: break;
      case Kind::close:
        heard_close_ = true;
        end(message.code == 1005 ? ws::kNormal : message.code, "");
        return;
      case Kind::broken:
        heard_close_ = true;  // nothing that follows can be understood
        worker_.shared.problems.add(errors::kBadRequest.name);
        end(message.code, "");
        return;
    }
  }
}

void WsConnection::end(std::uint16_t code, std::string_view reason) {
  {
    const std::lock_guard lock(mutex_);
    queue_.clear();
    if (close_code_ == 0) {
      close_code_ = code;
      close_reason_ = reason;
    }
  }
  flush();
}

void WsConnection::sweep(net::Clock::time_point now) {
  if (now > close_by_ || now - heard_ > kDeadAfter) return drop();
  if (now - heard_ > kPingAfter && !pinged_ && !said_close_ && out_.empty()) {
    pinged_ = true;
    ws::append_frame(out_, ws::Opcode::ping, "");
    flush();
  }
}

void WsConnection::abort() {
  if (!said_close_ && out_.empty()) {
    std::string goodbye;
    ws::append_close(goodbye, ws::kGoingAway, "the server stops");
    const net::Piece piece{goodbye.data(), goodbye.size()};
    std::size_t put = 0;
    stream_->write(&piece, 1, put);
  }
  drop();
}

void WsConnection::drop() {
  if (!is_open()) return;
  const auto self = shared_from_this();
  {
    const std::lock_guard lock(mutex_);
    gone_ = true;
    queue_.clear();
  }
  stream_.reset();
  --worker_.shared.sockets;
  --worker_.shared.open;
  worker_.remove(this);
  if (std::exchange(opened_, false)) worker_.shared.feed->closed(id_);
}

}  // namespace cityloop::http
