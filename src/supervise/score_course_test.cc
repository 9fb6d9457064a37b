// SPDX-License-Identifier: Apache-2.0
// Scores of cases that people work on, against a recount from nothing but the events that were told.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "core/json.h"
#include "supervise/watch_test.h"

namespace cityloop {
namespace {

using namespace std::chrono_literals;

// The rows as they were told last, added up as readers do.
ScoreTable told_by(const TestCity& city) {
  std::map<std::string, RowPut> rows;
  for (const RowPut& row : city.bodies<RowPut>("score.put")) rows[row.key] = row;
  ScoreTable table;
  for (const auto& [key, row] : rows) {
    const json::object doc = parse_json(row.doc)->as_object();
    ScoreRow& sum = table[{row.columns.at("object"), row.columns.at("id"), row.columns.at("day"), doc.at("correction").as_bool()}];
    for (const auto& [name, value] : doc.at("counts").as_object())
      sum[static_cast<std::size_t>(*count_of(name))] += value.to_number<std::int32_t>();
  }
  return table;
}

TEST(Scores, OneCaseOneDay) {
  Watch watch;
  watch.city.fire(watch.city.alarm("a-1", "t-1", Level::yellow));
  const std::string no = watch.city.cases()[0]->no;
  watch.city.step(no, "dispatch", watch.city.dispatcher, R"({"unit":"u-san"})");
  watch.pass(1h);
  watch.city.step(no, "return", watch.city.desk, R"({"reason":"no"})");
  watch.city.step(no, "dispatch", watch.city.dispatcher, R"({"unit":"u-street"})");
  watch.pass(10s);
  const ScoreTable told = told_by(watch.city);
  const auto count = [&](const std::string& object, const std::string& id, Count which) {
    const auto row = told.find({object, id, "2022-08-22"});
    return row == told.end() ? 0 : at(row->second, which);
  };
  EXPECT_EQ(count("area", "500106", Count::opened), 1);
  EXPECT_EQ(count("area", "500106", Count::filed), 1);
  EXPECT_EQ(count("area", "500106", Count::found_sensor), 1);
  EXPECT_EQ(count("area", "500106", Count::dispatched), 2);
  EXPECT_EQ(count("area", "500106", Count::returned), 1);
  EXPECT_EQ(count("area", "500106", Count::due), 0) << "its deadline has not come";
  EXPECT_EQ(count("area", "50", Count::opened), 1);
  EXPECT_EQ(count("area", "500106009", Count::opened), 1);
  EXPECT_EQ(count("unit", "u-san", Count::returned), 1);
  EXPECT_EQ(count("unit", "u-street", Count::accurate), 1);
  EXPECT_EQ(count("post", "50/dispatcher", Count::dispatched), 2);
  EXPECT_EQ(count("post", "500106/dispatcher", Count::step_on_time), 2) << "its clock began anew";
  EXPECT_EQ(count("class", "500106/GB2013/component/0303", Count::filed), 1);
  watch.pass(2h);
  const ScoreTable later = told_by(watch.city);
  EXPECT_EQ(at(later.at({"unit", "u-street", "2022-08-22"}), Count::due), 1);
  EXPECT_EQ(at(later.at({"unit", "u-street", "2022-08-22"}), Count::outstanding), 1);
  EXPECT_FALSE(later.contains({"unit", "u-san", "2022-08-22"}) && at(later.at({"unit", "u-san", "2022-08-22"}), Count::due) != 0)
      << "the clock is the other unit's now";
}

TEST(Scores, AReportsCaseWasFoundByWhoReported) {
  Watch watch;
  watch.city.act("report.submit", "", R"({"title":"x","class":"0101","area":"500103","source":"hotline"})", watch.city.acceptor);
  const std::string no = watch.city.cases()[0]->no;
  const auto found = [&](Count which) {
    const ScoreTable table = watch.supervise.scores();
    const auto row = table.find({"area", "500103", "2022-08-22"});
    return row == table.end() ? 0 : at(row->second, which);
  };
  EXPECT_EQ(found(Count::opened), 1);
  EXPECT_EQ(found(Count::filed), 0);
  watch.city.step(no, "register", watch.city.acceptor);
  EXPECT_EQ(found(Count::filed), 0) << "proposed";
  watch.city.step(no, "register", watch.city.leader_of_shift);
  EXPECT_EQ(found(Count::filed), 1);
  EXPECT_EQ(found(Count::opened_filed), 1);
  EXPECT_EQ(found(Count::found_public), 1);
  EXPECT_EQ(found(Count::found_machine), 0);
  watch.city.step(no, "cancel", watch.city.leader_of_shift, R"({"reason":"a test"})");
  EXPECT_EQ(found(Count::opened), 0) << "作废: taken out of all counts";
  EXPECT_EQ(found(Count::cancelled), 1);
}

TEST(Scores, OnTimeAndOverdueByTheDeadlinesDay) {
  Watch watch;
  const std::string no = watch.city.at(Stage::handle_finish);
  watch.city.step(no, "feedback", watch.city.desk);
  const ScoreKey day{"unit", "u-san", "2022-08-22"};
  const auto count = [&](Count which) {
    const ScoreTable table = watch.supervise.scores();
    const auto row = table.find(day);
    return row == table.end() ? 0 : at(row->second, which);
  };
  EXPECT_EQ(count(Count::due), 1);
  EXPECT_EQ(count(Count::on_time), 1);
  watch.city.step(no, "rework", watch.city.dispatcher, R"({"reason":"no"})");
  EXPECT_EQ(count(Count::on_time), 0) << "the clock goes on";
  EXPECT_EQ(count(Count::due), 0);
  watch.pass(3h);
  EXPECT_EQ(count(Count::rework), 1);
  EXPECT_EQ(count(Count::overdue), 1);
  EXPECT_EQ(count(Count::disposed), 0);
  watch.city.step(no, "finish", watch.city.crew, R"({"attachments":[")" + watch.city.picture('b') + R"("]})");
  watch.city.step(no, "feedback", watch.city.desk);
  EXPECT_EQ(count(Count::overdue), 1);
  EXPECT_EQ(count(Count::on_time), 0);

  // An upheld appeal takes it out of the counts; the clock keeps what it showed.
  watch.city.step(no, "feedback", watch.city.dispatcher);
  watch.city.step(no, "check", watch.city.collector);
  watch.city.step(no, "close", watch.city.leader_of_shift, "{}", Agreed{true, true, ""});
  Agreed late;
  late.disposal_missed = disposal_missed(watch.supervise.clocks(no)->shown(), watch.city.now);
  ASSERT_TRUE(late.disposal_missed);
  ASSERT_EQ(watch.city.step(no, "appeal", watch.city.desk, R"({"reason":"flood"})", late).status, 200);
  ASSERT_EQ(watch.city.step(no, "uphold_appeal", watch.city.dispatcher).status, 200);
  EXPECT_EQ(count(Count::overdue), 1) << "one of two has said yes";
  ASSERT_EQ(watch.city.step(no, "uphold_appeal", watch.city.acceptor).status, 200);
  EXPECT_EQ(count(Count::overdue), 0);
  EXPECT_EQ(count(Count::due), 0);
  EXPECT_EQ(count(Count::closed), 1);
  EXPECT_EQ(count(Count::appeal_exempt), 1);
  EXPECT_TRUE(disposal_missed(watch.supervise.clocks(no)->shown(), watch.city.now));
}

TEST(Scores, AnExtensionMovesTheDeadlineAndCountsAndATakenBackCaseIsNoReturn) {
  Watch watch;
  const std::string no = watch.city.at(Stage::handling);
  const auto count = [&](Count which) {
    const ScoreTable table = watch.supervise.scores();
    const auto row = table.find(ScoreKey{"unit", "u-san", "2022-08-22"});
    return row == table.end() ? 0 : at(row->second, which);
  };
  watch.pass(1h);
  ASSERT_EQ(watch.city.step(no, "request_extension", watch.city.desk, R"({"reason":"parts"})").status, 200);
  ASSERT_EQ(watch.city.step(no, "extend", watch.city.dispatcher).status, 200);
  watch.pass(2h);
  EXPECT_EQ(count(Count::overdue), 0) << "two hours more";
  ASSERT_EQ(watch.city.step(no, "recall", watch.city.dispatcher, R"({"reason":"other bureau"})").status, 200);
  EXPECT_EQ(count(Count::returned), 0);
  ASSERT_EQ(watch.city.step(no, "dispatch", watch.city.dispatcher, R"({"unit":"u-san"})").status, 200);
  EXPECT_EQ(count(Count::dispatched), 2);
  watch.pass(59min);
  EXPECT_EQ(count(Count::overdue), 0);
  watch.pass(2min);
  EXPECT_EQ(count(Count::overdue), 1) << "four hours of the clock, however often it was handed over";
  EXPECT_EQ(count(Count::extended), 1) << "of those due";
}

TEST(Scores, ASuspensionStopsTheDisposalClock) {
  Watch watch;
  const std::string no = watch.city.at(Stage::handling);
  const std::string until = format_time(watch.city.now + 30h);
  ASSERT_EQ(watch.city.step(no, "suspend", watch.city.dispatcher, R"({"reason":"r","until":")" + until + "\"}").status, 200);
  const auto count = [&](Count which) {
    const ScoreTable table = watch.supervise.scores();
    const auto row = table.find(ScoreKey{"unit", "u-san", "2022-08-22"});
    return row == table.end() ? 0 : at(row->second, which);
  };
  EXPECT_EQ(count(Count::suspension_exempt), 1) << "listed as long as it lasts";
  watch.pass(29h);
  EXPECT_FALSE(disposal_missed(watch.supervise.clocks(no)->shown(), watch.city.now));
  watch.pass(1h + 1s);
  EXPECT_EQ(watch.city.file(no).stage, Stage::handling) << "resumed by itself";
  EXPECT_EQ(count(Count::suspension_exempt), 0);
  watch.pass(2h);
  EXPECT_TRUE(disposal_missed(watch.supervise.clocks(no)->shown(), watch.city.now));
}

TEST(Scores, AnAppealAfterTheLockStandsBesideTheLockedMonth) {
  Watch watch;
  watch.city.now = *parse_time("2022-08-31T20:00:00+08:00");
  const std::string no = watch.city.at(Stage::handling);
  watch.pass(3h);
  watch.city.step(no, "finish", watch.city.crew, R"({"attachments":[")" + watch.city.picture('b') + R"("]})");
  watch.city.step(no, "feedback", watch.city.dispatcher);
  watch.city.step(no, "check", watch.city.collector);
  watch.city.step(no, "close", watch.city.leader_of_shift, "{}", Agreed{true, true, ""});
  watch.pass(20h);
  std::ifstream file(std::string(CITYLOOP_SOURCE_DIR) + "/standards/scores.jsonc");
  const auto act = [&](const std::string& verb, const std::string& subject, const std::string& body) {
    ActionIn in;
    in.verb = verb;
    in.subject = subject;
    in.body = body;
    Context context = watch.city.context();
    const Answer answer = watch.supervise.act(in, watch.city.admin, context);
    watch.city.settle();
    return answer.status;
  };
  ASSERT_EQ(act("formulas.put", "china", {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()}), 200);
  ASSERT_EQ(act("score.lock", "2022-08", "{}"), 201);
  const ScoreKey day{"unit", "u-san", "2022-08-31"}, beside{"unit", "u-san", "2022-08-31", true};
  const ScoreTable locked = told_by(watch.city);
  ASSERT_EQ(at(locked.at(day), Count::overdue), 1) << "what was not yet told is told with the lock";
  Agreed late;
  late.disposal_missed = true;
  ASSERT_EQ(watch.city.step(no, "appeal", watch.city.desk, R"({"reason":"flood"})", late).status, 200);
  ASSERT_EQ(watch.city.step(no, "uphold_appeal", watch.city.dispatcher).status, 200);
  ASSERT_EQ(watch.city.step(no, "uphold_appeal", watch.city.acceptor).status, 200);
  watch.pass(10s);
  const ScoreTable later = told_by(watch.city);
  EXPECT_EQ(later.at(day), locked.at(day)) << "a locked month never changes";
  EXPECT_EQ(at(later.at(beside), Count::overdue), -1);
  EXPECT_EQ(at(later.at(beside), Count::appeal_exempt), 1);
}

// The same numbers once more, from nothing but the events that were told.
class Recount {
 public:
  explicit Recount(const Register& tables) : tables_(tables) {}

