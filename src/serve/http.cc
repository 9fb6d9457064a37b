// SPDX-License-Identifier: Apache-2.0
#include "serve/http.h"

#include "core/json_write.h"

namespace cityloop {

std::string_view HttpRequest::header(std::string_view lower_name) const {
  const auto found = headers.find(lower_name);
  return found == headers.end() ? std::string_view{} : std::string_view(found->second);
}

std::string_view HttpRequest::parameter(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return {};
}

HttpResponse json_response(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

HttpResponse problem(const Error& error) { return problem(error.code->status, error.code->name, error.detail); }

HttpResponse problem(int status, std::string_view code, std::string_view detail) {
  std::string_view title = "Problem", name;
  for (const Code* known : all_codes()) {
    if (known->name != code) continue;
    title = known->title;
    name = known->name;
  }
  JsonWriter out;
  out.begin_object().member("type", "urn:cityloop:problem:" + std::string(code)).member("title", title);
  out.member("status", status).member("code", code).member("detail", detail).end_object();
  HttpResponse response = json_response(status, out.take());
  response.headers.front().second = "application/problem+json";
  response.code = name;
  return response;
}

}  // namespace cityloop
