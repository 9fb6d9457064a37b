// SPDX-License-Identifier: Apache-2.0
#include "serve/public_calls.h"

#include <algorithm>

#include "core/class_standard.h"
#include "serve/engine.h"
#include "serve/secret.h"

namespace cityloop::serve {
namespace {

HttpResponse too_often(Millis wait) {
  HttpResponse response = problem(429, errors::kRateLimited.name, "too many calls from this address; wait a little");
  response.headers.emplace_back("Retry-After", std::to_string((wait.count() + 999) / 1000));
  return response;
}

Error nothing_here() { return fail(errors::kNotFound, "there is no such report, or the key is not its key"); }

Words words_in(const json::object& item) {
  return {text_or(item, "zh"), text_or(item, "en", text_or(item, "zh"))};
}

// The items of one list in the `citizen` section of each pack.
std::vector<json::object> sections(const Packs& packs, std::string_view list) {
  std::vector<json::object> out;
  for (const Pack& pack : packs.all()) {
    if (pack.citizen.empty()) continue;
    const auto section = parse_json(pack.citizen);
    const json::value* items = section && section->is_object() ? section->get_object().if_contains(list) : nullptr;
    if (items == nullptr || !items->is_array()) continue;
    for (const json::value& item : items->get_array())
      if (item.is_object()) out.push_back(item.get_object());
  }
  return out;
}

}  // namespace

std::string address_block(std::string_view peer) {
  if (peer.starts_with("::ffff:")) return std::string(peer.substr(7));
  if (peer.find(':') == std::string_view::npos) return std::string(peer);
  std::string block;
  const std::size_t gap = peer.find("::");
  const std::string_view front = peer.substr(0, gap);
  int groups = 0;
  for (std::size_t at = 0; at <= front.size() && groups < 4; ++groups) {
    const std::size_t end = std::min(front.find(':', at), front.size());
    if (end == at) break;  // `::…`
    block += std::string(front.substr(at, end - at)) + ":";
    at = end + 1;
  }
  for (; groups < 4; ++groups) block += "0:";  // zeros that `::` leaves out
  return block + ":/64";
}

bool passes(Call& call, Gate gate) {
  CitizenGates& gates = call.engine->citizens;
  const std::string address = address_block(call.request.peer);
  const Time now = call.now();
  std::optional<Millis> wait = gates.calls.take(address, now);
  if (!wait && gate == Gate::photo) wait = gates.photos.take(address, now);
  if (!wait && gate == Gate::report) wait = gates.reports.take(address, now);
  if (!wait && gate == Gate::report) wait = gates.city.take("", now);
  if (wait) call.answer(too_often(*wait));
  return !wait;
}

Result<Followed> followed(Call& call) {
  const std::string digest = sha256_hex(call.request.header("follow-key"));
  const auto row = TRY(call.city().journal->find("follows", call.arg()));
  const auto kept = row ? parse_json(row->doc) : Result<json::value>(nothing_here());
  const std::string expected = kept && kept->is_object() ? text_or(kept->get_object(), "digest") : std::string(64, '-');
  if (!same_secret(digest, expected)) {
    if (call.engine->citizens.guesses.take(address_block(call.request.peer), call.now()))
      return fail(errors::kRateLimited, "too many wrong keys from this address; wait a little");
    return nothing_here();
  }
  const auto report = TRY(call.city().journal->find("reports", call.arg()));
  if (!report) return nothing_here();
  Followed out;
  out.report = TRY(parse_json(report->doc)).as_object();
  out.case_no = text_or(out.report, "case");
  out.expected = TRY(want_time(kept->get_object(), "expected_at"));
  return out;
}

std::string drawn_id(std::string_view key) { return sha256_hex("citizen report\n" + std::string(key)); }
std::string follow_key(std::string_view key) { return sha256_hex("follow key\n" + std::string(key)).substr(0, 32); }

Result<std::string> drawn_key(const Call& call) {
  std::string key = TRY(call.idempotency_key());
  if (key.size() < limits::kCitizenKeyLeast)
    return fail(errors::kMissingField, "draw an Idempotency-Key of at least 32 random characters for each report");
  return key;
}

std::vector<OfferedClass> offered_classes(const Packs& packs) {
  std::vector<OfferedClass> out;
  for (const json::object& item : sections(packs, "report")) {
    OfferedClass one;
    one.key = text_or(item, "class");
    const std::size_t first = one.key.find('/'), second = one.key.find('/', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    one.code = {one.key.substr(0, first), one.key.substr(first + 1, second - first - 1), one.key.substr(second + 1)};
    one.title = words_in(item);
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<OfferedPlace> offered_places(const Packs& packs) {
  std::vector<OfferedPlace> out;
  for (const json::object& item : sections(packs, "find")) {
    OfferedPlace one{text_or(item, "name"), text_or(item, "kind"), words_in(item), {}};
    if (const json::value* show = item.if_contains("show"); show != nullptr && show->is_array())
      for (const json::value& name : show->get_array())
        if (name.is_string()) one.show.emplace_back(name.get_string());
    if (!one.name.empty() && packs.kind(one.kind) != nullptr) out.push_back(std::move(one));
  }
  return out;
}

std::optional<json::object> class_row(const CityFace& city, const std::string& key) {
  const auto row = city.journal->find("classes", key);
  const auto doc = row && *row ? parse_json((*row)->doc) : Result<json::value>(json::value());
  if (!doc || !doc->is_object()) return std::nullopt;
  return doc->get_object();
}

double radius_of_class(const std::optional<json::object>& row) {
  const json::value* radius = row ? row->if_contains("radius_m") : nullptr;
  const double said = radius != nullptr && radius->is_number() ? radius->to_number<double>() : 0;
  return said > 0 ? said : limits::kSimilarCaseRadius_m;
}

std::optional<Time> promise_of(const CityFace& city, const std::optional<json::object>& row) {
  if (!city.expected) return std::nullopt;
  const std::string date = local_date(city.now(), city.utc_offset);
  const std::string today = date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6, 2);
  std::vector<std::string> all;
  const json::value* conditions = row ? row->if_contains("conditions") : nullptr;
  if (conditions != nullptr && conditions->is_array())
    for (const json::value& one : conditions->get_array()) {
      if (!one.is_object()) continue;
      Condition condition;
      condition.from = text_or(one.get_object(), "from");
      condition.until = text_or(one.get_object(), "until");
      const std::string limit = text_or(one.get_object(), "limit");
      if (!limit.empty() && is_in_force(condition, today)) all.push_back(limit);
    }
  if (all.empty()) all.emplace_back(limits::kCitizenPromise);
  return city.expected(all);
}

}  // namespace cityloop::serve
