// SPDX-License-Identifier: Apache-2.0
#include "serve/score_read.h"

#include "core/limits.h"
#include "serve/secret.h"

namespace cityloop::serve {
namespace {

Where is(std::string column, std::string value) { return {std::move(column), Where::Op::equal, {std::move(value)}}; }

Result<void> add_row(const Row& row, ScoreSheet& sheet) {
  const json::value parsed = TRY(parse_json(row.doc));
  const json::object& doc = parsed.as_object();
  ScoreSums& sums = sheet[text_or(doc, "id")];
  const bool correction = TRY(want_bool(doc, "correction")).value_or(false);
  sums.corrected = sums.corrected || correction;
  ScoreRow& into = correction ? sums.corrections : sums.counts;
  const json::value* counts = doc.if_contains("counts");
  if (counts == nullptr || !counts->is_object()) return fail(errors::kCorrupt, "a row of scores without counts");
  for (const auto& [name, value] : counts->get_object()) {
    const auto count = count_of(name);
    if (count && value.is_number()) into[static_cast<std::size_t>(*count)] += value.to_number<std::int32_t>();
  }
  return {};
}

Result<void> add_rows(const CityFace& city, std::vector<Where> where, const Period& period, ScoreSheet& sheet) {
  Query query{"scores", std::move(where)};
  query.where.push_back({"day", Where::Op::at_least, {period.from}});
  query.where.push_back({"day", Where::Op::at_most, {period.to}});
  query.order = "day";  // runs along the index
  query.limit = limits::kPageMost;
  do {
    const Page page = TRY(city.journal->list(query));
    for (const Row& row : page.rows) TRY(add_row(row, sheet));
    query.cursor = page.next;
  } while (!query.cursor.empty());
  return {};
}

}  // namespace

Result<ScoreSheet> read_scores(const CityFace& city, const ScoreScope& scope, const Period& period) {
  ScoreSheet sheet;
  const bool root = scope.area == city.root_area;
  if (scope.object == "unit") {
    std::vector<Where> where{is("object", "unit"), is("parent", "")};
    if (!root) where.push_back({"area", Where::Op::prefix, {scope.area}});
    TRY(add_rows(city, std::move(where), period, sheet));
    return sheet;
  }
  TRY(add_rows(city, {is("object", scope.object), is("parent", scope.area)}, period, sheet));
  if (scope.object == "area") TRY(add_rows(city, {is("object", "area"), is("id", scope.area)}, period, sheet));
  return sheet;
}

Result<ScoreSums> read_score(const CityFace& city, const std::string& object, const std::string& id, const Period& period) {
  ScoreSheet sheet;
  TRY(add_rows(city, {is("object", object), is("id", id)}, period, sheet));
  return sheet[id];
}

Result<FormulasInForce> formulas_in_force(const CityFace& city) {
  Query query{"formulas"};
  query.limit = 1;
  const Page page = TRY(city.journal->list(query));
  if (page.rows.empty()) return fail(errors::kNotFound, "the city has no formulas of scores: put some at /api/v1/scores/formulas/{name}");
  const json::value parsed = TRY(parse_json(page.rows.front().doc));
  return FormulasInForce{page.rows.front().key, TRY(ScoreFormulas::parse(text_or(parsed.as_object(), "source")))};
}

Result<std::optional<ScoreLock>> lock_of(const CityFace& city, const Period& period) {
  if (period.kind != "month") return std::optional<ScoreLock>();
  const auto row = TRY(city.journal->find("score_locks", period.name));
  if (!row) return std::optional<ScoreLock>();
  const json::value parsed = TRY(parse_json(row->doc));
  const json::object& doc = parsed.as_object();
  return std::optional(ScoreLock{{text_or(doc, "formulas"), TRY(ScoreFormulas::parse(text_or(doc, "source")))}, text_or(doc, "locked_by"),
                                 text_or(doc, "locked_at")});
}

std::string snapshot_of(const ScoreScope& scope, const Period& period, const FormulasInForce& formulas, const ScoreSheet& sheet) {
  std::string text = scope.object + "\n" + scope.area + "\n" + period.name + "\n" + formulas.name + " " + formulas.formulas.version + "\n";
  for (const auto& [id, sums] : sheet) {
    if (sums.counts == ScoreRow{}) continue;
    text += id;
    for (const std::int32_t count : sums.counts) text += " " + std::to_string(count);
    text += "\n";
  }
  return period.name + "-" + sha256_hex(text).substr(0, 12);
}

std::string local_day(const CityFace& city) {
  const std::string date = local_date(city.now(), city.utc_offset);
  return date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6, 2);
}

}  // namespace cityloop::serve
