// SPDX-License-Identifier: Apache-2.0
#include "edge/journal_memory.h"

#include <algorithm>
#include <ranges>

#include "edge/journal_query.h"

namespace cityloop {
namespace {

bool is_compared(const Cell& cell) {
  const auto* text = std::get_if<std::string>(&cell);
  return !std::holds_alternative<std::monostate>(cell) && (text == nullptr || !text->empty());
}

std::size_t column_index(const TableSpec& spec, std::string_view name) {
  return static_cast<std::size_t>(column_named(spec, name) - spec.columns.data());
}

}  // namespace

JournalMemory::JournalMemory(std::vector<TableSpec> tables, Losses losses) : specs_(std::move(tables)), losses_(losses) {
  check_specs(specs_);
  for (const TableSpec& spec : specs_) tables_.push_back({{}, std::vector<std::map<Cell, std::string>>(spec.columns.size())});
}

// Replaces or removes one row; nothing changes when a unique column is violated.
Result<void> JournalMemory::put(std::size_t index, const std::string& key, std::optional<Stored> row) {
  const TableSpec& spec = specs_[index];
  Table& table = tables_[index];
  if (row) {
    for (std::size_t i = 0; i < spec.columns.size(); ++i) {
      if (!spec.columns[i].unique || !is_compared(row->cells[i])) continue;
      const auto holder = table.unique[i].find(row->cells[i]);
      if (holder != table.unique[i].end() && holder->second != key) {
        return fail(errors::kConflict, spec.name + "." + spec.columns[i].name + " of `" + key + "` is taken by `" + holder->second + "`");
      }
    }
  }
  if (const auto old = table.rows.find(key); old != table.rows.end()) {
    for (std::size_t i = 0; i < spec.columns.size(); ++i) {
      if (spec.columns[i].unique && is_compared(old->second.cells[i])) table.unique[i].erase(old->second.cells[i]);
    }
    table.rows.erase(old);
  }
  if (!row) return {};
  for (std::size_t i = 0; i < spec.columns.size(); ++i) {
    if (spec.columns[i].unique && is_compared(row->cells[i])) table.unique[i].emplace(row->cells[i], key);
  }
  table.rows.emplace(key, std::move(*row));
  return {};
}

Result<void> JournalMemory::apply(const RowChange& change, std::vector<Undo>& undo) {
  const TableSpec* spec = table_named(specs_, change.table);
  if (spec == nullptr) return fail(errors::kInternal, "the journal has no table `" + change.table + "`");
  const auto index = static_cast<std::size_t>(spec - specs_.data());
  std::optional<Stored> row;
  if (!change.removed) {
    row.emplace(std::vector<Cell>(spec->columns.size()), change.doc);
    for (const auto& [name, cell] : change.columns) {
      const ColumnSpec* column = column_named(*spec, name);
      if (column == nullptr) return fail(errors::kInternal, "`" + change.table + "` has no column `" + name + "`");
      row->cells[column_index(*spec, name)] = TRY(fitted(*column, cell));
    }
  }
  const auto old = tables_[index].rows.find(change.key);
  Undo step{index, change.key, old == tables_[index].rows.end() ? std::nullopt : std::optional(old->second)};
  TRY(put(index, change.key, std::move(row)));
  undo.push_back(std::move(step));
  return {};
}

Result<void> JournalMemory::commit(const std::vector<JournalBatch>& batches) {
  const std::lock_guard lock(mutex_);
  std::vector<Undo> undo;
  JournalHead head = head_;
  const auto apply_all = [&]() -> Result<void> {
    for (const JournalBatch& batch : batches) {
      if (batch.turn <= head.turn) continue;
      for (const RowChange& change : batch.rows) TRY(apply(change, undo));
      head.turn = batch.turn;
      if (batch.last_seq != 0) head.seq = batch.last_seq;
    }
    return {};
  };
  Result<void> outcome = apply_all();
  if (!outcome) {
    take_back(undo);
    return outcome;
  }
  head_ = head;
  if (losses_ == Losses::possible) std::ranges::move(undo, std::back_inserter(unsynced_));
  return {};
}

void JournalMemory::take_back(std::vector<Undo>& undo) {
  for (Undo& step : std::views::reverse(undo)) CHECK(put(step.table, step.key, std::move(step.before)).has_value());
  undo.clear();
}

Result<void> JournalMemory::sync() {
  const std::lock_guard lock(mutex_);
  unsynced_.clear();
  synced_head_ = head_;
  return {};
}

void JournalMemory::drop_unsynced() {
  const std::lock_guard lock(mutex_);
  CHECK(losses_ == Losses::possible);
  take_back(unsynced_);
  head_ = synced_head_;
}

Result<Page> JournalMemory::list(const Query& query) const {
  const std::lock_guard lock(mutex_);
  const TableSpec* spec = TRY(checked(specs_, query));
  const std::optional<Position> after = TRY(position_of(*spec, query));
  const Table& table = tables_[static_cast<std::size_t>(spec - specs_.data())];
  const auto cell_of = [&](const std::string& column, const auto& entry) -> Cell {
    return column == "key" ? Cell{entry.first} : entry.second.cells[column_index(*spec, column)];
  };
  const auto value_of = [&](const auto& entry) { return query.order == "key" ? Cell{} : cell_of(query.order, entry); };
  const auto order = [&](const Position& left, const Position& right) {
    const int values = compare_cells(left.value, right.value);
    const int both = values != 0 ? values : left.key.compare(right.key);
    return query.descending ? both > 0 : both < 0;
  };

  std::vector<Position> found;
  for (const auto& entry : table.rows) {
    const bool wanted = std::ranges::all_of(query.where, [&](const Where& where) { return holds(where, cell_of(where.column, entry)); });
    if (wanted) found.push_back({value_of(entry), entry.first});
  }
  std::ranges::sort(found, order);
  Page page;
  if (query.count) page.total = found.size();
  auto first = after ? std::ranges::upper_bound(found, *after, order) : found.begin();
  for (; first != found.end() && page.rows.size() < query.limit; ++first) {
    page.rows.push_back({first->key, table.rows.find(first->key)->second.doc});
    if (page.rows.size() == query.limit && std::next(first) != found.end()) page.next = cursor_of(query, *first);
  }
  return page;
}

Result<std::optional<Row>> JournalMemory::find(std::string_view table, std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const TableSpec* spec = table_named(specs_, table);
  if (spec == nullptr) return fail(errors::kBadField, "`" + std::string(table) + "` is not a table of the journal");
  const auto& rows = tables_[static_cast<std::size_t>(spec - specs_.data())].rows;
  const auto row = rows.find(key);
  if (row == rows.end()) return std::optional<Row>{};
  return std::optional<Row>{{row->first, row->second.doc}};
}

Result<JournalHead> JournalMemory::head() const {
  const std::lock_guard lock(mutex_);
  return head_;
}

Result<void> JournalMemory::set_epoch(const std::string& epoch) {
  const std::lock_guard lock(mutex_);
  head_.epoch = epoch;
  synced_head_.epoch = epoch;
  return {};
}

Result<void> JournalMemory::backup(const std::string&) const {
  return fail(errors::kInternal, "a journal in memory has no file to copy");
}

std::size_t JournalMemory::size(std::string_view table) const {
  const std::lock_guard lock(mutex_);
  const TableSpec* spec = table_named(specs_, table);
  CHECK(spec != nullptr);
  return tables_[static_cast<std::size_t>(spec - specs_.data())].rows.size();
}

}  // namespace cityloop
