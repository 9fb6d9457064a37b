// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation.h"

#include <algorithm>
#include <map>
#include <set>

#include "city/simulation.h"
#include "core/json.h"
#include "tests/harness.h"

namespace cityloop {

namespace {

constexpr const char* kCalendar =
    R"({"version": "1", "hours": ["08:00-12:00", "14:00-18:00"], "weekend": ["saturday", "sunday"],
  "years": {"2022": {"holidays": [{"from": "2022-08-23"}], "workdays": []}}})";
constexpr const char* kPacks[] = {"septic_gas", "manhole_cover", "ancient_tree", "air_quality"};
const std::string kDistrict = "500106";

struct Delayed {
  Time until{};
  ReadingBatch batch;
};

void copy_message(const ReadingBatch& from, std::size_t index, ReadingBatch& to) {
  const ReadingBatch::Message& message = from.messages[index];
  std::vector<std::pair<std::string_view, Decimal>> values;
  for (std::uint32_t k = message.first; k < message.first + message.count; ++k)
    values.emplace_back(from.point_of(from.samples[k]), Decimal{from.samples[k].mantissa, from.samples[k].scale});
  add_message(to, from.asset_of(message), message.at, values);
}

// What fields that know only some words get.
const std::map<std::string, std::string> kWords{
    {"kind", "timeout"}, {"satisfaction", "satisfied"}, {"look_back", "kept"}};

class District {
 public:
  District(std::uint64_t seed, const SimulationFaults& faults) : seed_(seed), faults_(faults), chance_(seed * 7919 + 1), city_(seed) {
    city_.set_journal_lag(faults.journal_lag);
    city_.load_packs({std::begin(kPacks), std::end(kPacks)});
    const Answer calendar =
        city_.act("system", "calendar.ship", "district", kCalendar);  // the trees' limit is a working day
    CHECK(calendar.status == 200);
    lay_out();
    Area area{kDistrict, "沙坪坝区", "", "50", {{{{{106.25, 29.50}, {106.50, 29.50}, {106.50, 29.75}, {106.25, 29.75}}}}}};
    simulation_ = std::make_unique<Simulation>(city_.city().packs(), Simulation::Options{seed, 0.3, {area}});
    const Answer answer = city_.act("system", "assets.import", "", simulation_->assets_geojson());
    CHECK(answer.status < 400);
    simulation_->begin(city_.now());
  }

  SimulationReport run(std::size_t steps) {
    for (step_ = 0; step_ < steps; ++step_) {
      city_.advance(std::chrono::seconds(30));
      if (step_ % 40 == 5) simulation_->provoke(chance_.next() % simulation_->asset_count(), city_.now());
      speak();
      people();
      if (roll() < faults_.checkpoint) city_.checkpoint();
      if (roll() < faults_.crash) {
        city_.crash();
        ++report_.crashes;
      }
      check();
    }
    report_.dump = city_.dump();
    report_.alarms = city_.docs("alarms").size();
    report_.cases = city_.docs("cases").size();
    for (const std::string& doc : city_.docs("cases")) report_.closed += text_or(parse_json(doc)->as_object(), "stage") == "closed" ? 1 : 0;
    return std::move(report_);
  }

 private:
  double roll() { return static_cast<double>(chance_.next() >> 11) * 0x1.0p-53; }

  void admin(const std::string& verb, const std::string& subject, const std::string& body) {
    const Answer answer = city_.act("system", verb, subject, body);
    if (answer.status >= 400) std::fprintf(stderr, "%s %s: %s %s\n", verb.c_str(), subject.c_str(), answer.code.c_str(), answer.detail.c_str());
    CHECK(answer.status < 400);
  }

