// SPDX-License-Identifier: Apache-2.0
#include "core/score.h"

#include <algorithm>
#include <set>

#include "core/json.h"
#include "core/limits.h"

namespace cityloop {
namespace {

struct Named {
  std::string_view name;
  FactKind kind;
};
using enum FactKind;
constexpr std::array<Named, kCounts> kNamed{{
    {"opened", entry}, {"opened_filed", entry},
    {"filed", filing}, {"found_machine", filing}, {"found_sensor", filing}, {"found_camera", filing}, {"found_patrol", filing},
    {"found_public", filing}, {"found_other", filing},
    {"dispatched", FactKind::dispatch}, {"accurate", FactKind::dispatch}, {"returned", FactKind::dispatch},
    {"due", disposal}, {"disposed", disposal}, {"on_time", disposal}, {"overdue", disposal}, {"outstanding", disposal},
    {"due_closed", disposal}, {"due_closed_on_time", disposal}, {"rework", disposal}, {"extended", disposal},
    {"closed", closing},
    {"step_due", step}, {"step_on_time", step}, {"step_overdue", step},
    {"supervised", supervision}, {"answered", supervision},
    {"revisited", revisit}, {"satisfied", revisit},
    {"cancelled", cut}, {"not_accepted", cut}, {"merged", cut},
    {"appeal_exempt", exempt}, {"suspension_exempt", exempt},
}};
constexpr std::array<std::string_view, 10> kKinds{"entry", "filing",      "dispatch", "disposal", "closing",
                                                  "step",  "supervision", "revisit",  "cut",      "exempt"};
constexpr std::array<std::string_view, 4> kGrades{"A", "B", "C", "D"};

bool is_object_name(std::string_view name) {
  if (name == "area" || name == "unit" || name == "class") return true;
  return name.starts_with("post:") && role_of(name.substr(5)).has_value();
}

bool is_id(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !text.empty() && text.size() <= limits::kPointNameBytes && std::ranges::all_of(text, fits);
}

Result<const json::object*> object_in(const json::object& in, std::string_view key, std::string_view where) {
  const json::value* value = in.if_contains(key);
  if (value == nullptr) return fail(errors::kMissingField, std::string(key) + " in " + std::string(where));
  if (!value->is_object()) return fail(errors::kWrongType, std::string(key) + " in " + std::string(where) + " is no object");
  return &value->get_object();
}

Result<Words> words_in(const json::object& in, std::string_view key, const std::string& where) {
  const json::object& words = *TRY(object_in(in, key, where));
  TRY(only_keys(words, {"zh", "en"}, where));
  return Words{TRY(need_string(words, "zh")), TRY(need_string(words, "en"))};
}

Result<std::array<double, 4>> grades_in(const json::object& in, const std::string& where) {
  TRY(only_keys(in, {"A", "B", "C", "D"}, where));
  std::array<double, 4> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = TRY(need_number(in, kGrades[i]));
    if (!(out[i] >= 0 && out[i] <= 100) || (i > 0 && out[i] >= out[i - 1]))
      return fail(errors::kBadField, "grades of " + where + " do not fall from A to D between 100 and 0");
  }
  return out;
}

Result<Count> count_in(const json::object& in, std::string_view key, const std::string& where) {
  const std::string name = TRY(need_string(in, key));
  if (const auto found = count_of(name)) return *found;
  std::array<std::string_view, kCounts> names;
  std::ranges::transform(kNamed, names.begin(), &Named::name);
  const std::string nearest = nearest_word(name, names);
  return fail(errors::kBadField, where + ": `" + name.substr(0, 40) + "` is nothing that is counted" +
                                     (nearest.empty() ? "" : "; did you mean `" + nearest + "`?"));
}

Result<Indicator> indicator_in(const json::value& value, const std::array<double, 4>& grades) {
  if (!value.is_object()) return fail(errors::kWrongType, "an indicator is no object");
  const json::object& in = value.get_object();
  Indicator out;
  out.id = TRY(need_string(in, "id"));
  if (!is_id(out.id)) return fail(errors::kBadField, "an indicator's id is a-z, 0-9 and _, at most 64");
  const std::string where = "indicator " + out.id;
  TRY(only_keys(in, {"id", "title", "definition", "numerator", "denominator", "weight", "good", "objects", "grades"}, where));
  out.title = TRY(words_in(in, "title", where));
  out.definition = TRY(words_in(in, "definition", where));
  out.numerator = TRY(count_in(in, "numerator", where));
  out.denominator = TRY(count_in(in, "denominator", where));
  out.weight = TRY(want_number(in, "weight")).value_or(0);
  if (!(out.weight >= 0 && out.weight <= 1000)) return fail(errors::kBadField, where + ": the weight lies between 0 and 1000");
  const std::string good = TRY(want_string(in, "good")).value_or("high");
  if (good != "high" && good != "low") return fail(errors::kBadField, where + ": good is high or low");
  out.high_is_good = good == "high";
  const json::value* objects = in.if_contains("objects");
  if (objects == nullptr || !objects->is_array() || objects->get_array().empty())
    return fail(errors::kMissingField, where + ": objects is a list of area, unit, class, post:<role>");
  for (const json::value& item : objects->get_array()) {
    const std::string_view name = item.is_string() ? std::string_view(item.get_string()) : std::string_view();
    if (!is_object_name(name)) return fail(errors::kBadField, where + ": objects are area, unit, class or post:<role>");
    out.objects.emplace_back(name);
  }
  out.grades = grades;
  if (in.contains("grades")) out.grades = TRY(grades_in(*TRY(object_in(in, "grades", where)), where));
  return out;
}

}  // namespace

