// SPDX-License-Identifier: Apache-2.0
#include "edge/history_rocks.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <algorithm>

#include "core/codec.h"
#include "edge/block.h"
#include "edge/disk.h"
#include "edge/history_keys.h"
#include "edge/history_rocks_store.h"
#include "edge/varint.h"

namespace cityloop {
namespace {

constexpr std::uint64_t kFormat = 1;
constexpr std::size_t kFlushBytes = 4u << 20;  // one write batch of heads
constexpr const char* kFormatKey = "format";
constexpr const char* kTurnKey = "turn";

rocksdb::ColumnFamilyOptions family_options(const HistoryRocksOptions& options, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 32u << 10;  // some fifty of our blocks together: zstd needs company
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.write_buffer_size = options.write_buffer_bytes / 4;
  family.max_write_buffer_number = 4;
  family.target_file_size_base = 32u << 20;
  family.level_compaction_dynamic_level_bytes = true;
  family.compression = rocksdb::kZSTD;
  family.compression_opts.level = 3;
  return family;
}

}  // namespace

Error rocks_error(const rocksdb::Status& status) {
  const std::string detail = "the history store: " + status.ToString();
  if (status.IsNoSpace()) return fail(errors::kNoSpace, detail);
  if (status.IsCorruption()) return fail(errors::kCorrupt, detail + "; restore it from a backup");
  return fail(errors::kStorage, detail);
}

std::size_t HeadTable::cell_of(PointId point) const {
  const std::size_t mask = cells_.size() - 1;
  std::size_t cell = static_cast<std::size_t>((point * 0x9E3779B97F4A7C15ULL) >> 32) & mask;
  while (cells_[cell] != 0 && heads_[cells_[cell] - 1].point() != point) cell = (cell + 1) & mask;
  return cell;
}

HistoryHead* HeadTable::find(PointId point) {
  if (cells_.empty()) return nullptr;
  const std::uint32_t index = cells_[cell_of(point)];
  return index == 0 ? nullptr : &heads_[index - 1];
}

HistoryHead& HeadTable::find_or_make(PointId point) {
  if (heads_.size() * 2 >= cells_.size()) grow();
  std::uint32_t& index = cells_[cell_of(point)];
  if (index == 0) {
    heads_.emplace_back(point);
    index = static_cast<std::uint32_t>(heads_.size());
  }
  return heads_[index - 1];
}

void HeadTable::put(HistoryHead head) { find_or_make(head.point()) = std::move(head); }

void HeadTable::grow() {
  cells_.assign(std::max<std::size_t>(64, cells_.size() * 2), 0);
  for (std::size_t i = 0; i < heads_.size(); ++i) cells_[cell_of(heads_[i].point())] = static_cast<std::uint32_t>(i + 1);
}

// Memory tables go to files now, so that the next start has no write-ahead log to read again. Durability does not hang on it.
HistoryStore::~HistoryStore() {
  if (db_ && !families_.empty()) (void)db_->Flush(rocksdb::FlushOptions(), families_);
  for (rocksdb::ColumnFamilyHandle* each : families_) {
    if (db_) (void)db_->DestroyColumnFamilyHandle(each);
  }
}

Result<void> HistoryStore::open(const std::string& folder) {
  TRY(make_folder(folder));
  const auto cache = rocksdb::NewLRUCache(options_.cache_bytes);
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.db_write_buffer_size = options_.write_buffer_bytes;
  options.max_total_wal_size = 128u << 20;  // read again at the next start
  options.max_background_jobs = 2;
  options.avoid_flush_during_recovery = true;  // a start should be quick; a clean stop has flushed
  options.skip_stats_update_on_db_open = true;
  options.max_open_files = 512;
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.keep_log_file_num = 2;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  const rocksdb::ColumnFamilyOptions family = family_options(options_, cache);
  const std::vector<rocksdb::ColumnFamilyDescriptor> wanted{
      {rocksdb::kDefaultColumnFamilyName, family}, {"blocks", family}, {"late", family}, {"heads", family}, {"records", family}};
  rocksdb::DB* opened = nullptr;
  TRY(rocks_result(rocksdb::DB::Open(options, folder, wanted, &families_, &opened)));
  db_.reset(opened);
  TRY(read_meta());
  return load_heads();
}

Result<void> HistoryStore::read_meta() {
  std::string text;
  const rocksdb::Status found = db_->Get({}, family(kMeta), kFormatKey, &text);
  if (found.IsNotFound()) {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    return rocks_result(db_->Put(synced, family(kMeta), kFormatKey, std::to_string(kFormat)));
  }
  TRY(rocks_result(found));
  if (std::strtoull(text.c_str(), nullptr, 10) > kFormat) {
    return fail(errors::kNewerData, "the history was written by a newer program: start that program, or restore an older backup");
  }
  const rocksdb::Status turn = db_->Get({}, family(kMeta), kTurnKey, &text);
  if (turn.IsNotFound()) return {};
  TRY(rocks_result(turn));
  seen_ = std::strtoull(text.c_str(), nullptr, 10);
  return {};
}

Result<void> HistoryStore::load_heads() {
  rocksdb::ReadOptions once;
  once.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> each(db_->NewIterator(once, family(kHeads)));
  for (each->SeekToFirst(); each->Valid(); each->Next()) {
    const PointId point = point_of_key(each->key().ToStringView());
    Result<HistoryHead> head = HistoryHead::load(point, each->value().ToStringView());
    if (!head) {
      ++damaged_;
      head = TRY(rebuilt_head(point));
    }
    counters_.head_bytes += head->memory();
    heads_.put(std::move(head).value());
  }
  counters_.points = heads_.all().size();
  return rocks_result(each->status());
}

// The stored head is lost: what is in blocks and late rows stays closed; the Log brings back what it still has.
Result<HistoryHead> HistoryStore::rebuilt_head(PointId point) {
  HistoryHead head(point);
  const std::string most = point_key(point, from_ms(INT64_MAX));
  for (const Family which : {kBlocks, kLate}) {
    const std::unique_ptr<rocksdb::Iterator> newest(db_->NewIterator({}, family(which)));
    newest->SeekForPrev(most);
    TRY(rocks_result(newest->status()));
    if (!newest->Valid() || point_of_key(newest->key().ToStringView()) != point) continue;
    Time at = time_of_key(newest->key().ToStringView());
    if (which == kBlocks) {
      if (const auto summary = block_summary(newest->value().ToStringView())) at = summary->last_at;
    }
    if (!head.is_closed(at)) head.close_until(at);
  }
  return head;
}

void HistoryStore::close(HistoryHead& head, rocksdb::WriteBatch& batch) {
  scratch_.clear();
  head.read(scratch_);
  const std::string block = encode_block(scratch_);
  batch.Put(family(kBlocks), point_key(head.point(), head.first_at()), block);
  head.close_until(head.last_at());
  ++counters_.blocks;
  counters_.block_bytes += block.size();
}

void HistoryStore::take(std::uint64_t turn, const PointSample& each, rocksdb::WriteBatch& batch, std::vector<HistoryHead*>& closed) {
  HistoryHead& head = heads_.find_or_make(each.point);
  if (turn <= head.covered) return;
  ++counters_.samples;
  if (head.is_closed(each.sample.at)) {
    std::string row;
    row += static_cast<char>(each.sample.value.scale);
    row += static_cast<char>(each.sample.quality);
    append_varint(row, zigzag(each.sample.value.mantissa));
    batch.Put(family(kLate), point_key(each.point, each.sample.at), row);
    ++counters_.late;
    return;
  }
  const std::size_t before = head.memory();
  head.put(each.sample);
  const std::size_t most = counters_.head_bytes > options_.head_bytes ? kBlockSamplesLeast : kBlockSamples;
  if (head.count() >= most) {
    close(head, batch);
    closed.push_back(&head);
  }
  counters_.head_bytes += head.memory() - before;
}

void HistoryStore::put_record(const Record& record, rocksdb::WriteBatch& batch) {
  const RecordKey key = key_of(record);
  batch.Put(family(kRecords), record_key_by_asset(key), encoded(record));
  batch.Put(family(kRecords), record_key_by_kind(key), "");
  batch.Put(family(kRecords), record_key_by_time(key), "");
  ++counters_.records;
}

// A closed block and the head that is left of its point are written together, so that what is stored of a point always covers
// whole turns: a replayed turn is either in it or not.
Result<void> HistoryStore::append(std::uint64_t turn, std::span<const PointSample> samples, std::span<const Record> records) {
  if (turn <= seen_) return {};
  const std::unique_lock lock(mutex_);
  rocksdb::WriteBatch batch;
  std::vector<HistoryHead*> closed;
  for (const PointSample& each : samples) take(turn, each, batch, closed);
  for (const Record& record : records) put_record(record, batch);
  std::ranges::sort(closed);
  const auto repeated = std::ranges::unique(closed);
  closed.erase(repeated.begin(), repeated.end());
  for (HistoryHead* head : closed) {
    batch.Put(family(kHeads), point_key(head->point()), head->save(turn));
    head->dirty = false;
  }
  if (batch.Count() > 0) TRY(rocks_result(db_->Write({}, &batch)));
  counters_.points = heads_.all().size();
  seen_ = turn;
  return {};
}

// Only the appending thread changes heads, and it is the one that runs this: no lock.
Result<std::uint64_t> HistoryStore::flush() {
  const std::uint64_t turn = seen_;
  rocksdb::WriteBatch batch;
  for (HistoryHead& head : heads_.all()) {
    if (!head.dirty) continue;
    batch.Put(family(kHeads), point_key(head.point()), head.save(turn));
    head.dirty = false;
    if (batch.GetDataSize() < kFlushBytes) continue;
    TRY(rocks_result(db_->Write({}, &batch)));
    batch.Clear();
  }
  batch.Put(family(kMeta), kTurnKey, std::to_string(turn));
  TRY(rocks_result(db_->Write({}, &batch)));
  TRY(rocks_result(db_->FlushWAL(true)));
  return turn;
}

HistoryRocks::Counters HistoryStore::counters() const {
  const std::shared_lock lock(mutex_);
  return counters_;
}

Result<void> HistoryStore::backup(const std::string& folder) const {
  rocksdb::Checkpoint* raw = nullptr;
  TRY(rocks_result(rocksdb::Checkpoint::Create(db_.get(), &raw)));
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  return rocks_result(checkpoint->CreateCheckpoint(folder));
}

Result<std::unique_ptr<HistoryRocks>> HistoryRocks::create(const std::string& folder, HistoryRocksOptions options) {
  auto store = std::make_unique<HistoryStore>(options);
  TRY(store->open(folder));
  return Result<std::unique_ptr<HistoryRocks>>(std::move(store));
}

}  // namespace cityloop
