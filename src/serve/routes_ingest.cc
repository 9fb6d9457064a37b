// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "serve/engine.h"
#include "serve/list.h"
#include "serve/project.h"

namespace cityloop::serve {
namespace {

void answer_input(const std::shared_ptr<Call>& call, Input input) {
  call->city().offer(std::move(input), [call](Answer answer) {
    if (answer.status >= 400 && answer.body.empty()) return call->answer(refusal_of(answer));
    // A refused single message still says which value was wrong: its document goes along with the problem.
    if (answer.status >= 400) {
      HttpResponse refused = problem(answer.status, answer.code, answer.detail);
      append_members(refused.body, std::string_view(answer.body).substr(1, answer.body.size() - 2));
      return call->answer(std::move(refused));
    }
    call->answer_json(answer.status, std::move(answer.body));
  });
}

void post_readings(Call& call) {
  auto batch = call.city().decode_readings(call.request.body, call.request.header("content-type"));
  if (!batch) return call.refuse(batch.error());
  ReadingsIn in;
  in.principal = call.caller.principal;
  in.arrival = call.now();
  in.import = call.request.parameter("import") == "true";
  in.batch = std::move(*batch);
  answer_input(call.shared_from_this(), Input(std::move(in)));
}

void post_records(Call& call) {
  auto records = call.city().decode_records(call.request.body, call.request.header("content-type"));
  if (!records) return call.refuse(records.error());
  RecordsIn in;
  in.principal = call.caller.principal;
  in.arrival = call.now();
  in.records = std::move(*records);
  answer_input(call.shared_from_this(), Input(std::move(in)));
}

// Records carry no area: one asset's are checked by the asset, a list across assets is filtered by each record's asset.
Result<HttpResponse> list_records(const Call& call) {
  RecordQuery query;
  query.asset = std::string(call.request.parameter("asset"));
  query.kind = std::string(call.request.parameter("kind"));
  query.to = TRY(time_parameter(call, "to", call.now()));
  query.from = TRY(time_parameter(call, "from", query.to - std::chrono::hours(24)));
  if (query.from >= query.to) return bad_parameter("from", "must lie before `to`");
  query.limit = TRY(number_parameter(call, "limit", limits::kPageDefault, limits::kPageMost));
  query.cursor = std::string(call.request.parameter("cursor"));
  const std::string_view order = call.request.parameter("order");
  if (!order.empty() && order != "newest" && order != "oldest") return bad_parameter("order", "must be newest or oldest");
  query.descending = order != "oldest";
  if (!query.asset.empty()) (void)TRY(call.find("assets", query.asset));
  auto [records, next] = TRY(call.city().history->records(query));
  std::map<std::string, bool> visible;
  const auto sees = [&](const std::string& asset) {
    if (call.whole_city()) return true;
    const auto [found, is_new] = visible.try_emplace(asset, false);
    if (is_new) found->second = call.find("assets", asset).has_value();
    return found->second;
  };
  std::string out = "{\"items\":[";
  for (const Record& record : records)
    if (sees(record.asset)) out += (out.back() == '[' ? "" : ",") + doc_of(record);
  JsonWriter tail;
  out += "]," + tail.begin_object().member_or_null("next", next).end_object().take().substr(1);
  return json_response(200, std::move(out));
}

}  // namespace

void add_ingest_routes(std::vector<Route>& out) {
  out.insert(out.end(), {
    {"POST", "/api/v1/readings", "Readings: one object, an array or NDJSON", kSenders, Scope::any, "import", "*", "IngestResult", post_readings},
    {"POST", "/api/v1/records", "Records: the same three forms", kSenders, Scope::any, "", "*", "IngestResult", post_records},
    {"GET", "/api/v1/records", "Records, newest first", kStaff, Scope::list, "asset kind from to limit cursor order", "", "[]Record", [](Call& c) { c.settle(list_records(c)); }},
  });
}

}  // namespace cityloop::serve
