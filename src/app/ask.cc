// SPDX-License-Identifier: Apache-2.0
#include "app/ask.h"

#include <cstdio>

#include "core/json.h"
#include "edge/control_socket.h"

namespace cityloop {

namespace {
constexpr Millis kPatience = std::chrono::minutes(10);
}

Result<std::unique_ptr<Asker>> Asker::open(const std::string& data, Config config) {
  std::unique_ptr<Asker> asker(new Asker);
  asker->control_ = data + "/control.sock";
  ServerOptions options;
  options.data = data;
  options.config = std::move(config);
  auto server = Server::open(options, [](const std::string& sentence) { std::fprintf(stderr, "cityloop: %s\n", sentence.c_str()); });
  if (server) {
    asker->server_ = std::move(*server);
  } else if (server.error().code != &errors::kHeld) {
    return server.error();
  }
  return asker;
}

Asker::~Asker() {
  if (server_) server_->stop();
}

Answer Asker::act(const std::string& verb, const std::string& subject, const std::string& body) {
  if (server_) return server_->act(verb, subject, body);
  return ask(json::serialize(json::object{{"verb", verb}, {"subject", subject}, {"body", body}}));
}

Result<std::string> Asker::exchange(const std::string& request) {
  if (server_) return server_->control(request);
  return ask_control(control_, request, kPatience);
}

Answer Asker::ask(const std::string& request) {
  const auto text = exchange(request);
  if (!text) return refuse(text.error());
  const auto parsed = parse_json(*text);
  if (!parsed || !parsed->is_object()) return refuse(errors::kNetwork, "the server's answer cannot be read");
  Answer answer;
  answer.status = parsed->as_object().contains("status") ? static_cast<int>(parsed->as_object().at("status").to_number<std::int64_t>()) : 500;
  answer.code = text_or(parsed->as_object(), "code");
  answer.detail = text_or(parsed->as_object(), "detail");
  answer.body = text_or(parsed->as_object(), "body");
  return answer;
}

Answer Asker::take(ReadingsIn readings) {
  std::string request(kAskReadings);
  Writer out(request);
  encode(out, readings);
  return ask(request);
}

Result<Asker::Tables> Asker::tables() {
  const std::string bytes = TRY(exchange(std::string(kAskTables)));
  Reader in(bytes);
  Tables tables;
  tables.assets.decode(in);
  std::map<std::string, std::string> texts;
  decode(in, texts);
  if (!in.ok() || !in.done()) return fail(errors::kUndecodable, "the server's answer cannot be read; is it as old as this tool?");
  std::vector<Pack> packs;
  for (const auto& [name, text] : texts) packs.push_back(TRY(parse_pack(name, text)));
  tables.packs = std::make_shared<const Packs>(TRY(Packs::create(std::move(packs))));
  return tables;
}

}  // namespace cityloop
