// SPDX-License-Identifier: Apache-2.0
// One live socket after its upgrade: whole text messages in, frames out through a bounded queue whose content leaves in as
// few writes as possible. send() and close() from any thread, the rest on the worker's. Internal to edge.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "edge/http_worker.h"
#include "edge/ws_codec.h"

namespace cityloop::http {

class WsConnection : public Peer, public LiveSocket, public std::enable_shared_from_this<WsConnection> {
 public:
  WsConnection(Worker& worker, std::unique_ptr<net::Stream> stream);

  // Writes the head of the upgrade, opens at the feed, and takes what the client had sent already.
  void start(std::string head, std::string principal, std::string_view already);
  void flush();

  std::size_t send(std::shared_ptr<const std::string> text) override;
  void close(int code, std::string reason) override;
  void sweep(net::Clock::time_point now) override;
  void abort() override;

 private:
  void read();              // waits for bytes, then read_now
  void read_now();
  void take_messages();
  void fill_out();          // moves queued frames into out_
  void end(std::uint16_t code, std::string_view reason);  // says goodbye, then closes
  void drop();              // the feed may keep the object, but nothing of the server is touched after this
  bool is_open() const { return stream_ != nullptr; }

  Worker& worker_;
  std::unique_ptr<net::Stream> stream_;
  WsParser parser_;
  SocketFeed::Id id_ = 0;
  bool opened_ = false;
  bool writing_ = false;    // a wait for the socket to be writable is pending
  bool said_close_ = false;
  bool heard_close_ = false;
  std::string out_;
  std::size_t sent_ = 0;            // of out_
  std::size_t out_payload_ = 0;     // bytes of queue_ that went into out_
  net::Clock::time_point heard_;
  net::Clock::time_point close_by_ = net::Clock::time_point::max();
  bool pinged_ = false;

  std::mutex mutex_;                // guards what follows
  std::deque<std::shared_ptr<const std::string>> queue_;
  std::size_t waiting_bytes_ = 0;
  bool dirty_ = false;
  bool gone_ = false;
  int close_code_ = 0;
  std::string close_reason_;
};

}  // namespace cityloop::http
