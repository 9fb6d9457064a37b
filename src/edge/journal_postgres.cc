// SPDX-License-Identifier: Apache-2.0
#include "edge/journal_postgres.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "edge/journal_query.h"
#include "edge/journal_sql.h"
#include "edge/journal_sqlite.h"
#include "edge/postgres_session.h"
#include "edge/secrets.h"

namespace cityloop {
namespace {

using Session = std::unique_ptr<PostgresSession>;
using Wanted = PostgresSession::Wanted;

constexpr auto kPostgres = journal_sql::Dialect::postgres;

// `writer` says who wrote last; the check ends every transaction of a server whose number is no longer the fence.
constexpr const char* kMeta =
    "CREATE TABLE IF NOT EXISTS meta (one INTEGER PRIMARY KEY, turn BIGINT NOT NULL, seq BIGINT NOT NULL, epoch TEXT "
    "NOT NULL, schema BIGINT NOT NULL, "
    "city TEXT NOT NULL, fence BIGINT NOT NULL, writer BIGINT NOT NULL, CONSTRAINT meta_fenced CHECK (writer = fence))";
constexpr const char* kReadMeta = "SELECT turn, seq, epoch, schema, city, fence FROM meta WHERE one = 1";
constexpr const char* kWriteMeta =
    "UPDATE meta SET turn = $1, seq = $2, epoch = $3, schema = $4, writer = $5 WHERE one = 1";
// One lock a schema; the first word says whose locks these are.
constexpr const char* kLock = "SELECT pg_try_advisory_lock(1128879193, hashtext(current_schema()))";
constexpr const char* kHolder =
    "SELECT l.pid, coalesce(host(a.client_addr), 'this machine'), a.backend_start::timestamptz(0)::text FROM pg_locks "
    "l LEFT JOIN pg_stat_activity a ON a.pid = l.pid "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = 1128879193 AND "
    "l.objid = (hashtext(current_schema())::bigint & 4294967295)::oid AND l.database = (SELECT oid FROM pg_database "
    "WHERE datname = current_database())";
constexpr Millis kLockPause{100};
constexpr Millis kAwayPause =
    std::chrono::seconds(1);  // so that not every caller waits for a server that does not answer
constexpr Millis kAgainPatience =
    std::chrono::seconds(3);  // for our own former session to end, before the caller is asked to come again

// Whole index entries must fit a third of a page, so a longer text is compared by its beginning and its digest.
constexpr std::size_t kComparedBytes = 800;

PostgresValue compared(std::string text) {
  if (text.size() > kComparedBytes) {
    const std::string digest = sha256_hex(text);
    text.resize(kComparedBytes - digest.size() - 1);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80)
      text.pop_back();  // no half character
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0) text.pop_back();
    text += '~' + digest;
  }
  return postgres_text(std::move(text));
}

PostgresValue number(std::uint64_t value) { return std::to_string(value); }

PostgresValue value_of(const Cell& cell) {
  if (std::holds_alternative<std::monostate>(cell)) return std::nullopt;
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&cell)) {
    char text[32];
    std::snprintf(text, sizeof text, "%.17g", *real);
    return std::string(text);
  }
  return compared(std::get<std::string>(cell));
}

Cell cell_of(const PostgresResult& result, int row, int column, ColumnSpec::Type type) {
  if (result.is_null(row, column)) return {};
  if (type == ColumnSpec::Type::integer) return result.integer(row, column);
  if (type == ColumnSpec::Type::real) return std::strtod(std::string(result.at(row, column)).c_str(), nullptr);
  return text_of_postgres(result.at(row, column));
}

std::vector<PostgresValue> values_of(const journal_sql::Statement& statement) {
  std::vector<PostgresValue> values;
  for (const auto& [cell, bytes] : statement.values) values.push_back(value_of(cell));
  return values;
}

Error away(const Error& why) { return fail(errors::kNotReady, "the journal's database is away: " + why.detail); }

struct Meta {
  JournalHead head;
  std::uint32_t schema = 0;
  std::string city;
  std::int64_t fence = 0;
};

