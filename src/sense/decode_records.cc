// SPDX-License-Identifier: Apache-2.0
// Records are few beside readings, so they take the plain way through Boost.JSON.
#include "core/json.h"
#include "core/limits.h"
#include "core/pack.h"
#include "sense/body.h"
#include "sense/decode.h"

namespace cityloop {
namespace {

constexpr std::size_t kEvidence = 32;  // attachments of one record

Result<void> read_members(const json::object& o, RecordIn& record) {
  const auto text = [&](std::string_view key, std::string& into) -> Result<void> {
    if (std::optional<std::string> found = TRY(want_string(o, key))) into = std::move(*found);
    return {};
  };
  if (record.asset.empty()) {
    record.asset = TRY(need_string(o, "asset"));
  } else if (const auto asset = TRY(want_string(o, "asset")); asset && *asset != record.asset) {
    return fail(errors::kBadField, "`asset` is not the asset that the topic names");
  }
  if (!is_asset_id(record.asset)) {
    return fail(errors::kBadAssetId, "`asset` is not an id: [A-Za-z0-9._:-], 1 to 128 characters");
  }
  record.kind = TRY(need_string(o, "kind"));
  if (const auto done = text("id", record.id); !done) return done.error();
  if (record.id.size() > limits::kAssetIdBytes) return fail(errors::kBadField, "`id` has at most 128 bytes");
  if (const auto at = TRY(want_time(o, "at"))) {
    if (*at == kNoTime) return fail(errors::kTooOld, "`at` is 1970-01-01T00:00:00Z: the sender's clock was never set");
    record.at = *at;
  }
  if (record.id.empty() && record.at == kNoTime) {
    return fail(errors::kRecordNeedsIdentity, "send `id` or `at`, so that a repeat is seen");
  }
  const json::value* const fields = o.if_contains("fields");
  if (fields != nullptr && !fields->is_null() && !fields->is_object()) {
    return fail(errors::kWrongType, "`fields` must be an object");
  }
  record.fields = fields != nullptr && fields->is_object() ? json::serialize(*fields) : "{}";
  const json::value* const evidence = o.if_contains("evidence");
  if (evidence == nullptr || evidence->is_null()) return {};
  if (!evidence->is_array()) return fail(errors::kWrongType, "`evidence` must be an array of attachment ids");
  for (const json::value& id : evidence->get_array()) {
    if (!id.is_string()) return fail(errors::kWrongType, "`evidence` must be an array of attachment ids");
    if (record.evidence.size() == kEvidence) return fail(errors::kTooMany, "a record has at most 32 pieces of evidence");
    record.evidence.emplace_back(id.get_string());
  }
  return {};
}

RecordIn record_of(const json::value& value, std::string_view raw, std::string_view asset, std::uint32_t index) {
  RecordIn record;
  record.index = index;
  record.asset = asset;
  record.raw = cut_raw(raw);
  const Result<void> read = value.is_object() ? read_members(value.get_object(), record)
                                              : fail(errors::kWrongType, "a record must be an object");
  if (!read) {
    record.flaw_code = read.error().code->name;
    record.flaw_detail = read.error().detail;
  }
  return record;
}

RecordIn broken_record(const Error& why, std::string_view raw, std::string_view asset, std::uint32_t index) {
  RecordIn record;
  record.index = index;
  record.asset = asset;
  record.raw = cut_raw(raw);
  record.flaw_code = why.code->name;
  record.flaw_detail = why.detail;
  return record;
}

Result<std::vector<RecordIn>> whole(const json::value& value, std::string_view body, std::string_view asset) {
  std::vector<RecordIn> records;
  if (value.is_object()) {
    records.push_back(record_of(value, trimmed(body), asset, 0));
    records.back().single = true;
    return records;
  }
  if (!value.is_array()) {
    return fail(errors::kWrongType, "the body must be an object, an array of objects, or NDJSON");
  }
  if (value.get_array().size() > limits::kBatchMessages) return too_many_messages();
  for (const json::value& one : value.get_array()) {
    records.push_back(record_of(one, json::serialize(one), asset, static_cast<std::uint32_t>(records.size())));
  }
  return records;
}

Result<std::vector<RecordIn>> lines(std::string_view body) {
  std::vector<RecordIn> records;
  std::string_view line;
  while (next_line(body, line)) {
    if (records.size() == limits::kBatchMessages) return too_many_messages();
    const auto index = static_cast<std::uint32_t>(records.size());
    const Result<json::value> value = parse_json(line);
    records.push_back(value ? record_of(*value, line, {}, index) : broken_record(value.error(), line, {}, index));
  }
  return records;
}

bool looks_like_lines(std::string_view body) {
  std::string_view first, second;
  if (!next_line(body, first) || !next_line(body, second) || !first.starts_with('{')) return false;
  return parse_json(first).has_value() || (second.starts_with('{') && parse_json(second).has_value());
}

}  // namespace

Result<std::vector<RecordIn>> decode_records(std::string_view body, std::string_view content_type) {
  if (const Result<void> fit = check_body(body); !fit) return fit.error();
  if (is_lines_type(content_type) || looks_like_lines(body)) return lines(body);
  const Result<json::value> value = parse_json(body);
  if (!value) return value.error();
  return whole(*value, body, {});
}

Result<std::vector<RecordIn>> decode_records_for(std::string_view asset, std::string_view body) {
  const Result<void> fit = check_body(body);
  if (!fit && fit.error().code == &errors::kTooLarge) return fit.error();
  const Result<json::value> value = fit ? parse_json(body) : fit.error();
  if (!value || !(value->is_object() || value->is_array())) {
    const Error why = value ? fail(errors::kWrongType, "the payload must be an object or an array of objects") : value.error();
    std::vector<RecordIn> records{broken_record(why, body, asset, 0)};
    records.back().single = true;
    return records;
  }
  return whole(*value, body, asset);
}

Result<std::vector<RecordIn>> decode_results_for(std::string_view asset, std::string_view body) {
  const Result<void> fit = check_body(body);
  const Result<json::value> value = fit ? parse_json(body) : fit.error();
  if (!value || !value->is_object() || value->get_object().contains("kind")) return decode_records_for(asset, body);
  const auto read = [&]() -> Result<RecordIn> {
    const json::object& o = value->get_object();
    TRY(only_keys(o, {"id", "status", "detail", "at"}, ""));
    const std::string command = TRY(need_string(o, "id"));
    const std::string status = TRY(need_string(o, "status"));
    json::object record{
        {"kind", std::string(kCommandResult)},
        {"id", command + "/" + status},
        {"fields", {{"command", command}, {"status", status}, {"detail", TRY(want_string(o, "detail")).value_or("")}}}};
    if (const json::value* at = o.if_contains("at")) record["at"] = *at;
    return record_of(record, trimmed(body), asset, 0);
  }();
  std::vector<RecordIn> records{read ? *read : broken_record(read.error(), body, asset, 0)};
  records.back().single = true;
  return records;
}

}  // namespace cityloop
