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

// What scores count of it, from the step between the case as last heard and as it is now.
void Supervise::learn(Watched& watched, const Case& file, bool fresh, Context& city) const {
  CaseFacts& facts = watched.facts;
  const std::string today = day_of(city.now);
  if (fresh || watched.file.area != file.area) facts.areas = areas_around(file.area, city.tables);
  facts.opened = day_of(file.opened_at);
  facts.closed = file.closed_at ? day_of(*file.closed_at) : "";
  const bool was_handed = !fresh && watched.file.stage == Stage::pending_handle;
  const bool taken_up = !fresh && watched.file.stage == Stage::handling;  // given back by its handler: no new dispatch
  const bool waited = !fresh && watched.file.stage == Stage::suspended;
  if (file.stage == Stage::pending_handle && !was_handed && !taken_up && !waited) facts.dispatched.push_back({today, file.unit});
  if (was_handed && file.returns > watched.file.returns) facts.returned.push_back({today, watched.file.unit});
  if (!fresh && file.reworks > watched.file.reworks) facts.reworked.push_back({today, file.unit});
  if (!fresh && file.course.extensions > watched.file.course.extensions) facts.extended.push_back({today, file.unit});
  facts.unit = file.unit;
  facts.terms = terms_of(watched.clocks, file.course.exempt);
}

// An upheld appeal takes the disposal out of the scores; the clock itself keeps what it showed.
std::vector<CaseFacts::Term> Supervise::terms_of(const CaseClocks& clocks, bool exempt) const {
  std::vector<CaseFacts::Term> terms;
  for (const StageClock& clock : clocks.all()) {
    if (!clock.clock.deadline || (exempt && clock.clock.stage == Stage::handling)) continue;
    const bool missed = clock.clock.overdue;
    terms.push_back({clock.clock.stage, day_of(*clock.clock.deadline), clock.clock.stopped && !missed, missed});
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
  watched.facts.terms = terms_of(watched.clocks, watched.file.course.exempt);
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
  return ShiftBook::handles(in.verb) ? shifts_.act(in, actor, city) : change_calendar(in, actor, city);
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
    watched.facts.terms = terms_of(watched.clocks, watched.file.course.exempt);
    scores_.replace(facts, watched.facts);
    schedule(no, watched);
    Case file = watched.file;
    file.clocks = after;
    city.emit("case.sla", actor.id, std::move(file));
  }
  return done(json::serialize(
      json::object{{"name", calendar_.name()}, {"cases_changed", changed}, {"clocks_without_deadline", without}}));
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
}

void Supervise::decode(Reader& in) {
  cityloop::decode(in, watched_);
  cityloop::decode(in, head_);
  cityloop::decode(in, scores_);
  cityloop::decode(in, flushed_at_);
  cityloop::decode(in, demands_);
  cityloop::decode(in, calendar_);
  cityloop::decode(in, shifts_);
  due_.clear();
  due_at_.clear();
  for (const auto& [no, watched] : watched_) {
    if (watched.file.no != no) return in.spoil();
    schedule(no, watched);
  }
}

}  // namespace cityloop
