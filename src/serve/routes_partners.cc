// SPDX-License-Identifier: Apache-2.0
// 外部系统: the numbers that other systems give to our cases, and how those systems are doing.
#include "serve/engine.h"
#include "serve/list.h"
#include "serve/project.h"

namespace cityloop::serve {
namespace {

void put_reference(Call& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  (*body)["system"] = call.arg(1);
  const auto file = call.find("cases", call.arg(0));
  if (!file) return call.refuse(file.error());
  offer(call, {"reference.put", call.arg(0), json::serialize(*body)});
}

void list_references(Call& call) {
  static constexpr Filter kFilters[] = {{"case", "case_no"}, {"system", "system"}, {"number", "number"}};
  Query query{"case_references"};
  if (const auto known = apply_filters(call, kFilters, query); !known) return call.refuse(known.error());
  if (const auto scoped = apply_area(call, query); !scoped) return call.refuse(scoped.error());
  answer_list(call, {std::move(query), "system number case area by at"});
}

// How many events the feed has had since the one that the system said it has.
Result<std::uint64_t> behind(const Call& call, const Partners::Health& health) {
  Query query{"events", {{"key", Where::Op::greater, {seq_key(health.feed)}}, {"topic", Where::Op::not_equal, {std::string()}}}};
  query.limit = 1;
  query.count = true;
  return TRY(call.city().journal->list(query)).total.value_or(0);
}

std::string health_members(const Call& call, std::string_view token) {
  const Partners::Health health = call.engine->partners.of(token);
  JsonWriter out;
  const auto time = [](Time at) { return at == Time{} ? std::optional<Time>{} : std::optional(at); };
  out.begin_object().member_or_null("seen_at", time(health.seen)).member("calls", health.calls);
  out.member("refused", health.refused).member("failed", health.failed);
  out.member_or_null("last_problem", health.last_problem).member_or_null("last_problem_at", time(health.last_problem_at));
  out.member_or_null("feed_at", time(health.feed_at));
  if (health.feed_at != Time{})
    if (const auto events = behind(call, health)) out.member("behind", *events);
  const std::string text = out.end_object().take();
  return text.substr(1, text.size() - 2);
}

// Tokens are the systems that speak to the city; what is told of each is since the start of the program.
void list_partners(Call& call) {
  Query query{"tokens"};
  if (const auto scoped = apply_area(call, query); !scoped) return call.refuse(scoped.error());
  answer_list(call, {std::move(query), "id name role area unit enabled seen_at calls refused failed last_problem feed_at behind",
                     [self = call.shared_from_this()](Row& row) { append_members(row.doc, health_members(*self, row.key)); }});
}

}  // namespace

void add_partner_routes(std::vector<Route>& out) {
  constexpr RoleSet kReaders = kDesk | roles(Role::unit_desk, Role::integrator, Role::leader, Role::inspector);
  out.insert(out.end(), {
    {"PUT", "/api/v1/cases/{no}/references/{system}", "The number that the case has in another system; the same again is known", kDesk | roles(Role::unit_desk, Role::integrator), Scope::item, "", "ReferencePut", "Reference", put_reference},
    {"GET", "/api/v1/references", "Numbers of other systems", kReaders, Scope::list, "case system number area @list", "", "[]Reference", list_references},
    {"GET", "/api/v1/partners", "Systems that speak to the city by tokens: when heard, what refused, how far behind the feed", kGovernors | roles(Role::integrator), Scope::list, "area @list", "", "[]Partner", list_partners},
  });
}

}  // namespace cityloop::serve
