// SPDX-License-Identifier: Apache-2.0
// The real city behind the real API, on in-memory stores, with one of everything in two districts: 500106 and 500103. What
// belongs to the first says `home`, what belongs to the other says `away` or bears its code, so that an answer shows by itself
// what it gives away.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "city/simulation.h"
#include "core/json.h"
#include "core/json_write.h"
#include "serve/live.h"
#include "serve/secret.h"
#include "sense/decode.h"
#include "tests/harness.h"

namespace cityloop {

struct Screen : LiveSocket {
  std::size_t send(std::shared_ptr<const std::string> text) override {
    heard += *text + "\n";
    return 0;
  }
  void close(int code, std::string) override { closed = code; }
  std::string heard;
  int closed = 0;
};

class AccessCity {
 public:
  static constexpr const char* kHome = "500106";
  static constexpr const char* kAway = "500103";
  using Names = std::map<std::string, std::string>;  // family of routes -> key of the district's one

  AccessCity() : city_(7) {
    city_.load_packs({"septic_gas"});
    api_ = std::make_unique<Api>(face());
    feed_ = std::make_unique<LiveFeed>(face(), *api_);
    boss_ = token(Role::admin, "50");
    act("areas.import", "", R"({"type":"FeatureCollection","features":[)" + area(kHome, "home", 106.25, 106.50) + "," + area(kAway, "away", 106.50, 106.75) + "]}");
    act("calendar.put", "china",
        R"({"version":"1","hours":["08:00-12:00"],"weekend":["sunday"],"years":{"2022":{"holidays":[],"workdays":[]}}})");
    std::ifstream formulas(std::string(CITYLOOP_SOURCE_DIR) + "/standards/scores.jsonc");
    act("formulas.put", "china", {std::istreambuf_iterator<char>(formulas), std::istreambuf_iterator<char>()});
    home_ = lay(kHome, "home", 106.45);
    away_ = lay(kAway, "away", 106.55);
  }

  struct Answered {
    int status = 0;
    std::string code, body;
  };
  Answered call(const std::string& method, const std::string& target, const std::string& bearer, const std::string& body = "", const std::string& type = "application/json") {
    HttpRequest request;
    request.method = method;
    const std::size_t mark = target.find('?');
    request.path = target.substr(0, mark);
    for (std::string_view query = mark == std::string::npos ? std::string_view{} : std::string_view(target).substr(mark + 1); !query.empty();) {
      const std::string_view pair = query.substr(0, query.find('&'));
      const std::size_t equals = pair.find('=');
      request.query.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
      query.remove_prefix(std::min(pair.size() + 1, query.size()));
    }
    request.headers["authorization"] = bearer;
    request.headers["if-match"] = "\"1\"";
    if (!body.empty()) request.headers["content-type"] = type;
    request.body = body;
    request.peer = "10.0.0.1";
    Answered out;
    bool came = false;
    api_->handle(std::move(request), [&](HttpResponse response) {
      out = {response.status, std::string(response.code), response.shared_body ? *response.shared_body : response.body};
      came = true;
    });
    EXPECT_TRUE(came) << method << " " << target << ": no answer";
    return out;
  }
  Answered get(const std::string& target, const std::string& bearer) { return call("GET", target, bearer); }

  // A token of one role and area, drawn once: `Bearer` header value.
  std::string token(Role role, const std::string& area) {
    std::string& known = tokens_[{role, area}];
    if (!known.empty()) return known;
    const std::string id = std::string(role_name(role)) + "-" + area, unit = area == kHome ? "home-unit" : area == kAway ? "away-unit" : "";
    std::string plain = id;
    std::replace(plain.begin(), plain.end(), '_', '-');
    const Answer answer = city_.act("system", "token.create", plain, json::serialize(json::object{{"name", plain}, {"role", role_name(role)}, {"area", area}, {"unit", unit}, {"hash", serve::sha256_hex("s3cret")}}));
    EXPECT_EQ(answer.status, 201) << answer.detail;
    publish();
    return known = "Bearer cl_" + plain + "_s3cret";
  }
  std::size_t tokens_drawn() const { return tokens_.size(); }
  std::string principal(Role role, const std::string& area) {
    const std::string bearer = token(role, area);
    return "token:" + bearer.substr(10, bearer.rfind('_') - 10);
  }

