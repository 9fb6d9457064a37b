// SPDX-License-Identifier: Apache-2.0
// The sender against our own server as receiver.
#include "edge/outbox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "core/json.h"
#include "edge/http_server.h"
#include "edge/probe_test.h"

namespace cityloop {
namespace {

class OutboxSenderTest : public testing::Test {
 protected:
  void SetUp() override {
    server_ = HttpServer::create({.port = 0}, [this](HttpRequest request, Respond respond) { receive(std::move(request), respond); },
                                 std::shared_ptr<SocketFeed>(), {}).value();
    OutboxCity city;
    city.due = [this] {
      const std::lock_guard lock(mutex_);
      std::vector<Notice> heads;  // the first of each subject and receiver, as command/outbox gives them
      for (const Notice& one : waiting_)
        if (std::none_of(heads.begin(), heads.end(), [&](const Notice& h) { return h.subject == one.subject && h.target == one.target; }))
          heads.push_back(one);
      return heads;
    };
    city.receiver = [this](const std::string& name) -> Result<OpenReceiver> {
      if (name == "nobody") return fail(errors::kNotFound, "no receiver is called nobody");
      OpenReceiver out;
      out.how.name = name;
      out.how.channel = name == "robot" ? Channel::wecom : Channel::webhook;
      out.how.target = "http://127.0.0.1:" + (name == "dead" ? "1" : std::to_string(server_->port())) + "/" + name;
      if (name == "signed") out.secret = "key";
      if (name == "robot") out.secret = "very-secret";
      return out;
    };
    city.offer = [this](const Input& input, const std::function<void(Answer)>& done) {
      {
        const std::lock_guard lock(mutex_);
        if (refusals_-- > 0) return done(Answer{503, "server.overloaded", "", "", 0, 0});
        const auto& result = std::get<NoticeResultIn>(input);
        results_.push_back(result);
        std::erase_if(waiting_, [&](const Notice& one) { return one.id == result.notice; });
      }
      done(Answer{});
    };
    city.now = [] { return from_ms(5); };
    sender_ = OutboxSender::create(std::move(city));
  }
  void TearDown() override {
    sender_->stop();
    server_->stop();
  }
  void receive(HttpRequest request, const Respond& respond) {
    HttpResponse response;
    {
      const std::lock_guard lock(mutex_);
      if (request.path == "/refuses") response.status = 500;
      if (request.path == "/tired") {
        response.status = 503;
        response.headers.emplace_back("Retry-After", "600");
      }
      if (request.path == "/robot") response.body = R"({"errcode":93000,"errmsg":"no robot has the key very-secret"})";
      if (request.path == "/slow") {
        slow_.push_back(respond);
        received_.push_back(std::move(request));
        return;
      }
      received_.push_back(std::move(request));
    }
    respond(std::move(response));
  }
  void post(const std::string& id, const std::string& subject, const std::string& target, const std::string& data = "{\"a\":1}") {
    Notice notice;
    notice.id = id;
    notice.subject = subject;
    notice.target = target;
    notice.type = "city.case.dispatched";
    notice.created = from_ms(1'661'148'000'000);
    notice.data = data;
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(notice));
  }
  std::map<std::string, NoticeResultIn> results(std::size_t count) {
    EXPECT_TRUE(soon([&] {
      const std::lock_guard lock(mutex_);
      return results_.size() >= count;
    }));
    std::map<std::string, NoticeResultIn> out;
    const std::lock_guard lock(mutex_);
    for (const auto& one : results_) out[one.notice] = one;
    EXPECT_EQ(results_.size(), out.size()) << "something was sent twice";
    return out;
  }