Result<std::optional<Meta>> read_meta(PostgresSession& session) {
  const PostgresResult found = TRY(session.ask(kReadMeta));
  if (found.rows() == 0) return std::optional<Meta>{};
  return std::optional<Meta>{{{static_cast<std::uint64_t>(found.integer(0, 0)),
                               static_cast<std::uint64_t>(found.integer(0, 1)), std::string(found.at(0, 2))},
                              static_cast<std::uint32_t>(found.integer(0, 3)),
                              std::string(found.at(0, 4)),
                              found.integer(0, 5)}};
}

class Postgres final : public JournalPostgres {
 public:
  Postgres(std::vector<TableSpec> specs, JournalPostgresOptions options)
      : specs_(std::move(specs)), options_(std::move(options)), readers_(std::max<std::size_t>(1, options_.readers)) {}

  Result<void> take_over();
  Result<void> look_in();
  Result<void> commit(const std::vector<JournalBatch>& batches) override;
  Result<Page> list(const Query& query) const override;
  Result<std::optional<Row>> find(std::string_view table, std::string_view key) const override;
  Result<JournalHead> head() const override;
  Result<void> set_epoch(const std::string& epoch) override;
  Result<void> sync() override;
  Result<void> backup(const std::string& file) const override;
  Result<void> fill(const JournalHead& head, const JournalRows& rows) override;

 private:
  Result<Session> open_locked(Millis patience) const;
  Result<Meta> check_fence(PostgresSession& session) const;
  Result<void> come_back();
  Result<void> grow_schema();
  Result<void> apply(const RowChange& change);
  Result<void> apply_all(const std::vector<JournalBatch>& batches, JournalHead& head);
  Result<void> try_write(const std::function<Result<void>()>& work);
  void send_head(const JournalHead& head);
  template <class T>
  Result<T> read(const std::function<Result<T>(PostgresSession&)>& work) const;

  const std::vector<TableSpec> specs_;
  const JournalPostgresOptions options_;
  mutable std::mutex mutex_;  // writer_ to fence_
  Session writer_;            // null while the connection is lost
  int backend_ = 0;           // of the last one
  JournalHead head_;
  std::int64_t fence_ = 0;  // 0: reads only
  mutable std::mutex readers_mutex_;
  mutable std::condition_variable reader_free_;
  mutable std::chrono::steady_clock::time_point away_until_{};  // until then nobody asks it again
  mutable std::vector<Session> readers_;                        // those that are free; null: to be made
};

// ---- taking it over, and coming back -----------------------------------------------------------------------------

// A session that holds the lock. After a lost connection our own last backend may hold it still, not knowing that we
// are gone: it is ended.
Result<Session> Postgres::open_locked(Millis patience) const {
  const auto until = std::chrono::steady_clock::now() + patience;
  auto opened = PostgresSession::open(options_.url, PostgresSession::Use::write);
  while (!opened && PostgresSession::is_coming_up(options_.url) && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(kLockPause);
    opened = PostgresSession::open(options_.url, PostgresSession::Use::write);
  }
  Session session = TRY(std::move(opened));
  for (;;) {
    if (TRY(session->ask(kLock)).at(0, 0) == "t") return session;
    if (fence_ != 0) TRY(check_fence(*session));
    const PostgresResult holder = TRY(session->ask(kHolder));
    if (fence_ != 0 && holder.rows() > 0 && holder.integer(0, 0) == backend_) {
      TRY(session->ask("SELECT pg_terminate_backend($1::integer)", {std::to_string(backend_)}));
    }
    if (std::chrono::steady_clock::now() >= until) {
      const std::string who = holder.rows() == 0
                                  ? ""
                                  : ": backend " + std::string(holder.at(0, 0)) + " of " +
                                        std::string(holder.at(0, 1)) + ", since " + std::string(holder.at(0, 2));
      return fail(fence_ != 0 ? errors::kNotReady : errors::kHeld, "another server writes to this journal" + who);
    }
    std::this_thread::sleep_for(kLockPause);
  }
}

