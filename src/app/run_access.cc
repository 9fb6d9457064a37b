// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <iostream>

#include "app/ask.h"
#include "app/commands.h"
#include "core/json.h"
#include "edge/secrets.h"

namespace cityloop {

namespace {

int complain(const std::string& sentence, int code = kExitFailed) {
  std::fprintf(stderr, "cityloop: %s\n", sentence.c_str());
  return code;
}

}  // namespace

int run_user_add(const UserCommand& command) {
  std::string password;
  std::getline(std::cin, password);
  if (!password.empty() && password.back() == '\r') password.pop_back();
  if (password.empty()) return complain("the password comes on standard input: printf '%s' \"$PASSWORD\" | cityloop user add …", kExitUsage);
  if (password.size() < limits::kPasswordLeast) return complain("the password needs at least 10 characters", kExitUsage);
  auto asker = Asker::open(command.data);
  if (!asker) return complain(asker.error().detail);
  const auto hash = hash_password(password);
  if (!hash) return complain(hash.error().detail);
  json::object body{{"person", command.person.empty() ? command.name : command.person}, {"roles", json::array{command.role}}, {"password", *hash}};
  if (!command.area.empty()) body["area"] = command.area;
  if (!command.unit.empty()) body["unit"] = command.unit;
  const Answer answer = (*asker)->act("user.put", command.name, json::serialize(body));
  if (answer.status >= 400) return complain(answer.detail);
  std::printf("user %s added\n", command.name.c_str());
  return kExitDone;
}

int run_token(const UserCommand& command) {
  auto asker = Asker::open(command.data);
  if (!asker) return complain(asker.error().detail);
  const std::string id = random_hex(6);
  const std::string secret = random_hex(24);
  json::object body{{"name", command.name}, {"role", command.role}, {"hash", sha256_hex(secret)}};
  if (!command.area.empty()) body["area"] = command.area;
  if (!command.unit.empty()) body["unit"] = command.unit;
  const Answer answer = (*asker)->act("token.create", id, json::serialize(body));
  if (answer.status >= 400) return complain(answer.detail);
  std::printf("cl_%s_%s\n", id.c_str(), secret.c_str());
  return kExitDone;
}

int run_credential(const CredentialCommand& command) {
  auto asker = Asker::open(command.data);
  if (!asker) return complain(asker.error().detail);
  const std::string id = "c" + random_hex(6);
  const std::string secret = random_hex(16);
  const json::object body{{"name", command.name}, {"assets", json::array(command.assets.begin(), command.assets.end())}, {"hash", sha256_hex(secret)}};
  const Answer answer = (*asker)->act("credential.create", id, json::serialize(body));
  if (answer.status >= 400) return complain(answer.detail);
  std::printf("id=%s secret=%s\n", id.c_str(), secret.c_str());
  return kExitDone;
}

int run_backup(const CopyCommand& command) {
  auto asker = Asker::open(command.data);
  if (!asker) return complain(asker.error().detail);
  const Answer answer = (*asker)->ask(json::serialize(json::object{{"op", "backup"}, {"to", command.to}}));
  if (answer.status >= 400) return complain(answer.detail);
  std::printf("backup in %s: %s\n", command.to.c_str(), answer.body.c_str());
  return kExitDone;
}

}  // namespace cityloop
