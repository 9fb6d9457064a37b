// SPDX-License-Identifier: Apache-2.0
#include "core/pack.h"

#include <openssl/evp.h>

#include <array>
#include <set>

#include "core/limits.h"
#include "core/pack_parts.h"

namespace cityloop {
namespace {

using pack_file::Fields;

std::string digest_of(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  CHECK(EVP_Digest(text.data(), text.size(), bytes.data(), &size, EVP_sha256(), nullptr) == 1);
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string hex;
  for (std::size_t i = 0; i < 4; ++i) {
    hex += kHex[bytes[i] >> 4];
    hex += kHex[bytes[i] & 15];
  }
  return hex;
}

// A section that other rooms read: carried as JSON text.
Result<std::string> carried(const Fields& file, std::string_view key, json::kind kind) {
  if (!file.has(key)) return std::string{};
  const pack_file::Item item = TRY(file.item(key));
  if (item.value->kind() != kind) return file.wrong(key, kind == json::kind::array ? "must be an array" : "must be an object");
  return json::serialize(*item.value);
}

Result<void> read_file(const json::value& root, Pack& pack) {
  const Fields file = TRY(Fields::of({&root, ""}, {"version", "title", "kinds", "records", "decode", "rules", "case",
                                                   "tables", "plans", "citizen", "simulate", "examples"}));
  pack.version = TRY(file.text("version")) + "+" + pack.digest;
  pack.title = TRY(file.words("title", true));
  TRY(pack_file::read_kinds(file, pack));
  TRY(pack_file::read_records(file, pack));
  TRY(pack_file::read_tables(file, pack));
  TRY(pack_file::read_case(file, pack));
  TRY(pack_file::read_rules(file, pack));
  pack.decode = TRY(carried(file, "decode", json::kind::object));
  pack.plans = TRY(carried(file, "plans", json::kind::array));
  pack.citizen = TRY(carried(file, "citizen", json::kind::object));
  TRY(pack_file::read_simulate(file, pack));
  TRY(pack_file::read_examples(file, pack));
  return {};
}

}  // namespace

int KindSpec::point_index(std::string_view wanted) const {
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].name == wanted) return static_cast<int>(i);
  }
  return -1;
}

Result<Pack> parse_pack(std::string_view name, std::string_view text) {
  const std::string file = "pack " + std::string(name);
  if (text.size() > limits::kPackBytes) return fail(errors::kBadPack, file + ": the file is larger than 4 MiB");
  TRY(pack_file::check_name(file, name));
  const auto root = parse_jsonc(text);
  if (!root) return fail(errors::kBadPack, file + ": " + root.error().detail);
  Pack pack;
  pack.name = name;
  pack.text = text;
  pack.digest = digest_of(text);
  const auto read = read_file(*root, pack);
  if (!read) return fail(errors::kBadPack, file + ": " + read.error().detail);
  return pack;
}

Result<Packs> Packs::create(std::vector<Pack> packs) {
  Packs all;
  all.packs_ = std::move(packs);
  std::set<std::string> names;
  for (std::size_t i = 0; i < all.packs_.size(); ++i) {
    const Pack& pack = all.packs_[i];
    if (!names.insert(pack.name).second) return fail(errors::kBadPack, "pack " + pack.name + " stands twice");
    for (std::size_t j = 0; j < pack.kinds.size(); ++j) {
      const auto [found, fresh] = all.kinds_.emplace(pack.kinds[j].name, std::pair{i, j});
      if (fresh) continue;
      return fail(errors::kBadPack, "pack " + pack.name + ": kinds[" + std::to_string(j) + "].name: `" + pack.kinds[j].name +
                                        "` is described by pack " + all.packs_[found->second.first].name + " already");
    }
    for (std::size_t j = 0; j < pack.records.size(); ++j) {
      if (pack.records[j].name == kCommandResult) {
        return fail(errors::kBadPack, "pack " + pack.name + ": records[" + std::to_string(j) + "].name: `" +
                                          std::string(kCommandResult) + "` is the city's own");
      }
      const auto [found, fresh] = all.records_.emplace(pack.records[j].name, std::pair{i, j});
      if (fresh) continue;
      return fail(errors::kBadPack, "pack " + pack.name + ": records[" + std::to_string(j) + "].name: `" +
                                        pack.records[j].name + "` is described by pack " +
                                        all.packs_[found->second.first].name + " already");
    }
  }
  for (const Pack& pack : all.packs_) {
    for (const RuleSpec& rule : pack.rules) {
      for (const std::string& other : rule.inhibited_by) {
        if (other.find('/') == std::string::npos || all.rule(other) != nullptr) continue;
        return fail(errors::kBadPack, "pack " + pack.name + ": rule " + rule.alert + ": inhibited_by `" + other +
                                          "` is no rule of any pack");
      }
    }
  }
  return all;
}

const KindSpec* Packs::kind(std::string_view name) const {
  const auto found = kinds_.find(name);
  return found == kinds_.end() ? nullptr : &packs_[found->second.first].kinds[found->second.second];
}

const Pack* Packs::pack_of_kind(std::string_view name) const {
  const auto found = kinds_.find(name);
  return found == kinds_.end() ? nullptr : &packs_[found->second.first];
}

const RecordSpec& command_result_record() {
  static const RecordSpec kSpec{std::string(kCommandResult),
                                {"指令结果", "Command result"},
                                "",
                                {{"command", {"指令", "Command"}, "text", "", true},
                                 {"status", {"结果", "Status"}, "text", "", true},
                                 {"detail", {"说明", "Detail"}, "text", "", false}}};
  return kSpec;
}

const RecordSpec* Packs::record(std::string_view name) const {
  if (name == kCommandResult) return &command_result_record();
  const auto found = records_.find(name);
  return found == records_.end() ? nullptr : &packs_[found->second.first].records[found->second.second];
}

const Pack* Packs::pack(std::string_view name) const {
  for (const Pack& pack : packs_) {
    if (pack.name == name) return &pack;
  }
  return nullptr;
}

const RuleSpec* Packs::rule(std::string_view name) const {
  const std::size_t slash = name.find('/');
  const Pack* found = slash == std::string_view::npos ? nullptr : pack(name.substr(0, slash));
  return found == nullptr ? nullptr : pack_file::find_rule(*found, name.substr(slash + 1));
}

}  // namespace cityloop
