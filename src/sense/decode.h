// SPDX-License-Identifier: Apache-2.0
// The first thing that happens to what devices and gateways send: bytes become readings and records, nothing resolved,
// nothing judged but the form (architecture §5). Pure functions for edge threads; `decode_readings` is hot.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/message.h"
#include "core/result.h"

namespace cityloop {

// Asset ids are [A-Za-z0-9._:-]{1,128}.
bool is_asset_id(std::string_view id);

// One object, an array or NDJSON of {"asset","at"?,"values":{point:number}}. A content type that says NDJSON (or JSON
// lines) is believed; otherwise a body whose first line is a whole object and that has more lines is NDJSON.
// Fails for the whole body: kTooLarge, kTooMany, kTooDeep, kBadJson (empty, byte order mark, broken object or array),
// kWrongType (neither object nor array). A message of the wrong form, and a broken NDJSON line, become a Flaw each:
// kBadJson, kTooDeep, kWrongType, kMissingField, kBadAssetId, kBadTime, kTooOld (`at` 0: a clock never set), kTooMany
// (more than 256 values), kBadField (a member or point twice). A value that is no finite number is kept as a flawed sample.
// Unknown members are passed over; a null `at` is no `at`.
Result<ReadingBatch> decode_readings(std::string_view body, std::string_view content_type);

// MQTT: the topic names the asset; {"at"?,"values"} or an array of those. A body that is not JSON becomes one Flaw, so
// that it is logged and quarantined; kTooLarge and kTooMany fail.
Result<ReadingBatch> decode_readings_for(std::string_view asset, std::string_view body);

// {"asset","kind","at"?,"id"?,"fields":{…},"evidence":["attachment id"]}, in the same three forms, with the same failures.
// A record of the wrong form carries its flaw_code and flaw_detail.
Result<std::vector<RecordIn>> decode_records(std::string_view body, std::string_view content_type);
Result<std::vector<RecordIn>> decode_records_for(std::string_view asset, std::string_view body);

// The payload of a device's `results` topic: {"id","status","detail"?,"at"?} answers the command of this id and becomes
// a record of kind kCommandResult; what has a `kind` of its own is a record as it stands.
Result<std::vector<RecordIn>> decode_results_for(std::string_view asset, std::string_view body);

}  // namespace cityloop