  ScoreTable of(const std::vector<Event>& events) {
    std::map<std::string, std::vector<const Case*>> histories;
    std::map<const Case*, std::string> days;
    std::map<std::string, std::string> sources;
    for (const Event& event : events) {
      if (const auto* report = std::get_if<Report>(&event.body)) sources["report:" + report->id] = report->source;
      if (const auto* file = std::get_if<Case>(&event.body)) {
        histories[file->no].push_back(file);
        days[file] = day(event.at);
      }
    }
    for (const auto& [no, history] : histories) {
      const auto source = sources.find(history.front()->origin);
      count(history, days, source == sources.end() ? "sensor" : source->second);
    }
    return table_;
  }

 private:
  static std::string day(Time time) {
    const std::string date = local_date(time, std::chrono::hours(8));
    return date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6);
  }
  void add(const std::string& object, const std::string& id, const std::string& on, Count count) {
    if (!id.empty()) ++table_[{object, id, on}][static_cast<std::size_t>(count)];
  }
  void post(const Case& file, const std::string& role, const std::string& on, Count count) {
    add("post", "50/" + role, on, count);
    add("post", file.area.substr(0, 6) + "/" + role, on, count);
  }
  void everywhere(const Case& file, const std::string& unit, const std::string& role, const std::string& on, Count count) {
    for (const auto& [code, area] : tables_.areas()) {  // codes are hierarchical
      if (file.area.starts_with(code)) add("area", code, on, count);
    }
    add("unit", unit, on, count);
    post(file, role, on, count);
  }
  void filing(const Case& file, const std::string& on, Count count) {
    everywhere(file, "", "shift_leader", on, count);
    for (const std::string& area : {std::string("50"), file.area.substr(0, 6)})
      add("class", area + "/" + class_key(file.klass), on, count);
  }
  void count(const std::vector<const Case*>& history, const std::map<const Case*, std::string>& days, const std::string& source) {
    const Case& now = *history.back();
    const auto early = [](const Case* file) {
      return file->stage == Stage::reported || file->stage == Stage::verifying || file->stage == Stage::pending_register;
    };
    everywhere(now, "", "acceptor", day(now.opened_at), Count::opened);
    if (!early(&now)) {
      everywhere(now, "", "acceptor", day(now.opened_at), Count::opened_filed);
      std::size_t first = history.size() - 1;  // filed since: what the dispatcher returns is filed anew
      while (first > 0 && !early(history[first - 1])) --first;
      const std::string on = first == 0 ? day(now.opened_at) : days.at(history[first]);
      filing(now, on, Count::filed);
      filing(now, on, source == "sensor" ? Count::found_sensor : Count::found_patrol);
      if (source == "sensor") filing(now, on, Count::found_machine);
    }
    if (now.closed_at) everywhere(now, now.unit, "shift_leader", day(*now.closed_at), Count::closed);
    for (std::size_t i = 1; i < history.size(); ++i) {
      const Case& before = *history[i - 1];
      const Case& after = *history[i];
      const bool sent = before.stage == Stage::pending_dispatch && after.stage == Stage::pending_handle;
      if (!sent) continue;
      std::size_t next = i + 1;
      while (next < history.size() && history[next]->stage == Stage::pending_handle) ++next;
      const bool back = next < history.size() && history[next]->stage == Stage::pending_dispatch;
      const std::string on = days.at(&after);
      everywhere(now, after.unit, "dispatcher", on, Count::dispatched);
      everywhere(now, after.unit, "dispatcher", on, back ? Count::returned : Count::accurate);
    }
    std::size_t last = 0;
    for (std::size_t i = 0; i < now.clocks.size(); ++i)
      if (now.clocks[i].stage == Stage::handling) last = i;
    for (std::size_t i = 0; i < now.clocks.size(); ++i) term(now, now.clocks[i], i == last);
  }
  void term(const Case& now, const Clock& clock, bool last) {
    if (!clock.deadline) return;
    const std::string on = day(*clock.deadline);
    const bool late = clock.stopped ? *clock.stopped > *clock.deadline : clock.overdue;
    if (!clock.stopped && !late) return;
    if (clock.stage != Stage::handling) {
      const std::string role = clock.stage == Stage::reported           ? "acceptor"
                               : clock.stage == Stage::pending_dispatch ? "dispatcher"
                                                                        : "collector";
      post(now, role, on, Count::step_due);
      post(now, role, on, late ? Count::step_overdue : Count::step_on_time);
      return;
    }
    const bool closed = !last || now.closed_at;
    for (const auto& [holds, count] : std::initializer_list<std::pair<bool, Count>>{
             {true, Count::due}, {clock.stopped.has_value(), Count::disposed}, {!late, Count::on_time}, {late, Count::overdue},
             {!clock.stopped, Count::outstanding}, {closed, Count::due_closed}, {closed && !late, Count::due_closed_on_time},
             {last && now.reworks > 0, Count::rework}, {last && now.course.extensions > 0, Count::extended}})
      if (holds) everywhere(now, now.unit, "handler", on, count);
  }

