// SPDX-License-Identifier: Apache-2.0
#include "core/tally.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <thread>

#include "core/errors.h"

namespace cityloop {
namespace {

TEST(Tally, counts_by_code_from_any_thread_and_what_it_does_not_know_as_other) {
  Tally tally(problem_codes());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) tally.add(errors::kNotFound.name);
    });
  for (std::thread& thread : threads) thread.join();
  tally.add(errors::kFuture.name, 7);
  tally.add("");
  tally.add("no.such.code");
  std::map<std::string, std::uint64_t> counts;
  for (auto& [code, times] : tally.read()) counts[code] = times;
  EXPECT_EQ(counts.size(), all_codes().size() + 1);
  EXPECT_EQ(counts["not_found"], 4000u);
  EXPECT_EQ(counts["reading.in_future"], 7u);
  EXPECT_EQ(counts["other"], 2u);
  EXPECT_EQ(counts["internal"], 0u);
}

// A code that is declared but not listed would be counted as `other` and missing from the documents.
TEST(Tally, every_code_that_is_declared_is_listed_once) {
  std::ifstream file(std::string(CITYLOOP_SOURCE_DIR) + "/src/core/errors.h");
  std::vector<std::string> declared;
  for (std::string line; std::getline(file, line);) {
    const std::size_t open = line.find("{\"");
    if (line.starts_with("inline constexpr Code ") && open != std::string::npos) declared.push_back(line.substr(open + 2, line.find('"', open + 2) - open - 2));
  }
  std::vector<std::string> listed = problem_codes();
  std::sort(declared.begin(), declared.end());
  std::sort(listed.begin(), listed.end());
  EXPECT_GT(declared.size(), 50u);
  EXPECT_EQ(declared, listed);
}

}  // namespace
}  // namespace cityloop
