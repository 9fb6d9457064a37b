// SPDX-License-Identifier: Apache-2.0
// A small city behind the API, for tests: real access, real projection, in-memory stores; the other rooms' verbs are
// remembered and answered as a test says. Everything runs at once on the calling thread.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "core/codec.h"
#include "core/json.h"
#include "core/json_write.h"
#include "edge/history_memory.h"
#include "edge/journal_memory.h"
#include "serve/api.h"
#include "serve/live.h"
#include "serve/project.h"
#include "serve/secret.h"

namespace cityloop {

inline const char* const kTestPack = R"({
  "version": "1.0", "title": {"zh": "气体", "en": "Gas"},
  "kinds": [{"name": "tank", "title": {"zh": "化粪池", "en": "Tank"}, "symbol": "tank", "layer": "tank",
             "points": [{"name": "ch4", "title": {"zh": "甲烷", "en": "Methane"}, "unit": "%LEL", "interval": "60s"}]}],
  "rules": [{"alert": "ch4_high", "kind": "tank", "annotations": {"summary": {"zh": "高", "en": "High"}},
             "opens": "none", "levels": [{"level": "yellow", "expr": "ch4 >= 25", "for": "60s"}]}]
})";

class ApiCity {
 public:
  ApiCity() : journal_(tables()) {
    register_.set_root_area("50");
    auto pack = parse_pack("gas", kTestPack);
    EXPECT_TRUE(pack) << (pack ? "" : pack.error().detail);
    std::vector<Pack> all;
    if (pack) all.push_back(std::move(*pack));
    packs_ = std::make_shared<const Packs>(std::move(*Packs::create(std::move(all))));
    picture_ = state_.publish(0, now_);
    table_ = access_.publish(0, "50");
    api_ = std::make_unique<Api>(face());
    user("boss", {Role::admin}, "50");
  }

  CityFace face() {
    CityFace f;
    f.offer = [this](Input input, std::function<void(Answer)> reply) { reply(take(std::move(input))); };
    f.journal = &journal_;
    f.history = &history_;
    f.access = [this] { return table_; };
    f.live = [this] { return picture_; };
    f.packs = [this] { return packs_; };
    f.now = [this] { return now_; };
    f.random_hex = [this](std::size_t bytes) { return serve::sha256_hex(std::to_string(++random_)).substr(0, 2 * bytes); };
    f.hash_password = [this](const std::string& password) { ++hashes_; return "$argon2id$" + serve::sha256_hex(password); };
    f.verify_password = [this](const std::string& phc, const std::string& password) {
      ++verifications_;
      return phc == "$argon2id$" + serve::sha256_hex(password);
    };
    f.worker = [](std::function<void()> work) { work(); };
    f.decode_readings = [](std::string_view body, std::string_view) -> Result<ReadingBatch> {
      if (body.empty()) return fail(errors::kBadJson, "empty");
      return ReadingBatch{};
    };
    f.decode_records = [](std::string_view, std::string_view) -> Result<std::vector<RecordIn>> { return std::vector<RecordIn>{}; };
    f.notice_key = [](std::string_view id) { return serve::sha256_hex("key of " + std::string(id)).substr(0, 24); };
    f.seal = [](const std::string& clear) {  // hex: sealed texts are plain ASCII, like the real ones
      static constexpr char kDigits[] = "0123456789abcdef";
      std::string out = "sealed(";
      for (const char c : clear) {
        out += kDigits[static_cast<unsigned char>(c) >> 4];
        out += kDigits[static_cast<unsigned char>(c) & 15];
      }
      return out + ")";
    };
    f.open = [](const std::string& sealed) {
      std::string out;
      if (!sealed.starts_with("sealed(")) return out;
      for (std::size_t i = 7; i + 2 < sealed.size(); i += 2) out += static_cast<char>(std::stoi(sealed.substr(i, 2), nullptr, 16));
      return out;
    };
    f.phone_digest = [](std::string_view phone) { return serve::sha256_hex(phone); };
    f.keep_attachment = [this](std::string bytes, std::string) -> Result<Attachment> {
      if (!bytes.starts_with("\xFF\xD8")) return fail(errors::kBadImage, "not a picture");
      Attachment kept;
      kept.id = serve::sha256_hex(bytes);
      kept.type = "image/jpeg";
      kept.bytes = bytes.size();
      pictures_[kept.id] = bytes;
      return kept;
    };
    f.read_attachment = [this](const std::string& id) -> Result<std::string> { return pictures_[id]; };
    f.metrics = [] { return std::string("cityloop_up 1\n"); };
    f.why_not_ready = [this] { return why_not_ready_; };
    f.root_area = "50";
    f.version = "1.2.3";
    f.epoch = "e1";
    f.calls_per_second = calls_per_second_;
    f.calls_burst = calls_per_second_;
    return f;
  }

