// SPDX-License-Identifier: Apache-2.0
#include "analyse/examples.h"

#include <algorithm>
#include <map>

#include "analyse/analyse.h"
#include "core/json.h"

namespace cityloop {
namespace {

constexpr std::int64_t kStart = 1'661'148'000'000;  // 2022-08-22T06:00:00Z, what offsets count from

struct Step {              // an input at its arrival
  Millis arrival{0};
  Millis at{0};
  const json::object* input = nullptr;
};

struct Expectation {
  Millis at{0};
  bool until = false;
  std::string asset, rule, state;
  Level level = Level::none;
  std::size_t number = 0;  // as it stands in the file, from 1
};

Time moment(Millis offset) { return from_ms(kStart) + offset; }

Result<std::optional<Millis>> offset_of(const json::object& object, std::string_view key) {
  const auto text = TRY(want_string(object, key));
  if (!text) return std::optional<Millis>();
  return std::optional<Millis>(TRY(parse_duration(*text)));
}

Result<const json::array*> list_of(const json::object& object, std::string_view key) {
  const json::value* list = object.if_contains(key);
  if (list == nullptr || !list->is_array()) return fail(errors::kBadPack, std::string(key) + " must be a list");
  return &list->get_array();
}

class ExampleRun {
 public:
  ExampleRun(const Packs& packs, const Pack& pack, const PackExample& example) : packs_(packs), pack_(pack), example_(example) {}

  Result<std::vector<std::string>> run() {
    json::value text = TRY(parse_json(example_.text));
    if (!text.is_object()) return fail(errors::kBadPack, "an example must be an object");
    TRY(analyse_.set_packs(std::shared_ptr<const Packs>(std::shared_ptr<const Packs>(), &packs_)));
    for (const json::value& one : *TRY(list_of(text.get_object(), "assets"))) TRY(add_asset(one));
    TRY(read_inputs(*TRY(list_of(text.get_object(), "inputs"))));
    TRY(read_expectations(*TRY(list_of(text.get_object(), "expect"))));
    std::size_t next = 0;
    for (std::size_t i = 0; i < expectations_.size(); ++i) {
      const Expectation& wanted = expectations_[i];
      for (; next < steps_.size() && steps_[next].arrival <= wanted.at; ++next) {
        tick_until(moment(steps_[next].arrival) - Millis{1});
        TRY(take(steps_[next]));
        watch(moment(steps_[next].arrival));
      }
      tick_until(moment(wanted.at));
      check(wanted);
    }
    return std::move(failures_);
  }

 private:
  Result<void> add_asset(const json::value& value) {
    if (!value.is_object()) return fail(errors::kBadPack, "an asset must be an object");
    const json::object& object = value.get_object();
    Asset asset;
    asset.id = TRY(need_string(object, "id"));
    asset.kind = TRY(need_string(object, "kind"));
    asset.name = TRY(want_string(object, "name")).value_or(asset.id);
    if (packs_.kind(asset.kind) == nullptr) return fail(errors::kBadPack, "no pack describes kind " + asset.kind);
    if (const json::value* attributes = object.if_contains("attributes"); attributes != nullptr && attributes->is_object()) {
      for (const auto& [name, one] : attributes->get_object()) {
        if (one.is_bool()) asset.attributes[name] = one.get_bool();
        if (one.is_string()) asset.attributes[name] = std::string(one.get_string());
        if (one.is_number()) asset.attributes[name] = one.to_number<double>();
      }
    }
    if (const json::value* place = object.if_contains("location"); place != nullptr && place->is_array()) {
      const json::array& pair = place->get_array();
      if (pair.size() != 2 || !pair[0].is_number() || !pair[1].is_number()) return fail(errors::kBadPack, "location is [lng, lat]");
      asset.place = LngLat{pair[0].to_number<double>(), pair[1].to_number<double>()};
    }
    tables_.put_asset(std::move(asset));
    return {};
  }