// kHeld when somebody wrote, or was about to, since we held the lock.
Result<Meta> Postgres::check_fence(PostgresSession& session) const {
  std::optional<Meta> found = TRY(read_meta(session));
  if (found && found->fence == fence_ && found->city == options_.city) return *std::move(found);
  return fail(
      errors::kHeld,
      "another server has taken the journal over while the connection was lost; this one may never write to it again");
}

Result<void> Postgres::take_over() {
  writer_ = TRY(open_locked(options_.lock_patience));
  backend_ = writer_->backend();
  TRY(writer_->ask("BEGIN"));
  TRY(grow_schema());
  TRY(writer_->ask("COMMIT"));
  return {};
}

Result<void> Postgres::grow_schema() {
  if (TRY(writer_->ask("SELECT current_schema()")).is_null(0, 0))
    return fail(errors::kUsage, "the database has no schema for us: the first one of search_path is not there");
  TRY(writer_->ask(kMeta));
  const std::optional<Meta> found = TRY(read_meta(*writer_));
  if (found && found->schema > options_.schema)
    return fail(errors::kNewerData, "the journal was written by a newer program: use that one");
  if (found && found->head.turn > 0 && found->city != options_.city) {
    return fail(errors::kUsage,
                "this database holds the journal of another data folder: name an empty database, or another schema "
                "(`?options=-csearch_path%3DNAME`)");
  }
  for (const TableSpec& table : specs_) {
    const PostgresResult columns = TRY(writer_->ask(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1",
        {table.name}));
    std::vector<std::string_view> have;
    have.reserve(static_cast<std::size_t>(columns.rows()));
    for (int i = 0; i < columns.rows(); ++i) have.push_back(columns.at(i, 0));
    if (have.empty()) writer_->send(journal_sql::create_table(kPostgres, table));
    for (const ColumnSpec& column : table.columns) {
      if (!have.empty() && std::ranges::find(have, column.name) == have.end())
        writer_->send(journal_sql::add_column(kPostgres, table, column));
    }
    for (const std::string& index : journal_sql::create_indexes(kPostgres, table)) writer_->send(index);
    TRY(writer_->finish());
  }
  head_ = found ? found->head : JournalHead{0, 0, random_hex(8)};
  fence_ = (found ? found->fence : 0) + 1;
  TRY(
      writer_->ask("INSERT INTO meta (one, turn, seq, epoch, schema, city, fence, writer) VALUES (1, $1, $2, $3, $4, "
                   "$5, $6, $6) ON CONFLICT (one) DO UPDATE SET "
                   "schema = excluded.schema, city = excluded.city, fence = excluded.fence, writer = excluded.writer",
                   {number(head_.turn), number(head_.seq), head_.epoch, number(options_.schema), options_.city,
                    std::to_string(fence_)}));
  return {};
}

Result<void> Postgres::look_in() {
  Session session = TRY(PostgresSession::open(options_.url, PostgresSession::Use::read));
  const std::optional<Meta> found = TRY(read_meta(*session));
  if (!found || found->city != options_.city)
    return fail(errors::kUsage, "the database does not hold this folder's journal");
  if (found->schema > options_.schema)
    return fail(errors::kNewerData, "the journal was written by a newer program: use that one");
  readers_.back() = std::move(session);
  return {};
}

// After a lost connection. The lock says that our former session is over, so what it had under way is decided; the
// fence, that nobody wrote in between; the turn, how far we came.
Result<void> Postgres::come_back() {
  Result<void> back = [this]() -> Result<void> {
    Session session = TRY(open_locked(kAgainPatience));
    const JournalHead there = TRY(check_fence(*session)).head;
    if (there.turn < head_.turn) {
      return fail(errors::kCorrupt, "the database went back from turn " + std::to_string(head_.turn) + " to " +
                                        std::to_string(there.turn) +
                                        " (a standby that was behind, or synchronous_commit off)");
    }
    const PostgresResult drawn =
        TRY(session->ask("UPDATE meta SET fence = fence + 1, writer = fence + 1 WHERE one = 1 RETURNING fence"));
    fence_ = drawn.integer(0, 0);
    head_ = there;
    writer_ = std::move(session);
    backend_ = writer_->backend();
    return {};
  }();
  if (!back && back.error().code == &errors::kNotReady) return away(back.error());
  return back;
}

