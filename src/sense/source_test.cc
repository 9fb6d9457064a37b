// SPDX-License-Identifier: Apache-2.0
#include "sense/source.h"

#include "sense/testing.h"

namespace cityloop {
namespace {

using ::testing::HasSubstr;

std::string written(const ReadingBatch& batch) {
  std::string out;
  for (const auto& m : batch.messages) {
    out += std::string(batch.asset_of(m)) + " @" + std::to_string(to_ms(m.at));
    for (std::uint32_t i = m.first; i < m.first + m.count; ++i) {
      const auto& s = batch.samples[i];
      out += " " + std::string(batch.point_of(s)) + "=" + (s.flaw != 0 ? "flaw" + std::to_string(s.flaw) : format_decimal({s.mantissa, s.scale}));
    }
    out += "\n";
  }
  for (const auto& flaw : batch.flaws) out += std::to_string(flaw.index) + " flaw " + flaw.code + "\n";
  return out;
}

std::string source(const std::string& decode, const std::string& more = "") {
  return R"({"transport":{"push":{}},"decode":)" + decode + more + "}";
}
SourceSpec parsed(const std::string& text) {
  Result<SourceSpec> spec = parse_source("s", text);
  EXPECT_TRUE(spec.has_value()) << (spec ? "" : spec.error().detail);
  return spec ? std::move(*spec) : SourceSpec{};
}
std::string sentence(const std::string& text) {
  const Result<SourceSpec> spec = parse_source("s", text);
  return spec ? "accepted" : std::string(spec.error().code->name) + " " + spec.error().detail;
}

TEST(Source, JsonWithPathsScalesAndIds) {
  const SourceSpec spec = parsed(source(R"({"items":"data.list","asset":{"path":"id"},"at":{"path":"ts","format":"epoch_s"},
      "values":{"ch4":{"path":"v.gas","scale":20},"t":{"path":"/v/t~1c","scale":0.1,"offset":-273.15},"h":"v.h"}})",
      R"(,"ids":{"map":{"9":"special"},"template":"tank-{device}"},"sentinels":[-999])"));
  const auto batch = decode_source(spec, "", R"({"data":{"list":[{"id":7,"ts":1661148000,"v":{"gas":1.3,"t/c":2931.5,"h":"40.5"}},
      {"id":"9","ts":1661148000.5,"v":{"gas":-999,"h":null}},{"id":"9","ts":"x","v":{}},{"ts":1},{"id":"b c","ts":1}]}})");
  ASSERT_TRUE(batch.has_value()) << batch.error().detail;
  EXPECT_EQ(written(*batch), "tank-7 @1661148000000 ch4=26 t=20 h=40.5\nspecial @1661148000500 ch4=flaw3\n"
                             "2 flaw time.malformed\n3 flaw payload.unmapped\n4 flaw asset.bad_id\n");
  EXPECT_EQ(decode_source(spec, "", "{").error().code->name, "payload.undecodable");
  EXPECT_EQ(decode_source(spec, "", R"({"data":5})").error().code->name, "payload.undecodable");
}

TEST(Source, TopicsNameDevices) {
  EXPECT_EQ(device_of_topic("vendor/+/{device}/up", "vendor/east/77/up"), "77");
  EXPECT_EQ(device_of_topic("vendor/{device}/#", "vendor/77/a/b"), "77");
  EXPECT_EQ(device_of_topic("v/dev-{device}", "v/dev-5"), "5");
  EXPECT_FALSE(device_of_topic("vendor/+/{device}/up", "vendor/77/up"));
  EXPECT_FALSE(device_of_topic("vendor/{device}", "vendor/77/up"));
  EXPECT_FALSE(device_of_topic("v/dev-{device}", "v/dev-"));
  const SourceSpec spec = parsed(source(R"({"asset":{"topic":"vendor/+/{device}/up"},"values":{"x":"x"}})", R"(,"ids":{"map":{"77":"tank-1"}})"));
  EXPECT_EQ(written(*decode_source(spec, "vendor/e/77/up", R"({"x":1})")), "tank-1 @0 x=1\n");
  EXPECT_EQ(written(*decode_source(spec, "vendor/e/78/up", R"({"x":1})")), "0 flaw payload.unmapped\n");
  EXPECT_EQ(decode_source(spec, "other", R"({"x":1})").error().code->name, "payload.undecodable");
}

TEST(Source, NdjsonSparesGoodLines) {
  const SourceSpec spec = parsed(source(R"({"format":"ndjson","asset":{"path":"id"},"values":{"x":"x"}})"));
  EXPECT_EQ(written(*decode_source(spec, "", "{\"id\":\"a\",\"x\":1}\nnope\n{\"id\":\"b\",\"x\":2}\n")), "a @0 x=1\nb @0 x=2\n1 flaw json.malformed\n");
}

TEST(Source, CsvWithDecimalCommaAndMissingTokens) {
  const SourceSpec spec = parsed(source(R"x({"format":"csv","asset":{"path":"Station.Id"},"at":{"path":"Date","format":"%d/%m/%Y %H.%M.%S","utc_offset":"+08:00"},
      "values":{"co":{"column":"CO(GT)","scale":0.001},"t":"T"},"csv":{"delimiter":";","decimal_comma":true,"missing":["NA"]}})x", R"(,"sentinels":[-200])"));
  EXPECT_EQ(written(*decode_source(spec, "", "Date;Station.Id;CO(GT);T\n22/08/2022 14.00.00;a;2600,5;13,6\n22/08/2022 14.00.00;b;-200;NA\n22/08/2022 14.00.00;c;;x\nshort\n")),
            "a @1661148000000 co=2.6005 t=13.6\nb @1661148000000 co=flaw3\nc @1661148000000 t=flaw2\n3 flaw payload.undecodable\n");
  EXPECT_EQ(decode_source(spec, "", "Datum;Station.Id\n").error().code->name, "payload.undecodable");
}

