// SPDX-License-Identifier: Apache-2.0
// The three stores as the city sees them (architecture §1, "one order of durability"). Each has an embedded adapter and
// an in-memory twin in edge/ (log_files, log_memory; journal_sqlite, journal_postgres, journal_memory; history_rocks,
// history_memory).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.h"
#include "core/words.h"

namespace cityloop {

// ---- Log: the truth. One record a turn; an acknowledgement waits for its completion. --------------------------

class Log {
 public:
  virtual ~Log() = default;
  // Takes the record of turn `turn` (consecutive). `done` is called once, in order of turns, on the log's own thread,
  // when the bytes are synced. Appends that wait together share one sync. A failed append or sync is never retried:
  // the process ends (the adapter aborts with the sentence).
  virtual void append(std::uint64_t turn, std::string bytes, std::function<void()> done) = 0;
  // Visits all whole records with turn > after, ascending. A torn last record is cut off and forgotten (it was never
  // acknowledged); damage before it is kCorrupt.
  virtual Result<void> replay(std::uint64_t after, const std::function<Result<void>(std::uint64_t turn, std::string_view bytes)>& visit) = 0;
  // Turns <= turn need not be kept.
  virtual Result<void> cut(std::uint64_t turn) = 0;
  virtual std::uint64_t uncut_bytes() const = 0;
  // False while preallocated space or the disk behind it is short: inputs are refused, what is running goes on.
  virtual bool has_room() const = 0;
};

// ---- Checkpoints: all of step's state at one turn. ------------------------------------------------------------

struct Checkpoint {
  std::uint64_t turn = 0;
  std::uint32_t step_version = 0;
  std::string state;
};

class Checkpoints {
 public:
  virtual ~Checkpoints() = default;
  // Atomic: written aside, synced, renamed; the old one is kept until then. kNoSpace: nothing has changed.
  virtual Result<void> save(const Checkpoint& checkpoint) = 0;
  virtual Result<std::optional<Checkpoint>> newest() = 0;               // newest whole one; a damaged one falls back to the one before
};

// ---- Journal: facts as rows with a JSON document each; one transaction a turn. --------------------------------

using Cell = std::variant<std::monostate, std::int64_t, double, std::string>;

struct ColumnSpec {
  enum class Type : std::uint8_t { text, integer, real };
  std::string name;
  Type type = Type::text;
  bool unique = false;   // empty text and absent are not compared
  bool indexed = true;
};

struct TableSpec {
  std::string name;                 // `cases`
  std::vector<ColumnSpec> columns;  // beside `key` (text, primary) and `doc` (text, JSON)
  std::vector<std::vector<std::string>> indexes{};  // columns often filtered and ordered together: {"stage", "opened_at"}
};

struct RowChange {
  std::string table;
  std::string key;
  bool removed = false;
  std::vector<std::pair<std::string, Cell>> columns;  // every column of the table that has a value
  std::string doc;
};

struct JournalBatch {
  std::uint64_t turn = 0;
  Time now{};
  std::uint64_t last_seq = 0;   // of the newest event in it, 0: none
  std::vector<RowChange> rows;  // applied in order: insert or replace by key, or remove
};

struct Where {
  enum class Op : std::uint8_t { equal, not_equal, in, prefix, at_least, at_most, less, greater, contains };
  std::string column;           // a column's name or `key`
  Op op = Op::equal;
  std::vector<Cell> values{};   // one, or several for `in`
};

struct Query {
  std::string table;
  std::vector<Where> where{};   // all must hold
  std::string order = "key";    // a column or `key`; ties by key
  bool descending = false;
  std::string cursor{};         // `next` of the page before
  std::size_t limit = 100;
  bool count = false;
};

struct Row {
  std::string key;
  std::string doc;
};

struct Page {
  std::vector<Row> rows;
  std::string next;             // empty: last page
  std::optional<std::uint64_t> total;
};

struct JournalHead {
  std::uint64_t turn = 0;
  std::uint64_t seq = 0;
  std::string epoch;            // changes on restore
};

class Journal {
 public:
  virtual ~Journal() = default;
  // One transaction. kConflict: a unique column was violated; kNoSpace, and kNotReady while a database is away: nothing
  // was written, it may be tried again, and what arrived after all is known then.
  virtual Result<void> commit(const std::vector<JournalBatch>& batches) = 0;
  virtual Result<Page> list(const Query& query) const = 0;                    // any thread; bad cursor: kBadField
  virtual Result<std::optional<Row>> find(std::string_view table, std::string_view key) const = 0;  // any thread
  virtual Result<JournalHead> head() const = 0;
  virtual Result<void> set_epoch(const std::string& epoch) = 0;
  // Everything committed so far is on the disk, also after a loss of power. Called before the Log is cut.
  virtual Result<void> sync() = 0;
  virtual Result<void> backup(const std::string& file) const = 0;  // a consistent copy in SQLite's form, while running
};

// ---- History: readings and records. ---------------------------------------------------------------------------

using PointId = std::uint64_t;  // asset slot << 8 | point index
inline PointId point_id(std::uint32_t slot, std::uint8_t point) { return (PointId{slot} << 8) | point; }

struct Sample {
  Time at{};
  Decimal value;
  Quality quality = Quality::good;
};

struct PointSample {
  PointId point = 0;
  Sample sample;
};

struct Bucket {               // aggregate of [from, from + step)
  Time from{};
  std::uint64_t count = 0;
  double sum = 0, least = 0, most = 0, first = 0, last = 0;
};

struct RecordQuery {
  std::string asset;   // empty: any
  std::string kind;    // empty: any
  Time from{};
  Time to{};
  std::size_t limit = 100;
  std::string cursor{};
  bool descending = false;  // newest first
};

class History {
 public:
  virtual ~History() = default;
  // Samples of one turn, any order, any lateness; the same (point, at) again replaces. Turns ascend. Turns that the store
  // already covers (after a restart) are skipped per point. Visible to reads when it returns. Durable only after flush.
  virtual Result<void> append(std::uint64_t turn, std::span<const PointSample> samples, std::span<const Record> records) = 0;
  // Makes everything up to the last appended turn durable. Called before the Log is cut; returns that turn.
  virtual Result<std::uint64_t> flush() = 0;
  virtual std::uint64_t seen_turn() const = 0;  // last appended turn; reads are as of it
  // Ascending by time, from <= at < to, at most `limit`. Any thread.
  virtual Result<std::vector<Sample>> read(PointId point, Time from, Time to, std::size_t limit) const = 0;
  virtual Result<std::vector<Bucket>> buckets(PointId point, Time from, Time to, Millis step) const = 0;  // empty buckets are left out
  virtual Result<std::pair<std::vector<Record>, std::string>> records(const RecordQuery& query) const = 0;
  virtual Result<void> backup(const std::string& folder) const = 0;
};

}  // namespace cityloop
