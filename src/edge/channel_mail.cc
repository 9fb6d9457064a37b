// SPDX-License-Identifier: Apache-2.0
// The text of a mail. Everything from outside goes in encoded, so no line break of a title can begin a header.
#include <algorithm>

#include "edge/channel.h"

namespace cityloop {
namespace {

constexpr std::size_t kWordBytes = 45;  // 60 base64 letters and the frame stay under RFC 2047's 75
constexpr std::size_t kLine = 76;

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f; }) &&
         text.find("=?") == text.npos && text.size() <= 60;
}

// A name that stands before an address: its signs have a meaning there.
bool is_phrase(std::string_view text) {
  return is_plain(text) && text.find_first_of("()<>[]:;@\\,.\"") == text.npos;
}

// What a message id may hold (RFC 5322 dot-atom).
std::string id_word(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    out.push_back(plain ? c : '.');
  }
  return out;
}

std::string mail_date(Time at, Millis utc_offset) {
  static constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(at + utc_offset);
  const std::chrono::year_month_day date(day);
  const std::string iso = format_time(at + utc_offset);
  const long minutes = static_cast<long>(utc_offset / std::chrono::minutes(1));
  const auto two = [](long number) { return std::string(number < 10 ? "0" : "") + std::to_string(number); };
  const std::string zone = (minutes < 0 ? "-" : "+") + two(std::abs(minutes) / 60) + two(std::abs(minutes) % 60);
  return std::string(kDays[std::chrono::weekday(day).c_encoding()]) + ", " + iso.substr(8, 2) + " " +
         std::string(kMonths[static_cast<unsigned>(date.month()) - 1]) + " " + iso.substr(0, 4) + " " + iso.substr(11, 8) + " " + zone;
}

}  // namespace

std::string encoded_words(std::string_view utf8) {
  if (is_plain(utf8)) return std::string(utf8);
  std::string out;
  while (!utf8.empty()) {
    std::size_t size = std::min(kWordBytes, utf8.size());
    while (size > 1 && size < utf8.size() && (static_cast<unsigned char>(utf8[size]) & 0xC0) == 0x80) --size;
    if (!out.empty()) out += "\r\n ";  // folded between words; a reader joins them without the blank
    out += "=?UTF-8?B?" + base64_of(utf8.substr(0, size)) + "?=";
    utf8.remove_prefix(size);
  }
  return out;
}

std::string mail_message(const Receiver& to, const Notice& notice, const NoticeText& text, Millis utc_offset) {
  const std::string domain = to.mail.from.substr(to.mail.from.find('@') + 1);
  std::string from = "<" + to.mail.from + ">";
  if (!to.mail.name.empty()) {
    const std::string name = is_phrase(to.mail.name) ? to.mail.name
                             : is_plain(to.mail.name) ? "=?UTF-8?B?" + base64_of(to.mail.name) + "?="
                                                      : encoded_words(to.mail.name);
    from = name + " " + from;
  }
  std::string out = "Date: " + mail_date(notice.created, utc_offset) + "\r\nFrom: " + from + "\r\nTo: <" + to.target + ">\r\n";
  out += "Subject: " + encoded_words(text.title) + "\r\n";
  out += "Message-ID: <" + id_word(notice.id) + "@" + domain + ">\r\n";
  out += "References: <" + id_word(notice.subject) + "@" + domain + ">\r\n";
  out += "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n";
  out += "Content-Transfer-Encoding: base64\r\n\r\n";
  const std::string body = base64_of(plain_text(text, to.language));
  for (std::size_t at = 0; at < body.size(); at += kLine) out += body.substr(at, kLine) + "\r\n";
  return out;
}

}  // namespace cityloop
