// SPDX-License-Identifier: Apache-2.0
#include "supervise/scores.h"

#include <algorithm>

#include "core/json_write.h"

namespace cityloop {
namespace {

// Which post answers for a clock.
Role post_of(Stage stage) {
  switch (stage) {
    case Stage::reported: return Role::acceptor;
    case Stage::pending_dispatch: return Role::dispatcher;
    case Stage::verifying:
    case Stage::checking: return Role::collector;
    case Stage::handling: return Role::handler;
    default: return Role::shift_leader;
  }
}

constexpr std::uint64_t bit(Count count) { return std::uint64_t{1} << static_cast<unsigned>(count); }
constexpr std::uint64_t bit_if(bool holds, Count count) { return holds ? bit(count) : 0; }

std::uint64_t found_by(std::string_view source) {
  if (source == "sensor") return bit(Count::found_sensor) | bit(Count::found_machine);
  if (source == "camera") return bit(Count::found_camera) | bit(Count::found_machine);
  if (source == "inspector") return bit(Count::found_patrol);
  if (source == "citizen" || source == "hotline") return bit(Count::found_public);
  return bit(Count::found_other);
}

std::uint64_t cut_of(std::string_view why) {
  if (why == "not_accepted") return bit(Count::not_accepted);
  if (why == "merged") return bit(Count::merged);
  return bit(Count::cancelled);
}

class Facts {
 public:
  explicit Facts(const CaseFacts& of) : of_(of) {}

  void add(FactKind kind, const std::string& day, std::uint64_t counts, std::string_view post, const std::string& unit) {
    if (day.empty()) return;
    const int number = numbers_[static_cast<std::size_t>(kind)]++;
    const std::string key = of_.no + ":" + std::string(fact_kind_name(kind)) + ":" + std::to_string(number) + ":" + day;
    all_[key] = {of_.no, kind, day, of_.areas.empty() ? "" : of_.areas.front(), unit, std::string(post), of_.klass, of_.source, counts};
  }
  void add(FactKind kind, const std::string& day, std::uint64_t counts, Role post, const std::string& unit) {
    add(kind, day, counts, role_name(post), unit);
  }
  void add_terms();
  std::map<std::string, ScoreFact> take() { return std::move(all_); }

 private:
  void add_disposal(const CaseFacts::Term& term, bool last);

