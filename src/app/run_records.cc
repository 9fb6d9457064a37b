// SPDX-License-Identifier: Apache-2.0
// why, audit and restore: what a city says of itself, checked from the stored facts alone. Read from the Journal beside
// a running server, which is not disturbed.
#include <algorithm>
#include <cstdio>

#include "analyse/analyse.h"
#include "app/ask.h"
#include "app/commands.h"
#include "app/store.h"
#include "core/json.h"
#include "edge/clock.h"
#include "serve/project.h"
#include "supervise/audit.h"

namespace cityloop {

namespace {

int complain(const std::string& sentence, int code = kExitFailed) {
  std::fprintf(stderr, "cityloop: %s\n", sentence.c_str());
  return code;
}

}  // namespace

int run_why(const WhyCommand& command) {
  auto journal = open_store_to_read(command.data);
  if (!journal) return complain(journal.error().detail);
  Query query;
  query.table = "alarms";
  query.limit = 1000;
  if (!command.alarm.empty()) query.where.push_back({"key", Where::Op::equal, {command.alarm}});
  std::size_t checked = 0, differ = 0;
  for (;;) {
    const auto page = (*journal)->list(query);
    if (!page) return complain(page.error().detail);
    for (const Row& row : page->rows) {
      const auto why = (*journal)->find("whys", row.key);
      if (!why || !*why) continue;
      if (!command.verify) {
        std::printf("%s\n", (*why)->doc.c_str());
        ++checked;
        continue;
      }
      const auto alarm = alarm_of_doc(row.doc, (*why)->doc);
      if (!alarm) return complain(row.key + ": " + alarm.error().detail);
      if (alarm->drill || alarm->why.samples.empty()) continue;  // a drill, or an absence: nothing was measured
      const auto verdict = verify_why(alarm->why);
      ++checked;
      if (verdict && verdict->agrees) {
        if (!command.alarm.empty()) std::printf("%s agrees: %s\n", row.key.c_str(), verdict->because.c_str());
      } else {
        ++differ;
        std::printf("%s DIFFERS: %s\n", row.key.c_str(), (verdict ? verdict->because : verdict.error().detail).c_str());
      }
    }
    if (page->next.empty()) break;
    query.cursor = page->next;
  }
  if (!command.alarm.empty() && checked == 0) return complain("there is no stored why of " + command.alarm);
  if (command.verify) std::printf("%zu alarms verified, %zu differ\n", checked, differ);
  return differ == 0 ? kExitDone : kExitFailed;
}

namespace {

Result<std::vector<AuditEntry>> audit_entries(const Journal& journal) {
  std::vector<AuditEntry> entries;
  Query query;
  query.table = "audit";
  query.limit = 1000;
  for (;;) {
    const Page page = TRY(journal.list(query));
    for (const Row& row : page.rows) {
      const json::value parsed = TRY(parse_json(row.doc));
      const json::object& doc = parsed.as_object();
      AuditEntry entry;
      entry.number = static_cast<std::uint64_t>(TRY(need_number(doc, "number")));
      entry.at = TRY(want_time(doc, "at")).value_or(kNoTime);
      entry.actor = text_or(doc, "actor");
      entry.action = text_or(doc, "action");
      entry.subject = text_or(doc, "subject");
      entry.outcome = text_or(doc, "outcome");
      entry.detail = text_or(doc, "detail");
      entry.previous = text_or(doc, "previous");
      entry.digest = text_or(doc, "digest");
      entries.push_back(std::move(entry));
    }
    if (page.next.empty()) break;
    query.cursor = page.next;
  }
  std::sort(entries.begin(), entries.end(), [](const AuditEntry& a, const AuditEntry& b) { return a.number < b.number; });
  return entries;
}

}  // namespace

int run_audit_head(const AuditCommand& command) {
  auto journal = open_store_to_read(command.data);
  if (!journal) return complain(journal.error().detail);
  const auto entries = audit_entries(**journal);
  if (!entries) return complain(entries.error().detail);
  if (entries->empty()) std::printf("0:\n");
  else std::printf("%llu:%s\n", static_cast<unsigned long long>(entries->back().number), entries->back().digest.c_str());
  return kExitDone;
}

int run_audit_verify(const AuditCommand& command) {
  auto journal = open_store_to_read(command.data);
  if (!journal) return complain(journal.error().detail);
  const auto keys = read_folder_keys(command.data);
  if (!keys) return complain(keys.error().detail);
  auto entries = audit_entries(**journal);
  if (!entries) return complain(entries.error().detail);
  AuditHead expected;
  if (!entries->empty()) expected = {entries->back().number, entries->back().digest};
  if (!command.anchor.empty()) {
    const auto colon = command.anchor.find(':');
    const std::string number = command.anchor.substr(0, colon);
    if (colon == std::string::npos || number.empty() || number.size() > 18 || number.find_first_not_of("0123456789") != std::string::npos)
      return complain("--anchor is NUMBER:DIGEST, as `cityloop audit head` prints it", kExitUsage);
    const AuditHead anchor{std::stoull(number), command.anchor.substr(colon + 1)};
    const auto at = std::find_if(entries->begin(), entries->end(), [&](const AuditEntry& entry) { return entry.number == anchor.number; });
    if (anchor.number > 0 && (at == entries->end() || at->digest != anchor.digest))
      return complain("the chain does not contain the anchored head " + command.anchor + ": it was cut or rewritten");
  }
  const auto verified = verify_chain(*entries, keys->audit, expected);
  if (!verified) return complain(verified.error().detail);
  std::printf("%zu entries, the chain holds%s\n", entries->size(), command.anchor.empty() ? "; give --anchor to prove that nothing was cut off" : " and contains the anchored head");
  return kExitDone;
}

int run_restore(const CopyCommand& command) {
  const auto clock = CityClock::create("");
  const auto report = restore_into(command.to, command.data, command.store, (*clock)->now());
  if (!report) return complain(report.error().detail);
  std::printf("restored %llu files, %llu bytes, turn %llu, as a new epoch; notices are held until an administrator releases them\n",
              static_cast<unsigned long long>(report->files), static_cast<unsigned long long>(report->bytes), static_cast<unsigned long long>(report->turn));
  return kExitDone;
}

}  // namespace cityloop
