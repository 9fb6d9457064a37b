// SPDX-License-Identifier: Apache-2.0
#include "serve/engine.h"
#include "serve/list.h"
#include "serve/password.h"
#include "serve/secret.h"

namespace cityloop::serve {
namespace {

void list_rows(Call& call, std::string table, std::string_view csv, bool by_area) {
  Query query{std::move(table)};
  if (by_area)
    if (const auto scoped = apply_area(call, query); !scoped) return call.refuse(scoped.error());
  if (query.table == "users")
    if (const auto q = parameter(call, "q")) query.where.push_back({"words", Where::Op::contains, {std::string(*q)}});
  answer_list(call, {std::move(query), csv});
}

// ---- users

void show_user(Call& call) {
  const auto user = call.find("users", call.arg());
  if (!user) return call.refuse(user.error());
  call.answer(document(200, json::serialize(*user), static_cast<std::uint64_t>(want_number(*user, "rev").value().value_or(0))));
}

// A password in the body is checked and hashed here; only the hash goes on.
void put_user(Call& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  const auto rev = call.if_match();
  if (!rev) return call.refuse(rev.error());
  const auto password = want_string(*body, "password");
  if (!password) return call.refuse(password.error());
  if (*password) {
    if (const auto strong = check_password(call.arg(), **password); !strong) return call.refuse(strong.error());
    (*body)["password"] = call.city().hash_password(**password);
    if (!body->contains("must_change")) (*body)["must_change"] = true;
  }
  forget_secret(call);
  offer(call, {"user.put", call.arg(), json::serialize(*body), *rev});
}

void set_password(Call& call) {
  const auto body = call.body();
  if (!body) return call.refuse(body.error());
  const auto password = need_string(*body, "password");
  if (!password) return call.refuse(password.error());
  if (call.caller.principal == "user:" + call.arg())
    return call.refuse(fail(errors::kForbidden, "change your own password with POST /api/v1/session/password"));
  if (const auto strong = check_password(call.arg(), *password); !strong) return call.refuse(strong.error());
  forget_secret(call);
  JsonWriter change;
  change.begin_object().member("password", call.city().hash_password(*password)).member("must_change", true).end_object();
  offer(call, {"user.password", call.arg(), change.take()});
}

template <const char* verb>
void on_subject(Call& call) {
  offer(call, {verb, call.arg(), "{}"});
}

// ---- tokens and credentials: the secret is drawn here and shown once

// The answer of a repeat is the first one's; its secret is gone, and the one drawn now belongs to nobody.
void show_secret(Call& call, const Answer& answer, std::string_view id, const std::string& secret_member) {
  std::string doc = answer.body;
  const auto said = parse_json(doc);
  const bool ours = said && said->is_object() && text_or(said->get_object(), "id") == id;
  append_members(doc, ours ? secret_member : std::string("\"secret\":null"));
  call.answer(document(answer.status, std::move(doc), 0));
}

void create_token(Call& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  const std::string id = call.city().random_hex(6), secret = call.city().random_hex(24);
  if (const json::value* expires = body->if_contains("expires_at")) {
    (*body)["expires"] = *expires;
    body->erase("expires_at");
  }
  (*body)["hash"] = sha256_hex(secret);
  const std::string bearer = "\"secret\":\"cl_" + id + "_" + secret + "\"";
  offer(call, {"token.create", id, json::serialize(*body), 0,
               [id, bearer](Call& c, const Answer& answer) { show_secret(c, answer, id, bearer); }});
}

void create_credential(Call& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  const auto wanted = want_string(*body, "id");
  if (!wanted) return call.refuse(wanted.error());
  const std::string secret = call.city().random_hex(24);
  // Without a name of its own the id is drawn; a repeat with the same key then meets the first one.
  const std::string id = wanted->value_or("d-" + call.city().random_hex(6));
  body->erase("id");
  (*body)["hash"] = sha256_hex(secret);
  const auto existing = call.city().journal->find("credentials", id);
  const bool is_repeat = existing && *existing;
  offer(call, {"credential.create", id, json::serialize(*body), 0, [id, secret, is_repeat](Call& c, const Answer& answer) {
                 show_secret(c, answer, is_repeat ? "" : id, "\"secret\":\"" + secret + "\"");
               }});
}

void rotate_credential(Call& call) {
  const std::string secret = call.city().random_hex(24);
  JsonWriter body;
  body.begin_object().member("hash", sha256_hex(secret)).end_object();
  // Two rotations are two secrets: a repeat must not answer with one that is not the stored one.
  call.request.headers.erase("idempotency-key");
  offer(call, {"credential.rotate", call.arg(), body.take(), 0, [secret](Call& c, const Answer& answer) {
                 show_secret(c, answer, c.arg(), "\"secret\":\"" + secret + "\"");
               }});
}

// ---- audit

void list_audit(Call& call) {
  static constexpr Filter kFilters[] = {{"actor", "actor"}, {"action", "action"}, {"subject", "subject"}, {"outcome", "outcome"},
                                        {"from", "at", Filter::Type::since}, {"to", "at", Filter::Type::until}};
  Query query{"audit"};
  if (const auto known = apply_filters(call, kFilters, query); !known) return call.refuse(known.error());
  query.descending = true;
  answer_list(call, {std::move(query), "number at actor action subject outcome detail digest"});
}

constexpr char kDisableUser[] = "user.disable", kEnableUser[] = "user.enable", kDeleteUser[] = "user.delete", kRevokeToken[] = "token.revoke",
               kRevoke[] = "credential.revoke", kDisable[] = "credential.disable", kEnable[] = "credential.enable";

}  // namespace

void add_access_routes(std::vector<Route>& out) {
  constexpr RoleSet kAuditors = roles(Role::audit_admin, Role::admin);
  out.insert(out.end(), {
    {"GET", "/api/v1/users", "Accounts", kGovernors, Scope::list, "area q @list", "", "[]User", [](Call& c) { list_rows(c, "users", "name person roles area unit enabled must_change", true); }},
    {"GET", "/api/v1/users/{name}", "One account", kGovernors, Scope::item, "", "", "User", show_user},
    {"PUT", "/api/v1/users/{name}", "Make or change an account", kGovernors, Scope::item, "", "UserPut", "User", put_user, true},
    {"DELETE", "/api/v1/users/{name}", "Delete an account", kGovernors, Scope::item, "", "", "", on_subject<kDeleteUser>},
    {"POST", "/api/v1/users/{name}:disable", "Lock an account; its sessions end", kGovernors, Scope::item, "", "", "User", on_subject<kDisableUser>},
    {"POST", "/api/v1/users/{name}:enable", "Unlock an account", kGovernors, Scope::item, "", "", "User", on_subject<kEnableUser>},
    {"POST", "/api/v1/users/{name}:password", "Set somebody's password; they must change it", kGovernors, Scope::item, "", "PasswordSet", "User", set_password, true},
    {"GET", "/api/v1/tokens", "Tokens of programs", kGovernors, Scope::list, "area @list", "", "[]Token", [](Call& c) { list_rows(c, "tokens", "id name role area unit enabled created_at expires_at", true); }},
    {"POST", "/api/v1/tokens", "A new token; its secret is shown once", kGovernors, Scope::item, "", "TokenNew", "TokenSecret", create_token},
    {"DELETE", "/api/v1/tokens/{id}", "Revoke a token at once", kGovernors, Scope::item, "", "", "", on_subject<kRevokeToken>},
    {"GET", "/api/v1/credentials", "Credentials of devices and gateways", kGovernors, Scope::city, "@list", "", "[]Credential", [](Call& c) { list_rows(c, "credentials", "id name assets enabled created_at", false); }},
    {"POST", "/api/v1/credentials", "A new credential; its secret is shown once", kGovernors, Scope::city, "", "CredentialNew", "CredentialSecret", create_credential},
    {"POST", "/api/v1/credentials/{id}:rotate", "A new secret; the old one holds for a day", kGovernors, Scope::city, "", "", "CredentialSecret", rotate_credential},
    {"POST", "/api/v1/credentials/{id}:disable", "Lock a credential", kGovernors, Scope::city, "", "", "Credential", on_subject<kDisable>},
    {"POST", "/api/v1/credentials/{id}:enable", "Unlock a credential", kGovernors, Scope::city, "", "", "Credential", on_subject<kEnable>},
    {"DELETE", "/api/v1/credentials/{id}", "Remove a credential", kGovernors, Scope::city, "", "", "", on_subject<kRevoke>},
    {"GET", "/api/v1/audit", "The audit chain, newest first", kAuditors, Scope::city, "actor action subject outcome from to @list", "", "[]AuditEntry", list_audit},
  });
}

}  // namespace cityloop::serve