  Result<void> read_inputs(const json::array& inputs) {
    for (const json::value& value : inputs) {
      if (!value.is_object()) return fail(errors::kBadPack, "an input must be an object");
      const json::object& input = value.get_object();
      const auto from = TRY(offset_of(input, "from"));
      if (!from) {
        const Millis at = TRY(offset_of(input, "at")).value_or(Millis{0});
        steps_.push_back({TRY(offset_of(input, "arrival")).value_or(at), at, &input});
        continue;
      }
      const Millis to = TRY(offset_of(input, "to")).value_or(*from);
      const Millis every = TRY(offset_of(input, "every")).value_or(Millis{0});
      if (every <= Millis{0} || (to - *from) / every > 1'000'000) return fail(errors::kBadPack, "`every` must be positive, with at most a million steps");
      for (Millis at = *from; at <= to; at += every) steps_.push_back({at, at, &input});
    }
    std::ranges::stable_sort(steps_, {}, &Step::arrival);
    return {};
  }

  Result<void> read_expectations(const json::array& wanted) {
    for (const json::value& value : wanted) {
      if (!value.is_object()) return fail(errors::kBadPack, "an expectation must be an object");
      const json::object& object = value.get_object();
      Expectation one;
      const auto until = TRY(offset_of(object, "until"));
      one.until = until.has_value();
      one.at = until ? *until : TRY(offset_of(object, "at")).value_or(Millis{0});
      one.asset = TRY(need_string(object, "asset"));
      one.rule = TRY(need_string(object, "alert"));
      if (one.rule.find('/') == std::string::npos) one.rule = pack_.name + "/" + one.rule;
      one.state = TRY(need_string(object, "state"));
      if (const auto level = TRY(want_string(object, "level"))) one.level = level_of(*level).value_or(Level::none);
      one.number = expectations_.size() + 1;
      expectations_.push_back(std::move(one));
    }
    std::ranges::stable_sort(expectations_, {}, &Expectation::at);
    return {};
  }

  Context context_at(Time now) { return Context{0, now, now, chance_, tables_, packs_, events_}; }

  void tick_until(Time limit) {
    while (analyse_.next_due() <= limit) {
      const Time now = std::max(now_, analyse_.next_due());
      Context city = context_at(now);
      analyse_.tick(city);
      now_ = now;
      watch(now);
    }
  }

  Result<void> take(const Step& step) {
    now_ = std::max(now_, moment(step.arrival));
    Context city = context_at(now_);
    const json::object& input = *step.input;
    if (TRY(want_bool(input, "tick")).value_or(false)) {
      analyse_.tick(city);
      return {};
    }
    const Asset* asset = tables_.asset(TRY(need_string(input, "asset")));
    if (asset == nullptr) return fail(errors::kBadPack, "an input is for an asset that the example does not have");
    if (const auto kind = TRY(want_string(input, "record"))) return take_record(*asset, *kind, input, step, city);
    const json::value* values = input.if_contains("values");
    if (values == nullptr || !values->is_object()) return fail(errors::kBadPack, "an input has values, a record or a tick");
    std::vector<Observation> seen, derived;
    for (const auto& [name, value] : values->get_object()) TRY(gate(*asset, name, value, step, seen));
    analyse_.observe(seen, city, derived);
    return {};
  }

  Result<void> take_record(const Asset& asset, const std::string& kind, const json::object& input, const Step& step, Context& city) {
    const json::value* fields = input.if_contains("fields");
    if (fields == nullptr || !fields->is_object()) return fail(errors::kBadPack, "a record needs fields");
    Record record;
    record.id = "record-" + std::to_string(step.at.count());
    record.asset = asset.id;
    record.kind = kind;
    record.at = moment(step.at);
    record.arrival = city.now;
    record.fields = json::serialize(*fields);
    analyse_.observe(record, city);
    return {};
  }

  // As sense gates live values.
  Result<void> gate(const Asset& asset, std::string_view name, const json::value& value, const Step& step, std::vector<Observation>& out) {
    const KindSpec& kind = *packs_.kind(asset.kind);
    const int index = kind.point_index(name);
    if (index < 0 || !value.is_number()) return fail(errors::kBadPack, "kind " + kind.name + " has no point " + std::string(name));
    const PointSpec& point = kind.points[static_cast<std::size_t>(index)];
    Observation one;
    one.slot = asset.slot;
    one.point = static_cast<std::uint8_t>(index);
    one.at = moment(step.at);
    one.arrival = now_;
    one.value = decimal_of(value.to_number<double>());
    one.number = one.value.number();
    if (std::ranges::find(point.sentinels, one.number) != point.sentinels.end()) return {};
    if ((point.least && one.number < *point.least) || (point.most && one.number > *point.most)) return {};
    if ((point.plausible_low && one.number < *point.plausible_low) || (point.plausible_high && one.number > *point.plausible_high)) one.quality = Quality::suspect;
    if ((point.limit_low && one.number <= *point.limit_low) || (point.limit_high && one.number >= *point.limit_high)) one.quality = Quality::at_limit;
    auto& [newest, last] = heads_[{asset.slot, index}];
    if (newest == one.at && last == one.value) return {};  // a duplicate
    one.late = one.at < newest;
    if (!one.late) {
      newest = one.at;
      last = one.value;
    }
    out.push_back(one);
    return {};
  }

