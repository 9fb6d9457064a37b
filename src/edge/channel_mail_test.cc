// SPDX-License-Identifier: Apache-2.0
// What a mail says, and how it is handed to a mail server that does as it is told.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "core/json.h"
#include "edge/smtp.h"

namespace cityloop {
namespace {

constexpr Millis kEight = std::chrono::hours(8);

Receiver receiver(const std::string& name = "城循") {
  Receiver out;
  out.name = "duty";
  out.channel = Channel::smtp;
  out.target = "duty@city.example";
  out.mail.from = "loop@city.example";
  out.mail.name = name;
  return out;
}
Notice notice(const std::string& title) {
  Notice out;
  out.id = "5001062022082200001:2";
  out.subject = "5001062022082200001";
  out.type = "city.case.dispatched";
  out.created = parse_time("2022-08-22T06:00:00Z").value();
  out.data = json::serialize(json::object{{"no", out.subject}, {"title", title}});
  return out;
}
std::string mail(const std::string& title, const Receiver& to = receiver()) {
  const Notice one = notice(title);
  return mail_message(to, one, notice_text(one, to.language, kEight), kEight);
}
std::string head_of(const std::string& message) { return message.substr(0, message.find("\r\n\r\n") + 2); }
std::string line_of(const std::string& message, const std::string& name) {
  const std::size_t at = ("\r\n" + message).find("\r\n" + name + ": ");
  return at == std::string::npos ? "" : message.substr(at, message.find("\r\n", at) - at);
}

TEST(Mail, HasAStableIdAndAThreadACase) {
  const std::string message = mail("x");
  EXPECT_EQ(line_of(message, "Message-ID"), "Message-ID: <5001062022082200001.2@city.example>");
  EXPECT_EQ(line_of(message, "References"), "References: <5001062022082200001@city.example>");
  EXPECT_EQ(line_of(message, "Date"), "Date: Mon, 22 Aug 2022 14:00:00 +0800");
  EXPECT_EQ(line_of(message, "To"), "To: <duty@city.example>");
  EXPECT_EQ(line_of(message, "From"), "From: =?UTF-8?B?5Z+O5b6q?= <loop@city.example>");
  EXPECT_EQ(mail("x"), message) << "the same notice is the same mail";
}

TEST(Mail, NoTitleBeginsAHeader) {
  for (const char* title : {"a\r\nBcc: x@y.example", "a\nX-Evil: 1\n\nbody", "a\rB: c", "=?UTF-8?B?DQpCY2M6IHg=?=", "\xE2\x80\xA8x"}) {
    const std::string head = head_of(mail(title));
    for (const char c : head) EXPECT_TRUE(c == '\r' || c == '\n' || (c >= 0x20 && c < 0x7f)) << title;
    std::size_t at = 0;
    while ((at = head.find('\n', at)) != std::string::npos) {
      ASSERT_GT(at, 0u);
      EXPECT_EQ(head[at - 1], '\r');
      ++at;
    }
    EXPECT_EQ(head.find("\r\nBcc"), std::string::npos);
    EXPECT_EQ(head.find("\r\nX-Evil"), std::string::npos);
    EXPECT_EQ(line_of(head, "Subject").find("DQpCY2M6"), std::string::npos) << "an encoded word of somebody else's is encoded again";
  }
  EXPECT_EQ(line_of(mail("x", receiver("A\"B <c>")), "From"), "From: =?UTF-8?B?QSJCIDxjPg==?= <loop@city.example>");
}

TEST(Mail, LongSubjectsAreFoldedBetweenCharacters) {
  std::string title;
  for (int i = 0; i < 60; ++i) title += "城";
  const std::string words = encoded_words(title);
  std::size_t from = 0;
  while (from < words.size()) {
    const std::size_t end = std::min(words.find("\r\n ", from), words.size());
    EXPECT_LE(end - from, 75u);
    EXPECT_EQ(words.substr(from, 10), "=?UTF-8?B?");
    EXPECT_EQ((end - from - 12) % 4, 0u);
    from = end + 3;
  }
  EXPECT_EQ(encoded_words("plain"), "plain");
  for (std::size_t at = 0, next; (next = head_of(mail(title)).find("\r\n", at)) != std::string::npos; at = next + 2) EXPECT_LE(next - at, 120u);
}

// ---- a mail server of a few lines ---------------------------------------------------------------------------------

class TinySmtp {
 public:
  explicit TinySmtp(std::string to_rcpt, std::string to_data = "250 taken") : to_rcpt_(std::move(to_rcpt)), to_data_(std::move(to_data)) {
    listening_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    ::bind(listening_, reinterpret_cast<sockaddr*>(&at), size);
    ::listen(listening_, 4);
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~TinySmtp() {
    ::shutdown(listening_, SHUT_RDWR);
    ::close(listening_);
    thread_.join();
  }
  std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }
  std::string heard;  // read once the call has come back

