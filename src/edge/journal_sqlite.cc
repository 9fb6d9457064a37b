// SPDX-License-Identifier: Apache-2.0
#include "edge/journal_sqlite.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "edge/disk.h"
#include "edge/journal_query.h"
#include "edge/journal_sql.h"
#include "edge/secrets.h"
#include "edge/sqlite_database.h"

namespace cityloop {
namespace {

constexpr const char* kMeta =
    "CREATE TABLE IF NOT EXISTS meta (one INTEGER PRIMARY KEY, turn BIGINT NOT NULL, seq BIGINT NOT NULL, epoch TEXT NOT NULL, "
    "schema BIGINT NOT NULL)";

constexpr auto kSqlite = journal_sql::Dialect::sqlite;
constexpr std::uint64_t kMeasureFirst = 1'000;  // rows written before the columns are measured first, then at every doubling

class Sqlite final : public JournalSqlite {
 public:
  Sqlite(std::string file, std::vector<TableSpec> specs, JournalSqliteOptions options)
      : file_(std::move(file)), specs_(std::move(specs)), options_(options) {}

  Result<void> open();
  Result<void> commit(const std::vector<JournalBatch>& batches) override;
  Result<Page> list(const Query& query) const override;
  Result<std::optional<Row>> find(std::string_view table, std::string_view key) const override;
  Result<JournalHead> head() const override;
  Result<void> set_epoch(const std::string& epoch) override;
  Result<void> sync() override;
  Result<void> backup(const std::string& file) const override;
  Result<void> fill(const JournalHead& head, const JournalRows& rows);
  Result<void> give(const TakeRows& take) const;

 private:
  // A read connection for the length of one call.
  class Lent {
   public:
    explicit Lent(const Sqlite& owner) : owner_(owner) {
      std::unique_lock lock(owner.readers_mutex_);
      owner.reader_free_.wait(lock, [&] { return !owner.readers_.empty(); });
      reader_ = std::move(owner.readers_.back());
      owner.readers_.pop_back();
    }
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;
    ~Lent() {
      {
        const std::lock_guard lock(owner_.readers_mutex_);
        owner_.readers_.push_back(std::move(reader_));
      }
      owner_.reader_free_.notify_one();
    }
    SqliteDatabase* operator->() const { return reader_.get(); }
    SqliteDatabase& operator*() const { return *reader_; }

   private:
    const Sqlite& owner_;
    std::unique_ptr<SqliteDatabase> reader_;
  };

  Result<void> grow_schema();
  Result<void> apply(const RowChange& change);
  Result<void> apply_all(const std::vector<JournalBatch>& batches, JournalHead& head);
  Result<void> write_head(const JournalHead& head);
  Result<void> measure();
  Result<std::unique_ptr<SqliteDatabase>> new_reader() const;
  Result<void> in_transaction(const std::function<Result<void>()>& work);

