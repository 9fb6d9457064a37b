// SPDX-License-Identifier: Apache-2.0
// Clocks, reminders, audit, scores: hears every event of the turn and changes no case by itself. It only completes what
// it hears: it fills in a case's clocks and numbers its timeline. What it demands it returns as actions that the city
// offers in the next turn. City thread only.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/context.h"
#include "supervise/audit.h"
#include "supervise/calendar_book.h"
#include "supervise/clocks.h"
#include "supervise/formula_book.h"
#include "supervise/score_desk.h"
#include "supervise/scores.h"
#include "supervise/shift_book.h"

namespace cityloop {

class Supervise {
 public:
  struct Settings {
    std::string audit_key;                              // 32 bytes, from the data folder's secret file
    Millis utc_offset = std::chrono::hours(8);
    StageLimits stage_limits;                           // stage name -> limit text; over the defaults of clocks.h
  };
  explicit Supervise(Settings settings);

  // Amends the event: a Case gets its clocks, a TimelineAdded its number within the case. Counts scores. Emits nothing,
  // so that `event` may lie in city.events. Heard again, its own case.sla events change nothing.
  void hear(Event& event, Context& city);
  // Every action of a person, token, credential or source that changes or reveals something, also the refused ones. No
  // personal data: of the body only a keyed digest.
  void audit(const ActionIn& in, const Actor& actor, const Answer& answer, Context& city);
  // The deeds of the working calendar, of 交接班, of the scores' formulas, locks and reports. A new calendar counts what runs or
  // waits anew (case.sla); new formulas change no count.
  static bool handles(std::string_view verb) {
    return CalendarBook::handles(verb) || ShiftBook::handles(verb) || FormulaBook::handles(verb) || ScoreDesk::handles(verb);
  }
  Answer act(const ActionIn& in, const Actor& actor, Context& city);
  const CalendarBook& calendar() const { return calendar_; }
  const FormulaBook& formulas() const { return formulas_; }
  // Reminders at 50, 80 and 100 % of a clock, each once (case.sla and a timeline entry); the marks due soon and overdue
  // (case.sla); changed score rows; cases forgotten.
  void tick(Context& city);
  Time next_due() const;
  // For the next turn: `case.remind` for each clock that has run out, so that its people are told.
  std::vector<ActionIn> take_demands();

  const AuditHead& audit_head() const { return head_; }  // for anchoring outside the folder
  ScoreTable scores() const { return scores_.table(); }
  const CaseClocks* clocks(std::string_view case_no) const;  // null: not watched

  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  struct Watched {            // an open case, or one closed not long ago
    Case file;                // as last heard, without its clocks
    CaseClocks clocks;
    CaseFacts facts;
    std::uint64_t entries = 0;
  };

  void hear_case(Case& file, Context& city);
  void learn(Watched& watched, const Case& file, bool fresh, Context& city) const;
  static void learn_cut(CaseFacts& facts, const Case& file, const std::string& today);
  void learn_terms(Watched& watched, bool suspended, const std::string& today) const;
  std::vector<CaseFacts::Term> terms_of(const std::vector<Clock>& clocks) const;
  void hear_report(const Report& report);
  Answer decide(const ActionIn& in, const Actor& actor, Context& city);
  std::string source_of(const Case& file, const Context& city) const;
  void schedule(const std::string& no, const Watched& watched);
  void reach(Watched& watched, const CaseClocks::Mark& mark, Context& city);
  ClockRules rules() const { return {settings_.stage_limits, calendar_.in_force()}; }
  std::string day_of(Time time) const;
  Answer change_calendar(const ActionIn& in, const Actor& actor, Context& city);

  Settings settings_;
  CalendarBook calendar_;
  ShiftBook shifts_;
  FormulaBook formulas_;
  ScoreDesk desk_;
  std::map<std::string, Watched, std::less<>> watched_;
  AuditHead head_;
  Scores scores_;
  Time flushed_at_{};
  std::vector<ActionIn> demands_;

  // derived from watched_
  std::set<std::pair<Time, std::string>> due_;   // next reminder, or when a case that is over is forgotten
  std::map<std::string, Time, std::less<>> due_at_;
};

}  // namespace cityloop