  std::mutex mutex_;
  std::vector<Respond> slow_;
  std::vector<Notice> waiting_;
  std::vector<NoticeResultIn> results_;
  std::vector<HttpRequest> received_;
  int refusals_ = 0;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<OutboxSender> sender_;
};

TEST_F(OutboxSenderTest, SendsCloudEvents) {
  post("c1:1", "c1", "signed");
  sender_->wake();
  EXPECT_TRUE(results(1)["c1:1"].delivered);
  const HttpRequest& request = received_.at(0);
  EXPECT_EQ(request.headers.at("content-type"), "application/cloudevents+json; charset=utf-8");
  EXPECT_EQ(request.headers.at("x-city-signature"), signature_of("key", request.body));
  const json::object event = parse_json(request.body).value().as_object();
  EXPECT_EQ(event.at("specversion"), "1.0");
  EXPECT_EQ(event.at("id"), "c1:1");
  EXPECT_EQ(event.at("subject"), "c1");
  EXPECT_EQ(event.at("type"), "city.case.dispatched");
  EXPECT_EQ(event.at("time"), "2022-08-22T06:00:00Z");
  EXPECT_EQ(event.at("data").at("a").as_int64(), 1);
}

TEST_F(OutboxSenderTest, ReportsFailures) {
  post("c1:1", "c1", "refuses");
  post("c2:1", "c2", "dead");
  post("c3:1", "c3", "nobody");
  sender_->wake();
  auto all = results(3);
  EXPECT_FALSE(all["c1:1"].delivered);
  EXPECT_EQ(all["c1:1"].detail, "HTTP 500");
  EXPECT_FALSE(all["c2:1"].delivered);
  EXPECT_NE(all["c2:1"].detail.find("cannot connect"), std::string::npos);
  EXPECT_NE(all["c3:1"].detail.find("nobody"), std::string::npos);
  EXPECT_EQ(sender_->counters().failed, 3u);
}

TEST_F(OutboxSenderTest, KeepsTheOrderOfASubjectAndSendsOnce) {
  {
    const std::lock_guard lock(mutex_);
    refusals_ = 3;  // the city is busy when the first results come: they are told again, not sent again
  }
  for (int i = 1; i <= 20; ++i) {
    post("a:" + std::to_string(i), "a", "ok");
    post("b:" + std::to_string(i), "b", "ok");
  }
  sender_->wake();
  results(40);
  EXPECT_EQ(received_.size(), 40u);
  std::map<std::string, int> last;
  for (const HttpRequest& request : received_) {
    const json::object event = parse_json(request.body).value().as_object();
    const std::string id(event.at("id").as_string());
    const int number = std::stoi(id.substr(2));
    EXPECT_EQ(number, last[id.substr(0, 1)] + 1);
    last[id.substr(0, 1)] = number;
  }
}

TEST_F(OutboxSenderTest, AReceiverThatAsksForRestIsLeftAloneWithAllItsSubjects) {
  post("c1:1", "c1", "tired");
  sender_->wake();
  EXPECT_EQ(results(1)["c1:1"].retry_after, std::chrono::minutes(10));
  post("c2:1", "c2", "tired");
  post("c3:1", "c3", "ok");
  sender_->wake();
  EXPECT_TRUE(results(2)["c3:1"].delivered);
  EXPECT_EQ(received_.size(), 2u) << "c2 was not even tried";
}

TEST_F(OutboxSenderTest, ARobotsRefusalIsAFailureAndTellsNoSecret) {
  post("c1:1", "c1", "robot");
  sender_->wake();
  const NoticeResultIn result = results(1)["c1:1"];
  EXPECT_FALSE(result.delivered);
  EXPECT_EQ(result.detail, "errcode 93000 no robot has the key …");
}

TEST_F(OutboxSenderTest, ASlowReceiverKeepsNobodyElseWaiting) {
  for (int i = 1; i <= 20; ++i) post("s" + std::to_string(i) + ":1", "s" + std::to_string(i), "slow");
  sender_->wake();
  EXPECT_TRUE(soon([&] {
    const std::lock_guard lock(mutex_);
    return slow_.size() == 2;
  }));
  post("c1:1", "c1", "ok");
  sender_->wake();
  EXPECT_TRUE(results(1)["c1:1"].delivered) << "while the slow one holds two calls open";
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(slow_.size(), 2u) << "and never more than two";
}

TEST(CloudEvent, DataThatIsNoJsonGoesAsText) {
  Notice notice;
  notice.data = "plain";
  const json::object event = parse_json(cloud_event(notice, "/s")).value().as_object();
  EXPECT_EQ(event.at("data"), "plain");
  EXPECT_EQ(event.at("datacontenttype"), "text/plain");
}

TEST(CloudEvent, SignatureOfTheStandardVector) {  // RFC 4231, test case 2
  EXPECT_EQ(signature_of("Jefe", "what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

}  // namespace
}  // namespace cityloop
