// SPDX-License-Identifier: Apache-2.0
#include "serve/call.h"

#include <algorithm>
#include <charconv>

#include "core/register.h"
#include "serve/engine.h"
#include "serve/secret.h"

namespace cityloop::serve {

const CityFace& Call::city() const { return engine->city; }
Time Call::now() const { return engine->city.now(); }

void Call::answer(HttpResponse response) {
  response.headers.emplace_back("X-Request-Id", id);
  const bool has_cache = std::any_of(response.headers.begin(), response.headers.end(),
                                     [](const auto& header) { return header.first == "Cache-Control"; });
  if (!has_cache) response.headers.emplace_back("Cache-Control", "no-store");
  if (caller.principal.starts_with("token:"))
    engine->partners.heard(std::string_view(caller.principal).substr(6), response.status, response.code, now());
  respond(std::move(response));
}

Result<json::object> Call::body() const {
  if (request.body.empty()) return json::object{};
  json::value value = TRY(parse_json(request.body));
  if (!value.is_object()) return fail(errors::kWrongType, "the body must be a JSON object");
  return std::move(value.get_object());
}

Result<std::uint64_t> Call::if_match() const {
  std::string_view tag = request.header("if-match");
  if (tag.empty()) return std::uint64_t{0};
  if (tag == "*") return fail(errors::kPreconditionRequired, "If-Match needs the revision that you saw, not *");
  const bool quoted = tag.size() > 2 && tag.front() == '"' && tag.back() == '"';
  if (!quoted) return fail(errors::kBadIfMatch, "If-Match must be one quoted revision such as \"7\"");
  tag = tag.substr(1, tag.size() - 2);
  std::uint64_t rev = 0;
  const auto [end, code] = std::from_chars(tag.data(), tag.data() + tag.size(), rev);
  if (code != std::errc{} || end != tag.data() + tag.size() || rev == 0)
    return fail(errors::kBadIfMatch, "If-Match must be one quoted revision such as \"7\"");
  return rev;
}

Result<std::string> Call::idempotency_key() const {
  const std::string_view key = request.header("idempotency-key");
  const bool fits = key.size() <= 128 && std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7F; });
  if (!fits) return fail(errors::kBadRequest, "Idempotency-Key must be at most 128 visible ASCII characters");
  return std::string(key);
}

bool Call::whole_city() const { return in_scope(caller.actor.area, "", city().root_area); }
bool Call::sees(std::string_view area) const { return in_scope(caller.actor.area, area, city().root_area); }

Result<Row> Call::find_row(std::string_view table, std::string_view key) const {
  auto row = TRY(city().journal->find(table, key));
  if (!row) return fail(errors::kNotFound, "there is nothing of this id");
  return std::move(*row);
}

Result<json::object> Call::find(std::string_view table, std::string_view key) const {
  const Row row = TRY(find_row(table, key));
  json::value value = TRY(parse_json(row.doc));
  json::object& object = value.as_object();
  if (!sees(text_or(object, "area"))) return fail(errors::kForeignArea, "this lies outside your area");
  return std::move(object);
}

HttpResponse refusal_of(const Answer& answer) {
  HttpResponse refused = problem(answer.status, answer.code, answer.detail);
  if (answer.status == 429 || answer.status == 503) refused.headers.emplace_back("Retry-After", "1");
  if (answer.status == 507) refused.headers.emplace_back("Retry-After", "30");  // somebody has to make room first
  return refused;
}

HttpResponse document(int status, std::string doc, std::uint64_t rev) {
  HttpResponse response = json_response(status, std::move(doc));
  if (rev != 0) response.headers.emplace_back("ETag", "\"" + std::to_string(rev) + "\"");
  return response;
}

void append_members(std::string& doc, std::string_view members) {
  if (members.empty()) return;
  CHECK(!doc.empty() && doc.back() == '}');
  doc.pop_back();
  if (doc.size() > 1) doc += ',';
  doc.append(members);
  doc += '}';
}

void offer(Call& call, Change change) {
  ActionIn in;
  in.principal = call.caller.principal;
  const auto key = call.idempotency_key();
  if (!key) return call.refuse(key.error());
  in.idempotency_key = *key;
  // Of what was sent, not of what the edge made of it: secrets drawn here differ each time.
  if (!key->empty()) in.request_digest = digest64(change.verb + '\n' + call.request.path + '\n' + call.request.body);
  in.verb = std::move(change.verb);
  in.subject = std::move(change.subject);
  in.body = std::move(change.body);
  in.if_match = change.if_match;
  in.arrival = call.now();
  call.city().offer(Input(std::move(in)), [self = call.shared_from_this(), then = std::move(change.then)](Answer answer) {
    if (answer.status >= 400) return self->answer(refusal_of(answer));
    if (then) return then(*self, answer);
    if (answer.status == 204) return self->answer(HttpResponse{.status = 204, .headers = {}, .body = {}, .shared_body = {}, .code = {}});
    self->answer(document(answer.status, std::move(answer.body), answer.rev));
  });
}

void forget_secret(Call& call) { call.request.body.clear(); }

void offer_and_show(Call& call, Change change, std::string table, std::string key) {
  change.then = [table = std::move(table), key = std::move(key)](Call& c, const Answer& answer) {
    std::string wanted = key;
    if (wanted.empty()) {
      const auto said = parse_json(answer.body);
      if (said && said->is_object()) wanted = text_or(said->get_object(), table == "cases" ? "no" : "id");
    }
    const auto row = wanted.empty() ? Result<std::optional<Row>>(std::nullopt) : c.city().journal->find(table, wanted);
    if (!row || !*row) return c.answer(document(answer.status, answer.body.empty() ? "{}" : answer.body, answer.rev));
    c.answer(document(answer.status, (*row)->doc, answer.rev));
  };
  offer(call, std::move(change));
}

std::optional<std::string_view> parameter(const Call& call, std::string_view name) {
  const std::string_view value = call.request.parameter(name);
  if (value.empty()) return std::nullopt;
  return value;
}

Error bad_parameter(std::string_view name, std::string_view sentence) {
  return fail(errors::kBadParameter, "`" + std::string(name) + "` " + std::string(sentence));
}

Result<std::uint64_t> number_parameter(const Call& call, std::string_view name, std::uint64_t fallback, std::uint64_t most) {
  const auto text = parameter(call, name);
  if (!text) return fallback;
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (code != std::errc{} || end != text->data() + text->size() || value == 0 || value > most)
    return bad_parameter(name, "must be a number from 1 to " + std::to_string(most));
  return value;
}

Result<bool> flag_parameter(const Call& call, std::string_view name, bool fallback) {
  const auto text = parameter(call, name);
  if (!text) return fallback;
  if (*text == "true" || *text == "1") return true;
  if (*text == "false" || *text == "0") return false;
  return bad_parameter(name, "must be true or false");
}

Result<Time> time_parameter(const Call& call, std::string_view name, Time fallback) {
  const auto text = parameter(call, name);
  if (!text) return fallback;
  const auto time = parse_time(*text);
  if (!time) return bad_parameter(name, "must be RFC 3339 or epoch milliseconds");
  return *time;
}

}  // namespace cityloop::serve
