// SPDX-License-Identifier: Apache-2.0
#include "sense/testing.h"

namespace cityloop {
namespace {

using ::testing::HasSubstr;

std::string square(double west, double south, double size) {
  const auto p = [](double x, double y) { return "[" + std::to_string(x) + "," + std::to_string(y) + "]"; };
  return "[[" + p(west, south) + "," + p(west + size, south) + "," + p(west + size, south + size) + "," + p(west, south + size) + "," + p(west, south) + "]]";
}
std::string feature(const std::string& code, const std::string& name, const std::string& ring, const std::string& more = "") {
  return R"({"type":"Feature","properties":{"code":")" + code + R"(","name":")" + name + '"' + more + R"(},"geometry":)" +
         (ring.empty() ? "null" : R"({"type":"Polygon","coordinates":)" + ring + "}") + "}";
}

class RegisterVerbs : public SenseTest {
 protected:
  void import_areas() {
    const Answer answer = act("areas.import", "", R"({"root":"50","features":[)" + feature("500103", "渝中区", square(106, 29, 1)) + "," +
                                                      feature("500106", "沙坪坝区", square(107, 29, 1)) + "," +
                                                      feature("500106006", "石井坡", "", R"(,"parent":"500106")") + "]}");
    ASSERT_EQ(answer.body, R"({"created":3,"updated":0,"unchanged":0,"failed":0,"errors":[]})") << answer.detail;
    events_.clear();
  }
  std::string code(const Answer& answer) { return answer.status < 400 ? "ok" : answer.code; }
  static std::string at(double lng, double lat) {
    return R"("location":{"type":"Point","coordinates":[)" + std::to_string(lng) + "," + std::to_string(lat) + "]}";
  }
};

TEST_F(RegisterVerbs, PutFindsTheAreaAndIsIdempotent) {
  import_areas();
  Answer answer = act("asset.put", "t-1", R"({"kind":"tank","name":"一号","attributes":{"depth_m":3.2,"lined":true,"maker":"x"},)" + at(107.5, 29.5) + "}");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.rev, 1u);
  EXPECT_THAT(answer.body, HasSubstr("\"area\":\"500106\""));
  const auto assets = emitted<Asset>();
  ASSERT_EQ(assets.size(), 1u);
  EXPECT_EQ(assets[0].slot, sense_.tables().asset("t-1")->slot);
  events_.clear();
  answer = act("asset.put", "t-1", R"({"id":"t-1","kind":"tank","name":"一号","attributes":{"maker":"x","depth_m":3.2,"lined":true},)" + at(107.5, 29.5) + "}");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.rev, 1u);
  EXPECT_TRUE(events_.empty());
  answer = act("asset.put", "t-1", R"({"kind":"tank","name":"二号",)" + at(106.5, 29.5) + "}", 1);
  EXPECT_EQ(answer.rev, 2u);
  EXPECT_EQ(sense_.tables().asset("t-1")->area, "500103");
  EXPECT_EQ(code(act("asset.put", "t-1", R"({"kind":"tank"})", 1)), "precondition.stale");
  EXPECT_EQ(code(act("asset.put", "new", R"({"kind":"tank"})", 1)), "precondition.stale");
}

TEST_F(RegisterVerbs, AGivenAreaHelpsOnlyWherePolygonsDoNot) {
  import_areas();
  const auto area_after = [&](const std::string& more) {
    const Answer answer = act("asset.put", "t-1", R"({"kind":"tank",)" + more + "}");
    return answer.status < 400 ? sense_.tables().asset("t-1")->area : answer.code;
  };
  EXPECT_EQ(area_after(at(107.5, 29.5) + R"(,"area":"500103")"), "500106") << "the polygon decides";
  EXPECT_EQ(area_after(at(107.5, 29.5) + R"(,"area":"500106006")"), "500106006") << "a street inside says it finer";
  EXPECT_EQ(area_after(at(10, 10) + R"(,"area":"500103")"), "500103");
  EXPECT_EQ(area_after(at(10, 10)), "50");
  EXPECT_EQ(area_after(R"("area":"999999")"), "field.invalid");
}

TEST_F(RegisterVerbs, PlacesInOtherCoordinateSystems) {
  act("asset.put", "g", R"({"kind":"tank","location":{"type":"Point","coordinates":[106.503846,29.497264],"crs":"gcj02"}})");
  act("asset.put", "b", R"({"kind":"tank","crs":"bd09","location":{"type":"Point","coordinates":[106.510415,29.502946]}})");
  for (const char* id : {"g", "b"}) {
    const LngLat place = *sense_.tables().asset(id)->place;
    EXPECT_LT(distance_m(place, {106.5, 29.5}), 2) << id;
  }
  EXPECT_EQ(code(act("asset.put", "x", R"({"kind":"tank","crs":"mars","location":{"type":"Point","coordinates":[1,2]}})")), "field.invalid");
}

