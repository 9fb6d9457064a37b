// SPDX-License-Identifier: Apache-2.0
// The live contract of web.md §4, spoken by a socket that remembers everything.
#include "serve/live.h"

#include "serve/api_city_test.h"

namespace cityloop {
namespace {

struct Screen : LiveSocket {
  std::size_t send(std::shared_ptr<const std::string> text) override {
    texts.push_back(text);
    waiting = slow ? waiting + text->size() : 0;
    return waiting;
  }
  void close(int code, std::string) override { closed = code; }

  std::vector<json::object> all(std::string_view type) const {
    std::vector<json::object> out;
    for (const auto& text : texts) {
      auto message = parse_json(*text);
      EXPECT_TRUE(message) << *text;
      if (message && text_or(message->as_object(), "t") == type) out.push_back(message->as_object());
    }
    return out;
  }
  std::vector<std::int64_t> seqs() const {
    std::vector<std::int64_t> out;
    for (const json::object& ev : all("ev")) out.push_back(ev.at("seq").to_number<std::int64_t>());
    return out;
  }

  std::vector<std::shared_ptr<const std::string>> texts;
  std::size_t waiting = 0;
  bool slow = false;
  int closed = 0;
};

struct Live : testing::Test {
  Live() : feed(city.face(), *city.api_) { city.feed_ = &feed; }

  std::pair<std::shared_ptr<Screen>, LiveFeed::Id> open(const std::string& bearer, const std::string& resume = "") {
    auto screen = std::make_shared<Screen>();
    const LiveFeed::Id id = feed.open(screen, "token:" + bearer.substr(10, bearer.rfind('_') - 10));
    feed.message(id, R"({"t":"hello","v":1,"tab":"x","caps":[])" + (resume.empty() ? std::string("}") : ",\"resume\":" + resume + "}"));
    return {screen, id};
  }
  void say(LiveFeed::Id id, const std::string& text) { feed.message(id, text); }
  void tick(Millis step = Millis{100}) {
    city.now_ += step;
    feed.tick(city.now_);
  }

