// SPDX-License-Identifier: Apache-2.0
#include "core/pack.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace cityloop {
namespace {

constexpr std::string_view kSmall = R"JSON({
  "version": "1.2",
  "title": {"zh": "泵", "en": "Pumps"},
  "kinds": [{"name": "pump", "title": {"zh": "泵", "en": "Pump"},
    "points": [{"name": "flow", "title": {"zh": "流量", "en": "Flow"}, "unit": "m3/h", "range": [0, 100], "limits": [null, 90],
                "plausible": [1, 80], "sentinels": [-1], "interval": "5m"},
               {"name": "flow_1h", "title": {"zh": "均值", "en": "Mean"}, "derived": "avg_over_time(flow[1h])", "decimals": 1}],
    "attributes": [{"name": "power_kw", "title": {"zh": "功率", "en": "Power"}, "unit": "kW"},
                   {"name": "maker", "title": {"zh": "厂家", "en": "Maker"}, "type": "text", "required": true}]}],
  "records": [{"name": "start", "title": {"zh": "启动", "en": "Start"}, "kind": "pump",
    "fields": [{"name": "by", "title": {"zh": "人", "en": "By"}, "type": "text"}]}],
  "tables": [{"name": "curve", "points": [[0, 0], [10, 5.5]]}],
  "case": {"class": {"type": "component", "code": "0303"}, "title": {"zh": "泵坏", "en": "Pump"},
    "routes": [{"scope": "owner"}, {"from": "red", "duty": "drainage", "scope": "district"}], "limit": "4WH",
    "agreement": {"expr": "flow > 10", "for": "1m"}},
  "rules": [
    {"alert": "dry", "kind": "pump", "point": "flow",
     "levels": [{"level": "red", "expr": "flow < 1"}, {"level": "blue", "expr": "flow < 10", "for": "5m"}],
     "clear_when": "flow > 12", "keep_firing_for": "1m", "labels": {"urgency": "urgent"}, "inhibited_by": ["off", "other/rule"],
     "annotations": {"summary": {"zh": "{{ value }} {{unit}}", "en": "{{ value }}"}}},
    {"alert": "off", "kind": "pump", "levels": [{"level": "blue", "expr": "absent_for(15m)"}], "opens": "repair",
     "annotations": {"summary": {"zh": "停", "en": "off"}}}],
  "simulate": [{"kind": "pump", "count": 3, "points": [{"point": "flow", "base": 50, "event_rise": "1m"}], "attributes": {"maker": "x"}}],
  "examples": [{"name": "dry", "assets": [{"id": "p1", "kind": "pump", "location": [106, 29]}],
    "inputs": [{"at": "0s", "asset": "p1", "values": {"flow": 0}}, {"at": "1s", "tick": true},
               {"from": "2s", "to": "9s", "every": "1s", "asset": "p1", "values": {"flow": 0}},
               {"at": "10s", "asset": "p1", "record": "start", "fields": {"by": "x"}, "arrival": "11s"}],
    "expect": [{"at": "0s", "asset": "p1", "alert": "dry", "state": "firing", "level": "red"}]}],
  "decode": {"values": "data"},
  "plans": [],
})JSON";

TEST(Pack, ReadsWhatIsWritten) {
  const auto read = parse_pack("pumps", kSmall);
  ASSERT_TRUE(read) << read.error().detail;
  const Pack& pack = *read;
  EXPECT_EQ(pack.name, "pumps");
  EXPECT_EQ(pack.digest.size(), 8u);
  EXPECT_EQ(pack.version, "1.2+" + pack.digest);
  EXPECT_EQ(pack.text, kSmall);
  ASSERT_EQ(pack.kinds.size(), 1u);
  const KindSpec& kind = pack.kinds[0];
  EXPECT_EQ(kind.layer, "pump");
  EXPECT_EQ(kind.point_index("flow_1h"), 1);
  EXPECT_EQ(kind.point_index("flows"), -1);
  EXPECT_EQ(kind.points[0].limit_low, std::nullopt);
  EXPECT_EQ(kind.points[0].limit_high, 90);
  EXPECT_EQ(kind.points[0].plausible_low, 1);
  EXPECT_EQ(kind.points[0].interval, std::chrono::minutes(5));
  EXPECT_EQ(kind.points[1].derived, "avg_over_time(flow[1h])");
  EXPECT_TRUE(kind.attributes[1].required);
  EXPECT_EQ(kind.attributes[0].type, "number");
  ASSERT_EQ(pack.rules.size(), 2u);
  EXPECT_EQ(pack.rules[0].levels[0].level, Level::blue);  // written red first, kept ascending
  EXPECT_EQ(pack.rules[0].levels[1].level, Level::red);
  EXPECT_EQ(pack.rules[0].opens, "case");
  EXPECT_EQ(pack.rules[0].labels.at("urgency"), "urgent");
  EXPECT_EQ(pack.the_case->limit, "4WH");
  EXPECT_EQ(pack.the_case->klass.scheme, "GB2013");
  EXPECT_EQ(pack.the_case->routes[1].from, Level::red);
  EXPECT_FALSE(pack.the_case->auto_dispatch);
  EXPECT_TRUE(pack.the_case->photo_after);
  EXPECT_EQ(pack.the_case->agreement_hold, std::chrono::minutes(1));
  EXPECT_EQ(pack.tables[0].points[1], (std::pair{10.0, 5.5}));
  EXPECT_EQ(std::get<std::string>(pack.simulate[0].attributes.at("maker")), "x");
  EXPECT_EQ(pack.decode, R"({"values":"data"})");
  EXPECT_EQ(pack.plans, "[]");
  EXPECT_EQ(pack.citizen, "");
  EXPECT_EQ(pack.examples[0].name, "dry");
}

