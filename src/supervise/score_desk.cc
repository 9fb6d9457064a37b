// SPDX-License-Identifier: Apache-2.0
#include "supervise/score_desk.h"

#include "core/json.h"
#include "core/limits.h"
#include "core/period.h"
#include "core/score.h"

namespace cityloop {
namespace {

// `daily.2022-08-22.500106`
struct ReportId {
  std::string kind, period, area;
};

Result<ReportId> report_id(const std::string& id, const Register& tables) {
  const std::size_t first = id.find('.'), last = id.rfind('.');
  if (first == std::string::npos || first == last) return fail(errors::kBadField, "a report is named such as daily.2022-08-22.500106");
  ReportId out{id.substr(0, first), id.substr(first + 1, last - first - 1), id.substr(last + 1)};
  const Period period = TRY(parse_period(out.period));
  const bool fits = (out.kind == "daily" && period.kind == "day") || (out.kind == "monthly" && period.kind == "month") || out.kind == "analysis";
  if (!fits) return fail(errors::kBadField, "a report is daily of a day, monthly of a month, or an analysis of any period");
  if (tables.area(out.area) == nullptr && out.area != tables.root_area()) return fail(errors::kBadField, "there is no area " + out.area.substr(0, 20));
  return out;
}

bool may_write(const Actor& actor) {
  return actor.is(Role::evaluator) || actor.is(Role::leader) || actor.is(Role::shift_leader) || actor.is(Role::admin);
}

}  // namespace

Answer ScoreDesk::act(const ActionIn& in, const Actor& actor, const FormulaBook& formulas, const std::string& today, Context& city) {
  if (in.verb == "score.lock") return lock(in, actor, formulas, today, city);
  return in.verb == "score_report.put" ? write(in, actor, city) : sign(in, actor, city);
}

Answer ScoreDesk::lock(const ActionIn& in, const Actor& actor, const FormulaBook& formulas, const std::string& today, Context& city) {
  const std::string& root = city.tables.root_area();
  if (!(actor.is(Role::evaluator) || actor.is(Role::leader) || actor.is(Role::admin)) || !in_scope(actor.area, root, root))
    return refuse(errors::kForbidden, "the whole city's evaluators, leaders and administrators lock a month");
  const Result<Period> month = parse_period(in.subject);
  if (!month || month->kind != "month") return refuse(errors::kBadField, "a month such as 2022-08 is locked");
  if (month->to >= today) return refuse(errors::kNotAllowed, "the month is not over");
  if (locked_.contains(in.subject)) return refuse(errors::kConflict, "the month is locked already");
  const Result<ScoreFormulas> parsed = ScoreFormulas::parse(formulas.text());
  if (!parsed) return refuse(errors::kNotAllowed, "the city has no formulas of scores: put some first");
  locked_[in.subject] = city.now;
  const json::object doc{{"period", in.subject},        {"locked_by", actor.id},         {"locked_at", format_time(city.now)},
                         {"formulas", formulas.name()}, {"version", parsed->version}, {"source", formulas.text()}};
  city.emit("score.lock", actor.id, RowPut{"score_locks", in.subject, root, {}, json::serialize(doc)});
  return done(json::serialize(json::object{{"period", in.subject}}), 0, 201);
}

Answer ScoreDesk::write(const ActionIn& in, const Actor& actor, Context& city) {
  if (!may_write(actor)) return refuse(errors::kForbidden, "this takes one of the roles evaluator, leader, shift_leader, admin");
  const Result<ReportId> id = report_id(in.subject, city.tables);
  if (!id) return refuse(id.error());
  if (!in_scope(actor.area, id->area, city.tables.root_area())) return refuse(errors::kForeignArea, "the report is about another area than yours");
  const Result<json::value> body = parse_json(in.body);
  if (!body) return refuse(body.error());
  if (!body->is_object()) return refuse(errors::kWrongType, "the body is no object");
  const auto said = [&]() -> Result<Words> {
    const json::object& object = body->get_object();
    TRY(only_keys(object, {"title", "text", "snapshot"}, ""));
    Words words{id->kind, id->period, id->area, TRY(need_string(object, "title")), TRY(need_string(object, "text")),
                TRY(need_string(object, "snapshot")), actor.id, "", city.now, {}, 0};
    if (words.title.empty() || words.title.size() > limits::kTitleBytes) return fail(errors::kBadField, "`title` has 1 to 400 bytes");
    if (words.text.empty() || words.text.size() > limits::kScoreReportBytes) return fail(errors::kBadField, "`text` has 1 to 64 KiB");
    if (words.snapshot.size() > 64) return fail(errors::kBadField, "`snapshot` is none");
    return words;
  }();
  if (!said) return refuse(said.error());
  const auto held = reports_.find(in.subject);
  const std::uint64_t rev = held == reports_.end() ? 0 : held->second.rev;
  if (held != reports_.end() && held->second.signed_at) return refuse(errors::kNotAllowed, "the report is signed: it stays as it is");
  if (in.if_match != rev) return refuse(rev == 0 || in.if_match != 0 ? errors::kStale : errors::kPreconditionRequired, "somebody changed the report since you read it");
  if (held == reports_.end() && reports_.size() >= limits::kScoreReports) return refuse(errors::kTooMany, "the city holds 20,000 reports");
  Words& words = reports_[in.subject];
  words = *said;
  words.rev = rev + 1;
  return tell(in.subject, words, actor, city);
}

Answer ScoreDesk::sign(const ActionIn& in, const Actor& actor, Context& city) {
  if (!actor.is(Role::leader) && !actor.is(Role::admin)) return refuse(errors::kForbidden, "this takes one of the roles leader, admin");
  const auto held = reports_.find(in.subject);
  if (held == reports_.end()) return refuse(errors::kNotFound, "there is no such report");
  Words& words = held->second;
  if (!in_scope(actor.area, words.area, city.tables.root_area())) return refuse(errors::kForeignArea, "the report is about another area than yours");
  if (words.signed_at) return refuse(errors::kNotAllowed, "the report is signed already");
  if (in.if_match != words.rev) return refuse(in.if_match == 0 ? errors::kPreconditionRequired : errors::kStale, "somebody changed the report since you read it");
  words.signed_by = actor.id;
  words.signed_at = city.now;
  ++words.rev;
  return tell(in.subject, words, actor, city);
}

Answer ScoreDesk::tell(const std::string& id, const Words& words, const Actor& actor, Context& city) {
  const bool is_signed = words.signed_at.has_value();
  const json::object doc{{"id", id},
                         {"kind", words.kind},
                         {"period", words.period},
                         {"area", words.area},
                         {"title", words.title},
                         {"text", words.text},
                         {"snapshot", words.snapshot},
                         {"state", is_signed ? "signed" : "draft"},
                         {"written_by", words.written_by},
                         {"written_at", format_time(words.written_at)},
                         {"signed_by", is_signed ? json::value(words.signed_by) : json::value(nullptr)},
                         {"signed_at", is_signed ? json::value(format_time(*words.signed_at)) : json::value(nullptr)},
                         {"rev", words.rev}};
  city.emit("score.report", actor.id,
            RowPut{"score_reports", id, words.area,
                   {{"kind", words.kind}, {"period", words.period}, {"state", is_signed ? "signed" : "draft"}, {"at", std::to_string(to_ms(words.written_at))}},
                   json::serialize(doc)});
  return done(json::serialize(json::object{{"id", id}}), words.rev);
}

void ScoreDesk::encode(Writer& out) const {
  cityloop::encode(out, locked_);
  cityloop::encode(out, reports_);
}

void ScoreDesk::decode(Reader& in) {
  cityloop::decode(in, locked_);
  cityloop::decode(in, reports_);
}

}  // namespace cityloop