// ---- writing -----------------------------------------------------------------------------------------------------

void Postgres::send_head(const JournalHead& head) {
  writer_->send_prepared(
      kWriteMeta, {number(head.turn), number(head.seq), head.epoch, number(options_.schema), std::to_string(fence_)});
}

Result<void> Postgres::apply(const RowChange& change) {
  const TableSpec* table = table_named(specs_, change.table);
  if (table == nullptr) return fail(errors::kInternal, "the journal has no table `" + change.table + "`");
  if (change.removed) {
    writer_->send_prepared(journal_sql::remove_row(kPostgres, *table), {compared(change.key)});
    return {};
  }
  std::vector<PostgresValue> values(table->columns.size() + 2);
  values[0] = compared(change.key);
  values[1] = postgres_text(change.doc);
  for (const auto& [name, cell] : change.columns) {
    const ColumnSpec* column = column_named(*table, name);
    if (column == nullptr) return fail(errors::kInternal, "`" + change.table + "` has no column `" + name + "`");
    const Cell fit = TRY(fitted(*column, cell));
    const auto* text = std::get_if<std::string>(&fit);
    const bool searched = text != nullptr && !column->indexed && !column->unique;  // whole: nothing limits it
    values[static_cast<std::size_t>(column - table->columns.data()) + 2] =
        searched ? PostgresValue(postgres_text(*text)) : value_of(fit);
  }
  writer_->send_prepared(journal_sql::put_row(kPostgres, *table), values);
  return {};
}

Result<void> Postgres::apply_all(const std::vector<JournalBatch>& batches, JournalHead& head) {
  JournalHead after = head;
  for (const JournalBatch& batch : batches) {
    if (batch.turn <= after.turn) continue;
    after.turn = batch.turn;
    if (batch.last_seq != 0) after.seq = batch.last_seq;
  }
  send_head(after);  // first: whoever is fenced off is stopped before it touches a row
  std::uint64_t turn = head.turn;
  for (const JournalBatch& batch : batches) {
    if (batch.turn <= turn) continue;
    turn = batch.turn;
    for (const RowChange& change : batch.rows) TRY(apply(change));
  }
  head = after;
  return {};
}

// `work` sends one transaction's commands; nothing of them counts when it fails.
Result<void> Postgres::try_write(const std::function<Result<void>()>& work) {
  writer_->send("BEGIN");
  Result<void> sent = work();
  writer_->send(sent ? "COMMIT" : "ROLLBACK");
  const auto done = writer_->finish();
  if (!sent) return sent;
  if (done) return {};
  if (done.error().code == &errors::kNotReady) {  // whether it arrived, the next session finds out
    writer_.reset();
    return away(done.error());
  }
  return done.error();
}

Result<void> Postgres::commit(const std::vector<JournalBatch>& batches) {
  const std::lock_guard lock(mutex_);
  if (fence_ == 0) return fail(errors::kInternal, "this journal was opened for reading");
  const auto is_news = [&] {
    return std::ranges::any_of(batches, [&](const JournalBatch& batch) { return batch.turn > head_.turn; });
  };
  Result<void> outcome;
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (!is_news()) return {};
    if (!writer_) TRY(come_back());
    if (!is_news()) return {};  // it had arrived
    JournalHead head = head_;
    outcome = try_write([&] { return apply_all(batches, head); });
    if (outcome) head_ = head;
    if (outcome || outcome.error().code != &errors::kNotReady) return outcome;
  }
  return outcome;
}

Result<void> Postgres::set_epoch(const std::string& epoch) {
  const std::lock_guard lock(mutex_);
  if (!writer_) TRY(come_back());
  JournalHead head = head_;
  head.epoch = epoch;
  TRY(try_write([&]() -> Result<void> {
    send_head(head);
    return {};
  }));
  head_ = head;
  return {};
}

// A transaction that waits for the disk, behind all others, also where the database's own setting does not wait.
Result<void> Postgres::sync() {
  const std::lock_guard lock(mutex_);
  if (!writer_) TRY(come_back());
  return try_write([&]() -> Result<void> {
    writer_->send("SET LOCAL synchronous_commit = on");
    send_head(head_);
    return {};
  });
}

