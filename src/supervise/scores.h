// SPDX-License-Identifier: Apache-2.0
// Counters by area, unit, post and class for each local day (domain.md §1.9). A case contributes a set of facts that
// follows from CaseFacts alone; when they change, the old facts are taken away and the new ones added, so that the tables
// are always exactly what a recount of all cases gives. The facts are rows too (`score_facts`): what a figure counts can be
// listed. Days of a locked month never change: what is learnt later stands beside them as corrections. City thread only.
#pragma once

#include <array>
#include <compare>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/score.h"

namespace cityloop {

struct ScoreKey {
  std::string object;       // area, unit, post, class
  std::string id;           // area code, unit id; of the city and its districts: `500106/dispatcher`, `500106/GB2013/component/0303`
  std::string day;          // `2022-08-22`
  bool correction = false;  // learnt after its month was locked

  friend auto operator<=>(const ScoreKey&, const ScoreKey&) = default;
};
using ScoreTable = std::map<ScoreKey, ScoreRow>;

// What scores need to know of one case. Days are local `2022-08-22`; empty: not.
struct CaseFacts {
  std::string no;
  std::vector<std::string> areas;        // its area and the areas around it, root last
  std::string klass;                     // `GB2013/component/0303`
  std::string source;                    // what found it: sensor, camera, inspector, citizen, hotline, desk, another system's name
  std::string unit;                      // of the disposal clock and the closing
  std::string opened, filed, closed;
  struct Dispatch {
    std::string day;
    std::string unit;
    bool returned = false;               // by the unit
  };
  std::vector<Dispatch> dispatches;
  struct Term {                          // a clock whose deadline has come, or that stopped before it
    Stage stage = Stage::reported;       // handling: the disposal
    std::string day;                     // of the deadline
    bool met = false;                    // done, and in time
    bool missed = false;                 // the deadline passed
    bool done = false;
  };
  std::vector<Term> terms;
  bool reworked = false;
  bool extended = false;
  struct Supervised {
    std::string day;
    bool answered = false;               // in time
  };
  std::vector<Supervised> supervisions;
  std::string revisited;
  bool satisfied = false;
  std::string cut, cut_on;               // cancelled, not_accepted, merged; the day
  std::string exempt, exempt_on;         // appeal, suspension; the day
};

// One row of `score_facts`.
struct ScoreFact {
  std::string case_no;
  FactKind kind = FactKind::entry;
  std::string day;
  std::string area;
  std::string unit;
  std::string post;            // role
  std::string klass;
  std::string source;
  std::uint64_t counts = 0;    // bit i: Count i
  int sign = 1;                // -1: a correction takes it away
  bool correction = false;
  bool removed = false;        // the row goes

  friend bool operator==(const ScoreFact&, const ScoreFact&) = default;
};

// The facts of one case, by key `<case>:<kind>:<number>:<day>`. The one place where a case becomes counts.
std::map<std::string, ScoreFact> facts_of(const CaseFacts& facts);
// What they add up to, as a table of its own.
ScoreTable counts_of(const CaseFacts& facts);

class Scores {
 public:
  explicit Scores(std::size_t held = limits::kScoreRowsHeld) : held_(held) {}

  // Replaces what the case has contributed so far. The rows that change wait for flush.
  void replace(const CaseFacts& before, const CaseFacts& after);
  // Emits what changed: RowPut `scores` and `score_facts`, Removed `score_facts`.
  void flush(Context& city);
  bool has_changes() const { return !changed_.empty() || !facts_.empty(); }
  // From now on the days of the month `2022-08` stay as they are.
  void lock(const std::string& month) { locked_.insert(month); }
  ScoreTable table() const;    // of what is held

  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  // A row that left memory and is needed again begins anew under another number: readers add the rows of one day up.
  struct Sum {
    ScoreRow counts{};
    std::uint64_t number = 0;
    std::uint64_t touched = 0;  // which flush
  };
  void add(const CaseFacts& facts, const ScoreFact& fact, int sign, bool correction);
  void put_row(const ScoreKey& key, const Sum& sum, Context& city) const;
  void forget();

  std::size_t held_;
  std::map<ScoreKey, Sum> table_;
  std::set<ScoreKey> changed_;
  std::map<std::string, ScoreFact> facts_;  // to be told
  std::set<std::string> locked_;
  std::uint64_t rows_ = 0, flushes_ = 0, corrections_ = 0;
};

}  // namespace cityloop
