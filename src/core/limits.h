// SPDX-License-Identifier: Apache-2.0
// Every bound of the program, with its reason. Any room may read it; nobody else writes a bare number.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/time.h"

namespace cityloop::limits {

using namespace std::chrono_literals;

// What comes in
inline constexpr std::size_t kBodyBytes = 16u << 20;        // one HTTP body: architecture §5
inline constexpr std::size_t kBatchMessages = 100'000;      // messages in one body: architecture §5
inline constexpr std::size_t kHeaderBytes = 16u << 10;      // an HTTP head; browsers stay below 8 KiB
inline constexpr std::size_t kTargetBytes = 8u << 10;       // a request target with filters
inline constexpr int kJsonDepth = 32;                       // deepest JSON accepted; GeoJSON needs 8
inline constexpr std::size_t kAssetIdBytes = 128;           // architecture §5
inline constexpr std::size_t kPointNameBytes = 64;          // a point is a short word
inline constexpr std::size_t kPointsOfKind = 256;           // a History key keeps 8 bits for the point
inline constexpr std::size_t kPackBytes = 4u << 20;         // a pack is written by a person
inline constexpr std::size_t kCalendarBytes = 256u << 10;   // a year of a working calendar is one printed page
inline constexpr std::size_t kCalendarYears = 30;           // limits run for days; nobody knows holidays further ahead
inline constexpr std::size_t kTextBytes = 4'000;            // a comment or description written by a person
inline constexpr std::size_t kAttachmentBytes = 12u << 20;  // a phone's full photo
inline constexpr std::uint32_t kPictureSide = 12'000;        // pixels; beyond it a browser on a phone runs out of memory
inline constexpr std::size_t kMqttPacketBytes = 1u << 20;   // one publish; a gateway's batch fits
inline constexpr std::size_t kMqttSessionQueue = 1'000;     // commands kept for a sleeping device
inline constexpr std::size_t kMqttConnections = 20'000;     // file descriptors on one small machine
inline constexpr int kMqttReceiveMaximum = 256;             // unacknowledged publishes of one device: two turns of a busy gateway
inline constexpr std::size_t kMqttInflight = 64;            // unacknowledged commands to one device
inline constexpr std::size_t kMqttSessionBytes = 1u << 20;  // commands kept for one device
inline constexpr std::size_t kMqttSessionsBytes = 64u << 20;  // and for all of them
inline constexpr std::size_t kMqttSessions = 20'000;        // sleeping sessions; the oldest one leaves
inline constexpr int kMqttTopicAliases = 64;                // a gateway's hottest topics
inline constexpr std::size_t kMqttSubscriptions = 256;      // of one session: a gateway's assets one by one
inline constexpr std::size_t kMqttClientIdBytes = 128;
inline constexpr std::size_t kMqttHeldBytes = 128u << 20;   // publishes held back while the city refuses; then devices are cut off
inline constexpr std::size_t kHttpConnections = 4'000;
inline constexpr std::size_t kLiveMessageBytes = 64u << 10; // one message of a screen; web.md §4.3 needs far less
inline constexpr std::size_t kLiveSubscriptions = 32;       // web.md §4.5
inline constexpr std::size_t kLiveQueueBytes = 16u << 20;   // one socket: a burst of 10,000 alarms fits; the texts are shared by all sockets
inline constexpr std::size_t kLiveEventsKept = 50'000;      // resume window: web.md §4.4

// Time
inline constexpr Millis kFutureTolerance = 5min;   // architecture §3
inline constexpr Millis kPastTolerance = 24h * 7;  // architecture §3
inline constexpr Millis kMqttSessionKept = 24h;    // longest life of a sleeping MQTT session
inline constexpr int kStalePeriods = 3;            // a condition is stale after this many expected intervals

// The inbox and the turn
inline constexpr std::size_t kTurnInputs = 512;          // inputs drained into one turn
inline constexpr std::size_t kTurnMessages = 20'000;     // messages drained into one turn, so that a turn stays short
inline constexpr std::size_t kInboxMessages = 200'000;   // waiting messages before readings are refused
inline constexpr std::size_t kInboxActions = 10'000;     // waiting actions and reports before they are refused
inline constexpr std::size_t kTurnsUncommitted = 4'096;  // turns ahead of the Journal before the inbox refuses
inline constexpr Millis kPostgresPatience = 30s;         // a commit without a word from the database is given up
inline constexpr Millis kPostgresReadPatience = 10s;     // of a question to it: it stands in the way of other callers
inline constexpr Millis kPostgresLockPatience = 15s;     // for the lock of a server that has just died
inline constexpr std::uint64_t kLogUncutBytes = 256u << 20;  // replay of this takes at most about 2 s; then a checkpoint
inline constexpr std::uint64_t kDiskReserve = 64u << 20;      // kept free: what was acknowledged still needs rows, blocks and a checkpoint
inline constexpr std::uint64_t kDiskLeast = 16u << 20;        // free at a start: opening and recovering the stores writes
inline constexpr std::uint64_t kLogSegmentBytes = 64u << 20; // preallocated segment

// What is kept
inline constexpr std::size_t kPageDefault = 100;    // items of a list page
inline constexpr std::size_t kPageMost = 1'000;
inline constexpr std::size_t kCsvRows = 100'000;     // rows of one CSV answer
inline constexpr std::size_t kStateItems = 100'000;  // items of one state answer; the map asks for all at once
inline constexpr std::size_t kHistoryItems = 50'000; // raw values or buckets of one history answer
inline constexpr std::size_t kAggregateReads = 200'000;  // (asset, bucket) pairs that one aggregate may visit
inline constexpr std::size_t kAggregateAssets = 20'000;  // assets that one aggregate may visit
inline constexpr std::size_t kLiveWaiting = 1'000;   // long polls that wait at once
inline constexpr std::size_t kLiveSoftBytes = 256u << 10;  // a screen's queue before its state is merged: web.md §4.5
inline constexpr std::size_t kLiveBacklog = 5'000;   // events behind before a screen starts anew: web.md §4.5
inline constexpr std::size_t kWhySamples = 2'000;   // samples kept in an alarm's why
inline constexpr std::size_t kWhySteps = 200;
inline constexpr std::size_t kHistoryBuckets = 100'000;  // steps of one history answer; a chart shows some thousands
inline constexpr std::size_t kRuleWindow = 100'000; // samples in one range window
inline constexpr std::size_t kAlarmsListed = 50'000;      // cleared alarms that nobody has seen yet; the oldest leave memory
inline constexpr std::size_t kDeafPeriods = 256;          // remembered a principal: restarts and lost connections
inline constexpr Millis kDeafKept = 24h * 30;             // older deafness no longer excuses anything
inline constexpr Millis kShelfMost = 24h * 7;             // longest shelving; maintenance is for longer
inline constexpr Millis kDrillLasts = 10min;              // a test alarm that nobody acknowledges
inline constexpr Millis kIdempotencyKept = 24h;     // architecture §5
inline constexpr Millis kSuspensionMost = 24h * 366;  // 挂账: at most a year ahead
inline constexpr Millis kClosedCaseKept = 24h * 7;  // a closed case may be reopened this long; then it leaves memory
inline constexpr std::size_t kTitleBytes = 400;     // a case's title in a list; longer text belongs into `text`
inline constexpr std::size_t kActionAttachments = 20;  // pictures named by one action
inline constexpr double kSimilarCaseRadius_m = 50;  // reports of one class join within it: domain.md §1.8
inline constexpr Millis kSimilarCaseWindow = 24h;   // and within this time
inline constexpr double kJoinRadiusMost_m = 5'000;  // a pack's join radius: more would join half a city
inline constexpr std::ptrdiff_t kCommandsOfAsset = 16;      // that its device has not taken yet
inline constexpr std::ptrdiff_t kCommandsWaiting = 10'000;  // of the whole city
inline constexpr std::size_t kCommandArguments = 4'096;     // bytes of JSON
inline constexpr Millis kCommandKept = 1h;                  // after it expired: a late answer is still its answer
inline constexpr Millis kNoticeGiveUp = 24h;        // of a receiver that does not say; then an administrator decides
inline constexpr Millis kNoticeGiveUpMost = 24h * 6;  // shorter than what leaves memory
inline constexpr Millis kNoticeRetryAfterMost = 1h; // a receiver may ask to be left alone this long
inline constexpr std::size_t kNoticesOffered = 64;  // of one receiver at a time to the sender, which carries two at once
inline constexpr std::size_t kNoticesKept = 10'000; // sent ones whose receipt may still come; about 10 MB
inline constexpr Millis kEscalationMost = 24h * 3;  // longest wait for somebody to take it up
inline constexpr Millis kNoticeBackoffMost = 10min; // a receiver that is back is heard within this time
inline constexpr Millis kOutboxSweep = 1h;          // how often what nobody needs leaves memory

// Expressions of packs
inline constexpr std::size_t kExprBytes = 4'000;     // one rule is a sentence, not a program
inline constexpr std::size_t kExprNodes = 1'000;     // bounds compile time and running time
inline constexpr int kExprDepth = 64;                // nesting, so that the compiler's recursion is bounded
inline constexpr std::size_t kExprStack = 64;        // values of one evaluation
inline constexpr Millis kRangeMost = 24h * 31;       // widest window, longest stuck_for, sequence and absent_for
inline constexpr double kNeighbourMetres = 20'000;   // widest neighbourhood
inline constexpr std::size_t kNeighbours = 1'000;    // assets looked at, nearest first
inline constexpr std::size_t kRuleLevels = 4;        // blue, yellow, orange, red
inline constexpr Millis kRecordAlarmKept = 5min;     // a record rule without keep_firing_for: a record is a moment

// Access (domain.md §7.1)
inline constexpr int kLoginFailures = 5;
inline constexpr Millis kLoginLock = 15min;
inline constexpr Millis kSessionIdle = 30min;
inline constexpr Millis kSessionAbsolute = 8h;
inline constexpr Millis kWallSession = 24h * 365;
inline constexpr std::size_t kPasswordLeast = 10;
inline constexpr std::size_t kSessionsOfUser = 32;  // browsers of one account; the oldest leaves
inline constexpr Millis kRotationGrace = 24h;       // a device may use its old secret this long after a rotation
inline constexpr std::size_t kRateKeys = 20'000;    // callers remembered by each limiter; then the quietest is forgotten
inline constexpr double kCallsPerSecond = 500;      // of one principal; pages need some tens
inline constexpr double kCallsBurst = 2'000;        // a page that opens asks for much at once
inline constexpr double kLoginsPerSecond = 1;       // of one address: a password check costs much memory
inline constexpr double kLoginsBurst = 40;          // a shift that comes in behind one address
inline constexpr Millis kTicketLife = 1min;         // of a live ticket, used once

}  // namespace cityloop::limits
