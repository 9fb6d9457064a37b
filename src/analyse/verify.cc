// SPDX-License-Identifier: Apache-2.0
// Runs a stored why again: its rule text becomes a pack of one kind and one rule, its samples are fed to a whole engine
// with this one asset (and the neighbours that were kept), and what comes out is compared.
#include <algorithm>

#include "analyse/analyse.h"
#include "core/json.h"

namespace cityloop {
namespace {

Result<const json::object*> member_object(const json::value& value, std::string_view what) {
  if (!value.is_object()) return fail(errors::kBadField, std::string(what) + " in the why is not an object");
  return &value.get_object();
}

Result<Millis> duration_of(const json::object& object, std::string_view key) {
  const std::string text = TRY(need_string(object, key));
  return TRY(parse_duration(text));
}

template <class Visit>
Result<void> each_object(const json::object& object, std::string_view key, const Visit& visit) {
  const json::value* list = object.if_contains(key);
  if (list == nullptr) return {};
  if (!list->is_array()) return fail(errors::kBadField, std::string(key) + " in the why is not a list");
  for (const json::value& one : list->get_array()) TRY(visit(*TRY(member_object(one, key))));
  return {};
}

class Reconstruction {
 public:
  explicit Reconstruction(const Why& why) : why_(why) {}

  Result<Verdict> run() {
    const json::value text = TRY(parse_json(why_.rule_text));
    text_ = TRY(member_object(text, "rule_text"));
    const json::value* context = text_->if_contains("context");
    const json::object none;
    context_ = context == nullptr ? &none : TRY(member_object(*context, "context"));
    if (const double missing = TRY(want_number(*context_, "left_out")).value_or(0); missing > 0) {
      return Verdict{false, Level::none, "the why kept only part of the samples; " + std::to_string(static_cast<long long>(missing)) +
                                             " were left out, so it cannot be run again alone"};
    }
    TRY(build_pack());
    if (auto said = check_expression_text()) return *said;
    if (const auto since = TRY(want_number(*context_, "from"))) from_ = from_ms(static_cast<std::int64_t>(*since));
    TRY(build_assets());
    return judge();
  }

 private:
  Result<void> build_pack() {
    const std::string name = TRY(need_string(*text_, "rule"));
    const std::size_t slash = name.find('/');
    if (slash == std::string::npos || name != why_.rule) return fail(errors::kBadField, "rule_text is of rule " + name + ", the why of " + why_.rule);
    pack_.name = name.substr(0, slash);
    pack_.version = why_.pack_version;
    KindSpec kind;
    kind.name = TRY(need_string(*text_, "kind"));
    RuleSpec rule;
    rule.alert = name.substr(slash + 1);
    rule.kind = kind.name;
    rule.keep_firing_for = TRY(duration_of(*text_, "keep_firing_for"));
    rule.clear_expr = TRY(want_string(*text_, "clear_when")).value_or("");
    rule.record = TRY(want_string(*text_, "record")).value_or("");
    rule.point = TRY(want_string(*text_, "point")).value_or("");
    TRY(each_object(*text_, "points", [&](const json::object& one) { return add_point(kind, one); }));
    for (const WhySample& sample : why_.samples) {  // absence: any point that was heard
      if (kind.point_index(sample.point) >= 0) continue;
      kind.points.emplace_back().name = sample.point;
    }
    TRY(each_object(*text_, "attributes", [&](const json::object& one) -> Result<void> {
      kind.attributes.push_back({TRY(need_string(one, "name")), {}, TRY(need_string(one, "type")), "", false});
      return {};
    }));
    TRY(each_object(*text_, "levels", [&](const json::object& one) { return add_level(rule, one); }));
    TRY(each_object(*text_, "tables", [&](const json::object& one) { return add_table(one); }));
    TRY(add_record(rule, kind.name));
    pack_.kinds.push_back(std::move(kind));
    pack_.rules.push_back(std::move(rule));
    return {};
  }

  static Result<void> add_point(KindSpec& kind, const json::object& one) {
    PointSpec point;
    point.name = TRY(need_string(one, "name"));
    point.unit = TRY(want_string(one, "unit")).value_or("");
    point.interval = TRY(duration_of(one, "interval"));
    kind.points.push_back(std::move(point));
    return {};
  }