struct Fault {
  std::string_view what, with;  // first occurrence of `what` in kSmall is replaced
  std::string_view sentence;    // must be part of the error
};

// Each fault is one slip of a pack's author; the error must lead to the place.
TEST(Pack, ErrorsLeadToThePlace) {
  const Fault faults[] = {
      {R"("version": "1.2")", R"("versoin": "1.2")", "pack pumps: versoin: `versoin` is not known; did you mean `version`?"},
      {R"("title": {"zh": "泵", "en": "Pumps"})", R"("title": {"zh": "泵"})", "title.en: is missing"},
      {R"("name": "pump",)", R"("name": "Pump",)", "kinds[0].name: `Pump` is not a name"},
      {R"({"name": "flow",)", R"({"name": "and",)", "kinds[0].points[0].name: `and` is a word of the expression language"},
      {R"("range": [0, 100])", R"("range": [100, 0])", "kinds[0].points[0].range: low must be below high"},
      {R"("range": [0, 100])", R"("range": [0])", "kinds[0].points[0].range: must be [low, high]"},
      {R"("limits": [null, 90])", R"("limits": [null, 190])", "kinds[0].points[0].limits: must lie within `range`"},
      {R"("plausible": [1, 80])", R"("plausible": [-1, 80])", "kinds[0].points[0].plausible: must lie within `range`"},
      {R"("interval": "5m")", R"("interval": "5 min")", "kinds[0].points[0].interval: `5 min` is not a duration"},
      {R"("interval": "5m")", R"("intervall": "5m")", "did you mean `interval`?"},
      {R"("decimals": 1)", R"("decimals": 1.5)", "kinds[0].points[1].decimals"},
      {R"("name": "flow_1h")", R"("name": "flow")", "kinds[0].points[1].name: `flow` stands twice"},
      {R"("name": "power_kw")", R"("name": "flow")", "kinds[0].attributes[0].name: `flow` stands twice"},
      {R"("type": "text", "required")", R"("type": "string", "required")", "kinds[0].attributes[1].type: `string` is not known; expected one of number, text, flag"},
      {R"("kind": "pump",
    "fields")", R"("kind": "pumpe",
    "fields")", "records[0].kind: `pumpe` is not known; did you mean `pump`?"},
      {"[10, 5.5]", "[0, 5.5]", "tables[0].points[1]: x must ascend"},
      {R"("code": "0303")", R"("code": "septic")", "case.class.code: must be digits"},
      {R"("type": "component")", R"("type": "componnent")", "case.class.type"},
      {R"({"scope": "owner"})", R"({"scope": "onwer"})", "case.routes[0].scope: `onwer` is not known; did you mean `owner`?"},
      {R"("duty": "drainage", )", "", "case.routes[1].duty: is missing"},
      {R"("limit": "4WH")", R"("limit": "4h")", "case.limit: must be a number and UH, UD, WH or WD"},
      {R"("agreement": {"expr": "flow > 10", "for": "1m"})", R"("agreement": "flow > 10")", "case.agreement: must be an object"},
      {R"({"alert": "dry", "kind": "pump")", R"({"alert": "dry", "kind": "pumb")", "rules[0].kind: `pumb` is not known; did you mean `pump`?"},
      {R"("point": "flow",
     "levels")", R"("point": "flov",
     "levels")", "rules[0].point: `flov` is not known; did you mean `flow`?"},
      {R"("level": "red", "expr")", R"("level": "none", "expr")", "rules[0].levels[0].level: `none` is not known"},
      {R"("level": "red", "expr")", R"("level": "blue", "expr")", "rules[0].levels[1].level: `blue` stands twice"},
      {R"("level": "blue", "expr": "flow < 10", "for": "5m")", R"("level": "blue", "for": "5m")", "rules[0].levels[1].expr: is missing"},
      {R"("urgency": "urgent")", R"("urgency": "urgnt")", "rules[0].labels.urgency"},
      {R"("urgency": "urgent")", R"("limit": "2h")", "rules[0].labels.limit: must be a number and UH, UD, WH or WD"},
      {R"(["off", "other/rule"])", R"(["of", "other/rule"])", "rules[0].inhibited_by[0]: `of` is not known; did you mean `off`?"},
      {R"(["off", "other/rule"])", R"(["dry"])", "rules[0].inhibited_by[0]: a rule cannot hold back itself"},
      {"{{unit}}", "{{ units }}", "rules[0].annotations.summary.zh: `units` is not known; did you mean `unit`?"},
      {"{{unit}}", "{{ unit", "`{{` has no `}}`"},
      {R"({"alert": "off")", R"({"alert": "dry")", "rules[1].alert: `dry` stands twice"},
      {R"("opens": "repair")", R"("opens": "order")", "rules[1].opens: `order` is not known"},
      {R"("point": "flow", "base")", R"("point": "flow_1h", "base")", "simulate[0].points[0].point: `flow_1h` is derived"},
      {R"("count": 3)", R"("count": -3)", "simulate[0].count"},
      {R"("attributes": {"maker": "x"})", R"("attributes": {"maker": 1})", "simulate[0].attributes.maker: must be a text"},
      {R"("asset": "p1", "values")", R"("asset": "p2", "values")", "examples[0].inputs[0].asset: `p2` is none of this example's assets"},
      {R"("values": {"flow": 0}})", R"("values": {"flwo": 0}})", "examples[0].inputs[0].values.flwo: `flwo` is not known; did you mean `flow`?"},
      {R"("every": "1s")", R"("every": "0s")", "examples[0].inputs[2].every"},
      {R"("alert": "dry", "state")", R"("alert": "wet", "state")", "examples[0].expect[0].alert: `wet` is not known"},
      {R"("state": "firing")", R"("state": "fireing")", "did you mean `firing`?"},
      {R"("location": [106, 29])", R"("location": [29, 106])", "examples[0].assets[0].location: must be [lng, lat]"},
      {R"("plans": [])", R"("plans": {})", "plans: must be an array"},
      {R"("version": "1.2",)", R"("version": "1.2")", "pack pumps: line 3"},
      {R"("plans": [])", R"("rules": [])", "line 30, column 3: this member stands twice"},
  };
  for (const Fault& fault : faults) {
    std::string text(kSmall);
    const std::size_t at = text.find(fault.what);
    ASSERT_NE(at, std::string::npos) << fault.what;
    text.replace(at, fault.what.size(), fault.with);
    const auto read = parse_pack("pumps", text);
    ASSERT_FALSE(read) << fault.with;
    EXPECT_EQ(read.error().code, &errors::kBadPack);
    EXPECT_NE(read.error().detail.find(fault.sentence), std::string::npos) << read.error().detail << "\n wanted: " << fault.sentence;
  }
}