  const Register& tables_;
  ScoreTable table_;
};

ScoreTable without_zeros(ScoreTable table) {
  std::erase_if(table, [](const auto& item) { return item.second == ScoreRow{}; });
  return table;
}

TEST(Scores, AreExactlyWhatARecountOfTheEventsGives) {
  std::int64_t reworked = 0, returned = 0, overdue = 0, closed = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Pack pack = gas_pack();
    pack.the_case->auto_dispatch = seed % 2 == 0;
    Watch watch(pack);
    Chance chance(seed);
    const auto pick = [&](std::uint64_t below) { return chance.next() % below; };
    TestCity& city = watch.city;
    const std::string photo = city.picture();
    const Actor street = person("street", {Role::unit_desk, Role::handler}, "u-street", "500106");
    std::set<std::string> reopened;
    for (int i = 0; i < 700; ++i) {
      if (pick(6) == 0) {
        const std::string asset = "t-" + std::to_string(1 + pick(3));
        city.fire(city.alarm("a-" + std::to_string(i), asset, Level::yellow));
      }
      if (pick(8) == 0)
        city.act("report.submit", "", R"({"title":"x","class":"0101","area":"500103"})", city.collector);
      watch.pass(Millis{static_cast<std::int64_t>(pick(2'400'000))});
      const auto cases = city.cases();
      if (cases.empty()) continue;
      const std::string no = cases[pick(cases.size())]->no;
      const Case file = city.file(no);
      const bool ours = file.unit == "u-san";
      switch (file.stage) {
        case Stage::reported:
          city.step(no, pick(3) == 0 ? "verify" : "register", city.acceptor);
          break;
        case Stage::verifying: city.step(no, "verify", city.collector, R"({"result":"confirmed"})"); break;
        case Stage::pending_dispatch:
          if (pick(8) == 0) city.step(no, "return", city.dispatcher, R"({"reason":"r"})");
          else
            city.step(no, "dispatch", city.dispatcher, pick(2) == 0 ? R"({"unit":"u-san"})" : R"({"unit":"u-street"})");
          break;
        case Stage::pending_handle:
          if (pick(4) == 0) city.step(no, "return", ours ? city.desk : street, R"({"reason":"r"})");
          else city.step(no, "accept", ours ? city.crew : street);
          break;
        case Stage::handling:
          city.step(no, "finish", ours ? city.crew : street, R"({"attachments":[")" + photo + R"("]})");
          break;
        case Stage::handle_finish: city.step(no, "feedback", city.dispatcher); break;
        case Stage::checking:
          city.step(no, pick(3) == 0 ? "rework" : "check", city.collector, pick(3) == 0 ? "{}" : R"({"reason":"r"})");
          city.step(no, "check", city.collector);
          break;
        case Stage::pending_close: city.step(no, "close", city.leader_of_shift, "{}", {true, pick(3) != 0, "x"}); break;
        case Stage::closed:
          if (pick(20) == 0 && city.step(no, "reopen", city.leader_of_shift, R"({"reason":"r"})").status == 200)
            reopened.insert(no);
          break;
        default: break;
      }
      for (const Case* open : city.cases()) {  // exactly one clock runs, and their sum is the time open
        const CaseClocks& clocks = *watch.supervise.clocks(open->no);
        int running = 0;
        for (const StageClock& clock : clocks.all()) running += clock.running_since ? 1 : 0;
        ASSERT_EQ(running, is_open(open->stage) ? 1 : 0);
        if (is_open(open->stage) && !reopened.contains(open->no)) {
          ASSERT_EQ(clocks.total(city.now), city.now - open->opened_at);
        }
      }
      if (i % 100 == 0) {
        ASSERT_EQ(without_zeros(watch.supervise.scores()), without_zeros(Recount(city.tables).of(city.events)))
            << "seed " << seed << " step " << i;
        const std::string bytes = encoded(watch.supervise);
        Supervise copy(settings());
        Reader state(bytes);
        copy.decode(state);
        ASSERT_TRUE(state.ok() && state.done());
        ASSERT_EQ(encoded(copy), bytes);
        ASSERT_EQ(copy.next_due(), watch.supervise.next_due());
        watch.supervise = std::move(copy);
      }
    }
    watch.pass(10s);
    const ScoreTable recount = without_zeros(Recount(city.tables).of(city.events));
    EXPECT_EQ(without_zeros(watch.supervise.scores()), recount) << "seed " << seed;
    for (const auto& [key, row] : recount) {
      if (key.object != "area" || key.id != "50") continue;
      reworked += at(row, Count::rework);
      returned += at(row, Count::returned);
      overdue += at(row, Count::overdue);
      closed += at(row, Count::closed);
    }
    EXPECT_EQ(without_zeros(told_by(city)), recount) << "what the tables hold is what the rows told";
  }
  EXPECT_GT(std::min({reworked, returned, overdue, closed}), 10) << "the walks must reach all that is counted";
}

}  // namespace
}  // namespace cityloop
