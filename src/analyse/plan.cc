// SPDX-License-Identifier: Apache-2.0
#include "analyse/plan.h"

#include <algorithm>
#include <set>

#include "analyse/plan_text.h"
#include "core/limits.h"

namespace cityloop {
namespace {

Error in_context(const std::string& where, const Error& error) { return Error{error.code, where + ": " + error.detail}; }

class KindCompiler {
 public:
  KindCompiler(const Packs& packs, const Pack& pack, const KindSpec& kind) : packs_(packs) {
    plan_.kind = &kind;
    plan_.pack = &pack;
  }

  Result<KindPlan> run() {
    const std::size_t points = plan_.kind->points.size();
    if (points > 255) return fail(errors::kBadPack, "pack " + plan_.pack->name + ": kind " + plan_.kind->name + " has more than 255 points");
    plan_.windows_of.resize(points);
    plan_.stuck_of.resize(points);
    for (const PointSpec& point : plan_.kind->points) plan_.stale_after.push_back(point.interval.count() * limits::kStalePeriods);
    TRY(derived_points());
    plan_.first_rule = plan_.units.size();
    for (const Pack& pack : packs_.all()) {
      for (const RuleSpec& rule : pack.rules) {
        if (rule.kind == plan_.kind->name) TRY(add_rule(pack, rule));
      }
    }
    TRY(add_agreement());
    TRY(inhibitions());
    wake_masks();
    return std::move(plan_);
  }

 private:
  std::string where(const std::string& what) const { return "pack " + plan_.pack->name + ": " + what; }

  // Moves a program's own numbering of windows and cells into the kind's; one window serves all programs of a unit.
  void link(Program& program, UnitPlan& unit) {
    const std::size_t first_cell = plan_.cells.size();
    std::vector<std::uint16_t> place;
    for (const WindowUse& use : program.windows) place.push_back(window(use, unit));
    for (const CellUse& use : program.cells) {
      if (use.stuck) plan_.stuck_of[use.point].push_back(static_cast<std::uint16_t>(plan_.cells.size()));
      plan_.cells.push_back(use);
    }
    unit.cells += static_cast<std::uint32_t>(program.cells.size());
    for (Op& op : program.code) {
      if (op.code == OpCode::range) op.index = place[op.index];
      if (op.code == OpCode::stuck || op.code == OpCode::sequence) op.index = static_cast<std::uint16_t>(op.index + first_cell);
    }
    for (const std::uint8_t point : program.points) {
      const auto at = std::ranges::lower_bound(unit.points, point);
      if (at == unit.points.end() || *at != point) unit.points.insert(at, point);
    }
    unit.restless = unit.restless || program.asks_age || !program.absences.empty();
    unit.absent = unit.absent || !program.absences.empty();
  }

  std::uint16_t window(const WindowUse& use, UnitPlan& unit) {
    for (std::size_t i = unit.first_window; i < plan_.windows.size(); ++i) {
      WindowUse& known = plan_.windows[i];
      if (known.point != use.point || known.width != use.width) continue;
      known.needs |= use.needs;
      return static_cast<std::uint16_t>(i);
    }
    const auto index = static_cast<std::uint16_t>(plan_.windows.size());
    plan_.windows.push_back(use);
    plan_.windows_of[use.point].push_back(index);
    ++unit.windows;
    return index;
  }

  UnitPlan fresh(UnitPlan::Role role, std::string name) const {
    UnitPlan unit;
    unit.role = role;
    unit.name = std::move(name);
    unit.first_window = static_cast<std::uint32_t>(plan_.windows.size());
    unit.first_cell = static_cast<std::uint32_t>(plan_.cells.size());
    return unit;
  }

  ExprScope scope(const Pack& pack, const RecordSpec* record = nullptr) const { return {*plan_.kind, record, pack.tables}; }

  // ---- derived points

