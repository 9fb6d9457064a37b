// SPDX-License-Identifier: Apache-2.0
#include "core/class_standard.h"

namespace cityloop {

std::string class_key(const ClassCode& klass) { return klass.scheme + "/" + klass.type + "/" + klass.code; }

std::string standard_key(const ClassCode& klass, const std::string& condition) {
  return class_key(klass) + "/" + condition;
}

bool is_in_force(const Condition& condition, const std::string& day) {
  return (condition.from.empty() || condition.from <= day) && (condition.until.empty() || day <= condition.until);
}

std::vector<const Condition*> conditions_on(const ClassStandard& klass, const std::string& day) {
  std::vector<const Condition*> found;
  for (const Condition& condition : klass.conditions)
    if (is_in_force(condition, day)) found.push_back(&condition);
  return found;
}

const std::string& limit_of(const Condition& condition, const std::string& grade) {
  if (grade == "B" && !condition.limit_b.empty()) return condition.limit_b;
  if (grade == "C" && !condition.limit_c.empty()) return condition.limit_c;
  return condition.limit;
}

}  // namespace cityloop