TEST(Pack, ACaseNeedsACaseSection) {
  std::string text(kSmall);
  const std::size_t from = text.find(R"(  "case")"), to = text.find(R"(  "rules")");
  text.erase(from, to - from);
  const auto read = parse_pack("pumps", text);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().detail.find("rules[0].opens: the pack has no `case`"), std::string::npos) << read.error().detail;
}

TEST(Packs, KindsAreUniqueAcrossPacks) {
  std::string text(kSmall);
  const std::string_view foreign = R"("off", "other/rule")";
  text.replace(text.find(foreign), foreign.size(), R"("off", "one/off")");
  const auto one = parse_pack("one", text);
  ASSERT_TRUE(one) << one.error().detail;
  const auto packs = Packs::create({*one});
  ASSERT_TRUE(packs) << packs.error().detail;
  EXPECT_EQ(packs->kind("pump")->name, "pump");
  EXPECT_EQ(packs->pack_of_kind("pump")->name, "one");
  EXPECT_EQ(packs->record("start")->kind, "pump");
  EXPECT_EQ(packs->rule("one/off")->opens, "repair");
  EXPECT_EQ(packs->rule("one/on"), nullptr);
  EXPECT_EQ(packs->rule("off"), nullptr);
  EXPECT_EQ(packs->kind("tank"), nullptr);
  EXPECT_EQ(packs->pack("two"), nullptr);
  auto two = parse_pack("two", text);
  EXPECT_NE(Packs::create({*one, *two}).error().detail.find("described by pack one already"), std::string::npos);
  EXPECT_FALSE(Packs::create({*one, *one}));
  EXPECT_NE(Packs::create({*two}).error().detail.find("`one/off` is no rule of any pack"), std::string::npos);
}

// The packs that are shipped, all of them.
TEST(Packs, ShippedOnesAreValid) {
  std::vector<Pack> all;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(CITYLOOP_SOURCE_DIR) / "packs")) {
    if (entry.path().extension() != ".jsonc") continue;
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    auto pack = parse_pack(entry.path().stem().string(), text.str());
    ASSERT_TRUE(pack) << pack.error().detail;
    if (!pack->rules.empty()) {  // one that only names kinds raises nothing
      EXPECT_GE(pack->examples.size(), 4u) << pack->name;
      EXPECT_FALSE(pack->simulate.empty()) << pack->name;
    }
    all.push_back(std::move(*pack));
  }
  EXPECT_GE(all.size(), 4u);
  const auto packs = Packs::create(std::move(all));
  ASSERT_TRUE(packs) << packs.error().detail;
}

}  // namespace
}  // namespace cityloop