TEST_F(RegisterVerbs, BadAssetsAreRefusedClearly) {
  const auto put_code = [&](const std::string& id, const std::string& body) { return code(act("asset.put", id, body)); };
  EXPECT_EQ(put_code("a b", R"({"kind":"tank"})"), "asset.bad_id");
  EXPECT_EQ(put_code("", R"({"kind":"tank"})"), "asset.bad_id");
  EXPECT_EQ(put_code("a", R"({"kind":"rocket"})"), "asset.unknown_kind");
  EXPECT_EQ(put_code("a", R"({})"), "field.missing");
  EXPECT_EQ(put_code("a", R"([])"), "json.malformed");
  EXPECT_EQ(put_code("a", R"({"id":"b","kind":"tank"})"), "field.invalid");
  EXPECT_EQ(put_code("a", R"({"kind":"bridge"})"), "field.missing") << "a required attribute";
  EXPECT_EQ(put_code("a", R"({"kind":"tank","attributes":{"depth_m":"deep"}})"), "json.wrong_type");
  EXPECT_EQ(put_code("a", R"({"kind":"tank","life":"dead"})"), "field.invalid");
  EXPECT_EQ(put_code("a", R"({"kind":"tank","component_code":"123"})"), "field.invalid");
  EXPECT_EQ(put_code("a", R"({"kind":"tank",)" + at(200, 0) + "}"), "field.invalid");
  EXPECT_EQ(put_code("a", R"({"kind":"tank","location":{"type":"LineString","coordinates":[]}})"), "field.invalid");
  const Answer typo = act("asset.put", "a", R"({"kind":"tank","attributes":{"depth":1}})");
  EXPECT_EQ(typo.code, "field.unknown");
  EXPECT_EQ(put_code("a", R"({"kind":"tank","nmae":"x"})"), "field.unknown");
  EXPECT_TRUE(events_.empty());
}

TEST_F(RegisterVerbs, AnotherKindIsAnotherSlot) {
  take(one(0, "5"));
  const std::uint32_t slot = sense_.tables().asset("tank-1")->slot;
  act("asset.put", "tank-1", R"({"kind":"bridge","attributes":{"lanes":2}})");
  EXPECT_NE(sense_.tables().asset("tank-1")->slot, slot);
  EXPECT_EQ(counts(take(one(0, "5"))), "422 reading.unknown_point");
  EXPECT_EQ(counts(take(one(0, "5", "tank-1", "strain"))), "1 0 0 ");
  EXPECT_EQ(act("asset.delete", "tank-1", "{}").status, 200);
  EXPECT_EQ(counts(take(one(1, "5", "tank-1", "strain"))), "422 reading.unknown_asset");
  act("asset.put", "tank-1", R"({"kind":"tank"})");
  EXPECT_EQ(counts(take(one(0, "5"))), "1 0 0 ") << "a new asset has no past";
}

TEST_F(RegisterVerbs, RolesAndAreas) {
  import_areas();
  act("asset.put", "t-1", R"({"kind":"tank",)" + at(107.5, 29.5) + "}");
  actor_ = Actor{"user:viewer", {Role::leader}, "", "", ""};
  for (const char* verb : {"asset.put", "asset.delete", "asset.silence", "assets.import", "areas.import", "unit.put", "unit.delete", "source.put",
                           "source.delete", "quarantine.reingest", "quarantine.drop"}) {
    EXPECT_EQ(code(act(verb, "t-1", "{}")), "auth.forbidden") << verb;
  }
  actor_ = Actor{"token:d", {Role::integrator}, "500103", "", ""};
  EXPECT_EQ(code(act("asset.put", "t-1", R"({"kind":"tank","name":"n",)" + at(106.5, 29.5) + "}")), "auth.foreign_area") << "it lies elsewhere now";
  EXPECT_EQ(code(act("asset.put", "t-2", R"({"kind":"tank",)" + at(107.5, 29.5) + "}")), "auth.foreign_area");
  EXPECT_EQ(code(act("asset.put", "t-3", R"({"kind":"tank",)" + at(106.5, 29.5) + "}")), "ok");
  EXPECT_EQ(code(act("asset.delete", "t-1", "{}")), "auth.foreign_area");
  EXPECT_EQ(code(act("areas.import", "", R"({"features":[]})")), "auth.foreign_area");
  EXPECT_EQ(code(act("unit.put", "u", R"({"name":"n","area":"500106"})")), "auth.foreign_area");
}

