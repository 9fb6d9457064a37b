// SPDX-License-Identifier: Apache-2.0
#include "serve/counts.h"

#include "core/json.h"
#include "serve/engine.h"
#include "serve/score_read.h"

namespace cityloop::serve {
namespace {

struct Counter {
  const Journal& journal;
  const std::string& area;

  Result<std::uint64_t> rows(std::string table, std::vector<Where> where, bool by_area = true) const {
    Query query{std::move(table), std::move(where)};
    if (by_area && !area.empty()) query.where.push_back({"area", Where::Op::prefix, {area}});
    query.limit = 1;
    query.count = true;
    return TRY(journal.list(query)).total.value_or(0);
  }
};

Where is(std::string column, std::string value) { return {std::move(column), Where::Op::equal, {std::move(value)}}; }
Where is(std::string column, std::int64_t value) { return {std::move(column), Where::Op::equal, {value}}; }
Where from(std::string column, Time at) { return {std::move(column), Where::Op::at_least, {std::int64_t{to_ms(at)}}}; }

Result<void> count_score(const Engine& engine, const std::string& area, CityCounts& out) {
  const std::string& id = area.empty() ? engine.city.root_area : area;
  const ScoreSums sums = TRY(read_score(engine.city, "area", id, period_of("month", local_day(engine.city))));
  out.on_time = static_cast<std::uint64_t>(at(sums.counts, Count::on_time));
  out.due = static_cast<std::uint64_t>(at(sums.counts, Count::due));
  return {};
}

Result<void> count_points(Engine& engine, const std::string& area, CityCounts& out) {
  const auto book = TRY(engine.book.picture());
  const auto live = engine.city.live();
  for (const auto& [kind, shelf] : book->kinds) {
    for (const auto& entry : *shelf) {
      if (entry->retired || !entry->area.starts_with(area)) continue;
      ++out.assets;
      const LiveAsset* asset = live ? live->asset(entry->slot) : nullptr;
      if (asset == nullptr) continue;
      for (const LiveValue& value : asset->points) out.points_heard += value.at != kNoTime ? 1 : 0;
    }
  }
  return {};
}

Result<CityCounts> count_anew(Engine& engine, const std::string& area, Time now) {
  CityCounts out;
  out.at = now;
  const Counter counter{*engine.city.journal, area};
  const auto alarms = [&](const char* level) {
    return counter.rows("alarms", {is("state", "firing"), is("level", level), is("drill", 0)});
  };
  out.red = TRY(alarms("red"));
  out.orange = TRY(alarms("orange"));
  out.yellow = TRY(alarms("yellow"));
  out.blue = TRY(alarms("blue"));
  out.unacknowledged = TRY(counter.rows("alarms", {is("unseen", 1), is("drill", 0)}));
  out.cases_open = TRY(counter.rows("cases", {is("open", 1)}));
  const Time midnight = local_midnight(now, engine.city.utc_offset);
  out.cases_today = TRY(counter.rows("cases", {from("opened_at", midnight)}));
  out.cases_closed_today = TRY(counter.rows("cases", {from("closed_at", midnight)}));
  out.reports_waiting = TRY(counter.rows("reports", {{"state", Where::Op::in, {std::string("waiting"), std::string("placeless")}}}));
  out.sources_late = TRY(counter.rows("sources", {{"state", Where::Op::in, {std::string("late"), std::string("disconnected")}}}, false));
  TRY(count_score(engine, area, out));
  TRY(count_points(engine, area, out));
  return out;
}

}  // namespace

Time local_midnight(Time now, Millis utc_offset) { return std::chrono::floor<std::chrono::days>(now + utc_offset) - utc_offset; }

Result<CityCounts> count_city(Engine& engine, const std::string& area) {
  const Time now = engine.city.now();
  {
    std::lock_guard lock(engine.mutex);
    const auto known = engine.counts.find(area);
    if (known != engine.counts.end() && now < known->second.at + std::chrono::seconds(1)) return known->second;
  }
  CityCounts counts = TRY(count_anew(engine, area, now));
  std::lock_guard lock(engine.mutex);
  if (engine.counts.size() > limits::kRateKeys) engine.counts.clear();
  engine.counts[area] = counts;
  return counts;
}

}  // namespace cityloop::serve
