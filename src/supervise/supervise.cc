// SPDX-License-Identifier: Apache-2.0
#include "supervise/supervise.h"

#include <algorithm>

#include "core/json.h"
#include "core/limits.h"

namespace cityloop {
namespace {

constexpr Millis kScoresFlush = std::chrono::seconds(1);  // a burst of cases becomes one change of each row
constexpr std::string_view kReminder = "reminder";

// The case's area and those around it, root last; by the register's parents, so that any coding works.
std::vector<std::string> areas_around(const std::string& area, const Register& tables) {
  std::vector<std::string> areas;
  for (const Area* at = tables.area(area); at != nullptr && areas.size() < 8; at = tables.area(at->parent)) {
    if (std::ranges::find(areas, at->code) != areas.end()) break;
    areas.push_back(at->code);
  }
  if (areas.empty() && !area.empty()) areas.push_back(area);
  if (std::ranges::find(areas, tables.root_area()) == areas.end()) areas.push_back(tables.root_area());
  return areas;
}

bool is_before_filing(Stage stage) {
  return stage == Stage::reported || stage == Stage::verifying || stage == Stage::pending_register || stage == Stage::not_accepted;
}

std::string subject_of(const ActionIn& in, const Answer& answer) {
  if (!in.subject.empty() || answer.status >= 400) return in.subject;
  const auto body = parse_json(answer.body);
  if (!body || !body->is_object()) return {};
  const std::string no = text_or(body->get_object(), "no");
  return no.empty() ? text_or(body->get_object(), "id") : no;
}

}  // namespace

Supervise::Supervise(Settings settings) : settings_(std::move(settings)), calendar_(settings_.utc_offset) {
  for (const auto& [stage, limit] : default_stage_limits()) settings_.stage_limits.try_emplace(stage, limit);
}

std::string Supervise::day_of(Time time) const {
  const std::string date = local_date(time, settings_.utc_offset);
  return date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6, 2);
}

// ---- cases ----------------------------------------------------------------------------------------------------

void Supervise::hear(Event& event, Context& city) {
  if (auto* file = std::get_if<Case>(&event.body)) {
    hear_case(*file, city);
  } else if (auto* added = std::get_if<TimelineAdded>(&event.body)) {
    if (added->entry.action == kReminder) return;  // numbered where it was made
    const auto watched = watched_.find(added->case_no);
    if (watched != watched_.end()) added->entry.seq = ++watched->second.entries;
  } else if (const auto* report = std::get_if<Report>(&event.body)) {
    hear_report(*report);
  }
}

void Supervise::hear_case(Case& file, Context& city) {
  const auto [found, fresh] = watched_.try_emplace(file.no);
  Watched& watched = found->second;
  const CaseFacts before = watched.facts;
  watched.clocks.enter(file.stage, city.now, file.limit, rules());
  learn(watched, file, fresh, city);
  watched.file = file;
  watched.file.clocks.clear();
  file.clocks = watched.clocks.shown();
  scores_.replace(before, watched.facts);
  schedule(file.no, watched);
}

// A case that a report opened was found by who reported; the report is told after its case.
void Supervise::hear_report(const Report& report) {
  const auto watched = watched_.find(report.case_no);
  if (watched == watched_.end() || watched->second.file.origin != "report:" + report.id) return;
  const CaseFacts before = watched->second.facts;
  watched->second.facts.source = report.source;
  scores_.replace(before, watched->second.facts);
}

std::string Supervise::source_of(const Case& file, const Context& city) const {
  if (file.origin.starts_with("alarm:")) {
    const Asset* asset = city.tables.asset(file.asset);
    const KindSpec* kind = asset == nullptr ? nullptr : city.packs.kind(asset->kind);
    return kind != nullptr && kind->layer == "camera" ? "camera" : "sensor";
  }
  const auto parent = watched_.find(file.course.parent);
  return parent == watched_.end() ? "desk" : parent->second.facts.source;
}

// What scores count of it, from the step between the case as last heard and as it is now.
void Supervise::learn(Watched& watched, const Case& file, bool fresh, Context& city) const {
  CaseFacts& facts = watched.facts;
  const std::string today = day_of(fresh ? file.changed_at : city.now);
  if (fresh) facts.source = source_of(file, city);
  if (fresh || watched.file.area != file.area) facts.areas = areas_around(file.area, city.tables);
  facts.no = file.no;
  facts.klass = file.klass.code.empty() ? "" : class_key(file.klass);
  facts.opened = day_of(file.opened_at);
  facts.closed = file.closed_at ? day_of(*file.closed_at) : "";
  facts.unit = file.unit;
  const bool was_handed = !fresh && watched.file.stage == Stage::pending_handle;
  const bool taken_up = !fresh && watched.file.stage == Stage::handling;  // given back by its handler: no new dispatch
  const bool waited = !fresh && watched.file.stage == Stage::suspended;
  const bool handed = file.stage == Stage::pending_handle && !was_handed && !taken_up && !waited;
  if (handed) facts.dispatches.push_back({today, file.unit});
  if (was_handed && file.returns > watched.file.returns && !facts.dispatches.empty()) facts.dispatches.back().returned = true;
  if (is_before_filing(file.stage)) {
    facts.filed.clear();
  } else if (facts.filed.empty() && file.stage != Stage::suspended) {
    facts.filed = fresh ? facts.opened : today;
  }
  facts.reworked = file.reworks > 0;
  facts.extended = file.course.extensions > 0;
  if (file.course.satisfaction.empty()) facts.revisited.clear();
  else if (fresh || watched.file.course.satisfaction != file.course.satisfaction) facts.revisited = today;
  facts.satisfied = file.course.satisfaction == "satisfied" || file.course.satisfaction == "very_satisfied";
  facts.supervisions.clear();
  for (const Supervision& one : file.course.supervisions)
    facts.supervisions.push_back({day_of(one.at), one.replied_at && (!one.due || *one.replied_at <= *one.due)});
  learn_cut(facts, file, today);
  watched.file.course.exempt = file.course.exempt;
  learn_terms(watched, file.stage == Stage::suspended, today);
}

