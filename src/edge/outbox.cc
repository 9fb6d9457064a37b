// SPDX-License-Identifier: Apache-2.0
#include "edge/outbox.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "core/json.h"
#include "edge/http_client.h"
#include "edge/net.h"

namespace cityloop {

namespace {

constexpr int kParallel = 8;
constexpr Millis kTimeout{10'000};
constexpr std::size_t kAnswerBytes = 64u << 10;  // nobody reads more of a receiver's answer
constexpr auto kLook = std::chrono::seconds(1);
constexpr auto kOfferAgain = std::chrono::milliseconds(100);

// One at a time of a subject to a receiver; a dead receiver holds up nobody else.
std::string queue_key(const Notice& notice) { return notice.subject + "\n" + notice.target; }

class ThreadedSender : public OutboxSender {
 public:
  explicit ThreadedSender(OutboxCity city) : city_(std::move(city)) {
    threads_.emplace_back([this] { look(); });
    for (int i = 0; i < kParallel; ++i) threads_.emplace_back([this] { carry(); });
  }
  ~ThreadedSender() override { stop(); }

  void wake() override {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }

  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
      changed_.notify_all();
    }
    for (std::thread& thread : threads_)
      if (thread.joinable()) thread.join();
  }

  Counters counters() const override {
    const std::lock_guard lock(mutex_);
    return {sent_, failed_, busy_.size()};
  }

 private:
  // Asks what is due and queues what is not under way already; a notice is under way until the city has heard its result.
  void look() {
    net::name_thread("outbox");
    std::unique_lock lock(mutex_);
    while (!stopped_) {
      woken_ = false;
      lock.unlock();
      std::vector<Notice> due = city_.due();
      lock.lock();
      for (Notice& notice : due) {
        if (!subjects_.insert(queue_key(notice)).second) continue;
        busy_.insert(notice.id);
        queue_.push_back(std::move(notice));
      }
      changed_.notify_all();
      changed_.wait_for(lock, kLook, [this] { return stopped_ || woken_; });
    }
  }

  void carry() {
    net::name_thread("outbox-call");
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
      if (stopped_) return;
      const Notice notice = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      NoticeResultIn result = deliver(notice);
      lock.lock();
      if (stopped_) return;
      ++(result.delivered ? sent_ : failed_);
      lock.unlock();
      report(std::move(result));
      lock.lock();
      busy_.erase(notice.id);
      subjects_.erase(queue_key(notice));
      woken_ = true;  // the next of its subject may be due
      changed_.notify_all();
    }
  }

  NoticeResultIn deliver(const Notice& notice) {
    NoticeResultIn result;
    result.notice = notice.id;
    const auto receiver = city_.receiver(notice.target);
    if (!receiver) {
      result.detail = "no receiver is called " + notice.target;
    } else {
      HttpCall call;
      call.method = "POST";
      call.url = receiver->url;
      call.body = cloud_event(notice, city_.source);
      call.headers = {{"Content-Type", "application/cloudevents+json; charset=utf-8"}};
      if (!receiver->secret.empty()) call.headers.emplace_back("X-City-Signature", signature_of(receiver->secret, call.body));
      call.timeout = kTimeout;
      call.most = kAnswerBytes;
      call.ca_file = receiver->ca_file;
      const Result<HttpAnswer> answer = http_call(call, &stopped_);
      result.delivered = answer && answer->status >= 200 && answer->status < 300;
      result.detail = answer ? "HTTP " + std::to_string(answer->status) : answer.error().detail;
    }
    result.arrival = city_.now();
    return result;
  }

  // Waits until the city has taken the result, so that the same notice is not sent twice.
  void report(const NoticeResultIn& result) {
    struct Told {
      std::mutex mutex;
      std::condition_variable changed;
      int status = 0;
    };
    while (!stopped_) {
      const auto told = std::make_shared<Told>();
      city_.offer(result, [told](const Answer& answer) {
        const std::lock_guard lock(told->mutex);
        told->status = answer.status;
        told->changed.notify_all();
      });
      std::unique_lock lock(told->mutex);
      while (told->status == 0 && !stopped_) told->changed.wait_for(lock, kOfferAgain);
      if (told->status != 429 && told->status != 503 && told->status != 507) return;
      lock.unlock();
      std::this_thread::sleep_for(kOfferAgain);
    }
  }

  OutboxCity city_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Notice> queue_;
  std::set<std::string> busy_, subjects_;
  std::uint64_t sent_ = 0, failed_ = 0;
  bool woken_ = false;
  std::atomic<bool> stopped_{false};
  std::vector<std::thread> threads_;
};

}  // namespace

std::string cloud_event(const Notice& notice, std::string_view source) {
  json::object event;
  event["specversion"] = "1.0";
  event["id"] = notice.id;
  event["source"] = source;
  event["type"] = notice.type;
  event["subject"] = notice.subject;
  event["time"] = format_time(notice.created);
  event["datacontenttype"] = "application/json";
  if (Result<json::value> data = parse_json(notice.data)) {
    event["data"] = std::move(*data);
  } else {
    event["datacontenttype"] = "text/plain";
    event["data"] = notice.data;
  }
  return json::serialize(event);
}

std::string signature_of(std::string_view secret, std::string_view body) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(body.data()),
       body.size(), digest.data(), &size);
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "sha256=";
  for (unsigned int i = 0; i < size; ++i) {
    out.push_back(kDigits[digest[i] >> 4]);
    out.push_back(kDigits[digest[i] & 15]);
  }
  return out;
}

std::unique_ptr<OutboxSender> OutboxSender::create(OutboxCity city) { return std::make_unique<ThreadedSender>(std::move(city)); }

}  // namespace cityloop
