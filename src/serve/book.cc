// SPDX-License-Identifier: Apache-2.0
#include "serve/book.h"

#include <algorithm>

#include "core/limits.h"
#include "serve/project.h"

namespace cityloop::serve {

Result<std::shared_ptr<const AssetBook::Picture>> AssetBook::picture() {
  const JournalHead head = TRY(journal_->head());
  std::lock_guard lock(mutex_);
  if (!filled_) TRY(fill());
  if (seq_ < head.seq) {
    TRY(follow(head.seq));
    seq_ = head.seq;
  }
  publish();
  return picture_;
}

// What happens while the pages are read is read again by follow(): documents are whole, so twice does no harm.
Result<void> AssetBook::fill() {
  seq_ = TRY(journal_->head()).seq;
  Query query{"assets"};
  query.limit = limits::kPageMost;
  do {
    const Page page = TRY(journal_->list(query));
    for (const Row& row : page.rows) put(row.doc);
    query.cursor = page.next;
  } while (!query.cursor.empty());
  filled_ = true;
  return {};
}

Result<void> AssetBook::follow(std::uint64_t to) {
  Query query{"events"};
  query.where = {{"key", Where::Op::greater, {seq_key(seq_)}}, {"key", Where::Op::at_most, {seq_key(to)}},
                 {"kind", Where::Op::in, {std::string("asset.put"), std::string("asset.remove")}}};
  query.limit = limits::kPageMost;
  do {
    const Page page = TRY(journal_->list(query));
    for (const Row& row : page.rows) {
      // The event's message names the asset; what counts is the register as it is now.
      const std::size_t ids = row.doc.find("\"ids\":[\"");
      if (ids == std::string::npos) continue;
      const std::size_t from = ids + 8, end = row.doc.find('"', from);  // asset ids need no escapes
      const std::string id = row.doc.substr(from, end - from);
      const auto stored = TRY(journal_->find("assets", id));
      if (stored) put(stored->doc);
      else remove(id);
    }
    query.cursor = page.next;
  } while (!query.cursor.empty());
  return {};
}

void AssetBook::put(const std::string& doc) {
  auto asset = asset_of_doc(doc);
  if (!asset) return;
  remove(asset->id);
  auto entry = std::make_shared<BookEntry>();
  entry->id = asset->id;
  entry->name = std::move(asset->name);
  entry->kind = std::move(asset->kind);
  entry->area = std::move(asset->area);
  entry->has_place = asset->place.has_value();
  entry->place = asset->place.value_or(LngLat{});
  entry->retired = asset->life == Life::retired;
  entry->slot = asset->slot;
  changed_kinds_[entry->kind] = true;
  by_id_[entry->id] = std::move(entry);
}

void AssetBook::remove(const std::string& id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  changed_kinds_[found->second->kind] = true;
  by_id_.erase(found);
}

void AssetBook::publish() {
  auto next = std::make_shared<Picture>(*picture_);
  next->seq = seq_;
  next->assets = by_id_.size();
  if (!changed_kinds_.empty()) {
    std::map<std::string, std::shared_ptr<Shelf>, std::less<>> shelves;
    for (const auto& [kind, changed] : changed_kinds_) shelves[kind] = std::make_shared<Shelf>();
    for (const auto& [id, entry] : by_id_)
      if (const auto shelf = shelves.find(entry->kind); shelf != shelves.end()) shelf->second->push_back(entry);
    for (auto& [kind, shelf] : shelves) {
      std::sort(shelf->begin(), shelf->end(), [](const auto& a, const auto& b) { return a->slot < b->slot; });
      if (shelf->empty()) next->kinds.erase(kind);
      else next->kinds[kind] = shelf;
    }
    changed_kinds_.clear();
  }
  picture_ = std::move(next);
}

}  // namespace cityloop::serve
