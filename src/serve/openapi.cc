// SPDX-License-Identifier: Apache-2.0
#include "serve/openapi.h"

#include <map>

#include "serve/engine.h"
#include "serve/match.h"

namespace cityloop::serve {
namespace {

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string operation_id(const Route& route) {
  std::string id = lowered(route.method);
  bool gap = true;
  for (const char c : route.pattern.starts_with("/api/v1") ? route.pattern.substr(7) : route.pattern) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter && gap) id += '_';
    if (letter) id += c;
    gap = !letter;
  }
  return id;
}

void put_path_parameters(JsonWriter& out, std::string_view pattern) {
  for (std::size_t at = pattern.find('{'); at != std::string_view::npos; at = pattern.find('{', at + 1)) {
    out.begin_object().member("name", pattern.substr(at + 1, pattern.find('}', at) - at - 1)).member("in", "path");
    out.member("required", true).key("schema").begin_object().member("type", "string").end_object().end_object();
  }
}

void put_query_parameters(JsonWriter& out, const Route& route) {
  for (const std::string_view name : parameters_of(route)) {
    const bool number = name == "limit" || name == "radius_m" || name == "wait";
    const bool flag = name == "count" || name == "open" || name == "overdue" || name == "mine" || name == "unseen" || name == "meta";
    out.begin_object().member("name", name).member("in", "query").key("schema").begin_object();
    out.member("type", number ? "integer" : flag ? "boolean" : "string").end_object().end_object();
  }
}

void put_content(JsonWriter& out, std::string_view schema) {
  out.key("content").begin_object();
  if (schema == "*") {
    out.key("*/*").begin_object().end_object();
  } else {
    out.key("application/json").begin_object().key("schema").begin_object();
    if (schema.starts_with("[]")) {
      out.member("type", "object").key("properties").begin_object().key("items").begin_object().member("type", "array").key("items");
      out.begin_object().member("$ref", "#/components/schemas/" + std::string(schema.substr(2))).end_object().end_object();
      out.key("next").begin_object().key("type").begin_array().value("string").value("null").end_array().end_object();
      out.key("total").begin_object().member("type", "integer").end_object().end_object();
    } else {
      out.member("$ref", "#/components/schemas/" + std::string(schema));
    }
    out.end_object().end_object();
  }
  out.end_object();
}

// The codes that a route of this form can answer with; the full table is in components.
std::vector<int> failures_of(const Route& route) {
  std::vector<int> out{400};
  if (route.scope != Scope::open) out.insert(out.end(), {401, 403});
  if (route.pattern.find('{') != std::string_view::npos) out.push_back(404);
  if (route.method != "GET") out.insert(out.end(), {409, 412, 422});
  if (route.pattern == "/api/v1/cases/{no}/actions") out.push_back(428);
  out.insert(out.end(), {429, 503});
  return out;
}

void put_operation(JsonWriter& out, const Route& route) {
  out.key(lowered(route.method)).begin_object().member("operationId", operation_id(route)).member("summary", route.summary);
  out.key("x-roles").begin_array();
  for (const Role role : roles_of(route.roles)) out.value(role_name(role));
  out.end_array();
  if (route.scope == Scope::open) out.key("security").begin_array().end_array();
  out.key("parameters").begin_array();
  put_path_parameters(out, route.pattern);
  put_query_parameters(out, route);
  if (route.method != "GET" && route.scope != Scope::open)
    out.begin_object().member("$ref", "#/components/parameters/IdempotencyKey").end_object();
  if (route.method == "PUT" || route.pattern == "/api/v1/cases/{no}/actions")
    out.begin_object().member("$ref", "#/components/parameters/IfMatch").end_object();
  out.end_array();
  if (!route.request.empty()) {
    out.key("requestBody").begin_object();
    put_content(out, route.request);
    out.end_object();
  }
  out.key("responses").begin_object().key(route.response.empty() ? "204" : "200").begin_object().member("description", "done");
  if (!route.response.empty()) put_content(out, route.response);
  out.end_object();
  for (const int status : failures_of(route))
    out.key(std::to_string(status)).begin_object().member("$ref", "#/components/responses/Problem").end_object();
  out.end_object().end_object();
}

