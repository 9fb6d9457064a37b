// SPDX-License-Identifier: Apache-2.0
// Hands one mail to a mail server, over libcurl: smtps, or smtp with STARTTLS, with or without sign-in. Blocking, for workers.
#pragma once

#include <atomic>
#include <string>

#include "edge/channel.h"

namespace cityloop {

struct SmtpCall {
  MailServer server;
  std::string password;
  std::string to;          // mailbox
  std::string message;     // with CRLF
  std::string ca_file;
  Millis timeout{20'000};  // of everything
};

// Delivered: the server has taken it (250 after the data). Final: it will never take this mailbox or sender (550, 551, 553, 554).
Carried send_mail(const SmtpCall& call, const std::atomic<bool>* cancel = nullptr);

}  // namespace cityloop
