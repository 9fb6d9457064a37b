// SPDX-License-Identifier: Apache-2.0
#include "serve/offers.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/json_write.h"

namespace cityloop::serve {
namespace {

struct AlarmOffer {
  std::string_view name;
  std::string_view fields;   // separated by spaces; all are required
  std::string_view (*why_not)(const Alarm&);
};

constexpr std::string_view kFine = "";

constexpr std::array<AlarmOffer, 7> kAlarmOffers{{
    {"acknowledge", "", [](const Alarm& a) { return a.acknowledged ? "it is acknowledged" : kFine; }},
    {"shelve", "until reason", [](const Alarm& a) { return a.state == AlarmState::cleared ? "it is over" : a.shelved_until ? "it is shelved" : kFine; }},
    {"unshelve", "", [](const Alarm& a) { return a.shelved_until ? kFine : "it is not shelved"; }},
    {"false_alarm", "reason", [](const Alarm& a) { return a.false_alarm ? "it is marked already" : kFine; }},
    {"open_case", "", [](const Alarm& a) { return a.drill ? "a drill opens no case" : !a.case_no.empty() ? "it has a case" : kFine; }},
    {"notify", "receiver", [](const Alarm&) { return kFine; }},
    {"link", "case", [](const Alarm& a) { return a.drill ? "a drill joins no case" : !a.case_no.empty() ? "it has a case" : kFine; }},
}};

bool may_act(const Actor& actor) {
  return actor.is(Role::acceptor) || actor.is(Role::shift_leader) || actor.is(Role::dispatcher) || actor.is(Role::admin);
}

// All fields by name (architecture §5), and which of them must be there.
void put_fields(JsonWriter& out, const std::vector<std::string_view>& fields, const std::vector<std::string_view>& required) {
  out.list("fields", fields).list("required", required);
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

}  // namespace

bool is_alarm_action(std::string_view name) {
  return std::any_of(kAlarmOffers.begin(), kAlarmOffers.end(), [&](const AlarmOffer& offer) { return offer.name == name; });
}

// Nothing for a role that never acts on alarms.
std::string alarm_offers(const Alarm& alarm, const Actor& actor) {
  JsonWriter out;
  out.begin_array();
  if (may_act(actor)) {
    for (const AlarmOffer& offer : kAlarmOffers) {
      const std::string_view why_not = offer.why_not(alarm);
      out.begin_object().member("name", offer.name).member("enabled", why_not.empty());
      put_fields(out, words_of(offer.fields), words_of(offer.fields));
      if (!why_not.empty()) out.member("why_not", why_not).member("code", "state");
      out.end_object();
    }
  }
  return out.end_array().take();
}

std::string case_offers(const Case& file, const Actor& actor, const Packs& packs, const std::string& root_area,
                        Time now, const CaseSurroundings& around) {
  const Pack* pack = file.pack.empty() ? nullptr : packs.pack(file.pack);
  const CaseSpec* spec = pack != nullptr && pack->the_case ? &*pack->the_case : nullptr;
  CaseGuards guards;
  guards.root_area = root_area;
  guards.disposal_missed = disposal_missed(file.clocks, now);
  guards.children_open = around.children_open;
  guards.standard_needed = around.standard_needed;
  guards.picture_known = around.picture_known;
  guards.worked_on = around.worked_on;
  if (spec != nullptr) {
    guards.photo_needed = spec->photo_after;
    guards.before_needed = spec->photo_before;
    guards.agreement_needed = !spec->agreement.empty() && !file.asset.empty();
    guards.agrees = file.agreed;
    guards.agreement_because = "the sensor must agree first: " + spec->agreement;
  }
  JsonWriter out(1024);
  out.begin_array();
  for (const ActionOffer& offer : offers(file, actor, guards)) {
    std::vector<std::string_view> fields, required;
    for (const FieldNeed& field : offer.fields) {
      fields.push_back(field.name);
      if (field.required) required.push_back(field.name);
    }
    out.begin_object().member("name", offer.name).member("enabled", offer.enabled);
    put_fields(out, fields, required);
    if (!offer.enabled) out.member("why_not", offer.why_not).member("code", offer.code);
    out.end_object();
  }
  return out.end_array().take();
}

}  // namespace cityloop::serve
