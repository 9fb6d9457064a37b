// SPDX-License-Identifier: Apache-2.0
// Cases, orders, notices: alarms, reports and people's actions in; exactly one case per real event out. City thread
// only, except the pure functions of case_table.h. Closed cases stay limits::kClosedCaseKept, then they are only in the
// Journal.
#pragma once

#include <boost/json/fwd.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "command/case_index.h"
#include "command/case_number.h"
#include "command/case_table.h"
#include "command/device_commands.h"
#include "command/escalation.h"
#include "command/outbox.h"
#include "core/context.h"

namespace cityloop {

// What other rooms know of a case at this moment.
struct Agreed {
  bool needed = false;           // its pack asks for the sensor's agreement
  bool agrees = false;
  std::string because;
  bool disposal_missed = false;  // disposal_missed() of its clocks
};

// A case in memory with what belongs to it alone.
struct CaseFile {
  Case file;
  std::uint64_t entries = 0;             // timeline entries so far
  std::vector<Order> orders;             // in order of making
  Time seen_at{};                        // newest report or alarm: reports join within a window of it
  std::vector<std::string> attachments;  // linked to it
  std::map<std::string, std::string> references;  // system -> the number that it has there
};

class Command {
 public:
  using Receiver = cityloop::Receiver;
  struct Settings {
    Millis utc_offset = std::chrono::hours(8);            // of the city: case numbers' dates
    std::vector<Receiver> receivers;                      // of notices
    std::string root_area = "50";
  };
  // Resolves `user:zhang` to that person; nothing when unknown or disabled.
  using Persons = std::function<std::optional<Actor>(std::string_view id)>;
  using Link = std::pair<std::string, std::string>;       // alarm id, case no

  explicit Command(Settings settings);

  // Reads alarm events of this input: opens or joins a case (architecture §4.4), follows levels and clearing.
  // Returns the links between alarms and cases that were made since the last call, by hear or by act: analyse must
  // learn them. `event` must not lie in city.events, which grows here.
  std::vector<Link> hear(const Event& event, Context& city);

  // Verbs: report.submit report.place reports.import case.open alarm.open_case alarm.link alarm.notify
  // case.<action of the table> case.remind receiver.put receiver.delete notice.retry notice.release notice.receipt attachment.add
  // device.command device.delivered citizen.report citizen.same citizen.unsolved citizen.rate reference.put
  static bool handles(std::string_view verb);
  // `agreed` answers for the case's asset at this moment. With `persons`, an assigned handler must exist and belong to
  // the unit.
  Answer act(const ActionIn& in, const Actor& actor, const Agreed& agreed, Context& city, const Persons& persons = {});

  // Cases past their handling whose pack asks for the sensor's agreement, with their assets; for each, the city says
  // what analyse answers. A change is emitted as case.field without a new revision, so that nobody's If-Match goes
  // stale by it.
  std::vector<std::pair<std::string, std::string>> awaiting_agreement() const;  // case no, asset
  void set_agreement(std::string_view no, const Agreed& agreed, Context& city);

  void notice_result(const NoticeResultIn& in, Context& city) { outbox_.result(in, city); }
  std::vector<DeviceCommand> device_commands(Time now) const {  // for the edge to carry out
    return outbox_.held() ? std::vector<DeviceCommand>{} : devices_.waiting(now);
  }
  void device_answered(const Record& result, Context& city) { devices_.answered(result, city); }
  std::vector<Notice> due(Time now) const { return outbox_.due(now); }  // what the edge sends now; see Outbox::due
  Time next_notice() const { return outbox_.next_due(); }
  bool held() const { return outbox_.held(); }
  void hold(bool held) { outbox_.hold(held); }                          // after a restore, until notice.release
  const Receiver* receiver(std::string_view name) const { return outbox_.receiver(name); }
  const Outbox& outbox() const { return outbox_; }

  void tick(Context& city);  // what is over leaves memory
  Time next_due() const;

  // Also a closed one that is still in memory; null: not in memory or unknown.
  const Case* open_case(std::string_view no) const;
  const Alarm* known_alarm(std::string_view id) const;  // without its why
  const std::map<std::string, CaseFile, std::less<>>& files() const { return files_; }

  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  struct Step;    // one action on one case: case_step.h
  struct Filing;  // one report on its way: filing.h