// What is taken out of the counts altogether.
void Supervise::learn_cut(CaseFacts& facts, const Case& file, const std::string& today) {
  const std::string cut = file.stage == Stage::not_accepted ? "not_accepted"
                          : file.stage != Stage::cancelled  ? ""
                          : file.merged_into.empty()        ? "cancelled"
                                                            : "merged";
  if (cut == facts.cut) return;
  facts.cut = cut;
  facts.cut_on = cut.empty() ? "" : today;
}

// An upheld appeal takes the disposal out of the scores, an agreed suspension for as long as it lasts; the clock itself
// keeps what it showed.
void Supervise::learn_terms(Watched& watched, bool suspended, const std::string& today) const {
  CaseFacts& facts = watched.facts;
  facts.terms = terms_of(watched.clocks.shown());
  const std::string exempt = watched.file.course.exempt ? "appeal" : suspended ? "suspension" : "";
  if (exempt == facts.exempt) return;
  facts.exempt = exempt;
  facts.exempt_on = exempt.empty() ? "" : today;
  if (exempt != "appeal") return;
  for (const CaseFacts::Term& term : facts.terms)
    if (term.stage == Stage::handling) facts.exempt_on = term.day;  // beside the figure that it left
}

// A deadline counts once it has come, or once the work before it is done.
std::vector<CaseFacts::Term> Supervise::terms_of(const std::vector<Clock>& clocks) const {
  std::vector<CaseFacts::Term> terms;
  for (const Clock& clock : clocks) {
    if (!clock.deadline || (!clock.stopped && !clock.overdue)) continue;
    terms.push_back({clock.stage, day_of(*clock.deadline), !clock.overdue, clock.overdue, clock.stopped.has_value()});
  }
  return terms;
}

void Supervise::schedule(const std::string& no, const Watched& watched) {
  if (const auto old = due_at_.find(no); old != due_at_.end()) {
    due_.erase({old->second, no});
    due_at_.erase(old);
  }
  std::optional<Time> at;
  if (!is_open(watched.file.stage)) {
    at = watched.file.changed_at + limits::kClosedCaseKept;
  } else if (const auto mark = watched.clocks.next_mark(rules())) {
    at = mark->at;
  }
  if (!at) return;
  due_.emplace(*at, no);
  due_at_.emplace(no, *at);
}

// ---- timers ---------------------------------------------------------------------------------------------------

void Supervise::tick(Context& city) {
  while (!due_.empty() && due_.begin()->first <= city.now) {
    const std::string no = due_.begin()->second;
    Watched& watched = watched_.at(no);
    if (!is_open(watched.file.stage)) {
      due_.erase(due_.begin());
      due_at_.erase(no);
      watched_.erase(no);
      continue;
    }
    reach(watched, *watched.clocks.next_mark(rules()), city);
    schedule(no, watched);
  }
  if (scores_.has_changes() && city.now >= flushed_at_ + kScoresFlush) {
    scores_.flush(city);
    flushed_at_ = city.now;
  }
}

void Supervise::reach(Watched& watched, const CaseClocks::Mark& mark, Context& city) {
  watched.clocks.reach(mark.percent);
  const CaseFacts before = watched.facts;
  watched.facts.terms = terms_of(watched.clocks.shown());
  scores_.replace(before, watched.facts);
  Case file = watched.file;
  file.clocks = watched.clocks.shown();
  if (!mark.tells) return city.emit("case.sla", "system", std::move(file));
  TimelineEntry entry;
  entry.seq = ++watched.entries;
  entry.at = city.now;
  entry.actor = "system";
  entry.action = kReminder;
  entry.from = file.stage;
  entry.to = file.stage;
  const std::string percent = std::to_string(mark.percent);
  entry.comment = mark.percent < 100 ? "时限已用 " + percent + "%" : "时限已到,超期";
  entry.fields["clock"] = stage_name(mark.stage);
  entry.fields["percent"] = percent;
  if (mark.percent == 100) {
    ActionIn demand;
    demand.principal = "system";
    demand.verb = "case.remind";
    demand.subject = file.no;
    demand.body =
        json::serialize(json::object{{"clock", stage_name(mark.stage)}, {"percent", 100}, {"comment", entry.comment}});
    demand.arrival = city.now;
    demands_.push_back(std::move(demand));
  }
  const std::string no = file.no;
  const std::string area = file.area;
  city.emit("case.sla", "system", std::move(file));
  city.emit("case.entry", "system", TimelineAdded{no, area, std::move(entry)});
}

