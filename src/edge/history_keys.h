// SPDX-License-Identifier: Apache-2.0
// Keys of History in the key-value store: bytes that sort as the things they name.
#pragma once

#include "edge/history_query.h"

namespace cityloop {

std::string point_key(PointId point);                   // 8 bytes
std::string point_key(PointId point, Time at);          // 16 bytes
PointId point_of_key(std::string_view key);
Time time_of_key(std::string_view key);

// Records stand under three keys: by asset (with the record), by kind and by time (with nothing).
std::string record_key_by_asset(const RecordKey& key);
std::string record_key_by_kind(const RecordKey& key);
std::string record_key_by_time(const RecordKey& key);
// The key's range that a query walks, and how to read what stands there.
struct RecordRange {
  char order = 't';                // a, k or t
  std::string first, behind;       // first <= key < behind
};
RecordRange record_range(const RecordQuery& query);
std::string record_key(char order, const RecordKey& key);
bool parse_record_key(std::string_view bytes, RecordKey& key);

}  // namespace cityloop
