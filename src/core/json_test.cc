// SPDX-License-Identifier: Apache-2.0
#include "core/json.h"

#include <gtest/gtest.h>

#include <set>

#include "core/limits.h"

namespace cityloop {
namespace {

TEST(Json, StrictIsStrict) {
  EXPECT_EQ(parse_json(R"({"a":1,"a":2})").value().at("a").as_int64(), 2);
  for (const char* text : {"", "{", "[1,]", "// c\n1", "{\"a\":1} x", "\"\xff\"", "{'a':1}", "NaN"}) {
    const auto bad = parse_json(text);
    ASSERT_FALSE(bad) << text;
    EXPECT_EQ(bad.error().code, &errors::kBadJson) << text;
  }
}

TEST(Json, DepthIsBounded) {
  const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_TRUE(parse_json(nested(limits::kJsonDepth)));
  const auto bad = parse_json(nested(limits::kJsonDepth + 1));
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, &errors::kTooDeep);
  EXPECT_EQ(parse_json(std::string(1'000'000, '[')).error().code, &errors::kTooDeep);
}

TEST(Json, CommentsAndTrailingCommas) {
  const auto value = parse_jsonc("\xEF\xBB\xBF// head\n{\"a\": [1, 2,], /* \"a\": */ \"b\": \"//no\",}\n// tail");
  ASSERT_TRUE(value) << value.error().detail;
  EXPECT_EQ(value->at("a").as_array().size(), 2u);
  EXPECT_EQ(value->at("b").as_string(), "//no");
}

TEST(Json, ErrorsNameLineAndColumn) {
  EXPECT_EQ(parse_jsonc("{/***/\"a\":1/** banner **/,\"b\":\"/*\"}//")->as_object().size(), 2u);
  EXPECT_FALSE(parse_jsonc("0/* never ends *").has_value());
  const auto bad = parse_jsonc("{\n  // fine\n  \"a\": 01\n}");
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().detail.find("line 3, column 9"), std::string::npos) << bad.error().detail;
  const auto cut = parse_jsonc("{\n\"a\": 1");
  ASSERT_FALSE(cut);
  EXPECT_NE(cut.error().detail.find("line 2"), std::string::npos) << cut.error().detail;
}

TEST(Json, AMemberWrittenTwiceIsAnErrorInOurFiles) {
  const auto bad = parse_jsonc("{\n\"a\": {\"b\": \"\\\"b\", \"c\": [{\"b\": 1}]},\n\"a\" /* x */ : 2}");
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().detail.find("line 3, column 1"), std::string::npos) << bad.error().detail;
  EXPECT_TRUE(parse_jsonc("[{\"a\":1},{\"a\":\"a\"}]"));
}

TEST(Json, ReadersSayWhatIsWrong) {
  const json::value value = parse_json(R"({"s":"x","n":1.5,"i":7,"b":true,"z":null,"t":"2022-08-22T06:00:00Z","e":1661148000000})").value();
  const json::object& o = value.as_object();
  EXPECT_EQ(need_string(o, "s").value(), "x");
  EXPECT_EQ(need_number(o, "i").value(), 7);
  EXPECT_EQ(want_number(o, "n").value(), 1.5);
  EXPECT_EQ(want_number(o, "z").value(), std::nullopt);
  EXPECT_EQ(want_bool(o, "b").value(), true);
  EXPECT_EQ(want_time(o, "t").value(), want_time(o, "e").value());
  EXPECT_EQ(need_string(o, "z").error().code, &errors::kMissingField);
  EXPECT_EQ(need_number(o, "s").error().code, &errors::kWrongType);
  EXPECT_EQ(want_string(o, "n").error().code, &errors::kWrongType);
  EXPECT_EQ(want_bool(o, "n").error().code, &errors::kWrongType);
  EXPECT_EQ(want_time(o, "s").error().code, &errors::kBadTime);
  EXPECT_EQ(want_time(o, "n").error().code, &errors::kWrongType);
  EXPECT_NE(need_string(o, "zz").error().detail.find("`zz`"), std::string::npos);
  EXPECT_EQ(text_or(o, "s"), "x");
  EXPECT_EQ(text_or(o, "n", "?"), "?");
}

TEST(Json, UnknownKeysNameTheNearest) {
  const json::value value = parse_json(R"({"lable":1})").value();
  const auto bad = only_keys(value.as_object(), {"label", "level"}, "rule");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, &errors::kUnknownField);
  EXPECT_EQ(bad.error().detail, "rule: `lable` is not known; did you mean `label`?");
  EXPECT_TRUE(only_keys(value.as_object(), {"lable"}, ""));
  EXPECT_EQ(nearest_word("xyz", {"label"}), "");
  EXPECT_EQ(nearest_word("", {"label"}), "");
}

TEST(Errors, EveryCodeHasItsOwnName) {
  std::set<std::string_view> names;
  for (const Code* code : all_codes()) {
    EXPECT_TRUE(names.insert(code->name).second) << code->name;
    EXPECT_GE(code->status, 400);
    EXPECT_LT(code->status, 600);
  }
}

}  // namespace
}  // namespace cityloop
