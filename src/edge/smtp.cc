// SPDX-License-Identifier: Apache-2.0
#include "edge/smtp.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <mutex>

namespace cityloop {
namespace {

struct Rest {
  std::string_view left;
  const std::atomic<bool>* cancel;
};

std::size_t give(char* to, std::size_t size, std::size_t count, void* user) {
  auto& rest = *static_cast<Rest*>(user);
  const std::size_t some = std::min(size * count, rest.left.size());
  std::memcpy(to, rest.left.data(), some);
  rest.left.remove_prefix(some);
  return some;
}

int go_on(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto& rest = *static_cast<const Rest*>(user);
  return rest.cancel != nullptr && *rest.cancel ? 1 : 0;
}

std::size_t swallow(char*, std::size_t size, std::size_t count, void*) { return size * count; }

struct EasyEnd {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListEnd {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

bool never_takes_it(CURLcode code, long reply) {
  return code != CURLE_LOGIN_DENIED && (reply == 550 || reply == 551 || reply == 553 || reply == 554);
}

}  // namespace

Carried send_mail(const SmtpCall& call, const std::atomic<bool>* cancel) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const std::unique_ptr<CURL, EasyEnd> easy(curl_easy_init());
  CHECK(easy != nullptr);
  std::array<char, CURL_ERROR_SIZE> problem{};
  Rest rest{call.message, cancel};
  const std::string from = "<" + call.server.from + ">", to = "<" + call.to + ">";
  const std::unique_ptr<curl_slist, ListEnd> recipients(curl_slist_append(nullptr, to.c_str()));
  CURL* const one = easy.get();
  curl_easy_setopt(one, CURLOPT_ERRORBUFFER, problem.data());
  curl_easy_setopt(one, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(one, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(one, CURLOPT_PROXY, "");  // none from the environment
  curl_easy_setopt(one, CURLOPT_URL, call.server.url.c_str());
  curl_easy_setopt(one, CURLOPT_USE_SSL, static_cast<long>(call.server.tls_required ? CURLUSESSL_ALL : CURLUSESSL_TRY));
  curl_easy_setopt(one, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!call.ca_file.empty()) curl_easy_setopt(one, CURLOPT_CAINFO, call.ca_file.c_str());
  if (!call.server.user.empty()) {
    curl_easy_setopt(one, CURLOPT_USERNAME, call.server.user.c_str());
    curl_easy_setopt(one, CURLOPT_PASSWORD, call.password.c_str());
  }
  curl_easy_setopt(one, CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(one, CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(one, CURLOPT_READFUNCTION, give);
  curl_easy_setopt(one, CURLOPT_READDATA, &rest);
  curl_easy_setopt(one, CURLOPT_WRITEFUNCTION, swallow);
  curl_easy_setopt(one, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(one, CURLOPT_XFERINFOFUNCTION, go_on);
  curl_easy_setopt(one, CURLOPT_XFERINFODATA, &rest);
  curl_easy_setopt(one, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(one, CURLOPT_TIMEOUT_MS, static_cast<long>(call.timeout.count()));
  const CURLcode code = curl_easy_perform(one);
  long reply = 0;
  curl_easy_getinfo(one, CURLINFO_RESPONSE_CODE, &reply);
  Carried out;
  out.delivered = code == CURLE_OK;
  out.final = !out.delivered && never_takes_it(code, reply);
  if (out.delivered) out.detail = "SMTP 250";
  else out.detail = "SMTP" + (reply > 0 ? " " + std::to_string(reply) : std::string()) + ": " + (problem[0] != '\0' ? problem.data() : curl_easy_strerror(code));
  return out;
}

}  // namespace cityloop