  // command.cc: what every way in shares
  CaseFile* find(std::string_view no);
  CaseFile* find_open(std::string_view no);
  CaseFile& open(Case file, TimelineEntry entry, Context& city);
  void record(CaseFile& held, TimelineEntry entry, Context& city);
  void note(CaseFile& held, TimelineEntry entry, Context& city);
  void plan(CaseFile& held, Context& city);
  bool auto_dispatch(CaseFile& held, Context& city);
  void send_to(CaseFile& held, const std::string& unit, TimelineEntry entry, Context& city);
  Order& make_order(CaseFile& held, std::string state, Context& city);
  void send_collector(CaseFile& held, std::string kind, const std::string& collector, Context& city);
  void end_tasks(CaseFile& held, const std::string& state, Context& city);
  void end_orders(CaseFile& held, const std::string& state, Context& city);
  void put_order(const Order& order, const std::string& actor, Context& city);
  Result<void> check_attachments(const std::vector<std::string>& ids) const;
  void link_attachments(const std::vector<std::string>& ids, const std::string& area, CaseFile* held, Context& city);
  void note_used_again(TimelineEntry& entry) const;
  void reindex(const CaseFile& held);
  void wake(CaseFile& held, Context& city);

  // case_actions.cc
  Answer act_on_case(const ActionIn& in, const Actor& actor, const Agreed& agreed, Context& city,
                     const Persons& persons);
  Result<void> perform(Step& step);
  void advance(Step& step, std::string_view tells = {});
  Result<void> verify(Step& step);
  Result<void> file_it(Step& step);
  Result<void> classify(Step& step);
  Result<const Condition*> standard_of(const Case& file, std::string_view said, const Register& tables) const;
  Result<void> choose_standard(Step& step, bool must);
  Result<void> name_collector(Step& step);
  Result<void> self_handle(Step& step);
  Result<void> end(Step& step);
  Result<void> dispatch(Step& step);
  Result<void> recall(Step& step);
  Result<void> assign(Step& step);
  Result<void> revoke(Step& step);
  Result<void> give_back(Step& step);
  Result<void> accept(Step& step);
  Result<void> arrive(Step& step);
  Result<void> finish(Step& step);
  Result<void> feed_back(Step& step);
  Result<void> check(Step& step);
  Result<void> rework(Step& step);
  Result<void> reopen(Step& step);
  void set_reports(const Case& file, const std::string& state, const std::string& actor, Context& city);

  // case_family.cc: merged, unmerged, split
  Result<void> merge(Step& step);
  Result<void> unmerge(Step& step);
  Result<void> split(Step& step);
  void move_parts(CaseFile& from, CaseFile& into, const std::string& actor, Context& city);
  void move_back(CaseFile& from, CaseFile& into, const std::string& actor, Context& city);
  bool has_open_child(const Case& file);

  // case_requests.cc: 延期 and 挂账
  Result<void> ask(Step& step);
  Result<void> endorse(Step& step);
  Result<void> refuse_request(Step& step);
  Result<void> extend(Step& step);
  Result<void> suspend(Step& step);
  Result<void> resume(Step& step);
  void resume_by_itself(CaseFile& held, Context& city);

  // case_oversight.cc: 督办, 批示, 回头看, 回访, 申诉
  Result<void> supervise(Step& step);
  Result<void> reply(Step& step);
  Result<void> conclude(Step& step);
  Result<void> instruct(Step& step);
  Result<void> look_back(Step& step);
  Result<void> revisit(Step& step);
  Result<void> appeal(Step& step);
  Result<void> uphold_appeal(Step& step);
  Result<void> refuse_appeal(Step& step);
  void escalate_supervision(CaseFile& held, Context& city);

  // command_alarms.cc
  void hear_alarm(const Alarm& heard, Context& city);
  void follow(CaseFile& held, const Alarm& alarm, const Alarm* before, Context& city);
  void consider(const Alarm& alarm, Context& city);
  std::string take_up(const Alarm& alarm, Case draft, double join_radius_m, TimelineEntry entry, Context& city);
  void join(CaseFile& held, const Alarm& alarm, TimelineEntry entry, Context& city);
  void weigh(Case& file) const;
  void forget_if_over(const std::string& alarm);
  Answer act_on_alarm(const ActionIn& in, const Actor& actor, Context& city);

