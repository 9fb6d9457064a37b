// SPDX-License-Identifier: Apache-2.0
// The HTTP API: one route table (routes.cc) from which dispatch, authorisation, OpenAPI and the route × role × area test are
// made. Runs on edge threads; reads stores through their ports, offers changes to the city through `offer`.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analyse/live_state.h"
#include "city/ports.h"
#include "core/limits.h"
#include "core/message.h"
#include "core/pack.h"
#include "serve/access.h"
#include "serve/http.h"

namespace cityloop {

struct ReadingCounters {
  std::uint64_t total = 0;          // readings ever taken
  double per_second = 0;            // over the last seconds
};

// What the API needs of the running city; app/ fills it in. All members are callable from any thread.
// Those marked (optional) may be left empty.
struct CityFace {
  std::function<void(Input, std::function<void(Answer)>)> offer;     // full inbox: answers 429/503 at once
  const Journal* journal = nullptr;
  const History* history = nullptr;
  std::function<std::shared_ptr<const AccessTable>()> access;
  std::function<std::shared_ptr<const LiveState::Picture>()> live;
  std::function<std::shared_ptr<const Packs>()> packs;
  std::function<Time()> now;
  std::function<std::string(std::size_t)> random_hex;                // that many bytes in hex; secrets, at the edge
  std::function<std::string(const std::string&)> hash_password;      // Argon2id; slow, called on a worker
  std::function<bool(const std::string& phc, const std::string& password)> verify_password;
  std::function<void(std::function<void()>)> worker;                 // runs a slow task off the I/O threads
  // Decoders of sense (sense/decode.h), which serve must not include.
  std::function<Result<ReadingBatch>(std::string_view body, std::string_view content_type)> decode_readings;
  std::function<Result<std::vector<RecordIn>>(std::string_view body, std::string_view content_type)> decode_records;
  // Personal fields, sealed with the data folder's key; open() of what is not ours gives an empty text.
  std::function<std::string(const std::string& clear)> seal;
  std::function<std::string(const std::string& sealed)> open;
  // A keyed digest of a phone number, by which the same caller is known again without the number.
  std::function<std::string(std::string_view phone)> phone_digest;
  // Attachments (edge/attachment_store): stores, cleans and syncs bytes; reads them back.
  std::function<Result<Attachment>(std::string bytes, std::string claimed_type)> keep_attachment;
  std::function<Result<std::string>(const std::string& digest)> read_attachment;
  // Signs the link by which a reader says that a notice was read. (optional: no such links)
  std::function<std::string(std::string_view notice)> notice_key;
  // When what starts now and may take the longest of these limits is due, by the city's calendar. (optional: nobody is told)
  std::function<std::optional<Time>(const std::vector<std::string>&)> expected;
  std::function<ReadingCounters()> counters;                         // (optional) for indicators and KPI
  std::function<std::string()> metrics;                              // Prometheus text
  std::function<std::optional<std::string>()> why_not_ready;         // nothing: ready
  std::string root_area;
  std::string version;
  std::string epoch;
  Millis utc_offset = std::chrono::hours(8);                         // of the city: what `today` means
  bool secure_cookies = false;
  bool demo = false;
  double calls_per_second = limits::kCallsPerSecond;                 // of one principal; a bench may raise it
  double calls_burst = limits::kCallsBurst;
};

namespace serve {
struct Engine;
}

class Api {
 public:
  explicit Api(CityFace city);
  void handle(HttpRequest request, Respond respond);   // everything under /api/, /healthz, /readyz, /metrics
  std::string openapi() const;                         // OpenAPI 3.1 JSON
  // Principal and actor behind a request: cookie session (with CSRF on writes), bearer token, or Basic device credential.
  struct Caller {
    std::string principal;
    Actor actor;
    std::string session;              // key of the session; empty for tokens and devices
    std::vector<std::string> assets;  // patterns of a device credential
    std::string csrf;                 // of a session
    bool wall = false;                // a wall's read-only session
    bool must_change = false;
  };
  Result<Caller> caller(const HttpRequest& request);
  // The same for a principal that has been authenticated already; fails when it is unknown, disabled or over.
  Result<Caller> caller_of(const std::string& principal, const std::string& session = {}) const;
  // One-time ticket for the live socket, and who it belongs to.
  std::optional<Caller> take_ticket(const std::string& ticket);

  // The live feed answers `GET /changes` and `/events` through this.
  struct ChangesQuery {
    Caller caller;
    std::string epoch;
    std::uint64_t seq = 0;
    bool has_since = false;
    Millis wait{0};
    bool sse = false;
  };
  void set_changes(std::function<void(ChangesQuery, Respond)> changes);

  const std::shared_ptr<serve::Engine>& engine() const { return engine_; }

 private:
  std::shared_ptr<serve::Engine> engine_;
};

// What documents and tests see of the route table.
struct RouteFace {
  std::string method, pattern, summary, request, response;
  std::vector<Role> roles;      // empty: open to everybody
  std::string scope;            // open, any, list, item, city, own
  std::vector<std::string> parameters;
};
std::vector<RouteFace> route_table();
std::string route_table_markdown();  // the generated part of docs/api.md

}  // namespace cityloop