  void lay_out() {
    admin("areas.import", "", R"({"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"500106","name":"沙坪坝区"},
      "geometry":{"type":"Polygon","coordinates":[[[106.25,29.5],[106.5,29.5],[106.5,29.75],[106.25,29.75],[106.25,29.5]]]}}]})");
    for (const char* duty : {"sanitation", "street", "landscape", "municipal", "environment"})
      admin("unit.put", kDistrict + "-" + duty, std::string(R"({"name":"u","area":"500106","duties":[")") + duty + "\"]}");
    const auto person = [&](std::string name, std::string role, std::string area, std::string unit) {
      admin("user.put", name, R"({"person":")" + name + R"(","roles":[")" + role + R"("],"area":")" + area + R"(","unit":")" + unit + "\"}");
      people_.push_back("user:" + name);
    };
    person("shift", "shift_leader", "50", "");
    person("accept", "acceptor", "50", "");
    person("dispatch", "dispatcher", "50", "");
    person("collect", "collector", kDistrict, "");
    person("inspect", "inspector", kDistrict, "");
    person("lead", "leader", "50", "");
    for (const char* duty : {"sanitation", "street", "landscape", "municipal", "environment"}) {
      person(std::string("desk-") + duty, "unit_desk", kDistrict, kDistrict + "-" + duty);
      person(std::string("crew-") + duty, "handler", kDistrict, kDistrict + "-" + duty);
    }
  }

  void speak() {
    ReadingBatch fresh, batch;
    simulation_->readings(city_.now(), 100'000, fresh);
    for (std::size_t i = 0; i < fresh.messages.size(); ++i) {
      ++report_.messages;
      const double fate = roll();
      if (fate < faults_.lost) continue;
      if (fate < faults_.lost + faults_.late) {
        Delayed delayed;
        delayed.until = city_.now() + Millis{static_cast<std::int64_t>(roll() * 1'800'000)};
        copy_message(fresh, i, delayed.batch);
        delayed_.push_back(std::move(delayed));
        continue;
      }
      copy_message(fresh, i, batch);
      if (fate < faults_.lost + faults_.late + faults_.doubled) copy_message(fresh, i, batch);
    }
    for (auto it = delayed_.begin(); it != delayed_.end();) {
      if (it->until > city_.now()) {
        ++it;
        continue;
      }
      for (std::size_t i = 0; i < it->batch.messages.size(); ++i) copy_message(it->batch, i, batch);
      it = delayed_.erase(it);
    }
    if (batch.messages.empty()) return;
    const Answer answer = city_.send("system", std::move(batch));
    if (answer.status >= 400) violation("readings refused: " + answer.code);
  }

  // Somebody takes one of the actions that the table offers them, now and then one that it does not.
  void people() {
    std::vector<std::string> numbers;
    for (const auto& [no, held] : city_.city().command().files())
      if (is_open(held.file.stage) || roll() < 0.02) numbers.push_back(no);  // now and then one that is over
    for (const std::string& no : numbers) {
      if (roll() > 0.7) continue;
      const std::string& principal = people_[chance_.next() % people_.size()];
      const Actor actor = *actor_of(city_.city().access().table(), principal);
      const Case file = *city_.city().command().open_case(no);
      const Asset* asset = city_.city().tables().asset(file.asset);
      const Analyse::Agreement agreement = asset ? city_.city().analyse().agreement(*asset, city_.now()) : Analyse::Agreement{};
      Agreed agreed{agreement.needed, agreement.agrees, agreement.because};
      if (const CaseClocks* clocks = city_.city().supervise().clocks(no))
        agreed.disposal_missed = disposal_missed(clocks->shown(), city_.now());
      CaseGuards guards = guards_of(file, agreed, *city_.city().packs(), "50");
      for (const std::string& child : file.course.children) {
        const Case* known = city_.city().command().open_case(child);
        guards.children_open = guards.children_open || (known != nullptr && is_open(known->stage));
      }
      std::vector<ActionOffer> able;
      for (ActionOffer& offer : offers(file, actor, guards))
        if ((offer.name != "split" || roll() < 0.05) && offer.name != "cancel" && offer.name != "force_close" && offer.name != "merge" && offer.name != "unmerge") able.push_back(std::move(offer));
      if (able.empty()) continue;
      const ActionOffer& offer = able[chance_.next() % able.size()];
      take(no, principal, file, offer);
    }
  }

  void take(const std::string& no, const std::string& principal, const Case& file, const ActionOffer& offer) {
    json::object body;
    for (const FieldNeed& field : offer.fields) {
      const std::string name(field.name);
      if (name == "unit") {
        // A unit that returned the case is not asked again at once.
        const std::string first = file.candidates.empty() ? kDistrict + "-street" : file.candidates.front().unit;
        const std::string second = first == kDistrict + "-street" ? kDistrict + "-municipal" : kDistrict + "-street";
        body[name] = file.returns % 2 == 0 ? first : second;
      } else if (name == "handler") {
        body[name] = "user:crew-" + (file.unit.size() > 7 ? file.unit.substr(7) : std::string("street"));
      } else if (name == "collector") {
        body[name] = "user:collect";
      } else if (name == "until" || name == "due") {
        body[name] = format_time(city_.now() + std::chrono::hours(1));
      } else if (const auto known = kWords.find(name); known != kWords.end()) {
        body[name] = known->second;
      } else if (name == "attachments") {
        body[name] = json::array{picture()};
      } else if (field.required) {
        body[name] = name != "result" ? "because" : file.stage == Stage::verifying ? "confirmed" : "ok";
      }
    }
    const Answer answer = city_.act(principal, "case." + offer.name, no, json::serialize(body), file.rev);
    ++report_.actions;
    if (answer.status >= 400) ++report_.refused;
    if (offer.enabled && answer.status >= 400)
      violation("offered " + offer.name + " at " + std::string(stage_name(file.stage)) + " to " + principal + " but: " + answer.code + " " + answer.detail);
    if (!offer.enabled && answer.status < 400) violation("not offered yet done: " + offer.name);
  }

  std::string picture() {
    static const std::string kHex = "0123456789abcdef";
    std::string id;
    for (int i = 0; i < 64; ++i) id += kHex[chance_.next() % 16];
    admin("attachment.add", id, R"({"id":")" + id + R"(","type":"image/jpeg","bytes":1000})");
    return id;
  }

  void violation(const std::string& what) {
    if (report_.violations.size() < 10)
      report_.violations.push_back("seed " + std::to_string(seed_) + " step " + std::to_string(step_) + ": " + what);
  }

  void check() {
    std::map<std::string, int> open;
    std::set<std::string> origins;
    for (const auto& [no, held] : city_.city().command().files()) {
      if (!origins.insert(held.file.origin).second) violation("two cases from " + held.file.origin);
      if (!is_open(held.file.stage) || held.file.asset.empty()) continue;
      if (++open[held.file.klass.type + held.file.klass.code + "@" + held.file.asset] > 1) violation("two open cases of one class on " + held.file.asset);
      for (const std::string& alarm : held.file.alarms)
        if (const Alarm* known = city_.city().analyse().alarm(alarm); known && known->case_no != no) violation("alarm " + alarm + " does not know its case " + no);
    }
  }

  std::uint64_t seed_;
  SimulationFaults faults_;
  Chance chance_;
  Harness city_;
  std::unique_ptr<Simulation> simulation_;
  std::vector<std::string> people_;
  std::vector<Delayed> delayed_;
  SimulationReport report_;
  std::size_t step_ = 0;
};

}  // namespace

SimulationReport simulate(std::uint64_t seed, std::size_t steps, const SimulationFaults& faults) { return District(seed, faults).run(steps); }

}  // namespace cityloop
