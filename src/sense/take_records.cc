// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/json.h"
#include "core/json_write.h"
#include "core/limits.h"
#include "sense/sense.h"

namespace cityloop {
namespace {

std::string quoted(std::string_view word) { return "`" + std::string(word) + "`"; }

Result<void> write_field(JsonWriter& out, const FieldSpec& spec, const json::value& value) {
  const auto wrong = [&](std::string_view wanted) {
    return fail(errors::kWrongType, "the field " + quoted(spec.name) + " must be " + std::string(wanted));
  };
  out.key(spec.name);
  if (spec.type == "number") {
    if (!value.is_number() || !std::isfinite(value.to_number<double>())) return wrong("a finite number");
    out.raw(json::serialize(value));
  } else if (spec.type == "flag") {
    if (!value.is_bool()) return wrong("true or false");
    out.value(value.get_bool());
  } else if (spec.type == "time") {
    const std::string text = value.is_string() ? std::string(value.get_string()) : value.is_int64() ? json::serialize(value) : "";
    const Result<Time> time = parse_time(text);
    if (!time) return wrong("RFC 3339 text or epoch milliseconds");
    out.value(*time);
  } else {
    if (!value.is_string()) return wrong("text");
    if (value.get_string().size() > limits::kTextBytes) return wrong("text of at most 4,000 bytes");
    out.value(std::string_view(value.get_string()));
  }
  return {};
}

// The fields in the order of the pack, so that equal records have equal text.
Result<std::string> canonical_fields(const RecordSpec& spec, const std::string& text) {
  const json::value document = TRY(parse_json(text));
  if (!document.is_object()) return fail(errors::kWrongType, "`fields` must be an object");
  const json::object& fields = document.get_object();
  std::vector<std::string_view> names;
  for (const FieldSpec& field : spec.fields) names.push_back(field.name);
  for (const auto& [key, value] : fields) {
    if (std::find(names.begin(), names.end(), std::string_view(key)) != names.end()) continue;
    const std::string near = nearest_word(key, names);
    return fail(errors::kUnknownField, quoted(spec.name) + " has no field " + quoted(key) +
                                           (near.empty() ? "" : "; did you mean " + quoted(near) + "?"));
  }
  JsonWriter out(256);
  out.begin_object();
  for (const FieldSpec& field : spec.fields) {
    const json::value* const value = fields.if_contains(field.name);
    if (value == nullptr || value->is_null()) {
      if (field.required) return fail(errors::kMissingField, "the field " + quoted(field.name) + " is required");
      continue;
    }
    if (const Result<void> written = write_field(out, field, *value); !written) return written.error();
  }
  out.end_object();
  return out.take();
}

}  // namespace

Answer Sense::take(const RecordsIn& in, const std::vector<std::string>& patterns, Context& city, std::vector<Record>& out, std::string_view area) {
  const Sent sent{patterns.empty() ? nullptr : patterns_of(in.principal, patterns), in.arrival, false, {}, area};
  Findings found;
  for (const RecordIn& record : in.records) gate_record(record, sent, city, found, out);
  quarantine_.keep(found, in.principal, in.source, in.arrival, city);
  if (!in.source.empty()) count_health(in.source, in.arrival, found, city);
  return answer_of(found, in.records.size() == 1 && in.records.front().single);
}

void Sense::gate_record(const RecordIn& in, const Sent& sent, const Context& city, Findings& found, std::vector<Record>& out) {
  const auto refuse_it = [&](std::string_view code, std::string detail) {
    if (found.count(code))
      found.refused.push_back({in.index, {}, std::string(code), std::move(detail), in.asset, in.raw});
  };
  if (!in.flaw_code.empty()) return refuse_it(in.flaw_code, in.flaw_detail);
  const Asset* const asset = register_.asset(in.asset);
  if (asset == nullptr) return refuse_it(errors::kUnknownAsset.name, quoted(in.asset) + " is not in the register");
  if (asset->life == Life::retired) return refuse_it(errors::kRetiredAsset.name, quoted(in.asset) + " is retired");
  if (sent.patterns != nullptr && !sent.patterns->covers(in.asset)) {
    return refuse_it(errors::kForeignAsset.name, "this credential does not cover " + quoted(in.asset));
  }
  if (!sent.area.empty() && !in_scope(sent.area, asset->area, register_.root_area()))
    return refuse_it(errors::kForeignArea.name, quoted(in.asset) + " lies outside your area");
  const RecordSpec* const spec = city.packs.record(in.kind);
  if (spec == nullptr) return refuse_it(errors::kUnknownRecord.name, "no pack describes the record kind " + quoted(in.kind));
  if (!spec->kind.empty() && spec->kind != asset->kind) {
    return refuse_it(errors::kUnknownRecord.name, quoted(in.kind) + " is a record of " + quoted(spec->kind) + ", not of " + quoted(asset->kind));
  }
  if (in.id.empty() && in.at == kNoTime) return refuse_it(errors::kRecordNeedsIdentity.name, "send `id` or `at`, so that a repeat is seen");
  const Time at = in.at == kNoTime ? sent.arrival : in.at;
  if (at > sent.arrival + limits::kFutureTolerance) {
    return refuse_it(errors::kFuture.name, format_time(at) + " is more than 5 minutes after its arrival");
  }
  if (at < sent.arrival - limits::kPastTolerance) {
    return refuse_it(errors::kTooOld.name, format_time(at) + " is more than 7 days before its arrival");
  }
  Result<std::string> fields = canonical_fields(*spec, in.fields);
  if (!fields) return refuse_it(fields.error().code->name, fields.error().detail);
  if (in.kind == kCommandResult) {
    const json::value said = parse_json(*fields).value();
    const std::string status = text_or(said.get_object(), "status");
    if (status != "done" && status != "failed" && status != "refused")
      return refuse_it(errors::kBadField.name, "`status` must be done, failed or refused");
  }
  const std::string id = in.id.empty() ? std::to_string(to_ms(in.at)) : in.id;
  std::string content = *fields;
  for (const std::string& piece : in.evidence) content += '\n' + piece;
  switch (records_.note(in.asset + '\n' + in.kind + '\n' + id, content)) {
    case RecordMemory::Seen::same: ++found.duplicate; return;
    case RecordMemory::Seen::other: ++found.corrected; break;
    case RecordMemory::Seen::first: ++found.accepted; break;
  }
  out.push_back(Record{id, in.asset, in.kind, at, sent.arrival, std::move(*fields), in.evidence});
}

}  // namespace cityloop
