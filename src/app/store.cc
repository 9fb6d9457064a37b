// SPDX-License-Identifier: Apache-2.0
#include "app/store.h"

#include "city/version.h"
#include "core/json.h"
#include "edge/journal_postgres.h"
#include "edge/journal_sqlite.h"
#include "edge/postgres_session.h"
#include "edge/secrets.h"
#include "serve/project.h"

namespace cityloop {
namespace {

constexpr std::uint64_t kMarkMost = 64u << 10;

struct Mark {        // store.json
  std::string url;   // without its password
  std::string city;  // the folder's name in the database: drawn when the folder is made
};

std::string mark_file(const std::string& folder) { return folder + "/store.json"; }
std::string journal_file(const std::string& folder) { return folder + "/journal.db"; }

Result<std::optional<Mark>> read_mark(const std::string& folder) {
  const std::string file = mark_file(folder);
  if (!exists(file)) return std::optional<Mark>{};
  const auto value = parse_json(TRY(read_file(file, kMarkMost)));
  Mark mark;
  if (value && value->is_object())
    mark = {text_or(value->as_object(), "postgres"), text_or(value->as_object(), "city")};
  if (mark.url.empty() || mark.city.empty())
    return fail(errors::kCorrupt, file + " is damaged: it says {\"postgres\": URL, \"city\": NAME}");
  return std::optional<Mark>(std::move(mark));
}

Result<void> write_mark(const std::string& folder, const std::string& url, const std::string& city) {
  return put_file(mark_file(folder),
                  json::serialize(json::object{{"postgres", TRY(without_password(url))}, {"city", city}}) + "\n");
}

Result<void> check_store(const std::string& store) {
  if (store.empty() || is_postgres_url(store)) return {};
  return fail(errors::kUsage,
              "the store is a URL `postgres://…`, or left out for a file in the data folder; got `" + store + "`");
}

JournalPostgresOptions options_of(const std::string& url, const std::string& city) {
  return {.url = url, .city = city, .schema = kSchemaVersion};
}

}  // namespace

Result<OpenStore> open_store(const std::string& folder, const std::string& store) {
  TRY(check_store(store));
  const std::optional<Mark> mark = TRY(read_mark(folder));
  if (!mark && store.empty())
    return OpenStore{TRY(JournalSqlite::create(journal_file(folder), tables(), {kSchemaVersion})), false};
  if (!mark && exists(journal_file(folder))) {
    return fail(errors::kUsage, folder +
                                    " keeps its journal in journal.db; to move it take a backup and restore that with "
                                    "--store into a new folder");
  }
  const std::string city = mark ? mark->city : random_hex(8);
  const std::string& url = store.empty() ? mark->url : store;
  auto journal = JournalPostgres::create(tables(), options_of(url, city));
  if (!journal && journal.error().code == &errors::kNotReady)
    return fail(errors::kStorage, journal.error().detail);  // at a start nothing comes again
  OpenStore open{TRY(std::move(journal)), true};
  if (!mark || mark->url != TRY(without_password(url)))
    TRY(write_mark(folder, url, city));  // while the database is still empty, or has been found to be ours
  return open;
}

Result<std::unique_ptr<Journal>> open_store_to_read(const std::string& folder) {
  const std::optional<Mark> mark = TRY(read_mark(folder));
  if (mark)
    return Result<std::unique_ptr<Journal>>(
        TRY(JournalPostgres::open_to_read(tables(), options_of(mark->url, mark->city))));
  if (!exists(journal_file(folder))) return fail(errors::kUsage, "there is no city in " + folder);
  return Result<std::unique_ptr<Journal>>(
      TRY(JournalSqlite::create(journal_file(folder), tables(), {kSchemaVersion, 1})));
}

Result<BackupReport> restore_into(const std::string& backup, const std::string& folder, const std::string& store,
                                  Time now) {
  TRY(check_store(store));
  if (store.empty()) return restore_city(backup, folder, now);
  // The folder appears when the database is filled. Should it stop in between, the database must be emptied before the
  // next try.
  return restore_city(backup, folder, now, [&](const std::string& part) -> Result<void> {
    const std::string file = journal_file(part), city = random_hex(8);
    const auto journal = TRY(JournalPostgres::create(tables(), options_of(store, city)));
    const JournalHead head = TRY(read_journal_file(file, tables(), {kSchemaVersion, 1},
                                                   [](const std::vector<RowChange>&) -> Result<void> { return {}; }));
    TRY(journal->fill(head, [&](const TakeRows& take) -> Result<void> {
      TRY(read_journal_file(file, tables(), {kSchemaVersion, 1}, take));
      return {};
    }));
    TRY(journal->sync());
    TRY(write_mark(part, store, city));
    for (const char* end : {"", "-wal", "-shm"}) TRY(remove_file(file + end));
    return {};
  });
}

}  // namespace cityloop
