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
constexpr const char* kClasses =
    "scheme,type,code,name,duty,radius_m,hours,condition,filing,closing,limit\n"
    "GB2013,event,0110,garbage,sanitation,,,1,f,c,4WH\nGB2013,event,0110,garbage,,,,2,g,c,1WD\n"
    "GB2013,event,0506,ponding,municipal,150,6,1,f,c,2UH\n"
    "GB2013,event,0113,road,municipal,,,1,f,c,5WD\nGB2013,event,0113,road,,,,2,g,c,5WD\n";
const std::map<std::string, std::string> kWords{
    {"kind", "timeout"}, {"satisfaction", "satisfied"}, {"look_back", "kept"}};

class District {
 public:
  District(std::uint64_t seed, const SimulationFaults& faults, const SimulationShape& shape)
      : seed_(seed), faults_(faults), shape_(shape), chance_(seed * 7919 + 1), city_(seed) {
    city_.set_journal_lag(faults.journal_lag);
    city_.load_packs({std::begin(kPacks), std::end(kPacks)});
    const Answer calendar =
        city_.act("system", "calendar.ship", "district", kCalendar);  // the trees' limit is a working day
    CHECK(calendar.status == 200);
    lay_out();
    Area area{kDistrict, "沙坪坝区", "", "50", {{{{{106.25, 29.50}, {106.50, 29.50}, {106.50, 29.75}, {106.25, 29.75}}}}}};
    simulation_ = std::make_unique<Simulation>(city_.city().packs(), Simulation::Options{seed, shape_.crowd ? 0.02 : 0.3, {area}});
    const Answer answer = city_.act("system", "assets.import", "", simulation_->assets_geojson());
    CHECK(answer.status < 400);
    simulation_->begin(city_.now());
  }

  SimulationReport run(std::size_t steps) {
    for (step_ = 0; step_ < steps; ++step_) {
      city_.advance(shape_.step);
      if (step_ % 40 == 5) simulation_->provoke(chance_.next() % simulation_->asset_count(), city_.now());
      speak();
      if (shape_.crowd) report();
      people();
      receivers();
      if (roll() < faults_.checkpoint) city_.checkpoint();
      if (roll() < faults_.crash) {
        city_.crash();
        ++report_.crashes;
      }
      check();
    }
    check_escalations();
    report_.dump = city_.dump();
    report_.people = people_.size();
    report_.reports = city_.docs("reports").size();
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
    if (shape_.crowd) lay_out_crowd(person);
    for (const char* duty : {"sanitation", "street", "landscape", "municipal", "environment"}) {
      person(std::string("desk-") + duty, "unit_desk", kDistrict, kDistrict + "-" + duty);
      person(std::string("crew-") + duty, "handler", kDistrict, kDistrict + "-" + duty);
    }
    lay_receivers();
  }

