// SPDX-License-Identifier: Apache-2.0
#include "edge/checkpoints_files.h"

#include <cstring>
#include <ranges>

#include "edge/crc32c.h"
#include "edge/disk.h"

namespace cityloop {
namespace {

constexpr std::size_t kKept = 2;
constexpr std::uint64_t kMost = std::uint64_t{4} << 30;  // a state beyond this would not fit in memory either

struct Header {
  char magic[8] = {'C', 'I', 'T', 'Y', 'C', 'K', 'P', '\1'};
  std::uint64_t turn = 0;
  std::uint64_t size = 0;
  std::uint32_t step_version = 0;
  std::uint32_t crc = 0;  // of turn, size, step_version and the state
};
static_assert(sizeof(Header) == 32);

std::uint32_t checksum(const Header& header, std::string_view state) {
  return crc32c(state, crc32c({reinterpret_cast<const char*>(&header.turn), 20}));
}

Result<Checkpoint> read_checkpoint(const std::string& path) {
  std::string bytes = TRY(read_file(path, kMost));
  Header header;
  const auto bad = [&] { return fail(errors::kCorrupt, "the checkpoint " + path + " is damaged"); };
  if (bytes.size() < sizeof header) return bad();
  std::memcpy(&header, bytes.data(), sizeof header);
  bytes.erase(0, sizeof header);
  if (std::memcmp(header.magic, Header{}.magic, sizeof header.magic) != 0 || header.size != bytes.size()) return bad();
  if (header.crc != checksum(header, bytes)) return bad();
  return Checkpoint{header.turn, header.step_version, std::move(bytes)};
}

}  // namespace

Result<std::unique_ptr<CheckpointsFiles>> CheckpointsFiles::create(const std::string& folder) {
  TRY(make_folder(folder));
  for (const std::string& name : TRY(names_in(folder))) {
    if (name.ends_with(".tmp")) TRY(remove_file(folder + "/" + name));
  }
  return std::unique_ptr<CheckpointsFiles>(new CheckpointsFiles(folder));
}

Result<std::vector<std::string>> CheckpointsFiles::files() const {
  std::vector<std::string> names = TRY(names_in(folder_));
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(".ckpt"); });
  return names;
}

Result<void> CheckpointsFiles::save(const Checkpoint& checkpoint) {
  Header header;
  header.turn = checkpoint.turn;
  header.size = checkpoint.state.size();
  header.step_version = checkpoint.step_version;
  header.crc = checksum(header, checkpoint.state);
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes += checkpoint.state;
  const std::string digits = std::to_string(checkpoint.turn);
  TRY(put_file(folder_ + "/" + std::string(20 - digits.size(), '0') + digits + ".ckpt", bytes));
  const std::vector<std::string> names = TRY(files());
  for (std::size_t i = 0; i + kKept < names.size(); ++i) TRY(remove_file(folder_ + "/" + names[i]));
  return {};
}

Result<std::optional<Checkpoint>> CheckpointsFiles::newest() {
  const std::vector<std::string> names = TRY(files());
  for (const std::string& name : std::views::reverse(names)) {
    Result<Checkpoint> checkpoint = read_checkpoint(folder_ + "/" + name);
    if (checkpoint) return std::optional<Checkpoint>(std::move(checkpoint).value());
    if (checkpoint.error().code != &errors::kCorrupt) return checkpoint.error();
    ++damaged_;
  }
  return std::optional<Checkpoint>{};
}

}  // namespace cityloop
