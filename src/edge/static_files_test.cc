// SPDX-License-Identifier: Apache-2.0
#include "edge/static_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "edge/scratch_test.h"

namespace cityloop {
namespace {

namespace fs = std::filesystem;

class StaticFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    write("web/index.html", "<index>");
    write("web/desk.html", "<desk>");
    write("web/screen.html", "<screen>");
    write("web/assets/app-1a2b.mjs", "export {}");
    write("web/assets/app-1a2b.mjs.br", "BR");
    write("web/assets/app-1a2b.mjs.gz", "GZ");
    write("web/only.css.gz", "GZ");
    write("web/data.pmtiles", "0123456789");
    write("web/.secret", "no");
    write("outside.txt", "secret");
    fs::create_symlink(path("outside.txt"), path("web/link.txt"));
    fs::create_symlink(path("web/desk.html"), path("web/inner.html"));
    fs::create_directory_symlink(path("."), path("web/up"));
    files_ = StaticFiles::create({.folder = path("web"), .pages = web_pages()}).value();
  }
  std::string path(const std::string& name) const { return (fs::path(scratch_.path()) / name).string(); }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories(fs::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary) << text;
  }
  std::optional<HttpResponse> get(const std::string& target, std::map<std::string, std::string, std::less<>> headers = {}) {
    HttpRequest request;
    request.method = "GET";
    request.path = target;
    request.headers = std::move(headers);
    return files_->serve(request);
  }
  static std::string header(const HttpResponse& response, std::string_view name) {
    for (const auto& [key, value] : response.headers)
      if (key == name) return value;
    return "";
  }
  static std::string body(const std::optional<HttpResponse>& response) {
    return !response ? "(none)" : response->shared_body ? *response->shared_body : response->body;
  }

  Scratch scratch_;
  std::unique_ptr<StaticFiles> files_;
};

TEST_F(StaticFilesTest, ServesFilesAndPages) {
  EXPECT_EQ(body(get("/")), "<index>");
  EXPECT_EQ(body(get("/login")), "<index>");
  EXPECT_EQ(body(get("/desk")), "<desk>");
  EXPECT_EQ(body(get("/desk/cases/5001062022082200001")), "<desk>");
  EXPECT_EQ(body(get("/screen/overview")), "<screen>");
  EXPECT_EQ(body(get("/deskx")), "(none)");
  EXPECT_EQ(body(get("/nothing.js")), "(none)");
  EXPECT_EQ(body(get("/inner.html")), "<desk>");
  EXPECT_EQ(header(*get("/"), "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(header(*get("/"), "Cache-Control"), "no-cache");
  EXPECT_EQ(header(*get("/assets/app-1a2b.mjs"), "Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(header(*get("/assets/app-1a2b.mjs"), "Cache-Control"), "public, max-age=31536000, immutable");
}

TEST_F(StaticFilesTest, NothingOutsideIsServed) {
  for (const char* bad : {"/../outside.txt", "/link.txt", "/up/outside.txt", "/up", "/assets", "/assets/", "/.secret", "/assets/../../outside.txt"})
    EXPECT_EQ(body(get(bad)), "(none)") << bad;
  EXPECT_EQ(body(get(std::string("/index.html\0.js", 15))), "(none)");
}

TEST_F(StaticFilesTest, ChoosesTheCompressedSibling) {
  const auto best = get("/assets/app-1a2b.mjs", {{"accept-encoding", "gzip, br"}});
  EXPECT_EQ(body(best), "BR");
  EXPECT_EQ(header(*best, "Content-Encoding"), "br");
  EXPECT_EQ(header(*best, "Vary"), "Accept-Encoding");
  EXPECT_EQ(header(*best, "Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(body(get("/assets/app-1a2b.mjs", {{"accept-encoding", "gzip"}})), "GZ");
  EXPECT_EQ(body(get("/assets/app-1a2b.mjs")), "export {}");
  EXPECT_NE(header(*best, "ETag"), header(*get("/assets/app-1a2b.mjs"), "ETag"));
}

TEST_F(StaticFilesTest, TellsUnchangedAndChanged) {
  const std::string tag = header(*get("/desk.html"), "ETag");
  EXPECT_EQ(get("/desk.html", {{"if-none-match", "\"x\", W/" + tag}})->status, 304);
  write("web/desk.html", "<desk two>");
  const auto fresh = get("/desk.html", {{"if-none-match", tag}});
  EXPECT_EQ(fresh->status, 200);
  EXPECT_EQ(body(fresh), "<desk two>");
}

TEST_F(StaticFilesTest, Ranges) {
  const auto part = get("/data.pmtiles", {{"range", "bytes=2-4"}});
  EXPECT_EQ(part->status, 206);
  EXPECT_EQ(body(part), "234");
  EXPECT_EQ(header(*part, "Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(body(get("/data.pmtiles", {{"range", "bytes=-3"}})), "789");
  EXPECT_EQ(body(get("/data.pmtiles", {{"range", "bytes=7-"}})), "789");
  EXPECT_EQ(body(get("/data.pmtiles", {{"range", "bytes=7-99"}})), "789");
  EXPECT_EQ(get("/data.pmtiles", {{"range", "bytes=10-"}})->status, 416);
  EXPECT_EQ(get("/data.pmtiles", {{"range", "bytes=5-2"}})->status, 200);
  EXPECT_EQ(get("/data.pmtiles", {{"range", "bytes=0-1"}, {"if-range", "\"old\""}})->status, 200);
}

TEST_F(StaticFilesTest, OtherMethodsAndMounts) {
  HttpRequest post;
  post.method = "POST";
  post.path = "/index.html";
  EXPECT_EQ(files_->serve(post)->status, 405);
  auto geo = StaticFiles::create({.folder = path("web"), .mount = "/geo"}).value();
  HttpRequest request;
  request.method = "GET";
  request.path = "/geo/data.pmtiles";
  EXPECT_EQ(body(geo->serve(request)), "0123456789");
  request.path = "/data.pmtiles";
  EXPECT_FALSE(geo->serve(request).has_value());
  EXPECT_EQ(StaticFiles::create({.folder = path("none")}).error().code, &errors::kNotFound);
}

}  // namespace
}  // namespace cityloop