  // Everything that the journal holds, without what refusals leave: the audit chain.
  std::string facts() {
    std::string out;
    for (const TableSpec& table : tables())
      if (table.name != "audit" && table.name != "events")
        for (const std::string& doc : city_.docs(table.name)) out += table.name + " " + doc + "\n";
    return out;
  }

  std::pair<std::shared_ptr<Screen>, LiveFeed::Id> screen(Role role, const std::string& area, const std::string& resume = "") {
    auto out = std::make_shared<Screen>();
    const LiveFeed::Id id = feed_->open(out, principal(role, area));
    feed_->message(id, R"({"t":"hello","v":1,"tab":"x","caps":[])" + (resume.empty() ? std::string("}") : ",\"resume\":" + resume + "}"));
    return {out, id};
  }
  void tick(Millis step = Millis{1000}) {
    city_.advance(step);
    publish();
    feed_->tick(city_.now());
  }
  void send(const std::string& asset, const char* value) {
    ReadingBatch batch;
    add_message(batch, asset, city_.now(), {{"ch4", parse_decimal(value).value()}});
    EXPECT_LT(city_.send("system", std::move(batch)).status, 400);
    publish();
  }
  std::string act(const std::string& verb, const std::string& subject, const std::string& body, std::uint64_t rev = 0) {
    const Answer answer = city_.act("system", verb, subject, body, rev);
    EXPECT_LT(answer.status, 400) << verb << " " << subject << ": " << answer.code << " " << answer.detail;
    publish();
    return answer.body;
  }

  Harness& city() { return city_; }
  LiveFeed& feed() { return *feed_; }
  const Names& home() const { return home_; }
  const Names& away() const { return away_; }
  const std::string& boss() const { return boss_; }

 private:
  static std::string area(const std::string& code, const std::string& name, double west, double east) {
    const auto corner = [](double lng, double lat) { return json::array{lng, lat}; };
    json::array ring{corner(west, 29.5), corner(east, 29.5), corner(east, 29.75), corner(west, 29.75), corner(west, 29.5)};
    return json::serialize(json::object{{"type", "Feature"}, {"properties", {{"code", code}, {"name", name}}}, {"geometry", {{"type", "Polygon"}, {"coordinates", json::array{ring}}}}});
  }

  std::string only(const std::string& table, const std::string& column, const std::string& value) {
    Query query{table, {{column, Where::Op::equal, {value}}}};
    const auto page = city_.journal().list(query);
    EXPECT_TRUE(page && !page->rows.empty()) << table << " has nothing of " << value;
    return page && !page->rows.empty() ? page->rows.front().key : "";
  }

