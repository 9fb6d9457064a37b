// SPDX-License-Identifier: Apache-2.0
// A small city for the tests of this room: two packs' worth of kinds, a few assets, one turn after the other.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/json.h"
#include "sense/decode.h"
#include "sense/sense.h"

namespace cityloop {

inline PointSpec a_point(std::string name, double least, double most) {
  PointSpec point;
  point.name = std::move(name);
  point.least = least;
  point.most = most;
  return point;
}

inline Packs some_packs() {
  Pack pack;
  pack.name = "test";
  pack.version = "1";
  KindSpec tank;
  tank.name = "tank";
  tank.points = {a_point("gas", 0, 100), a_point("level", -1, 10), a_point("risk", 0, 1)};
  tank.points[0].limit_high = 100;
  tank.points[0].sentinels = {99.9};
  tank.points[1].plausible_high = 5;
  tank.points[2].derived = "gas / 100";
  tank.attributes = {{"depth_m", {}, "number", "m", false}, {"lined", {}, "flag", "", false}, {"maker", {}, "text", "", false}};
  KindSpec bridge;
  bridge.name = "bridge";
  bridge.points = {a_point("strain", -1e6, 1e6)};
  bridge.attributes = {{"lanes", {}, "number", "", true}};
  pack.kinds = {tank, bridge};
  RecordSpec passage;
  passage.name = "passage";
  passage.kind = "bridge";
  passage.fields = {{"axles", {}, "number", "", true}, {"plate", {}, "text", "", false}, {"over", {}, "flag", "", false}, {"seen_at", {}, "time", "", false}};
  pack.records = {passage};
  return Packs::create({pack}).value();
}

class SenseTest : public ::testing::Test {
 protected:
  static constexpr std::int64_t kNoon = 1661148000000;  // 2022-08-22T06:00:00Z

  SenseTest() : packs_(some_packs()) {
    admin_.id = "user:admin";
    admin_.roles = {Role::admin};
    sense_.tables().put_area(Area{"50", "Root", "", "", {}});
    put("tank-1", "tank");
    put("tank-2", "tank");
    put("bridge-1", "bridge", R"("attributes":{"lanes":4})");
    events_.clear();
  }

  void put(const std::string& id, const std::string& kind, const std::string& more = "") {
    const Answer answer = act("asset.put", id, R"({"kind":")" + kind + '"' + (more.empty() ? "" : "," + more) + "}");
    ASSERT_LT(answer.status, 300) << answer.detail;
  }

  Context city() { return Context{turn_, now_, now_, chance_, sense_.tables(), packs_, events_}; }

  // Each call is a turn of its own.
  Answer act(const std::string& verb, const std::string& subject, const std::string& body, std::uint64_t if_match = 0) {
    ++turn_;
    ActionIn in;
    in.principal = actor().id;
    in.verb = verb;
    in.subject = subject;
    in.body = body;
    in.if_match = if_match;
    Context c = city();
    return sense_.act(in, actor(), c, seen_, &records_);
  }
  const Actor& actor() const { return actor_ ? *actor_ : admin_; }

  ReadingsIn readings(const std::string& body) {
    ReadingsIn in;
    in.principal = "token:t";
    in.arrival = now_;
    in.batch = decode_readings(body, "").value();
    return in;
  }
  Answer take(const ReadingsIn& in, const std::vector<std::string>& patterns = {}) {
    ++turn_;
    seen_.clear();
    Context c = city();
    return sense_.take(in, patterns, c, seen_);
  }
  Answer take(const std::string& body) { return take(readings(body)); }
  Answer take_records(const std::string& body) {
    ++turn_;
    records_.clear();
    RecordsIn in;
    in.principal = "token:t";
    in.arrival = now_;
    in.records = decode_records(body, "").value();
    Context c = city();
    return sense_.take(in, {}, c, records_);
  }

  // `tank-1 gas` at seconds after noon.
  std::string one(int seconds, const std::string& value, const std::string& asset = "tank-1", const std::string& point = "gas") {
    return R"({"asset":")" + asset + R"(","at":)" + std::to_string(kNoon + seconds * 1000LL) + R"(,"values":{")" + point + "\":" + value + "}}";
  }
  std::string counts(const Answer& answer) {
    if (answer.status >= 400) return std::to_string(answer.status) + " " + answer.code;
    const json::object body = parse_json(answer.body).value().as_object();
    std::string out;
    for (const char* key : {"accepted", "duplicate", "corrected"}) out += json::serialize(body.at(key)) + " ";
    for (const json::value& q : body.at("quarantined").as_array()) {
      out += "[" + json::serialize(q.at("index")) + (q.as_object().contains("point") ? " " + std::string(q.at("point").as_string()) : "") + " " +
             std::string(q.at("code").as_string()) + "]";
    }
    return out;
  }
  template <class T>
  std::vector<T> emitted() const {
    std::vector<T> found;
    for (const Event& event : events_) {
      if (const T* body = std::get_if<T>(&event.body)) found.push_back(*body);
    }
    return found;
  }

  Packs packs_;
  Sense sense_;
  Chance chance_{7};
  std::vector<Event> events_;
  std::vector<Observation> seen_;
  std::vector<Record> records_;
  std::uint64_t turn_ = 0;
  Time now_ = from_ms(kNoon + 60'000);
  Actor admin_;
  std::optional<Actor> actor_;
};

}  // namespace cityloop
