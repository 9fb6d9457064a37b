// SPDX-License-Identifier: Apache-2.0
#include "app/demo.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/server.h"
#include "core/json.h"

namespace cityloop {

namespace {

constexpr Millis kBackfill = std::chrono::hours(6);     // so that charts have something to show
constexpr Millis kFirstTrouble = std::chrono::seconds(20);
constexpr const char* kHome = "-500106-";               // the district of the seed's story
constexpr std::size_t kAtOnce = 5'000;                  // messages of one input

struct Duty {
  const char* id;
  const char* name;
};
constexpr Duty kDuties[] = {{"sanitation", "环卫所"}, {"street", "属地街道"}, {"landscape", "园林绿化所"}, {"municipal", "市政设施所"}, {"environment", "生态环境局"}};

struct Person {
  const char* name;
  const char* role;
  const char* person;
  const char* area;
  const char* unit;
};
// Titles, not people. The district of the seed's story has the whole crew.
constexpr Person kPeople[] = {
    {"shift", "shift_leader", "值班长", "50", ""},        {"accept", "acceptor", "受理员", "50", ""},
    {"dispatch", "dispatcher", "派遣员", "50", ""},       {"unit", "unit_desk", "环卫平台员", "500106", "500106-sanitation"},
    {"crew", "handler", "处置员", "500106", "500106-sanitation"}, {"collect", "collector", "监督员", "500106", ""},
    {"inspect", "inspector", "督查员", "50", ""},         {"leader", "leader", "领导", "50", ""},
    {"wall", "wall", "大屏", "50", ""},
};

}  // namespace

Demo::Demo(Server& server, DemoOptions options) : server_(server), options_(options) {}

Demo::~Demo() { stop(); }

Result<void> Demo::start() {
  const bool fresh = server_.is_fresh();
  if (fresh) TRY(lay_out());
  std::vector<Area> areas;
  std::uint64_t assets = 0;
  server_.loop().between_turns([&](City& city) {
    for (const auto& [code, area] : city.tables().areas()) areas.push_back(area);
    assets = city.tables().asset_count();
  });
  simulation_ = std::make_unique<Simulation>(server_.loop().packs(), Simulation::Options{options_.seed, options_.scale, std::move(areas)});
  if (fresh) {
    const Answer answer = server_.act("assets.import", "", simulation_->assets_geojson());
    if (answer.status >= 400) return fail(errors::kInternal, "demo assets: " + answer.detail);
  }
  TRY(people());
  const Time now = server_.now();
  if (fresh) {
    simulation_->begin(now - kBackfill);
    speak(now, true);
  } else {
    simulation_->begin(now);
  }
  provoke(now);
  thread_ = std::thread([this] { run(); });
  return {};
}

// So that a newcomer sees something happen: one asset of each kind gets into trouble, a minute apart, in one district first.
void Demo::provoke(Time now) {
  Time when = now + kFirstTrouble;
  for (const Pack& pack : server_.loop().packs()->all()) {
    for (const SimulateSpec& spec : pack.simulate) {
      const std::vector<std::size_t> all = simulation_->of_kind(spec.kind);
      const auto here = std::find_if(all.begin(), all.end(), [&](std::size_t index) {
        return simulation_->asset_id(index).find(kHome) != std::string::npos;
      });
      if (all.empty()) continue;
      simulation_->provoke(here != all.end() ? *here : all.front(), when);
      when += std::chrono::minutes(1);
    }
  }
}

void Demo::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

Result<void> Demo::lay_out() {
  std::vector<std::pair<std::string, std::string>> districts;
  server_.loop().between_turns([&](City& city) {
    for (const auto& [code, area] : city.tables().areas())
      if (code.size() == 6) districts.emplace_back(code, area.name);
  });
  if (districts.empty()) return fail(errors::kUsage, "the demo needs " + server_.geo_folder() + "/districts.geojson; `make build` makes it");
  for (const auto& [code, name] : districts) {
    for (const Duty& duty : kDuties) {
      const json::object body{{"name", name + duty.name}, {"area", code}, {"duties", json::array{duty.id}}};
      const Answer answer = server_.act("unit.put", code + "-" + duty.id, json::serialize(body));
      if (answer.status >= 400) return fail(errors::kInternal, "demo units: " + answer.detail);
    }
  }
  return {};
}

// Passwords are drawn once a folder and kept beside it, readable by its owner only: no password is built in.
Result<void> Demo::people() {
  const std::string path = server_.data_folder() + "/demo-logins.txt";
  std::ifstream known(path);
  for (std::string name, role, password; known >> name >> role >> password;) logins_.push_back({name, role, password});
  if (!logins_.empty()) return {};
  for (const Person& person : kPeople) {
    Login login{person.name, person.role, server_.random_password()};
    json::object body{{"person", person.person}, {"roles", json::array{person.role}}, {"area", person.area}, {"unit", person.unit},
                      {"password", server_.hash_password(login.password)}};
    const Answer answer = server_.act("user.put", person.name, json::serialize(body));
    if (answer.status >= 400) return fail(errors::kInternal, std::string("demo user ") + person.name + ": " + answer.detail);
    logins_.push_back(std::move(login));
  }
  std::ofstream out(path);
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  for (const Login& login : logins_) out << login.name << ' ' << login.role << ' ' << login.password << '\n';
  return {};
}

void Demo::speak(Time until, bool import) {
  for (bool more = true; more && !stopping_;) {
    ReadingsIn in;
    in.principal = "system";
    in.source = "simulation";
    in.import = import;
    in.arrival = server_.now();
    more = simulation_->readings(until, kAtOnce, in.batch);
    if (in.batch.messages.empty()) return;
    server_.take(std::move(in));
  }
}

void Demo::run() {
  while (!stopping_) {
    speak(server_.now(), false);
    std::this_thread::sleep_for(Millis{100});
  }
}

}  // namespace cityloop