  // command_reports.cc
  Answer submit_report(const ActionIn& in, const Actor& actor, Context& city);
  Answer import_reports(const ActionIn& in, const Actor& actor, Context& city);
  Answer place_report(const ActionIn& in, const Actor& actor, Context& city);
  Answer open_by_hand(const ActionIn& in, const Actor& actor, Context& city);
  Result<Filing> submit(const boost::json::object& body, const Actor& actor, Context& city, bool imported = false);
  void file_report(Report report, const Actor& actor, Context& city, Filing& filing);
  Filing claim(const std::string& source, const std::string& external);
  bool is_known(const std::string& source, const std::string& external) const;
  void join_report(CaseFile& held, const std::string& report, TimelineEntry entry, Context& city);
  void keep_report(CaseFile& held, Report report, const Actor& actor, bool placed, Context& city, Filing& filing);
  CaseFile* similar(const Report& report, Context& city);

  // command_citizen.cc
  Answer act_for_citizen(const ActionIn& in, const Actor& actor, Context& city);
  Result<Answer> citizen_report(boost::json::object body, const Actor& actor, Context& city);
  Result<Answer> citizen_same(const std::string& no, const boost::json::object& body, const Actor& actor, Context& city);
  Result<Answer> citizen_unsolved(const std::string& no, const boost::json::object& body, const Actor& actor, Context& city);
  Result<Answer> citizen_rate(const std::string& no, const boost::json::object& body, const Actor& actor, Context& city);

  // command_notices.cc
  void notify(const Case& file, const std::string& type, const std::string& comment, Context& city);
  void announce(const Alarm& alarm, const Alarm* before, Context& city);
  void await_acknowledgement(const Alarm& alarm, Context& city);
  void await_acceptance(const Case& file);
  void escalate(Context& city);

  // command_partners.cc
  Answer put_reference(const ActionIn& in, const Actor& actor, Context& city);
  static std::string reference_key(std::string_view system, std::string_view number);

  // command_desk.cc
  Answer put_receiver(const ActionIn& in, const Actor& actor, Context& city);
  Answer delete_receiver(const ActionIn& in, const Actor& actor, Context& city);
  Answer act_on_notice(const ActionIn& in, const Actor& actor, Context& city);
  Answer take_receipt(const ActionIn& in, const Actor& actor, Context& city);
  Answer add_attachment(const ActionIn& in, const Actor& actor, Context& city);
  Answer remind(const ActionIn& in, const Actor& actor, Context& city);

  Settings settings_;
  std::map<std::string, CaseFile, std::less<>> files_;           // by number
  std::map<std::string, Alarm, std::less<>> alarms_;             // known ones, without their why
  std::map<std::string, Report, std::less<>> reports_;           // placeless ones and those of cases in memory
  std::map<std::string, Attachment, std::less<>> attachments_;   // not linked yet, or of cases in memory
  std::unordered_set<std::uint64_t> externals_;                  // reports' outside ids, for ever: 16 bytes each or so
  CaseNumbers numbers_;
  Outbox outbox_;
  Escalations escalations_;
  DeviceCommands devices_;
  std::vector<Link> links_;                                      // made and not told yet
  Time sweep_at_{};

  // derived from files_
  CaseIndex index_;
  std::map<std::string, std::string, std::less<>> references_;   // reference_key -> case number
  std::set<std::pair<Time, std::string>> leaving_;               // when it leaves memory, number
  std::set<std::pair<Time, std::string>> waking_;                // when something comes due by itself, number
  std::map<std::string, Time, std::less<>> wakes_at_;
  std::set<std::string> awaiting_;                               // cases past their handling that a pack governs
};

// What is true of a case by its pack and this moment, for rule_on and offers.
CaseGuards guards_of(const Case& file, const Agreed& agreed, const Packs& packs, const Register& tables,
                     Millis utc_offset = std::chrono::hours(8));
// The 立结案标准 that may be chosen for the case: those of its class in force on the day on which it was opened; none
// where a pack speaks for it.
std::vector<const Condition*> standards_for(const Case& file, const Register& tables, Millis utc_offset);

}  // namespace cityloop
