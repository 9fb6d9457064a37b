// SPDX-License-Identifier: Apache-2.0
#include "app/receivers.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "core/json.h"

namespace cityloop {
namespace {

constexpr std::size_t kSecretBytes = 4'096;

Result<std::string> secret_of(const SecretName& name, const std::string& data_folder) {
  if (!name.is_given()) return std::string();
  if (!name.env.empty()) {
    const char* value = std::getenv(name.env.c_str());
    if (value == nullptr || *value == '\0') return fail(errors::kUsage, "the environment has no " + name.env);
    return std::string(value);
  }
  const std::string path = name.file.starts_with('/') ? name.file : data_folder + "/secrets/" + name.file;
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  std::string secret = text.str();
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  if (!file || secret.empty() || secret.size() > kSecretBytes) return fail(errors::kUsage, "the secret file " + name.file + " cannot be read or is empty");
  return secret;
}

}  // namespace

Result<Config::Receiver> configured_receiver(const json::value& value) {
  if (!value.is_object()) return fail(errors::kWrongType, "receivers[] must be objects");
  json::object object = value.get_object();
  Config::Receiver out;
  if (const json::value* secret = object.if_contains("secret"); secret != nullptr && secret->is_string()) {
    out.secret = secret->get_string();
    object.erase("secret");
  }
  const Result<Receiver> read = parse_receiver(object, "", Trust::configuration);
  if (!read) return fail(*read.error().code, "receivers[]: " + read.error().detail);
  if (!out.secret.empty() && read->channel != Channel::webhook)
    return fail(errors::kBadField, "receivers[]: `secret` of " + read->name + " names a file or a variable, {\"file\":…} or {\"env\":…}");
  out.name = read->name;
  out.body = json::serialize(object);
  return out;
}

Result<OpenReceiver> open_receiver(const Receiver& receiver, const Config& config, const std::string& data_folder) {
  OpenReceiver out;
  out.how = receiver;
  out.secret = TRY(secret_of(receiver.secret, data_folder));
  out.token = TRY(secret_of(receiver.token, data_folder));
  for (const Config::Receiver& configured : config.receivers)
    if (configured.name == receiver.name && out.secret.empty() && receiver.channel == Channel::webhook) out.secret = configured.secret;
  return out;
}

}  // namespace cityloop
