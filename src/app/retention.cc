// SPDX-License-Identifier: Apache-2.0
#include "app/retention.h"

#include "core/json.h"

namespace cityloop {
namespace {

constexpr std::size_t kAtOnce = 500;

// A moment of a document; absent or null: nothing.
std::optional<Time> moment(const json::object& doc, std::string_view key) {
  const std::string text = text_or(doc, key);
  if (text.empty()) return std::nullopt;
  const auto time = parse_time(text);
  return time ? std::optional(*time) : std::nullopt;
}

Result<json::object> object_of(const Row& row) {
  json::value doc = TRY(parse_json(row.doc));
  if (!doc.is_object()) return fail(errors::kCorrupt, "the row " + row.key + " holds no object");
  return std::move(doc.as_object());
}

}  // namespace

Result<std::vector<std::string>> Retention::to_forget(Time before, const std::function<bool()>& stop) {
  std::vector<std::string> out;
  std::set<std::string> alone;
  Query query{"persons"};
  query.limit = kAtOnce;
  do {
    const Page page = TRY(journal_.list(query));
    for (const Row& row : page.rows) {
      const Need need = TRY(need_of(row.key, before));
      if (need == Need::none || (need == Need::no_report && without_report_.contains(row.key))) out.push_back(row.key);
      if (need == Need::no_report) alone.insert(row.key);
    }
    query.cursor = page.next;
  } while (!query.cursor.empty() && !stop());
  without_report_ = std::move(alone);
  return out;
}

Result<Retention::Need> Retention::need_of(const std::string& person, Time before) const {
  Query query{"reports"};
  query.where = {{"reporter", Where::Op::equal, {person}}};
  query.limit = kAtOnce;
  bool any = false;
  do {
    const Page page = TRY(journal_.list(query));
    for (const Row& row : page.rows) {
      any = true;
      if (!TRY(is_settled(row, before))) return Need::needed;
    }
    query.cursor = page.next;
  } while (!query.cursor.empty());
  return any ? Need::none : Need::no_report;
}

// Not settled: an open case, one that was reopened, a date that cannot be read.
Result<bool> Retention::is_settled(const Row& report, Time before) const {
  const json::object doc = TRY(object_of(report));
  const std::string no = text_or(doc, "case");
  if (const auto row = no.empty() ? std::optional<Row>{} : TRY(journal_.find("cases", no))) {
    const json::object file = TRY(object_of(*row));
    const std::optional<Stage> stage = stage_of(text_or(file, "stage"));
    if (!stage || is_open(*stage)) return false;
    const auto ended = moment(file, "closed_at");
    const auto last = ended ? ended : moment(file, "changed_at");
    return last && *last <= before;
  }
  const auto received = moment(doc, "received_at");
  return received && *received <= before;
}

}  // namespace cityloop