  const std::string file_;
  const std::vector<TableSpec> specs_;
  const JournalSqliteOptions options_;
  mutable std::mutex mutex_;  // writer_, head_
  std::unique_ptr<SqliteDatabase> writer_;
  JournalHead head_;
  std::uint64_t rows_written_ = 0;
  std::uint64_t rows_measured_ = kMeasureFirst / 2;
  mutable std::mutex readers_mutex_;
  mutable std::condition_variable reader_free_;
  mutable std::vector<std::unique_ptr<SqliteDatabase>> readers_;
};

// Lets the planner know how the columns are spread: without that it would sort all cases of a stage for one page of them.
// A connection reads the measure when it is opened, so the free readers are replaced.
Result<void> Sqlite::measure() {
  TRY(writer_->run("PRAGMA analysis_limit = 10000; ANALYZE"));
  rows_measured_ = rows_written_;
  std::vector<std::unique_ptr<SqliteDatabase>> fresh;
  for (std::size_t i = 0; i < std::max<std::size_t>(1, options_.readers); ++i) fresh.push_back(TRY(new_reader()));
  const std::lock_guard lock(readers_mutex_);
  for (std::unique_ptr<SqliteDatabase>& reader : readers_) reader.swap(fresh[static_cast<std::size_t>(&reader - readers_.data())]);
  return {};
}

Result<std::unique_ptr<SqliteDatabase>> Sqlite::new_reader() const {
  auto reader = TRY(SqliteDatabase::open(file_, SqliteDatabase::Use::read));
  TRY(reader->run("PRAGMA mmap_size = 268435456; PRAGMA cache_size = -8192"));
  return reader;
}

Result<SqliteStatement*> prepared(SqliteDatabase& database, const journal_sql::Statement& statement) {
  SqliteStatement* ready = TRY(database.prepared(statement.sql));
  for (std::size_t i = 0; i < statement.values.size(); ++i) {
    const auto& [cell, bytes] = statement.values[i];
    const int index = static_cast<int>(i + 1);
    if (bytes) ready->bind_blob(index, std::get<std::string>(cell));
    else ready->bind(index, cell);
  }
  return ready;
}

Result<void> Sqlite::open() {
  const bool fresh = !exists(file_);
  writer_ = TRY(SqliteDatabase::open(file_, SqliteDatabase::Use::write));
  TRY(writer_->run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384; PRAGMA journal_size_limit = 67108864"));
  TRY(in_transaction([&] { return grow_schema(); }));
  if (fresh) {
    TRY(writer_->sync_wal());
    TRY(sync_folder(folder_of(file_)));
  }
  for (std::size_t i = 0; i < std::max<std::size_t>(1, options_.readers); ++i) {
    readers_.push_back(TRY(new_reader()));
  }
  return head_.turn == 0 ? Result<void>{} : measure();
}

Result<void> Sqlite::grow_schema() {
  const std::int64_t found = TRY(writer_->number("PRAGMA user_version"));
  if (found > options_.schema) {
    return fail(errors::kNewerData, file_ + " was written by a newer program (schema " + std::to_string(found) + ", this one knows " +
                                        std::to_string(options_.schema) + "): start that program, or restore an older backup");
  }
  TRY(writer_->run(kMeta));
  for (const TableSpec& table : specs_) {
    std::vector<std::string> have;
    SqliteStatement* columns = TRY(writer_->prepared("SELECT name FROM pragma_table_info(?)"));
    columns->bind_text(1, table.name);
    while (TRY(columns->step())) have.push_back(columns->text(0));
    if (have.empty()) TRY(writer_->run(journal_sql::create_table(kSqlite, table)));
    for (const ColumnSpec& column : table.columns) {
      const bool missing = !have.empty() && std::ranges::find(have, column.name) == have.end();
      if (missing) TRY(writer_->run(journal_sql::add_column(kSqlite, table, column)));
    }
    for (const std::string& index : journal_sql::create_indexes(kSqlite, table)) TRY(writer_->run(index));
  }
  if (found < options_.schema) TRY(writer_->run("PRAGMA user_version = " + std::to_string(options_.schema)));

  SqliteStatement* meta = TRY(writer_->prepared("SELECT turn, seq, epoch FROM meta WHERE one = 1"));
  if (TRY(meta->step())) {
    head_ = {static_cast<std::uint64_t>(meta->integer(0)), static_cast<std::uint64_t>(meta->integer(1)), meta->text(2)};
    meta->reset();
    return {};
  }
  head_ = {0, 0, random_hex(8)};
  return write_head(head_);
}

Result<void> Sqlite::in_transaction(const std::function<Result<void>()>& work) {
  TRY(writer_->run("BEGIN IMMEDIATE"));
  Result<void> outcome = work();
  if (outcome) outcome = writer_->run("COMMIT");
  if (!outcome) (void)writer_->run("ROLLBACK");
  return outcome;
}

Result<void> Sqlite::write_head(const JournalHead& head) {
  SqliteStatement* meta = TRY(writer_->prepared(
      "INSERT INTO meta (one, turn, seq, epoch, schema) VALUES (1, ?, ?, ?, ?) ON CONFLICT (one) DO UPDATE SET turn = excluded.turn, seq = "
      "excluded.seq, epoch = excluded.epoch, schema = excluded.schema"));
  meta->bind(1, static_cast<std::int64_t>(head.turn));
  meta->bind(2, static_cast<std::int64_t>(head.seq));
  meta->bind_text(3, head.epoch);
  meta->bind(4, std::int64_t{options_.schema});
  return meta->run();
}

Result<void> Sqlite::apply(const RowChange& change) {
  const TableSpec* table = table_named(specs_, change.table);
  if (table == nullptr) return fail(errors::kInternal, "the journal has no table `" + change.table + "`");
  if (change.removed) {
    SqliteStatement* remove = TRY(writer_->prepared(journal_sql::remove_row(kSqlite, *table)));
    remove->bind_text(1, change.key);
    return remove->run();
  }
  std::vector<Cell> cells(table->columns.size());
  for (const auto& [name, cell] : change.columns) {
    const ColumnSpec* column = column_named(*table, name);
    if (column == nullptr) return fail(errors::kInternal, "`" + change.table + "` has no column `" + name + "`");
    cells[static_cast<std::size_t>(column - table->columns.data())] = TRY(fitted(*column, cell));
  }
  SqliteStatement* put = TRY(writer_->prepared(journal_sql::put_row(kSqlite, *table)));
  put->bind_text(1, change.key);
  put->bind_text(2, change.doc);
  for (std::size_t i = 0; i < cells.size(); ++i) put->bind(static_cast<int>(i + 3), cells[i]);
  return put->run();
}

Result<void> Sqlite::apply_all(const std::vector<JournalBatch>& batches, JournalHead& head) {
  for (const JournalBatch& batch : batches) {
    if (batch.turn <= head.turn) continue;
    for (const RowChange& change : batch.rows) TRY(apply(change));
    head.turn = batch.turn;
    if (batch.last_seq != 0) head.seq = batch.last_seq;
  }
  return write_head(head);
}

Result<void> Sqlite::commit(const std::vector<JournalBatch>& batches) {
  const std::lock_guard lock(mutex_);
  const bool news = std::ranges::any_of(batches, [&](const JournalBatch& batch) { return batch.turn > head_.turn; });
  if (!news) return {};
  JournalHead head = head_;
  TRY(in_transaction([&] { return apply_all(batches, head); }));
  head_ = head;
  for (const JournalBatch& batch : batches) rows_written_ += batch.rows.size();
  return {};
}

Result<Page> Sqlite::list(const Query& query) const {
  const TableSpec* table = TRY(checked(specs_, query));
  const std::optional<Position> after = TRY(position_of(*table, query));
  const Lent reader(*this);
  const auto read = [&]() -> Result<Page> {
    Page page;
    if (query.count) {
      const journal_sql::Statement count = journal_sql::count_rows(kSqlite, *table, query);
      SqliteStatement* counted = TRY(prepared(*reader, count));
      if (TRY(counted->step())) page.total = static_cast<std::uint64_t>(counted->integer(0));
      counted->reset();
    }
    Position last;
    for (const journal_sql::Statement& statement : journal_sql::select_rows(kSqlite, *table, query, after)) {
      if (query.limit == 0 || !page.next.empty()) break;
      SqliteStatement* rows = TRY(prepared(*reader, statement));
      const std::size_t wanted = query.limit - page.rows.size() + 1;  // one more tells that there is another page
      rows->bind(static_cast<int>(statement.values.size() + 1), static_cast<std::int64_t>(std::min<std::size_t>(wanted, INT64_MAX)));
      while (TRY(rows->step())) {
        if (page.rows.size() == query.limit) {
          page.next = cursor_of(query, last);
          rows->reset();
          break;
        }
        page.rows.push_back({rows->text(0), rows->text(1)});
        last = {query.order == "key" ? Cell{} : rows->cell(2), page.rows.back().key};
      }
    }
    return page;
  };
  TRY(reader->run("BEGIN"));  // count and rows of one moment
  Result<Page> page = read();
  TRY(reader->run("COMMIT"));
  return page;
}

Result<std::optional<Row>> Sqlite::find(std::string_view table, std::string_view key) const {
  const TableSpec* spec = table_named(specs_, table);
  if (spec == nullptr) return fail(errors::kBadField, "`" + std::string(table) + "` is not a table of the journal");
  const Lent reader(*this);
  SqliteStatement* row = TRY(reader->prepared(journal_sql::find_row(kSqlite, *spec)));
  row->bind_text(1, key);
  if (!TRY(row->step())) return std::optional<Row>{};
  std::optional<Row> found{{row->text(0), row->text(1)}};
  row->reset();
  return found;
}

Result<JournalHead> Sqlite::head() const {
  const std::lock_guard lock(mutex_);
  return head_;
}

Result<void> Sqlite::set_epoch(const std::string& epoch) {
  const std::lock_guard lock(mutex_);
  JournalHead head = head_;
  head.epoch = epoch;
  TRY(in_transaction([&] { return write_head(head); }));
  head_ = head;
  return writer_->sync_wal();
}

Result<void> Sqlite::sync() {
  const std::lock_guard lock(mutex_);
  if (rows_written_ >= 2 * rows_measured_) TRY(measure());
  return writer_->sync_wal();
}

Result<void> Sqlite::backup(const std::string& file) const {
  const auto reader = TRY(SqliteDatabase::open(file_, SqliteDatabase::Use::read));
  TRY(reader->copy_to(file));
  return sync_folder(folder_of(file));
}

Result<void> Sqlite::fill(const JournalHead& head, const JournalRows& rows) {
  const std::lock_guard lock(mutex_);
  TRY(in_transaction([&]() -> Result<void> {
    TRY(rows([&](const std::vector<RowChange>& piece) -> Result<void> {
      for (const RowChange& change : piece) TRY(apply(change));
      return {};
    }));
    return write_head(head);
  }));
  head_ = head;
  readers_.clear();
  return writer_->run(
      "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE");  // one file, synced, that can be copied
}

Result<void> Sqlite::give(const TakeRows& take) const {
  const Lent reader(*this);
  for (const TableSpec& table : specs_) {
    SqliteStatement* row = TRY(reader->prepared(journal_sql::all_rows(table)));
    std::vector<RowChange> piece;
    while (TRY(row->step())) {
      RowChange change{table.name, row->text(0), false, {}, row->text(1)};
      for (std::size_t i = 0; i < table.columns.size(); ++i) {
        Cell cell = row->cell(static_cast<int>(i + 2));
        if (!std::holds_alternative<std::monostate>(cell))
          change.columns.emplace_back(table.columns[i].name, std::move(cell));
      }
      piece.push_back(std::move(change));
      if (piece.size() < kRowsOfPiece) continue;
      TRY(take(piece));
      piece.clear();
    }
    if (!piece.empty()) TRY(take(piece));
  }
  return {};
}

}  // namespace

Result<void> write_journal_file(const std::string& file, const std::vector<TableSpec>& tables,
                                JournalSqliteOptions options, const JournalHead& head, const JournalRows& rows) {
  {
    Sqlite journal(file, tables, options);
    TRY(journal.open());
    TRY(journal.fill(head, rows));
  }
  return sync_folder(folder_of(file));
}

Result<JournalHead> read_journal_file(const std::string& file, const std::vector<TableSpec>& tables,
                                      JournalSqliteOptions options, const TakeRows& take) {
  Sqlite journal(file, tables, options);
  TRY(journal.open());
  TRY(journal.give(take));
  return journal.head();
}

Result<std::uint64_t> renew_epoch(const std::string& file) {
  const auto database = TRY(SqliteDatabase::open(file, SqliteDatabase::Use::write));
  SqliteStatement* renew = TRY(database->prepared("UPDATE meta SET epoch = ? WHERE one = 1"));
  const std::string epoch = random_hex(8);
  renew->bind_text(1, epoch);
  TRY(renew->run());
  const std::int64_t turn = TRY(database->number("SELECT turn FROM meta WHERE one = 1"));
  TRY(database->run("PRAGMA wal_checkpoint(TRUNCATE)"));
  return static_cast<std::uint64_t>(turn);
}

Result<std::unique_ptr<JournalSqlite>> JournalSqlite::create(const std::string& file, std::vector<TableSpec> tables, JournalSqliteOptions options) {
  check_specs(tables);
  auto journal = std::make_unique<Sqlite>(file, std::move(tables), options);
  TRY(journal->open());
  return Result<std::unique_ptr<JournalSqlite>>(std::move(journal));
}

}  // namespace cityloop
