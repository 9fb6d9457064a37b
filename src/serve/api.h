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
#include "core/message.h"
#include "core/pack.h"
#include "serve/access.h"
#include "serve/http.h"

namespace cityloop {

// What the API needs of the running city; app/ fills it in. All members are callable from any thread.
struct CityFace {
  std::function<void(Input, std::function<void(Answer)>)> offer;     // full inbox: answers 429/503 at once
  const Journal* journal = nullptr;
  const History* history = nullptr;
  std::function<std::shared_ptr<const AccessTable>()> access;
  std::function<std::shared_ptr<const LiveState::Picture>()> live;
  std::function<std::shared_ptr<const Packs>()> packs;
  std::function<Time()> now;
  std::function<std::string(std::size_t)> random_hex;                // secrets, at the edge
  std::function<std::string(const std::string&)> hash_password;      // Argon2id; slow, called on a worker
  std::function<bool(const std::string& phc, const std::string& password)> verify_password;
  std::function<void(std::function<void()>)> worker;                 // runs a slow task off the I/O threads
  // Attachments (edge/attachment_store): stores, cleans and syncs bytes; reads them back.
  std::function<Result<Attachment>(std::string bytes, std::string claimed_type)> keep_attachment;
  std::function<Result<std::string>(const std::string& digest)> read_attachment;
  std::function<std::string()> metrics;                              // Prometheus text
  std::function<std::optional<std::string>()> why_not_ready;         // nothing: ready
  std::string root_area;
  std::string version;
  std::string epoch;
  bool secure_cookies = false;
  bool demo = false;
};

class Api {
 public:
  explicit Api(CityFace city);
  void handle(HttpRequest request, Respond respond);   // everything under /api/, /healthz, /readyz, /metrics
  std::string openapi() const;                         // OpenAPI 3.1 JSON
  // Principal and actor behind a request: cookie session (with CSRF on writes), bearer token, or Basic device credential.
  struct Caller { std::string principal; Actor actor; std::string session; std::vector<std::string> assets; };
  Result<Caller> caller(const HttpRequest& request);
  // One-time ticket for the live socket, and who it belongs to.
  std::optional<Caller> take_ticket(const std::string& ticket);
};

}  // namespace cityloop