  static Result<void> add_level(RuleSpec& rule, const json::object& one) {
    const auto level = level_of(TRY(need_string(one, "level")));
    if (!level) return fail(errors::kBadField, "a level in the why is not known");
    rule.levels.push_back({*level, TRY(need_string(one, "expr")), TRY(duration_of(one, "for"))});
    return {};
  }

  Result<void> add_table(const json::object& one) {
    TableSpecXY table;
    table.name = TRY(need_string(one, "name"));
    const json::value* points = one.if_contains("points");
    if (points == nullptr || !points->is_array()) return fail(errors::kBadField, "a table in the why has no points");
    for (const json::value& point : points->get_array()) {
      const bool pair = point.is_array() && point.get_array().size() == 2 && point.at(0).is_number() && point.at(1).is_number();
      if (!pair) return fail(errors::kBadField, "a table in the why is not made of pairs");
      table.points.emplace_back(point.at(0).to_number<double>(), point.at(1).to_number<double>());
    }
    pack_.tables.push_back(std::move(table));
    return {};
  }

  Result<void> add_record(const RuleSpec& rule, const std::string& kind) {
    if (rule.record.empty()) return {};
    RecordSpec record;
    record.name = rule.record;
    record.kind = kind;
    TRY(each_object(*text_, "fields", [&](const json::object& one) -> Result<void> {
      record.fields.push_back({TRY(need_string(one, "name")), {}, TRY(need_string(one, "type")), "", false});
      return {};
    }));
    pack_.records.push_back(std::move(record));
    return {};
  }

  std::optional<Verdict> check_expression_text() const {
    for (const RuleLevel& level : pack_.rules[0].levels) {
      if (level.level != why_.level) continue;
      if (level.expr == why_.expr) return std::nullopt;
      return Verdict{false, Level::none, "the why's expression `" + why_.expr + "` is not its rule's `" + level.expr + "`"};
    }
    return Verdict{false, Level::none, "the rule has no level " + std::string(level_name(why_.level))};
  }

  Result<void> build_assets() {
    std::vector<Pack> packs;
    kind_ = pack_.kinds[0];
    packs.push_back(std::move(pack_));
    packs_ = std::make_shared<const Packs>(TRY(Packs::create(std::move(packs))));
    TRY(analyse_.set_packs(packs_));
    const LngLat here{0, 0};
    Asset asset;
    asset.id = "this";
    asset.kind = kind_.name;
    asset.place = here;
    asset.attributes = why_.attributes;
    slot_ = tables_.put_asset(asset).slot;
    return each_object(*context_, "neighbours", [&](const json::object& one) { return add_neighbour(one); });
  }

  Result<void> add_neighbour(const json::object& one) {
    constexpr double kMetresPerDegree = 111'195.0797;  // on the sphere of core/geo.h
    Asset asset;
    asset.id = "near:" + TRY(need_string(one, "asset"));
    asset.kind = kind_.name;
    asset.place = LngLat{0, TRY(need_number(one, "metres")) * (1 - 1e-9) / kMetresPerDegree};
    if (const json::value* attributes = one.if_contains("attributes"); attributes != nullptr && attributes->is_object()) {
      for (const auto& [name, value] : attributes->get_object()) {
        if (value.is_bool()) asset.attributes[name] = value.get_bool();
        if (value.is_string()) asset.attributes[name] = std::string(value.get_string());
        if (value.is_number()) asset.attributes[name] = value.to_number<double>();
      }
    }
    const std::uint32_t slot = tables_.put_asset(asset).slot;
    const json::value* values = one.if_contains("values");
    if (values == nullptr || !values->is_object()) return fail(errors::kBadField, "a neighbour in the why has no values");
    for (const auto& [name, value] : values->get_object()) {
      const bool pair = value.is_array() && value.get_array().size() == 2 && value.at(0).is_int64() && value.at(1).is_number();
      const int point = kind_.point_index(std::string_view(name));
      if (!pair || point < 0) return fail(errors::kBadField, "a neighbour's value in the why is not [time, value]");
      const Time at = from_ms(value.at(0).get_int64());
      const double number = value.at(1).to_number<double>();
      // What a neighbour said before is not kept: its last value stands for the whole hold.
      if (from_ && at > *from_) feed_.push_back(observation(slot, point, *from_, number));
      feed_.push_back(observation(slot, point, at, number));
    }
    return {};
  }