Result<void> Postgres::fill(const JournalHead& head, const JournalRows& rows) {
  const std::lock_guard lock(mutex_);
  if (head_.turn != 0)
    return fail(errors::kConflict, "the database's journal is not empty: name an empty database, or another schema");
  writer_->send("BEGIN");
  Result<void> given = rows([&](const std::vector<RowChange>& piece) -> Result<void> {
    for (const RowChange& change : piece) TRY(apply(change));
    TRY(writer_->finish());
    return {};
  });
  if (!given) {
    (void)writer_->ask("ROLLBACK");
    return given;
  }
  send_head(head);
  writer_->send("COMMIT");
  TRY(writer_->finish());
  head_ = head;
  writer_->send("ANALYZE");
  TRY(writer_->finish());
  return {};
}

// ---- reading -----------------------------------------------------------------------------------------------------

// Lends a session for the length of one call; one that turns out to be dead is replaced, once. A failure to reach the
// database is told to the others, who would only wait for the same.
template <class T>
Result<T> Postgres::read(const std::function<Result<T>(PostgresSession&)>& work) const {
  Session session;
  {
    std::unique_lock lock(readers_mutex_);
    reader_free_.wait(lock, [&] { return !readers_.empty(); });
    if (std::chrono::steady_clock::now() < away_until_) {
      reader_free_.notify_one();  // the session that we were called for
      return fail(errors::kNotReady, "the journal's database is away");
    }
    const auto open = std::ranges::find_if(readers_, [](const Session& each) { return each != nullptr; });
    std::swap(open == readers_.end() ? readers_.back() : *open, readers_.back());
    session = std::move(readers_.back());
    readers_.pop_back();
  }
  const auto attempt = [&]() -> Result<T> {
    if (!session) session = TRY(PostgresSession::open(options_.url, PostgresSession::Use::read));
    Result<T> outcome = work(*session);
    if (!outcome && outcome.error().code == &errors::kNotReady) session.reset();
    return outcome;
  };
  const bool was_open = session != nullptr;
  Result<T> outcome = attempt();
  if (!outcome && !session && was_open) outcome = attempt();
  {
    const std::lock_guard lock(readers_mutex_);
    if (!outcome && outcome.error().code == &errors::kNotReady)
      away_until_ = std::chrono::steady_clock::now() + kAwayPause;
    readers_.push_back(std::move(session));
  }
  reader_free_.notify_one();
  if (!outcome && outcome.error().code == &errors::kNotReady) return away(outcome.error());
  return outcome;
}

Result<Page> Postgres::list(const Query& query) const {
  const TableSpec* table = TRY(checked(specs_, query));
  const std::optional<Position> after = TRY(position_of(*table, query));
  const ColumnSpec* order = column_named(*table, query.order);
  return read<Page>([&](PostgresSession& session) -> Result<Page> {
    const std::vector<journal_sql::Statement> statements = journal_sql::select_rows(kPostgres, *table, query, after);
    const std::size_t wanted =
        std::min<std::size_t>(query.limit, INT64_MAX - 1) + 1;  // one more tells that there is another page
    session.send("BEGIN ISOLATION LEVEL REPEATABLE READ");      // count and rows of one moment
    if (query.count) {
      const journal_sql::Statement count = journal_sql::count_rows(kPostgres, *table, query);
      session.send(count.sql, values_of(count), Wanted::result);
    }
    for (const journal_sql::Statement& statement : statements) {
      if (query.limit == 0) break;
      std::vector<PostgresValue> values = values_of(statement);
      values.push_back(number(wanted));
      session.send(statement.sql, values, Wanted::result);
    }
    session.send("COMMIT");
    const std::vector<PostgresResult> results = TRY(session.finish());
    Page page;
    Position last;
    bool counted = !query.count;
    for (const PostgresResult& result : results) {
      if (!counted) page.total = static_cast<std::uint64_t>(result.integer(0, 0));
      for (int row = 0; counted && page.next.empty() && row < result.rows(); ++row) {
        if (page.rows.size() == query.limit) {
          page.next = cursor_of(query, last);
          break;
        }
        page.rows.push_back({text_of_postgres(result.at(row, 0)), text_of_postgres(result.at(row, 1))});
        last = {order == nullptr ? Cell{} : cell_of(result, row, 2, order->type), page.rows.back().key};
      }
      counted = true;
    }
    return page;
  });
}