  // ---- what happens in the city

  void happen(std::vector<Event> events) {
    JournalBatch batch;
    batch.turn = ++turn_;
    batch.now = now_;
    for (Event& event : events) event.seq = ++seq_;
    batch.last_seq = seq_;
    project(std::span<const Event>(events), batch.rows);
    EXPECT_TRUE(journal_.commit({batch}));
    if (access_.changed()) table_ = access_.publish(turn_, "50");
    const auto deltas = live_deltas(std::span<const Event>(events), now_);
    if (feed_) feed_->publish(deltas);
  }
  void happen(std::string kind, EventBody body) { happen({Event{0, now_, std::move(kind), "system", std::move(body)}}); }

  Answer take(Input input) {
    if (const auto* readings = std::get_if<ReadingsIn>(&input)) {
      readings_.push_back(readings->principal);
      return done(R"({"accepted":0,"duplicate":0,"corrected":0,"quarantined":[]})");
    }
    if (!std::holds_alternative<ActionIn>(input)) return done();
    const ActionIn in = std::get<ActionIn>(std::move(input));
    if (in.verb != "session.touch") actions_.push_back(in);
    const std::string remembered = in.principal + "\n" + in.idempotency_key;
    if (!in.idempotency_key.empty() && answers_.contains(remembered)) {
      const auto& [digest, answer] = answers_[remembered];
      return digest == in.request_digest ? answer : refuse(errors::kKeyReused, "reused");
    }
    const auto actor = actor_of(access_.table(), in.principal);
    if (!actor) return refuse(errors::kUnauthenticated, "unknown");
    std::vector<Event> events;
    Context city{turn_ + 1, now_, now_, chance_, register_, *packs_, events};
    Answer answer = Access::handles(in.verb) ? access_.act(in, *actor, city) : on_action ? on_action(in, *actor, city) : done();
    if (!in.idempotency_key.empty() && answer.status < 400) answers_[remembered] = {in.request_digest, answer};
    happen(std::move(events));
    return answer;
  }

  void user(const std::string& name, const std::vector<Role>& roles, const std::string& area, const std::string& unit = "") {
    JsonWriter body;
    body.begin_object().key("roles").begin_array();
    for (const Role role : roles) body.value(role_name(role));
    body.end_array().member("area", area).member("unit", unit).member("person", "王" + name);
    body.member("password", "$argon2id$" + serve::sha256_hex("Secret-" + name + "-1")).end_object();
    const Answer answer = take(ActionIn{"system", "user.put", name, body.take(), "", 0, 0, now_});
    EXPECT_LT(answer.status, 300) << answer.detail;
  }
  // A token of one role: `Bearer` header value.
  std::string token(Role role, const std::string& area = "50", const std::string& unit = "") {
    const std::string id = "t" + std::to_string(++random_);
    JsonWriter body;
    body.begin_object().member("name", id).member("role", role_name(role)).member("area", area).member("unit", unit);
    body.member("hash", serve::sha256_hex("s3cret")).end_object();
    const Answer answer = take(ActionIn{"system", "token.create", id, body.take(), "", 0, 0, now_});
    EXPECT_EQ(answer.status, 201) << answer.detail;
    return "Bearer cl_" + id + "_s3cret";
  }

