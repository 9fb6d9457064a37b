// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/pack.h"
#include "sense/decode.h"

namespace cityloop {
namespace {

std::string flaws(const Result<std::vector<RecordIn>>& records) {
  if (!records) return std::string(records.error().code->name);
  std::string out;
  for (const RecordIn& record : *records) out += (record.flaw_code.empty() ? "good" : record.flaw_code) + " ";
  return out;
}

TEST(DecodeRecords, OneWithEverything) {
  const auto records = decode_records(
      R"({"asset":"bridge-1","kind":"passage","at":"2022-08-22T14:00:00+08:00","id":"p-7","fields":{"axles":6,"plate":"渝A"},"evidence":["ab"]})", "");
  ASSERT_TRUE(records.has_value());
  const RecordIn& r = records->front();
  EXPECT_TRUE(r.single);
  EXPECT_EQ(r.asset, "bridge-1");
  EXPECT_EQ(r.kind, "passage");
  EXPECT_EQ(r.id, "p-7");
  EXPECT_EQ(to_ms(r.at), 1661148000000);
  EXPECT_EQ(r.fields, R"({"axles":6,"plate":"渝A"})");
  EXPECT_EQ(r.evidence, std::vector<std::string>{"ab"});
}

TEST(DecodeRecords, FormsAndFlaws) {
  EXPECT_EQ(flaws(decode_records(R"([{"asset":"a","kind":"k","at":5},{"asset":"a","kind":"k"},{"kind":"k","at":5},{"asset":"a","at":5},
      {"asset":"a b","kind":"k","at":5},{"asset":"a","kind":"k","at":5,"fields":7},{"asset":"a","kind":"k","at":5,"evidence":[1]},7])", "")),
            "good record.needs_identity field.missing field.missing asset.bad_id json.wrong_type json.wrong_type json.wrong_type ");
  EXPECT_EQ(flaws(decode_records("{\"asset\":\"a\",\"kind\":\"k\",\"id\":\"1\"}\nnope\n{\"asset\":\"a\",\"kind\":\"k\",\"id\":\"2\"}", "")),
            "good json.malformed good ");
  EXPECT_EQ(flaws(decode_records("{\"asset\":\"a\",\n\"kind\":\"k\",\n\"id\":\"1\"}", "")), "good ");
  EXPECT_EQ(flaws(decode_records("[1,]", "")), "json.malformed");
  EXPECT_EQ(flaws(decode_records("", "")), "json.malformed");
  EXPECT_EQ(flaws(decode_records("7", "")), "json.wrong_type");
}

TEST(DecodeRecords, TheTopicNamesTheAsset) {
  const auto records = decode_records_for("bridge-1", R"([{"kind":"passage","at":5},{"asset":"other","kind":"passage","at":5}])");
  EXPECT_EQ(flaws(records), "good field.invalid ");
  EXPECT_EQ(records->front().asset, "bridge-1");
  EXPECT_EQ(flaws(decode_records_for("bridge-1", "{")), "json.malformed ");
  EXPECT_EQ(flaws(decode_records_for("bridge-1", "5")), "json.wrong_type ");
}

TEST(DecodeResults, AnAnswerToACommandBecomesARecord) {
  const auto records =
      decode_results_for("fan-1", R"({"id":"d-1","status":"done","detail":"runs","at":1700000000000})");
  ASSERT_TRUE(records && records->size() == 1);
  const RecordIn& one = records->front();
  EXPECT_EQ(one.flaw_code, "");
  EXPECT_EQ(one.kind, kCommandResult);
  EXPECT_EQ(one.asset, "fan-1");
  EXPECT_EQ(one.id, "d-1/done");
  EXPECT_EQ(one.fields, R"({"command":"d-1","status":"done","detail":"runs"})");
  EXPECT_EQ(to_ms(one.at), 1700000000000);
  EXPECT_EQ(flaws(decode_results_for("fan-1", R"({"status":"done"})")).substr(0, 8), "field.mi");
  EXPECT_NE(flaws(decode_results_for("fan-1", R"({"id":"d-1","status":"done","extra":1})")), "");
  EXPECT_EQ(flaws(decode_results_for("fan-1", "{")), "json.malformed ");
  EXPECT_EQ(decode_results_for("fan-1", R"({"kind":"passage","at":5})")->front().kind, "passage")
      << "a record as it stands";
}

}  // namespace
}  // namespace cityloop
