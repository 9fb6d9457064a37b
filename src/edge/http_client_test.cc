// SPDX-License-Identifier: Apache-2.0
// The client against our own server, plain and TLS, and against servers that misbehave.
#include "edge/http_client.h"

#include <gtest/gtest.h>

#include <thread>

#include "edge/certificate_test.h"
#include "edge/http_server.h"
#include "edge/net.h"
#include "edge/scratch_test.h"

namespace cityloop {
namespace {

std::unique_ptr<HttpServer> echo_server(HttpServerOptions options = {}) {
  options.port = 0;
  return HttpServer::create(
             std::move(options),
             [](HttpRequest request, Respond respond) {
               HttpResponse response;
               response.headers.emplace_back("X-Token", request.headers["authorization"]);
               response.body = request.method + " " + request.path + " " + request.body + (request.secure ? " secure" : "");
               if (request.path == "/big") response.body.assign(100'000, 'b');
               if (request.path == "/late") std::this_thread::sleep_for(Millis{400});
               respond(std::move(response));
             },
             std::shared_ptr<SocketFeed>(), {})
      .value();
}
std::string at(const HttpServer& server, const std::string& path, const std::string& scheme = "http") {
  return scheme + "://127.0.0.1:" + std::to_string(server.port()) + path;
}

TEST(HttpUrl, ParsesAndRefuses) {
  const HttpUrl url = parse_http_url("https://[::1]:8443?x=1#y").value();
  EXPECT_TRUE(url.secure);
  EXPECT_EQ(url.host, "::1");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.target, "/?x=1");
  EXPECT_EQ(url.authority, "[::1]:8443");
  EXPECT_EQ(parse_http_url("http://host").value().port, 80);
  for (const char* bad : {"", "ftp://x", "http://", "http://u:p@host/", "http://host:0/", "http://host:99999/", "http://host:x/",
                          "http://host/a b", "http://host/\r\nX: y", "http://[::1/", "file:///etc/passwd"})
    EXPECT_FALSE(parse_http_url(bad).has_value()) << bad;
}

TEST(HttpClient, AsksOurServer) {
  auto server = echo_server();
  const HttpAnswer answer =
      http_call({.method = "POST", .url = at(*server, "/x?y=1"), .headers = {{"Authorization", "Bearer t"}}, .body = "hello"}).value();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "POST /x hello");
  EXPECT_EQ(answer.header("x-token"), "Bearer t");
  EXPECT_EQ(http_call({.url = at(*server, "/big"), .most = 1'000}).error().code, &errors::kTooLarge);
  EXPECT_EQ(http_call({.url = at(*server, "/late"), .timeout = Millis{100}}).error().code, &errors::kTimeout);
  EXPECT_EQ(http_call({.url = at(*server, "/"), .headers = {{"A", "b\r\nC: d"}}}).error().code, &errors::kBadField);
  const std::atomic<bool> cancelled{true};
  EXPECT_EQ(http_call({.url = at(*server, "/late")}, &cancelled).error().code, &errors::kTimeout);
  const std::string gone = at(*server, "/");
  server->stop();
  EXPECT_EQ(http_call({.url = gone}).error().code, &errors::kNetwork);
}

TEST(HttpClient, VerifiesTls) {
  Scratch scratch;
  const std::string certificate = scratch.path() + "/c.pem", key = scratch.path() + "/k.pem";
  ASSERT_TRUE(write_test_certificate(certificate, key));
  auto server = echo_server({.certificate = certificate, .key = key});
  const HttpAnswer answer = http_call({.url = at(*server, "/x", "https"), .ca_file = certificate}).value();
  EXPECT_EQ(answer.body, "GET /x  secure");
  EXPECT_NE(answer.header("strict-transport-security"), "");
  EXPECT_EQ(http_call({.url = at(*server, "/big", "https"), .ca_file = certificate}).value().body.size(), 100'000u);
  EXPECT_EQ(http_call({.url = at(*server, "/x", "https")}).error().code, &errors::kNetwork);  // nobody we trust signed it
  EXPECT_EQ(http_call({.url = at(*server, "/x"), .timeout = Millis{500}}).has_value(), false);  // plain to a TLS port
  std::string body(3u << 20, 'x');
  EXPECT_EQ(http_call({.method = "POST", .url = at(*server, "/p", "https"), .body = body, .ca_file = certificate}).value().body.size(),
            body.size() + 15);
  EXPECT_FALSE(HttpServer::create({.port = 0, .certificate = certificate}, {}, std::shared_ptr<SocketFeed>(), {}).has_value());
}

TEST(HttpClient, BadServers) {
  // Says one fixed thing to whoever connects, then closes.
  const auto against = [](std::string text) {
    net::Loop loop;
    auto listener = net::Listener::create(loop, "127.0.0.1", 0, [text](int socket, const std::string&) {
                      (void)!::write(socket, text.data(), text.size());
                      ::shutdown(socket, SHUT_WR);
                      std::this_thread::sleep_for(Millis{20});
                      ::close(socket);
                    }).value();
    listener->start();
    loop.start("bad");
    auto answer = http_call({.url = "http://127.0.0.1:" + std::to_string(listener->port()) + "/", .timeout = Millis{2'000}});
    loop.post([&] { listener->close(); });
    loop.join();
    return answer;
  };
  EXPECT_EQ(against("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab").error().code, &errors::kNetwork);
  EXPECT_EQ(against("nonsense\r\n\r\n").error().code, &errors::kNetwork);
  EXPECT_EQ(against("").error().code, &errors::kNetwork);
  EXPECT_EQ(against("HTTP/1.1 200 OK\r\n\r\nuntil the end").value().body, "until the end");
  EXPECT_EQ(against("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx").value().status, 201);
  EXPECT_EQ(against("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n").value().body, "abc");
}

}  // namespace
}  // namespace cityloop