  ApiCity city;
  LiveFeed feed;
};

TEST_F(Live, hello_with_ticket_welcomes_once) {
  const std::string token = city.token(Role::acceptor);
  const std::string ticket = text_or(doc_of_body(city.post("/api/v1/live/ticket", token)).as_object(), "ticket");
  auto screen = std::make_shared<Screen>();
  const auto id = feed.open(screen, "");
  say(id, R"({"t":"hello","v":1,"ticket":")" + ticket + R"(","tab":"x","caps":[]})");
  ASSERT_EQ(screen->all("welcome").size(), 1u);
  EXPECT_EQ(text_or(screen->all("welcome")[0], "epoch"), "e1");
  EXPECT_EQ(screen->all("sys").size(), 1u);
  auto thief = std::make_shared<Screen>();
  say(feed.open(thief, ""), R"({"t":"hello","v":1,"ticket":")" + ticket + R"(","tab":"x","caps":[]})");
  EXPECT_EQ(thief->closed, 4401);
  EXPECT_TRUE(thief->all("welcome").empty());
}

TEST_F(Live, strangers_and_nonsense_are_sent_away) {
  auto silent = std::make_shared<Screen>();
  feed.open(silent, "");
  for (int i = 0; i < 120; ++i) tick();
  EXPECT_EQ(silent->closed, 4401);
  for (const char* text : {"", "x", "[]", "{\"t\":\"sub\",\"id\":1,\"topic\":\"alarm\"}", "{\"t\":\"hello\"}", "{\"t\":\"hello\",\"ticket\":\"zz\"}"}) {
    auto screen = std::make_shared<Screen>();
    say(feed.open(screen, ""), text);
    EXPECT_NE(screen->closed, 0) << text;
  }
  auto device = std::make_shared<Screen>();
  feed.open(device, "credential:none");
  EXPECT_EQ(device->closed, 4401);
  const auto [big, id] = open(city.token(Role::admin));
  say(id, std::string(limits::kLiveMessageBytes + 1, ' '));
  EXPECT_EQ(big->closed, 4400);
  const auto [deep, deep_id] = open(city.token(Role::admin));
  say(deep_id, std::string(60'000, '['));
  EXPECT_EQ(deep->closed, 4400);
}

TEST_F(Live, a_snapshot_then_every_event_after_it_shared_by_all) {
  city.alarm("a-1", "500106");
  const auto [one, id1] = open(city.token(Role::admin));
  const auto [two, id2] = open(city.token(Role::leader));
  for (const auto id : {id1, id2}) say(id, R"({"t":"sub","id":7,"topic":"alarm"})");
  const auto snaps = one->all("snap");
  ASSERT_EQ(snaps.size(), 1u);
  EXPECT_EQ(snaps[0].at("rows").at(0).at("id").as_string(), "a-1");
  EXPECT_EQ(snaps[0].at("part").at(1).to_number<int>(), 1);
  const auto s = snaps[0].at("seq").to_number<std::int64_t>();
  city.alarm("a-2", "500106");
  const auto evs = one->all("ev");
  ASSERT_EQ(evs.size(), 1u);
  EXPECT_GT(evs[0].at("seq").to_number<std::int64_t>(), s);
  EXPECT_EQ(evs[0].at("seq").to_number<std::uint64_t>(), city.seq_);
  EXPECT_EQ(text_or(evs[0], "k"), "alarm.new");
  EXPECT_EQ(evs[0].at("ids").at(0).as_string(), "a-2");
  EXPECT_EQ(one->texts.back().get(), two->texts.back().get());  // encoded once
  say(id1, R"({"t":"unsub","id":7})");
  city.alarm("a-3", "500106");
  EXPECT_EQ(one->all("ev").size(), 1u);
  EXPECT_EQ(two->all("ev").size(), 2u);
}

TEST_F(Live, area_and_role_decide_what_is_heard) {
  const auto [district, id] = open(city.token(Role::acceptor, "500106"));
  const auto [wall, wall_id] = open(city.token(Role::wall));
  for (const char* topic : {"alarm", "case", "report", "sys"}) {
    say(id, R"({"t":"sub","id":)" + std::to_string(topic[0]) + R"(,"topic":")" + topic + "\"}");
    say(wall_id, R"({"t":"sub","id":)" + std::to_string(topic[0]) + R"(,"topic":")" + topic + "\"}");
  }
  city.alarm("a-1", "500106");
  city.alarm("a-2", "500103");
  city.file("5001032022082200001", "500103");
  Report report;
  report.id = "r-1";
  report.area = "500106";
  city.happen("report.new", report);
  EXPECT_EQ(district->all("ev").size(), 2u);  // its alarm and its report
  EXPECT_EQ(wall->all("ev").size(), 3u);      // no report
  ASSERT_EQ(wall->all("err").size(), 1u);
  EXPECT_EQ(text_or(wall->all("err")[0], "code"), "auth.forbidden");
}

TEST_F(Live, people_at_one_case_see_each_other_until_they_leave) {
  city.file("5001062022082200001", "500106");
  const auto here = [](const Screen& screen) {
    const auto all = screen.all("here");
    return all.empty() ? std::size_t{0} : all.back().at("people").as_array().size();
  };
  const std::string at = R"({"t":"here","subject":"5001062022082200001"})";
  const std::string acceptor = city.token(Role::acceptor), dispatcher = city.token(Role::dispatcher);
  const auto [one, id1] = open(acceptor);
  const auto [two, id2] = open(dispatcher);
  const auto [tab, id3] = open(acceptor);
  const auto [foreign, id4] = open(city.token(Role::acceptor, "500112"));
  const auto [wall, id5] = open(city.token(Role::wall));
  say(id1, at);
  EXPECT_EQ(here(*one), 1u);
  say(id2, at);
  say(id3, at);
  EXPECT_EQ(here(*one), 2u);  // a second page of the same person is not a third one
  EXPECT_EQ(here(*two), 2u);
  EXPECT_FALSE(text_or(one->all("here").back().at("people").at(0).as_object(), "id").empty());
  for (const auto id : {id4, id5}) say(id, at);
  say(id2, R"({"t":"here","subject":"none"})");
  EXPECT_EQ(text_or(foreign->all("err").at(0), "code"), "auth.foreign_area");
  EXPECT_EQ(text_or(wall->all("err").at(0), "code"), "auth.forbidden");
  EXPECT_EQ(text_or(two->all("err").at(0), "code"), "not_found");
  EXPECT_EQ(here(*foreign) + here(*wall), 0u);
  feed.closed(id3);
  EXPECT_EQ(here(*one), 2u);
  say(id2, R"({"t":"here","subject":""})");
  EXPECT_EQ(here(*one), 1u);
  const auto told = one->all("here");
  for (std::size_t i = 1; i < told.size(); ++i) EXPECT_GT(told[i].at("n").to_number<int>(), told[i - 1].at("n").to_number<int>());
  const std::size_t before = one->all("here").size();
  feed.closed(id2);  // had left already
  EXPECT_EQ(one->all("here").size(), before);
}

TEST_F(Live, resume_replays_all_topics_in_one_order) {
  city.alarm("a-1", "500106");
  const std::uint64_t seen = city.seq_;
  city.alarm("a-2", "500106");
  city.file("5001062022082200001", "500106");
  city.alarm("a-3", "500106");
  const std::string token = city.token(Role::admin);
  const auto [screen, id] = open(token, R"({"epoch":"e1","seq":)" + std::to_string(seen) + "}");
  ASSERT_EQ(screen->all("resumed").size(), 1u);
  EXPECT_EQ(screen->all("resumed")[0].at("from").to_number<std::uint64_t>(), seen);
  for (const char* topic : {"case", "alarm"})
    say(id, R"({"t":"sub","id":)" + std::to_string(topic[0]) + R"(,"topic":")" + topic + R"(","from":)" + std::to_string(seen) + "}");
  city.alarm("a-4", "500106");  // before the replay
  tick();
  const auto seqs = screen->seqs();
  ASSERT_EQ(seqs.size(), 4u);
  EXPECT_TRUE(std::is_sorted(seqs.begin(), seqs.end()));
  EXPECT_TRUE(screen->all("snap").empty());
  city.alarm("a-5", "500106");
  EXPECT_EQ(screen->seqs().size(), 5u);
}

TEST_F(Live, resume_goes_back_into_the_journal_after_a_restart) {
  const std::uint64_t seen = city.seq_;
  city.alarm("a-1", "500106");
  city.alarm("a-2", "500103");
  LiveFeed after(city.face(), *city.api_);  // a new process: nothing in memory
  city.feed_ = &after;
  auto screen = std::make_shared<Screen>();
  const std::string token = city.token(Role::admin, "500106");
  const auto id = after.open(screen, "token:" + token.substr(10, token.rfind('_') - 10));
  after.message(id, R"({"t":"hello","v":1,"tab":"x","caps":[],"resume":{"epoch":"e1","seq":)" + std::to_string(seen) + "}}");
  after.message(id, R"({"t":"sub","id":1,"topic":"alarm","from":)" + std::to_string(seen) + "}");
  city.now_ += Millis{100};
  after.tick(city.now_);
  ASSERT_EQ(screen->all("ev").size(), 1u);
  EXPECT_EQ(screen->all("ev")[0].at("ids").at(0).as_string(), "a-1");
}

TEST_F(Live, another_epoch_or_too_old_a_seq_resets) {
  const std::string token = city.token(Role::admin);
  EXPECT_EQ(text_or(open(token, R"({"epoch":"e0","seq":1})").first->all("reset").at(0), "why"), "epoch");
  EXPECT_EQ(text_or(open(token, R"({"epoch":"e1","seq":999999})").first->all("reset").at(0), "why"), "retention");
  EXPECT_EQ(text_or(open(token, R"({"epoch":"e1","seq":-5})").first->all("reset").at(0), "why"), "retention");
  const auto [screen, id] = open(token);
  say(id, R"({"t":"sub","id":1,"topic":"alarm","from":999999})");
  tick();
  EXPECT_EQ(text_or(screen->all("reset").at(0), "why"), "retention");
  city.alarm("a-1", "500106");
  EXPECT_EQ(screen->all("ev").size(), 1u);  // and goes on
}

TEST_F(Live, a_burst_arrives_whole_and_in_order) {
  const auto [screen, id] = open(city.token(Role::admin));
  say(id, R"({"t":"sub","id":1,"topic":"alarm"})");
  std::vector<Event> burst;
  for (int i = 0; i < 10'000; ++i) {
    Alarm alarm;
    alarm.id = "a-" + std::to_string(i);
    alarm.area = "500106";
    burst.push_back({0, city.now_, "alarm.new", "", alarm});
  }
  city.happen(std::move(burst));
  std::size_t events = 0, last = 0;
  for (const auto& text : screen->texts) {
    if (!text->starts_with("{\"t\":\"ev\",\"seq\":")) continue;
    const std::size_t seq = std::stoul(text->substr(16));
    EXPECT_GT(seq, last);
    last = seq;
    ++events;
  }
  EXPECT_EQ(events, 10'000u);
}

TEST_F(Live, a_slow_screen_is_reset_or_sent_away) {
  const auto [screen, id] = open(city.token(Role::admin));
  say(id, R"({"t":"sub","id":1,"topic":"alarm"})");
  screen->slow = true;
  screen->waiting = limits::kLiveQueueBytes;
  city.alarm("a-1", "500106");  // fills it
  const std::size_t before = screen->texts.size();
  city.alarm("a-2", "500106");
  city.alarm("a-3", "500106");
  EXPECT_EQ(screen->texts.size(), before);  // nothing more while it is full
  screen->slow = false;
  for (int i = 0; i < 21; ++i) tick();
  EXPECT_EQ(screen->all("ev").size(), 3u);  // what waited comes when there is room
  EXPECT_EQ(screen->closed, 0);
  screen->slow = true;
  screen->waiting = limits::kLiveQueueBytes;
  city.alarm("a-4", "500106");
  city.alarm("a-5", "500106");
  for (int i = 0; i < 130; ++i) tick();
  EXPECT_EQ(screen->closed, 4408);
}

TEST_F(Live, far_behind_means_start_over) {
  const auto [screen, id] = open(city.token(Role::admin));
  say(id, R"({"t":"sub","id":1,"topic":"alarm"})");
  screen->slow = true;
  screen->waiting = limits::kLiveQueueBytes;
  std::vector<Event> many;
  for (std::size_t i = 0; i < limits::kLiveBacklog + 10; ++i) {
    Alarm alarm;
    alarm.id = "b-" + std::to_string(i);
    many.push_back({0, city.now_, "alarm.new", "", alarm});
  }
  city.happen(std::move(many));
  EXPECT_EQ(screen->all("ev").size(), 1u);
  screen->slow = false;
  for (int i = 0; i < 21; ++i) tick();
  ASSERT_EQ(screen->all("reset").size(), 1u);
  EXPECT_EQ(text_or(screen->all("reset")[0], "why"), "overload");
  city.alarm("a-9", "500106");
  EXPECT_EQ(screen->all("ev").size(), 2u);
}

TEST_F(Live, layers_send_names_then_changes_in_the_box) {
  const Asset one = city.asset("tank-1", "500106", {106.45, 29.54});
  const Asset two = city.asset("tank-2", "500106", {106.46, 29.54});
  const Asset far = city.asset("tank-3", "500103", {107.45, 29.54});
  city.hear(one.slot, 10);
  const auto [screen, id] = open(city.token(Role::admin));
  say(id, R"({"t":"sub","id":3,"topic":"layer:tank","q":{"bbox":[106,29,107,30]}})");
  tick();
  ASSERT_EQ(screen->all("snap").size(), 1u);
  EXPECT_EQ(screen->all("snap")[0].at("rows").as_array().size(), 2u);
  EXPECT_EQ(screen->all("snap")[0].at("rows").at(0).at(1).as_string(), "tank-1");
  ASSERT_EQ(screen->all("st").size(), 1u);
  EXPECT_EQ(screen->all("st")[0].at("up").as_array().size(), 2u);
  EXPECT_TRUE(screen->all("st")[0].at("up").at(1).at(2).is_null());  // never heard
  for (int i = 0; i < 10; ++i) tick();
  EXPECT_EQ(screen->all("st").size(), 1u);  // nothing changed
  city.hear(two.slot, 30, Level::yellow);
  city.hear(far.slot, 30, Level::yellow);
  for (int i = 0; i < 4; ++i) tick();
  const auto changed = screen->all("st");
  ASSERT_EQ(changed.size(), 2u);
  ASSERT_EQ(changed[1].at("up").as_array().size(), 1u);
  EXPECT_EQ(changed[1].at("up").at(0).at(0).to_number<std::uint32_t>(), two.slot);
  EXPECT_EQ(changed[1].at("up").at(0).at(1).to_number<int>(), 2);
  say(id, R"({"t":"mod","id":3,"q":{"bbox":[107,29,108,30]}})");
  tick();
  EXPECT_EQ(screen->all("snap").back().at("rows").at(0).at(1).as_string(), "tank-3");
  city.happen("asset.remove", Removed{"assets", "tank-3"});
  city.hear(one.slot, 11);
  for (int i = 0; i < 4; ++i) tick();
  EXPECT_EQ(screen->all("st").back().at("rm").at(0).to_number<std::uint32_t>(), far.slot);
}

TEST_F(Live, objects_come_with_all_values_and_only_in_scope) {
  const Asset one = city.asset("tank-1", "500106", {106.45, 29.54});
  const auto [screen, id] = open(city.token(Role::admin));
  say(id, R"({"t":"sub","id":4,"topic":"obj:asset:tank-1"})");
  tick();
  city.hear(one.slot, 42.5, Level::orange);
  tick();
  tick();
  const auto states = screen->all("st");
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states[1].at("d").at("values").at("ch4").at("value").to_number<double>(), 42.5);
  const auto [other, other_id] = open(city.token(Role::admin, "500103"));
  say(other_id, R"({"t":"sub","id":4,"topic":"obj:asset:tank-1"})");
  EXPECT_EQ(text_or(other->all("err").at(0), "code"), "auth.foreign_area");
  say(other_id, R"({"t":"sub","id":5,"topic":"layer:tank"})");
  tick();
  EXPECT_EQ(other->all("snap").at(0).at("rows").as_array().size(), 0u);
}

TEST_F(Live, kpi_comes_once_a_second) {
  city.alarm("a-1", "500106", Level::red);
  const auto [screen, id] = open(city.token(Role::wall));
  say(id, R"({"t":"sub","id":9,"topic":"kpi"})");
  for (int i = 0; i < 30; ++i) tick();
  const auto states = screen->all("st");
  EXPECT_GE(states.size(), 2u);
  EXPECT_LE(states.size(), 4u);
  EXPECT_EQ(states.back().at("d").at("alarms").at("red").to_number<int>(), 1);
}

TEST_F(Live, pressure_slows_state_and_says_so) {
  const Asset one = city.asset("tank-1", "500106", {106.45, 29.54});
  const auto [screen, id] = open(city.token(Role::admin));
  say(id, R"({"t":"sub","id":3,"topic":"layer:tank"})");
  say(id, R"({"t":"ack","seq":0,"lag":3000})");
  for (int i = 0; i < 100; ++i) {
    city.hear(one.slot, i);
    tick();
  }
  ASSERT_FALSE(screen->all("lag").empty());
  EXPECT_EQ(screen->all("lag").back().at("every").to_number<int>(), 2000);
  EXPECT_LT(screen->all("st").size(), 12u);
}

TEST_F(Live, limits_hold) {
  const auto [screen, id] = open(city.token(Role::admin));
  for (int i = 0; i < 40; ++i) say(id, R"({"t":"sub","id":)" + std::to_string(i) + R"(,"topic":"kpi"})");
  EXPECT_EQ(screen->all("err").size(), 8u);
  for (int i = 0; i < 30; ++i) say(id, R"({"t":"mod","id":1,"q":{}})");
  EXPECT_EQ(screen->all("err").size(), 18u);
  for (int i = 0; i < 1000; ++i) say(id, R"({"t":"pong","n":1})");
  EXPECT_EQ(screen->closed, 4429);
  for (const char* bad : {R"({"t":"sub","id":"x","topic":"kpi"})", R"({"t":"sub","id":1,"topic":"layer:nothing"})", R"({"t":"sub","id":1})",
                          R"({"t":"mod","id":77})", R"({"t":"sub","id":1,"topic":"layer:tank","q":{"bbox":[1,"a",null]}})", R"({"t":"what"})"}) {
    const auto [other, other_id] = open(city.token(Role::admin));
    say(other_id, bad);
    EXPECT_EQ(other->all("err").size(), 1u) << bad;
    EXPECT_EQ(other->closed, 0) << bad;
  }
}

TEST_F(Live, rights_that_end_close_the_socket) {
  const std::string token = city.token(Role::acceptor);
  const auto [screen, id] = open(token);
  const std::string admin = city.token(Role::admin);
  city.call(ApiCity::request("DELETE", "/api/v1/tokens/" + token.substr(10, token.rfind('_') - 10), admin));
  for (int i = 0; i < 11; ++i) tick();
  EXPECT_EQ(screen->closed, 4401);
}

TEST_F(Live, changes_and_events_carry_the_same) {
  const std::string token = city.token(Role::admin, "500106");
  const auto now = doc_of_body(city.get("/api/v1/changes", token));
  const std::string since = "e1:" + std::to_string(now.at("seq").to_number<std::uint64_t>());
  EXPECT_TRUE(now.at("events").as_array().empty());
  std::optional<HttpResponse> waited;
  city.api_->handle(ApiCity::request("GET", "/api/v1/changes?wait=25&since=" + since, token), [&](HttpResponse r) { waited = std::move(r); });
  EXPECT_FALSE(waited);
  city.alarm("a-2", "500103");  // not ours
  EXPECT_FALSE(waited);
  city.alarm("a-1", "500106");
  ASSERT_TRUE(waited);
  EXPECT_EQ(doc_of_body(*waited).at("events").at(0).at("ids").at(0).as_string(), "a-1");
  const HttpResponse sse = city.get("/api/v1/events?since=" + since, token);
  EXPECT_EQ(header_of(sse, "Content-Type"), "text/event-stream");
  EXPECT_NE(sse.body.find("data: {\"t\":\"ev\""), std::string::npos);
  EXPECT_NE(sse.body.find("id: e1:" + std::to_string(city.seq_)), std::string::npos);
  EXPECT_EQ(doc_of_body(city.get("/api/v1/changes?since=e0:1", token)).at("reset").as_string(), "epoch");
  EXPECT_EQ(doc_of_body(city.get("/api/v1/changes?since=e1:99999", token)).at("reset").as_string(), "retention");
  EXPECT_EQ(code_of(city.get("/api/v1/changes?since=e1:x", token)), "query.invalid");
  std::optional<HttpResponse> late;
  city.api_->handle(ApiCity::request("GET", "/api/v1/changes?wait=2&since=e1:" + std::to_string(city.seq_), token), [&](HttpResponse r) { late = std::move(r); });
  EXPECT_FALSE(late);
  for (int i = 0; i < 21; ++i) tick();
  ASSERT_TRUE(late);
  EXPECT_TRUE(doc_of_body(*late).at("events").as_array().empty());
}

}  // namespace
}  // namespace cityloop