// ---- the working calendar -------------------------------------------------------------------------------------

Answer Supervise::act(const ActionIn& in, const Actor& actor, Context& city) {
  if (FormulaBook::handles(in.verb)) return formulas_.take(in, actor, city);
  if (ScoreDesk::handles(in.verb)) return decide(in, actor, city);
  if (ShiftBook::handles(in.verb)) return shifts_.act(in, actor, city);
  return change_calendar(in, actor, city);
}

Answer Supervise::change_calendar(const ActionIn& in, const Actor& actor, Context& city) {
  if (const auto refused = calendar_.take(in, actor, city)) return *refused;
  std::int64_t changed = 0, without = 0;
  for (auto& [no, watched] : watched_) {
    const std::vector<Clock> before = watched.clocks.shown();
    watched.clocks.recount(city.now, rules());
    const std::vector<Clock> after = watched.clocks.shown();
    without += std::ranges::count_if(after, [](const Clock& c) { return c.working && !c.deadline && !c.stopped; });
    const auto same = [](const Clock& a, const Clock& b) {
      return a.deadline == b.deadline && a.note == b.note && a.due_soon == b.due_soon && a.overdue == b.overdue;
    };
    if (std::ranges::equal(before, after, same)) continue;
    ++changed;
    const CaseFacts facts = watched.facts;
    watched.facts.terms = terms_of(after);
    scores_.replace(facts, watched.facts);
    schedule(no, watched);
    Case file = watched.file;
    file.clocks = after;
    city.emit("case.sla", actor.id, std::move(file));
  }
  return done(json::serialize(
      json::object{{"name", calendar_.name()}, {"cases_changed", changed}, {"clocks_without_deadline", without}}));
}

// What was learnt before the lock is in the rows of the month, what is learnt after it stands beside them.
Answer Supervise::decide(const ActionIn& in, const Actor& actor, Context& city) {
  const Answer answer = desk_.act(in, actor, formulas_, day_of(city.now), city);
  if (in.verb != "score.lock" || answer.status >= 400) return answer;
  scores_.flush(city);
  scores_.lock(in.subject);
  return answer;
}

Time Supervise::next_due() const {
  Time due = due_.empty() ? Time::max() : due_.begin()->first;
  if (scores_.has_changes()) due = std::min(due, flushed_at_ + kScoresFlush);
  return due;
}

std::vector<ActionIn> Supervise::take_demands() { return std::exchange(demands_, {}); }

const CaseClocks* Supervise::clocks(std::string_view case_no) const {
  const auto found = watched_.find(case_no);
  return found == watched_.end() ? nullptr : &found->second.clocks;
}

// ---- audit ----------------------------------------------------------------------------------------------------

void Supervise::audit(const ActionIn& in, const Actor& actor, const Answer& answer, Context& city) {
  AuditEntry entry;
  entry.at = city.now;
  entry.actor = actor.id.empty() ? in.principal : actor.id;
  entry.action = in.verb;
  entry.subject = subject_of(in, answer).substr(0, limits::kAssetIdBytes);
  entry.outcome = answer.status < 400 ? "ok" : answer.code;
  if (!in.body.empty()) entry.detail = "body " + keyed_digest(settings_.audit_key, in.body);
  link_audit(entry, head_, settings_.audit_key);
  city.emit("audit.add", entry.actor, entry);
}

// ---- state ----------------------------------------------------------------------------------------------------

void Supervise::encode(Writer& out) const {
  cityloop::encode(out, watched_);
  cityloop::encode(out, head_);
  cityloop::encode(out, scores_);
  cityloop::encode(out, flushed_at_);
  cityloop::encode(out, demands_);
  cityloop::encode(out, calendar_);
  cityloop::encode(out, shifts_);
  cityloop::encode(out, formulas_);
  cityloop::encode(out, desk_);
}

void Supervise::decode(Reader& in) {
  cityloop::decode(in, watched_);
  cityloop::decode(in, head_);
  cityloop::decode(in, scores_);
  cityloop::decode(in, flushed_at_);
  cityloop::decode(in, demands_);
  cityloop::decode(in, calendar_);
  cityloop::decode(in, shifts_);
  cityloop::decode(in, formulas_);
  cityloop::decode(in, desk_);
  due_.clear();
  due_at_.clear();
  for (const auto& [no, watched] : watched_) {
    if (watched.file.no != no) return in.spoil();
    schedule(no, watched);
  }
}

}  // namespace cityloop
