// SPDX-License-Identifier: Apache-2.0
// The nouns of the city that more than one room speaks (architecture §2; docs/glossary.md has the Chinese).
// Plain aggregates: values, no behaviour, encoded by core/codec.h. Times are UTC milliseconds, places WGS84.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/decimal.h"
#include "core/geo.h"
#include "core/time.h"

namespace cityloop {

// ---- who ------------------------------------------------------------------------------------------------------

enum class Role : std::uint8_t {
  collector, acceptor, shift_leader, dispatcher, unit_desk, handler, inspector, evaluator, leader, integrator, wall,
  admin, security_admin, audit_admin, device,  // device: a credential; nothing but its own readings, records, results
};
std::string_view role_name(Role role);
std::optional<Role> role_of(std::string_view name);

// Who does something, resolved by the city in the turn in which it happens.
struct Actor {
  std::string id;            // `user:zhang`, `token:gis`, `credential:gw-7`, `system`
  std::vector<Role> roles;
  std::string area;          // sees and acts in areas whose code starts with this; the root area sees everything
  std::string unit;          // unit of a unit_desk or handler, else empty
  std::string person;        // display name
  bool is(Role role) const;
};

// ---- things and values ----------------------------------------------------------------------------------------

enum class Level : std::uint8_t { none, blue, yellow, orange, red };  // ascending; GB severity = 5 - value
std::string_view level_name(Level level);
std::optional<Level> level_of(std::string_view name);

enum class Quality : std::uint8_t { good, at_limit, suspect, late, simulated, derived };
std::string_view quality_name(Quality quality);

enum class Life : std::uint8_t { in_use, maintenance, retired };
std::string_view life_name(Life life);
std::optional<Life> life_of(std::string_view name);

using AttributeValue = std::variant<double, std::string, bool>;
using Attributes = std::map<std::string, AttributeValue>;

struct Silence {  // maintenance: no alarms for the asset until then
  Time until{};
  std::string reason;
  std::string by;
};

struct Asset {
  std::string id;
  std::string kind;
  std::string name;
  std::optional<LngLat> place;
  std::string area;            // most precise area code that is known; empty when the place lies nowhere
  Attributes attributes;
  std::string component_code;  // GB/T 30428.2, 16 digits, or empty
  Life life = Life::in_use;
  std::optional<Silence> silence;
  std::string owner_unit;
  std::string keeper_unit;
  std::string source;          // connected system it came from, or empty
  std::uint32_t slot = 0;      // dense number, never reused; History keys are slot << 8 | point
  std::uint64_t rev = 0;
};

struct Area {
  std::string code;    // children start with the parent's code
  std::string name;
  std::string name_en;
  std::string parent;  // empty for the root
  MultiPolygon shape;  // may be empty (root, streets without geometry)
};

struct Unit {
  std::string id;       // `500106-sanitation`
  std::string name;
  std::string area;     // area that it answers for
  std::vector<std::string> duties;  // what it mends: `sanitation`, `street`, `landscape`, `municipal`, `0303`, …
  std::string phone;
  bool enabled = true;
};

// What a gated value is to the rest of the city. Produced by sense, consumed by analyse and History.
struct Observation {
  std::uint32_t slot = 0;
  std::uint8_t point = 0;  // index into the kind's points
  Quality quality = Quality::good;
  bool late = false;       // older than the point's newest: stored, raises nothing
  Time at{};
  Time arrival{};
  Decimal value;
  double number = 0;       // value.number(), computed once
};

// Something that happened, with typed fields (architecture §2).
struct Record {
  std::string id;
  std::string asset;
  std::string kind;
  Time at{};
  Time arrival{};
  std::string fields;                 // canonical JSON object
  std::vector<std::string> evidence;  // attachment ids
};

// ---- alarms ---------------------------------------------------------------------------------------------------

enum class AlarmState : std::uint8_t { pending, firing, cleared };
std::string_view alarm_state_name(AlarmState state);

struct WhySample {
  std::string point;
  Time at{};
  Decimal value;
  Quality quality = Quality::good;
  Time arrival{};
};

struct WhyStep {
  Time at{};
  std::string state;    // inactive, pending, firing, cleared, level names: `firing:red`
  std::string because;  // one sentence with the values: `ch4 31 >= 25 held 60s`
};

struct Why {
  std::string rule;          // `septic_gas/ch4_high`
  std::string pack_version;
  std::string rule_text;     // the rule as JSON, so that the why stands alone
  std::string expr;          // expression of the level that holds
  Attributes attributes;     // those that the expression reads
  Time evaluated_at{};
  Level level = Level::none; // what the stored samples must evaluate to
  std::vector<WhySample> samples;
  std::vector<WhyStep> steps;
};

struct Alarm {
  std::string id;            // one episode: `a-` + 16 hex digits
  std::string rule;
  std::string asset;
  std::string kind;
  std::string area;
  std::optional<LngLat> place;
  AlarmState state = AlarmState::pending;
  Level level = Level::none;
  Level peak = Level::none;
  bool acknowledged = false;
  std::string acknowledged_by;
  std::optional<Time> acknowledged_at;
  bool false_alarm = false;
  bool drill = false;                 // a test alarm: opens no case, marked everywhere
  std::optional<Time> shelved_until;
  std::string note;                   // reason of shelving or of false alarm
  std::string inhibited_by;           // rule or silence that holds it back, or empty
  Time raised_at{};                   // when it fired (event time); pending: when the condition began
  std::optional<Time> cleared_at;
  Time changed_at{};
  Time arrival{};                     // arrival of the input that fired it, for latency
  std::string point;                  // the point shown, and its value, unit and threshold text
  double value = 0;
  std::string unit;
  std::string title;                  // annotations, zh and en
  std::string title_en;
  std::string case_no;
  std::string asset_name;
  Why why;
};

// ---- reports, cases, orders -----------------------------------------------------------------------------------

struct ClassCode {
  std::string scheme = "GB2013";
  std::string type;  // component, event, monitoring
  std::string code;  // `0303`
};

enum class Urgency : std::uint8_t { normal, urgent, very_urgent };
std::string_view urgency_name(Urgency urgency);
std::optional<Urgency> urgency_of(std::string_view name);

enum class Stage : std::uint8_t {
  reported, verifying, pending_register, pending_dispatch, pending_handle, handling, handle_finish, pending_feedback,
  checking, pending_close, closed, forced_close, cancelled, not_accepted, suspended,
};
std::string_view stage_name(Stage stage);
std::optional<Stage> stage_of(std::string_view name);
bool is_open(Stage stage);  // every stage but closed, forced_close, cancelled, not_accepted

struct Report {
  std::string id;          // `r-` + 16 hex digits, or the outside id given by the sender
  std::string source;      // citizen, inspector, camera, hotline, system, desk
  ClassCode klass;         // as the reporter or the mapping says; may be empty
  std::string title;
  std::string text;
  std::optional<LngLat> place;
  std::string area;
  std::string address;
  std::string asset;
  std::string reporter;    // key into the personal side rows; empty when anonymous
  std::vector<std::string> attachments;
  Time at{};
  Time received{};
  std::string state;       // waiting, placeless, filed, merged, rejected
  std::string case_no;
  std::string external;    // number in the other system
  std::string status_external;
};

struct TimelineEntry {
  std::uint64_t seq = 0;      // within the case
  Time at{};
  std::string actor;          // Actor::id
  std::string actor_name;
  std::string action;         // action name, or alarm.joined, reminder, notice.sent …
  Stage from = Stage::reported;
  Stage to = Stage::reported;
  std::string comment;
  std::map<std::string, std::string> fields;  // unit, handler, reasons of the routing …
  std::vector<std::string> attachments;
};

struct Clock {                 // one stage clock (domain.md §1.8)
  Stage stage = Stage::reported;
  Time started{};
  std::optional<Time> deadline;   // nothing: the note says why
  std::string limit;              // as written: `15m`, `2UH`, `1WD`
  std::string note;               // `no limit`, `calendar not set`, `calendar ends 2026-12-31` where it applies
  std::optional<Time> stopped;
  bool paused = false;
  int reminded = 0;       // 0, 50, 80, 100 per cent: what people have been told
  bool working = false;   // the limit counts working time only
  bool due_soon = false;  // 临期: runs, and a quarter of the limit or less is left
  bool overdue = false;   // went on past its deadline
};

struct Candidate {             // of a dispatch, kept with its reasons
  std::string unit;
  double score = 0;
  std::string because;
};

// 延期 or 挂账 that a unit has asked for and nobody has decided yet.
struct CaseRequest {
  std::string kind;            // extension, suspension
  std::string by;              // Actor::id
  std::string reason;
  Time at{};
  std::optional<Time> until;   // of a suspension
  bool endorsed = false;       // the unit's desk stands behind it: the dispatcher may decide
};

struct Supervision {           // 督办
  std::string kind;            // timeout, leader, important
  std::string by;              // Actor::id
  std::string by_name;
  std::string requirement;
  Time at{};
  std::optional<Time> due;     // of the reply
  std::optional<Time> replied_at;
  std::string reply;
  std::optional<Time> concluded_at;
  bool escalated = false;      // nobody replied in time, and people were told: once
};

struct Appeal {                // 申诉
  std::string by;              // Actor::id
  std::string reason;
  Time at{};
  std::string state;           // dispatcher, acceptor (whose word it waits for), upheld, refused
};

// What befell a case beside the stages that it went through (domain.md §1.8).
struct Course {
  std::optional<CaseRequest> request;
  int extensions = 0;                       // granted ones
  std::string first_limit;                  // the disposal limit before the first extension
  std::optional<Time> suspended_until;
  Stage back_to = Stage::reported;          // of a suspended or merged case
  std::vector<Supervision> supervisions;    // at most the last one is not concluded
  std::optional<Appeal> appeal;
  bool exempt = false;                      // an upheld appeal: its disposal does not count in the scores
  std::string satisfaction;                 // 回访: very_satisfied, satisfied, unsatisfied
  std::string standard;                     // 立结案标准 it was filed under: `GB2013/component/0303/1`
  std::string grade;                        // management grade of the place, A B C; empty: A
  std::string look_back;                    // 回头看: kept, relapsed
  std::string settled;                      // self_handled, settled: closed without a unit
  int reopens = 0;
  std::string parent;                       // no of the case that it was split from
  std::vector<std::string> children;
};

struct Case {
  std::string no;              // 19 digits: area 6 + local date 8 + sequence 5
  std::string origin;          // unique: `alarm:<id>`, `report:<id>`, `desk:<key>`
  Stage stage = Stage::reported;
  ClassCode klass;
  Urgency urgency = Urgency::normal;
  std::string title;
  std::string area;
  std::optional<LngLat> place;
  std::string address;
  std::string asset;
  std::string pack;            // pack whose `case` section governs it, or empty
  std::vector<std::string> alarms;
  std::vector<std::string> reports;
  std::string unit;
  std::string handler;         // Actor::id
  std::vector<Candidate> candidates;
  std::string limit;           // disposal limit as written in the pack
  std::vector<Clock> clocks;
  Time opened_at{};
  std::optional<Time> dispatched_at;
  std::optional<Time> finished_at;
  std::optional<Time> closed_at;
  Level level = Level::none;   // worst uncleared alarm
  int returns = 0;
  int reworks = 0;
  bool proof = false;          // after-photo present
  bool agreed = false;         // the sensor agrees that it is over
  std::uint64_t rev = 1;
  Time changed_at{};
  std::string returned_from;   // unit that gave it back, or `dispatcher`; until the next step forward
  std::string merged_into;     // no of the case that took it over
  Course course;
};

struct Order {                 // the task given to a unit or person
  std::string id;              // case no + `-` + 2 digits
  std::string kind = "handle"; // handle, verify (核实), check (核查); the last two go to collectors: one, or whoever is near
  std::string case_no;
  std::string unit;
  std::string handler;
  std::string area;
  std::string state;           // sent, accepted, arrived, finished, returned, revoked
  Time sent_at{};
  std::optional<Time> accepted_at;
  std::optional<Time> arrived_at;
  std::optional<Time> finished_at;
  std::optional<LngLat> arrived_place;
  std::vector<std::string> attachments;
};

struct Notice {                // one message to one receiver, in the outbox until it is out
  std::string id;              // stable: subject + `:` + running number
  std::string subject;         // case no or alarm id; order is kept per subject
  std::string type;            // CloudEvents type: `city.case.dispatched` …
  std::string channel;         // core/receiver.h
  std::string target;          // name of the configured receiver
  std::string area;
  std::string data;            // JSON
  std::string state;           // waiting, sent, delivered, read, failed
  Time created{};
  int attempts = 0;
  std::optional<Time> next_attempt;
  std::string last_error;
  std::optional<Time> sent_at;       // the receiver's system has taken it
  Level level = Level::none;         // of its subject when it was made
  int step = 1;                      // 2…: escalated, because nobody took it up
  std::optional<Time> held_until;    // the end of the receiver's quiet hours
  Time give_up_at{};                 // tried until then
  std::optional<Time> delivered_at;  // by receipt
  std::optional<Time> read_at;       // by receipt
  std::string receipt_by;            // Actor::id, or `link`
};

struct Attachment {
  std::string id;              // SHA-256 of the cleaned bytes, hex
  std::string type;            // image/jpeg …
  std::uint64_t bytes = 0;
  std::string by;
  std::string area;            // area of what it belongs to; empty until linked
  Time at{};
  std::optional<LngLat> taken_place;  // from EXIF, kept aside
  std::optional<Time> taken_at;
  std::string original;        // digest of the unstripped original, readable by few
};

struct QuarantineItem {
  std::string id;              // `q-` + running number
  Time at{};
  std::string principal;
  std::string source;
  std::string asset;
  std::string point;
  std::string code;            // problem code
  std::string detail;
  std::string payload;         // the message, cut at 4 KiB
  std::string state;           // waiting, reingested, dropped
};

}  // namespace cityloop