TEST(Source, ErrorsNameThePlace) {
  const std::string values = R"("values":{"x":"x"})";
  EXPECT_THAT(sentence(R"({"transprot":{}})"), HasSubstr("did you mean `transport`"));
  EXPECT_THAT(sentence(R"({"transport":{"push":{}}})"), HasSubstr("`decode` is missing"));
  EXPECT_THAT(sentence(source(R"({"asset":{"path":"id"}})")), HasSubstr("decode: `values` is missing"));
  EXPECT_THAT(sentence(source(R"({)" + values + "}")), HasSubstr("`asset` is missing"));
  EXPECT_THAT(sentence(source(R"({"asset":{"path":"id","topic":"x/{device}"},)" + values + "}")), HasSubstr("exactly one"));
  EXPECT_THAT(sentence(source(R"({"asset":{"path":"id"},"at":{"path":"t","format":"%Q"},)" + values + "}")), HasSubstr("after %"));
  EXPECT_THAT(sentence(source(R"({"asset":{"path":"id"},"values":{"x":{"path":"x","scal":2}}})")), HasSubstr("did you mean `scale`"));
  EXPECT_THAT(sentence(R"({"transport":{"mqtt":{"url":"http://x","topics":["a"]}},"decode":{}})"), HasSubstr("starts with mqtt://"));
  EXPECT_THAT(sentence(R"({"transport":{"mqtt":{"url":"mqtt://x"}},"decode":{}})"), HasSubstr("`topics` is missing"));
  EXPECT_THAT(sentence(R"({"transport":{"http":{"url":"http://x","interval":"10ms"}},"decode":{}})"), HasSubstr("at least 1s"));
  EXPECT_THAT(sentence(R"({"transport":{"folder":{"path":"x","after":"eat"}},"decode":{}})"), HasSubstr("keep or move"));
  EXPECT_THAT(sentence(source(R"({"asset":{"path":"id"},)" + values + "}", R"(,"ids":{"template":"x"})")), HasSubstr("{device}"));
}

TEST(Source, SamplesParse) {
  for (const char* const name : {"example-foreign-broker", "example-http-poll"}) {
    const std::string path = std::string(CITYLOOP_SOURCE_DIR) + "/sources/" + name + ".jsonc.sample";
    std::FILE* const file = std::fopen(path.c_str(), "rb");
    ASSERT_NE(file, nullptr) << path;
    std::string text(64 << 10, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file));
    std::fclose(file);
    const Result<SourceSpec> spec = parse_source(name, text);
    EXPECT_TRUE(spec.has_value()) << name << ": " << (spec ? "" : spec.error().detail);
  }
}

class SourceHealth : public SenseTest {
 protected:
  std::string state() {
    for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
      if (const auto* row = std::get_if<RowPut>(&event->body); row != nullptr && row->table == "sources") return row->columns.at("state");
    }
    return "none";
  }
  void tick(int seconds) {
    now_ = from_ms(kNoon + seconds * 1000LL);
    ++turn_;
    Context c = city();
    sense_.tick(c);
  }
  void hear(int seconds) {
    now_ = from_ms(kNoon + seconds * 1000LL);
    ReadingsIn in = readings(one(seconds, "1"));
    in.source = "s";
    take(in);
  }
};

TEST_F(SourceHealth, LateAfterThreeIntervalsOfListening) {
  now_ = from_ms(kNoon);
  const std::string text = source(R"({"asset":{"path":"id"},"values":{"x":"x"}})", R"(,"expected_interval":"60s","title":"S")");
  EXPECT_EQ(act("source.put", "s", text).status, 201);
  EXPECT_EQ(state(), "never");
  const std::uint64_t rev = sense_.sources_rev();
  EXPECT_EQ(act("source.put", "s", text).status, 200);
  EXPECT_EQ(sense_.sources_rev(), rev) << "the same again changes nothing";
  hear(20);
  EXPECT_EQ(state(), "ok");
  const std::size_t rows = events_.size();
  hear(21);
  hear(22);
  EXPECT_EQ(events_.size(), rows) << "one row in ten seconds";
  tick(190);
  EXPECT_EQ(state(), "ok");
  tick(203);
  EXPECT_EQ(state(), "late");
  hear(204);
  EXPECT_EQ(state(), "ok");
  ++turn_;
  now_ = from_ms(kNoon + 300'000);
  Context c = city();
  sense_.presence(PresenceIn{"source:s", false, "connection refused", now_}, c);
  EXPECT_EQ(state(), "disconnected");
  tick(900);
  EXPECT_EQ(state(), "disconnected") << "who is not connected is not late";
  Context again = city();
  sense_.presence(PresenceIn{"source:s", true, "", now_}, again);
  tick(1'000);
  EXPECT_EQ(state(), "ok") << "silence counts from the connection on";
  std::string bytes;
  Writer out(bytes);
  sense_.encode(out);
  Reader in(bytes);
  sense_.decode(in);
  ASSERT_TRUE(in.ok());
  EXPECT_EQ(sense_.sources().at("s").expected_interval, std::chrono::minutes(1));
  tick(1'200);
  EXPECT_EQ(state(), "late");
  EXPECT_EQ(act("source.delete", "s", "{}").status, 200);
  EXPECT_EQ(emitted<Removed>().back().key, "s");
}

}  // namespace
}  // namespace cityloop
