// SPDX-License-Identifier: Apache-2.0
#include "edge/log_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "edge/log_segment.h"
#include "edge/log_spares.h"

namespace cityloop {
namespace {

constexpr std::uint64_t kMarkBytes = 4096;      // uncut_bytes() is exact to this
constexpr std::size_t kWriteBytes = 8u << 20;  // one write call; more waits for the next, so that the buffer stays small

[[noreturn]] void die(const Error& error) {
  std::fprintf(stderr, "cityloop: the log failed and the program stops, so that nothing is acknowledged that is not kept: %s\n",
               error.detail.c_str());
  std::fflush(stderr);
  ::_exit(3);
}

template <class T>
T or_die(Result<T> result) {
  if (!result) die(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

std::string segment_name(std::uint64_t first) {
  std::string digits = std::to_string(first);
  return std::string(20 - digits.size(), '0') + digits + ".seg";
}

std::optional<std::uint64_t> first_of(std::string_view name) {
  if (name.size() != 24 || !name.ends_with(".seg")) return std::nullopt;
  std::uint64_t first = 0;
  for (const char c : name.substr(0, 20)) {
    if (c < '0' || c > '9') return std::nullopt;
    first = first * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return first;
}

class LogFolder final : public LogFiles {
 public:
  LogFolder(std::string folder, LogFilesOptions options) : folder_(std::move(folder)), options_(options), spares_(folder_, options.segment_bytes, options.spares_kept, options.reserve_bytes) {}

  ~LogFolder() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (writer_.joinable()) writer_.join();
  }

  Result<void> open();
  void append(std::uint64_t turn, std::string bytes, std::function<void()> done) override;
  Result<void> replay(std::uint64_t after, const std::function<Result<void>(std::uint64_t, std::string_view)>& visit) override;
  Result<void> cut(std::uint64_t turn) override;
  std::uint64_t uncut_bytes() const override;
  bool has_room() const override;
  std::uint64_t last_turn() const override;
  void hold_segments() override;
  void release_segments() override;
  Result<void> copy_to(const std::string& folder) const override;
  Counters counters() const override;

 private:
  struct Waiting {
    std::uint64_t turn = 0;
    std::string bytes;
    std::function<void()> done;
  };
  struct Segment {
    std::uint64_t first = 0;
    std::uint64_t size = 0;
    std::string path;
  };
  struct Mark {  // bytes appended when `turn` was
    std::uint64_t turn = 0;
    std::uint64_t total = 0;
  };

  Result<void> find_end();
  void note_bytes(std::uint64_t turn);
  Error damaged(const Segment& segment, const SegmentWalk& walk) const;
  void run_writer();
  void write(std::deque<Waiting>& batch);
  void write_out(bool sync);
  void switch_segment(std::uint64_t first, std::uint64_t least);

  const std::string folder_;
  const LogFilesOptions options_;
  LogSpares spares_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Waiting> waiting_;
  std::vector<Segment> segments_;
  std::deque<Mark> marks_;      // ascending; the uncut part
  std::uint64_t total_ = 0;     // bytes appended since the oldest segment began
  std::uint64_t cut_total_ = 0;
  std::uint64_t last_ = 0;      // appended
  std::uint64_t synced_ = 0;    // last turn that is surely on the disk
  Counters counters_;
  int holds_ = 0;
  bool stopping_ = false;

  // The writer's own.
  File file_;
  std::uint64_t offset_ = 0;
  std::uint64_t file_size_ = 0;
  std::uint32_t generation_ = 1;
  std::uint64_t durable_ = 0;   // as synced_
  std::uint64_t written_ = 0;   // last turn in buffer_ or file
  std::string buffer_;
  std::thread writer_;
};

Result<void> LogFolder::open() {
  TRY(make_folder(folder_));
  for (const std::string& name : TRY(names_in(folder_))) {
    const std::string path = folder_ + "/" + name;
    if (name.ends_with(".tmp")) {
      TRY(remove_file(path));
    } else if (LogSpares::is_name(name)) {
      TRY(spares_.adopt(name));
    } else if (const auto first = first_of(name)) {
      segments_.push_back({*first, TRY(size_of(TRY(File::open(path, O_RDONLY)))), path});
    }
  }
  TRY(find_end());
  TRY(spares_.start());
  writer_ = std::thread([this] { run_writer(); });
  return {};
}

Error LogFolder::damaged(const Segment& segment, const SegmentWalk& walk) const {
  return fail(errors::kCorrupt, "the log record of turn " + std::to_string(walk.last + 1) + " in " + segment.path + " at offset " +
                                    std::to_string(walk.end) + " is damaged, and later records exist; restore from a backup");
}

Result<void> LogFolder::find_end() {
  if (segments_.empty()) return {};
  for (std::size_t i = 0; i + 1 < segments_.size(); ++i) {
    total_ += segments_[i].size;
    marks_.push_back({segments_[i + 1].first - 1, total_});
  }
  const Segment& newest = segments_.back();
  file_ = TRY(File::open(newest.path, O_RDWR));
  const SegmentWalk walk = TRY(walk_segment(file_, newest.first, UINT64_MAX, {}));
  const Leftovers left = TRY(look_behind(file_, walk));
  if (left.proves_damage) return damaged(newest, walk);
  generation_ = std::max(walk.generation, left.generation) + 1;
  offset_ = walk.end;
  file_size_ = newest.size;
  last_ = synced_ = durable_ = written_ = walk.last;
  total_ += walk.end;
  marks_.push_back({last_, total_});
  return {};
}

void LogFolder::append(std::uint64_t turn, std::string bytes, std::function<void()> done) {
  CHECK(turn > 0 && bytes.size() < kMark);
  {
    const std::lock_guard lock(mutex_);
    CHECK(last_ == 0 || turn == last_ + 1);
    last_ = turn;
    total_ += record_span(bytes.size());
    note_bytes(turn);
    waiting_.push_back({turn, std::move(bytes), std::move(done)});
  }
  wake_.notify_one();
}

// Remembers where turns lie, in steps of kMarkBytes so that small turns cost no memory.
void LogFolder::note_bytes(std::uint64_t turn) {
  const std::uint64_t before = marks_.size() < 2 ? cut_total_ : marks_[marks_.size() - 2].total;
  if (!marks_.empty() && total_ - before <= kMarkBytes) marks_.back() = {turn, total_};
  else marks_.push_back({turn, total_});
}

void LogFolder::run_writer() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) break;
    std::deque<Waiting> batch = std::exchange(waiting_, {});
    lock.unlock();
    write(batch);
    for (Waiting& record : batch) {
      if (record.done) record.done();
    }
    lock.lock();
  }
  lock.unlock();
  // A clean stop leaves a mark: damage to the last records can then be told from a torn tail.
  if (file_.is_open() && durable_ > 0 && offset_ + record_span(0) <= file_size_) {
    append_mark(buffer_, durable_, generation_);
    write_out(true);
  }
}

void LogFolder::write(std::deque<Waiting>& batch) {
  for (Waiting& record : batch) {
    const std::uint64_t span = record_span(record.bytes.size());
    if (!file_.is_open() || offset_ + buffer_.size() + span > file_size_) {
      write_out(true);
      switch_segment(record.turn, span);
    }
    const std::uint64_t back = std::min<std::uint64_t>(record.turn - durable_, UINT32_MAX);
    append_record(buffer_, record.turn, generation_, static_cast<std::uint32_t>(back), record.bytes);
    written_ = record.turn;
    std::string().swap(record.bytes);
    if (buffer_.size() >= kWriteBytes) write_out(false);
  }
  write_out(true);
}

void LogFolder::write_out(bool sync) {
  if (!file_.is_open()) return;
  or_die(write_at(file_, buffer_, offset_));
  offset_ += buffer_.size();
  const std::size_t bytes = buffer_.size();
  buffer_.clear();
  const bool needed = sync && (written_ > durable_ || bytes > 0);
  if (needed) or_die(sync_data(file_));
  const std::lock_guard lock(mutex_);
  counters_.bytes += bytes;
  if (!needed) return;
  ++counters_.syncs;
  counters_.appends += written_ - durable_;
  synced_ = durable_ = written_;
}

// The segment for the record of turn `first`: a spare, or one of its own size for a record that fits in none.
void LogFolder::switch_segment(std::uint64_t first, std::uint64_t least) {
  const std::uint64_t size = std::max(options_.segment_bytes, kSegmentMagic.size() + least);
  const std::string spare = or_die(size == options_.segment_bytes ? spares_.take() : spares_.make(size));
  const std::string path = folder_ + "/" + segment_name(first);
  or_die(rename_file(spare, path));
  file_ = or_die(File::open(path, O_RDWR));
  or_die(sync_folder(folder_));
  offset_ = kSegmentMagic.size();
  file_size_ = size;
  if (durable_ == 0) durable_ = written_ = first - 1;
  const std::lock_guard lock(mutex_);
  segments_.push_back({first, size, path});
  ++counters_.segments;
}

Result<void> LogFolder::replay(std::uint64_t after, const std::function<Result<void>(std::uint64_t, std::string_view)>& visit) {
  std::vector<Segment> segments;
  std::uint64_t until = 0;
  {
    const std::lock_guard lock(mutex_);
    segments = segments_;
    until = synced_;
  }
  const RecordVisit wanted = [&](std::uint64_t turn, std::string_view bytes) -> Result<void> {
    if (turn > after) return visit(turn, bytes);
    return {};
  };
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const bool newest = i + 1 == segments.size();
    const std::uint64_t last = newest ? until : std::min(until, segments[i + 1].first - 1);
    if (last <= after || segments[i].first > until) continue;
    const File file = TRY(File::open(segments[i].path, O_RDONLY));
    const SegmentWalk walk = TRY(walk_segment(file, segments[i].first, last, wanted));
    if (walk.last != last) return damaged(segments[i], walk);
  }
  return {};
}