  const CaseFacts& of_;
  std::array<int, 10> numbers_{};
  std::map<std::string, ScoreFact> all_;
};

// What befell the case since its last disposal began counts there; an earlier one ended in a closing.
void Facts::add_disposal(const CaseFacts::Term& term, bool last) {
  const bool closed = !last || !of_.closed.empty();
  const std::uint64_t counts = bit(Count::due) | bit_if(term.done, Count::disposed) | bit_if(term.met, Count::on_time) |
                               bit_if(term.missed, Count::overdue) | bit_if(!term.done, Count::outstanding) |
                               bit_if(closed, Count::due_closed) | bit_if(closed && term.met, Count::due_closed_on_time) |
                               bit_if(last && of_.reworked, Count::rework) | bit_if(last && of_.extended, Count::extended);
  add(FactKind::disposal, term.day, counts, Role::handler, of_.unit);
}

void Facts::add_terms() {
  std::size_t last = of_.terms.size();
  for (std::size_t i = 0; i < of_.terms.size(); ++i)
    if (of_.terms[i].stage == Stage::handling) last = i;
  for (std::size_t i = 0; i < of_.terms.size(); ++i) {
    const CaseFacts::Term& term = of_.terms[i];
    if (term.stage != Stage::handling) {
      add(FactKind::step, term.day,
          bit(Count::step_due) | bit_if(term.met, Count::step_on_time) | bit_if(term.missed, Count::step_overdue), post_of(term.stage), "");
    } else if (i != last || of_.exempt.empty()) {
      add_disposal(term, i == last);
    }
  }
}

template <class Visit>
void each_object(const CaseFacts& of, const ScoreFact& fact, Visit visit) {
  if (fact.kind != FactKind::step) {
    for (const std::string& area : of.areas) visit("area", area);
    if (!fact.unit.empty()) visit("unit", fact.unit);
  }
  // Posts and classes are scored for the city and its districts.
  for (std::size_t i = of.areas.size(); i > 0 && i + 2 > of.areas.size(); --i) {
    const std::string& area = of.areas[i - 1];
    if (!fact.post.empty()) visit("post", area + "/" + fact.post);
    if (fact.kind == FactKind::filing && !fact.klass.empty()) visit("class", area + "/" + fact.klass);
  }
}

void add_counts(ScoreRow& row, std::uint64_t counts, int sign) {
  for (std::size_t i = 0; i < kCounts; ++i)
    if ((counts >> i & 1u) != 0) row[i] += sign;
}

// The area that a row is seen in, and the row above it.
std::pair<std::string, std::string> place_of(const ScoreKey& key, const Register& tables) {
  if (key.object == "area") {
    const Area* area = tables.area(key.id);
    return {key.id, area == nullptr ? "" : area->parent};
  }
  if (key.object == "unit") {
    const Unit* unit = tables.unit(key.id);
    return {unit == nullptr ? tables.root_area() : unit->area, ""};
  }
  const std::string area = key.id.substr(0, key.id.find('/'));
  return {area, area};
}

std::string names_of(std::uint64_t counts) {  // each between spaces, so that one is found whole
  std::string out = " ";
  for (std::size_t i = 0; i < kCounts; ++i)
    if ((counts >> i & 1u) != 0) out += std::string(count_name(static_cast<Count>(i))) + " ";
  return out;
}

EventBody row_of(const std::string& key, const ScoreFact& fact) {
  if (fact.removed) return Removed{"score_facts", key};
  JsonWriter doc;
  doc.begin_object().member("case", fact.case_no).member("kind", fact_kind_name(fact.kind)).member("day", fact.day);
  doc.member("area", fact.area).member_or_null("unit", fact.unit).member_or_null("post", fact.post);
  doc.member_or_null("class", fact.klass).member_or_null("source", fact.source).member("sign", fact.sign);
  doc.member("correction", fact.correction).end_object();
  return RowPut{"score_facts",
                key,
                fact.area,
                {{"kind", std::string(fact_kind_name(fact.kind))},
                 {"day", fact.day},
                 {"unit", fact.unit},
                 {"post", fact.post},
                 {"class", fact.klass},
                 {"counts", names_of(fact.counts)},
                 {"correction", fact.correction ? "1" : "0"}},
                doc.take()};
}

}  // namespace

std::map<std::string, ScoreFact> facts_of(const CaseFacts& facts) {
  Facts out(facts);
  const bool refused = facts.cut == "not_accepted";  // it came in, and somebody had work with it
  if (!facts.cut.empty()) out.add(FactKind::cut, facts.cut_on, cut_of(facts.cut), "", facts.unit);
  if (!facts.cut.empty() && !refused) return out.take();
  out.add(FactKind::entry, facts.opened, bit(Count::opened) | bit_if(!refused && !facts.filed.empty(), Count::opened_filed), Role::acceptor, "");
  if (!refused) out.add(FactKind::filing, facts.filed, bit(Count::filed) | found_by(facts.source), Role::shift_leader, "");
  for (const CaseFacts::Dispatch& one : facts.dispatches)
    out.add(FactKind::dispatch, one.day, bit(Count::dispatched) | bit(one.returned ? Count::returned : Count::accurate),
            Role::dispatcher, one.unit);
  out.add_terms();
  out.add(FactKind::closing, facts.closed, bit(Count::closed), Role::shift_leader, facts.unit);
  for (const CaseFacts::Supervised& one : facts.supervisions)
    out.add(FactKind::supervision, one.day, bit(Count::supervised) | bit_if(one.answered, Count::answered), "", facts.unit);
  out.add(FactKind::revisit, facts.revisited, bit(Count::revisited) | bit_if(facts.satisfied, Count::satisfied), Role::acceptor,
          facts.unit);
  if (!facts.exempt.empty())
    out.add(FactKind::exempt, facts.exempt_on, bit(facts.exempt == "appeal" ? Count::appeal_exempt : Count::suspension_exempt),
            Role::handler, facts.unit);
  return out.take();
}

ScoreTable counts_of(const CaseFacts& facts) {
  ScoreTable table;
  for (const auto& [key, fact] : facts_of(facts)) {
    each_object(facts, fact, [&](std::string object, std::string id) {
      add_counts(table[{std::move(object), std::move(id), fact.day}], fact.counts, 1);
    });
  }
  return table;
}

void Scores::add(const CaseFacts& facts, const ScoreFact& fact, int sign, bool correction) {
  each_object(facts, fact, [&](std::string object, std::string id) {
    const ScoreKey key{std::move(object), std::move(id), fact.day, correction};
    const auto [row, fresh] = table_.try_emplace(key);
    if (fresh) row->second.number = ++rows_;
    add_counts(row->second.counts, fact.counts, sign);
    changed_.insert(key);
  });
}

void Scores::replace(const CaseFacts& before, const CaseFacts& after) {
  const std::map<std::string, ScoreFact> old = facts_of(before), now = facts_of(after);
  const auto take = [&](const CaseFacts& of, const std::string& key, ScoreFact fact, int sign) {
    const bool locked = locked_.contains(fact.day.substr(0, 7));
    add(of, fact, sign, locked);
    if (locked) {
      fact.sign = sign;
      fact.correction = true;
      facts_[key + ":" + std::to_string(++corrections_)] = std::move(fact);
    } else {
      fact.removed = sign < 0;
      facts_[key] = std::move(fact);
    }
  };
  // Two facts of one key are the same to each area only when the areas are.
  const auto stays = [&](const auto& all, const auto& item) {
    const auto found = all.find(item.first);
    return found != all.end() && found->second == item.second && before.areas == after.areas;
  };
  for (const auto& item : old)
    if (!stays(now, item)) take(before, item.first, item.second, -1);
  for (const auto& item : now)
    if (!stays(old, item)) take(after, item.first, item.second, 1);
}

void Scores::put_row(const ScoreKey& key, const Sum& sum, Context& city) const {
  const auto [area, parent] = place_of(key, city.tables);
  JsonWriter doc;
  doc.begin_object().member("id", key.id).member("correction", key.correction).key("counts").begin_object();
  for (std::size_t i = 0; i < kCounts; ++i)
    if (sum.counts[i] != 0) doc.member(count_name(static_cast<Count>(i)), sum.counts[i]);
  doc.end_object().end_object();
  city.emit("score.put", "system",
            RowPut{"scores", key.object + ":" + key.id + ":" + key.day + ":" + std::to_string(sum.number), area,
                   {{"object", key.object}, {"id", key.id}, {"day", key.day}, {"parent", parent}}, doc.take()});
}

void Scores::flush(Context& city) {
  ++flushes_;
  for (const ScoreKey& key : changed_) {
    Sum& sum = table_.at(key);
    sum.touched = flushes_;
    put_row(key, sum, city);
  }
  changed_.clear();
  for (const auto& [key, fact] : facts_) city.emit("score.fact", "system", row_of(key, fact));
  facts_.clear();
  forget();
}

// Those that were not touched for longest leave, down to three quarters.
void Scores::forget() {
  if (table_.size() <= held_) return;
  std::vector<std::pair<std::uint64_t, const ScoreKey*>> all;
  for (const auto& [key, sum] : table_) all.emplace_back(sum.touched, &key);
  const auto last = all.begin() + static_cast<std::ptrdiff_t>(all.size() - held_ / 4 * 3);
  std::ranges::nth_element(all, last, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : *a.second < *b.second;
  });
  std::vector<ScoreKey> gone;
  for (auto one = all.begin(); one != last; ++one) gone.push_back(*one->second);
  for (const ScoreKey& key : gone) table_.erase(key);
}

ScoreTable Scores::table() const {
  ScoreTable out;
  for (const auto& [key, sum] : table_) out[key] = sum.counts;
  return out;
}

void Scores::encode(Writer& out) const {
  cityloop::encode(out, table_);
  cityloop::encode(out, changed_);
  cityloop::encode(out, facts_);
  cityloop::encode(out, locked_);
  for (const std::uint64_t number : {rows_, flushes_, corrections_}) cityloop::encode(out, number);
}

void Scores::decode(Reader& in) {
  cityloop::decode(in, table_);
  cityloop::decode(in, changed_);
  cityloop::decode(in, facts_);
  cityloop::decode(in, locked_);
  for (std::uint64_t* number : {&rows_, &flushes_, &corrections_}) cityloop::decode(in, *number);
}

}  // namespace cityloop
