// SPDX-License-Identifier: Apache-2.0
// Serves a folder: the built web pages, and the maps under /geo. Types, pre-compressed siblings (.br, .gz), ETags, ranges,
// caching rules, and pages of single-page apps by prefix. Nothing outside the folder is ever read, whatever the path or a link
// in the folder says. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/result.h"
#include "serve/http.h"

namespace cityloop {

struct StaticOptions {
  std::string folder;
  std::string mount = "/";            // the path that the folder stands for
  // Longest prefix first wins: a path without a file of its own below the prefix gets the page. `/desk` covers /desk and /desk/….
  std::vector<std::pair<std::string, std::string>> pages{};
  std::string immutable = "/assets/"; // hashed names: cached for ever
};
// screen.html, desk.html, field.html, m.html, and index.html for /, /login, /403, /404, /status, /about, /help.
std::vector<std::pair<std::string, std::string>> web_pages();

class StaticFiles {
 public:
  // kNotFound when the folder does not exist.
  static Result<std::unique_ptr<StaticFiles>> create(StaticOptions options);

  // Nothing when the path is not below the mount or there is no such file; 405 for methods but GET.
  std::optional<HttpResponse> serve(const HttpRequest& request);

 private:
  struct File {                       // as it was read
    std::shared_ptr<const std::string> bytes;
    std::string tag;
    std::int64_t stamp = 0;           // modification, ns
    std::uint64_t size = 0;
  };
  explicit StaticFiles(StaticOptions options, std::string root);
  std::optional<std::string> inside(const std::string& relative) const;  // the real file
  std::optional<std::string> page_of(std::string_view path) const;
  std::optional<HttpResponse> serve_file(const HttpRequest& request, const std::string& relative);
  std::optional<File> load(const std::string& file);
  std::optional<HttpResponse> serve_range(const HttpRequest& request, const std::string& file, HttpResponse head);

  StaticOptions options_;
  std::string root_;                  // canonical
  std::mutex mutex_;
  std::unordered_map<std::string, File> kept_;  // by real file
  std::size_t kept_bytes_ = 0;
};

// `text/javascript; charset=utf-8` for `.mjs`, application/octet-stream where the ending says nothing.
std::string_view content_type_of(std::string_view name);

}  // namespace cityloop
