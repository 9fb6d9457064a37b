// SPDX-License-Identifier: Apache-2.0
// Cases, orders, notices: alarms, reports and people's actions in; exactly one case per real event out. City thread only,
// except the pure functions of case_table.h.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "command/case_table.h"
#include "core/context.h"

namespace cityloop {

struct Agreed { bool needed = false; bool agrees = false; std::string because; };

class Command {
 public:
  struct Settings {
    Millis utc_offset = std::chrono::hours(8);            // of the city: case numbers' dates
    std::map<std::string, std::string> accept_limits;     // stage name -> limit text; defaults of domain.md §1.8
    struct Receiver { std::string name, url, area; std::vector<std::string> types; };
    std::vector<Receiver> receivers;                      // webhook receivers of notices
  };
  explicit Command(Settings settings) : settings_(std::move(settings)) {}

  // Reads alarm events of this input: opens or joins a case (architecture §4.4), follows levels, sensor agreement.
  // Returns (alarm id, case no) links that analyse must learn.
  std::vector<std::pair<std::string, std::string>> hear(const Event& event, Context& city);
  // Verbs: report.submit case.open alarm.open_case alarm.link alarm.notify case.<action of architecture §5>
  // receiver.put receiver.delete notice.retry notice.release attachment.add reports.import
  static bool handles(std::string_view verb);
  // `agreed` answers for the case's asset at this moment; `persons` resolves a handler id to a display name and unit.
  Answer act(const ActionIn& in, const Actor& actor, const Agreed& agreed, Context& city);
  void notice_result(const NoticeResultIn& in, Context& city);  // attempts, back-off, order per subject
  void tick(Context& city);                                     // agreement hold, closed cases leaving memory
  Time next_due() const;

  const Case* open_case(std::string_view no) const;  // null: not in memory (closed long ago) or unknown
  const Alarm* known_alarm(std::string_view id) const;

  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  Settings settings_;
};

}  // namespace cityloop
