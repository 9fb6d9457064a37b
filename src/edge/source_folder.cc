// SPDX-License-Identifier: Apache-2.0
// A source that drops files: a file is read once it has not changed for one interval, and is done with (moved into done/, or
// remembered by name, size and time) only when the city has it. A file that is read again after a crash holds duplicates, nothing worse.
#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "core/limits.h"
#include "edge/source_adapter.h"

namespace cityloop {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPieceBytes = 2u << 20;   // of a large CSV or NDJSON file, cut at line ends
constexpr std::size_t kRemembered = 100'000;    // files; then the ones that are gone are forgotten

struct Mark {
  std::uintmax_t size = 0;
  std::int64_t time = 0;
  friend bool operator==(const Mark&, const Mark&) = default;
};

class FolderSource : public SourceAdapter {
 public:
  using SourceAdapter::SourceAdapter;

 private:
  const FolderTransport& how() const { return std::get<FolderTransport>(source_.transport); }
  std::string state_file() const { return city_.state_folder + "/source-" + source_.name + ".files"; }

  void run() override {
    recall();
    while (!stopped()) {
      if (const Result<void> round = look(); round) connected();
      else if (!stopped()) disconnected(round.error().detail);
      rest(how().interval);
    }
  }

  Result<void> look() {
    std::error_code problem;
    std::map<std::string, Mark> present;
    for (fs::directory_iterator at(how().path, problem), end; !problem && at != end; at.increment(problem)) {
      const std::string name = at->path().filename().string();
      std::error_code of_file;
      if (fnmatch(how().pattern.c_str(), name.c_str(), FNM_PERIOD) != 0 || !at->is_regular_file(of_file)) continue;
      const auto size = at->file_size(of_file);
      const auto time = at->last_write_time(of_file);
      if (!of_file) present[name] = {size, time.time_since_epoch().count()};
    }
    if (problem) return fail(errors::kStorage, "cannot read the folder " + how().path + ": " + problem.message());
    for (const auto& [name, mark] : present) {
      if (stopped()) return {};
      const auto read = done_.find(name);
      if (read != done_.end() && read->second == mark) continue;
      const auto before = seen_.find(name);
      if (before == seen_.end() || before->second != mark) continue;  // still being written
      TRY(take(name, mark));
    }
    seen_ = std::move(present);
    return {};
  }

  Result<void> take(const std::string& name, const Mark& mark) {
    const std::string path = how().path + "/" + name;
    std::ifstream file(path, std::ios::binary);
    if (!file) return fail(errors::kStorage, "cannot read " + path);
    const bool lines = source_.decode.form != PayloadForm::json;
    const bool read = lines ? take_lines(file, name) : take_whole(file, name, mark.size);
    if (!read) return fail(errors::kOverloaded, "the city did not take the file " + name);
    if (file.bad()) return fail(errors::kStorage, "cannot read " + path);
    if (how().move) return move_away(path, name);
    done_[name] = mark;
    return remember();
  }

  bool take_whole(std::ifstream& file, const std::string& name, std::uintmax_t size) {
    ReadingBatch batch;
    if (size > limits::kBodyBytes) {
      decode_failed(batch, fail(errors::kTooLarge, "the file " + name + " is larger than 16 MiB"), name);
      return deliver(batch);
    }
    std::ostringstream text;
    text << file.rdbuf();
    decode(batch, name, text.str());
    return deliver(batch);
  }

  // Whole lines, at most about kPieceBytes a time; each piece of a CSV file begins with the file's first line.
  bool take_lines(std::ifstream& file, const std::string& name) {
    const bool csv = source_.decode.form == PayloadForm::csv;
    std::string head, piece, line;
    const auto flush = [&] {
      ReadingBatch batch;
      decode(batch, name, piece);
      piece = head;
      return deliver(batch);
    };
    bool first = true, flushed = false;
    while (!stopped() && std::getline(file, line)) {
      if (line.size() > kPieceBytes) line.resize(kPieceBytes);  // not a line of readings: it becomes a flaw
      line += '\n';
      if (std::exchange(first, false) && csv) head = line;
      piece += line;
      if (piece.size() < kPieceBytes) continue;
      flushed = true;
      if (!flush()) return false;
    }
    if (stopped()) return false;
    return (flushed && piece == head) || flush();  // nothing is left over
  }

  Result<void> move_away(const std::string& path, const std::string& name) {
    std::error_code problem;
    const fs::path done = fs::path(how().path) / "done";
    fs::create_directories(done, problem);
    fs::path to = done / name;
    for (int number = 1; fs::exists(to, problem); ++number) to = done / (name + "." + std::to_string(number));
    fs::rename(path, to, problem);
    if (problem) return fail(errors::kStorage, "cannot move " + path + " into done: " + problem.message());
    return {};
  }

  Result<void> remember() {
    if (done_.size() > kRemembered) std::erase_if(done_, [&](const auto& one) { return !seen_.contains(one.first); });
    const std::string fresh = state_file() + ".new";
    {
      std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
      for (const auto& [name, mark] : done_) out << mark.size << ' ' << mark.time << ' ' << name << '\n';
      out.flush();
      if (!out) return fail(errors::kStorage, "cannot write " + fresh);
    }
    std::error_code problem;
    fs::rename(fresh, state_file(), problem);
    if (problem) return fail(errors::kStorage, "cannot write " + state_file());
    return {};
  }

  void recall() {
    std::ifstream in(state_file(), std::ios::binary);
    Mark mark;
    std::string name;
    while (in >> mark.size >> mark.time && in.get() == ' ' && std::getline(in, name)) done_[name] = mark;
  }

  std::map<std::string, Mark> seen_, done_;
};

}  // namespace

std::unique_ptr<SourceAdapter> folder_source(SourceSpec source, const SourceCity& city, SourceCounts& counts) {
  return std::make_unique<FolderSource>(std::move(source), city, counts);
}

}  // namespace cityloop
