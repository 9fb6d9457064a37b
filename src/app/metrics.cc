// SPDX-License-Identifier: Apache-2.0
// /metrics in the Prometheus text format, from the counters that the parts keep anyway.
#include <fmt/format.h>

#include <fstream>

#include "app/parts.h"
#include "city/version.h"

namespace cityloop {

namespace {

class Text {
 public:
  template <class Number>
  Text& put(std::string_view name, std::string_view type, std::string_view help, Number value, std::string_view labels = {}) {
    if (name != last_) out_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
    last_ = name;
    out_ += fmt::format("{}{} {}\n", name, labels, value);
    return *this;
  }
  Text& put_codes(std::string_view name, std::string_view help, const Tally::Counts& counts) {
    for (const auto& [code, times] : counts) put(name, "counter", help, times, fmt::format("{{code=\"{}\"}}", code));
    return *this;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  std::string last_;
};

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0, resident = 0;
  statm >> pages >> resident;
  return resident * 4096;
}

}  // namespace

std::string Server::metrics() const {
  const Parts& p = *parts_;
  const Loop::Counters loop = p.loop->counters();
  Text out;
  out.put("cityloop_info", "gauge", "Version of the program.", 1, fmt::format("{{version=\"{}\"}}", kProgramVersion));
  out.put("cityloop_turns_total", "counter", "Turns stepped.", loop.turns);
  out.put("cityloop_messages_total", "counter", "Readings and records taken in, good or bad.", loop.messages);
  out.put("cityloop_events_total", "counter", "Events made known.", loop.events);
  out.put("cityloop_step_seconds_total", "counter", "Time the city thread spent in step.", static_cast<double>(loop.step_ns) / 1e9);
  out.put("cityloop_encode_seconds_total", "counter", "Time the city thread spent encoding for the log.", static_cast<double>(loop.encode_ns) / 1e9);
  out.put("cityloop_turns_uncommitted", "gauge", "Turns that the journal does not have yet.", loop.uncommitted);
  out.put("cityloop_checkpoints_total", "counter", "Checkpoints made.", loop.checkpoints);
  out.put("cityloop_checkpoint_pause_seconds_total", "counter", "Time the city stood while its state was copied.", static_cast<double>(loop.checkpoint_ns) / 1e9);
  out.put("cityloop_checkpoint_pause_seconds_max", "gauge", "The longest such pause.", static_cast<double>(loop.checkpoint_most_ns) / 1e9);
  out.put("cityloop_checkpoint_bytes", "gauge", "Size of the newest checkpoint's state.", loop.checkpoint_bytes);
  out.put("cityloop_lookups_total", "counter", "Batches that were looked up in History first.", loop.lookups);
  static constexpr std::string_view kClasses[] = {"import", "readings", "urgent", "action"};
  for (std::size_t i = 0; i < std::size(kClasses); ++i)
    out.put("cityloop_inbox_refused_total", "counter", "Inputs refused at the door, by class.", loop.inbox.refused[i], fmt::format("{{class=\"{}\"}}", kClasses[i]));
  out.put("cityloop_inbox_waiting", "gauge", "Messages waiting for the city thread.", loop.inbox.messages);
  {
    Query query;
    query.table = "quarantine";
    query.limit = 1;
    query.count = true;
    if (const auto page = p.journal->list(query)) out.put("cityloop_quarantine_items", "gauge", "Items in quarantine, all states.", page->total.value_or(0));
  }
  out.put_codes("cityloop_quarantined_total", "Values and messages put into quarantine, by problem code.", loop.quarantined);
  const LogFiles::Counters log = p.log->counters();
  out.put("cityloop_log_appends_total", "counter", "Turns appended to the log.", log.appends);
  out.put("cityloop_log_syncs_total", "counter", "Syncs of the log.", log.syncs);
  out.put("cityloop_log_bytes_total", "counter", "Bytes appended to the log.", log.bytes);
  out.put("cityloop_log_uncut_bytes", "gauge", "Bytes that a recovery would replay at most.", p.log->uncut_bytes());
  const HistoryRocks::Counters history = p.history->counters();
  out.put("cityloop_history_samples_total", "counter", "Samples taken into History since the start.", history.samples);
  out.put("cityloop_history_late_total", "counter", "Of them late ones.", history.late);
  out.put("cityloop_history_points", "gauge", "Points with a head in memory.", history.points);
  out.put("cityloop_history_head_bytes", "gauge", "Memory of the heads.", history.head_bytes);
  out.put("cityloop_history_damaged_total", "counter", "Blocks that did not pass their checksum.", p.history->damaged());
  if (p.http) {
    const HttpServer::Counters http = p.http->counters();
    out.put("cityloop_http_requests_total", "counter", "Requests answered.", http.requests);
    out.put("cityloop_http_bad_requests_total", "counter", "Requests refused before any route saw them.", http.bad_requests);
    out.put_codes("cityloop_http_problems_total", "Answers that refuse, by problem code.", http.problems);
    out.put("cityloop_http_refused_connections_total", "counter", "Connections closed at once: too many were open.", http.refused_connections);
    out.put("cityloop_http_timeouts_total", "counter", "Connections closed for being slow or idle.", http.timeouts);
    out.put("cityloop_http_connections", "gauge", "Open connections.", http.open);
    out.put("cityloop_live_sockets", "gauge", "Open live sockets.", http.sockets);
    if (p.feed) out.put_codes("cityloop_live_problems_total", "Refusals told to live sockets, by problem or close code.", p.feed->problems());
  }
  if (p.mqtt) {
    const MqttServer::Counters mqtt = p.mqtt->counters();
    out.put("cityloop_mqtt_connections", "gauge", "Connected devices and gateways.", mqtt.open);
    out.put("cityloop_mqtt_publishes_total", "counter", "Publishes received.", mqtt.publishes);
    out.put("cityloop_mqtt_refused_total", "counter", "Publishes and subscriptions refused.", mqtt.refused);
    out.put_codes("cityloop_mqtt_problems_total", "Refusals by MQTT 5 reason code, whatever version the device speaks.", mqtt.reasons);
    out.put("cityloop_mqtt_malformed_total", "counter", "Malformed packets.", mqtt.malformed);
    out.put("cityloop_mqtt_logins_refused_total", "counter", "Refused connects.", mqtt.logins_refused);
    out.put("cityloop_mqtt_dropped_qos0_total", "counter", "QoS 0 messages dropped under overload.", mqtt.dropped_qos0);
    out.put("cityloop_mqtt_wills_total", "counter", "Wills delivered.", mqtt.wills);
    out.put("cityloop_mqtt_quarantined_total", "counter", "Messages with something quarantined.", mqtt.quarantined);
  }
  if (p.sources) {
    const SourceRunner::Counters sources = p.sources->counters();
    out.put("cityloop_sources_connected", "gauge", "Connected sources.", sources.connected);
    out.put("cityloop_source_payloads_total", "counter", "Payloads from sources.", sources.payloads);
    out.put("cityloop_source_undecodable_total", "counter", "Payloads that could not be decoded.", sources.undecodable);
  }
  if (p.outbox) {
    const OutboxSender::Counters outbox = p.outbox->counters();
    out.put("cityloop_notices_sent_total", "counter", "Notices delivered.", outbox.sent);
    out.put("cityloop_notices_failed_total", "counter", "Failed tries.", outbox.failed);
  }
  out.put("process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes());
  return out.take();
}

}  // namespace cityloop
