// SPDX-License-Identifier: Apache-2.0
#include "city/city.h"

#include <algorithm>
#include <span>

#include "core/json.h"
#include "core/limits.h"

namespace cityloop {

namespace {

const std::string kSystem = "system";
constexpr std::uint64_t kSkippedByRestore = 1'000'000;  // sequence numbers

Actor system_actor() {
  return Actor{kSystem,
               {Role::admin, Role::security_admin, Role::audit_admin, Role::shift_leader, Role::dispatcher, Role::integrator},
               "",
               "",
               "system"};
}

bool may_send(const Actor& actor) {
  return actor.is(Role::device) || actor.is(Role::integrator) || actor.is(Role::admin);
}

// A token of a district speaks for the assets of that district. Devices are bound to their assets instead.
std::string_view reach_of(const Actor& actor, const Context& city) {
  const bool everything = actor.is(Role::device) || in_scope(actor.area, city.tables.root_area(), city.tables.root_area());
  return everything ? std::string_view() : std::string_view(actor.area);
}

// Housekeeping of a session is no deed of a person. What every deadline hangs on, and that personal data were removed, is
// recorded even when the program did it.
bool is_audited(const ActionIn& in) {
  return (in.verb != "session.touch" && in.principal != kSystem) || Supervise::handles(in.verb) || in.verb == "person.delete";
}

Command::Settings command_settings(const CitySettings& settings) {
  Command::Settings out;
  out.utc_offset = settings.utc_offset;
  out.root_area = settings.root_area;
  return out;
}

Supervise::Settings supervise_settings(const CitySettings& settings) {
  Supervise::Settings out;
  out.audit_key = settings.audit_key;
  out.utc_offset = settings.utc_offset;
  return out;
}

}  // namespace

City::City(CitySettings settings)
    : settings_(std::move(settings)),
      packs_(std::make_shared<const Packs>()),
      command_(command_settings(settings_)),
      supervise_(supervise_settings(settings_)) {
  sense_.tables().set_root_area(settings_.root_area);
  sense_.tables().put_area(Area{settings_.root_area, settings_.root_name, "", "", {}});
}

Outcome City::step(const Turn& turn) {
  CHECK(turn.number == turn_ + 1);
  turn_ = turn.number;
  now_ = std::max(now_, turn.now);
  Outcome out;
  out.turn = turn_;
  out.now = now_;
  Chance chance(turn.seed);
  // Rooms must see one set of packs for a whole turn, so a replaced set lives until the turn ends.
  std::shared_ptr<const Packs> packs = packs_;
  auto context = [&] { return Context{turn_, now_, now_, chance, sense_.tables(), *packs_, out.events}; };
  for (const ActionIn& demand : std::exchange(demands_, {})) {
    Context city = context();
    take(demand, city, out);
  }
  out.answers.reserve(turn.inputs.size());
  for (const Input& input : turn.inputs) {
    Context city = context();
    Answer answer = take(input, city, out);
    answer.turn = turn_;
    out.answers.push_back(std::move(answer));
  }
  Context city = context();
  tick(city);
  demands_ = supervise_.take_demands();
  for (Event& event : out.events) event.seq = ++seq_;
  project(std::span<const Event>(out.events), out.rows);
  if (!out.events.empty()) out.last_seq = seq_;
  out.quarantined = sense_.quarantine().take_counts();
  return out;
}

Answer City::take(const Input& input, Context& city, Outcome& out) {
  return std::visit([&](const auto& in) { return take(in, city, out); }, input);
}

Answer City::take(const ReadingsIn& in, Context& city, Outcome& out) {
  city.arrival = in.arrival;
  const std::optional<Actor> actor = actor_for(in.principal);
  if (!actor) return refuse(errors::kUnauthenticated, "the sender is unknown or disabled");
  if (!may_send(*actor)) return refuse(errors::kForbidden, "readings come from tokens of integrator or admin, or from a device credential");
  static const std::vector<std::string> kAll;
  const auto credential = in.principal.starts_with("credential:") ? access_.table().credentials.find(in.principal.substr(11))
                                                                  : access_.table().credentials.end();
  const std::vector<std::string>& patterns = credential == access_.table().credentials.end() ? kAll : credential->second.assets;
  const std::size_t from = city.events.size();
  std::vector<Observation> seen;
  Answer answer = sense_.take(in, patterns, city, seen, reach_of(*actor, city));
  out.messages += in.batch.size();
  observe(seen, city, out);
  settle(from, city);
  return answer;
}

Answer City::take(const RecordsIn& in, Context& city, Outcome& out) {
  city.arrival = in.arrival;
  const std::optional<Actor> actor = actor_for(in.principal);
  if (!actor) return refuse(errors::kUnauthenticated, "the sender is unknown or disabled");
  if (!may_send(*actor)) return refuse(errors::kForbidden, "records come from tokens of integrator or admin, or from a device credential");
  static const std::vector<std::string> kAll;
  const auto credential = in.principal.starts_with("credential:") ? access_.table().credentials.find(in.principal.substr(11))
                                                                  : access_.table().credentials.end();
  const std::vector<std::string>& patterns = credential == access_.table().credentials.end() ? kAll : credential->second.assets;
  const std::size_t from = city.events.size();
  std::vector<Record> seen;
  Answer answer = sense_.take(in, patterns, city, seen, reach_of(*actor, city));
  out.messages += in.records.size();
  for (const Record& record : seen) {
    if (record.kind == kCommandResult)
      command_.device_answered(record, city);
    else
      analyse_.observe(record, city);
  }
  std::move(seen.begin(), seen.end(), std::back_inserter(out.records));
  settle(from, city);
  return answer;
}

Answer City::take(const ActionIn& in, Context& city, Outcome& out) {
  city.arrival = in.arrival;
  const std::optional<Actor> actor = actor_for(in.principal);
  if (!actor) return refuse(errors::kUnauthenticated, "the actor is unknown or disabled");
  const std::string key = in.idempotency_key.empty() ? "" : in.principal + '\n' + in.idempotency_key;
  if (!key.empty()) {
    const auto known = remembered_.find(key);
    if (known != remembered_.end()) {
      if (known->second.digest != in.request_digest)
        return refuse(errors::kKeyReused, "use a fresh Idempotency-Key for a different request");
      return known->second.answer;
    }
  }
  const std::size_t from = city.events.size();
  Answer answer = act(in, *actor, city, out);
  if (is_audited(in)) supervise_.audit(in, *actor, answer, city);
  settle(from, city);
  // A refusal may become possible later (a stale revision, a missing photo), so only what was done is remembered.
  if (!key.empty() && answer.status < 400) {
    remembered_[key] = Remembered{in.request_digest, now_, answer};
    remembered_order_.emplace_back(now_, key);
  }
  return answer;
}

Answer City::act(const ActionIn& in, const Actor& actor, Context& city, Outcome& out) {
  if (Sense::handles(in.verb)) {
    std::vector<Observation> seen;
    std::vector<Record> records;
    Answer answer = sense_.act(in, actor, city, seen, &records);
    observe(seen, city, out);
    for (const Record& record : records) analyse_.observe(record, city);
    std::move(records.begin(), records.end(), std::back_inserter(out.records));
    return answer;
  }
  if (Analyse::handles(in.verb)) return analyse_.act(in, actor, city);
  if (Command::handles(in.verb)) {
    Agreed agreed;
    if (const Case* file = in.verb.starts_with("case.") ? command_.open_case(in.subject) : nullptr) {
      if (const Asset* asset = sense_.tables().asset(file->asset)) {
        const Analyse::Agreement agreement = analyse_.agreement(*asset, now_);
        agreed = Agreed{agreement.needed, agreement.agrees, agreement.because};
      }
      if (const CaseClocks* clocks = supervise_.clocks(file->no))
        agreed.disposal_missed = disposal_missed(clocks->shown(), now_);
    }
    return command_.act(in, actor, agreed, city, [this](std::string_view id) { return actor_of(access_.table(), id); });
  }
  if (Access::handles(in.verb)) return access_.act(in, actor, city);
  if (Supervise::handles(in.verb)) return supervise_.act(in, actor, city);
  if (in.verb == "packs.put") return put_packs(in, actor, city);
  return refuse(errors::kUnknownAction, "there is no action " + in.verb);
}

Answer City::take(const TickIn&, Context&, Outcome&) { return done(); }

Answer City::take(const StartedIn& in, Context& city, Outcome&) {
  if (in.down_since != kNoTime && in.down_since < now_) analyse_.deaf(in.down_since, now_, "");
  silent_since_.clear();
  sense_.started(in, city);
  if (in.restored) {  // another run of the same city may have gone on: nothing is sent, and no number given, twice
    command_.hold(true);
    seq_ += kSkippedByRestore;
  }
  if (turn_ == 1) {  // the root area is no import: it comes with the folder
    const json::object doc{{"code", settings_.root_area}, {"name", settings_.root_name}, {"name_en", ""}, {"parent", nullptr}};
    city.emit("rev.config", kSystem, RowPut{"areas", settings_.root_area, settings_.root_area, {{"parent", ""}, {"name", settings_.root_name}}, json::serialize(doc)});
  }
  city.emit("sys.started", kSystem, RowPut{"settings", "started", "", {}, "{\"program\":\"" + in.program + "\",\"at\":\"" + format_time(now_) + "\"}"});
  return done();
}

Answer City::take(const PresenceIn& in, Context& city, Outcome&) {
  city.arrival = in.arrival;
  const std::size_t from = city.events.size();
  if (in.connected) {
    const auto since = silent_since_.find(in.principal);
    if (since != silent_since_.end()) {
      analyse_.deaf(since->second, now_, in.principal);
      silent_since_.erase(since);
    }
  } else {
    silent_since_.emplace(in.principal, now_);
  }
  sense_.presence(in, city);
  settle(from, city);
  return done();
}

Answer City::take(const NoticeResultIn& in, Context& city, Outcome&) {
  city.arrival = in.arrival;
  const std::size_t from = city.events.size();
  command_.notice_result(in, city);
  settle(from, city);
  return done();
}

void City::observe(const std::vector<Observation>& seen, Context& city, Outcome& out) {
  if (seen.empty()) return;
  std::vector<Observation> derived;
  analyse_.observe(std::span<const Observation>(seen), city, derived);
  out.samples.reserve(out.samples.size() + seen.size() + derived.size());
  for (const auto* list : {&seen, &std::as_const(derived)})
    for (const Observation& one : *list) out.samples.push_back({point_id(one.slot, one.point), {one.at, one.value, one.quality}});
}

// Walks what this input has made known so far, room by room in the order of the flow. What a later room emits is heard too.
void City::settle(std::size_t from, Context& city) {
  for (std::size_t i = from; i < city.events.size(); ++i) {
    Event event = std::move(city.events[i]);  // the vector may grow while rooms hear this one
    analyse_.hear(event, city);
    const auto links = command_.hear(event, city);
    for (const auto& [alarm, case_no] : links) analyse_.set_case(alarm, case_no, city);
    supervise_.hear(event, city);
    city.events[i] = std::move(event);
  }
}

void City::tick(Context& city) {
  const std::size_t from = city.events.size();
  sense_.tick(city);
  if (analyse_.next_due() <= now_) analyse_.tick(city);
  if (command_.next_due() <= now_) command_.tick(city);
  for (const auto& [no, id] : command_.awaiting_agreement()) {
    const Asset* asset = sense_.tables().asset(id);
    if (!asset) continue;
    const Analyse::Agreement agreement = analyse_.agreement(*asset, now_);
    command_.set_agreement(no, Agreed{agreement.needed, agreement.agrees, agreement.because}, city);
  }
  settle(from, city);
  const std::size_t then = city.events.size();
  if (supervise_.next_due() <= now_) supervise_.tick(city);
  settle(then, city);
  access_.tick(city);
  forget_old_keys();
}

Time City::next_due() const {
  return std::min({analyse_.next_due(), command_.next_due(), supervise_.next_due()});
}

std::optional<Actor> City::actor_for(const std::string& principal) const {
  if (principal == kSystem) return system_actor();
  return actor_of(access_.table(), principal);
}

void City::forget_old_keys() {
  while (!remembered_order_.empty() && remembered_order_.front().first + limits::kIdempotencyKept < now_) {
    remembered_.erase(remembered_order_.front().second);
    remembered_order_.pop_front();
  }
}

// Body: {"packs":{"name":"text of the file",…}}: the whole set, replacing the one before.
Answer City::put_packs(const ActionIn& in, const Actor& actor, Context& city) {
  if (!actor.is(Role::admin)) return refuse(errors::kForbidden, "packs are changed by admin");
  const auto parsed = parse_json(in.body);
  if (!parsed) return refuse(parsed.error());
  const json::object* packs = parsed->is_object() && parsed->as_object().contains("packs")
                                  ? parsed->as_object().at("packs").if_object() : nullptr;
  if (!packs) return refuse(errors::kMissingField, "packs");
  std::map<std::string, std::string> texts;
  for (const auto& [name, text] : *packs) {
    if (!text.is_string()) return refuse(errors::kWrongType, std::string(name));
    texts.emplace(std::string(name), std::string(text.as_string()));
  }
  const auto before = pack_texts_;
  const auto set = set_packs(std::move(texts));
  if (!set) return refuse(set.error());
  for (const auto& [name, text] : before)
    if (!pack_texts_.contains(name)) city.emit("rev.config", actor.id, Removed{"packs", name});
  for (const Pack& pack : packs_->all()) {
    const auto old = before.find(pack.name);
    if (old != before.end() && old->second == pack.text) continue;
    json::object doc{{"name", pack.name}, {"version", pack.version}, {"title_zh", pack.title.zh}, {"title_en", pack.title.en},
                     {"digest", pack.digest}, {"source", pack.text}};
    city.emit("rev.config", actor.id, RowPut{"packs", pack.name, "", {}, json::serialize(doc)});
  }
  return done();
}

Result<void> City::set_packs(std::map<std::string, std::string> texts) {
  std::vector<Pack> parsed;
  for (const auto& [name, text] : texts) parsed.push_back(TRY(parse_pack(name, text)));
  auto packs = std::make_shared<const Packs>(TRY(Packs::create(std::move(parsed))));
  TRY(analyse_.set_packs(packs));
  packs_ = std::move(packs);
  pack_texts_ = std::move(texts);
  packs_digest_.clear();
  for (const Pack& pack : packs_->all()) packs_digest_ += pack.name + "=" + pack.digest + ";";
  return {};
}

std::string City::save(std::size_t about) const {
  std::string state;
  state.reserve(about + about / 8);
  Writer out(state);
  encode(out, settings_.root_area);
  encode(out, turn_);
  encode(out, now_);
  encode(out, seq_);
  encode(out, pack_texts_);
  sense_.encode(out);
  analyse_.encode(out);
  command_.encode(out);
  supervise_.encode(out);
  access_.encode(out);
  encode(out, demands_);
  encode(out, remembered_);
  encode(out, remembered_order_);
  encode(out, silent_since_);
  return state;
}

Result<void> City::load(std::string_view state) {
  Reader in(state);
  std::string root;
  std::map<std::string, std::string> texts;
  cityloop::decode(in, root);
  cityloop::decode(in, turn_);
  cityloop::decode(in, now_);
  cityloop::decode(in, seq_);
  cityloop::decode(in, texts);
  if (!in.ok()) return fail(errors::kCorrupt, "the checkpoint does not decode");
  TRY(set_packs(std::move(texts)));
  sense_.decode(in);
  analyse_.decode(in);
  command_.decode(in);
  supervise_.decode(in);
  access_.decode(in);
  cityloop::decode(in, demands_);
  cityloop::decode(in, remembered_);
  cityloop::decode(in, remembered_order_);
  cityloop::decode(in, silent_since_);
  if (!in.ok() || !in.done()) return fail(errors::kCorrupt, "the checkpoint does not decode");
  return {};
}

}  // namespace cityloop