  Result<void> derived_points() {
    std::vector<int> state(plan_.kind->points.size(), 0);  // 1: being visited, 2: done
    for (std::size_t i = 0; i < state.size(); ++i) TRY(visit(i, state));
    return {};
  }

  Result<void> visit(std::size_t index, std::vector<int>& state) {
    const PointSpec& point = plan_.kind->points[index];
    if (point.derived.empty() || state[index] == 2) return {};
    const std::string here = where("kind " + plan_.kind->name + ", derived point " + point.name);
    if (state[index] == 1) return fail(errors::kBadExpression, here + " needs itself through other derived points");
    state[index] = 1;
    auto program = compile_expression(point.derived, scope(*plan_.pack), ValueType::number);
    if (!program) return in_context(here, program.error());
    if (std::ranges::find(program->points, index) != program->points.end()) {
      return fail(errors::kBadExpression, here + " reads itself");
    }
    for (const std::uint8_t other : program->points) TRY(visit(other, state));
    state[index] = 2;
    if (point.interval.count() == 0) {  // as old as what it is made of
      for (const std::uint8_t other : program->points) {
        plan_.stale_after[index] = std::max(plan_.stale_after[index], plan_.stale_after[other]);
      }
    }
    UnitPlan unit = fresh(UnitPlan::Role::derived, point.name);
    unit.definition = point.derived;
    unit.target = static_cast<std::uint8_t>(index);
    unit.decimals = point.decimals;
    link(*program, unit);
    unit.levels.push_back({Level::none, std::move(*program), 0});
    plan_.units.push_back(std::move(unit));
    return {};
  }

  // ---- rules

  Result<void> add_rule(const Pack& pack, const RuleSpec& rule) {
    UnitPlan unit = fresh(UnitPlan::Role::rule, pack.name + "/" + rule.alert);
    const std::string here = "pack " + pack.name + ": rule " + rule.alert;
    unit.spec = &rule;
    unit.pack = &pack;
    unit.keep = rule.keep_firing_for.count();
    if (!rule.record.empty()) {
      unit.record = packs_.record(rule.record);
      if (unit.record == nullptr) return fail(errors::kBadPack, here + ": there is no record " + rule.record);
      if (unit.keep == 0) unit.keep = limits::kRecordAlarmKept.count();
    }
    if (rule.levels.empty() || rule.levels.size() > limits::kRuleLevels) return fail(errors::kBadPack, here + ": one to four levels");
    for (const RuleLevel& level : rule.levels) TRY(add_level(unit, level, here));
    const auto listens = [](const LevelPlan& level) { return !level.program.points.empty() || !level.program.absences.empty() || level.program.neighbours; };
    if (unit.record == nullptr && std::ranges::none_of(unit.levels, listens)) {
      return fail(errors::kBadPack, here + ": reads nothing that is measured, so it would hold always or never; name a point of kind " + rule.kind);
    }
    if (!rule.clear_expr.empty()) TRY(add_clear(unit, here));
    unit.shown_point = plan_.kind->point_index(rule.point);
    if (unit.record != nullptr) {
      const auto& fields = unit.record->fields;
      const auto shown = std::ranges::find(fields, rule.point, &FieldSpec::name);
      if (shown != fields.end()) unit.shown_field = static_cast<int>(shown - fields.begin());
      note_record_rule(rule.record);
    }
    if (unit.shown_point < 0 && unit.shown_field < 0 && !unit.points.empty()) unit.shown_point = unit.points[0];
    unit.definition = rule_definition(rule);
    unit.text = rule_text(unit, *plan_.kind, plan_.stale_after);
    plan_.units.push_back(std::move(unit));
    return {};
  }

  void note_record_rule(const std::string& record) {
    const auto index = static_cast<std::uint16_t>(plan_.units.size());
    for (auto& [name, units] : plan_.record_rules) {
      if (name == record) return units.push_back(index);
    }
    plan_.record_rules.push_back({record, {index}});
  }

