// SPDX-License-Identifier: Apache-2.0
#include "supervise/scores.h"

#include "core/json.h"

namespace cityloop {
namespace {

constexpr std::array<std::string_view, kCounts> kNames{"opened",  "dispatched", "due",    "on_time",
                                                       "overdue", "closed",     "rework", "returned",
                                                       "extended"};

constexpr std::string_view kDefinitionZh =
    "opened 立案登记数;dispatched 派遣次数;due 应处置数:处置时限落在本期的案件(岗位为该岗位计时环节);on_time 其中按期完成;"
    "overdue 其中已超期;closed 结案数(含强制结案);rework 返工次数;returned 部门退回次数;extended 批准延期次数。申诉成立的案件不计处置时限。"
    "按期率=on_time/due,返工率=rework/closed,退回率=returned/dispatched,延期率=extended/due,结案率=closed/opened(部门无)。";
constexpr std::string_view kDefinitionEn =
    "opened: cases entered; dispatched: dispatches; due: cases whose disposal deadline falls in the period (posts: the "
    "deadlines of "
    "the post's own step); on_time: of these, met; overdue: of these, missed; closed: closed, also by force; rework, "
    "returned: "
    "how often; extended: extensions granted. The disposal of a case whose appeal was upheld does not count. "
    "on_time_rate = on_time/due, rework_rate = rework/closed, return_rate = returned/dispatched, "
    "extension_rate = extended/due, "
    "close_rate = closed/opened (not for units).";

// Which post answers for a clock.
std::string_view post_of(Stage stage) {
  switch (stage) {
    case Stage::reported: return role_name(Role::acceptor);
    case Stage::pending_dispatch: return role_name(Role::dispatcher);
    case Stage::verifying:
    case Stage::checking: return role_name(Role::collector);
    case Stage::handling: return role_name(Role::handler);
    default: return role_name(Role::shift_leader);
  }
}

class Counter {
 public:
  explicit Counter(ScoreTable& table) : table_(table) {}

  void add(std::string_view object, std::string_view id, const std::string& day, Count count) {
    if (id.empty() || day.empty()) return;
    for (const std::string& period : {day, day.substr(0, 7)}) {
      ++table_[{std::string(object), std::string(id), period}][static_cast<std::size_t>(count)];
    }
  }
  void add_areas(const std::vector<std::string>& areas, const std::string& day, Count count) {
    for (const std::string& area : areas) add("area", area, day, count);
  }

 private:
  ScoreTable& table_;
};

json::object rate(std::int64_t numerator, std::int64_t denominator) {
  json::object rate{{"n", numerator}, {"d", denominator}, {"value", nullptr}};
  if (denominator != 0) rate["value"] = static_cast<double>(numerator) / static_cast<double>(denominator);
  return rate;
}

std::string name_of(const ScoreKey& key, const Register& tables) {
  if (key.object == "area") {
    if (const Area* area = tables.area(key.id)) return area->name;
  }
  if (key.object == "unit") {
    if (const Unit* unit = tables.unit(key.id)) return unit->name;
  }
  return key.id;
}

std::string area_of(const ScoreKey& key, const Register& tables) {
  if (key.object == "area") return key.id;
  const Unit* unit = key.object == "unit" ? tables.unit(key.id) : nullptr;
  return unit == nullptr ? tables.root_area() : unit->area;
}

}  // namespace

std::string_view count_name(Count count) { return kNames[static_cast<std::size_t>(count)]; }

ScoreTable counts_of(const CaseFacts& facts) {
  ScoreTable table;
  Counter counter(table);
  counter.add_areas(facts.areas, facts.opened, Count::opened);
  counter.add("post", role_name(Role::acceptor), facts.opened, Count::opened);
  counter.add_areas(facts.areas, facts.closed, Count::closed);
  counter.add("unit", facts.unit, facts.closed, Count::closed);
  counter.add("post", role_name(Role::shift_leader), facts.closed, Count::closed);
  const auto deeds = [&](const std::vector<CaseFacts::Deed>& all, Count count, Role post) {
    for (const CaseFacts::Deed& deed : all) {
      counter.add_areas(facts.areas, deed.day, count);
      counter.add("unit", deed.unit, deed.day, count);
      counter.add("post", role_name(post), deed.day, count);
    }
  };
  deeds(facts.dispatched, Count::dispatched, Role::dispatcher);
  deeds(facts.returned, Count::returned, Role::dispatcher);  // a return is a wrong dispatch (domain.md §1.9)
  deeds(facts.reworked, Count::rework, Role::handler);
  deeds(facts.extended, Count::extended, Role::dispatcher);
  for (const CaseFacts::Term& term : facts.terms) {
    const auto add = [&](Count count) {
      counter.add("post", post_of(term.stage), term.day, count);
      if (term.stage != Stage::handling) return;
      counter.add_areas(facts.areas, term.day, count);
      counter.add("unit", facts.unit, term.day, count);
    };
    add(Count::due);
    if (term.met) add(Count::on_time);
    if (term.missed) add(Count::overdue);
  }
  return table;
}

void Scores::replace(const CaseFacts& before, const CaseFacts& after) {
  ScoreTable change = counts_of(after);
  for (const auto& [key, row] : counts_of(before)) {
    ScoreRow& counts = change[key];
    for (std::size_t i = 0; i < kCounts; ++i) counts[i] -= row[i];
  }
  for (const auto& [key, row] : change) {
    if (row == ScoreRow{}) continue;
    ScoreRow& counts = table_[key];
    for (std::size_t i = 0; i < kCounts; ++i) counts[i] += row[i];
    changed_.insert(key);
  }
}

void Scores::flush(Context& city) {
  for (const ScoreKey& key : changed_) {
    const ScoreRow& row = table_[key];
    json::object doc{
        {"object", key.object}, {"id", key.id}, {"name", name_of(key, city.tables)}, {"period", key.period}};
    for (std::size_t i = 0; i < kCounts; ++i) doc[kNames[i]] = row[i];
    const auto at = [&](Count count) { return row[static_cast<std::size_t>(count)]; };
    doc["on_time_rate"] = rate(at(Count::on_time), at(Count::due));
    doc["rework_rate"] = rate(at(Count::rework), at(Count::closed));
    doc["extension_rate"] = rate(at(Count::extended), at(Count::due));
    doc["return_rate"] = rate(at(Count::returned), at(Count::dispatched));
    if (key.object != "unit") doc["close_rate"] = rate(at(Count::closed), at(Count::opened));
    doc["definition_zh"] = kDefinitionZh;
    doc["definition_en"] = kDefinitionEn;
    city.emit("score.put", "system",
              RowPut{"scores", key.object + ":" + key.id + ":" + key.period, area_of(key, city.tables),
                     {{"object", key.object}, {"id", key.id}, {"period", key.period}}, json::serialize(doc)});
  }
  changed_.clear();
}

void Scores::encode(Writer& out) const {
  cityloop::encode(out, table_);
  cityloop::encode(out, changed_);
}

void Scores::decode(Reader& in) {
  cityloop::decode(in, table_);
  cityloop::decode(in, changed_);
}

}  // namespace cityloop
