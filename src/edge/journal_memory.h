// SPDX-License-Identifier: Apache-2.0
// The Journal in ordered maps, for tests and simulation; answers exactly as journal_sqlite does (journal_query.h).
// Any thread. A simulated loss of power may undo the commits since the last sync().
#pragma once

#include <map>
#include <mutex>

#include "city/ports.h"

namespace cityloop {

class JournalMemory final : public Journal {
 public:
  enum class Losses : std::uint8_t { never, possible };  // possible: remembers how to undo what is not synced
  explicit JournalMemory(std::vector<TableSpec> tables, Losses losses = Losses::never);

  Result<void> commit(const std::vector<JournalBatch>& batches) override;
  Result<Page> list(const Query& query) const override;
  Result<std::optional<Row>> find(std::string_view table, std::string_view key) const override;
  Result<JournalHead> head() const override;
  Result<void> set_epoch(const std::string& epoch) override;
  Result<void> sync() override;
  Result<void> backup(const std::string& file) const override;  // kInternal: there is no file to copy

  void drop_unsynced();  // back to the last sync()

  std::size_t size(std::string_view table) const;

 private:
  struct Stored {
    std::vector<Cell> cells;  // one a column of the spec
    std::string doc;
  };
  struct Table {
    std::map<std::string, Stored, std::less<>> rows;
    std::vector<std::map<Cell, std::string>> unique;  // one a column; only unique columns are filled
  };
  struct Undo {
    std::size_t table;
    std::string key;
    std::optional<Stored> before;
  };
  Result<void> apply(const RowChange& change, std::vector<Undo>& undo);
  Result<void> put(std::size_t table, const std::string& key, std::optional<Stored> row);

  void take_back(std::vector<Undo>& undo);

  const std::vector<TableSpec> specs_;
  const Losses losses_;
  mutable std::mutex mutex_;
  std::vector<Table> tables_;  // as specs_
  JournalHead head_{0, 0, "first"};
  std::vector<Undo> unsynced_;
  JournalHead synced_head_ = head_;
};

}  // namespace cityloop