  struct Shown {
    std::string state = "none";
    Level level = Level::none;
    bool fired = false;   // in this episode
  };

  void watch(Time now) {
    std::map<std::pair<std::string, std::string>, Shown> after = shown_;
    for (const Event& event : events_) {
      if (const auto* alarm = std::get_if<Alarm>(&event.body)) {
        Shown& shown = after[{alarm->asset, alarm->rule}];
        const bool fired = alarm->state == AlarmState::firing || (alarm->state == AlarmState::cleared && shown.fired);
        shown = {std::string(alarm_state_name(alarm->state)), alarm->level, fired};
        note(alarm->asset, alarm->rule, now, after[{alarm->asset, alarm->rule}]);
      }
    }
    shown_ = std::move(after);
    events_.clear();
  }

  // For `until`: the first moment at which an alarm was in another state than the expectation says.
  void note(const std::string& asset, const std::string& rule, Time now, const Shown& shown) {
    for (const Expectation& one : expectations_) {
      if (!one.until || one.asset != asset || one.rule != rule || now > moment(one.at) || now <= from_of(one)) continue;
      if (!fits(one, shown)) broken_.try_emplace(one.number, std::pair{now, shown});
    }
  }

  Time from_of(const Expectation& one) const {
    Time from = from_ms(0);
    for (const Expectation& other : expectations_) {
      if (other.number == one.number) break;
      if (other.asset == one.asset && other.rule == one.rule) from = moment(other.at);
    }
    return from;
  }

  // `none` is what a person would say of it: nothing has fired. A hold that runs, or ended before its time, is none.
  static bool fits(const Expectation& wanted, const Shown& shown) {
    if (wanted.state == "none") return shown.state == "none" || shown.state == "pending" || !shown.fired;
    return wanted.state == shown.state && (wanted.level == Level::none || wanted.level == shown.level);
  }

  void check(const Expectation& wanted) {
    const auto found = shown_.find({wanted.asset, wanted.rule});
    Shown shown = found == shown_.end() ? Shown{} : found->second;
    Time when = moment(wanted.at);
    if (const auto broken = broken_.find(wanted.number); broken != broken_.end()) {
      when = broken->second.first;
      shown = broken->second.second;
    } else if (fits(wanted, shown)) {
      return;
    }
    const auto words = [](const std::string& state, Level level) {
      return level == Level::none ? state : state + " " + std::string(level_name(level));
    };
    failures_.push_back("example \"" + example_.name + "\", expectation " + std::to_string(wanted.number) + ": at " +
                        format_duration(when - moment(Millis{0})) + " alarm " + wanted.rule + " of " + wanted.asset + " is " +
                        words(shown.state, shown.state == "none" ? Level::none : shown.level) + ", expected " +
                        words(wanted.state, wanted.level));
  }

  const Packs& packs_;
  const Pack& pack_;
  const PackExample& example_;
  Register tables_;
  Analyse analyse_;
  Chance chance_{20220822};
  std::vector<Event> events_;
  std::vector<Step> steps_;
  std::vector<Expectation> expectations_;
  std::map<std::pair<std::uint32_t, int>, std::pair<Time, Decimal>> heads_;
  std::map<std::pair<std::string, std::string>, Shown> shown_;
  std::map<std::size_t, std::pair<Time, Shown>> broken_;
  std::vector<std::string> failures_;
  Time now_ = from_ms(kStart);
};

}  // namespace

Result<std::vector<std::string>> run_examples(const Packs& packs, const Pack& pack) {
  std::vector<std::string> failures;
  for (const PackExample& example : pack.examples) {
    auto said = ExampleRun(packs, pack, example).run();
    if (!said) return Error{said.error().code, "pack " + pack.name + ", example \"" + example.name + "\": " + said.error().detail};
    failures.insert(failures.end(), said->begin(), said->end());
  }
  return failures;
}

}  // namespace cityloop
