// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "analyse/analyse.h"
#include "analyse/examples.h"
#include "app/commands.h"

namespace cityloop {

namespace {

std::string file_text(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

Result<std::map<std::string, std::string>> read_packs(const std::string& folder) {
  std::map<std::string, std::string> texts;
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator(folder, problem))
    if (entry.path().extension() == ".jsonc") texts.emplace(entry.path().stem(), file_text(entry.path()));
  if (problem) return fail(errors::kUsage, "cannot read the packs folder " + folder + ": " + problem.message());
  if (texts.empty()) return fail(errors::kUsage, "there is no pack (*.jsonc) in " + folder);
  return texts;
}

int run_check(const CheckCommand& command) {
  std::vector<std::string> places = command.packs;
  if (places.empty()) places.push_back(program_folder() + "/packs");
  std::map<std::string, std::string> texts;
  for (const std::string& place : places) {
    if (std::filesystem::is_directory(place)) {
      auto read = read_packs(place);
      if (!read) {
        std::fprintf(stderr, "cityloop: %s\n", read.error().detail.c_str());
        return kExitUsage;
      }
      texts.merge(*read);
    } else if (std::filesystem::exists(place)) {
      texts.emplace(std::filesystem::path(place).stem(), file_text(place));
    } else {
      std::fprintf(stderr, "cityloop: there is no %s\n", place.c_str());
      return kExitUsage;
    }
  }
  int bad = 0;
  std::vector<Pack> packs;
  for (const auto& [name, text] : texts) {
    auto pack = parse_pack(name, text);
    if (pack) {
      packs.push_back(std::move(*pack));
    } else {
      ++bad;
      std::printf("%s: %s\n", name.c_str(), pack.error().detail.c_str());
    }
  }
  auto all = Packs::create(std::move(packs));
  if (!all) {
    std::printf("%s\n", all.error().detail.c_str());
    return kExitFailed;
  }
  const auto shared = std::make_shared<const Packs>(std::move(*all));
  Analyse analyse;
  if (const auto compiled = analyse.set_packs(shared); !compiled) {
    std::printf("%s\n", compiled.error().detail.c_str());
    return kExitFailed;
  }
  for (const Pack& pack : shared->all()) {
    const auto failures = run_examples(*shared, pack);
    if (!failures) {
      ++bad;
      std::printf("%s: %s\n", pack.name.c_str(), failures.error().detail.c_str());
      continue;
    }
    for (const std::string& failure : *failures) std::printf("%s: %s\n", pack.name.c_str(), failure.c_str());
    bad += failures->empty() ? 0 : 1;
    std::printf("%s %s: %zu kinds, %zu rules, %zu examples%s\n", pack.name.c_str(), pack.version.c_str(), pack.kinds.size(), pack.rules.size(),
                pack.examples.size(), failures->empty() ? ", all hold" : "");
  }
  return bad == 0 ? kExitDone : kExitFailed;
}

}  // namespace cityloop
