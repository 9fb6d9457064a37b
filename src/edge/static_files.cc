// SPDX-License-Identifier: Apache-2.0
#include "edge/static_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include "edge/http_target.h"

namespace cityloop {

namespace {

constexpr std::size_t kKeptFile = 4u << 20;     // larger files are read from disk each time (the page cache has them)
constexpr std::size_t kKeptBytes = 64u << 20;
constexpr std::size_t kWholeFile = 256u << 20;  // beyond it only ranges are served
constexpr std::size_t kRangeBytes = 16u << 20;  // of one answer

struct Type {
  std::string_view ending, type;
};
constexpr std::array<Type, 26> kTypes{{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".geojson", "application/geo+json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".webp", "image/webp"},
    {".avif", "image/avif"},
    {".gif", "image/gif"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".ttf", "font/ttf"},
    {".wasm", "application/wasm"},
    {".txt", "text/plain; charset=utf-8"},
    {".xml", "application/xml"},
    {".mp3", "audio/mpeg"},
    {".mp4", "video/mp4"},
    {".pbf", "application/x-protobuf"},
    {".mvt", "application/vnd.mapbox-vector-tile"},
}};

std::string_view header_of(const HttpRequest& request, std::string_view name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string_view() : std::string_view(found->second);
}

class OpenFile {
 public:
  explicit OpenFile(const std::string& path) : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) {
    known_ = file_ >= 0 && ::fstat(file_, &state_) == 0 && S_ISREG(state_.st_mode);
  }
  ~OpenFile() {
    if (file_ >= 0) ::close(file_);
  }
  bool is_regular() const { return known_; }
  std::uint64_t size() const { return static_cast<std::uint64_t>(state_.st_size); }
  std::int64_t stamp() const { return static_cast<std::int64_t>(state_.st_mtim.tv_sec) * 1'000'000'000 + state_.st_mtim.tv_nsec; }
  std::optional<std::string> read(std::uint64_t from, std::size_t count) const {
    std::string out(count, '\0');
    std::size_t have = 0;
    while (have < count) {
      const ssize_t got = ::pread(file_, out.data() + have, count - have, static_cast<off_t>(from + have));
      if (got <= 0) return std::nullopt;
      have += static_cast<std::size_t>(got);
    }
    return out;
  }

 private:
  int file_;
  struct stat state_ {};
  bool known_ = false;
};

std::string tag_of(const OpenFile& file) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%llx-%llx", static_cast<unsigned long long>(file.stamp()),
                static_cast<unsigned long long>(file.size()));
  return text.data();
}

bool lists_tag(std::string_view header, std::string_view tag) {  // weak comparison, RFC 9110 §13.1.2
  if (header == "*") return true;
  while (!header.empty()) {
    std::string_view item = header.substr(0, header.find(','));
    header.remove_prefix(std::min(header.size(), item.size() + 1));
    while (item.starts_with(' ')) item.remove_prefix(1);
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item == tag) return true;
  }
  return false;
}

struct Range {
  std::uint64_t from = 0, to = 0;  // inclusive
};
enum class RangeAsk { none, one, unsatisfiable };

RangeAsk range_of(std::string_view header, std::uint64_t size, Range& out) {
  if (!header.starts_with("bytes=") || header.find(',') != std::string_view::npos) return RangeAsk::none;
  header.remove_prefix(6);
  const std::size_t dash = header.find('-');
  if (dash == std::string_view::npos) return RangeAsk::none;
  const auto number = [](std::string_view text, std::uint64_t& value) {
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    return problem == std::errc() && end == text.data() + text.size();
  };
  const std::string_view first = header.substr(0, dash), last = header.substr(dash + 1);
  std::uint64_t from = 0, to = size == 0 ? 0 : size - 1;
  if (first.empty()) {
    std::uint64_t count = 0;
    if (!number(last, count)) return RangeAsk::none;
    if (count == 0 || size == 0) return RangeAsk::unsatisfiable;
    from = count >= size ? 0 : size - count;
  } else {
    if (!number(first, from)) return RangeAsk::none;
    if (!last.empty()) {
      std::uint64_t wanted = 0;
      if (!number(last, wanted) || wanted < from) return RangeAsk::none;
      to = std::min(to, wanted);
    }
    if (from >= size) return RangeAsk::unsatisfiable;
  }
  out = {from, std::min(to, from + kRangeBytes - 1)};
  return RangeAsk::one;
}

}  // namespace

std::string_view content_type_of(std::string_view name) {
  for (const Type& one : kTypes)
    if (name.ends_with(one.ending)) return one.type;
  return "application/octet-stream";
}

std::vector<std::pair<std::string, std::string>> web_pages() {
  std::vector<std::pair<std::string, std::string>> pages{
      {"/screen", "screen.html"}, {"/desk", "desk.html"}, {"/f", "field.html"}, {"/m", "m.html"}};
  for (const char* prefix : {"/login", "/403", "/404", "/status", "/about", "/help"}) pages.emplace_back(prefix, "index.html");
  return pages;
}