 private:
  void say(int socket, const std::string& text) { (void)!::write(socket, (text + "\r\n").data(), text.size() + 2); }
  void serve() {
    for (int socket; (socket = ::accept(listening_, nullptr, nullptr)) >= 0; ::close(socket)) {
      say(socket, "220 tiny");
      std::string line;
      bool data = false;
      char c = 0;
      while (::read(socket, &c, 1) == 1) {
        line.push_back(c);
        if (!line.ends_with("\r\n")) continue;
        heard += line;
        if (data) {
          if (line == ".\r\n") data = false, say(socket, to_data_);
        } else if (line.starts_with("EHLO")) {
          say(socket, "250 tiny");
        } else if (line.starts_with("RCPT")) {
          say(socket, to_rcpt_);
        } else if (line.starts_with("DATA")) {
          data = true, say(socket, "354 go on");
        } else if (line.starts_with("QUIT")) {
          say(socket, "221 bye");
          break;
        } else {
          say(socket, "250 ok");
        }
        line.clear();
      }
    }
  }
  std::string to_rcpt_, to_data_;
  int listening_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

SmtpCall call_to(const TinySmtp& server) {
  SmtpCall call;
  call.server = receiver().mail;
  call.server.url = server.url();
  call.server.tls_required = false;
  call.to = "duty@city.example";
  call.message = "Subject: x\r\n\r\n.a dot\r\n";
  return call;
}

TEST(Smtp, HandsTheMailOver) {
  TinySmtp server("250 ok");
  const Carried carried = send_mail(call_to(server));
  EXPECT_TRUE(carried.delivered) << carried.detail;
  EXPECT_NE(server.heard.find("MAIL FROM:<loop@city.example>"), std::string::npos) << server.heard;
  EXPECT_NE(server.heard.find("RCPT TO:<duty@city.example>"), std::string::npos) << server.heard;
  EXPECT_NE(server.heard.find("\r\n..a dot\r\n.\r\n"), std::string::npos) << "dots are doubled: " << server.heard;
}

TEST(Smtp, ToldNeverAndToldLater) {
  {
    TinySmtp server("550 no such user");
    const Carried carried = send_mail(call_to(server));
    EXPECT_FALSE(carried.delivered);
    EXPECT_TRUE(carried.final);
    EXPECT_NE(carried.detail.find("550"), std::string::npos) << carried.detail;
  }
  {
    TinySmtp server("450 later");
    const Carried carried = send_mail(call_to(server));
    EXPECT_FALSE(carried.delivered);
    EXPECT_FALSE(carried.final);
  }
  {
    TinySmtp server("250 ok", "451 not now");
    EXPECT_FALSE(send_mail(call_to(server)).delivered) << "only the answer to the data is the mail's";
  }
}

TEST(Smtp, WithoutTlsNothingGoesWhereItIsRequired) {
  TinySmtp server("250 ok");
  SmtpCall call = call_to(server);
  call.server.tls_required = true;
  const Carried carried = send_mail(call);
  EXPECT_FALSE(carried.delivered);
  EXPECT_EQ(server.heard.find("MAIL"), std::string::npos) << server.heard;
}

TEST(Smtp, NobodyThere) {
  SmtpCall call;
  call.server = receiver().mail;
  call.server.url = "smtp://127.0.0.1:1";
  call.to = "duty@city.example";
  const Carried carried = send_mail(call);
  EXPECT_FALSE(carried.delivered);
  EXPECT_FALSE(carried.final);
  EXPECT_NE(carried.detail.find("SMTP"), std::string::npos);
}

}  // namespace
}  // namespace cityloop
