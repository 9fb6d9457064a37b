// SPDX-License-Identifier: Apache-2.0
// The machine behind Analyse: state of every asset, which rule runs when, how an alarm's level moves. City thread only.
//   engine.cc         samples and records in, derived points, agreement
//   engine_time.cc    what comes due without a sample
//   engine_levels.cc  holds, levels, hysteresis: one rule of one asset
//   engine_alarms.cc  the life of an alarm: fire, move, clear, hold back, count
//   engine_actions.cc what people do with alarms
//   engine_assets.cc  assets that come, change and go; changed packs
//   engine_state.cc   checkpoint
#pragma once

#include <boost/json/fwd.hpp>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyse/alarm_book.h"
#include "analyse/analyse.h"
#include "analyse/asset_state.h"
#include "analyse/deaf.h"
#include "analyse/plan.h"
#include "analyse/wake_heap.h"

namespace cityloop {

class Engine {
 public:
  Result<void> set_packs(std::shared_ptr<const Packs> packs);
  const Plans& plans() const { return plans_; }
  void observe(std::span<const Observation> seen, Context& city, std::vector<Observation>& derived);
  void observe(const Record& seen, Context& city);
  void hear(const Event& event, Context& city);
  void tick(Context& city);
  std::int64_t next_due() const;
  // For running a why again: rules sleep before this event time, and are looked at then.
  void rules_from(std::int64_t t) { rules_from_ = t; }
  void look_at(std::uint32_t slot, Context& city);
  void deaf(std::int64_t from, std::int64_t to, const std::string& principal) { deaf_.add(from, to, principal); }
  Answer act(const ActionIn& in, const Actor& actor, Context& city);
  void set_case(const std::string& alarm, const std::string& case_no, Context& city);
  const AlarmBook& alarms() const { return book_; }
  Analyse::Agreement agreement(const Asset& asset, std::int64_t now) const;
  LiveState& live() { return live_; }
  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  class Around;  // what expressions ask rarely
  struct Moment {  // one evaluation
    std::int64_t t = 0;     // event time
    std::int64_t now = 0;   // city time
    bool ticking = false;   // no sample caused it
  };
  struct Due {
    std::int64_t event = WakeHeap::kAsleep;
    std::int64_t now = WakeHeap::kAsleep;
  };
  using Truths = std::array<Truth, limits::kRuleLevels>;

  // ---- engine.cc
  AssetState* ready(std::uint32_t slot, Context& city);  // null: unknown asset or kind
  void look_ahead(std::span<const Observation> seen, std::size_t from) const;
  void take_group(std::span<const Observation> group, Context& city, std::vector<Observation>& derived);
  bool take_value(std::uint32_t slot, AssetState& state, const Observation& seen);  // whether rules may read it
  void take_sample(AssetState& state, const Observation& one, const Around& around);
  void wake_units(const KindPlan& plan, std::uint8_t point);
  void run_units(std::uint32_t slot, Moment moment, Context& city, std::vector<Observation>& derived);
  void run_derived(std::uint32_t slot, std::size_t unit, const Frame& frame, const Around& around, Context& city,
                   std::vector<Observation>& derived);
  void run_agreement(AssetState& state, const UnitPlan& unit, const Frame& frame);
  Frame frame_of(AssetState& state, const Around& around) const;
  void aim(Frame& frame, const UnitPlan& unit, const Moment& moment) const;  // sets t, clock, now

  // ---- engine_time.cc
  Due due_of(std::uint32_t slot, const AssetState& state, const Context& city) const;
  void due_of_rule(const AssetState& state, const RuleState& rule, const Around& around, Due& due) const;
  void advance(std::uint32_t slot, std::int64_t event_limit, std::int64_t now_limit, Context& city);
  void evaluate_all(std::uint32_t slot, const Moment& moment, Context& city);
  void schedule(std::uint32_t slot, AssetState& state, Due due);
  void reschedule(std::uint32_t slot, Context& city);
  void pay_owed(Context& city);

