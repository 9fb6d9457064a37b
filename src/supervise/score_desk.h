// SPDX-License-Identifier: Apache-2.0
// What people decide about scores: months that are locked, and the reports in words that they write over them and sign.
// City thread only.
#pragma once

#include <map>
#include <string>

#include "core/codec.h"
#include "core/context.h"
#include "supervise/formula_book.h"

namespace cityloop {

class ScoreDesk {
 public:
  // `score.lock`: subject the month; the caller then locks its days. `report.put`: subject `<kind>.<period>.<area>`, body
  // {"title","text","snapshot"}; `report.sign`: from then on it stays as it is. Both with the revision that was seen.
  static bool handles(std::string_view verb) { return verb == "score.lock" || verb == "score_report.put" || verb == "score_report.sign"; }
  Answer act(const ActionIn& in, const Actor& actor, const FormulaBook& formulas, const std::string& today, Context& city);

  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  struct Words {               // a report in words
    std::string kind, period, area, title, text, snapshot;
    std::string written_by, signed_by;
    Time written_at{};
    std::optional<Time> signed_at;
    std::uint64_t rev = 0;
  };
  Answer lock(const ActionIn& in, const Actor& actor, const FormulaBook& formulas, const std::string& today, Context& city);
  Answer write(const ActionIn& in, const Actor& actor, Context& city);
  Answer sign(const ActionIn& in, const Actor& actor, Context& city);
  static Answer tell(const std::string& id, const Words& words, const Actor& actor, Context& city);

  std::map<std::string, Time> locked_;            // by month
  std::map<std::string, Words, std::less<>> reports_;
};

}  // namespace cityloop