  Result<void> add_level(UnitPlan& unit, const RuleLevel& level, const std::string& rule) {
    const std::string here = rule + ", level " + std::string(level_name(level.level));
    if (!unit.levels.empty() && level.level <= unit.levels.back().level) {
      return fail(errors::kBadPack, here + ": levels ascend from blue to red");
    }
    if (unit.record != nullptr && level.hold.count() > 0) {
      return fail(errors::kBadPack, here + ": a record is a moment and cannot hold; leave `for` out");
    }
    auto program = compile_expression(level.expr, scope(*unit.pack, unit.record), ValueType::boolean);
    if (!program) return in_context(here, program.error());
    link(*program, unit);
    unit.levels.push_back({level.level, std::move(*program), level.hold.count()});
    return {};
  }

  Result<void> add_clear(UnitPlan& unit, const std::string& rule) {
    auto program = compile_expression(unit.spec->clear_expr, scope(*unit.pack, unit.record), ValueType::boolean);
    if (!program) return in_context(rule + ", clear_when", program.error());
    if (std::ranges::any_of(program->cells, [](const CellUse& cell) { return !cell.stuck; })) {
      return fail(errors::kBadExpression, rule + ", clear_when: sequence() belongs to levels; it is not followed here");
    }
    if (unit.record != nullptr) {
      return fail(errors::kBadPack, rule + ": a record rule clears after keep_firing_for; clear_when has no moment to be read");
    }
    link(*program, unit);
    unit.clear.push_back(std::move(*program));
    return {};
  }

  // ---- agreement

  // The kinds of a pack whose points the agreement can be read from need it; the others do not.
  Result<void> add_agreement() {
    const auto& spec = plan_.pack->the_case;
    if (!spec || spec->agreement.empty()) return {};
    auto program = compile_expression(spec->agreement, scope(*plan_.pack), ValueType::boolean);
    if (!program) {
      for (const KindSpec& other : plan_.pack->kinds) {
        if (check_expression(spec->agreement, other, nullptr, plan_.pack->tables)) return {};
      }
      return in_context(where("case.agreement"), program.error());
    }
    UnitPlan unit = fresh(UnitPlan::Role::agreement, "agreement");
    unit.definition = spec->agreement;
    link(*program, unit);
    unit.levels.push_back({Level::none, std::move(*program), spec->agreement_hold.count()});
    plan_.agreement = static_cast<int>(plan_.units.size());
    plan_.units.push_back(std::move(unit));
    return {};
  }

  // ---- who holds back whom

  Result<void> inhibitions() {
    for (std::size_t i = plan_.first_rule; i < plan_.units.size(); ++i) {
      if (plan_.units[i].role != UnitPlan::Role::rule) continue;
      for (const std::string& name : plan_.units[i].spec->inhibited_by) {
        const bool full = name.find('/') != std::string::npos;
        const int other = plan_.unit_named(full ? name : plan_.units[i].pack->name + "/" + name);
        if (other < 0) continue;  // of another kind: never on the same asset
        plan_.units[i].inhibitors.push_back(static_cast<std::uint16_t>(other));
        plan_.units[static_cast<std::size_t>(other)].inhibits.push_back(static_cast<std::uint16_t>(i));
      }
    }
    for (std::size_t i = plan_.first_rule; i < plan_.units.size(); ++i) {
      std::set<std::uint16_t> reached;
      std::vector<std::uint16_t> open = plan_.units[i].inhibitors;
      while (!open.empty()) {
        const std::uint16_t next = open.back();
        open.pop_back();
        if (next == i) return fail(errors::kBadPack, where("rule " + plan_.units[i].name + ": inhibited_by leads back to itself"));
        if (reached.insert(next).second) open.insert(open.end(), plan_.units[next].inhibitors.begin(), plan_.units[next].inhibitors.end());
      }
    }
    return {};
  }

  // ---- what wakes what