  Asset asset(const std::string& id, const std::string& area, LngLat place) {
    Asset asset;
    asset.id = id;
    asset.kind = "tank";
    asset.name = "池 " + id;
    asset.area = area;
    asset.place = place;
    asset.slot = ++slot_;
    asset.rev = 1;
    happen("asset.put", asset);
    return asset;
  }
  Alarm alarm(const std::string& id, const std::string& area, Level level = Level::orange) {
    Alarm alarm;
    alarm.id = id;
    alarm.rule = "gas/ch4_high";
    alarm.asset = "tank-1";
    alarm.kind = "tank";
    alarm.area = area;
    alarm.state = AlarmState::firing;
    alarm.level = alarm.peak = level;
    alarm.raised_at = alarm.changed_at = alarm.arrival = now_;
    alarm.why.rule = alarm.rule;
    happen("alarm.new", alarm);
    return alarm;
  }
  Case file(const std::string& no, const std::string& area) {
    Case file;
    file.no = no;
    file.origin = "desk:" + no;
    file.stage = Stage::pending_dispatch;
    file.klass = {"GB2013", "component", "0303"};
    file.title = "化粪池";
    file.area = area;
    file.opened_at = file.changed_at = now_;
    file.rev = 7;
    happen("case.new", file);
    return file;
  }
  void hear(std::uint32_t slot, double value, Level level = Level::none) {
    LiveAsset& live = state_.asset(slot);
    live.points = {LiveValue{now_, now_, decimal_of(value), Quality::good}};
    live.level = level;
    picture_ = state_.publish(++turn_, now_);
  }

  // ---- calls

  HttpResponse call(HttpRequest request) {
    std::optional<HttpResponse> answer;
    if (request.peer.empty()) request.peer = "10.0.0.1";
    api_->handle(std::move(request), [&](HttpResponse response) { answer = std::move(response); });
    EXPECT_TRUE(answer.has_value()) << "no answer came";
    return answer.value_or(HttpResponse{});
  }
  static HttpRequest request(const std::string& method, const std::string& target, const std::string& bearer = "", const std::string& body = "") {
    HttpRequest r;
    r.method = method;
    const std::size_t mark = target.find('?');
    r.path = target.substr(0, mark);
    std::string_view query = mark == std::string::npos ? std::string_view{} : std::string_view(target).substr(mark + 1);
    while (!query.empty()) {
      const std::string_view pair = query.substr(0, query.find('&'));
      const std::size_t equals = std::min(pair.find('='), pair.size());
      r.query.emplace_back(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
      query.remove_prefix(std::min(pair.size() + 1, query.size()));
    }
    if (!bearer.empty()) r.headers["authorization"] = bearer;
    if (!body.empty()) r.headers["content-type"] = "application/json";
    r.body = body;
    return r;
  }
  HttpResponse get(const std::string& target, const std::string& bearer) { return call(request("GET", target, bearer)); }
  HttpResponse post(const std::string& target, const std::string& bearer, const std::string& body = "{}") {
    return call(request("POST", target, bearer, body));
  }

  std::function<Answer(const ActionIn&, const Actor&, Context&)> on_action;
  JournalMemory journal_;
  HistoryMemory history_;
  Register register_;
  Access access_;
  LiveState state_;
  std::shared_ptr<const LiveState::Picture> picture_;
  std::shared_ptr<const Packs> packs_;
  std::shared_ptr<const AccessTable> table_;
  std::vector<ActionIn> actions_;
  std::vector<std::string> readings_;
  std::map<std::string, std::pair<std::uint64_t, Answer>> answers_;
  std::map<std::string, std::string> pictures_;
  std::optional<std::string> why_not_ready_;
  Chance chance_{7};
  Time now_ = from_ms(1'661'148'000'000);
  std::uint64_t turn_ = 0, seq_ = 0, random_ = 0;
  std::uint32_t slot_ = 0;
  int verifications_ = 0, hashes_ = 0;
  double calls_per_second_ = 1e6;
  std::unique_ptr<Api> api_;
  LiveFeed* feed_ = nullptr;
};

inline std::string code_of(const HttpResponse& response) {
  const auto doc = parse_json(response.body);
  return doc && doc->is_object() ? text_or(doc->get_object(), "code") : "";
}
inline std::string header_of(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return {};
}
inline json::value doc_of_body(const HttpResponse& response) {
  auto doc = parse_json(response.body);
  EXPECT_TRUE(doc) << response.body;
  return doc ? *doc : json::value(json::object{});
}

}  // namespace cityloop
