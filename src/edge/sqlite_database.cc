// SPDX-License-Identifier: Apache-2.0
#include "edge/sqlite_database.h"

#include <sqlite3.h>

namespace cityloop {
namespace {

constexpr std::size_t kPreparedKept = 256;  // shapes of queries; beyond this somebody varies them and all are forgotten

Error sqlite_error(sqlite3* database) {
  const int code = sqlite3_extended_errcode(database);
  const char* name = sqlite3_db_filename(database, "main");
  const std::string detail = std::string("the journal ") + (name == nullptr ? "" : name) + ": " + sqlite3_errmsg(database);
  switch (code & 0xff) {
    case SQLITE_FULL: return fail(errors::kNoSpace, detail);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return fail(errors::kCorrupt, detail + "; restore it from a backup");
    case SQLITE_CONSTRAINT: return fail(code == SQLITE_CONSTRAINT_UNIQUE ? errors::kConflict : errors::kInternal, detail);
    default: return fail(errors::kStorage, detail);
  }
}

}  // namespace

void SqliteClose::operator()(sqlite3* database) const { sqlite3_close_v2(database); }
void SqliteClose::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

void SqliteStatement::bind(int index, const Cell& cell) {
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) sqlite3_bind_int64(statement_.get(), index, *whole);
  else if (const auto* real = std::get_if<double>(&cell)) sqlite3_bind_double(statement_.get(), index, *real);
  else if (const auto* text = std::get_if<std::string>(&cell)) bind_text(index, *text);
  else sqlite3_bind_null(statement_.get(), index);
}

void SqliteStatement::bind_text(int index, std::string_view text) {
  const char* bytes = text.data() == nullptr ? "" : text.data();
  sqlite3_bind_text64(statement_.get(), index, bytes, text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void SqliteStatement::bind_blob(int index, std::string_view bytes) {
  if (bytes.empty()) sqlite3_bind_zeroblob(statement_.get(), index, 0);
  else sqlite3_bind_blob64(statement_.get(), index, bytes.data(), bytes.size(), SQLITE_STATIC);
}

Result<bool> SqliteStatement::step() {
  const int outcome = sqlite3_step(statement_.get());
  if (outcome == SQLITE_ROW) return true;
  if (outcome == SQLITE_DONE) {
    reset();
    return false;
  }
  const Error error = sqlite_error(sqlite3_db_handle(statement_.get()));
  reset();
  return error;
}

Result<void> SqliteStatement::run() {
  while (TRY(step())) {}
  return {};
}

void SqliteStatement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

Cell SqliteStatement::cell(int column) const {
  switch (sqlite3_column_type(statement_.get(), column)) {
    case SQLITE_INTEGER: return integer(column);
    case SQLITE_FLOAT: return sqlite3_column_double(statement_.get(), column);
    case SQLITE_NULL: return {};
    default: return text(column);
  }
}

std::string SqliteStatement::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

std::int64_t SqliteStatement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(const std::string& file, Use use) {
  const int access = use == Use::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* raw = nullptr;
  const int outcome = sqlite3_open_v2(file.c_str(), &raw, access | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(raw));
  if (outcome != SQLITE_OK) return fail(errors::kStorage, "cannot open the journal " + file + ": " + sqlite3_errmsg(raw));
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, 5'000);  // only while another connection recovers the WAL
  return database;
}

Result<void> SqliteDatabase::run(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return sqlite_error(database_.get());
  return {};
}

Result<SqliteStatement*> SqliteDatabase::prepared(const std::string& sql) {
  if (const auto kept = prepared_.find(sql); kept != prepared_.end()) return &kept->second;
  if (prepared_.size() >= kPreparedKept) prepared_.clear();
  sqlite3_stmt* raw = nullptr;
  const int outcome = sqlite3_prepare_v3(database_.get(), sql.c_str(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (outcome != SQLITE_OK) return sqlite_error(database_.get());
  return &prepared_.emplace(sql, SqliteStatement(raw)).first->second;
}

Result<std::int64_t> SqliteDatabase::number(const std::string& sql) {
  SqliteStatement* statement = TRY(prepared(sql));
  if (!TRY(statement->step())) return 0;
  const std::int64_t value = statement->integer(0);
  statement->reset();
  return value;
}

// A commit in WAL mode with synchronous=NORMAL is whole but not yet synced; what left the WAL was synced by the checkpoint
// that moved it. So syncing the WAL makes every commit durable.
Result<void> SqliteDatabase::sync_wal() {
  sqlite3_file* wal = nullptr;
  const int outcome = sqlite3_file_control(database_.get(), "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&wal));
  if (outcome != SQLITE_OK) return sqlite_error(database_.get());
  if (wal == nullptr || wal->pMethods == nullptr) return {};
  if (wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL) != SQLITE_OK) return fail(errors::kStorage, "the journal's WAL cannot be synced");
  return {};
}

Result<void> SqliteDatabase::copy_to(const std::string& file) {
  const std::unique_ptr<SqliteDatabase> copy = TRY(open(file, Use::write));
  sqlite3_backup* backup = sqlite3_backup_init(copy->database_.get(), "main", database_.get(), "main");
  if (backup == nullptr) return sqlite_error(copy->database_.get());
  sqlite3_backup_step(backup, -1);  // all pages in one read transaction
  if (sqlite3_backup_finish(backup) != SQLITE_OK) return sqlite_error(copy->database_.get());
  return {};
}

}  // namespace cityloop
