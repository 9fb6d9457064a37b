// SPDX-License-Identifier: Apache-2.0
// The server over real sockets: what a good, a hasty, a slow and a hostile client see.
#include "edge/http_server.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "edge/probe_test.h"
#include "edge/ws_codec.h"

namespace cityloop {
namespace {

// Echoes what it hears; `flood n` sends n messages, `bye` closes.
class EchoFeed : public SocketFeed {
 public:
  Id open(std::shared_ptr<LiveSocket> socket, std::string principal) override {
    const std::lock_guard lock(mutex_);
    socket->send(std::make_shared<std::string>("welcome " + principal));
    sockets_[++next_] = std::move(socket);
    return next_;
  }
  void message(Id id, std::string_view text) override {
    const std::lock_guard lock(mutex_);
    const auto& socket = sockets_.at(id);
    if (text == "bye") return socket->close(4001, "as you wish");
    if (text.starts_with("flood ")) {
      const auto one = std::make_shared<const std::string>(std::string(1'000, 'f'));
      for (int i = std::stoi(std::string(text.substr(6))); i > 0; --i) most_waiting = std::max(most_waiting.load(), socket->send(one));
      return;
    }
    socket->send(std::make_shared<std::string>(text));
  }
  void closed(Id id) override {
    const std::lock_guard lock(mutex_);
    sockets_.erase(id);
    ++closes;
  }
  std::atomic<int> closes{0};
  std::atomic<std::size_t> most_waiting{0};

 private:
  std::mutex mutex_;
  std::map<Id, std::shared_ptr<LiveSocket>> sockets_;
  Id next_ = 0;
};

class HttpServerTest : public testing::Test {
 protected:
  void serve(HttpServerOptions options = {}) {
    options.port = 0;
    auto created = HttpServer::create(
        options, [this](HttpRequest request, Respond respond) { handle(std::move(request), std::move(respond)); }, feed_,
        [](const HttpRequest& request) -> Result<std::string> {
          const auto bearer = request.headers.find("authorization");
          if (bearer != request.headers.end() && bearer->second == "Bearer wrong")
            return fail(errors::kUnauthenticated, "wrong token");
          return std::string("token:t1");
        });
    ASSERT_TRUE(created.has_value()) << created.error().detail;
    server_ = std::move(created).value();
  }
  void TearDown() override {
    if (server_) server_->stop();
    for (auto& thread : threads_) thread.join();
  }

  void handle(HttpRequest request, Respond respond) {
    HttpResponse response;
    response.headers.emplace_back("Content-Type", "text/plain");
    if (request.path == "/later") {  // another thread answers, out of order on purpose
      const std::lock_guard lock(mutex_);
      threads_.emplace_back([respond, response, text = request.query.at(0).second]() mutable {
        std::this_thread::sleep_for(std::chrono::milliseconds(text == "1" ? 50 : 1));
        response.body = "later " + text;
        respond(std::move(response));
      });
      return;
    }
    if (request.path == "/forget") return;
    if (request.path == "/throw") throw std::runtime_error("boom");
    if (request.path == "/split") response.headers.emplace_back("X-Text", "a\r\nX-Injected: yes");
    if (request.path == "/big") {
      response.shared_body = std::make_shared<std::string>(std::string(8u << 20, 'b'));
      return respond(std::move(response));
    }
    if (request.path == "/none") response.status = 204;
    response.body = request.method + " " + request.path + " " + std::to_string(request.body.size());
    if (request.path == "/body") response.body = request.body;
    respond(std::move(response));
  }

  std::string ask(const std::string& bytes, int wait_ms = 5'000) {
    Probe probe(server_->port());
    probe.say(bytes);
    return probe.hear_answer(wait_ms);
  }

  std::shared_ptr<EchoFeed> feed_ = std::make_shared<EchoFeed>();
  std::unique_ptr<HttpServer> server_;
  std::mutex mutex_;
  std::vector<std::thread> threads_;
};

TEST_F(HttpServerTest, AnswersWithSecurityHeaders) {
  serve();
  const std::string answer = ask("GET /a%20b HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\nDate: ")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nGET /a b 0")) << answer;
  for (const char* line : {"X-Content-Type-Options: nosniff", "Referrer-Policy: ", "default-src 'self'", "frame-ancestors 'none'"})
    EXPECT_NE(answer.find(line), std::string::npos) << line;
  EXPECT_EQ(answer.find("Strict-Transport"), std::string::npos);
}

TEST_F(HttpServerTest, PipelinedAnswersKeepTheirOrder) {
  serve({.threads = 2});
  Probe probe(server_->port());
  probe.say("GET /later?n=1 HTTP/1.1\r\nHost: x\r\n\r\nGET /later?n=2 HTTP/1.1\r\nHost: x\r\n\r\n"
            "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /q HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(probe.hear_answer().ends_with("later 1"));
  EXPECT_TRUE(probe.hear_answer().ends_with("later 2"));
  EXPECT_TRUE(probe.hear_answer().ends_with("POST /p 3"));
  EXPECT_TRUE(probe.hear_answer().ends_with("GET /q 0"));
  probe.say("\r\nGET /again HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(probe.hear_answer().ends_with("GET /again 0"));
}

TEST_F(HttpServerTest, ThousandPipelinedRequests) {
  serve();
  Probe probe(server_->port());
  std::string all;
  for (int i = 0; i < 1'000; ++i) all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  std::thread sender([&] { probe.say(all); });
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(probe.hear_answer().ends_with("GET /" + std::to_string(i) + " 0"));
  sender.join();
}

TEST_F(HttpServerTest, LargeBodiesInManyPieces) {
  serve({.threads = 2});
  std::string body(16u << 20, 'x');
  for (std::size_t i = 0; i < body.size(); i += 977) body[i] = static_cast<char>('a' + i % 26);
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i)
    clients.emplace_back([&] {
      Probe probe(server_->port());
      for (int round = 0; round < 2; ++round) {
        std::thread sender([&] {
          probe.say("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
          probe.say(body);
        });
        const std::string answer = probe.hear_answer(20'000);
        sender.join();
        EXPECT_TRUE(answer.size() > body.size() && answer.compare(answer.size() - body.size(), body.size(), body) == 0);
      }
    });
  for (auto& client : clients) client.join();
}

TEST_F(HttpServerTest, RefusesWhatIsTooLarge) {
  serve();
  EXPECT_TRUE(ask("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 16777217\r\n\r\n").starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(ask("GET /x HTTP/1.1\r\nHost: x\r\nA: " + std::string(20'000, 'a') + "\r\n\r\n").starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(ask("GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 414 "));
  Probe probe(server_->port());
  probe.say("POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::thread sender([&] {
    const std::string chunk = "100000\r\n" + std::string(1u << 20, 'c') + "\r\n";
    for (int i = 0; i < 18 && probe.say(chunk); ++i) {
    }
  });
  const std::string answer = probe.hear_answer();
  sender.join();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer.substr(0, 200);
  EXPECT_NE(answer.find(R"("code":"request.too_large")"), std::string::npos);
}

TEST_F(HttpServerTest, RefusesGarbageAndSmuggling) {
  serve();
  const std::map<std::string, std::string> cases{
      {"\x16\x03\x01 garbage\r\n\r\n", "400"},
      {"GET /../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"GET /%2e%2e%2fetc HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"GET /a%00 HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"GET /x HTTP/1.1\r\n\r\n", "400"},
      {"GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
      {"GET /x HTTP/2.0\r\nHost: a\r\n\r\n", "400"},
      {"TRACE /x HTTP/1.1\r\nHost: a\r\n\r\n", "405"},
      {"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", "400"},
      {"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\nabc", "400"},
      {"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      {"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\nabc", "400"},
      {"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
      {"POST /x HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 3\r\n\r\nabc", "417"},
      {"POST /x HTTP/1.1\r\nHost: a\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc", "415"},
      {"POST /x HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", "400"},
  };
  for (const auto& [bytes, status] : cases) {
    const std::string answer = ask(bytes);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + status)) << bytes << "\n" << answer;
    EXPECT_NE(answer.find("application/problem+json"), std::string::npos);
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  }
  EXPECT_EQ(server_->counters().bad_requests, cases.size());
}

TEST_F(HttpServerTest, TakesChunksAndGzip) {
  serve();
  EXPECT_TRUE(ask("POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nT: 1\r\n\r\n")
                  .ends_with("\r\n\r\nabcdefg"));
  std::string packed(200, '\0');
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string text = "zipped readings";
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  EXPECT_TRUE(ask("POST /body HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: " + std::to_string(packed.size()) +
                  "\r\n\r\n" + packed)
                  .ends_with("\r\n\r\nzipped readings"));
}

TEST_F(HttpServerTest, ExpectContinueHeadAndNoContent) {
  serve();
  Probe probe(server_->port());
  probe.say("POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(probe.hear_bytes(25), "HTTP/1.1 100 Continue\r\n\r\n");
  probe.say("hello");
  EXPECT_TRUE(probe.hear_answer().ends_with("POST /x 5"));
  probe.say("HEAD /head HTTP/1.1\r\nHost: x\r\n\r\nGET /none HTTP/1.1\r\nHost: x\r\n\r\nGET /z HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string all = probe.hear_all();
  EXPECT_NE(all.find("Content-Length: 11\r\n\r\nHTTP/1.1 204 No Content"), std::string::npos) << all;
  EXPECT_TRUE(all.ends_with("Connection: close\r\n\r\nGET /z 0")) << all;
  EXPECT_TRUE(probe.closed());
}

TEST_F(HttpServerTest, SlowHeadAndSlowBodyAreAnswered408) {
  serve({.header_timeout = Millis{150}, .body_timeout = Millis{150}, .idle_timeout = Millis{300}});
  Probe head(server_->port()), body(server_->port()), silent(server_->port());
  body.say("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nsome");
  for (const char byte : std::string("GET / HTT")) {  // a byte now and then does not buy time
    head.say({&byte, 1});
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }
  EXPECT_TRUE(head.hear_answer().starts_with("HTTP/1.1 408 "));
  EXPECT_TRUE(body.hear_answer().starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(silent.hear_all(), "");
  EXPECT_TRUE(silent.closed());
  EXPECT_EQ(server_->counters().timeouts, 3u);  // the silent one too
  Probe idle(server_->port());
  idle.say("GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(idle.hear_answer().ends_with("GET /x 0"));
  EXPECT_EQ(idle.hear_all(), "");
  EXPECT_TRUE(idle.closed());
  EXPECT_TRUE(soon([&] { return server_->counters().open == 0; }));
}

TEST_F(HttpServerTest, HandlersThatForgetOrThrowBecome500) {
  serve();
  EXPECT_TRUE(ask("GET /forget HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 500 "));
  EXPECT_TRUE(ask("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(ask("GET /split HTTP/1.1\r\nHost: x\r\n\r\n").find("\r\nX-Injected"), std::string::npos);
}

TEST_F(HttpServerTest, ClientsThatLeaveEarlyDoNoHarm) {
  serve({.threads = 2});
  for (int i = 0; i < 20; ++i) {
    Probe later(server_->port()), big(server_->port());
    later.say("GET /later?n=1 HTTP/1.1\r\nHost: x\r\n\r\n");
    big.say("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    big.hear_bytes(1'000);
  }
  EXPECT_TRUE(soon([&] { return server_->counters().open == 0; }));
  EXPECT_TRUE(ask("GET /x HTTP/1.1\r\nHost: x\r\n\r\n").ends_with("GET /x 0"));
}

TEST_F(HttpServerTest, ConnectionsBeyondTheLimitGet503) {
  serve({.connections = 2});
  Probe a(server_->port()), b(server_->port());
  for (Probe* one : {&a, &b}) {
    one->say("GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(one->hear_answer().ends_with("GET /x 0"));
  }
  Probe c(server_->port());
  EXPECT_TRUE(c.hear_all().starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(server_->counters().refused_connections, 1u);
  a.close();
  EXPECT_TRUE(soon([&] { return server_->counters().open == 1; }));
  EXPECT_TRUE(ask("GET /y HTTP/1.1\r\nHost: x\r\n\r\n").ends_with("GET /y 0"));
}

TEST_F(HttpServerTest, StopsWithConnectionsOpenAndAnswersPending) {
  serve({.threads = 2});
  Probe idle(server_->port()), pending(server_->port());
  pending.say("GET /later?n=1 HTTP/1.1\r\nHost: x\r\n\r\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  server_->stop();
  EXPECT_EQ(idle.hear_all(), "");
  server_.reset();  // the late answer of /later finds nobody
}

// ---- WebSocket

std::string masked(int first, std::string_view payload) {
  std::string out(1, static_cast<char>(first));
  if (payload.size() < 126) {
    out.push_back(static_cast<char>(0x80 | payload.size()));
  } else {
    out.push_back(static_cast<char>(0xFF));
    for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(payload.size() >> shift));
  }
  out.append("\1\2\3\4");
  for (std::size_t i = 0; i < payload.size(); ++i) out.push_back(static_cast<char>(payload[i] ^ "\1\2\3\4"[i & 3]));
  return out;
}
std::string frame(ws::Opcode opcode, std::string_view payload) {
  std::string out;
  ws::append_frame(out, opcode, payload);
  return out;
}
const std::string kUpgrade =
    "GET /api/v1/live HTTP/1.1\r\nHost: city.example\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

TEST_F(HttpServerTest, SocketEchoes) {
  serve({.threads = 2});
  Probe probe(server_->port());
  probe.say(kUpgrade + "Origin: https://city.example\r\nSec-WebSocket-Protocol: other, city.v1\r\n\r\n" + masked(0x81, "early"));
  const std::string head = probe.hear_answer();
  EXPECT_TRUE(head.starts_with("HTTP/1.1 101 ")) << head;
  EXPECT_NE(head.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), std::string::npos);
  EXPECT_NE(head.find("Sec-WebSocket-Protocol: city.v1\r\n"), std::string::npos);
  const std::string expected = frame(ws::Opcode::text, "welcome token:t1") + frame(ws::Opcode::text, "early");
  EXPECT_EQ(probe.hear_bytes(expected.size()), expected);
  probe.say(masked(0x89, "beat"));
  EXPECT_EQ(probe.hear_bytes(6), frame(ws::Opcode::pong, "beat"));
  EXPECT_EQ(server_->counters().sockets, 1u);
  probe.say(masked(0x81, "bye"));
  std::string goodbye;
  ws::append_close(goodbye, 4001, "as you wish");
  EXPECT_EQ(probe.hear_bytes(goodbye.size()), goodbye);
  probe.say(masked(0x88, std::string("\x0f\xa1", 2)));
  EXPECT_EQ(probe.hear_all(), "");
  EXPECT_TRUE(probe.closed());
  EXPECT_TRUE(soon([&] { return feed_->closes == 1; }));
  EXPECT_EQ(server_->counters().sockets, 0u);
}

TEST_F(HttpServerTest, SocketFloodIsCoalescedAndWhole) {
  serve();
  Probe probe(server_->port());
  probe.say(kUpgrade + "\r\n" + masked(0x81, "flood 3000"));
  probe.hear_answer();
  const std::string welcome = frame(ws::Opcode::text, "welcome token:t1");
  probe.hear_bytes(welcome.size());
  const std::string one = frame(ws::Opcode::text, std::string(1'000, 'f'));
  const std::string all = probe.hear_bytes(one.size() * 3'000);
  ASSERT_EQ(all.size(), one.size() * 3'000);
  for (std::size_t i = 0; i < all.size(); i += one.size()) ASSERT_EQ(all.compare(i, one.size(), one), 0);
}

TEST_F(HttpServerTest, SlowSocketIsBoundedAndClosed) {
  serve();
  Probe probe(server_->port());
  probe.say(kUpgrade + "\r\n" + masked(0x81, "flood " + std::to_string(3 * limits::kLiveQueueBytes / 1'000)));
  EXPECT_TRUE(soon([&] { return feed_->most_waiting > limits::kLiveQueueBytes; }));
  EXPECT_LE(feed_->most_waiting, 2 * limits::kLiveQueueBytes + 1'000);
  std::string goodbye;
  ws::append_close(goodbye, 4408, "too slow");
  const std::string all = probe.hear([&](const std::string& heard) { return heard.ends_with(goodbye); });
  EXPECT_TRUE(all.ends_with(goodbye));
}

TEST_F(HttpServerTest, SocketsAreRefused) {
  serve();
  const auto answer = [&](std::string head) { return ask(head + "\r\n"); };
  EXPECT_TRUE(answer(kUpgrade + "Origin: https://evil.example\r\n").starts_with("HTTP/1.1 403 "));
  EXPECT_TRUE(answer(kUpgrade + "Authorization: Bearer wrong\r\n").starts_with("HTTP/1.1 401 "));
  EXPECT_TRUE(answer(kUpgrade + "Sec-WebSocket-Protocol: other\r\n").starts_with("HTTP/1.1 400 "));
  std::string old = kUpgrade;
  old.replace(old.find("Version: 13"), 11, "Version: 8");
  EXPECT_TRUE(answer(old).starts_with("HTTP/1.1 426 "));
  std::string other = kUpgrade;
  other.replace(other.find("websocket"), 9, "h2c");
  EXPECT_TRUE(answer(other).starts_with("HTTP/1.1 400 "));
}

TEST_F(HttpServerTest, SocketBreachesAreClosedWithTheirCode) {
  serve();
  const auto code = [&](const std::string& bytes) {
    Probe probe(server_->port());
    probe.say(kUpgrade + "\r\n" + bytes);
    probe.hear_answer();
    const std::string all = probe.hear_all();
    return all.size() < 2 ? 0 : (static_cast<unsigned char>(all[all.size() - 2]) << 8) | static_cast<unsigned char>(all.back());
  };
  EXPECT_EQ(code(masked(0x82, "binary")), 1003);
  EXPECT_EQ(code(masked(0x81, "\xff\xfe")), 1007);
  EXPECT_EQ(code(masked(0x81, std::string(70'000, 'x'))), 1009);
  EXPECT_EQ(code(frame(ws::Opcode::text, "unmasked")), 1002);
}

}  // namespace
}  // namespace cityloop
