// SPDX-License-Identifier: Apache-2.0
#include "app/ask.h"

#include <cstdio>

#include "core/json.h"
#include "edge/control_socket.h"

namespace cityloop {

namespace {
constexpr Millis kPatience = std::chrono::minutes(10);
}

Result<std::unique_ptr<Asker>> Asker::open(const std::string& data) {
  std::unique_ptr<Asker> asker(new Asker);
  asker->control_ = data + "/control.sock";
  ServerOptions options;
  options.data = data;
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

Answer Asker::ask(const std::string& request) {
  std::string text;
  if (server_) {
    text = server_->control(request);
  } else {
    auto answered = ask_control(control_, request, kPatience);
    if (!answered) return refuse(answered.error());
    text = std::move(*answered);
  }
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) return refuse(errors::kNetwork, "the server's answer cannot be read");
  Answer answer;
  answer.status = parsed->as_object().contains("status") ? static_cast<int>(parsed->as_object().at("status").to_number<std::int64_t>()) : 500;
  answer.code = text_or(parsed->as_object(), "code");
  answer.detail = text_or(parsed->as_object(), "detail");
  answer.body = text_or(parsed->as_object(), "body");
  return answer;
}

}  // namespace cityloop
