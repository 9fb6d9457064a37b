// SPDX-License-Identifier: Apache-2.0
#include "command/routing.h"

#include <algorithm>

namespace cityloop {
namespace {

// GB/T 30428.1 codes: city 2 or 4 digits, district 6, street 9 and longer. Other codings fall into the same lengths.
std::string_view scope_of(const std::string& area) {
  if (area.size() >= 9) return "street";
  return area.size() >= 6 ? "district" : "city";
}

std::string_view scope_zh(std::string_view scope) {
  if (scope == "street") return "街道";
  return scope == "district" ? "区" : "全市";
}

bool answers_for(const Unit& unit, const RouteSpec& spec, const Case& file, const std::string& root) {
  if (!unit.enabled || std::ranges::find(unit.duties, spec.duty) == unit.duties.end()) return false;
  const bool whole_city = unit.area.empty() || unit.area == root;
  if (spec.scope == "city") return whole_city || (scope_of(unit.area) == "city" && file.area.starts_with(unit.area));
  return !whole_city && scope_of(unit.area) == spec.scope && file.area.starts_with(unit.area);
}

std::string area_name(const std::string& code, const Register& tables) {
  const Area* area = tables.area(code);
  return area == nullptr || area->name.empty() ? code : area->name;
}

class Planner {
 public:
  Planner(const Case& file, const Register& tables) : file_(file), tables_(tables) {}

  void add(std::size_t index, const RouteSpec& spec) {
    if (spec.from > file_.level) return;
    if (spec.scope == "owner" || spec.scope == "keeper") return add_asset_unit(index, spec);
    std::vector<const Unit*> units;
    for (const auto& [id, unit] : tables_.units()) {
      if (answers_for(unit, spec, file_, tables_.root_area())) units.push_back(&unit);
    }
    std::ranges::stable_sort(units, [](const Unit* a, const Unit* b) { return a->area.size() > b->area.size(); });
    for (const Unit* unit : units) {
      add_unit(index, *unit, "负责“" + spec.duty + "”,管辖" + std::string(scope_zh(spec.scope)) + " " +
                                 area_name(unit->area.empty() ? tables_.root_area() : unit->area, tables_));
    }
  }

  std::vector<Candidate> take() && {
    std::ranges::stable_sort(found_, [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
    return std::move(found_);
  }

 private:
  void add_asset_unit(std::size_t index, const RouteSpec& spec) {
    const Asset* asset = tables_.asset(file_.asset);
    if (asset == nullptr) return;
    const bool owner = spec.scope == "owner";
    const Unit* unit = tables_.unit(owner ? asset->owner_unit : asset->keeper_unit);
    if (unit != nullptr && unit->enabled)
      add_unit(index, *unit, std::string(owner ? "产权" : "养护") + "单位:" + asset->name);
  }

  void add_unit(std::size_t index, const Unit& unit, std::string because) {
    if (std::ranges::any_of(found_, [&](const Candidate& c) { return c.unit == unit.id; })) return;
    double score = std::max(1.0, 100.0 - 10.0 * static_cast<double>(index) - static_cast<double>(found_.size()) * 0.1);
    because = "第 " + std::to_string(index + 1) + " 条路由:" + unit.name + " " + because;
    if (unit.id == file_.returned_from) {
      score = 0;
      because += "(已退回本案)";
    }
    found_.push_back({unit.id, score, std::move(because)});
  }

  const Case& file_;
  const Register& tables_;
  std::vector<Candidate> found_;
};

}  // namespace

Routing route(const Case& file, const std::vector<RouteSpec>& routes, const Register& tables) {
  Planner planner(file, tables);
  for (std::size_t i = 0; i < routes.size(); ++i) planner.add(i, routes[i]);
  Routing routing{std::move(planner).take(), {}};
  if (routing.candidates.empty()) {
    routing.reason = routes.empty() ? "该类案件没有配置派遣路由,进入派遣池,等待派遣员"
                                    : "没有单位符合派遣路由(" + std::to_string(routes.size()) + " 条),进入派遣池,等待派遣员";
  }
  return routing;
}

}  // namespace cityloop
