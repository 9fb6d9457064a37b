// SPDX-License-Identifier: Apache-2.0
#include "serve/project.h"

#include <gtest/gtest.h>

#include "core/codec.h"
#include "core/json.h"
#include "core/json_write.h"

namespace cityloop {
namespace {

Alarm some_alarm() {
  Alarm alarm;
  alarm.id = "a-0000000000000001";
  alarm.rule = "gas/ch4_high";
  alarm.asset = "tank-1";
  alarm.asset_name = "石井坡 \"1\" 号\n";
  alarm.kind = "tank";
  alarm.area = "500106";
  alarm.place = LngLat{106.4502, 29.5438};
  alarm.state = AlarmState::firing;
  alarm.level = Level::orange;
  alarm.peak = Level::red;
  alarm.raised_at = from_ms(1'661'148'000'000);
  alarm.changed_at = from_ms(1'661'148'000'123);
  alarm.arrival = from_ms(1'661'148'000'050);
  alarm.value = 51.25;
  alarm.point = "ch4";
  alarm.unit = "%LEL";
  alarm.title = "沼气偏高";
  alarm.title_en = "Gas is high";
  alarm.why.rule = alarm.rule;
  alarm.why.expr = "ch4 >= 50";
  alarm.why.attributes = {{"depth_m", 3.2}, {"old", true}, {"maker", std::string("x")}};
  alarm.why.samples = {{"ch4", from_ms(1'661'148'000'000), Decimal{5125, 2}, Quality::at_limit, from_ms(1'661'148'000'050)}};
  alarm.why.steps = {{from_ms(1'661'148'000'000), "firing:orange", "ch4 51.25 >= 50"}};
  alarm.why.level = Level::orange;
  return alarm;
}

Case some_case() {
  Case file;
  file.no = "5001062022082200001";
  file.origin = "alarm:a-0000000000000001";
  file.stage = Stage::pending_handle;
  file.klass = {"GB2013", "component", "0303"};
  file.title = "化粪池";
  file.area = "500106";
  file.alarms = {"a-0000000000000001"};
  file.unit = "500106-sanitation";
  file.candidates = {{"500106-sanitation", 0.75, "keeper"}};
  file.clocks = {{Stage::pending_dispatch, from_ms(1000), from_ms(2000), "15m", "", from_ms(1500), false, 0},
                 {Stage::pending_handle, from_ms(1500), from_ms(9000), "2UH", "", {}, false, 50}};
  file.opened_at = from_ms(1'661'148'001'000);
  file.rev = 7;
  return file;
}

TEST(Docs, alarm_has_the_agreed_form_and_reads_back) {
  const Alarm alarm = some_alarm();
  const auto doc = parse_json(doc_of(alarm));
  ASSERT_TRUE(doc) << doc.error().detail;
  const json::object& in = doc->as_object();
  EXPECT_EQ(text_or(in, "raised_at"), "2022-08-22T06:00:00Z");
  EXPECT_EQ(in.at("location").at("coordinates").at(0).to_number<double>(), 106.4502);
  EXPECT_TRUE(in.at("cleared_at").is_null());
  EXPECT_TRUE(in.at("case").is_null());
  const auto back = alarm_of_doc(doc_of(alarm), why_doc(alarm));
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_EQ(encoded(*back), encoded(alarm));
}

TEST(Docs, case_has_the_running_clock_and_reads_back) {
  const Case file = some_case();
  const auto doc = parse_json(doc_of(file));
  ASSERT_TRUE(doc);
  EXPECT_EQ(doc->at("deadline").at("stage").as_string(), "pending_handle");
  EXPECT_EQ(doc->at("deadline").at("paused").as_bool(), false);
  EXPECT_EQ(doc->at("class").at("code").as_string(), "0303");
  EXPECT_TRUE(doc->at("asset").is_null());
  const auto back = case_of_doc(doc_of(file));
  ASSERT_TRUE(back);
  EXPECT_EQ(encoded(*back), encoded(file));
}

TEST(Docs, asset_and_attachment_read_back) {
  Asset asset;
  asset.id = "tank-1";
  asset.kind = "tank";
  asset.name = "一号";
  asset.place = LngLat{106.5, 29.5};
  asset.attributes = {{"depth_m", 3.25}, {"note", std::string("\x01")}};
  asset.silence = Silence{from_ms(5000), "works", "user:li"};
  asset.slot = 7;
  asset.rev = 3;
  const auto back = asset_of_doc(doc_of(asset));
  ASSERT_TRUE(back);
  EXPECT_EQ(encoded(*back), encoded(asset));
  Attachment photo{"ab", "image/jpeg", 12, "user:li", "500106", from_ms(7), LngLat{1, 2}, from_ms(6), "cd"};
  const auto photo_back = attachment_of_doc(doc_of(photo));
  ASSERT_TRUE(photo_back);
  EXPECT_EQ(encoded(*photo_back), encoded(photo));
}

TEST(Docs, bad_utf8_and_controls_never_break_a_document) {
  Asset asset;
  asset.name = std::string("\xff\xc0\xaf\xed\xa0\x80 \0 ok", 11);
  const auto doc = parse_json(doc_of(asset));
  ASSERT_TRUE(doc) << doc.error().detail;
  EXPECT_NE(text_or(doc->as_object(), "name").find("\xEF\xBF\xBD"), std::string::npos);
}

TEST(JsonWrite, numbers_and_times) {
  JsonWriter out;
  out.begin_object().member("a", 1).member("b", -2.5).member("c", std::numeric_limits<double>::infinity());
  out.member("d", from_ms(1'661'148'000'007)).member("e", Decimal{-4, 3}).list("f", std::vector<std::string>{"x", "y"});
  EXPECT_EQ(out.end_object().take(),
            R"({"a":1,"b":-2.5,"c":null,"d":"2022-08-22T06:00:00.007Z","e":-0.004,"f":["x","y"]})");
  for (const std::int64_t ms : {0LL, 951'782'399'999LL, 1'709'164'800'000LL, 253'402'300'799'999LL}) {
    std::string text;
    json_text::time(text, from_ms(ms));
    EXPECT_EQ(text, format_time(from_ms(ms)));
  }
}

TEST(Project, rows_name_only_columns_of_their_table) {
  std::vector<Event> events;
  const auto add = [&](std::string kind, EventBody body) { events.push_back({events.size() + 1, from_ms(10), std::move(kind), "", std::move(body)}); };
  add("alarm.new", some_alarm());
  add("case.new", some_case());
  add("case.field", TimelineAdded{"5001062022082200001", "500106", {1, from_ms(10), "user:li", "李", "dispatch", Stage::reported, Stage::reported, "", {}, {}}});
  add("report.new", Report{});
  add("order.sent", Order{});
  add("notice.new", Notice{});
  add("asset.put", Asset{});
  add("unit.put", Unit{});
  add("attachment.new", Attachment{});
  add("quarantine.new", QuarantineItem{});
  add("audit", AuditEntry{});
  add("area.put", RowPut{"areas", "5001", "5001", {{"parent", "50"}, {"nonsense", "1"}}, "{}"});
  add("user.put", RowPut{"users", "li", "50", {{"enabled", "1"}}, "{}"});
  add("asset.remove", Removed{"assets", "x"});
  std::vector<RowChange> rows;
  project(events, rows);
  std::size_t event_rows = 0;
  for (const RowChange& row : rows) {
    const TableSpec* table = table_of(row.table);
    ASSERT_NE(table, nullptr);
    event_rows += row.table == "events" ? 1 : 0;
    for (const auto& [name, value] : row.columns) {
      const auto column = std::find_if(table->columns.begin(), table->columns.end(), [&](const ColumnSpec& c) { return c.name == name; });
      ASSERT_NE(column, table->columns.end()) << row.table << "." << name;
      const bool fits = std::holds_alternative<std::monostate>(value) ||
                        (column->type == ColumnSpec::Type::text && std::holds_alternative<std::string>(value)) ||
                        (column->type == ColumnSpec::Type::integer && std::holds_alternative<std::int64_t>(value)) ||
                        (column->type == ColumnSpec::Type::real && std::holds_alternative<double>(value));
      EXPECT_TRUE(fits) << row.table << "." << name;
    }
    EXPECT_TRUE(row.removed || parse_json(row.doc)) << row.table << ": " << row.doc;
  }
  EXPECT_EQ(event_rows, events.size() - 1);  // the audit entry has its own table
}

TEST(LiveDelta, a_case_carries_its_timeline_entry) {
  const TimelineEntry entry{4, from_ms(10), "user:li", "李四", "dispatch", Stage::pending_dispatch, Stage::pending_handle, "go", {}, {}};
  std::vector<Event> events{{7, from_ms(10), "case.stage", "user:li", some_case()},
                            {8, from_ms(10), "case.timeline", "user:li", TimelineAdded{some_case().no, "500106", entry}}};
  const auto deltas = live_deltas(events, from_ms(20));
  ASSERT_EQ(deltas.size(), 1u);
  EXPECT_EQ(deltas[0].topic, "case");
  const auto ev = parse_json(deltas[0].message);
  ASSERT_TRUE(ev);
  EXPECT_EQ(ev->at("seq").to_number<int>(), 7);
  EXPECT_EQ(ev->at("d").at("entry").at("action").as_string(), "dispatch");
  EXPECT_EQ(ev->at("d").at("rev").to_number<int>(), 7);
  EXPECT_EQ(ev->at("ts").at("out").to_number<int>(), 20);
  std::vector<RowChange> rows;
  project(events, rows);
  const auto is_event = [](const RowChange& row) { return row.table == "events"; };
  const auto first = std::find_if(rows.begin(), rows.end(), is_event);
  EXPECT_NE(first->doc.find("\"entry\""), std::string::npos);
}

TEST(LiveDelta, reporter_never_reaches_a_screen) {
  Report report;
  report.id = "r-1";
  report.reporter = "p-secret";
  const auto delta = live_delta({1, from_ms(1), "report.new", "", report}, from_ms(2));
  ASSERT_TRUE(delta);
  EXPECT_EQ(delta->message.find("p-secret"), std::string::npos);
}

TEST(LiveDelta, alarm_tells_source_ingest_and_send_times) {
  const auto delta = live_delta({9, from_ms(3), "alarm.new", "", some_alarm()}, from_ms(1'661'148'000'060));
  ASSERT_TRUE(delta);
  const auto ev = parse_json(delta->message);
  EXPECT_EQ(ev->at("ts").at("src").to_number<std::int64_t>(), 1'661'148'000'000);
  EXPECT_EQ(ev->at("ts").at("in").to_number<std::int64_t>(), 1'661'148'000'050);
  EXPECT_EQ(ev->at("ts").at("out").to_number<std::int64_t>(), 1'661'148'000'060);
  EXPECT_EQ(ev->at("ids").at(0).as_string(), "a-0000000000000001");
}

}  // namespace
}  // namespace cityloop
