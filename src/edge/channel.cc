// SPDX-License-Identifier: Apache-2.0
// What every channel shares, and the webhook.
#include "edge/channel.h"

#include <openssl/evp.h>

#include <array>
#include <charconv>

#include "edge/outbox.h"

namespace cityloop {
namespace {

// `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that RFC 9110 lets anybody write.
std::optional<Time> http_date(std::string_view text) {
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const std::size_t month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  const std::string number = std::to_string(month / 3 + 1);
  const std::string iso = std::string(text.substr(12, 4)) + "-" + (number.size() < 2 ? "0" : "") + number + "-" +
                          std::string(text.substr(5, 2)) + "T" + std::string(text.substr(17, 8)) + "Z";
  const auto at = parse_time(iso);
  return at ? std::optional<Time>(*at) : std::nullopt;
}

}  // namespace

Millis retry_after_of(std::string_view header, Time now) {
  std::int64_t seconds = 0;
  const auto [end, problem] = std::from_chars(header.data(), header.data() + header.size(), seconds);
  if (problem == std::errc() && end == header.data() + header.size() && seconds >= 0)
    return std::chrono::seconds(std::min<std::int64_t>(seconds, 86'400));
  const auto date = http_date(header);
  return date && *date > now ? *date - now : Millis{0};
}

Carried judge_http(const HttpAnswer& answer, Time now) {
  Carried out;
  out.delivered = answer.status >= 200 && answer.status < 300;
  out.final = answer.status == 410;
  out.detail = "HTTP " + std::to_string(answer.status);
  if (!out.delivered) out.retry_after = retry_after_of(answer.header("retry-after"), now);
  return out;
}

HttpCall webhook_call(const OpenReceiver& to, const Notice& notice, std::string_view source) {
  HttpCall call;
  call.method = "POST";
  call.url = to.how.target;
  call.body = cloud_event(notice, source);
  call.headers = {{"Content-Type", "application/cloudevents+json; charset=utf-8"}, {"X-City-Notice", percent_encoded(notice.id)}};
  if (!to.secret.empty()) call.headers.emplace_back("X-City-Signature", signature_of(to.secret, call.body));
  return call;
}

std::string percent_encoded(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return out;
}

std::string base64_of(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

}  // namespace cityloop
