// SPDX-License-Identifier: Apache-2.0
// Who may see and do what, where. The city thread owns Access and changes it by actions; edge threads authenticate against
// an immutable AccessTable that the city publishes after each change. Only hashes are ever here.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/context.h"

namespace cityloop {

struct User {
  std::string name;
  std::string person;           // display name
  std::vector<Role> roles;
  std::string area;
  std::string unit;
  std::string password;         // Argon2id PHC string; empty: cannot sign in with a password
  bool enabled = true;
  bool must_change = false;
  std::uint64_t rev = 1;
};
struct Session {                // key: SHA-256 hex of the cookie's secret
  std::string user;
  std::string csrf;             // SHA-256 hex
  Time opened{};
  Time expires{};               // absolute
  Time idle_after{};            // moved by session.touch
  bool wall = false;
};
struct Token {                  // key: id; the bearer is `cl_<id>_<secret>`
  std::string id;
  std::string name;
  Role role = Role::integrator;
  std::string area;
  std::string unit;
  std::string hash;             // SHA-256 hex of the secret
  bool enabled = true;
  Time created{};
  std::optional<Time> expires;
};
struct Credential {             // a device's or gateway's
  std::string id;
  std::string name;
  std::vector<std::string> assets;  // glob patterns
  std::string hash;
  std::string old_hash;         // accepted until old_until, for rotation without a gap
  std::optional<Time> old_until;
  bool enabled = true;
  Time created{};
};

struct AccessTable {            // immutable once published
  std::uint64_t turn = 0;
  std::map<std::string, User, std::less<>> users;
  std::map<std::string, Session, std::less<>> sessions;
  std::map<std::string, Token, std::less<>> tokens;
  std::map<std::string, Credential, std::less<>> credentials;
  std::string root_area;
};

// The actor behind a principal (`user:zhang`, `token:id`, `credential:id`, `source:name`, `system`); nothing when unknown or disabled.
std::optional<Actor> actor_of(const AccessTable& table, std::string_view principal);
// `septic-*`, `*`, exact; `*` matches any run, `?` one character.
bool glob_match(std::string_view pattern, std::string_view text);

class Access {
 public:
  // Verbs: user.put user.disable user.enable user.password user.delete session.open session.close session.touch
  // token.create token.revoke credential.create credential.rotate credential.revoke credential.disable credential.enable
  // person.put person.reveal person.delete (personal side rows: sealed values only)
  // Subjects: user name, session key (session.open: user name), token id, credential id, person key (person.reveal: report id).
  // Bodies: user.put {person?,roles?,area?,unit?,password?,enabled?,must_change?} · user.password {password,keep?,seen?} ·
  // session.open {key,csrf,wall?,seen} · token.create {name,role,area?,unit?,hash,expires?} ·
  // credential.create {name,assets,hash} · credential.rotate {hash} · person.put {name,phone,digest?} · person.reveal {person,reason}
  static bool handles(std::string_view verb);
  Answer act(const ActionIn& in, const Actor& actor, Context& city);
  void tick(Context& city);  // expired sessions and old hashes leave; looks at most once a minute

  const AccessTable& table() const { return table_; }
  bool changed() const { return changed_; }
  std::shared_ptr<const AccessTable> publish(std::uint64_t turn, const std::string& root_area);

  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  struct Change {  // one action being worked on
    const ActionIn& in;
    const Actor& actor;
    Context& city;
  };
  Result<Answer> put_user(Change& c);
  Result<Answer> enable_user(Change& c, bool enabled);
  Result<Answer> delete_user(Change& c);
  Result<Answer> set_password(Change& c);
  Result<Answer> open_session(Change& c);
  Result<Answer> close_session(Change& c);
  Result<Answer> touch_session(Change& c);
  Result<Answer> create_token(Change& c);
  Result<Answer> revoke_token(Change& c);
  Result<Answer> create_credential(Change& c);
  Result<Answer> change_credential(Change& c);
  Result<Answer> revoke_credential(Change& c);
  Result<Answer> put_person(Change& c);
  Result<Answer> reveal_person(Change& c);
  Result<Answer> delete_person(Change& c);

  Result<User*> governed(const Change& c);  // the user named by the subject, when this actor may change it
  Result<void> may_lose_admin(const User& user) const;
  void close_sessions(std::string_view user, std::string_view keep, Context& city);
  void emit(const User& user, Change& c) const;

  AccessTable table_;
  Time next_sweep_{};
  bool changed_ = true;
};

// Documents without a secret, as the API answers them.
std::string doc_of(const User& user);
std::string doc_of(const Token& token);
std::string doc_of(const Credential& credential);

}  // namespace cityloop
