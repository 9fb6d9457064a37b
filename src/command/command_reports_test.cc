// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "command/command_fixture.h"
#include "core/limits.h"

namespace cityloop {
namespace {

std::string of(const Answer& answer, std::string_view key) {
  return text_or(parse_json(answer.body)->as_object(), key);
}

const char* const kAtTank =
    R"({"title":"smell","class":"0303","location":{"type":"Point","coordinates":[106.45,29.55]}})";

TEST(Reports, AReportOpensACaseToBeAccepted) {
  TestCity city;
  const Answer answer = city.act("report.submit", "", kAtTank, city.collector);
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(of(answer, "state"), "waiting");
  const Case& file = city.file(of(answer, "case"));
  EXPECT_EQ(file.stage, Stage::reported);
  EXPECT_EQ(file.origin, "report:" + of(answer, "id"));
  EXPECT_EQ(file.area, "500106009");
  EXPECT_EQ(file.pack, "gas");
  EXPECT_EQ(city.bodies<Report>("report.new").at(0).case_no, file.no);
  EXPECT_EQ(city.step(file.no, "register", city.leader_of_shift).status, 200);
  EXPECT_EQ(city.bodies<Report>("report.update").back().state, "filed");
  EXPECT_EQ(city.act("report.submit", "", kAtTank, city.leader).status, 403);
  Actor source{"source:hotline", {}, "", "", ""};
  EXPECT_EQ(city.act("report.submit", "", R"({"text":"only text","area":"500103"})", source).status, 201);
  EXPECT_EQ(city.bodies<Report>().back().title, "only text");
}

TEST(Reports, ASimilarReportJoinsWithinRadiusAndTime) {
  TestCity city;
  const std::string no = of(city.act("report.submit", "", kAtTank, city.collector), "case");
  const auto at = [&](const char* lng, const char* klass = "0303") {
    return city.act("report.submit", "", R"({"title":"again","class":")" + std::string(klass) +
                    R"(","location":{"type":"Point","coordinates":[)" + lng + ",29.55]}}", city.collector);
  };
  const Answer near = at("106.4505");  // 48 m
  EXPECT_EQ(of(near, "state"), "merged");
  EXPECT_EQ(of(near, "case"), no);
  EXPECT_EQ(city.file(no).reports.size(), 2u);
  EXPECT_TRUE(city.has_entry(no, "report.joined"));
  EXPECT_NE(of(at("106.4506"), "case"), no) << "58 m";
  EXPECT_NE(of(at("106.45", "0101"), "case"), no) << "another class";
  city.now += limits::kSimilarCaseWindow + Millis{1};
  EXPECT_NE(of(at("106.45"), "case"), no) << "a day later";
}

TEST(Reports, TheSameAssetJoinsWhateverTheTime) {
  TestCity city;
  city.fire(city.alarm("a-1", "t-1", Level::yellow));
  const std::string no = city.cases()[0]->no;
  city.now += std::chrono::hours(100);
  EXPECT_EQ(
      of(city.act("report.submit", "", R"({"title":"smell","class":"0303","asset":"t-1"})", city.collector), "case"),
      no);
  EXPECT_EQ(city.cases().size(), 1u);
  EXPECT_EQ(city.act("report.submit", "", R"({"title":"smell","asset":"nothing"})", city.collector).code,
            "field.invalid");
}

TEST(Reports, WithoutAPlaceItWaitsUntilSomebodyGivesOne) {
  TestCity city;
  const Answer answer = city.act("report.submit", "", R"({"title":"it smells","class":"0303"})", city.collector);
  EXPECT_EQ(of(answer, "state"), "placeless");
  EXPECT_TRUE(city.cases().empty());
  const std::string id = of(answer, "id");
  EXPECT_EQ(city.act("report.place", id, "{}", city.acceptor).code, "field.missing");
  EXPECT_EQ(city.act("report.place", id, R"({"area":"moon"})", city.acceptor).code, "field.invalid");
  EXPECT_EQ(city.act("report.place", id, R"({"area":"500103"})", city.leader).status, 403);
  const Actor elsewhere = person("else", {Role::acceptor}, "", "500112");
  EXPECT_EQ(city.act("report.place", id, R"({"area":"500112"})", elsewhere).code, "auth.foreign_area") << "it may lie anywhere";
  EXPECT_EQ(city.act("report.place", id, R"({"area":"500103"})", city.acceptor).status, 200);
  ASSERT_EQ(city.cases().size(), 1u);
  EXPECT_EQ(city.cases()[0]->area, "500103");
  EXPECT_EQ(city.bodies<Report>().back().state, "waiting");
  EXPECT_EQ(city.act("report.place", id, R"({"area":"500103"})", city.acceptor).status, 409);
  EXPECT_EQ(city.act("report.place", "r-0", "{}", city.acceptor).status, 404);
}

