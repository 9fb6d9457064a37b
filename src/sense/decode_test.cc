// SPDX-License-Identifier: Apache-2.0
#include "sense/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <ctime>
#include <random>

#include "core/codec.h"
#include "core/json.h"
#include "core/limits.h"

namespace cityloop {
namespace {

using ::testing::HasSubstr;

ReadingBatch decoded(std::string_view body, std::string_view type = "") {
  Result<ReadingBatch> batch = decode_readings(body, type);
  EXPECT_TRUE(batch.has_value()) << body << ": " << (batch ? "" : batch.error().detail);
  return batch ? std::move(*batch) : ReadingBatch{};
}

std::string_view refusal(std::string_view body, std::string_view type = "") {
  const Result<ReadingBatch> batch = decode_readings(body, type);
  return batch ? "accepted" : batch.error().code->name;
}

// One line a message: what a person would write down of it.
std::string written(const ReadingBatch& batch) {
  std::string out;
  for (const auto& m : batch.messages) {
    out += std::to_string(m.index) + " " + std::string(batch.asset_of(m)) + " @" + std::to_string(to_ms(m.at));
    for (std::uint32_t i = m.first; i < m.first + m.count; ++i) {
      const auto& s = batch.samples[i];
      out += " " + std::string(batch.point_of(s)) + "=";
      out += s.flaw != 0 ? "flaw" + std::to_string(s.flaw) : format_decimal({s.mantissa, s.scale});
    }
    out += "\n";
  }
  for (const auto& flaw : batch.flaws) out += std::to_string(flaw.index) + " flaw " + flaw.code + "\n";
  return out;
}

TEST(Decode, ThreeForms) {
  EXPECT_EQ(written(decoded(R"({"asset":"a-1","at":1661148000000,"values":{"ch4":31.50,"h2s":-0}})")),
            "0 a-1 @1661148000000 ch4=31.5 h2s=0\n");
  EXPECT_TRUE(decoded(R"({"asset":"a","values":{"x":1}})").single);
  EXPECT_EQ(written(decoded(R"([{"asset":"a","values":{"x":1e3}}, {"values":{"x":2,"y":0.001},"at":"2022-08-22T14:00:00+08:00","asset":"b"}])")),
            "0 a @0 x=1000\n1 b @1661148000000 x=2 y=0.001\n");
  const std::string lines = "{\"asset\":\"a\",\"values\":{\"x\":1}}\r\n\n  {\"asset\":\"b\",\"values\":{\"x\":2}}\n";
  EXPECT_EQ(written(decoded(lines)), "0 a @0 x=1\n1 b @0 x=2\n");
  EXPECT_EQ(written(decoded(lines, "application/x-ndjson; charset=utf-8")), "0 a @0 x=1\n1 b @0 x=2\n");
  EXPECT_FALSE(decoded(lines).single);
  EXPECT_EQ(written(decoded("[]")), "");
}

TEST(Decode, AnObjectMayStandOnSeveralLines) {
  EXPECT_EQ(written(decoded("{\n \"asset\": \"a\",\n \"values\": {\n  \"x\": 1\n }\n}\n")), "0 a @0 x=1\n");
}

TEST(Decode, ABadLineSpoilsItselfOnly) {
  const std::string body =
      "{\"asset\":\"a\",\"values\":{\"x\":1}}\n{\"asset\":\"b\",\"values\":{\"x\":}}\nnonsense\n[1]\n5\n{\"asset\":\"c\",\"values\":{\"x\":3}}";
  const ReadingBatch batch = decoded(body);
  EXPECT_EQ(written(batch),
            "0 a @0 x=1\n5 c @0 x=3\n1 flaw json.malformed\n2 flaw json.malformed\n3 flaw json.wrong_type\n4 flaw json.wrong_type\n");
  EXPECT_EQ(batch.flaws[0].raw, "{\"asset\":\"b\",\"values\":{\"x\":}}");
  EXPECT_THAT(batch.flaws[0].detail, HasSubstr("column"));
  // The first line may be the broken one.
  EXPECT_EQ(written(decoded("{\"asset\":\"a\"\n{\"asset\":\"b\",\"values\":{\"x\":2}}\n")), "1 b @0 x=2\n0 flaw json.malformed\n");
}

TEST(Decode, RefusesTheWholeBody) {
  EXPECT_EQ(refusal(""), "json.malformed");
  EXPECT_EQ(refusal(" \n"), "json.malformed");
  EXPECT_EQ(refusal("\xEF\xBB\xBF{\"asset\":\"a\",\"values\":{\"x\":1}}"), "json.malformed");
  EXPECT_EQ(refusal(R"([{"asset":"a","values":{"x":1}},])"), "json.malformed");
  EXPECT_EQ(refusal(R"({"asset":"a","values":{"x":1},})"), "json.malformed");
  EXPECT_EQ(refusal(R"({"asset":"a","values":{"x":1)"), "json.malformed");
  EXPECT_EQ(refusal(R"([{"asset":"a","values":{"x":1}})"), "json.malformed");
  EXPECT_EQ(refusal(R"({"asset":"a","values":{"x":01}})"), "json.malformed");
  EXPECT_EQ(refusal(R"({"asset":"a","values":{"x":1.}})"), "json.malformed");
  EXPECT_EQ(refusal(R"({"asset":"a","values":{"x":+1}})"), "json.malformed");
  EXPECT_EQ(refusal(R"({"asset":"a","values":{"x":1}} x)"), "json.malformed");
  EXPECT_EQ(refusal(R"({"asset":"a","values":{"x":1}}{"asset":"a","values":{"x":1}})"), "json.malformed");
  EXPECT_EQ(refusal("{\"asset\":\"a\xFF\",\"values\":{\"x\":1}}"), "json.malformed");
  EXPECT_EQ(refusal(R"({"asset":"a","more":[1,,2],"values":{"x":1}})"), "json.malformed");
  EXPECT_EQ(refusal(R"({"asset":"a","more":"\q","values":{"x":1}})"), "json.malformed");
  EXPECT_EQ(refusal("5"), "json.wrong_type");
  EXPECT_EQ(refusal("\"x\""), "json.wrong_type");
  std::string deep(40, '['), close(40, ']');
  EXPECT_EQ(refusal("{\"asset\":\"a\",\"more\":" + deep + close + ",\"values\":{\"x\":1}}"), "json.too_deep");
  EXPECT_EQ(refusal(std::string(limits::kBodyBytes + 1, ' ')), "request.too_large");
  std::string many = "[";
  for (std::size_t i = 0; i <= limits::kBatchMessages; ++i) many += i == 0 ? "{}" : ",{}";
  EXPECT_EQ(refusal(many + "]"), "request.too_many");
}

TEST(Decode, MessagesOfTheWrongForm) {
  EXPECT_EQ(written(decoded(R"([5, "x", null, [1], {"asset":"a"}, {"values":{"x":1}}, {"asset":7,"values":{"x":1}},
      {"asset":"a b","values":{"x":1}}, {"asset":"a","values":[1]}, {"asset":"a","at":"noon","values":{"x":1}},
      {"asset":"a","at":0,"values":{"x":1}}, {"asset":"a","at":true,"values":{"x":1}}, {"asset":"a","asset":"b","values":{"x":1}},
      {"asset":"a","values":{"x":1,"x":2}}, {"asset":"a","at":null,"values":{"x":1}}])")),
            "14 a @0 x=1\n0 flaw json.wrong_type\n1 flaw json.wrong_type\n2 flaw json.wrong_type\n3 flaw json.wrong_type\n"
            "4 flaw field.missing\n5 flaw field.missing\n6 flaw json.wrong_type\n7 flaw asset.bad_id\n8 flaw json.wrong_type\n"
            "9 flaw time.malformed\n10 flaw reading.too_old\n11 flaw json.wrong_type\n12 flaw field.invalid\n13 flaw field.invalid\n");
  const ReadingBatch batch = decoded(R"([ {"asset":"a" , "values":3 } , [1, 2] ,7])");
  EXPECT_EQ(batch.flaws[0].raw, R"({"asset":"a" , "values":3 })");
  EXPECT_EQ(batch.flaws[1].raw, "[1, 2]");
  EXPECT_EQ(batch.flaws[2].raw, "7");
  EXPECT_EQ(written(decoded(R"({"asset":")" + std::string(129, 'a') + R"(","values":{"x":1}})")), "0 flaw asset.bad_id\n");
}

TEST(Decode, ValuesThatAreNoNumbers) {
  const ReadingBatch batch = decoded(
      R"([{"asset":"a","values":{"a":NaN,"b":-Infinity,"c":"7","d":null,"e":{"f":[1]},"g":true,"h":1e400,"i":1e-400,"j":8}}])");
  EXPECT_EQ(written(batch), "0 a @0 a=flaw1 b=flaw1 c=flaw2 d=flaw2 e=flaw2 g=flaw2 h=flaw1 i=flaw1 j=8\n");
  EXPECT_THAT(std::string(batch.raw_of(batch.messages[0])), HasSubstr("-Infinity"));
  EXPECT_EQ(decoded(R"({"asset":"a","values":{"x":1}})").messages[0].raw_size, 0u) << "kept only where it may be needed";
}

TEST(Decode, EscapesInNamesAreRead) {
  EXPECT_EQ(written(decoded(R"({"\u0061sset":"\u0061-1","at":"2022-08-22T06:00:00\u005a","values":{"ch\u0034":1}})")),
            "0 a-1 @1661148000000 ch4=1\n");
}

TEST(Decode, DecimalsStayExact) {
  EXPECT_EQ(written(decoded(R"({"asset":"a","values":{"a":0.1,"b":123456789.123456789,"c":123456789012345678,"d":1.0000000000000000,"e":-1.5E-3}})")),
            "0 a @0 a=0.1 b=123456789.12345679 c=123456789012345680 d=1 e=-0.0015\n");
}

TEST(Decode, TheTopicNamesTheAsset) {
  const Result<ReadingBatch> one = decode_readings_for("gw:7", R"({"at":5,"values":{"x":1}})");
  EXPECT_EQ(written(*one), "0 gw:7 @5 x=1\n");
  EXPECT_EQ(written(*decode_readings_for("gw:7", R"([{"values":{"x":1}},{"asset":"other","values":{"x":1}}])")),
            "0 gw:7 @0 x=1\n1 flaw field.invalid\n");
  const Result<ReadingBatch> broken = decode_readings_for("gw:7", "{\"values\":");
  EXPECT_EQ(written(*broken), "0 flaw json.malformed\n");
  EXPECT_EQ(broken->flaws[0].raw, "{\"values\":");
  EXPECT_EQ(written(*decode_readings_for("gw:7", "")), "0 flaw json.malformed\n");
}

// ---- the same by other means: Boost.JSON reads the body, a plain function writes what must come out ------------------

std::string reference(const json::value& message, std::uint32_t index) {
  const std::string flawed = std::to_string(index) + " flaw ";
  if (!message.is_object()) return flawed + "json.wrong_type\n";
  const json::object& o = message.get_object();
  std::string out = std::to_string(index) + " ", first;
  const auto flaw = [&](const char* code) { if (first.empty()) first = flawed + code + "\n"; };
  std::string asset, at = "0", values;
  for (const auto& [key, v] : o) {
    if (key == "asset") {
      if (!v.is_string()) flaw("json.wrong_type");
      else if (!is_asset_id(v.get_string())) flaw("asset.bad_id");
      else asset = v.get_string();
    } else if (key == "at" && !v.is_null()) {
      if (v.is_string() || v.is_int64() || v.is_uint64()) {
        const auto time = parse_time(v.is_string() ? std::string(v.get_string()) : json::serialize(v));
        if (!time) flaw("time.malformed");
        else if (*time == kNoTime) flaw("reading.too_old");
        else at = std::to_string(to_ms(*time));
      } else {
        flaw(v.is_double() ? "time.malformed" : "json.wrong_type");
      }
    } else if (key == "values") {
      if (!v.is_object()) { flaw("json.wrong_type"); continue; }
      for (const auto& [point, number] : v.get_object()) {
        if (point.empty() || point.size() > limits::kPointNameBytes) flaw("field.invalid");
        values += " " + std::string(point) + "=";
        if (number.is_int64()) values += std::to_string(number.get_int64());
        else if (number.is_double() && std::isfinite(number.get_double())) values += format_decimal(decimal_of(number.get_double()));
        else if (number.is_double()) values += "flaw1";
        else values += "flaw2";
      }
    }
  }
  if (!o.contains("asset")) flaw("field.missing");
  if (!o.contains("values")) flaw("field.missing");
  return first.empty() ? out + asset + " @" + at + values + "\n" : first;
}

std::string reference(std::string_view body) {
  const auto whole = parse_json(body);
  if (!whole) return "refused\n";
  if (whole->is_object()) return reference(*whole, 0);
  if (!whole->is_array()) return "refused\n";
  std::string good, bad;
  std::uint32_t index = 0;
  for (const auto& one : whole->get_array()) {
    const std::string line = reference(one, index++);
    (line.find(" flaw ") == std::string::npos ? good : bad) += line;
  }
  return good + bad;
}

class Bodies {
 public:
  explicit Bodies(std::uint32_t seed) : random_(seed) {}

