// SPDX-License-Identifier: Apache-2.0
// Quarantine taken up again: what was refused goes through the gate once more, as if at its first arrival.
#include "core/json.h"
#include "core/json_write.h"
#include "core/limits.h"
#include "sense/body.h"
#include "sense/decode.h"
#include "sense/roles.h"
#include "sense/sense.h"

namespace cityloop {
namespace {

Result<std::vector<std::string>> ids_of(const ActionIn& in) {
  const json::value body = TRY(parse_json(in.body));
  if (!body.is_object()) return fail(errors::kWrongType, "the body must be an object");
  std::vector<std::string> ids;
  const json::value* const listed = body.get_object().if_contains("ids");
  if (listed == nullptr && !in.subject.empty()) return std::vector<std::string>{in.subject};
  if (listed == nullptr || !listed->is_array()) return fail(errors::kMissingField, "`ids` must be an array of quarantine ids");
  if (listed->get_array().size() > limits::kPageMost) return fail(errors::kTooMany, "at most 1,000 ids are taken at once");
  for (const json::value& id : listed->get_array()) {
    if (!id.is_string()) return fail(errors::kWrongType, "`ids` must be an array of quarantine ids");
    ids.emplace_back(id.get_string());
  }
  return ids;
}

// Whether the actor may touch the item: it belongs to an asset of his area, or to nobody's and he sees the whole city.
bool covers(const Actor& actor, const QuarantineItem& item, const Register& tables) {
  const Asset* const asset = tables.asset(item.asset);
  return in_scope(actor.area, asset == nullptr ? std::string() : asset->area, tables.root_area());
}

bool is_record(const std::string& payload) {
  const Result<json::value> value = parse_json(payload);
  return value && value->is_object() && value->get_object().contains("kind") && !value->get_object().contains("values");
}

Error first_of(const Findings& found) {
  const Finding& first = found.refused.front();
  for (const Code* code : all_codes()) {
    if (code->name == first.code) return fail(*code, first.detail);
  }
  return fail(errors::kUndecodable, first.detail);
}

class Outcomes {
 public:
  Outcomes() { out_.begin_object().key("items").begin_array(); }
  void say(const std::string& id, std::string_view state, const Error* why = nullptr) {
    out_.begin_object().member("id", id).member("state", state);
    if (why != nullptr) out_.member("code", why->code->name).member("detail", why->detail);
    out_.end_object();
  }
  Answer answer() { return done(out_.end_array().end_object().take()); }

 private:
  JsonWriter out_;
};

}  // namespace

Result<void> Sense::reingest_one(const QuarantineItem& item, Context& city, std::vector<Observation>& out, std::vector<Record>* records) {
  if (item.payload.size() >= kRawBytes - 4) return fail(errors::kUndecodable, "the payload was longer than 4 KiB and is not kept whole; send it again");
  Findings found;
  const Sent sent{nullptr, item.at, false, item.point};
  if (is_record(item.payload)) {
    if (records == nullptr) return fail(errors::kNotAllowed, "records cannot be re-ingested here");
    const std::vector<RecordIn> decoded = TRY(item.asset.empty() ? decode_records(item.payload, {}) : decode_records_for(item.asset, item.payload));
    for (const RecordIn& record : decoded) gate_record(record, sent, city, found, *records);
  } else {
    const ReadingBatch batch = TRY(item.asset.empty() ? decode_readings(item.payload, {}) : decode_readings_for(item.asset, item.payload));
    gate(batch, sent, city, found, out);
  }
  if (!found.refused.empty()) return first_of(found);
  return {};
}

Answer Sense::reingest(const ActionIn& in, const Actor& actor, Context& city, std::vector<Observation>& out, std::vector<Record>* records) {
  if (!may_write_register(actor)) return refuse(errors::kForbidden, "quarantine is for integrator and admin");
  const Result<std::vector<std::string>> ids = ids_of(in);
  if (!ids) return refuse(ids.error());
  Outcomes outcomes;
  for (const std::string& id : *ids) {
    const QuarantineItem* const waiting = quarantine_.find(id);
    if (waiting == nullptr || !covers(actor, *waiting, register_)) {
      const Error why = fail(errors::kNotFound, "it does not wait here: done with, or pushed out by newer ones");
      outcomes.say(id, "unknown", &why);
      continue;
    }
    QuarantineItem item = *waiting;
    if (const Result<void> went = reingest_one(item, city, out, records); went) {
      item.state = "reingested";
      outcomes.say(id, item.state);
    } else {
      item.code = went.error().code->name;
      item.detail = went.error().detail;
      const Error why = went.error();
      outcomes.say(id, item.state, &why);
    }
    quarantine_.put(std::move(item), city);
  }
  return outcomes.answer();
}

Answer Sense::drop(const ActionIn& in, const Actor& actor, Context& city) {
  if (!may_write_register(actor)) return refuse(errors::kForbidden, "quarantine is for integrator and admin");
  const Result<std::vector<std::string>> ids = ids_of(in);
  if (!ids) return refuse(ids.error());
  Outcomes outcomes;
  for (const std::string& id : *ids) {
    const QuarantineItem* const waiting = quarantine_.find(id);
    if (waiting == nullptr || !covers(actor, *waiting, register_)) {
      const Error why = fail(errors::kNotFound, "it does not wait here: done with, or pushed out by newer ones");
      outcomes.say(id, "unknown", &why);
      continue;
    }
    QuarantineItem item = *waiting;
    item.state = "dropped";
    outcomes.say(id, item.state);
    quarantine_.put(std::move(item), city);
  }
  return outcomes.answer();
}

}  // namespace cityloop