StaticFiles::StaticFiles(StaticOptions options, std::string root) : options_(std::move(options)), root_(std::move(root)) {
  std::stable_sort(options_.pages.begin(), options_.pages.end(),
                   [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  if (!options_.mount.ends_with('/')) options_.mount += '/';
}

Result<std::unique_ptr<StaticFiles>> StaticFiles::create(StaticOptions options) {
  std::error_code problem;
  const auto root = std::filesystem::canonical(options.folder, problem);
  if (problem || !std::filesystem::is_directory(root, problem))
    return fail(errors::kNotFound, "there is no folder " + options.folder);
  return std::unique_ptr<StaticFiles>(new StaticFiles(std::move(options), root.string()));
}

std::optional<std::string> StaticFiles::inside(const std::string& relative) const {
  std::error_code problem;
  const auto real = std::filesystem::canonical(root_ + "/" + relative, problem);
  if (problem || !real.string().starts_with(root_ + "/")) return std::nullopt;
  if (!std::filesystem::is_regular_file(real, problem)) return std::nullopt;
  return real.string();
}

std::optional<std::string> StaticFiles::page_of(std::string_view path) const {
  for (const auto& [prefix, page] : options_.pages) {
    if (!path.starts_with(prefix)) continue;
    const std::string_view rest = path.substr(prefix.size());
    if (rest.empty() || rest.front() == '/' || prefix.ends_with('/')) return page;
  }
  return std::nullopt;
}

std::optional<HttpResponse> StaticFiles::serve(const HttpRequest& request) {
  if (!request.path.starts_with(options_.mount)) return std::nullopt;
  std::string relative = request.path.substr(options_.mount.size());
  if (relative.find('\0') != std::string::npos || ("/" + relative + "/").find("/../") != std::string::npos) return std::nullopt;
  if (relative.find("/.") != std::string::npos || relative.starts_with('.')) return std::nullopt;  // hidden files stay hidden
  if (relative.empty()) relative = "index.html";
  std::optional<HttpResponse> response = serve_file(request, relative);
  if (!response) {
    if (const auto page = page_of(request.path)) response = serve_file(request, *page);
  }
  if (response && request.method != "GET") {
    HttpResponse refused;
    refused.status = 405;
    refused.code = errors::kMethodNotAllowed.name;
    refused.headers = {{"Allow", "GET, HEAD"}, {"Content-Type", "application/problem+json"}};
    refused.body = R"({"type":"about:blank","title":"The method is not allowed here","status":405,"code":"request.method_not_allowed"})";
    return refused;
  }
  return response;
}

std::optional<StaticFiles::File> StaticFiles::load(const std::string& file) {
  const OpenFile open(file);
  if (!open.is_regular() || open.size() > kWholeFile) return std::nullopt;
  {
    const std::lock_guard lock(mutex_);
    const auto found = kept_.find(file);
    if (found != kept_.end() && found->second.stamp == open.stamp() && found->second.size == open.size()) return found->second;
  }
  auto bytes = open.read(0, static_cast<std::size_t>(open.size()));
  if (!bytes) return std::nullopt;
  File out{std::make_shared<const std::string>(std::move(*bytes)), tag_of(open), open.stamp(), open.size()};
  if (out.size > kKeptFile) return out;
  const std::lock_guard lock(mutex_);
  if (kept_bytes_ + out.size > kKeptBytes) {
    kept_.clear();
    kept_bytes_ = 0;
  }
  File& slot = kept_[file];
  kept_bytes_ -= slot.size;
  slot = out;
  kept_bytes_ += out.size;
  return out;
}

std::optional<HttpResponse> StaticFiles::serve_file(const HttpRequest& request, const std::string& relative) {
  const auto plain = inside(relative);
  if (!plain) return std::nullopt;
  HttpResponse response;
  response.headers.emplace_back("Content-Type", content_type_of(relative));
  const bool hashed = ("/" + relative).starts_with(options_.immutable);
  response.headers.emplace_back("Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache");

  if (!header_of(request, "range").empty()) {
    if (auto ranged = serve_range(request, *plain, response)) return ranged;
  }
  std::string file = *plain;
  const std::string_view accepted = header_of(request, "accept-encoding");
  for (const auto& [coding, ending] : {std::pair{"br", ".br"}, std::pair{"gzip", ".gz"}}) {
    const auto packed = inside(relative + ending);
    if (!packed) continue;
    if (response.headers.back().first != "Vary") response.headers.emplace_back("Vary", "Accept-Encoding");
    const std::string_view best = accepted_coding(accepted);
    const bool wanted = best == coding || (best == "br" && std::string_view(coding) == "gzip" && lists_token(accepted, "gzip"));
    if (!wanted || file != *plain) continue;
    file = *packed;
    response.headers.insert(response.headers.begin(), {"Content-Encoding", coding});
  }
  const auto loaded = load(file);
  if (!loaded) return std::nullopt;
  const std::string tag = '"' + loaded->tag + '"';
  response.headers.emplace_back("ETag", tag);
  if (lists_tag(header_of(request, "if-none-match"), tag)) {
    response.status = 304;
    return response;
  }
  response.shared_body = loaded->bytes;
  return response;
}

std::optional<HttpResponse> StaticFiles::serve_range(const HttpRequest& request, const std::string& file, HttpResponse head) {
  const OpenFile open(file);
  if (!open.is_regular()) return std::nullopt;
  const std::string tag = '"' + tag_of(open) + '"';
  const std::string_view condition = header_of(request, "if-range");
  if (!condition.empty() && condition != tag) return std::nullopt;
  Range range;
  const RangeAsk ask = range_of(header_of(request, "range"), open.size(), range);
  if (ask == RangeAsk::none) return std::nullopt;
  const std::string total = std::to_string(open.size());
  if (ask == RangeAsk::unsatisfiable) {
    head.status = 416;
    head.code = errors::kBadRange.name;
    head.headers.emplace_back("Content-Range", "bytes */" + total);
    return head;
  }
  auto bytes = open.read(range.from, static_cast<std::size_t>(range.to - range.from + 1));
  if (!bytes) return std::nullopt;
  head.status = 206;
  head.headers.emplace_back("ETag", tag);
  head.headers.emplace_back("Content-Range", "bytes " + std::to_string(range.from) + "-" + std::to_string(range.to) + "/" + total);
  head.body = std::move(*bytes);
  return head;
}

}  // namespace cityloop
