// SPDX-License-Identifier: Apache-2.0
// Scores as the API tells them: figures with n and d, grades, ranks, the period before, and the cases behind each figure.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "core/score.h"
#include "serve/api_city_test.h"

namespace cityloop {
namespace {

class ScoresApi : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file(std::string(CITYLOOP_SOURCE_DIR) + "/standards/scores.jsonc");
    put_formulas({std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()});
  }
  void put_formulas(const std::string& text) {
    city.happen("rev.config", RowPut{"formulas", "china", "", {}, json::serialize(json::object{{"name", "china"}, {"source", text}})});
  }
  // One day's row; its number tells two rows of one day apart.
  void row(const std::string& object, const std::string& id, const std::string& day, const std::string& counts, const std::string& parent = "",
           const std::string& area = "50", int number = 1, bool correction = false) {
    city.happen("score.put",
                RowPut{"scores", object + ":" + id + ":" + day + ":" + std::to_string(number), area,
                       {{"object", object}, {"id", id}, {"day", day}, {"parent", parent}},
                       R"({"id":")" + id + R"(","correction":)" + (correction ? "true" : "false") + R"(,"counts":{)" + counts + "}}"});
  }
  void fact(const std::string& no, const std::string& kind, const std::string& day, const std::string& area, const std::string& counts,
            const std::string& unit = "", const std::string& post = "") {
    city.happen("score.fact", RowPut{"score_facts", no + ":" + kind + ":0:" + day, area,
                                     {{"kind", kind}, {"day", day}, {"unit", unit}, {"post", post}, {"class", ""}, {"counts", " " + counts + " "}, {"correction", "0"}},
                                     R"({"case":")" + no + R"(","area":")" + area + R"(","unit":")" + unit + R"("})"});
  }
  json::object ask(const std::string& query, int status = 200) {
    const HttpResponse answer = city.get("/api/v1/scores" + query, boss);
    EXPECT_EQ(answer.status, status) << query << ": " << answer.body;
    return parse_json(answer.body)->as_object();
  }
  static const json::object& item(const json::object& table, std::string_view id) {
    for (const json::value& one : table.at("items").as_array())
      if (one.at("id").as_string() == id) return one.as_object();
    ADD_FAILURE() << "no " << id;
    static const json::object kNone;
    return kNone;
  }

  ApiCity city;
  std::string boss = city.token(Role::evaluator);
};

TEST_F(ScoresApi, AddsUpDaysAndShowsNAndD) {
  row("area", "500106", "2022-08-01", R"("due":4,"on_time":3,"disposed":4)", "50", "500106");
  row("area", "500106", "2022-08-31", R"("due":4,"on_time":4,"disposed":4)", "50", "500106");
  row("area", "500106", "2022-08-31", R"("due":2,"on_time":1,"disposed":2)", "50", "500106", 7);  // began anew
  row("area", "500106", "2022-09-01", R"("due":9)", "50", "500106");
  row("area", "500103", "2022-08-02", R"("due":10,"on_time":10,"disposed":10)", "50", "500103");
  row("area", "50", "2022-08-02", R"("due":20,"on_time":18,"disposed":20)");
  row("area", "500106009", "2022-08-02", R"("due":1)", "500106", "500106009");
  const json::object table = ask("?object=area&period=2022-08");
  EXPECT_EQ(table.at("items").as_array().size(), 3u) << "the city and its districts";
  EXPECT_TRUE(table.at("items").at(0).at("total").as_bool());
  const json::object& rate = item(table, "500106").at("rates").at("on_time_rate").as_object();
  EXPECT_EQ(rate.at("n").as_int64(), 8);
  EXPECT_EQ(rate.at("d").as_int64(), 10);
  EXPECT_EQ(rate.at("value").to_number<double>(), 0.8);
  EXPECT_EQ(rate.at("grade").as_string(), "B");
  EXPECT_TRUE(item(table, "500106").at("rates").at("satisfaction_rate").at("value").is_null()) << "nobody was asked: neither 0 nor 100";
  EXPECT_EQ(item(table, "500103").at("score").at("rank").as_int64(), 1);
  EXPECT_EQ(item(table, "500106").at("score").at("rank").as_int64(), 2);
  EXPECT_TRUE(item(table, "50").at("score").at("rank").is_null()) << "the whole is no competitor";
  EXPECT_EQ(item(ask("?object=area&period=2022-09"), "500106").at("rates").at("on_time_rate").at("before").to_number<double>(), 0.8);
  EXPECT_EQ(item(ask("?object=area&period=2022-Q3"), "500106").at("counts").at("due").as_int64(), 19);
  EXPECT_EQ(item(ask("?object=area&period=2022-W31"), "500106").at("counts").at("due").as_int64(), 4) << "1 to 7 August";
  EXPECT_EQ(ask("?object=area&area=500106&period=2022-08").at("items").as_array().size(), 2u);
}

TEST_F(ScoresApi, AFormulaThatChangesChangesTheScore) {
  row("unit", "u-1", "2022-08-01", R"("due":10,"disposed":10,"on_time":5)");
  const double before = item(ask("?object=unit&period=2022-08"), "u-1").at("score").at("value").to_number<double>();
  EXPECT_EQ(before, 90);
  put_formulas(R"({"version":"2","grades":{"A":90,"B":80,"C":70,"D":60},"indicators":[{"id":"late","title":{"zh":"x","en":"x"},
    "definition":{"zh":"x","en":"x"},"numerator":"on_time","denominator":"due","objects":["unit"],"weight":1}]})");
  const json::object table = ask("?object=unit&period=2022-08");
  EXPECT_EQ(item(table, "u-1").at("score").at("value").to_number<double>(), 50);
  EXPECT_EQ(table.at("formulas_version").as_string(), "2");
}

