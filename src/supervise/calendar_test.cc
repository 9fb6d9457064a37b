// SPDX-License-Identifier: Apache-2.0
// The working calendar and the clocks on it, against a calculation that goes through the minutes one by one and shares
// nothing with them: the notices of 2025 and 2026 once more by hand, day after day from Wednesday, 1 January 2025.
#include "supervise/calendar.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "core/context.h"
#include "core/json.h"
#include "supervise/clocks.h"

namespace cityloop {
namespace {

using namespace std::chrono_literals;

std::string file_text() {
  std::ifstream file(std::string(CITYLOOP_SOURCE_DIR) + "/calendars/china.jsonc");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

const Calendar& china() {
  static const Calendar kChina = *Calendar::parse(file_text(), 8h);
  return kChina;
}

Time local(const std::string& text) {
  return *parse_time(text.size() == 10 ? text + "T00:00:00+08:00" : text + ":00+08:00");
}

// ---- the minutes ----------------------------------------------------------------------------------------------

class Minutes {
 public:
  Minutes() {
    const std::set<std::string> off{
        "20250101", "20250128", "20250129", "20250130", "20250131", "20250201", "20250202", "20250203", "20250204",
        "20250404", "20250405", "20250406", "20250501", "20250502", "20250503", "20250504", "20250505", "20250531",
        "20250601", "20250602", "20251001", "20251002", "20251003", "20251004", "20251005", "20251006", "20251007",
        "20251008", "20260101", "20260102", "20260103", "20260215", "20260216", "20260217", "20260218", "20260219",
        "20260220", "20260221", "20260222", "20260223", "20260404", "20260405", "20260406", "20260501", "20260502",
        "20260503", "20260504", "20260505", "20260619", "20260620", "20260621", "20260925", "20260926", "20260927",
        "20261001", "20261002", "20261003", "20261004", "20261005", "20261006", "20261007"};
    const std::set<std::string> on{"20250126", "20250208", "20250427", "20250928", "20251011", "20260104",
                                   "20260214", "20260228", "20260509", "20260920", "20261010"};
    const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    int weekday = 3;
    for (int year = 2025; year <= 2026; ++year) {
      for (int month = 1; month <= 12; ++month) {
        for (int day = 1; day <= lengths[month - 1]; ++day, weekday = (weekday + 1) % 7) {
          const std::string date = std::to_string(year) + two(month) + two(day);
          const bool works = on.contains(date) || (!off.contains(date) && weekday != 0 && weekday != 6);
          for (int hour = 0; hour < 24; ++hour) {
            const bool office = (hour >= 8 && hour < 12) || (hour >= 14 && hour < 18);
            works_.insert(works_.end(), 60, works && office);
          }
        }
      }
    }
  }
  static Time begin() { return from_ms(1735660800000); }  // 2025-01-01 00:00 in Chongqing
  int count() const { return static_cast<int>(works_.size()); }
  bool works(int minute) const { return works_[static_cast<std::size_t>(minute)]; }
  // The first moment at which `work` is done, counted on from `start` to the millisecond.
  std::optional<Time> after(Time start, Millis work) const {
    std::int64_t left = work.count();
    const std::int64_t from = to_ms(start) - to_ms(begin());
    for (std::int64_t minute = from / 60'000; minute < count(); ++minute) {
      if (!works(static_cast<int>(minute))) continue;
      const std::int64_t here = std::max(minute * 60'000, from);
      const std::int64_t room = (minute + 1) * 60'000 - here;
      if (left <= room) return begin() + Millis(here + left);
      left -= room;
    }
    return std::nullopt;
  }
  Millis worked(Time from, Time to) const {
    std::int64_t sum = 0;
    const std::int64_t first = to_ms(from) - to_ms(begin()), last = to_ms(to) - to_ms(begin());
    for (std::int64_t minute = first / 60'000; minute * 60'000 < last; ++minute)
      if (works(static_cast<int>(minute)))
        sum += std::min((minute + 1) * 60'000, last) - std::max(minute * 60'000, first);
    return Millis(sum);
  }

 private:
  std::vector<bool> works_;
};

const Minutes& minutes() {
  static const Minutes kMinutes;
  return kMinutes;
}

// Starts near what goes wrong: the edges of hours, days, weeks, holidays, the data's two ends; and anywhere.
class Starts {
 public:
  explicit Starts(std::uint64_t seed) : chance_(seed) {}
  std::int64_t pick(std::int64_t below) {
    return static_cast<std::int64_t>(chance_.next() % static_cast<std::uint64_t>(below));
  }
  Time next() {
    static const char* kEdges[] = {"2025-01-01T00:00", "2025-01-26T08:00", "2025-01-27T18:00", "2025-02-05T08:00",
                                   "2025-02-08T12:00", "2025-04-27T14:00", "2025-06-13T18:00", "2025-09-30T18:00",
                                   "2025-10-11T08:00", "2025-12-31T18:00", "2026-01-04T08:00", "2026-02-13T18:00",
                                   "2026-02-14T18:00", "2026-02-24T08:00", "2026-02-28T14:00", "2026-06-18T12:00",
                                   "2026-09-20T12:00", "2026-11-27T18:00", "2026-12-30T12:00", "2026-12-31T17:00"};
    if (pick(2) == 0) return Minutes::begin() + Millis(pick(std::int64_t{minutes().count()} * 60'000));
    const Time edge = local(kEdges[pick(std::size(kEdges))]);
    const Millis aside = pick(3) == 0 ? Millis(pick(3) - 1) : Millis(pick(36) * 600'000);
    return std::clamp(pick(2) == 0 ? edge + aside : edge - aside, china().known_from(),
                      china().known_until() - Millis(1));
  }

 private:
  Chance chance_;
};

TEST(Calendar, KnowsItsTwoYearsAndSaysWhere) {
  EXPECT_EQ(china().known_from(), local("2025-01-01"));
  EXPECT_EQ(china().known_until(), local("2027-01-01"));
  EXPECT_FALSE(china().after(local("2024-12-31T23:59"), 1h).has_value());
  EXPECT_EQ(china().why_unknown(local("2024-12-31T23:59")), "calendar begins 2025-01-01");
  EXPECT_EQ(china().after(local("2026-12-31T17:00"), 1h), local("2026-12-31T18:00"));
  EXPECT_FALSE(china().after(local("2026-12-31T17:00"), 1h + 1ms).has_value()) << "2027 is not guessed";
  EXPECT_EQ(china().why_unknown(local("2026-12-31T17:00")), "calendar ends 2026-12-31");
  EXPECT_FALSE(china().worked(local("2026-12-31"), local("2027-01-01T00:01")).has_value());
  EXPECT_EQ(china().worked(local("2026-12-31"), local("2027-01-01")), Millis(8h));
}

TEST(Calendar, WorkingDaysOfTheYears) {
  EXPECT_EQ(china().worked(local("2025-01-01"), local("2026-01-01")),
            Millis(8h) * 248);  // as the notice's readers counted
  EXPECT_EQ(china().worked(local("2026-01-01"), local("2027-01-01")), Millis(8h) * 248);
}

TEST(Calendar, ThePlacesWhereItGoesWrong) {
  const auto due = [](const char* from, Millis work) { return *china().after(local(from), work); };
  EXPECT_EQ(due("2026-11-27T08:00", 4h), local("2026-11-27T12:00")) << "not 14:00: it is done before lunch";
  EXPECT_EQ(due("2026-11-27T11:00", 2h), local("2026-11-27T15:00")) << "over lunch";
  EXPECT_EQ(due("2026-11-27T12:30", 1h), local("2026-11-27T15:00")) << "in the lunch break";
  EXPECT_EQ(due("2026-11-27T17:59", 2min), local("2026-11-30T08:01")) << "Friday evening";
  EXPECT_EQ(due("2026-11-27T20:00", 8h), local("2026-11-30T18:00"));
  EXPECT_EQ(due("2025-01-27T17:00", 2h), local("2025-02-05T09:00")) << "Spring Festival 2025";
  EXPECT_EQ(due("2025-01-24T17:00", 2h), local("2025-01-26T09:00")) << "the Sunday before it is worked";
  EXPECT_EQ(due("2026-02-13T17:00", 9h), local("2026-02-14T18:00"))
      << "the Saturday before Spring Festival 2026 is worked";
  EXPECT_EQ(due("2026-02-14T17:00", 2h), local("2026-02-24T09:00"));
  EXPECT_EQ(due("2026-02-27T17:00", 2h), local("2026-02-28T09:00")) << "and the Saturday after it";
  EXPECT_EQ(due("2026-09-30T17:00", 2h), local("2026-10-08T09:00"));
}

TEST(Calendar, AgreesWithTheMinutesOneByOne) {
  Starts starts(1);
  int unknown = 0;
  for (int i = 0; i < 6'000; ++i) {
    const Time start = starts.next();
    const Millis work =
        starts.pick(3) == 0 ? Millis(std::chrono::hours(1 + starts.pick(48))) : Millis(1 + starts.pick(40 * 3'600'000));
    const auto due = china().after(start, work);
    ASSERT_EQ(due, minutes().after(start, work)) << format_time(start) << " + " << work.count();
    if (!due) {
      ++unknown;
      continue;
    }
    ASSERT_EQ(china().worked(start, *due), work);
    ASSERT_LT(*china().worked(start, *due - Millis(1)), work) << "the earliest such moment";
    const Time other = std::min(start + Millis(starts.pick(20 * 86'400'000)), china().known_until());
    ASSERT_EQ(china().worked(start, other), minutes().worked(start, other))
        << format_time(start) << " to " << format_time(other);
    if (const auto back = china().after(start, -work)) {
      ASSERT_EQ(minutes().worked(*back, start), work);
      ASSERT_TRUE(*back == china().known_from() || minutes().worked(*back - Millis(1), start) > work)
          << "the earliest such moment";
    }
  }
  EXPECT_GT(unknown, 50) << "the end of what is known must be met";
}

// ---- clocks ---------------------------------------------------------------------------------------------------

struct Reached {
  int percent = 0;
  Time at{};
  bool tells = false;
  friend bool operator==(const Reached&, const Reached&) = default;
};

void PrintTo(const Reached& r, std::ostream* out) {
  *out << r.percent << " % at " << format_time(r.at) << (r.tells ? " told" : "");
}

// A case walks through the stages; the disposal clock's marks are compared with a walk through the minutes in which the
// case lay with its unit.
TEST(WorkingClocks, AgreeWithTheMinutesThroughPausesReturnsAndRework) {
  const StageLimits limits = default_stage_limits();
  const ClockRules rules{limits, &china()};
  Starts starts(2);
  std::map<int, int> seen;
  for (int i = 0; i < 1'500; ++i) {
    static const std::pair<const char*, int> kLimits[] = {{"2WH", 120},  {"4WH", 240}, {"1WD", 480},
                                                          {"5WD", 2400}, {"2UH", 120}, {"1UD", 1440}};
    const auto& [text, length] = kLimits[starts.pick(6)];
    const bool working = text[1] == 'W';
    static const Stage kWay[] = {Stage::pending_handle, Stage::handling,         Stage::handle_finish,
                                 Stage::suspended,      Stage::pending_dispatch, Stage::pending_feedback,
                                 Stage::checking};
    const auto at_unit = [](Stage stage) {
      return stage == Stage::pending_handle || stage == Stage::handling || stage == Stage::handle_finish;
    };
    int minute = static_cast<int>((to_ms(starts.next()) - to_ms(Minutes::begin())) / 60'000);
    CaseClocks clocks;
    std::vector<Reached> got, expected;
    int used = 0;
    std::set<int> passed;
    bool late = false, runs = false;
    Time run_began{}, hundred = Time::max();
    const auto disposal = [&]() -> const StageClock* {
      for (const StageClock& clock : clocks.all())
        if (clock.clock.stage == Stage::handling) return &clock;
      return nullptr;
    };
    const auto reach_until = [&](Time now) {
      for (auto mark = clocks.next_mark(rules); mark && mark->at <= now; mark = clocks.next_mark(rules)) {
        if (mark->stage == Stage::handling) got.push_back({mark->percent, mark->at, mark->tells});
        clocks.reach(mark->percent);
      }
    };
    Stage stage = Stage::pending_handle;
    for (int leg = 0; leg < 7; ++leg) {
      const Time now = Minutes::begin() + std::chrono::minutes(minute);
      if (leg > 0) reach_until(now);
      if (runs && !at_unit(stage)) late = late || now > hundred || (hundred <= run_began);
      if (!runs && at_unit(stage)) run_began = now;
      runs = at_unit(stage);
      clocks.enter(stage, now, text, rules);
      reach_until(now);
      if (const StageClock* clock = disposal(); clock->running_since && clock->clock.deadline && used < length) {
        const Millis left = std::chrono::minutes(length - used);
        ASSERT_EQ(clock->clock.deadline, working ? minutes().after(now, left) : now + left)
            << text << " " << format_time(now);
      }
      const int stay = static_cast<int>(starts.pick(3) == 0 ? starts.pick(10 * 1440) : starts.pick(300));
      for (int k = 0; k < stay && minute < minutes().count(); ++k, ++minute) {
        if (at_unit(stage) && (!working || minutes().works(minute))) ++used;
        for (int percent : {50, 75, 80, 100})
          if (used * 100 >= length * percent && passed.insert(percent).second)
            expected.push_back({percent, Minutes::begin() + std::chrono::minutes(minute + 1), percent != 75});
        if (hundred == Time::max() && passed.contains(100)) hundred = expected.back().at;
      }
      stage = kWay[starts.pick(std::size(kWay))];
    }
    reach_until(Minutes::begin() + std::chrono::minutes(minute));
    ASSERT_EQ(got, expected) << text << " round " << i;
    for (const Reached& one : got) ++seen[one.percent];
    const Clock& shown = disposal()->clock;
    ASSERT_EQ(shown.overdue, late || (runs && passed.contains(100))) << i;
  }
  for (int percent : {50, 75, 80, 100}) EXPECT_GT(seen[percent], 200) << percent;
}

class Disposal : public ::testing::Test {
 protected:
  void enter(Stage stage, const char* at, const char* limit = "1WD") { clocks.enter(stage, local(at), limit, rules); }
  Clock shown() const {
    for (const StageClock& clock : clocks.all())
      if (clock.clock.stage == Stage::handling) return clock.clock;
    return {};
  }

  StageLimits limits = default_stage_limits();
  ClockRules rules{limits, &china()};
  CaseClocks clocks;
};

TEST_F(Disposal, StopsOverTheWeekendAndGoesOnWithRework) {
  enter(Stage::pending_handle, "2026-11-27T16:00");
  EXPECT_EQ(shown().deadline, local("2026-11-30T16:00"));
  EXPECT_TRUE(shown().working);
  enter(Stage::pending_feedback, "2026-11-28T09:00");
  EXPECT_EQ(shown().stopped, local("2026-11-28T09:00"));
  enter(Stage::handling, "2026-12-01T11:00");
  EXPECT_EQ(shown().deadline, local("2026-12-02T09:00"))
      << "six hours were left: one before lunch, four after it, one on Wednesday";
}

TEST_F(Disposal, DoneOnSaturdayIsLateForFridayEvening) {
  enter(Stage::pending_handle, "2026-11-27T08:00");
  EXPECT_EQ(shown().deadline, local("2026-11-27T18:00"));
  enter(Stage::pending_feedback, "2026-11-28T10:00");
  EXPECT_TRUE(shown().overdue) << "eight hours used, and not one more, but the time was over";
}

TEST_F(Disposal, DoneAtTheVeryDeadlineIsInTime) {
  enter(Stage::pending_handle, "2026-11-27T08:00");
  enter(Stage::pending_feedback, "2026-11-27T18:00");
  EXPECT_FALSE(shown().overdue);
}

// Found by taking the guard away: rework of no length made a late clock punctual.
TEST_F(Disposal, LateStaysLateThroughReworkOfNoLength) {
  enter(Stage::pending_handle, "2026-11-27T08:00");
  enter(Stage::pending_feedback, "2026-11-28T10:00");
  enter(Stage::handling, "2026-11-30T09:00");
  enter(Stage::pending_feedback, "2026-11-30T09:00");
  EXPECT_TRUE(shown().overdue);
}

TEST_F(Disposal, SuspensionMovesTheDeadline) {
  enter(Stage::pending_handle, "2026-02-13T14:00");
  enter(Stage::suspended, "2026-02-13T16:00");
  EXPECT_TRUE(shown().paused);
  enter(Stage::handling, "2026-02-24T08:00");
  EXPECT_EQ(shown().deadline, local("2026-02-24T16:00")) << "six hours were left";
}

TEST_F(Disposal, AnExtensionMovesTheDeadlineAndRemindsAnew) {
  enter(Stage::pending_handle, "2026-11-30T08:00");
  clocks.reach(50);
  clocks.reach(75);
  clocks.reach(80);
  clocks.enter(Stage::handling, local("2026-11-30T17:00"), "2WD", rules);
  EXPECT_EQ(shown().limit, "2WD");
  EXPECT_EQ(shown().deadline, local("2026-12-01T18:00"));
  EXPECT_FALSE(shown().due_soon);
  EXPECT_EQ(shown().reminded, 0) << "not yet half of it";
  EXPECT_EQ(clocks.next_mark(rules)->at, local("2026-11-30T18:00"));
}

TEST_F(Disposal, AnExtensionWhileItWaitsCountsWhatRanBefore) {
  enter(Stage::pending_handle, "2026-11-30T08:00");
  for (int percent : {50, 75, 80}) clocks.reach(percent);
  enter(Stage::suspended, "2026-11-30T17:00");
  enter(Stage::suspended, "2026-12-02T10:00", "9WH");
  EXPECT_EQ(shown().reminded, 50) << "seven of nine hours are used";
  EXPECT_TRUE(shown().due_soon);
  enter(Stage::handling, "2026-12-03T08:00", "9WH");
  EXPECT_EQ(shown().deadline, local("2026-12-03T10:00"));
}

TEST_F(Disposal, BeyondWhatTheCalendarKnows) {
  enter(Stage::pending_handle, "2026-12-31T08:00", "2WD");
  EXPECT_FALSE(shown().deadline.has_value());
  EXPECT_EQ(shown().note, "calendar ends 2026-12-31");
  EXPECT_EQ(clocks.next_mark(rules)->percent, 50);
  EXPECT_EQ(clocks.next_mark(rules)->at, local("2026-12-31T18:00")) << "half of it is known";
  clocks.reach(50);
  EXPECT_FALSE(clocks.next_mark(rules).has_value());
  std::string text = file_text();
  const std::string more =
      R"("2027": {"notice": "test", "holidays": [{"from": "2027-01-01", "zh": "元旦"}], "workdays": []},)";
  text.insert(text.find("\"2026\": {"), more);
  const Calendar longer = *Calendar::parse(text, 8h);
  clocks.recount(local("2027-01-04T09:00"), {limits, &longer});
  EXPECT_EQ(shown().deadline, local("2027-01-04T18:00")) << "the first Monday of 2027";
  EXPECT_EQ(shown().note, "");
  EXPECT_EQ(shown().reminded, 50);
}

TEST_F(Disposal, WhatStoppedWithoutADeadlineIsJudgedOnceItsYearIsKnown) {
  clocks.enter(Stage::pending_handle, local("2026-11-27T08:00"), "1WD", {limits});
  clocks.enter(Stage::pending_feedback, local("2026-11-30T09:00"), "1WD", {limits});
  EXPECT_EQ(shown().note, "calendar not set");
  EXPECT_FALSE(shown().overdue);
  clocks.recount(local("2026-12-01"), rules);
  EXPECT_EQ(shown().deadline, local("2026-11-27T18:00"));
  EXPECT_TRUE(shown().overdue);
  std::string text = file_text();
  text.replace(text.find("14:00-18:00"), 11, "14:00-16:00");
  const Calendar shorter = *Calendar::parse(text, 8h);
  clocks.recount(local("2026-12-01"), {limits, &shorter});
  EXPECT_EQ(shown().deadline, local("2026-11-27T18:00")) << "what was judged stays so";
}

TEST_F(Disposal, ANewCalendarSendsNothingTwice) {
  enter(Stage::pending_handle, "2026-11-27T08:00");
  for (int percent : {50, 75, 80, 100}) clocks.reach(percent);
  EXPECT_TRUE(shown().overdue);
  std::string text = file_text();
  text.replace(text.find("14:00-18:00"), 11, "14:00-16:00");  // six hours a day from now on: eight end on Monday
  const Calendar shorter = *Calendar::parse(text, 8h);
  const ClockRules now_rules{limits, &shorter};
  clocks.recount(local("2026-11-27T18:00"), now_rules);
  EXPECT_EQ(shown().deadline, local("2026-11-30T10:00"));
  EXPECT_FALSE(shown().overdue);
  EXPECT_TRUE(shown().due_soon) << "six of eight are used";
  EXPECT_EQ(shown().reminded, 100) << "what was sent stays sent";
  const auto mark = clocks.next_mark(now_rules);
  EXPECT_EQ(mark->at, local("2026-11-30T10:00"));
  EXPECT_FALSE(mark->tells) << "the escalation was told once";
}

// ---- the file -------------------------------------------------------------------------------------------------

TEST(CalendarFile, RefusesWhatWouldBeWrongUnseen) {
  const auto with = [](const char* hours, const char* year) {
    return R"({"version": "1", "hours": )" + std::string(hours) +
           R"(, "weekend": ["saturday", "sunday"], "years": {"2026": )" + year + "}}";
  };
  const std::string hours = R"(["08:00-12:00", "14:00-18:00"])";
  const char* plain = R"({"holidays": [], "workdays": []})";
  EXPECT_TRUE(Calendar::parse(with(hours.c_str(), plain), 8h).has_value());
  EXPECT_TRUE(Calendar::parse(with(R"(["00:00-24:00"])", plain), 8h).has_value());
  for (const char* bad : {R"(["14:00-18:00", "08:00-12:00"])", R"(["08:00-12:00", "11:59-13:00"])",
                          R"(["12:00-08:00"])", R"(["08:00-08:00"])", R"(["8:00-12:00"])", R"(["08:00-24:01"])",
                          R"(["08:60-12:00"])", R"(["08:00-12:000"])", "[]", "[8]", "8"})
    EXPECT_FALSE(Calendar::parse(with(bad, plain), 8h).has_value()) << bad;
  for (const char* bad :
       {R"({"holidays": [{"from": "2025-12-31"}], "workdays": []})",
        R"({"holidays": [{"from": "2026-12-31", "to": "2027-01-01"}], "workdays": []})",
        R"({"holidays": [{"from": "2026-02-29"}], "workdays": []})",
        R"({"holidays": [{"from": "2026-02-03", "to": "2026-02-02"}], "workdays": []})",
        R"({"holidays": [{"from": "2026-01-03"}], "workdays": ["2026-01-03"]})",
        R"({"holidays": [], "workdays": ["2026-01-05"]})",
        R"({"holidays": [{"from": "2026-01-01"}, {"from": "2026-01-01"}], "workdays": []})", R"({"holidays": []})",
        R"({"holidays": [{"from": "2026-01-01", "too": "2026-01-02"}], "workdays": []})", "[]"})
    EXPECT_FALSE(Calendar::parse(with(hours.c_str(), bad), 8h).has_value()) << bad;
  EXPECT_FALSE(
      Calendar::parse(
          R"({"version": "1", "hours": ["08:00-12:00"], "weekend": ["caturday"], "years": {"2026": {"holidays": [], "workdays": []}}})",
          8h)
          .has_value());
  const auto gap = Calendar::parse(R"({"version": "1", "hours": ["08:00-12:00"], "weekend": [], "years": {
      "2024": {"holidays": [], "workdays": []}, "2026": {"holidays": [], "workdays": []}}})",
                                   8h);
  ASSERT_FALSE(gap.has_value());
  EXPECT_NE(gap.error().detail.find("2025"), std::string::npos);
  EXPECT_FALSE(
      Calendar::parse(R"({"version": "1", "hours": ["08:00-12:00"], "weekend": [], "years": {}})", 8h).has_value());
}

TEST(CalendarFile, DescribesItself) {
  const json::object doc = china().describe();
  EXPECT_EQ(doc.at("known_until").as_string(), "2026-12-31");
  EXPECT_EQ(doc.at("hours").as_array().size(), 2u);
  EXPECT_EQ(doc.at("hours").as_array()[1].as_object().at("to").as_string(), "18:00");
  EXPECT_EQ(doc.at("days").as_array().size(), 28u + 5u + 33u + 6u);
  EXPECT_EQ(doc.at("years").as_array()[1].as_object().at("notice").as_string(), "国办发明电〔2025〕7号");
}

}  // namespace
}  // namespace cityloop