void put_header_parameter(JsonWriter& out, std::string_view name, std::string_view header, std::string_view text) {
  out.key(name).begin_object().member("name", header).member("in", "header").member("description", text);
  out.key("schema").begin_object().member("type", "string").end_object().end_object();
}

void put_components(JsonWriter& out) {
  out.key("components").begin_object().key("schemas").begin_object();
  put_schemas(out);
  out.end_object().key("responses").begin_object().key("Problem").begin_object();
  out.member("description", "what is wrong, with a stable code").key("content").begin_object().key("application/problem+json").begin_object();
  out.key("schema").begin_object().member("$ref", "#/components/schemas/Problem").end_object().end_object().end_object();
  out.key("x-codes").begin_array();
  for (const Code* code : all_codes())
    out.begin_object().member("code", code->name).member("status", code->status).member("title", code->title).end_object();
  out.end_array().end_object().end_object();
  out.key("parameters").begin_object();
  put_header_parameter(out, "IdempotencyKey", "Idempotency-Key", "The same key again, within a day, answers as the first time");
  put_header_parameter(out, "IfMatch", "If-Match", "The revision that was seen, quoted: \"7\"");
  out.end_object().key("securitySchemes").begin_object();
  out.key("session").begin_object().member("type", "apiKey").member("in", "cookie").member("name", "cl_session").end_object();
  out.key("bearer").begin_object().member("type", "http").member("scheme", "bearer").end_object();
  out.key("device").begin_object().member("type", "http").member("scheme", "basic").end_object();
  out.end_object().end_object();
}

std::string_view scope_name(Scope scope) {
  switch (scope) {
    case Scope::open: return "open";
    case Scope::any: return "any";
    case Scope::list: return "list";
    case Scope::item: return "item";
    case Scope::city: return "city";
    case Scope::own: return "own";
  }
  return "";
}

}  // namespace

std::string openapi_document(std::string_view version) {
  std::map<std::string_view, std::vector<const Route*>> paths;
  for (const Route& route : routes()) paths[route.pattern].push_back(&route);
  JsonWriter out(1u << 16);
  out.begin_object().member("openapi", "3.1.0").key("info").begin_object().member("title", "CityLoop");
  out.member("version", version.empty() ? std::string_view("0") : version).end_object();
  out.key("security").begin_array();
  for (const char* scheme : {"session", "bearer", "device"}) out.begin_object().key(scheme).begin_array().end_array().end_object();
  out.end_array().key("paths").begin_object();
  for (const auto& [pattern, group] : paths) {
    out.key(pattern).begin_object();
    for (const Route* route : group) put_operation(out, *route);
    out.end_object();
  }
  out.end_object();
  put_components(out);
  return out.end_object().take();
}

}  // namespace cityloop::serve

namespace cityloop {

std::string Api::openapi() const { return serve::openapi_document(engine_->city.version); }

std::vector<RouteFace> route_table() {
  std::vector<RouteFace> out;
  for (const serve::Route& route : serve::routes()) {
    RouteFace face{std::string(route.method), std::string(route.pattern), std::string(route.summary), std::string(route.request),
                   std::string(route.response), serve::roles_of(route.roles), std::string(serve::scope_name(route.scope)), {}};
    for (const std::string_view name : serve::parameters_of(route)) face.parameters.emplace_back(name);
    out.push_back(std::move(face));
  }
  return out;
}

std::string route_table_markdown() {
  std::string out = "| call | what | scope | roles |\n|---|---|---|---|\n";
  for (const RouteFace& route : route_table()) {
    out += "| `" + route.method + " " + route.pattern;
    for (std::size_t i = 0; i < route.parameters.size(); ++i) out += (i == 0 ? "?" : "&") + route.parameters[i] + "=";
    out += "` | " + route.summary + " | " + route.scope + " | ";
    std::string names;
    for (const Role role : route.roles) names += (names.empty() ? "" : ", ") + std::string(role_name(role));
    out += (names.empty() ? "everybody" : names) + " |\n";
  }
  return out;
}

}  // namespace cityloop
