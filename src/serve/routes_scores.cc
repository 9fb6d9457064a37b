// SPDX-License-Identifier: Apache-2.0
// 考核: tables of scores, the cases behind each figure, the formulas.
#include <algorithm>

#include "core/class_standard.h"
#include "serve/engine.h"
#include "serve/list.h"
#include "serve/names.h"
#include "serve/score_read.h"

namespace cityloop::serve {
namespace {

constexpr RoleSet kScored = roles(Role::evaluator, Role::leader, Role::inspector, Role::shift_leader, Role::dispatcher, Role::unit_desk,
                                  Role::admin, Role::wall);

struct Ask {
  ScoreScope scope;
  Period period;
};

Result<std::string> object_of(const Call& call) {
  const std::string object(parameter(call, "object").value_or("area"));
  if (object != "area" && object != "unit" && object != "post" && object != "class")
    return bad_parameter("object", "must be area, unit, post or class");
  return object;
}

Result<Period> period_in(const Call& call) {
  const auto name = parameter(call, "period");
  if (!name) return period_of("month", local_day(call.city()));
  auto period = parse_period(*name);
  if (!period) return bad_parameter("period", "must be such as 2022-08-22, 2022-W34, 2022-08, 2022-Q3, 2022-H2 or 2022");
  return period;
}

Result<Ask> ask_of(const Call& call) {
  Ask ask{{TRY(object_of(call)), call.whole_city() ? call.city().root_area : call.caller.actor.area}, TRY(period_in(call))};
  if (const auto area = parameter(call, "area")) {
    if (!call.whole_city() && !call.sees(*area)) return fail(errors::kForeignArea, "this area lies outside yours");
    ask.scope.area = std::string(*area);
  }
  return ask;
}

// The name under which the formulas know the object of a row.
std::string object_name(const std::string& object, const std::string& id) {
  return object == "post" ? "post:" + id.substr(id.find('/') + 1) : object;
}

struct Scored {
  std::string id;
  const ScoreSums* sums = nullptr;
  std::vector<const Indicator*> indicators;
  std::optional<double> score;
  std::optional<int> rank;
};

// Best first; equal scores share a rank. The area that the others lie in is no competitor.
std::vector<Scored> scored(const ScoreScope& scope, const ScoreFormulas& formulas, const ScoreSheet& sheet) {
  std::vector<Scored> all;
  for (const auto& [id, sums] : sheet) {
    Scored one{id, &sums, formulas.of(object_name(scope.object, id)), {}, {}};
    one.score = score_of(one.indicators, sums.counts);
    all.push_back(std::move(one));
  }
  const auto order = [&](const Scored& one) {
    return std::pair(scope.object == "area" && one.id == scope.area ? 0 : 1, one.score ? -*one.score : 1.0);
  };
  std::ranges::stable_sort(all, {}, order);
  int place = 0, rank = 0;
  std::optional<double> last;
  for (Scored& one : all) {
    if (!one.score || (scope.object == "area" && one.id == scope.area) || scope.object == "post" || scope.object == "class") continue;
    ++place;
    if (one.score != last) rank = place;
    last = one.score;
    one.rank = rank;
  }
  return all;
}

const Scored* find(const std::vector<Scored>& all, const std::string& id) {
  const auto found = std::ranges::find(all, id, &Scored::id);
  return found == all.end() ? nullptr : &*found;
}

void put_counts(JsonWriter& out, std::string_view name, const ScoreRow& row, bool all) {
  out.key(name).begin_object();
  for (std::size_t i = 0; i < kCounts; ++i)
    if (all || row[i] != 0) out.member(count_name(static_cast<Count>(i)), row[i]);
  out.end_object();
}

std::optional<double> rate_of(const Indicator& one, const ScoreRow& row) {
  const std::int64_t below = at(row, one.denominator);
  if (below == 0) return std::nullopt;
  return static_cast<double>(at(row, one.numerator)) / static_cast<double>(below);
}

void put_rates(JsonWriter& out, const Scored& one, const Scored* before) {
  out.key("rates").begin_object();
  for (const Indicator* indicator : one.indicators) {
    const ScoreRow& row = one.sums->counts;
    out.key(indicator->id).begin_object().member("n", at(row, indicator->numerator)).member("d", at(row, indicator->denominator));
    out.member_or_null("value", rate_of(*indicator, row));
    const auto points = points_of(*indicator, row);
    out.member_or_null("grade", points ? std::string(1, grade_of(*points, indicator->grades)) : std::string());
    out.member_or_null("before", before == nullptr ? std::nullopt : rate_of(*indicator, before->sums->counts)).end_object();
  }
  out.end_object();
}

std::string name_of(const ScoreScope& scope, const std::string& id, Names& names) {
  if (scope.object == "area" || scope.object == "unit") {
    const std::string& name = names.of(scope.object + "s", id);
    return name.empty() ? id : name;
  }
  const std::string rest = id.substr(id.find('/') + 1);
  if (scope.object == "post") return rest;
  const std::string& name = names.of("classes", rest);
  return name.empty() ? rest : name;
}

void put_item(JsonWriter& out, const Ask& ask, const ScoreFormulas& formulas, const Scored& one, const Scored* before, Names& names) {
  const bool total = ask.scope.object == "area" && one.id == ask.scope.area;
  out.begin_object().member("object", ask.scope.object).member("id", one.id).member("name", name_of(ask.scope, one.id, names));
  out.member("total", total).key("score").begin_object().member_or_null("value", one.score);
  out.member_or_null("grade", one.score ? std::string(1, grade_of(*one.score, formulas.grades)) : std::string());
  out.member_or_null("before", before == nullptr ? std::nullopt : before->score).member_or_null("rank", one.rank);
  out.member_or_null("rank_before", before == nullptr ? std::nullopt : before->rank).end_object();
  put_counts(out, "counts", one.sums->counts, true);
  put_rates(out, one, before);
  if (one.sums->corrected && one.sums->corrections != ScoreRow{}) put_counts(out, "corrections", one.sums->corrections, false);
  else out.key("corrections").null();
  out.end_object();
}

void put_indicator(JsonWriter& out, const Indicator& one) {
  out.begin_object().member("id", one.id).member("title_zh", one.title.zh).member("title_en", one.title.en);
  out.member("definition_zh", one.definition.zh).member("definition_en", one.definition.en);
  out.member("numerator", count_name(one.numerator)).member("denominator", count_name(one.denominator)).member("weight", one.weight);
  out.member("good", one.high_is_good ? "high" : "low").list("objects", one.objects).end_object();
}

void put_lock(JsonWriter& out, const std::optional<ScoreLock>& lock, const Names& names) {
  out.key("locked");
  if (!lock) out.null();
  else out.begin_object().member("by", lock->by).member("by_name", names.person(lock->by)).member("at", lock->at).end_object();
}

Result<HttpResponse> table_of(const Call& call) {
  const Ask ask = TRY(ask_of(call));
  const std::optional<ScoreLock> lock = TRY(lock_of(call.city(), ask.period));
  const FormulasInForce formulas = lock ? lock->formulas : TRY(formulas_in_force(call.city()));
  const Period before = period_before(ask.period);
  const ScoreSheet sheet = TRY(read_scores(call.city(), ask.scope, ask.period));
  const ScoreSheet old_sheet = TRY(read_scores(call.city(), ask.scope, before));
  const auto rows = scored(ask.scope, formulas.formulas, sheet), old_rows = scored(ask.scope, formulas.formulas, old_sheet);
  Names names(call.city());
  JsonWriter out(64u << 10);
  out.begin_object().member("object", ask.scope.object).member("area", ask.scope.area).member("area_name", names.of("areas", ask.scope.area));
  out.member("period", ask.period.name).member("kind", ask.period.kind).member("from", ask.period.from).member("to", ask.period.to);
  out.member("before", before.name).member("running", ask.period.to >= local_day(call.city()));
  out.member("snapshot", snapshot_of(ask.scope, ask.period, formulas, sheet));
  put_lock(out, lock, names);
  out.member("formulas", formulas.name).member("formulas_version", formulas.formulas.version).key("indicators").begin_array();
  for (const Indicator& one : formulas.formulas.indicators) put_indicator(out, one);
  out.end_array().key("items").begin_array();
  for (const Scored& one : rows) put_item(out, ask, formulas.formulas, one, find(old_rows, one.id), names);
  return json_response(200, out.end_array().end_object().take());
}

void scores(Call& call) { call.settle(table_of(call)); }

// ---- the cases behind a figure

Result<void> narrow(const Call& call, const std::string& object, const std::string& id, Query& query) {
  const auto lies_in = [&](const std::string& area) -> Result<void> {
    if (!call.whole_city() && !call.sees(area)) return fail(errors::kForeignArea, "this area lies outside yours");
    if (area != call.city().root_area) query.where.push_back({"area", Where::Op::prefix, {area}});
    return {};
  };
  if (object == "area") return lies_in(id);
  if (object == "unit") {
    if (!call.whole_city()) TRY(call.find("units", id));  // of a unit one may see all that it did
    query.where.push_back({"unit", Where::Op::equal, {id}});
    return {};
  }
  const std::size_t slash = id.find('/');
  if (slash == std::string::npos) return bad_parameter("id", "must be such as 500106/dispatcher");
  query.where.push_back({object, Where::Op::equal, {id.substr(slash + 1)}});
  return lies_in(id.substr(0, slash));
}

Result<Query> facts_behind(const Call& call) {
  const auto count = count_of(parameter(call, "count_of").value_or(""));
  if (!count) return bad_parameter("count_of", "must name a count of the table, such as due");
  const auto id = parameter(call, "id");
  if (!id) return bad_parameter("id", "must name a row of the table");
  const std::string object = TRY(object_of(call));
  const Period period = TRY(period_in(call));
  if (object != "post" && kind_of(*count) == FactKind::step) return bad_parameter("count_of", "is counted for posts only");
  if (object == "class" && kind_of(*count) != FactKind::filing) return bad_parameter("count_of", "is not counted for classes");
  Query query{"score_facts"};
  query.where.push_back({"kind", Where::Op::equal, {std::string(fact_kind_name(kind_of(*count)))}});
  query.where.push_back({"day", Where::Op::at_least, {period.from}});
  query.where.push_back({"day", Where::Op::at_most, {period.to}});
  query.where.push_back({"counts", Where::Op::contains, {" " + std::string(count_name(*count)) + " "}});
  query.where.push_back({"correction", Where::Op::equal, {std::int64_t{TRY(flag_parameter(call, "correction", false)) ? 1 : 0}}});
  TRY(narrow(call, object, std::string(*id), query));
  query.order = "day";
  return query;
}

// What the case is called, for those who may see it.
void tell_case(const Call& call, Names& names, Row& row) {
  const auto doc = parse_json(row.doc);
  if (!doc || !doc->is_object()) return;
  const json::object& fact = doc->as_object();
  JsonWriter more;
  more.begin_object().member_or_null("unit_name", names.of("units", text_or(fact, "unit")));
  const auto file = call.city().journal->find("cases", text_or(fact, "case"));
  if (file && *file && (call.whole_city() || call.sees(text_or(fact, "area")))) {
    const auto known = parse_json((*file)->doc);
    if (known && known->is_object())
      more.member("title", text_or(known->as_object(), "title")).member("stage", text_or(known->as_object(), "stage"));
  }
  const std::string text = more.end_object().take();
  append_members(row.doc, std::string_view(text).substr(1, text.size() - 2));
}

void cases_behind(Call& call) {
  auto query = facts_behind(call);
  if (!query) return call.refuse(query.error());
  answer_list(call, {std::move(*query), "case title stage day kind unit_name source class sign correction",
                     [self = call.shared_from_this(), names = std::make_shared<Names>(call.city())](Row& row) { tell_case(*self, *names, row); }});
}

// ---- formulas

void list_formulas(Call& call) { answer_list(call, {Query{"formulas"}, "name version indicators shipped changed_by changed_at"}); }

void show_formulas(Call& call) {
  auto row = call.find_row("formulas", call.arg());
  if (!row) return call.refuse(row.error());
  call.answer_json(200, std::move(row->doc));
}

void put_formulas(Call& call) { offer_and_show(call, {"formulas.put", call.arg(), call.request.body}, "formulas", call.arg()); }

// ---- locks and reports in words

void list_locks(Call& call) {
  answer_list(call, {Query{"score_locks"}, "period locked_by locked_at formulas version"});
}

void lock_month(Call& call) {
  offer(call, {"score.lock", call.arg(), "{}", 0, [](Call& c, const Answer&) {
                 auto row = c.find_row("score_locks", c.arg());
                 if (!row) return c.refuse(row.error());
                 c.answer_json(201, std::move(row->doc));
               }});
}

void name_writers(const Names& names, Row& row) {
  const auto doc = parse_json(row.doc);
  if (!doc || !doc->is_object()) return;
  JsonWriter more;
  more.begin_object().member("written_by_name", names.person(text_or(doc->get_object(), "written_by")));
  const std::string by = text_or(doc->get_object(), "signed_by");
  more.member_or_null("signed_by_name", by.empty() ? std::string() : names.person(by));
  const std::string text = more.end_object().take();
  append_members(row.doc, std::string_view(text).substr(1, text.size() - 2));
}

void list_reports(Call& call) {
  static constexpr Filter kFilters[] = {{"kind", "kind"}, {"period", "period"}, {"state", "state"}};
  Query query{"score_reports"};
  if (const auto known = apply_filters(call, kFilters, query); !known) return call.refuse(known.error());
  if (const auto scoped = apply_area(call, query); !scoped) return call.refuse(scoped.error());
  query.order = "at";
  query.descending = true;
  answer_list(call, {std::move(query), "id kind period area title state snapshot written_by_name written_at signed_by_name signed_at",
                     [names = std::make_shared<Names>(call.city())](Row& row) { name_writers(*names, row); }});
}

void show_report(Call& call) {
  const auto doc = call.find("score_reports", call.arg());
  if (!doc) return call.refuse(doc.error());
  auto row = call.find_row("score_reports", call.arg());
  if (!row) return call.refuse(row.error());
  name_writers(Names(call.city()), *row);
  const json::value* rev = doc->if_contains("rev");
  call.answer(document(200, std::move(row->doc), rev == nullptr ? 0 : rev->to_number<std::uint64_t>()));
}

void change_report(Call& call, std::string verb) {
  const auto rev = call.if_match();
  if (!rev) return call.refuse(rev.error());
  offer_and_show(call, {std::move(verb), call.arg(), call.request.body, *rev}, "score_reports", call.arg());
}

}  // namespace

void add_score_routes(std::vector<Route>& out) {
  constexpr RoleSet kWriters = roles(Role::evaluator, Role::admin);
  constexpr RoleSet kLockers = roles(Role::evaluator, Role::leader, Role::admin);
  constexpr RoleSet kAuthors = roles(Role::evaluator, Role::leader, Role::shift_leader, Role::admin);
  constexpr RoleSet kSigners = roles(Role::leader, Role::admin);
  out.insert(out.end(), {
    {"GET", "/api/v1/scores", "Scores of areas, units, posts and classes in a period, each rate with its n and d", kScored, Scope::list,
     "object period area", "", "ScoreTable", scores, true},
    {"GET", "/api/v1/scores/cases", "The cases behind one figure", kScored, Scope::list, "object id count_of period correction @list", "",
     "[]ScoreFact", cases_behind, true},
    {"GET", "/api/v1/scores/formulas", "The formulas in force", kScored, Scope::any, "@list", "", "[]Formulas", list_formulas},
    {"GET", "/api/v1/scores/formulas/{name}", "The formulas, by their name", kScored, Scope::any, "", "", "Formulas", show_formulas},
    {"PUT", "/api/v1/scores/formulas/{name}", "Put formulas in force instead of those before", kWriters, Scope::city, "", "FormulasPut", "Formulas",
     put_formulas},
    {"GET", "/api/v1/scores/locks", "Locked months", kScored, Scope::any, "@list", "", "[]ScoreLock", list_locks},
    {"POST", "/api/v1/scores/locks/{month}", "Lock a month: its figures stay, what is learnt later stands beside them", kLockers, Scope::city, "",
     "", "ScoreLock", lock_month},
    {"GET", "/api/v1/scores/reports", "Reports in words", kScored, Scope::list, "kind period state area @list", "", "[]ScoreReport", list_reports},
    {"GET", "/api/v1/scores/reports/{id}", "One report, by `<kind>.<period>.<area>`", kScored, Scope::item, "", "", "ScoreReport", show_report},
    {"PUT", "/api/v1/scores/reports/{id}", "Write a report, or change a draft; If-Match: the revision seen", kAuthors, Scope::item, "", "ScoreReportPut",
     "ScoreReport", [](Call& c) { change_report(c, "score_report.put"); }},
    {"POST", "/api/v1/scores/reports/{id}:sign", "Sign it: from then on it stays as it is", kSigners, Scope::item, "", "", "ScoreReport",
     [](Call& c) { change_report(c, "score_report.sign"); }},
  });
}

}  // namespace cityloop::serve
