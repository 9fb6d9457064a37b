// SPDX-License-Identifier: Apache-2.0
// What enters the city (Input), what one turn is (Turn) and what an input is answered (Answer).
// Edge threads build inputs; only the city thread consumes them. Encoded into the Log by core/codec.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/words.h"

namespace cityloop {

// Readings as decoded, nothing resolved: flat arrays over one text arena, so that a batch of 100,000 messages is a
// handful of allocations and its Log form is a copy.
struct ReadingBatch {
  struct Message {
    std::uint32_t asset = 0;         // offset into text
    std::uint32_t asset_size = 0;
    std::uint32_t first = 0;         // samples [first, first + count)
    std::uint32_t count = 0;
    std::uint32_t index = 0;         // position in the sender's batch, as answered
    std::uint32_t raw = 0;           // offset of the raw message in text, kept only where something may be quarantined
    std::uint32_t raw_size = 0;
    std::uint32_t spare = 0;
    Time at{};                       // kNoTime: take arrival
  };
  struct Sample {
    std::uint32_t point = 0;         // offset into text
    std::uint32_t point_size = 0;
    std::int32_t scale = 0;
    std::uint32_t flaw = 0;          // 0: a number; otherwise 1 not a finite number, 2 wrong type, 3 the source's sign for missing
    std::int64_t mantissa = 0;
  };
  struct Flaw {                      // a message that could not be decoded at all
    std::uint32_t index = 0;
    std::string code;
    std::string detail;
    std::string raw;
  };
  struct Known {                     // what History held at this sample's own time, looked up before logging
    std::uint32_t sample = 0;
    bool exists = false;
    Decimal value;
  };

  std::string text;
  std::vector<Message> messages;
  std::vector<Sample> samples;
  std::vector<Flaw> flaws;
  std::vector<Known> known;          // ascending by sample
  std::uint64_t known_turn = 0;      // the turn h as of which `known` holds
  bool single = false;               // the body was one object, not a batch: nothing good in it answers 422

  std::string_view asset_of(const Message& m) const { return std::string_view(text).substr(m.asset, m.asset_size); }
  std::string_view point_of(const Sample& s) const { return std::string_view(text).substr(s.point, s.point_size); }
  std::string_view raw_of(const Message& m) const { return std::string_view(text).substr(m.raw, m.raw_size); }
  std::size_t size() const { return messages.size() + flaws.size(); }

  void encode(class Writer& out) const;   // arrays copied whole
  void decode(class Reader& in);          // checks every offset; spoils the reader where one is forged
};

struct ReadingsIn {
  std::string principal;   // `token:…`, `credential:…`, `source:…`
  std::string source;      // connected system, or empty
  Time arrival{};
  bool import = false;     // imports may be old, raise nothing live, are shed first
  ReadingBatch batch;
};

struct RecordIn {
  std::uint32_t index = 0;
  std::string id;
  std::string asset;
  std::string kind;
  Time at{};
  std::string fields;      // JSON object text
  std::vector<std::string> evidence;
  std::string raw;
  std::string flaw_code;   // not empty: undecodable
  std::string flaw_detail;
  bool single = false;     // the body was this one object: when it is refused, the answer is 422
};

struct RecordsIn {
  std::string principal;
  std::string source;
  Time arrival{};
  std::vector<RecordIn> records;
};

// What a person, a token or an administrator's command does. `verb` is one of the names in docs/verbs.md:
// `case.dispatch`, `alarm.acknowledge`, `asset.put`, `user.put`, … ; `body` is its JSON.
struct ActionIn {
  std::string principal;
  std::string verb;
  std::string subject;           // case no, alarm id, asset id, user name …; may be empty
  std::string body;              // JSON object text, secrets already hashed, personal fields already encrypted
  std::string idempotency_key;   // empty: none
  std::uint64_t request_digest = 0;  // of verb + subject + body as sent, to tell a reused key
  std::uint64_t if_match = 0;    // 0: none sent
  Time arrival{};
};

struct TickIn {};  // timers; `now` of the turn is all it carries

// The first input of a run: time in which nobody listened counts neither as absence nor as staleness.
struct StartedIn {
  Time down_since{};       // kNoTime on a fresh folder
  std::string program;     // version
  bool restored = false;   // the folder came from a backup: the outbox is held, sequences skip ahead
};

// A connection to a device, gateway or source came or went.
struct PresenceIn {
  std::string principal;   // `credential:…` or `source:…`
  bool connected = false;
  std::string reason;      // `will`, `keep-alive`, `closed`, an error's sentence
  Time arrival{};
};

struct NoticeResultIn {
  std::string notice;
  bool delivered = false;
  std::string detail;      // HTTP status or error
  Time arrival{};
  Millis retry_after{0};   // the receiver asks to be left alone this long
  bool final = false;      // trying again cannot help
};

using Input = std::variant<ReadingsIn, RecordsIn, ActionIn, TickIn, StartedIn, PresenceIn, NoticeResultIn>;

struct Turn {
  std::uint64_t number = 0;
  Time now{};
  std::uint64_t seed = 0;   // of this turn's generator
  std::vector<Input> inputs;
};

// What one input is answered: status and code as in core/errors.h, and a JSON document.
struct Answer {
  int status = 200;
  std::string code;        // problem code when status >= 400
  std::string detail;      // the sentence, or why not
  std::string body;        // JSON document when status < 400
  std::uint64_t turn = 0;  // a later read waits for this turn
  std::uint64_t rev = 0;   // new revision of the subject, 0 when it has none
};

}  // namespace cityloop
