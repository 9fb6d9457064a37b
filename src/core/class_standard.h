// SPDX-License-Identifier: Apache-2.0
// Classes of components and events with their 立结案标准 (GB/T 30428.2 and .8): a city's own adoption, imported, with
// effective dates. Values; the Register keeps them.
#pragma once

#include <string>
#include <vector>

#include "core/words.h"

namespace cityloop {

// One condition under which a case of the class is filed, how long its disposal may take, when it may be closed.
struct Condition {
  std::string id;        // within the class: `1`
  std::string filing;    // as the table says it
  std::string closing;
  std::string limit;     // `2UH`; of management grade A, and of B and C where those columns are empty
  std::string limit_b;
  std::string limit_c;
  std::string from;      // first local day `2024-01-01` on which it holds; empty: ever since
  std::string until;     // last one; empty: for good
};

struct ClassStandard {
  ClassCode code;        // scheme, type, four digits: major and minor
  std::string name;
  std::string name_en;
  std::string duty;      // of the units that answer for it: `sanitation`; empty: the dispatcher knows
  bool local = false;    // the city's own extension of the scheme
  double radius_m = 0;   // reports within it are one event; 0: limits::kSimilarCaseRadius_m
  int hours = 0;         // … and within this time; 0: limits::kSimilarCaseWindow
  std::string note;      // on collecting: what the photograph must show
  std::vector<Condition> conditions;
};

std::string class_key(const ClassCode& klass);  // `GB2013/component/0303`
std::string standard_key(const ClassCode& klass, const std::string& condition);  // `GB2013/component/0303/1`

// Whether it holds on that local day, `2026-11-27`.
bool is_in_force(const Condition& condition, const std::string& day);
// Those in force on that day, as listed.
std::vector<const Condition*> conditions_on(const ClassStandard& klass, const std::string& day);
// Of grade `A`, `B` or `C`.
const std::string& limit_of(const Condition& condition, const std::string& grade);

}  // namespace cityloop