std::string_view count_name(Count count) { return kNamed[static_cast<std::size_t>(count)].name; }
FactKind kind_of(Count count) { return kNamed[static_cast<std::size_t>(count)].kind; }
std::string_view fact_kind_name(FactKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::optional<Count> count_of(std::string_view name) {
  const auto found = std::ranges::find(kNamed, name, &Named::name);
  if (found == kNamed.end()) return std::nullopt;
  return static_cast<Count>(found - kNamed.begin());
}

Result<ScoreFormulas> ScoreFormulas::parse(std::string_view text) {
  if (text.size() > limits::kFormulaBytes) return fail(errors::kTooLarge, "formulas of more than 256 KiB");
  const json::value parsed = TRY(parse_jsonc(text));
  if (!parsed.is_object()) return fail(errors::kWrongType, "formulas are one object");
  const json::object& file = parsed.get_object();
  TRY(only_keys(file, {"version", "grades", "indicators"}, "the formulas"));
  ScoreFormulas out;
  out.version = TRY(need_string(file, "version"));
  out.grades = TRY(grades_in(*TRY(object_in(file, "grades", "the formulas")), "the formulas"));
  const json::value* list = file.if_contains("indicators");
  if (list == nullptr || !list->is_array()) return fail(errors::kMissingField, "indicators, a list");
  if (list->get_array().empty() || list->get_array().size() > limits::kIndicators)
    return fail(errors::kBadField, "formulas hold 1 to 100 indicators");
  std::set<std::string> ids;
  for (const json::value& item : list->get_array()) {
    out.indicators.push_back(TRY(indicator_in(item, out.grades)));
    const std::string& id = out.indicators.back().id;
    if (!ids.insert(id).second || count_of(id)) return fail(errors::kBadField, "the id " + id + " is taken");
  }
  return out;
}

std::vector<const Indicator*> ScoreFormulas::of(std::string_view object) const {
  std::vector<const Indicator*> out;
  for (const Indicator& one : indicators)
    if (std::ranges::find(one.objects, object) != one.objects.end()) out.push_back(&one);
  return out;
}

char grade_of(double points, const std::array<double, 4>& grades) {
  for (std::size_t i = 0; i < grades.size(); ++i)
    if (points >= grades[i]) return kGrades[i][0];
  return 'E';
}

std::optional<double> points_of(const Indicator& indicator, const ScoreRow& row) {
  const std::int64_t below = at(row, indicator.denominator);
  if (below == 0) return std::nullopt;
  const double rate = static_cast<double>(at(row, indicator.numerator)) / static_cast<double>(below);
  return 100 * (indicator.high_is_good ? rate : 1 - rate);
}

std::optional<double> score_of(std::span<const Indicator* const> indicators, const ScoreRow& row) {
  double points = 0, weights = 0;
  for (const Indicator* one : indicators) {
    const auto own = points_of(*one, row);
    if (!own) continue;
    points += one->weight * *own;
    weights += one->weight;
  }
  if (weights == 0) return std::nullopt;
  return points / weights;
}

}  // namespace cityloop
