// SPDX-License-Identifier: Apache-2.0
// The floor under our servers: a thread with its io_context (Loop), a non-blocking byte stream that is plain or TLS
// (Stream), a listening port (Listener) and batched hand-over from other threads (Mailbox). Heavy: included by the
// network .cc files of edge only. Everything of a Loop but post() and Mailbox::put() is used on the loop's own thread.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/result.h"

struct ssl_ctx_st;
struct ssl_st;

namespace cityloop::net {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using Executor = asio::io_context::executor_type;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

// Linux names threads with at most 15 letters.
void name_thread(const char* name);

class Loop {
 public:
  Loop() : context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO), work_(asio::make_work_guard(context_)) {}
  ~Loop() { join(); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void start(std::string name);
  // Lets run() end once nothing is pending; whoever owns descriptors and timers here closes them first.
  void finish() {
    if (!finished_.exchange(true)) work_.reset();  // it counts, and two threads come here when a server stops
  }
  void join();
  asio::io_context& context() { return context_; }
  Executor executor() { return context_.get_executor(); }
  template <class Task>
  void post(Task&& task) { asio::post(context_, std::forward<Task>(task)); }

 private:
  asio::io_context context_;
  asio::executor_work_guard<Executor> work_;
  std::atomic<bool> finished_{false};
  std::thread thread_;
};

// Items put by any thread, taken in batches on the loop's thread: one wake-up for a burst. Items put after shut() are
// dropped, so whoever still holds the mailbox when the server is gone does no harm.
template <class Item>
class Mailbox : public std::enable_shared_from_this<Mailbox<Item>> {
 public:
  using Take = std::function<void(std::vector<Item>&)>;
  Mailbox(Loop& loop, Take take) : loop_(&loop), take_(std::move(take)) {}

  void put(Item item) {
    const std::lock_guard lock(mutex_);
    if (loop_ == nullptr) return;
    items_.push_back(std::move(item));
    if (items_.size() == 1) loop_->post([self = this->shared_from_this()] { self->drain(); });
  }
  void shut() {  // on the loop's thread
    std::vector<Item> dropped;
    const std::lock_guard lock(mutex_);
    loop_ = nullptr;
    take_ = nullptr;
    dropped.swap(items_);
  }

 private:
  void drain() {
    std::vector<Item> batch;
    {
      const std::lock_guard lock(mutex_);
      batch.swap(items_);
    }
    if (take_) take_(batch);
  }

  std::mutex mutex_;
  Loop* loop_;
  Take take_;
  std::vector<Item> items_;
};

// Certificates and rules of TLS; at least version 1.2.
class Tls {
 public:
  static Result<std::shared_ptr<Tls>> server(const std::string& certificate_file, const std::string& key_file);
  // Verifies the peer against `ca_file`, or the system's authorities where it is empty.
  static Result<std::shared_ptr<Tls>> client(const std::string& ca_file);
  ~Tls();
  ssl_ctx_st* context() const { return context_; }

 private:
  explicit Tls(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

// What a non-blocking call came to. `read` and `write`: nothing more can be done before the stream is readable, writable.
enum class Io { done, read, write, closed, failed };

struct Piece {  // bytes to write, borrowed
  const char* data = nullptr;
  std::size_t size = 0;
};

class Stream {
 public:
  // Takes ownership of a connected socket. With `tls`, handshake() must be done before the first read or write.
  Stream(Executor executor, int socket, const Tls* tls);
  ~Stream();

  Io handshake();
  Io read(char* to, std::size_t size, std::size_t& got);
  Io write(const Piece* pieces, std::size_t count, std::size_t& put);  // of all pieces together, possibly not all
  bool secure() const { return ssl_ != nullptr; }
  bool is_open() const { return descriptor_.is_open(); }
  void shut_write();  // says that nothing more comes, keeps reading
  void close();       // pending waits end with an error code
  template <class Handler>
  void when_readable(Handler&& handler) { descriptor_.async_wait(Descriptor::wait_read, std::forward<Handler>(handler)); }
  template <class Handler>
  void when_writable(Handler&& handler) { descriptor_.async_wait(Descriptor::wait_write, std::forward<Handler>(handler)); }

 private:
  Io tls_result(int result);

  Descriptor descriptor_;
  int socket_;
  ssl_st* ssl_ = nullptr;
};

// A listening socket: accepts all that wait, gives each to `take` (socket, peer address) and pauses for a moment when
// the process is out of file descriptors.
class Listener {
 public:
  using Take = std::function<void(int socket, std::string peer)>;
  static Result<std::unique_ptr<Listener>> create(Loop& loop, const std::string& host, std::uint16_t port, Take take);
  std::uint16_t port() const { return port_; }
  void start() { wait(); }
  void close();

 private:
  Listener(Loop& loop, int socket, std::uint16_t port, Take take);
  void wait();
  void accept_all();

  Descriptor descriptor_;
  Timer pause_;
  std::uint16_t port_;
  Take take_;
};

// Low latency and detection of peers that vanished without a word.
void tune_socket(int socket);
// The last OpenSSL error of this thread as a sentence; clears the queue.
std::string tls_error();

}  // namespace cityloop::net
