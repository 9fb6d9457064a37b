// SPDX-License-Identifier: Apache-2.0
// From publishes to inputs and from answers back to acknowledgements. All publishes that one read of a socket brought are one
// gulp: at most one ReadingsIn and one RecordsIn, and one write of acknowledgements when their answers are there.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/message.h"
#include "edge/mqtt_codec.h"
#include "edge/mqtt_server.h"

namespace cityloop::mqtt {

class Connection;
struct Session;

enum class Part : std::uint8_t { none, readings, records };

struct Taken {                  // a publish that wants an acknowledgement
  std::uint16_t id = 0;
  std::uint8_t qos = 0;
  Part part = Part::none;
  Reason reason = Reason::success;
  std::uint32_t index = 0;      // in its part
  std::uint32_t units = 0;      // messages or records of it, and
  std::uint32_t values = 0;     // samples: where all of either are bad, so is the payload
};

struct Gulp {
  std::weak_ptr<Connection> connection;
  std::shared_ptr<Session> session;
  std::vector<Taken> taken;     // in the order of arrival
  ReadingsIn readings;          // kept until answered, to be offered again
  RecordsIn records;
  std::uint32_t readings_count = 0, records_count = 0;  // publishes
  int waiting = 0;              // parts not answered yet
  int tries = 0;
  std::size_t bytes = 0;
  bool held = false;            // refused at least once, counted as such

  void take_readings(const MqttCity& city, std::string_view asset, const Publish& publish);
  using DecodeRecords = std::function<Result<std::vector<RecordIn>>(std::string_view asset, std::string_view payload)>;
  void take_records(const DecodeRecords& decode, std::string_view asset, const Publish& publish);
  void take_other(const Publish& publish, Reason reason);  // refused, or of no interest to the city
};

enum class Verdict { accepted, later, failed };
// Whether the city has taken the part; `accepted` writes what each of its publishes is told. `want_reasons`: the
// device speaks MQTT 5 and hears of bad payloads.
Verdict take_answer(Gulp& gulp, Part part, const Answer& answer, bool want_reasons);

// Adds the messages of `part` behind those of `into`, all under one index.
void append_batch(ReadingBatch& into, const ReadingBatch& part, std::uint32_t index);

// `city/v1/{asset}/{leaf}`; empty parts where the topic is not of that form.
struct Topic {
  std::string_view asset, leaf;
};
Topic split_topic(std::string_view topic);

}  // namespace cityloop::mqtt
