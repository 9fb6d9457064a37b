// SPDX-License-Identifier: Apache-2.0
// What the API keeps between calls: limiters, tickets, touches, and small caches. Thread-safe. Of this room only.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "core/citizen.h"
#include "serve/api.h"
#include "serve/book.h"
#include "serve/call.h"
#include "serve/counts.h"
#include "serve/partners.h"
#include "serve/rate.h"

namespace cityloop::serve {

// Of one address each, `city` of all together: core/citizen.h.
struct CitizenGates {
  RateLimit calls{limits::kCitizenCallsPerSecond, limits::kCitizenCallsBurst};
  RateLimit reports{limits::kCitizenReportsPerSecond, limits::kCitizenReportsBurst};
  RateLimit photos{limits::kCitizenPhotosPerSecond, limits::kCitizenPhotosBurst};
  RateLimit guesses{limits::kCitizenGuessesPerSecond, limits::kCitizenGuessesBurst};
  RateLimit city{limits::kCitizenCityReportsPerSecond, limits::kCitizenCityReportsBurst};
};

struct Engine {
  explicit Engine(CityFace face);

  CityFace city;
  RateLimit calls, logins, strangers;
  Lockout lockout;
  CitizenGates citizens;
  AssetBook book;
  Partners partners;

  std::mutex mutex;                                   // guards what follows
  struct Ticket {
    Api::Caller caller;
    Time until{};
  };
  std::map<std::string, Ticket> tickets;              // by SHA-256 of the ticket
  std::map<std::string, Time> touched;                // session key -> when the city was told last
  std::string dummy_hash;                             // checked for unknown names, so that the work is the same
  std::map<std::string, CityCounts> counts;           // by area
  std::function<void(Api::ChangesQuery, Respond)> changes;
  std::atomic<std::uint64_t> requests{0};

  bool sees_everything(const Actor& actor) const;
};

// Who calls (api_auth.cc). CSRF is checked on everything but GET and HEAD.
Result<Api::Caller> authenticate(Engine& engine, const HttpRequest& request);
Result<Api::Caller> caller_of(const Engine& engine, const std::string& principal, const std::string& session);
void touch_session(Engine& engine, const Api::Caller& caller);

// The whole table, in order of documentation; families in routes_*.cc.
const std::vector<Route>& routes();
void add_session_routes(std::vector<Route>& out);
void add_city_routes(std::vector<Route>& out);
void add_asset_routes(std::vector<Route>& out);
void add_state_routes(std::vector<Route>& out);
void add_history_routes(std::vector<Route>& out);
void add_ingest_routes(std::vector<Route>& out);
void add_alarm_routes(std::vector<Route>& out);
void add_report_routes(std::vector<Route>& out);
void add_intake_routes(std::vector<Route>& out);
void add_case_routes(std::vector<Route>& out);
void add_bulk_routes(std::vector<Route>& out);
void add_shift_routes(std::vector<Route>& out);
void add_class_routes(std::vector<Route>& out);
void add_attachment_routes(std::vector<Route>& out);
void add_setup_routes(std::vector<Route>& out);
void add_public_routes(std::vector<Route>& out);
void add_public_report_routes(std::vector<Route>& out);
void add_notice_routes(std::vector<Route>& out);
void add_score_routes(std::vector<Route>& out);
void add_access_routes(std::vector<Route>& out);
void add_partner_routes(std::vector<Route>& out);

// Roles by what they have in common; each route lists its own set.
inline constexpr RoleSet kOfficers = roles(Role::admin, Role::security_admin, Role::audit_admin);
inline constexpr RoleSet kCrew = roles(Role::collector, Role::acceptor, Role::shift_leader, Role::dispatcher, Role::unit_desk, Role::handler,
                                       Role::inspector, Role::evaluator, Role::leader, Role::admin);
inline constexpr RoleSet kStaff = kCrew | roles(Role::integrator);
inline constexpr RoleSet kViewers = kStaff | kOfficers | roles(Role::wall);
inline constexpr RoleSet kDesk = roles(Role::acceptor, Role::shift_leader, Role::dispatcher, Role::admin);
inline constexpr RoleSet kKeepers = roles(Role::admin, Role::integrator);
inline constexpr RoleSet kSenders = kKeepers | roles(Role::device);
inline constexpr RoleSet kGovernors = roles(Role::admin, Role::security_admin);

}  // namespace cityloop::serve
