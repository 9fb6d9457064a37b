// SPDX-License-Identifier: Apache-2.0
#include "analyse/analyse.h"

#include <algorithm>
#include <array>

#include "analyse/engine.h"

namespace cityloop {

Analyse::Analyse() : engine_(std::make_unique<Engine>()) {}
Analyse::~Analyse() = default;
Analyse::Analyse(Analyse&&) noexcept = default;
Analyse& Analyse::operator=(Analyse&&) noexcept = default;

Result<void> Analyse::set_packs(std::shared_ptr<const Packs> packs) { return engine_->set_packs(std::move(packs)); }

std::shared_ptr<const UrgentInputs> Analyse::urgent() const {
  return std::make_shared<const UrgentInputs>(urgent_inputs(engine_->plans()));
}

void Analyse::observe(std::span<const Observation> seen, Context& city, std::vector<Observation>& derived) {
  engine_->observe(seen, city, derived);
}
void Analyse::observe(const Observation& seen, Context& city, std::vector<Observation>& derived) {
  engine_->observe({&seen, 1}, city, derived);
}
void Analyse::observe(const Record& seen, Context& city) { engine_->observe(seen, city); }
void Analyse::hear(const Event& event, Context& city) { engine_->hear(event, city); }
void Analyse::tick(Context& city) { engine_->tick(city); }

Time Analyse::next_due() const {
  const std::int64_t due = engine_->next_due();
  return due == WakeHeap::kAsleep ? Time::max() : from_ms(due);
}

void Analyse::rules_from(Time t) { engine_->rules_from(to_ms(t)); }
void Analyse::look_at(std::uint32_t slot, Context& city) { engine_->look_at(slot, city); }
void Analyse::deaf(Time from, Time to, const std::string& principal) { engine_->deaf(to_ms(from), to_ms(to), principal); }

bool Analyse::handles(std::string_view verb) {
  static constexpr std::array<std::string_view, 5> kVerbs{"alarm.acknowledge", "alarm.shelve", "alarm.unshelve",
                                                          "alarm.false_alarm", "alarm.test"};
  return std::ranges::find(kVerbs, verb) != kVerbs.end();
}

Answer Analyse::act(const ActionIn& in, const Actor& actor, Context& city) { return engine_->act(in, actor, city); }

void Analyse::set_case(const std::string& alarm, const std::string& case_no, Context& city) {
  engine_->set_case(alarm, case_no, city);
}

const Alarm* Analyse::alarm(std::string_view id) const { return engine_->alarms().find(id); }
const std::map<std::string, Alarm, std::less<>>& Analyse::alarms() const { return engine_->alarms().all(); }
Analyse::Agreement Analyse::agreement(const Asset& asset, Time now) const { return engine_->agreement(asset, to_ms(now)); }
LiveState& Analyse::live() { return engine_->live(); }
void Analyse::encode(Writer& out) const { engine_->encode(out); }
void Analyse::decode(Reader& in) { engine_->decode(in); }

}  // namespace cityloop
