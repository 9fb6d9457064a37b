// SPDX-License-Identifier: Apache-2.0
#include "supervise/formula_book.h"

#include <algorithm>

#include "core/json.h"
#include "core/score.h"

namespace cityloop {
namespace {

bool is_name(std::string_view name) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, fits);
}

}  // namespace

Answer FormulaBook::take(const ActionIn& in, const Actor& actor, Context& city) {
  const bool ships = in.verb == "formulas.ship";
  if (ships && actor.id != "system") return refuse(errors::kForbidden, "the program itself ships formulas");
  const std::string& root = city.tables.root_area();
  const bool may = actor.is(Role::evaluator) || actor.is(Role::admin);
  if (!may || (actor.id != "system" && !in_scope(actor.area, root, root)))
    return refuse(errors::kForbidden, "the formulas are the whole city's; its evaluators and administrators change them");
  if (ships && !text_.empty() && !shipped_) return refuse(errors::kConflict, "the city has formulas of its own");
  if (!is_name(in.subject)) return refuse(errors::kBadField, "the name of formulas is a-z, 0-9, _ and -, at most 64");
  const Result<ScoreFormulas> parsed = ScoreFormulas::parse(in.body);
  if (!parsed) return refuse(parsed.error());
  if (!name_.empty() && name_ != in.subject) city.emit("rev.config", actor.id, Removed{"formulas", name_});
  name_ = in.subject;
  text_ = in.body;
  shipped_ = ships;
  const json::object doc{{"name", name_},        {"version", parsed->version},     {"indicators", parsed->indicators.size()},
                         {"shipped", shipped_},  {"changed_by", actor.id},         {"changed_at", format_time(city.now)},
                         {"rev", ++rev_},        {"source", text_}};
  city.emit("rev.config", actor.id, RowPut{"formulas", name_, "", {}, json::serialize(doc)});
  return done(json::serialize(json::object{{"name", name_}, {"version", parsed->version}}));
}

void FormulaBook::encode(Writer& out) const {
  for (const std::string* text : {&name_, &text_}) cityloop::encode(out, *text);
  cityloop::encode(out, shipped_);
  cityloop::encode(out, rev_);
}

void FormulaBook::decode(Reader& in) {
  for (std::string* text : {&name_, &text_}) cityloop::decode(in, *text);
  cityloop::decode(in, shipped_);
  cityloop::decode(in, rev_);
}

}  // namespace cityloop
