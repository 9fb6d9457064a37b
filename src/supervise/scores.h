// SPDX-License-Identifier: Apache-2.0
// Counters by area, unit and post, for each local day and month (domain.md §1.9). A case contributes a set of counts
// that follows from its facts alone; when the facts change, the old set is taken away and the new one added, so that
// the tables are always exactly what a recount of all cases gives. City thread only.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/context.h"

namespace cityloop {

enum class Count : std::uint8_t { opened, dispatched, due, on_time, overdue, closed, rework, returned, extended };
inline constexpr std::size_t kCounts = 9;
std::string_view count_name(Count count);

struct ScoreKey {
  std::string object;  // area, unit, post
  std::string id;      // area code, unit id, role name
  std::string period;  // `2022-08-22` or `2022-08`

  friend auto operator<=>(const ScoreKey&, const ScoreKey&) = default;
};
using ScoreRow = std::array<std::int64_t, kCounts>;
using ScoreTable = std::map<ScoreKey, ScoreRow>;

// What scores need to know of one case. Days are local `2022-08-22`.
struct CaseFacts {
  std::vector<std::string> areas;        // its area and the areas around it, root last
  std::string opened;
  std::string closed;                    // empty: not
  std::string unit;                      // of the disposal clock and the closing
  struct Deed { std::string day; std::string unit; };
  std::vector<Deed> dispatched, returned, reworked, extended;
  struct Term {                          // a clock with a deadline
    Stage stage = Stage::reported;
    std::string day;                     // of the deadline
    bool met = false;
    bool missed = false;
  };
  std::vector<Term> terms;
};

// The counts of one case, as a table of its own.
ScoreTable counts_of(const CaseFacts& facts);

class Scores {
 public:
  // Replaces what the case has contributed so far. The rows that change wait for flush.
  void replace(const CaseFacts& before, const CaseFacts& after);
  // Emits the changed rows: RowPut `scores`, key `<object>:<id>:<period>`, with numerators, denominators and
  // definitions.
  void flush(Context& city);
  bool has_changes() const { return !changed_.empty(); }
  const ScoreTable& table() const { return table_; }

  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  ScoreTable table_;
  std::set<ScoreKey> changed_;
};

}  // namespace cityloop
