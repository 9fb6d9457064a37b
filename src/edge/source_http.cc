// SPDX-License-Identifier: Apache-2.0
// A source that we ask: GET or POST at an interval, page after page, unchanged answers told apart by ETag or Last-Modified.
#include <algorithm>

#include "core/limits.h"
#include "edge/http_client.h"
#include "edge/source_adapter.h"

namespace cityloop {

namespace {

constexpr Millis kTimeout{30'000};

std::string percent_encoded(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                       c == '_' || c == '~';
    if (plain) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
      out.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
    }
  }
  return out;
}

class HttpSource : public SourceAdapter {
 public:
  using SourceAdapter::SourceAdapter;

 private:
  const HttpTransport& how() const { return std::get<HttpTransport>(source_.transport); }

  void run() override {
    while (!stopped()) {
      if (const Result<void> round = ask(); round) connected();
      else if (!stopped()) disconnected(round.error().detail);
      rest(how().interval);
    }
  }

  Result<void> ask() {
    std::string url = how().url;
    ReadingBatch batch;
    for (int page = 0; page < std::max(1, how().pages) && !stopped(); ++page) {
      const HttpAnswer answer = TRY(http_call(call_of(url, page == 0), &stopped()));
      if (answer.status == 304) return {};
      if (answer.status < 200 || answer.status > 299)
        return fail(errors::kNetwork, "the source answers HTTP " + std::to_string(answer.status));
      if (answer.status != 204) decode(batch, "", answer.body);
      if (!deliver(batch)) return fail(errors::kOverloaded, "the city did not take what the source said");
      if (page == 0) {
        etag_ = answer.header("etag");
        modified_ = answer.header("last-modified");
      }
      if (how().next.empty()) break;
      const auto next = city_.next_page(source_, answer.body);
      if (!next || next->empty()) break;
      url = TRY(next_url(*next));
    }
    return {};
  }

  HttpCall call_of(const std::string& url, bool first) {
    HttpCall call;
    call.method = how().method;
    call.url = url;
    call.body = how().body;
    call.timeout = kTimeout;
    call.ca_file = city_.ca_file;
    for (const auto& [name, value] : how().headers) call.headers.emplace_back(name, value);
    if (!how().token_env.empty()) {
      if (const std::string token = city_.environment(how().token_env); !token.empty())
        call.headers.emplace_back("Authorization", "Bearer " + token);
    }
    // With pages, an unchanged first page says nothing about the others.
    if (first && how().next.empty() && !etag_.empty()) call.headers.emplace_back("If-None-Match", etag_);
    if (first && how().next.empty() && !modified_.empty()) call.headers.emplace_back("If-Modified-Since", modified_);
    return call;
  }

  // A cursor becomes a parameter of our own URL; a URL must be of the same place, so that our token stays with it.
  Result<std::string> next_url(const std::string& next) const {
    if (!how().next_parameter.empty()) {
      const char sign = how().url.find('?') == std::string::npos ? '?' : '&';
      return how().url + sign + percent_encoded(how().next_parameter) + "=" + percent_encoded(next);
    }
    const HttpUrl ours = TRY(parse_http_url(how().url));
    const std::string base = (ours.secure ? "https://" : "http://") + ours.authority;
    if (next.starts_with('/') && !next.starts_with("//")) return base + next;
    const HttpUrl theirs = TRY(parse_http_url(next));
    if (theirs.authority != ours.authority || theirs.secure != ours.secure)
      return fail(errors::kBadField, "the next page lies on another host: " + theirs.authority);
    return next;
  }

  std::string etag_, modified_;
};

}  // namespace

std::unique_ptr<SourceAdapter> http_source(SourceSpec source, const SourceCity& city, SourceCounts& counts) {
  return std::make_unique<HttpSource>(std::move(source), city, counts);
}

}  // namespace cityloop