  static Observation observation(std::uint32_t slot, int point, Time at, double number) {
    Observation one;
    one.slot = slot;
    one.point = static_cast<std::uint8_t>(point);
    one.at = one.arrival = at;
    one.number = number;
    return one;
  }

  Context context_at(Time now) { return Context{0, now, now, chance_, tables_, *packs_, events_}; }

  Result<Verdict> judge() {
    bool asleep = from_.has_value();
    if (asleep) analyse_.rules_from(*from_);
    const auto wake = [&] {
      Context city = context_at(*from_);
      analyse_.look_at(slot_, city);
      asleep = false;
    };
    const json::value* deaf = context_->if_contains("deaf");
    if (deaf != nullptr && deaf->is_array()) {
      for (const json::value& span : deaf->get_array()) {
        const bool pair = span.is_array() && span.get_array().size() == 2 && span.at(0).is_int64() && span.at(1).is_int64();
        if (!pair) return fail(errors::kBadField, "a deaf time in the why is not [from, to]");
        analyse_.deaf(from_ms(span.at(0).get_int64()), from_ms(span.at(1).get_int64()), "");
      }
    }
    for (const WhySample& sample : why_.samples) {
      Observation one = observation(slot_, kind_.point_index(sample.point), sample.at, sample.value.number());
      one.value = sample.value;
      one.quality = sample.quality;
      if (sample.arrival != kNoTime) one.arrival = sample.arrival;
      feed_.push_back(one);
    }
    std::ranges::stable_sort(feed_, {}, &Observation::at);
    std::vector<Observation> derived;
    Time heard{};  // the city's time so far
    for (std::size_t i = 0; i < feed_.size();) {
      std::size_t end = i + 1;
      while (end < feed_.size() && feed_[end].at == feed_[i].at && feed_[end].slot == feed_[i].slot) ++end;
      if (asleep && feed_[i].at > *from_) wake();
      heard = std::max({heard, feed_[i].at, feed_[i].arrival});
      Context city = context_at(heard);
      city.arrival = feed_[i].arrival;
      analyse_.observe(std::span(feed_).subspan(i, end - i), city, derived);
      i = end;
    }
    if (asleep) wake();
    TRY(feed_record());
    Time now = why_.evaluated_at;
    if (const auto told = TRY(want_number(*context_, "now"))) now = from_ms(static_cast<std::int64_t>(*told));
    Context city = context_at(now);
    analyse_.tick(city);
    return verdict();
  }

  Result<void> feed_record() {
    const json::value* fields = context_->if_contains("record_fields");
    if (fields == nullptr) return {};
    Record record;
    record.asset = "this";
    record.kind = kind_.name;
    for (const RecordSpec& spec : packs_->all()[0].records) record.kind = spec.name;
    record.at = record.arrival = from_ms(static_cast<std::int64_t>(TRY(need_number(*context_, "record_at"))));
    record.fields = json::serialize(*fields);
    Context city = context_at(record.at);
    analyse_.observe(record, city);
    return {};
  }

  Verdict verdict() const {
    for (const auto& [id, alarm] : analyse_.alarms()) {
      if (alarm.asset != "this" || alarm.state != AlarmState::firing) continue;
      const bool agrees = alarm.level == why_.level;
      const std::string because = alarm.why.steps.empty() ? "" : alarm.why.steps.back().because;
      return {agrees, alarm.level, "the samples give " + std::string(level_name(alarm.level)) + " since " +
                                       format_time(alarm.raised_at) + ": " + because};
    }
    return {false, Level::none, "the samples do not raise the alarm at " + format_time(why_.evaluated_at)};
  }

  const Why& why_;
  const json::object* text_ = nullptr;
  const json::object* context_ = nullptr;
  Pack pack_;
  KindSpec kind_;
  std::shared_ptr<const Packs> packs_;
  Register tables_;
  Analyse analyse_;
  Chance chance_{1};
  std::vector<Event> events_;
  std::vector<Observation> feed_;
  std::uint32_t slot_ = 0;
  std::optional<Time> from_;  // since when the condition held
};

}  // namespace

Result<Verdict> verify_why(const Why& why) { return Reconstruction(why).run(); }

}  // namespace cityloop
