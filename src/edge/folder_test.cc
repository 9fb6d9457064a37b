// SPDX-License-Identifier: Apache-2.0
#include "edge/folder.h"

#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "edge/control_socket.h"
#include "edge/scratch_test.h"

namespace cityloop {
namespace {

namespace fs = std::filesystem;

constexpr FolderVersion kOurs{"0.2.0", 2, 2};

unsigned mode_of(const std::string& path) {
  struct stat about {};
  EXPECT_EQ(::stat(path.c_str(), &about), 0) << path;
  return about.st_mode & 0777;
}

TEST(DataFolder, IsMadeForItsOwnerOnlyAndKeepsItsKeys) {
  const Scratch scratch;
  FolderKeys keys;
  {
    auto folder = DataFolder::open(scratch / "a/b/city", kOurs).value();
    keys = folder->keys();
    EXPECT_EQ(keys.audit.size(), 32u);
    EXPECT_NE(keys.audit, keys.personal);
    EXPECT_FALSE(folder->found().has_value());
    EXPECT_EQ(mode_of(folder->path()), 0700u);
    EXPECT_EQ(mode_of(folder->path() + "/secrets.json"), 0600u);
    EXPECT_EQ(mode_of(folder->log()), 0700u);
    ASSERT_TRUE(folder->stamp().has_value());
  }
  auto folder = DataFolder::open(scratch / "a/b/city/", kOurs).value();
  EXPECT_EQ(folder->keys().audit, keys.audit);
  EXPECT_EQ(folder->keys().personal, keys.personal);
  EXPECT_EQ(folder->found()->program, "0.2.0");
  EXPECT_EQ(folder->found()->step, 2u);
}

TEST(DataFolder, IsHeldByOne) {
  const Scratch scratch;
  auto folder = DataFolder::open(scratch / "city", kOurs).value();
  const auto second = DataFolder::open(scratch / "city", kOurs);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, &errors::kHeld);
  EXPECT_NE(second.error().detail.find(std::to_string(getpid())), std::string::npos);
  folder.reset();
  EXPECT_TRUE(DataFolder::open(scratch / "city", kOurs).has_value());
}

TEST(DataFolder, RefusesNewerDataForeignFoldersAndLostKeys) {
  const Scratch scratch;
  ASSERT_TRUE(DataFolder::open(scratch / "city", {"0.3.0", 3, 2}).value()->stamp().has_value());
  const auto newer = DataFolder::open(scratch / "city", kOurs);
  EXPECT_EQ(newer.error().code, &errors::kNewerData);
  EXPECT_NE(newer.error().detail.find("0.3.0"), std::string::npos);

  fs::create_directory(scratch / "home");
  spill(scratch / "home/thesis.txt", "x");
  EXPECT_EQ(DataFolder::open(scratch / "home", kOurs).error().code, &errors::kUsage);
  EXPECT_FALSE(fs::exists(scratch / "home/lock"));

  spill(scratch / "city/VERSION", "{");
  EXPECT_EQ(DataFolder::open(scratch / "city", kOurs).error().code, &errors::kCorrupt);
  fs::remove(scratch / "city/VERSION");
  spill(scratch / "city/secrets.json", R"({"audit_key":"00"})");
  EXPECT_EQ(DataFolder::open(scratch / "city", kOurs).error().code, &errors::kCorrupt);
  fs::remove(scratch / "city/secrets.json");
  spill(scratch / "city/journal.db", "x");
  EXPECT_EQ(DataFolder::open(scratch / "city", kOurs).error().code, &errors::kCorrupt);
}

TEST(ControlSocket, AnswersTheOwner) {
  const Scratch scratch;
  const std::string deep = scratch / std::string(120, 'd');  // longer than a socket's address
  fs::create_directory(deep);
  const std::string path = deep + "/control.sock";
  EXPECT_EQ(ask_control(path, "{}", Millis{1000}).error().code, &errors::kNetwork);
  {
    auto server = ControlServer::create(path, [](const std::string& request) { return "heard " + request; }).value();
    EXPECT_EQ(mode_of(path), 0600u);
    EXPECT_EQ(ask_control(path, R"({"command":"status"})", Millis{5000}).value(), R"(heard {"command":"status"})");
    const std::string large(900'000, 'x');
    EXPECT_EQ(ask_control(path, large, Millis{5000}).value().size(), large.size() + 6);
    std::atomic<int> heard = 0;
    std::vector<std::thread> many;
    for (int i = 0; i < 8; ++i) many.emplace_back([&] { heard += ask_control(path, "x", Millis{5000}).has_value() ? 1 : 0; });
    for (std::thread& each : many) each.join();
    EXPECT_EQ(heard, 8);
  }
  EXPECT_FALSE(fs::exists(path));
  spill(path, "left behind");
  auto again = ControlServer::create(path, [](const std::string&) { return std::string(); }).value();
  EXPECT_EQ(ask_control(path, "x", Millis{5000}).value(), "");
}

}  // namespace
}  // namespace cityloop