Result<void> LogFolder::cut(std::uint64_t turn) {
  std::vector<Segment> gone;
  {
    const std::lock_guard lock(mutex_);
    while (!marks_.empty() && marks_.front().turn <= turn) {
      cut_total_ = marks_.front().total;
      marks_.pop_front();
    }
    while (holds_ == 0 && segments_.size() > 1 && segments_[1].first <= turn + 1) {
      gone.push_back(std::move(segments_.front()));
      segments_.erase(segments_.begin());
    }
  }
  for (const Segment& segment : gone) TRY(spares_.recycle(segment.path, segment.size));
  return gone.empty() ? Result<void>{} : sync_folder(folder_);
}

std::uint64_t LogFolder::uncut_bytes() const {
  const std::lock_guard lock(mutex_);
  return total_ - cut_total_;
}

bool LogFolder::has_room() const { return spares_.any(); }

std::uint64_t LogFolder::last_turn() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void LogFolder::hold_segments() {
  const std::lock_guard lock(mutex_);
  ++holds_;
}

void LogFolder::release_segments() {
  const std::lock_guard lock(mutex_);
  --holds_;
}

// Record by record up to what is synced now: copying whole files under the writer's hand could catch half a batch.
Result<void> LogFolder::copy_to(const std::string& folder) const {
  std::vector<Segment> segments;
  std::uint64_t until = 0;
  {
    const std::lock_guard lock(mutex_);
    segments = segments_;
    until = synced_;
  }
  TRY(make_folder(folder));
  for (const Segment& segment : segments) {
    if (segment.first > until) continue;
    const File from = TRY(File::open(segment.path, O_RDONLY));
    const SegmentWalk walk = TRY(walk_segment(from, segment.first, until, {}));
    const File to = TRY(File::open(folder + "/" + segment_name(segment.first), O_WRONLY | O_CREAT | O_EXCL));
    std::string bytes(kWriteBytes, '\0');
    for (std::uint64_t at = 0; at < walk.end; at += bytes.size()) {
      bytes.resize(std::min<std::uint64_t>(kWriteBytes, walk.end - at));
      bytes.resize(TRY(read_at(from, bytes.data(), bytes.size(), at)));
      TRY(write_at(to, bytes, at));
    }
    TRY(sync_data(to));
  }
  return sync_folder(folder);
}

LogFiles::Counters LogFolder::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

}  // namespace

Result<std::unique_ptr<LogFiles>> LogFiles::create(const std::string& folder, LogFilesOptions options) {
  CHECK(options.segment_bytes % 8 == 0 && options.segment_bytes >= 4096);
  auto log = std::make_unique<LogFolder>(folder, options);
  TRY(log->open());
  return Result<std::unique_ptr<LogFiles>>(std::move(log));
}

}  // namespace cityloop