TEST_F(RegisterVerbs, SilenceEndsByItself) {
  EXPECT_EQ(code(act("asset.silence", "tank-1", R"({"reason":"x"})")), "field.missing");
  EXPECT_EQ(code(act("asset.silence", "tank-1", R"({"until":"2022-08-22T05:00:00Z","reason":"x"})")), "field.invalid");
  EXPECT_EQ(code(act("asset.silence", "tank-1", R"({"until":"2022-08-22T07:00:00Z"})")), "field.missing");
  EXPECT_EQ(code(act("asset.silence", "nobody", R"({"until":"2022-08-22T07:00:00Z","reason":"x"})")), "not_found");
  EXPECT_EQ(code(act("asset.silence", "tank-1", R"({"until":"2022-08-22T07:00:00Z","reason":"检修"})")), "ok");
  EXPECT_EQ(emitted<Asset>().back().silence->reason, "检修");
  act("asset.put", "tank-1", R"({"kind":"tank","name":"other"})");
  EXPECT_TRUE(sense_.tables().asset("tank-1")->silence.has_value()) << "a put leaves it";
  act("asset.silence", "tank-1", R"({"until":"2022-08-22T08:00:00Z","reason":"longer"})");
  now_ = from_ms(kNoon + 3'600'000 + 1000);
  Context c = city();
  sense_.tick(c);
  EXPECT_TRUE(sense_.tables().asset("tank-1")->silence.has_value());
  now_ = from_ms(kNoon + 7'200'000);
  Context later = city();
  sense_.tick(later);
  EXPECT_FALSE(sense_.tables().asset("tank-1")->silence.has_value());
  EXPECT_EQ(events_.back().kind, "asset.unsilence");
  act("asset.silence", "tank-2", R"({"until":"2022-08-22T18:00:00Z","reason":"x"})");
  EXPECT_EQ(code(act("asset.unsilence", "tank-2", "{}")), "ok");
  EXPECT_FALSE(sense_.tables().asset("tank-2")->silence.has_value());
}

TEST_F(RegisterVerbs, ImportOfFeaturesSparesTheGoodOnes) {
  import_areas();
  const auto f = [](const std::string& id, const std::string& kind, double lng) {
    return R"({"type":"Feature","id":")" + id + R"(","geometry":{"type":"Point","coordinates":[)" + std::to_string(lng) +
           R"(,29.5]},"properties":{"kind":")" + kind + R"(","name":"n","attributes":{}}})";
  };
  const std::string body = R"({"type":"FeatureCollection","features":[)" + f("i-1", "tank", 106.5) + "," + f("i-2", "rocket", 106.5) + "," +
                           f("i 3", "tank", 106.5) + "," + f("i-4", "tank", 107.5) + ",7]}";
  const Answer answer = act("assets.import", "", body);
  EXPECT_THAT(answer.body, HasSubstr(R"("created":2,"updated":0,"unchanged":0,"failed":3)"));
  EXPECT_THAT(answer.body, HasSubstr(R"({"index":1,"id":"i-2","code":"asset.unknown_kind")"));
  EXPECT_EQ(emitted<Asset>().size(), 2u);
  EXPECT_THAT(act("assets.import", "", body).body, HasSubstr(R"("unchanged":2)"));
  EXPECT_EQ(emitted<Asset>().size(), 2u);
  EXPECT_EQ(code(act("assets.import", "", "{}")), "field.invalid");
  EXPECT_EQ(code(act("assets.import", "", R"({"type":"FeatureCollection"})")), "field.missing");
}

TEST_F(RegisterVerbs, ImportOfCsv) {
  import_areas();
  const std::string csv = "\\uFEFFid,kind,name,lng,lat,area,component_code,depth_m,lined\\r\\nc-1,tank,\\\"a, b\\\",106.5,29.5,,,3.5,true\\r\\n"
                          "c-2,tank,n,106.5\\r\\nc-3,tank,n,x,29.5,,,,\\r\\nc-4,bridge,n,,,500106,,2,\\r\\nc-5,tank,,,,500106,,,\\r\\n";
  const Answer answer = act("assets.import", "", R"({"format":"csv","text":")" + csv + "\"}");
  EXPECT_THAT(answer.body, HasSubstr(R"("created":2,"updated":0,"unchanged":0,"failed":3)")) << answer.detail;
  EXPECT_THAT(answer.body, HasSubstr("line 3: the row has 4 cells"));
  EXPECT_EQ(sense_.tables().asset("c-1")->name, "a, b");
  EXPECT_EQ(std::get<double>(sense_.tables().asset("c-1")->attributes.at("depth_m")), 3.5);
  EXPECT_EQ(sense_.tables().asset("c-5")->area, "500106");
  EXPECT_EQ(code(act("assets.import", "", R"({"format":"csv","text":"a,b\n1,2"})")), "field.missing");
}