TEST_F(ScoresApi, TheSnapshotFollowsTheFiguresAndNothingElse) {
  row("unit", "u-1", "2022-08-01", R"("due":10,"disposed":10)");
  const auto snapshot = [&] { return std::string(ask("?object=unit&period=2022-08").at("snapshot").as_string()); };
  const std::string first = snapshot();
  EXPECT_TRUE(first.starts_with("2022-08-")) << first;
  row("unit", "u-1", "2022-09-01", R"("due":10)");
  row("unit", "u-1", "2022-08-01", R"("due":-1)", "", "50", 9, true);
  EXPECT_EQ(snapshot(), first) << "another month, and a correction beside";
  EXPECT_EQ(item(ask("?object=unit&period=2022-08"), "u-1").at("corrections").at("due").as_int64(), -1);
  row("unit", "u-1", "2022-08-02", R"("due":1)");
  EXPECT_NE(snapshot(), first);
}

TEST_F(ScoresApi, ALockedMonthKeepsItsFormulas) {
  row("unit", "u-1", "2022-08-01", R"("due":10,"disposed":10,"on_time":5)");
  EXPECT_TRUE(ask("?object=unit&period=2022-08").at("locked").is_null());
  const std::string snapshot(ask("?object=unit&period=2022-08").at("snapshot").as_string());
  const std::string source(doc_of_body(city.get("/api/v1/scores/formulas/china", boss)).at("source").as_string());
  city.happen("score.lock", RowPut{"score_locks", "2022-08", "50", {}, json::serialize(json::object{{"period", "2022-08"}, {"locked_by", "user:x"},
      {"locked_at", "2022-09-01T00:00:00Z"}, {"formulas", "china"}, {"source", source}})});
  put_formulas(R"({"version":"2","grades":{"A":90,"B":80,"C":70,"D":60},"indicators":[{"id":"late","title":{"zh":"x","en":"x"},
    "definition":{"zh":"x","en":"x"},"numerator":"on_time","denominator":"due","objects":["unit"],"weight":1}]})");
  const json::object locked = ask("?object=unit&period=2022-08");
  EXPECT_EQ(locked.at("locked").at("by").as_string(), "user:x");
  EXPECT_EQ(locked.at("snapshot").as_string(), snapshot);
  EXPECT_EQ(item(locked, "u-1").at("score").at("value").to_number<double>(), 90);
  EXPECT_EQ(ask("?object=unit&period=2022-Q3").at("formulas_version").as_string(), "2");
}

TEST_F(ScoresApi, AFigureOpensToItsCases) {
  city.file("5001062022082200001", "500106");
  fact("5001062022082200001", "disposal", "2022-08-01", "500106009", "due on_time", "u-1");
  fact("5001062022082200002", "disposal", "2022-08-31", "500106", "due overdue outstanding", "u-2");
  fact("5001062022082200003", "disposal", "2022-09-01", "500106", "due", "u-1");
  fact("5001032022082200004", "disposal", "2022-08-05", "500103", "due on_time", "u-1");
  fact("5001062022082200001", "step", "2022-08-05", "500106009", "step_due", "", "acceptor");
  const auto numbers = [&](const std::string& query) {
    std::string out;
    const json::object answer = ask("/cases" + query + "&count=true");
    for (const json::value& one : answer.at("items").as_array()) out += std::string(one.at("case").as_string()).substr(18);
    EXPECT_EQ(answer.at("total").to_number<std::size_t>(), out.size());
    return out;
  };
  EXPECT_EQ(numbers("?object=area&id=500106&count_of=due&period=2022-08"), "12");
  EXPECT_EQ(numbers("?object=area&id=50&count_of=due&period=2022-08"), "142");
  EXPECT_EQ(numbers("?object=area&id=500106&count_of=on_time&period=2022-08"), "1") << "not those that hold the word in another";
  EXPECT_EQ(numbers("?object=area&id=500106&count_of=due&period=2022-Q3"), "123");
  EXPECT_EQ(numbers("?object=unit&id=u-1&count_of=due&period=2022-08"), "14");
  EXPECT_EQ(numbers("?object=post&id=500106/acceptor&count_of=step_due&period=2022-08"), "1");
  EXPECT_EQ(ask("/cases?object=area&id=500106&count_of=due&period=2022-08").at("items").at(0).at("title").as_string(), "化粪池");
}

TEST_F(ScoresApi, WhatCannotBeAskedSaysWhy) {
  for (const char* bad : {"?object=street", "?period=2022-13", "?period=last", "/cases?object=area&id=50", "/cases?object=area&id=50&count_of=dew",
                          "/cases?object=area&count_of=due", "/cases?object=area&id=50&count_of=step_due", "/cases?object=class&id=50/x&count_of=due",
                          "/cases?object=post&id=dispatcher&count_of=dispatched"})
    EXPECT_EQ(city.get(std::string("/api/v1/scores") + bad, boss).status, 400) << bad;
  const std::string district = city.token(Role::leader, "500106");
  EXPECT_EQ(city.get("/api/v1/scores?area=500103", district).status, 403);
  EXPECT_EQ(city.get("/api/v1/scores?area=50", district).status, 403);
  EXPECT_EQ(city.get("/api/v1/scores/cases?object=area&id=500103&count_of=due", district).status, 403);
  EXPECT_EQ(city.get("/api/v1/scores/cases?object=post&id=50/dispatcher&count_of=returned", district).status, 403);
  EXPECT_EQ(city.get("/api/v1/scores", city.token(Role::handler)).status, 403);
}

}  // namespace
}  // namespace cityloop
