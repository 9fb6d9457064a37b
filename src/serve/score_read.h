// SPDX-License-Identifier: Apache-2.0
// Scores as they are read: daily rows added up over a period, for the objects below one. Any thread. Of this room only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/period.h"
#include "core/score.h"
#include "serve/call.h"

namespace cityloop::serve {

struct ScoreSums {
  ScoreRow counts{};
  ScoreRow corrections{};   // learnt after the month was locked
  bool corrected = false;
};
using ScoreSheet = std::map<std::string, ScoreSums>;  // by id

struct ScoreScope {
  std::string object;   // area, unit, post, class
  std::string area;     // that the objects lie in
};

// Of all objects that have a row in the period; of areas: the area itself and those right below it.
Result<ScoreSheet> read_scores(const CityFace& city, const ScoreScope& scope, const Period& period);
// Of one object.
Result<ScoreSums> read_score(const CityFace& city, const std::string& object, const std::string& id, const Period& period);

struct FormulasInForce {
  std::string name;
  ScoreFormulas formulas;
};
// kNotFound while the city has none.
Result<FormulasInForce> formulas_in_force(const CityFace& city);

struct ScoreLock {
  FormulasInForce formulas;  // the month keeps those that it was locked with
  std::string by, at;
};
// Nothing: the period is no month, or not locked.
Result<std::optional<ScoreLock>> lock_of(const CityFace& city, const Period& period);

// The same figures under the same formulas have the same one, on every screen and paper: `2022-08-` and twelve digits.
// Corrections do not enter it.
std::string snapshot_of(const ScoreScope& scope, const Period& period, const FormulasInForce& formulas, const ScoreSheet& sheet);

// Today as scores write it.
std::string local_day(const CityFace& city);

}  // namespace cityloop::serve