TEST_F(RegisterVerbs, AreasNeedTheirParentsCode) {
  import_areas();
  const Answer answer = act("areas.import", "", R"({"features":[)" + feature("500107", "x", square(106, 29, 1), R"(,"parent":"500106")") + "," +
                                                    feature("500106007", "y", "") + "," + feature("50 1", "z", "") + "," +
                                                    feature("500103001", "w", "", R"(,"parent":"500199")") + "," + feature("500103", "渝中区", square(106, 29, 1)) + "]}");
  EXPECT_THAT(answer.body, HasSubstr(R"("created":1,"updated":0,"unchanged":1,"failed":3)")) << answer.body;
  EXPECT_EQ(sense_.tables().area("500106007")->parent, "500106");
  EXPECT_EQ(code(act("areas.import", "", R"({"root":"11","features":[]})")), "conflict");
  const auto rows = emitted<RowPut>();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].table, "areas");
  EXPECT_EQ(rows[0].columns.at("parent"), "500106");
}

TEST_F(RegisterVerbs, AssetsMoveIntoAreasThatComeLater) {
  act("asset.put", "t-1", R"({"kind":"tank",)" + at(107.5, 29.5) + "}");
  EXPECT_EQ(sense_.tables().asset("t-1")->area, "50");
  import_areas();
  EXPECT_EQ(sense_.tables().asset("t-1")->area, "500106");
  EXPECT_EQ(counts(take(one(0, "5", "t-1"))), "1 0 0 ");
}

TEST_F(RegisterVerbs, Units) {
  import_areas();
  EXPECT_EQ(act("unit.put", "u-1", R"({"name":"环卫所","area":"500106","duties":["sanitation","0303"],"phone":"1"})").status, 201);
  EXPECT_EQ(emitted<Unit>().size(), 1u);
  EXPECT_EQ(act("unit.put", "u-1", R"({"name":"环卫所","area":"500106","duties":["sanitation","0303"],"phone":"1"})").status, 200);
  EXPECT_EQ(emitted<Unit>().size(), 1u);
  EXPECT_EQ(code(act("unit.put", "u-1", R"({"name":"x","area":"777"})")), "field.invalid");
  EXPECT_EQ(code(act("unit.put", "u-1", R"({"name":"x","duty":[]})")), "field.unknown");
  EXPECT_EQ(code(act("unit.delete", "u-1", "{}")), "ok");
  EXPECT_EQ(emitted<Removed>().back().table, "units");
  EXPECT_EQ(code(act("unit.delete", "u-1", "{}")), "not_found");
}

TEST_F(RegisterVerbs, QuarantineIsTakenUpAgain) {
  take(one(0, "7", "tank-7"));
  take(R"({"asset":"tank-1","values":{"gas":-3,"level":1}})");
  const Time arrival = now_;
  now_ += std::chrono::hours(24 * 30);
  Answer answer = act("quarantine.reingest", "", R"({"ids":["q-1","q-2","q-99"]})");
  EXPECT_THAT(answer.body, HasSubstr(R"({"id":"q-1","state":"waiting","code":"reading.unknown_asset")"));
  EXPECT_THAT(answer.body, HasSubstr(R"({"id":"q-2","state":"waiting","code":"reading.out_of_range")"));
  EXPECT_THAT(answer.body, HasSubstr(R"({"id":"q-99","state":"unknown")"));
  put("tank-7", "tank");
  seen_.clear();
  answer = act("quarantine.reingest", "q-1", "{}");
  EXPECT_THAT(answer.body, HasSubstr(R"({"id":"q-1","state":"reingested"})")) << "a month later still: its arrival counts";
  ASSERT_EQ(seen_.size(), 1u);
  EXPECT_EQ(seen_[0].arrival, arrival);
  EXPECT_EQ(sense_.quarantine().size(), 1u);
  act("quarantine.drop", "", R"({"ids":["q-2"]})");
  EXPECT_EQ(emitted<QuarantineItem>().back().state, "dropped");
  EXPECT_EQ(sense_.quarantine().size(), 0u);
  EXPECT_EQ(code(act("quarantine.drop", "", "{}")), "field.missing");
}

}  // namespace
}  // namespace cityloop