TEST(Reports, OutsideEveryPolygonTheGivenAreaHoldsElseTheRoot) {
  TestCity city;
  city.act("report.submit", "", R"({"title":"x","location":[120,20],"area":"500103"})", city.collector);
  city.act("report.submit", "", R"({"title":"x","location":[121,20]})", city.collector);
  ASSERT_EQ(city.cases().size(), 2u);
  EXPECT_EQ(city.cases()[0]->area, "500000" == city.cases()[0]->no.substr(0, 6) ? "50" : "500103");
  std::set<std::string> areas;
  for (const Case* file : city.cases()) areas.insert(file->area);
  EXPECT_EQ(areas, (std::set<std::string>{"50", "500103"}));
}

TEST(Reports, TheSameOutsideIdIsTheSameReport) {
  TestCity city;
  const char* body = R"({"title":"x","source":"hotline","external":"H-1","area":"500103","class":"0101"})";
  const Answer first = city.act("report.submit", "", body, city.acceptor);
  const Answer second = city.act("report.submit", "", body, city.acceptor);
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(of(first, "id"), of(second, "id"));
  EXPECT_EQ(of(first, "case"), of(second, "case"));
  EXPECT_EQ(city.cases().size(), 1u);
  const char* other = R"({"title":"x","source":"camera","external":"H-1","area":"500103","class":"0101"})";
  EXPECT_NE(of(city.act("report.submit", "", other, city.acceptor), "id"), of(first, "id"))
      << "another system's number";
  // Long after its case has left memory it is still known, so that it never opens a second one.
  city.step(of(first, "case"), "reject", city.acceptor, R"({"reason":"no"})");
  EXPECT_EQ(city.bodies<Report>().back().state, "rejected");
  city.now += limits::kClosedCaseKept;
  city.tick();
  const std::size_t cases = city.cases().size();
  const Answer late = city.act("report.submit", "", body, city.acceptor);
  EXPECT_EQ(late.status, 200);
  EXPECT_EQ(of(late, "id"), of(first, "id"));
  EXPECT_EQ(city.cases().size(), cases);
}

TEST(Reports, AnImportTakesTheGoodAndNamesTheBad) {
  TestCity city;
  const Answer answer = city.act("reports.import", "", R"({"source":"311","reports":[
    {"title":"a","external":"1","area":"500103","location":[106.58,29.55],"class":"0101"},{"title":"b","external":"1","area":"500103"},
    {"external":"2"},7,{"title":"c","external":"3"},{"title":"d","external":"4","class":"0101","area":"500103","location":[200,0]}]})",
                                 city.admin);
  ASSERT_EQ(answer.status, 200) << answer.detail;
  EXPECT_EQ(answer.body, R"({"merged":0,"placeless":1,"repeated":1,"waiting":1,"errors":[)"
                         R"({"index":2,"code":"field.missing","detail":"`title` is missing"},)"
                         R"({"index":3,"code":"json.wrong_type","detail":"a report must be an object"},)"
                         R"({"index":5,"code":"field.invalid","detail":"`location` must be a GeoJSON Point in WGS84: )"
                         R"({\"type\":\"Point\",\"coordinates\":[longitude, latitude]}"}]})");
  EXPECT_EQ(city.act("reports.import", "", "{}", city.admin).code, "field.missing");
  // The area's column alone is no place; an area that the city does not have is somewhere in the city.
  const Answer more = city.act("reports.import", "", R"({"source":"311","reports":[
    {"title":"e","external":"5","area":"500103"},{"title":"f","external":"6","area":"36061","location":[-73.98,40.75],"class":"0101"}]})", city.admin);
  EXPECT_EQ(more.body, R"({"merged":0,"placeless":1,"repeated":0,"waiting":1,"errors":[]})");
  EXPECT_TRUE(std::ranges::any_of(city.cases(), [](const Case* file) { return file->area == "50" && file->title == "f"; }));
  EXPECT_EQ(city.act("reports.import", "", R"({"reports":[]})", city.collector).status, 403);
}