  // ---- engine_levels.cc
  void run_rule(std::uint32_t slot, std::size_t unit, const Frame& frame, const Moment& moment, Context& city);
  void follow_levels(std::uint32_t slot, RuleState& rule, const Truths& truths, const Frame& frame, const Moment& moment, Context& city);
  void follow_alarm(std::uint32_t slot, RuleState& rule, const Truths& truths, const Frame& frame, const Moment& moment, Context& city);
  void follow_calm(std::uint32_t slot, RuleState& rule, const Frame& frame, const Moment& moment, Context& city);
  void follow_pending(std::uint32_t slot, RuleState& rule, const Truths& truths, const Frame& frame, const Moment& moment, Context& city);
  void run_record_rule(std::uint32_t slot, std::size_t unit, const Record& record, Frame& frame, const Moment& moment, Context& city);
  RuleState* rule_state(const AssetState& state, std::size_t unit) const;
  RuleState& need_rule_state(AssetState& state, std::size_t unit);
  void forget_idle(AssetState& state);

  // ---- engine_alarms.cc
  Alarm& begin_alarm(std::uint32_t slot, RuleState& rule, AlarmState as, std::int64_t t, Context& city);
  void rise_to(std::uint32_t slot, RuleState& rule, int level, const Frame& frame, const Moment& moment, Context& city,
               const Record* record = nullptr);
  void fall_to(std::uint32_t slot, RuleState& rule, int level, const Frame& frame, const Moment& moment, Context& city);
  void clear(std::uint32_t slot, RuleState& rule, std::int64_t t, const std::string& because, Context& city);
  void clear_alarm(const std::string& id, std::int64_t t, const std::string& because, Context& city);
  void note_stale(std::uint32_t slot, RuleState& rule, const Frame& frame, const Moment& moment, Context& city);
  void show_value(Alarm& alarm, const UnitPlan& unit, int level, const Frame& frame) const;
  void changed(Alarm& alarm, const char* kind, Context& city, const std::string& actor = {});
  std::string holder_of(const AssetState& state, const RuleState& rule, const Asset& asset, std::int64_t now) const;
  void hold_back(std::uint32_t slot, Context& city);  // refreshes inhibited_by of the asset's alarms
  void recount(std::uint32_t slot, const Asset& asset);
  void end_drills(const std::string& asset, const std::string& rule, const std::string& because, Context& city);
  void tick_alarms(Context& city);

  // ---- engine_actions.cc
  Answer acknowledge(Alarm& alarm, const Actor& actor, Context& city);
  Answer shelve(Alarm& alarm, const boost::json::object& body, const Actor& actor, Context& city);
  Answer unshelve(Alarm& alarm, const Actor& actor, Context& city);
  Answer false_alarm(Alarm& alarm, const boost::json::object& body, const Actor& actor, Context& city);
  Answer test(const std::string& asset, const boost::json::object& body, const Actor& actor, Context& city);

  // ---- engine_assets.cc
  bool bind(std::uint32_t slot, AssetState& state, const Asset& asset);
  void fill_attributes(AssetState& state, const Asset& asset);
  void give_row(AssetState& state, std::size_t plan);
  void add_detail(AssetState& state);
  void asset_put(const Asset& asset, Context& city);
  void drop(std::uint32_t slot, std::string asset, const std::string& because, Context& city);
  void index_assets(const Context& city);
  void migrate(std::uint32_t slot, AssetState& state, const Plans& next, std::vector<KindRows>& rows);
  void migrate_rules(AssetState& state, const KindPlan& old, const KindPlan& plan, const std::vector<int>& points,
                     std::unique_ptr<AssetDetail> before);

  // ---- engine_state.cc
  void encode_asset(Writer& out, std::uint32_t slot) const;
  void decode_asset(Reader& in);

  const KindPlan& plan_of(const AssetState& state) const { return plans_.kinds[state.plan]; }
  KindRows& rows_of(const AssetState& state) { return rows_[state.plan]; }
  const KindRows& rows_of(const AssetState& state) const { return rows_[state.plan]; }
  const Seen* seen_of(const AssetState& state) const {
    return rows_of(state).seen.data() + state.row * plan_of(state).point_count();
  }

  Plans plans_;
  std::vector<KindRows> rows_;        // by plan
  std::vector<AssetState> states_;    // by slot
  LiveState live_;
  DeafTimes deaf_;
  std::int64_t rules_from_ = kNever;  // not kept: of verify_why alone
  AlarmBook book_;
  WakeHeap heap_;
  std::vector<std::pair<std::string, std::string>> owed_;  // alarms to be cleared as soon as events can be made: id, why
  std::unordered_map<std::string, std::uint32_t> slot_of_;  // of bound assets; found by id only, never walked
  bool indexed_ = true;               // slot_of_ is complete
  std::vector<std::uint64_t> mask_;   // scratch: units to run
};

}  // namespace cityloop
