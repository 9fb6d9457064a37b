// SPDX-License-Identifier: Apache-2.0
// One call of the API in work: what handlers see of it and the few things that they do with it. Of this room only.
#pragma once

#include <boost/json/fwd.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/json_write.h"
#include "serve/api.h"

namespace cityloop::serve {

using RoleSet = std::uint32_t;
constexpr RoleSet bit(Role role) { return RoleSet{1} << static_cast<unsigned>(role); }
template <class... Roles>
constexpr RoleSet roles(Roles... which) {
  return (bit(which) | ... | RoleSet{0});
}

enum class Scope : std::uint8_t {
  open,  // nobody needs to sign in
  any,   // nothing in the answer belongs to an area
  list,  // rows outside the caller's area are left out
  item,  // a subject outside the caller's area is refused: auth.foreign_area
  city,  // only callers whose area is the whole city
  own,   // only what is the caller's own
};

struct Call;
using Handler = void (*)(Call&);

struct Route {
  std::string_view method;
  std::string_view pattern;      // `/api/v1/cases/{no}`; a segment may end in `:verb`
  std::string_view summary;
  RoleSet roles = 0;             // explicit; 0 with Scope::open only
  Scope scope = Scope::any;
  std::string_view parameters;   // query parameters, separated by spaces; `@list`: limit cursor count format
  std::string_view request;      // schema name; empty: no body. `*`: not JSON
  std::string_view response;     // schema name; `[]X`: list of X; `*`: not JSON
  Handler handler = nullptr;
  bool slow = false;             // runs on a worker
};

struct Call : std::enable_shared_from_this<Call> {
  HttpRequest request;
  Respond respond;
  const Route* route = nullptr;
  std::vector<std::string> args;  // of the pattern's braces, in order
  Api::Caller caller;
  std::shared_ptr<Engine> engine;
  std::string id;                 // request id

  const CityFace& city() const;
  Time now() const;
  const std::string& arg(std::size_t i = 0) const { return args[i]; }

  void answer(HttpResponse response);
  void answer_json(int status, std::string body) { answer(json_response(status, std::move(body))); }
  void refuse(const Error& error) { answer(problem(error)); }
  // Answers with the failure, or with what `work` says.
  void settle(Result<HttpResponse> outcome) { answer(outcome ? std::move(*outcome) : problem(outcome.error())); }

  Result<json::object> body() const;            // JSON object; an empty body is an empty one
  Result<std::uint64_t> if_match() const;       // 0: none sent
  Result<std::string> idempotency_key() const;  // empty: none sent

  bool whole_city() const;
  bool sees(std::string_view area) const;       // in_scope of the caller
  // A row of `table` that the caller may see: kNotFound, kForeignArea. Its area is its document's `area`.
  Result<json::object> find(std::string_view table, std::string_view key) const;
  Result<Row> find_row(std::string_view table, std::string_view key) const;
};

// A change: offered to the city, answered by `then` (or by the city's own document) when it was done.
struct Change {
  std::string verb;
  std::string subject;
  std::string body;
  std::uint64_t if_match = 0;
  std::function<void(Call&, const Answer&)> then{};
};
void offer(Call& call, Change change);
// Before offering what came with a password or a person's data: the digest of the request goes into the Log, and a digest
// of a short secret can be guessed. The Idempotency-Key alone then tells a repeat.
void forget_secret(Call& call);
// Like offer, but then answers with the stored document of (table, key) as it is after the commit.
void offer_and_show(Call& call, Change change, std::string table, std::string key = {});

// The problem that the city answered with; says when to come again where that helps.
HttpResponse refusal_of(const Answer& answer);

// The document as stored, with ETag when it has a rev.
HttpResponse document(int status, std::string doc, std::uint64_t rev);

// Appends members (JSON text without braces, `"a":1,"b":2`) to an object's text.
void append_members(std::string& doc, std::string_view members);

std::optional<std::string_view> parameter(const Call& call, std::string_view name);  // nothing: absent or empty
Error bad_parameter(std::string_view name, std::string_view sentence);
Result<std::uint64_t> number_parameter(const Call& call, std::string_view name, std::uint64_t fallback, std::uint64_t most);
Result<bool> flag_parameter(const Call& call, std::string_view name, bool fallback);
Result<Time> time_parameter(const Call& call, std::string_view name, Time fallback);

}  // namespace cityloop::serve