  void lay_receivers() {
    admin("receiver.put", "duty", R"({"url":"https://duty.example","types":["city."]})");
    admin("receiver.put", "night", R"({"url":"https://night.example","quiet":[{"below":"red","from":"15:00","to":"17:00"}],"give_up_after":"20m"})");
    admin("receiver.put", "chief", R"({"url":"https://chief.example","escalation":{"step":2,"after":"5m"}})");
    admin("receiver.put", "mayor", R"({"url":"https://mayor.example","at_least":"orange","escalation":{"step":3,"after":"15m"}})");
  }

  // Takes, refuses or rests; says at random what became of what it took.
  void receivers() {
    for (const Notice& notice : city_.city().command().due(city_.now())) {
      NoticeResultIn result{notice.id, roll() < 0.6, "", city_.now(), Millis{0}, false};
      if (!result.delivered && roll() < 0.2) result.retry_after = std::chrono::minutes(2);
      result.final = !result.delivered && roll() < 0.02;
      city_.run({result});
      if (!result.delivered) continue;
      ++report_.carried;
      const std::uint64_t number = std::stoull(notice.id.substr(notice.id.rfind(':') + 1));
      std::uint64_t& last = last_heard_[notice.subject + "\n" + notice.target];
      if (number <= last) violation(notice.target + " heard " + notice.id + " after number " + std::to_string(last));
      last = number;
      if (roll() < 0.3) city_.act("system", "notice.receipt", notice.id, R"({"state":"delivered"})");
      if (roll() < 0.3) city_.act("system", "notice.receipt", notice.id, roll() < 0.9 ? R"({"state":"read"})" : R"({"state":"failed"})");
    }
  }

  // An order may be escalated once for each time that it was given to somebody.
  void check_escalations() {
    std::map<std::string, std::size_t> given, told;
    for (const std::string& doc : city_.docs("orders")) ++given[text_or(parse_json(doc)->as_object(), "case")];
    for (const std::string& doc : city_.docs("notices")) {
      const json::object notice = parse_json(doc)->as_object();
      report_.escalated += notice.at("step").to_number<int>() > 1 ? 1 : 0;
      if (text_or(notice, "type") != "city.case.unaccepted") continue;
      const std::string subject = text_or(notice, "subject");
      if (++told[subject + " " + text_or(notice, "target")] > given[subject]) violation(text_or(notice, "target") + " heard of " + subject + " too often");
    }
  }

  // Up to 40 people of every role that works on cases, and a class table of the city's own.
  template <class Person>
  void lay_out_crowd(const Person& person) {
    admin("classes.import", "", json::serialize(json::object{{"format", "csv"}, {"text", kClasses}}));
    for (const char* number : {"2", "3"}) {
      person(std::string("shift") + number, "shift_leader", "50", "");
      person(std::string("accept") + number, "acceptor", "50", "");
      person(std::string("dispatch") + number, "dispatcher", "50", "");
      person(std::string("collect") + number, "collector", kDistrict, "");
      for (const char* duty : {"sanitation", "street", "landscape", "municipal", "environment"})
        person("crew-" + std::string(duty) + number, "handler", kDistrict, kDistrict + "-" + duty);
    }
    person("evaluate", "evaluator", "50", "");
    person("govern", "admin", "50", "");
    for (const char* number : {"4", "5", "6", "7"}) person(std::string("collect") + number, "collector", kDistrict, "");
  }

  // Whoever is away today does nothing: the same people for the whole day, from the seed.
  bool is_absent(const std::string& principal) const {
    const auto day = static_cast<std::uint64_t>(to_ms(city_.now()) / 86'400'000);
    const auto who = static_cast<std::uint64_t>(std::ranges::find(people_, principal) - people_.begin());
    Chance chance(seed_ * 1'000'003 + day * 131 + who * 7);
    return static_cast<double>(chance.next() >> 11) * 0x1.0p-53 < shape_.absent;
  }

  // Collectors report what they see, often what another has reported, and their phones send it twice.
  void report() {
    if (roll() > 0.3) return;
    const std::string& who = people_[chance_.next() % people_.size()];
    const Actor actor = *actor_of(city_.city().access().table(), who);
    if (!actor.is(Role::collector) || is_absent(who)) return;
    const char* codes[] = {"0110", "0506", "0113"};
    const double lng = 106.30 + static_cast<double>(chance_.next() % 20) * 0.005;
    const json::object body{{"title", "seen"}, {"class", codes[chance_.next() % 3]}, {"location", json::array{lng, 29.60}},
                            {"external", "p-" + std::to_string(chance_.next() % 100'000)}};
    const Answer first = city_.act(who, "report.submit", "", json::serialize(body));
    if (first.status >= 400) return violation("a report was refused: " + first.code + " " + first.detail);
    if (roll() > 0.3) return;
    const Answer again = city_.act(who, "report.submit", "", json::serialize(body));
    if (again.status != 200) violation("the same report twice was not the same: " + std::to_string(again.status));
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
      if (roll() > (shape_.crowd ? 0.08 : 0.7)) continue;
      // In a crowd somebody who can do something is soon found; among few it is whoever it is.
      for (int tries = shape_.crowd ? 12 : 1; tries > 0; --tries) {
        const std::string& principal = people_[chance_.next() % people_.size()];
        if (shape_.absent > 0 && is_absent(principal)) continue;
        const Case file = *city_.city().command().open_case(no);
        std::vector<ActionOffer> able = offers_to(principal, file);
        const bool only_possible = shape_.crowd && roll() < 0.9;
        if (only_possible) std::erase_if(able, [](const ActionOffer& offer) { return !offer.enabled || offer.name == "comment"; });
        // Mostly somebody does what the case waits for.
        if (only_possible && roll() < 0.8 && std::ranges::any_of(able, is_forward))
          std::erase_if(able, [](const ActionOffer& offer) { return !is_forward(offer); });
        if (able.empty()) continue;
        const ActionOffer offer = able[chance_.next() % able.size()];
        take(no, principal, file, offer);
        break;
      }
    }
  }

  static bool is_forward(const ActionOffer& offer) {
    static const std::set<std::string_view> kForward{"register", "dispatch", "accept", "arrive", "finish", "feedback", "check", "close"};
    return kForward.contains(offer.name);
  }

  std::vector<ActionOffer> offers_to(const std::string& principal, const Case& file) {
    const Actor actor = *actor_of(city_.city().access().table(), principal);
    const Asset* asset = city_.city().tables().asset(file.asset);
    const Analyse::Agreement agreement = asset ? city_.city().analyse().agreement(*asset, city_.now()) : Analyse::Agreement{};
    Agreed agreed{agreement.needed, agreement.agrees, agreement.because};
    if (const CaseClocks* clocks = city_.city().supervise().clocks(file.no))
      agreed.disposal_missed = disposal_missed(clocks->shown(), city_.now());
    CaseGuards guards = guards_of(file, agreed, *city_.city().packs(), city_.city().tables());
    for (const std::string& child : file.course.children) {
      const Case* known = city_.city().command().open_case(child);
      guards.children_open = guards.children_open || (known != nullptr && is_open(known->stage));
    }
    if (const auto held = city_.city().command().files().find(file.no); held != city_.city().command().files().end()) {
      guards.picture_known = !held->second.attachments.empty();
      for (const Order& order : held->second.orders) guards.worked_on = guards.worked_on || went_to(order, actor);
    }
    std::vector<ActionOffer> able;
    for (ActionOffer& offer : offers(file, actor, guards))
      if ((offer.name != "split" || roll() < 0.05) && offer.name != "cancel" && offer.name != "force_close" && offer.name != "merge" && offer.name != "unmerge")
        able.push_back(std::move(offer));
    return able;
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
      } else if (name == "standard") {
        const bool in_table = file.klass.code == "0110" || file.klass.code == "0506" || file.klass.code == "0113";
        if (field.required || (in_table && shape_.crowd && roll() < 0.5)) body[name] = "1";
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
    else ++report_.taken[offer.name];
    // Whether another case of the asset is open, the offer does not say.
    if (offer.enabled && answer.status >= 400 && !(offer.name == "reopen" && answer.code == "conflict"))
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
      const CaseClocks* clocks = city_.city().supervise().clocks(no);
      std::size_t running = 0;
      if (clocks != nullptr)
        for (const StageClock& clock : clocks->all()) running += clock.running_since ? 1 : 0;
      const bool ticks = is_open(held.file.stage) && held.file.stage != Stage::suspended;
      if (clocks != nullptr && running != (ticks ? 1u : 0u)) violation(no + " at " + std::string(stage_name(held.file.stage)) + " has " + std::to_string(running) + " running clocks");
      if (held.file.stage == Stage::suspended && (!held.file.course.suspended_until || *held.file.course.suspended_until <= city_.now())) violation(no + " should have resumed");
      if (!origins.insert(held.file.origin).second) violation("two cases from " + held.file.origin);
      if (!is_open(held.file.stage) || held.file.asset.empty()) continue;
      if (++open[held.file.klass.type + held.file.klass.code + "@" + held.file.asset] > 1) violation("two open cases of one class on " + held.file.asset);
      for (const std::string& alarm : held.file.alarms)
        if (const Alarm* known = city_.city().analyse().alarm(alarm); known && known->case_no != no) violation("alarm " + alarm + " does not know its case " + no);
    }
  }

  std::uint64_t seed_;
  SimulationFaults faults_;
  SimulationShape shape_;
  Chance chance_;
  Harness city_;
  std::unique_ptr<Simulation> simulation_;
  std::vector<std::string> people_;
  std::vector<Delayed> delayed_;
  std::map<std::string, std::uint64_t> last_heard_;  // subject \n receiver -> running number
  SimulationReport report_;
  std::size_t step_ = 0;
};

}  // namespace

SimulationReport simulate(std::uint64_t seed, std::size_t steps, const SimulationFaults& faults, const SimulationShape& shape) {
  return District(seed, faults, shape).run(steps);
}

}  // namespace cityloop