  void wake_masks() {
    plan_.mask_words = (plan_.units.size() + 63) / 64;
    plan_.wakes.assign(plan_.point_count() * plan_.mask_words, 0);
    for (std::size_t u = 0; u < plan_.units.size(); ++u) {
      const UnitPlan& unit = plan_.units[u];
      if (unit.record != nullptr) continue;
      if (unit.restless) note_restless(u);
      const bool any = unit.restless || unit.points.empty();
      for (std::size_t p = 0; p < plan_.point_count(); ++p) {
        const bool reads = std::ranges::binary_search(unit.points, static_cast<std::uint8_t>(p));
        const bool own = unit.role == UnitPlan::Role::derived && unit.target == p;
        if ((any || reads) && !own) plan_.wakes[p * plan_.mask_words + u / 64] |= std::uint64_t{1} << (u % 64);
      }
    }
  }

  void note_restless(std::size_t index) {
    const UnitPlan& unit = plan_.units[index];
    if (unit.role == UnitPlan::Role::derived) return;  // made from samples only
    plan_.restless.push_back(static_cast<std::uint16_t>(index));
    const auto note = [&](const Program& program) {
      for (const auto& absence : program.absences) {
        if (std::ranges::find(plan_.absences, absence) == plan_.absences.end()) plan_.absences.push_back(absence);
        plan_.restless_after = std::min(plan_.restless_after, absence.second);
      }
      if (!program.asks_age) return;
      for (const std::uint8_t point : program.points) {
        if (plan_.stale_after[point] == 0) continue;  // event-driven: never old
        if (std::ranges::find(plan_.aged_points, point) == plan_.aged_points.end()) plan_.aged_points.push_back(point);
        plan_.restless_after = std::min(plan_.restless_after, plan_.stale_after[point] + 1);
      }
    };
    for (const LevelPlan& level : unit.levels) note(level.program);
    for (const Program& program : unit.clear) note(program);
  }

  const Packs& packs_;
  KindPlan plan_;
};

}  // namespace

int KindPlan::unit_named(std::string_view name) const {
  for (std::size_t i = first_rule; i < units.size(); ++i) {
    if (units[i].role == UnitPlan::Role::rule && units[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

int Plans::index_of(std::string_view kind) const {
  const auto found = by_kind.find(kind);
  return found == by_kind.end() ? -1 : static_cast<int>(found->second);
}

Result<Plans> compile_packs(std::shared_ptr<const Packs> packs) {
  Plans plans;
  for (const Pack& pack : packs->all()) {
    for (const RuleSpec& rule : pack.rules) {
      if (packs->kind(rule.kind) == nullptr) {
        return fail(errors::kBadPack, "pack " + pack.name + ": rule " + rule.alert + ": no pack describes kind " + rule.kind);
      }
    }
    for (const KindSpec& kind : pack.kinds) {
      plans.by_kind.emplace(kind.name, static_cast<std::uint16_t>(plans.kinds.size()));
      plans.kinds.push_back(TRY(KindCompiler(*packs, pack, kind).run()));
    }
  }
  plans.packs = std::move(packs);
  return plans;
}

namespace {

bool is_urgent(const UnitPlan& unit) {
  return unit.role == UnitPlan::Role::rule &&
         std::ranges::any_of(unit.levels, [](const LevelPlan& level) { return level.level >= Level::orange; });
}

}  // namespace

UrgentInputs urgent_inputs(const Plans& plans) {
  UrgentInputs out;
  for (const KindPlan& kind : plans.kinds) {
    // Rules stand behind the derived points that they read, and those behind the points that they need.
    for (std::size_t i = kind.units.size(); i-- > 0;) {
      const UnitPlan& unit = kind.units[i];
      const bool feeds_urgent = unit.role == UnitPlan::Role::derived && out.points.contains(kind.kind->points[unit.target].name);
      if (!is_urgent(unit) && !feeds_urgent) continue;
      for (const std::uint8_t point : unit.points) out.points.insert(kind.kind->points[point].name);
      if (unit.record != nullptr) out.records.insert(unit.record->name);
    }
  }
  return out;
}

}  // namespace cityloop