TEST(Reports, TheReportersKeyStaysInTheReport) {
  TestCity city;
  city.act("receiver.put", "duty", R"({"url":"https://duty.example"})", city.admin);
  const std::string key = "person-7f3a";
  city.act("report.submit", "", R"({"title":"x","class":"0101","area":"500103","reporter":")" + key + R"("})",
           city.collector);
  const std::string no = city.cases()[0]->no;
  city.step(no, "register", city.leader_of_shift);
  int holders = 0;
  for (const Event& event : city.events) {
    if (encoded(event.body).find(key) == std::string::npos) continue;
    ++holders;
    EXPECT_TRUE(std::holds_alternative<Report>(event.body)) << event.kind;
  }
  EXPECT_EQ(holders, 2);
}

TEST(Reports, BadReportsNameTheField) {
  TestCity city;
  const auto code = [&](const std::string& body) { return city.act("report.submit", "", body, city.collector); };
  EXPECT_EQ(code("{}").code, "field.missing");
  EXPECT_EQ(code(R"({"title":"x","colour":1})").code, "field.unknown");
  EXPECT_EQ(code(R"({"title":"x","area":"moon"})").code, "field.invalid");
  EXPECT_EQ(code(R"({"title":"x","urgency":"now"})").code, "field.invalid");
  EXPECT_EQ(code(R"({"title":"x","at":"yesterday"})").code, "time.malformed");
  EXPECT_EQ(code(R"({"title":"x","at":"2030-01-01T00:00:00Z"})").code, "field.invalid");
  EXPECT_EQ(code(R"({"title":"x","attachments":["00"]})").code, "field.invalid");
  EXPECT_EQ(code("[1]").code, "json.wrong_type");
  EXPECT_TRUE(city.events.empty());
}

TEST(ByHand, WhoFilesOpensForDispatch) {
  TestCity city;
  const char* body = R"({"title":"lid","class":"0101","area":"500103"})";
  EXPECT_EQ(of(city.act("case.open", "", body, city.acceptor), "stage"), "reported");
  for (const Actor& actor : {city.leader_of_shift, city.dispatcher, city.admin}) {
    const Answer answer = city.act("case.open", "", body, actor);
    EXPECT_EQ(answer.status, 201);
    EXPECT_EQ(of(answer, "stage"), "pending_dispatch");
    EXPECT_TRUE(city.file(of(answer, "no")).origin.starts_with("desk:"));
  }
  EXPECT_EQ(city.act("case.open", "", body, city.collector).status, 403);
  EXPECT_EQ(city.act("case.open", "", R"({"title":"x","area":"500103"})", city.dispatcher).code, "field.missing");
  EXPECT_EQ(city.act("case.open", "", R"({"title":"x","class":"0101"})", city.dispatcher).code, "field.missing");
  Actor elsewhere = city.dispatcher;
  elsewhere.area = "500106";
  EXPECT_EQ(city.act("case.open", "", body, elsewhere).code, "auth.foreign_area");
  city.act("case.open", "", R"({"title":"gas","class":"0303","asset":"t-1"})", city.dispatcher);
  EXPECT_EQ(city.act("case.open", "", R"({"title":"gas","class":"0303","asset":"t-1"})", city.dispatcher).code,
            "conflict");
}

TEST(Desk, ReceiversAndNoticesAreRunByAdmin) {
  TestCity city;
  EXPECT_EQ(city.act("receiver.put", "r", R"({"url":"https://r.example"})", city.dispatcher).status, 403);
  EXPECT_EQ(city.act("receiver.put", "r", R"({"url":"ftp://r.example"})", city.admin).code, "field.invalid");
  EXPECT_EQ(city.act("receiver.put", "r", "{}", city.admin).code, "field.missing");
  EXPECT_EQ(city.act("receiver.put", "r", R"({"url":"https://r.example","area":"500106"})", city.admin).status, 200);
  EXPECT_EQ(city.bodies<RowPut>().back().table, "receivers");
  city.command.hold(true);
  EXPECT_EQ(city.act("notice.release", "", "{}", city.dispatcher).status, 403);
  EXPECT_EQ(city.act("notice.release", "", "{}", city.admin).status, 200);
  EXPECT_FALSE(city.command.held());
  EXPECT_EQ(city.act("notice.retry", "x:1", "{}", city.admin).status, 404);
  EXPECT_EQ(city.act("receiver.delete", "r", "{}", city.admin).status, 204);
  EXPECT_EQ(city.act("receiver.delete", "r", "{}", city.admin).status, 404);
}

TEST(Desk, AnOverdueClockTellsTheReceivers) {
  TestCity city;
  city.act("receiver.put", "r", R"({"url":"https://r.example"})", city.admin);
  const std::string no = city.at(Stage::pending_dispatch);
  EXPECT_EQ(city.act("case.remind", no, "{}", city.admin).status, 403);
  Actor system{"system", {}, "", "", "system"};
  EXPECT_EQ(city.act("case.remind", no, R"({"comment":"late"})", system).status, 200);
  EXPECT_EQ(city.bodies<Notice>().back().type, "city.case.overdue");
}

TEST(Desk, PicturesAreKnownByTheirDigest) {
  TestCity city;
  EXPECT_EQ(city.act("attachment.add", "", R"({"id":"abc","type":"image/png","bytes":1})", city.crew).code,
            "field.invalid");
  const std::string id = city.picture();
  EXPECT_EQ(
      city.act("attachment.add", "", R"({"id":")" + id + R"(","type":"image/jpeg","bytes":1000})", city.crew).status,
      200);
  EXPECT_EQ(city.bodies<Attachment>().size(), 1u);
  EXPECT_EQ(city.act("attachment.add", "", "{}", person("screen", {Role::wall})).status, 403);
  city.now += limits::kClosedCaseKept + std::chrono::hours(2);
  city.tick();
  EXPECT_EQ(city.act("report.submit", "", R"({"title":"x","attachments":[")" + id + R"("]})", city.collector).code,
            "field.invalid")
      << "nobody used it for a week";
}

}  // namespace
}  // namespace cityloop
