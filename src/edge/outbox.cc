// SPDX-License-Identifier: Apache-2.0
#include "edge/outbox.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "core/json.h"
#include "edge/http_client.h"
#include "edge/net.h"
#include "edge/smtp.h"

namespace cityloop {

namespace {

constexpr int kParallel = 8;
constexpr int kOfReceiver = 2;  // a slow receiver keeps six others busy
constexpr Millis kTimeout{10'000};
constexpr std::size_t kAnswerBytes = 64u << 10;  // nobody reads more of a receiver's answer
constexpr auto kLook = std::chrono::seconds(1);
constexpr auto kBreath = std::chrono::milliseconds(10);  // between two looks: each takes the city's time
constexpr auto kOfferAgain = std::chrono::milliseconds(100);

// One at a time of a subject to a receiver; a dead receiver holds up nobody else.
std::string queue_key(const Notice& notice) { return notice.subject + "\n" + notice.target; }

// An answer, or an address that could not be reached, may repeat what we sent.
std::string without_secrets(std::string detail, const OpenReceiver& to) {
  for (const std::string& secret : {to.secret, percent_encoded(to.secret), to.token, percent_encoded(to.token)}) {
    if (secret.size() < 4) continue;
    for (std::size_t at = detail.find(secret); at != std::string::npos; at = detail.find(secret)) detail.replace(at, secret.size(), "\u2026");
  }
  return detail;
}

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
      const Time now = city_.now();
      for (Notice& notice : due) {
        if (is_resting(notice.target, now) || !subjects_.insert(queue_key(notice)).second) continue;
        queue_.push_back(std::move(notice));
      }
      changed_.notify_all();
      changed_.wait_for(lock, kBreath, [this] { return stopped_.load(); });
      changed_.wait_for(lock, kLook, [this] { return stopped_ || woken_; });
    }
  }

  void carry() {
    net::name_thread("outbox-call");
    std::unique_lock lock(mutex_);
    while (true) {
      std::deque<Notice>::iterator next;
      changed_.wait(lock, [&] { return stopped_ || (next = ready()) != queue_.end(); });
      if (stopped_) return;
      const Notice notice = std::move(*next);
      queue_.erase(next);
      busy_.insert(notice.id);
      ++busy_of_[notice.target];
      lock.unlock();
      NoticeResultIn result = deliver(notice);
      lock.lock();
      if (stopped_) return;
      ++(result.delivered ? sent_ : failed_);
      if (result.retry_after > Millis{0}) resting_[notice.target] = result.arrival + std::min(result.retry_after, limits::kNoticeRetryAfterMost);
      lock.unlock();
      report(std::move(result));
      lock.lock();
      busy_.erase(notice.id);
      if (--busy_of_[notice.target] == 0) busy_of_.erase(notice.target);
      subjects_.erase(queue_key(notice));
      woken_ = true;  // the next of its subject may be due
      changed_.notify_all();
    }
  }

  // The first whose receiver is not busy enough already; what has come to rest meanwhile goes back to the city.
  std::deque<Notice>::iterator ready() {
    const Time now = city_.now();
    for (auto at = queue_.begin(); at != queue_.end();) {
      if (is_resting(at->target, now)) {
        subjects_.erase(queue_key(*at));
        at = queue_.erase(at);
        continue;
      }
      const auto busy = busy_of_.find(at->target);
      if (busy == busy_of_.end() || busy->second < kOfReceiver) return at;
      ++at;
    }
    return queue_.end();
  }

  // A receiver that asked for rest is left alone with all its subjects.
  bool is_resting(const std::string& target, Time now) {
    const auto found = resting_.find(target);
    if (found == resting_.end()) return false;
    if (found->second > now) return true;
    resting_.erase(found);
    return false;
  }

  NoticeResultIn deliver(const Notice& notice) {
    NoticeResultIn result;
    result.notice = notice.id;
    const Result<OpenReceiver> to = city_.receiver(notice.target);
    Carried carried;
    if (to) carried = carry_to(*to, notice);
    else carried.detail = to.error().detail;
    result.delivered = carried.delivered;
    result.final = carried.final;
    result.retry_after = carried.retry_after;
    result.detail = to ? without_secrets(std::move(carried.detail), *to) : std::move(carried.detail);
    result.arrival = city_.now();
    return result;
  }

  Carried carry_to(const OpenReceiver& to, const Notice& notice) {
    NoticeText text = notice_text(notice, to.how.language, city_.utc_offset);
    text.link = city_.link(notice);
    const Time now = city_.now();
    switch (to.how.channel) {
      case Channel::webhook:
        return by_http(webhook_call(to, notice, city_.source), to, [&](const HttpAnswer& answer) { return judge_http(answer, now); });
      case Channel::wecom:
        return by_http(wecom_call(to, text), to, [&](const HttpAnswer& answer) { return judge_robot(answer, now); });
      case Channel::dingtalk:
        return by_http(dingtalk_call(to, text, now), to, [&](const HttpAnswer& answer) { return judge_robot(answer, now); });
      case Channel::sms:
        return by_http(sms_call(to, notice, text), to, [&](const HttpAnswer& answer) { return judge_sms(to.how.sms, answer, now); });
      case Channel::smtp: break;
    }
    SmtpCall mail;
    mail.server = to.how.mail;
    mail.password = to.secret;
    mail.to = to.how.target;
    mail.ca_file = to.how.ca_file;
    mail.message = mail_message(to.how, notice, text, city_.utc_offset);
    return send_mail(mail, &stopped_);
  }

  Carried by_http(HttpCall call, const OpenReceiver& to, const std::function<Carried(const HttpAnswer&)>& judge) {
    call.timeout = kTimeout;
    call.most = kAnswerBytes;
    call.ca_file = to.how.ca_file;
    const Result<HttpAnswer> answer = http_call(call, &stopped_);
    if (answer) return judge(*answer);
    Carried out;
    out.detail = answer.error().detail;
    return out;
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
  std::map<std::string, int> busy_of_;       // receiver -> notices under way
  std::map<std::string, Time> resting_;      // receiver -> until when it wants to be left alone
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
