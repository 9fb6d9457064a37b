// SPDX-License-Identifier: Apache-2.0
#include "sense/testing.h"

namespace cityloop {
namespace {

using ::testing::HasSubstr;

class TakeRecords : public SenseTest {
 protected:
  static std::string passage(const std::string& identity, const std::string& fields, const std::string& asset = "bridge-1") {
    return R"({"asset":")" + asset + R"(","kind":"passage",)" + identity + R"(,"fields":)" + fields + "}";
  }
  const std::string at_noon_ = R"("at":1661148000000)";
};

TEST_F(TakeRecords, FieldsComeOutInTheOrderOfThePack) {
  EXPECT_EQ(counts(take_records(passage(R"("id":"p-1")" "," + at_noon_, R"({"plate":"渝A","seen_at":1661148000000,"axles":6,"over":true})"))), "1 0 0 ");
  ASSERT_EQ(records_.size(), 1u);
  EXPECT_EQ(records_[0].id, "p-1");
  EXPECT_EQ(records_[0].fields, R"({"axles":6,"plate":"渝A","over":true,"seen_at":"2022-08-22T06:00:00Z"})");
  EXPECT_EQ(records_[0].arrival, now_);
}

TEST_F(TakeRecords, RepeatsAreSeen) {
  EXPECT_EQ(counts(take_records(passage(at_noon_, R"({"axles":6})"))), "1 0 0 ");
  EXPECT_EQ(records_.at(0).id, "1661148000000") << "the time is the identity";
  EXPECT_EQ(counts(take_records(passage(at_noon_, R"({"axles":6})"))), "0 1 0 ");
  EXPECT_TRUE(records_.empty());
  EXPECT_EQ(counts(take_records(passage(at_noon_, R"({"axles":5})"))), "0 0 1 ");
  std::string bytes;
  Writer out(bytes);
  sense_.encode(out);
  Reader in(bytes);
  sense_.decode(in);
  ASSERT_TRUE(in.ok());
  EXPECT_EQ(counts(take_records(passage(at_noon_, R"({"axles":5})"))), "0 1 0 ");
}

TEST_F(TakeRecords, EveryRefusalHasItsCode) {
  const std::string all = "[" + passage(at_noon_, R"({"axles":6})", "nobody") + "," + passage(at_noon_, R"({"axles":6})", "tank-1") + "," +
                          passage(at_noon_, R"({"axles":"six"})") + "," + passage(at_noon_, "{}") + "," + passage(at_noon_, R"({"axles":6,"axels":1})") +
                          "," + passage(R"("at":1661149000000)", R"({"axles":6})") + "," + passage(R"("at":5)", R"({"axles":6})") +
                          R"(,{"asset":"bridge-1","kind":"flight","at":1661148000000})" + "," + passage(R"("x":1)", R"({"axles":6})") + "]";
  EXPECT_EQ(counts(take_records(all)),
            "0 0 0 [0 reading.unknown_asset][1 record.unknown_kind][2 json.wrong_type][3 field.missing][4 field.unknown][5 reading.in_future]"
            "[6 reading.too_old][7 record.unknown_kind][8 record.needs_identity]");
  EXPECT_THAT(emitted<QuarantineItem>()[4].detail, HasSubstr("did you mean `axles`"));
  EXPECT_EQ(counts(take_records(passage(at_noon_, "{}"))), "422 field.missing");
}

TEST_F(TakeRecords, AreReingested) {
  put("bridge-2", "bridge", R"("attributes":{"lanes":1},"life":"retired")");
  take_records(passage(at_noon_, R"({"axles":6})", "bridge-2"));
  put("bridge-2", "bridge", R"("attributes":{"lanes":1})");
  records_.clear();
  EXPECT_THAT(act("quarantine.reingest", "q-1", "{}").body, HasSubstr("reingested"));
  EXPECT_EQ(records_.size(), 1u);
}

}  // namespace
}  // namespace cityloop