Result<std::optional<Row>> Postgres::find(std::string_view table, std::string_view key) const {
  const TableSpec* spec = table_named(specs_, table);
  if (spec == nullptr) return fail(errors::kBadField, "`" + std::string(table) + "` is not a table of the journal");
  return read<std::optional<Row>>([&](PostgresSession& session) -> Result<std::optional<Row>> {
    session.send_prepared(journal_sql::find_row(kPostgres, *spec), {compared(std::string(key))}, Wanted::result);
    const std::vector<PostgresResult> results = TRY(session.finish());
    if (results[0].rows() == 0) return std::optional<Row>{};
    return std::optional<Row>{{text_of_postgres(results[0].at(0, 0)), text_of_postgres(results[0].at(0, 1))}};
  });
}

Result<JournalHead> Postgres::head() const {
  {
    const std::lock_guard lock(mutex_);
    if (fence_ != 0) return head_;
  }
  return read<JournalHead>([](PostgresSession& session) -> Result<JournalHead> {
    const std::optional<Meta> meta = TRY(read_meta(session));
    if (!meta) return fail(errors::kCorrupt, "the journal has no head");
    return meta->head;
  });
}

// A backup is the same file whatever the store: the journal as of one moment, in SQLite's form.
Result<void> Postgres::backup(const std::string& file) const {
  Session session = TRY(PostgresSession::open(options_.url, PostgresSession::Use::read));
  TRY(session->ask("SET statement_timeout = 0"));
  TRY(session->ask("BEGIN ISOLATION LEVEL REPEATABLE READ"));
  const std::optional<Meta> meta = TRY(read_meta(*session));
  if (!meta) return fail(errors::kCorrupt, "the journal has no head");
  return write_journal_file(file, specs_, {options_.schema}, meta->head, [&](const TakeRows& take) -> Result<void> {
    for (const TableSpec& table : specs_) {
      TRY(session->ask("DECLARE rows NO SCROLL CURSOR FOR " + journal_sql::all_rows(table)));
      for (;;) {
        const PostgresResult piece = TRY(session->ask("FETCH " + std::to_string(kRowsOfPiece) + " FROM rows"));
        if (piece.rows() == 0) break;
        std::vector<RowChange> rows;
        for (int row = 0; row < piece.rows(); ++row) {
          RowChange change{
              table.name, text_of_postgres(piece.at(row, 0)), false, {}, text_of_postgres(piece.at(row, 1))};
          for (std::size_t i = 0; i < table.columns.size(); ++i) {
            Cell cell = cell_of(piece, row, static_cast<int>(i + 2), table.columns[i].type);
            if (!std::holds_alternative<std::monostate>(cell))
              change.columns.emplace_back(table.columns[i].name, std::move(cell));
          }
          rows.push_back(std::move(change));
        }
        TRY(take(rows));
      }
      TRY(session->ask("CLOSE rows"));
    }
    return {};
  });
}

}  // namespace

Result<std::unique_ptr<JournalPostgres>> JournalPostgres::create(std::vector<TableSpec> tables,
                                                                 JournalPostgresOptions options) {
  check_specs(tables);
  auto journal = std::make_unique<Postgres>(std::move(tables), std::move(options));
  TRY(journal->take_over());
  return Result<std::unique_ptr<JournalPostgres>>(std::move(journal));
}

Result<std::unique_ptr<JournalPostgres>> JournalPostgres::open_to_read(std::vector<TableSpec> tables,
                                                                       JournalPostgresOptions options) {
  check_specs(tables);
  auto journal = std::make_unique<Postgres>(std::move(tables), std::move(options));
  TRY(journal->look_in());
  return Result<std::unique_ptr<JournalPostgres>>(std::move(journal));
}

}  // namespace cityloop
