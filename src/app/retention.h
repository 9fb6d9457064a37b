// SPDX-License-Identifier: Apache-2.0
// What is forgotten by itself (domain.md §7.2): who reported, a year after the last of their cases was closed. The case,
// its timeline and the audit stay; the audit says that the row was removed.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "city/ports.h"
#include "core/result.h"

namespace cityloop {

class Retention {
 public:
  explicit Retention(const Journal& journal) : journal_(journal) {}

  // Keys of `persons` that nothing needs any more: every report of theirs settled at `before` or earlier (its case
  // closed; without a case, received), or no report at all, now and at the last look: the report of a row follows it.
  // Reads in pages, any thread; `stop` is asked between them, and then what was found so far is returned.
  Result<std::vector<std::string>> to_forget(Time before, const std::function<bool()>& stop);

 private:
  enum class Need { none, no_report, needed };
  Result<Need> need_of(const std::string& person, Time before) const;
  Result<bool> is_settled(const Row& report, Time before) const;

  const Journal& journal_;
  std::set<std::string> without_report_;
};

}  // namespace cityloop