  // One of everything, by the ways by which it comes about.
  Names lay(const std::string& code, const std::string& mark, double lng) {
    Names out;
    const std::string place = R"({"type":"Point","coordinates":[)" + std::to_string(lng) + ",29.54]}";
    out["assets"] = mark + "-tank";
    out["units"] = mark + "-unit";
    out["receivers"] = mark + "-hook";
    out["users"] = mark + "-li";
    act("unit.put", out["units"], R"({"name":")" + mark + R"( unit","area":")" + code + R"(","duties":["sanitation","street"]})");
    act("receiver.put", out["receivers"], R"({"url":"https://)" + mark + R"(.example/hook","area":")" + code + R"(","types":[]})");
    act("asset.put", out["assets"], R"({"kind":"septic_tank","name":")" + mark + R"( tank","location":)" + place + "}");
    act("user.put", out["users"], R"({"person":")" + mark + R"( li","roles":["handler"],"area":")" + code + R"(","unit":")" + out["units"] + "\"}");
    out["tokens"] = code == kHome ? "home-token" : "away-token";
    act("token.create", out["tokens"], R"({"name":")" + mark + R"( token","role":"integrator","area":")" + code + R"(","hash":")" + serve::sha256_hex(mark) + "\"}");
    send(out["assets"], "150");
    out["alarms"] = only("alarms", "asset", out["assets"]);
    out["cases"] = only("cases", "asset", out["assets"]);
    out["notices"] = only("notices", "area", code);
    const std::string picture = serve::sha256_hex(mark);
    pictures_[picture] = mark + " picture";
    act("attachment.add", picture, R"({"id":")" + picture + R"(","type":"image/jpeg","bytes":12})");
    out["attachments"] = picture;
    act("case.comment", out["cases"], R"({"comment":")" + mark + R"( comment","attachments":[")" + picture + "\"]}", rev(out["cases"]));
    act("case.dispatch", out["cases"], R"({"unit":")" + out["units"] + "\"}", rev(out["cases"]));
    act("reference.put", out["cases"], R"({"system":")" + mark + R"(-platform","number":"1"})");
    const Answered filed = call("POST", "/api/v1/reports", boss_, R"({"title":")" + mark + R"( report","source":"hotline","location":)" + place + R"(,"class":{"scheme":"GB2013","type":"event","code":"0101"},"reporter":{"name":")" + mark + R"(","phone":"13800000000"}})");
    EXPECT_EQ(filed.status, 201) << filed.body;
    act("user.put", mark + "-he", R"({"person":")" + mark + R"( he","roles":["shift_leader"],"area":")" + code + "\"}");
    const Answer handed = city_.act("user:" + mark + "-he", "shift.hand", "", R"({"note":")" + mark + R"( shift","open":{}})");
    EXPECT_EQ(handed.status, 200) << handed.detail;
    publish();
    out["shifts"] = text_or(parse_json(handed.body)->as_object(), "id");
    out["reports"] = text_or(parse_json(filed.body)->as_object(), "id");
    out["scores"] = "daily.2022-08-21." + code;
    act("score_report.put", out["scores"], R"({"title":")" + mark + R"( report","text":"x","snapshot":"2022-08-21-0"})");
    return out;
  }
  std::uint64_t rev(const std::string& no) { return city_.city().command().open_case(no)->rev; }

  void publish() {
    const auto& events = city_.events();
    if (city_.city().access().changed() || !table_) table_ = city_.city().access().publish(city_.city().turn(), "50");
    picture_ = city_.city().analyse().live().publish(city_.city().turn(), city_.now());
    if (feed_ && city_.city().turn() != told_) feed_->publish(live_deltas(std::span<const Event>(events), city_.now()));
    told_ = city_.city().turn();
  }

  CityFace face() {
    publish();
    CityFace f;
    f.offer = [this](Input input, std::function<void(Answer)> reply) {
      std::vector<Input> inputs;
      inputs.push_back(std::move(input));
      Answer answer = city_.run(std::move(inputs)).front();
      publish();
      reply(std::move(answer));
    };
    f.journal = &city_.journal();
    f.history = &city_.history();
    f.access = [this] { return table_; };
    f.live = [this] { return picture_; };
    f.packs = [this] { return city_.city().packs(); };
    f.now = [this] { return city_.now(); };
    f.random_hex = [this](std::size_t bytes) { return serve::sha256_hex("draw " + std::to_string(++draws_)).substr(0, 2 * bytes); };
    f.hash_password = [](const std::string& password) { return "$argon2id$" + serve::sha256_hex(password); };
    f.verify_password = [](const std::string& phc, const std::string& password) { return phc == "$argon2id$" + serve::sha256_hex(password); };
    f.worker = [](std::function<void()> work) { work(); };
    f.decode_readings = [](std::string_view body, std::string_view type) { return decode_readings(body, type); };
    f.decode_records = [](std::string_view body, std::string_view type) { return decode_records(body, type); };
    f.seal = [](const std::string& clear) { return "sealed:" + serve::sha256_hex(clear); };
    f.open = [](const std::string&) { return std::string("somebody"); };
    f.phone_digest = [](std::string_view phone) { return serve::sha256_hex(phone); };
    f.keep_attachment = [this](std::string bytes, std::string) -> Result<Attachment> {
      Attachment kept;
      kept.id = serve::sha256_hex(bytes);
      kept.type = "image/jpeg";
      kept.bytes = bytes.size();
      pictures_[kept.id] = std::move(bytes);
      return kept;
    };
    f.read_attachment = [this](const std::string& id) -> Result<std::string> { return pictures_[id]; };
    f.metrics = [] { return std::string("cityloop_up 1\n"); };
    f.why_not_ready = [] { return std::optional<std::string>(); };
    f.root_area = "50";
    f.version = "test";
    f.epoch = "e1";
    f.calls_per_second = f.calls_burst = 1e9;
    return f;
  }

  Harness city_;
  std::shared_ptr<const AccessTable> table_;
  std::shared_ptr<const LiveState::Picture> picture_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<LiveFeed> feed_;
  std::map<std::pair<Role, std::string>, std::string> tokens_;
  std::map<std::string, std::string> pictures_;
  Names home_, away_;
  std::string boss_;
  std::uint64_t told_ = 0, draws_ = 0;
};

}  // namespace cityloop