  std::string next() {
    const int form = pick(3);
    if (form == 0) return message();
    std::string out = "[";
    for (int i = pick(5); i > 0; --i) out += (out.size() > 1 ? "," : "") + space() + message();
    return out + "]" + space();
  }
  std::string mutated(std::string body) {
    static constexpr std::string_view kBytes = "{}[]\",:0123456789.eE+-\\ tfn\n\x01\xC3";
    for (int i = 1 + pick(2); i > 0 && !body.empty(); --i) {
      const auto at = static_cast<std::size_t>(pick(static_cast<int>(body.size())));
      const char byte = kBytes[static_cast<std::size_t>(pick(static_cast<int>(kBytes.size())))];
      switch (pick(4)) {
        case 0: body.erase(at, 1); break;
        case 1: body.insert(at, 1, byte); break;
        case 2: body[at] = byte; break;
        default: body.resize(at); break;
      }
    }
    return body;
  }

 private:
  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  std::string one_of(std::initializer_list<const char*> words) { return words.begin()[pick(static_cast<int>(words.size()))]; }
  std::string space() { return one_of({"", "", "", " ", "  ", "\n", "\t"}); }
  std::string number() {
    std::string out = pick(4) == 0 ? "-" : "";
    out += std::to_string(pick(pick(2) == 0 ? 10 : 1'000'000));
    if (pick(2) == 0) out += "." + std::to_string(pick(100'000));
    if (pick(6) == 0) out += one_of({"e3", "E-4", "e+0", "e12"});
    return out;
  }
  std::string value() {
    switch (pick(8)) {
      case 0: return one_of({"null", "true", "\"x\"", "{}", "[1,[2]]", "{\"a\":{\"b\":null}}", "\"\\u00e9\\\"\""});
      default: return number();
    }
  }
  std::string message() {
    if (pick(25) == 0) return value();
    std::string out = "{";
    const auto member = [&](const std::string& key, const std::string& text) {
      out += (out.size() > 1 ? "," : "") + space() + "\"" + key + "\"" + space() + ":" + space() + text + space();
    };
    if (pick(20) != 0) member("asset", pick(15) == 0 ? value() : one_of({"\"a-1\"", "\"tank:7\"", "\"A.b_c\"", "\"bad id\"", "\"\"", "\"\\u0041\""}));
    if (pick(3) == 0) member("more" + std::to_string(pick(9)), value());
    if (pick(2) == 0) member("at", one_of({"1661148000000", "\"2022-08-22T06:00:00Z\"", "\"2022-08-22T14:00:00.5+08:00\"", "null", "0", "\"noon\"", "1.5", "-4", "[]"}));
    if (pick(20) != 0) {
      std::string values = "{";
      for (int i = pick(5), n = 0; n < i; ++n) values += (n ? "," : "") + space() + "\"p" + std::to_string(n) + "\":" + space() + value();
      member("values", pick(20) == 0 ? value() : values + "}");
    }
    return out + "}";
  }

  std::mt19937 random_;
};

// Boost's double has fewer digits than our decimal, and it keeps the last of two members: such bodies prove nothing here.
bool is_comparable(std::string_view body) {
  std::size_t digits = 0;
  for (const char c : body) {
    digits = (c >= '0' && c <= '9') || c == '.' ? digits + 1 : 0;
    if (digits > 15) return false;
  }
  for (const char* const word : {"NaN", "nan", "nf"}) {
    if (body.find(word) != std::string_view::npos) return false;
  }
  return true;
}

TEST(DecodeProperty, AgreesWithBoost) {
  Bodies bodies(20220822);
  int accepted = 0, refused = 0;
  for (int i = 0; i < 40'000; ++i) {
    const std::string sound = bodies.next();
    const std::string body = i % 2 == 0 ? sound : bodies.mutated(sound);
    if (!is_comparable(body)) continue;
    const Result<ReadingBatch> batch = decode_readings(body, "application/json");
    std::string expected = reference(body);
    std::string got = batch ? written(*batch) : "refused\n";
    if (got.find("field.invalid") != std::string::npos && got != expected) continue;  // a member or point twice
    if (expected == "refused\n" && batch && body.find('\n') != std::string::npos) continue;  // read as lines
    if (expected.find("flaw1") != std::string::npos || got.find("flaw1") != std::string::npos) continue;
    ASSERT_EQ(got, expected) << body;
    ++(batch ? accepted : refused);
  }
  EXPECT_GT(accepted, 15'000);
  EXPECT_GT(refused, 5'000);
}

TEST(DecodeProperty, NothingHappensToAMutilatedBody) {
  Bodies bodies(7);
  for (int i = 0; i < 20'000; ++i) {
    const std::string body = bodies.mutated(bodies.mutated(bodies.next() + "\n" + bodies.next()));
    const Result<ReadingBatch> batch = decode_readings(body, i % 2 == 0 ? "application/x-ndjson" : "");
    if (!batch) continue;
    std::string bytes;
    Writer out(bytes);
    batch->encode(out);
    ReadingBatch again;
    Reader in(bytes);
    again.decode(in);
    ASSERT_TRUE(in.ok()) << body;
    ASSERT_EQ(written(again), written(*batch));
  }
}

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// A number to look at, not a gate: CI machines differ. The bench measures it properly.
TEST(DecodeSpeed, Prints) {
  std::string lines, array = "[";
  constexpr int kMessages = 50'000;
  for (int i = 0; i < kMessages; ++i) {
    const std::string one = "{\"asset\":\"septic-500106-" + std::to_string(10'000 + i) + "\",\"at\":\"2022-08-22T14:" +
                            std::to_string(10 + i / 1000 % 50) + ":" + std::to_string(10 + i % 50) + "+08:00\",\"values\":{\"ch4\":" +
                            std::to_string(i % 100) + "." + std::to_string(i % 10) + ",\"h2s\":4.25}}";
    lines += one + "\n";
    array += (i == 0 ? "" : ",") + one;
  }
  array += "]";
  for (const auto* body : {&lines, &array}) {
    double best = 1e9;
    for (int round = 0; round < 5; ++round) {
      const double start = cpu_seconds();
      const Result<ReadingBatch> batch = decode_readings(*body, "");
      best = std::min(best, (cpu_seconds() - start));
      ASSERT_EQ(batch->messages.size(), static_cast<std::size_t>(kMessages));
    }
    std::printf("decode %s: %.2f M messages/s\n", body == &lines ? "ndjson" : "array ", kMessages / best / 1e6);
  }
  const std::string one = R"({"at":1661148000000,"values":{"ch4":31.5}})";
  const double start = cpu_seconds();
  for (int i = 0; i < kMessages; ++i) ASSERT_TRUE(decode_readings_for("septic-500106-0001", one));
  std::printf("decode single: %.2f M messages/s\n",
              kMessages / (cpu_seconds() - start) / 1e6);
}

}  // namespace
}  // namespace cityloop
