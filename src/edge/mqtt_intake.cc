// SPDX-License-Identifier: Apache-2.0
#include "edge/mqtt_intake.h"

#include <map>
#include <utility>

#include "core/json.h"

namespace cityloop::mqtt {

namespace {

constexpr std::size_t kRawKept = 4'096;  // of a payload that cannot be decoded: words.h, QuarantineItem

ReadingBatch::Flaw flaw_of(const Error& error, std::string_view payload, std::uint32_t index) {
  return {index, std::string(error.code->name), error.detail, std::string(payload.substr(0, kRawKept))};
}

struct Bad {
  std::uint32_t units = 0, values = 0;  // quarantined entries without and with a point
};

// By publish. An answer that cannot be read names nobody.
std::map<std::uint32_t, Bad> quarantined(const Answer& answer) {
  std::map<std::uint32_t, Bad> out;
  const Result<json::value> parsed = parse_json(answer.body);
  if (!parsed || !parsed->is_object()) return out;
  const json::value* list = parsed->as_object().if_contains("quarantined");
  if (list == nullptr || !list->is_array()) return out;
  for (const json::value& entry : list->as_array()) {
    if (!entry.is_object()) continue;
    const json::value* index = entry.as_object().if_contains("index");
    if (index == nullptr || !index->is_int64()) continue;
    Bad& bad = out[static_cast<std::uint32_t>(index->as_int64())];
    ++(entry.as_object().contains("point") ? bad.values : bad.units);
  }
  return out;
}

void tell_all(Gulp& gulp, Part part, Reason reason) {
  for (Taken& one : gulp.taken)
    if (one.part == part) one.reason = reason;
}

}  // namespace

void append_batch(ReadingBatch& into, const ReadingBatch& part, std::uint32_t index) {
  const auto text = static_cast<std::uint32_t>(into.text.size());
  const auto samples = static_cast<std::uint32_t>(into.samples.size());
  into.text.append(part.text);
  for (ReadingBatch::Message message : part.messages) {
    message.asset += text;
    message.raw += text;
    message.first += samples;
    message.index = index;
    into.messages.push_back(message);
  }
  for (ReadingBatch::Sample sample : part.samples) {
    sample.point += text;
    into.samples.push_back(sample);
  }
  for (ReadingBatch::Flaw flaw : part.flaws) {
    flaw.index = index;
    into.flaws.push_back(std::move(flaw));
  }
}

void Gulp::take_readings(const MqttCity& city, std::string_view asset, const Publish& publish) {
  const std::uint32_t index = readings_count++;
  std::uint32_t units = 1, values = 0;
  if (Result<ReadingBatch> decoded = city.decode_readings(asset, publish.payload)) {
    units = static_cast<std::uint32_t>(decoded->size());
    values = static_cast<std::uint32_t>(decoded->samples.size());
    append_batch(readings.batch, *decoded, index);
  } else {
    readings.batch.flaws.push_back(flaw_of(decoded.error(), publish.payload, index));
  }
  if (publish.qos > 0) taken.push_back({publish.id, publish.qos, Part::readings, Reason::success, index, units, values});
}

void Gulp::take_records(const DecodeRecords& decode, std::string_view asset, const Publish& publish) {
  const std::uint32_t index = records_count++;
  std::uint32_t units = 1;
  if (Result<std::vector<RecordIn>> decoded = decode(asset, publish.payload)) {
    units = static_cast<std::uint32_t>(decoded->size());
    for (RecordIn& record : *decoded) {
      record.index = index;
      records.records.push_back(std::move(record));
    }
  } else {
    RecordIn bad;
    bad.index = index;
    bad.asset = asset;
    bad.flaw_code = decoded.error().code->name;
    bad.flaw_detail = decoded.error().detail;
    bad.raw = publish.payload.substr(0, kRawKept);
    records.records.push_back(std::move(bad));
  }
  if (publish.qos > 0) taken.push_back({publish.id, publish.qos, Part::records, Reason::success, index, units, 0});
}

void Gulp::take_other(const Publish& publish, Reason reason) {
  if (publish.qos > 0) taken.push_back({publish.id, publish.qos, Part::none, reason, 0, 0, 0});
}

Verdict take_answer(Gulp& gulp, Part part, const Answer& answer, bool want_reasons) {
  if (answer.status == 429 || answer.status == 503 || answer.status == 507) return Verdict::later;
  if (answer.status == 401 || answer.status == 403) {
    tell_all(gulp, part, Reason::not_authorized);
    return Verdict::accepted;
  }
  if (answer.status >= 500) return Verdict::failed;
  if (answer.status >= 400) {
    tell_all(gulp, part, Reason::bad_payload);
    return Verdict::accepted;
  }
  if (!want_reasons || answer.body.find("\"index\"") == std::string::npos) return Verdict::accepted;
  const auto bad = quarantined(answer);
  for (Taken& one : gulp.taken) {
    const auto found = bad.find(one.index);
    if (one.part != part || found == bad.end()) continue;
    const bool all_units = found->second.units >= one.units;
    const bool all_values = one.values > 0 && found->second.values >= one.values;
    if (all_units || all_values) one.reason = Reason::bad_payload;
  }
  return Verdict::accepted;
}

Topic split_topic(std::string_view topic) {
  constexpr std::string_view kPrefix = "city/v1/";
  if (!topic.starts_with(kPrefix)) return {};
  topic.remove_prefix(kPrefix.size());
  const std::size_t slash = topic.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash > limits::kAssetIdBytes) return {};
  for (const char c : topic.substr(0, slash)) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && c != '.' && c != '_' && c != ':' && c != '-') return {};
  }
  return {topic.substr(0, slash), topic.substr(slash + 1)};
}

}  // namespace cityloop::mqtt
