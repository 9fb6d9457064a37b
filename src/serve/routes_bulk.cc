// SPDX-License-Identifier: Apache-2.0
// 批量办理: what can be done with many cases, and one action on a slice of them. Each case is asked and acted on by itself; what
// became of it stands beside its number.
#include <algorithm>
#include <map>
#include <mutex>

#include "command/case_table.h"
#include "core/limits_desk.h"
#include "serve/case_offers.h"
#include "serve/engine.h"
#include "serve/project.h"

namespace cityloop::serve {
namespace {

Result<const json::array*> cases_of(const json::object& body, std::size_t most) {
  const json::value* cases = body.if_contains("cases");
  if (cases == nullptr) return fail(errors::kMissingField, "`cases` is missing");
  if (!cases->is_array()) return fail(errors::kWrongType, "`cases` must be an array");
  if (cases->get_array().empty() || cases->get_array().size() > most)
    return fail(errors::kBadField, "`cases` must hold 1 to " + std::to_string(most));
  return &cases->get_array();
}

Result<Case> case_seen(const Call& call, std::string_view no) {
  Case file = TRY(case_of_doc(TRY(call.find_row("cases", no)).doc));
  if (!call.sees(file.area)) return fail(errors::kForeignArea, "this case lies outside your area");
  return file;
}

// ---- what can be done

struct Choice {
  std::vector<std::string> fields, required, can;
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> cannot;  // by code and sentence
};
using Choices = std::map<std::string, Choice, std::less<>>;

void join(std::vector<std::string>& known, const json::object& offer, std::string_view name) {
  const json::value* more = offer.if_contains(name);
  if (more == nullptr || !more->is_array()) return;
  for (const json::value& one : more->get_array()) {
    std::string word(one.as_string());
    if (std::find(known.begin(), known.end(), word) == known.end()) known.push_back(std::move(word));
  }
}

Result<void> add_offers(const Call& call, const Case& file, Choices& choices) {
  const json::value offers = TRY(parse_json(TRY(offers_of(call, file))));
  for (const json::value& one : offers.as_array()) {
    const json::object& offer = one.as_object();
    Choice& choice = choices[text_or(offer, "name")];
    if (offer.at("enabled").as_bool()) {
      join(choice.fields, offer, "fields");
      join(choice.required, offer, "required");
      choice.can.push_back(file.no);
    } else {
      choice.cannot[{text_or(offer, "code"), text_or(offer, "why_not")}].push_back(file.no);
    }
  }
  return {};
}

std::string choices_doc(const Choices& choices, const std::vector<std::string>& unread) {
  JsonWriter out(4096);
  out.begin_object().key("items").begin_array();
  for (const auto& [name, choice] : choices) {
    if (choice.can.empty()) continue;
    out.begin_object().member("name", name).list("fields", choice.fields).list("required", choice.required).list("can", choice.can);
    out.key("cannot").begin_array();
    for (const auto& [why, numbers] : choice.cannot)
      out.begin_object().member("code", why.first).member("why_not", why.second).list("cases", numbers).end_object();
    out.end_array().end_object();
  }
  return out.end_array().list("unread", unread).end_object().take();
}

void offers_of_many(Call& call) {
  const auto work = [&]() -> Result<HttpResponse> {
    const json::object body = TRY(call.body());
    TRY(only_keys(body, {"cases"}, ""));
    Choices choices;
    std::vector<std::string> unread;
    for (const json::value& one : *TRY(cases_of(body, limits::kPageMost))) {
      if (!one.is_string()) return fail(errors::kWrongType, "`cases` must hold numbers of cases as text");
      const std::string no(one.get_string());
      const auto file = case_seen(call, no);
      if (file) TRY(add_offers(call, *file, choices));
      else unread.push_back(no);
    }
    return json_response(200, choices_doc(choices, unread));
  };
  call.settle(work());
}

// ---- doing it

// The answers of one slice as they come in, from whatever thread; the last one answers the call.
struct Slice {
  std::mutex mutex;
  std::vector<std::string> items;
  std::size_t left = 0;
};

std::string item_of(std::string_view no, const Answer& answer) {
  JsonWriter out;
  out.begin_object().member("no", no).member("status", answer.status);
  if (answer.status < 400) out.member("rev", answer.rev);
  else out.member("code", answer.code).member("detail", answer.detail);
  return out.end_object().take();
}

void put(Call& call, Slice& slice, std::size_t i, std::string item) {
  const std::lock_guard lock(slice.mutex);
  slice.items[i] = std::move(item);
  if (--slice.left > 0) return;
  std::string out = "{\"items\":[";
  for (const std::string& one : slice.items) out += (out.back() == '[' ? "" : ",") + one;
  call.answer_json(200, out + "]}");
}

struct Wanted {
  std::string no;
  std::uint64_t rev = 0;
};

Result<std::vector<Wanted>> wanted_of(const json::array& cases) {
  std::vector<Wanted> out;
  for (const json::value& one : cases) {
    if (!one.is_object()) return fail(errors::kWrongType, "`cases` must hold objects of no and rev");
    TRY(only_keys(one.get_object(), {"no", "rev"}, "cases"));
    const double rev = TRY(need_number(one.get_object(), "rev"));
    if (!(rev >= 1 && rev < 1e15)) return fail(errors::kBadField, "`rev` must be the revision that was seen");
    out.push_back({TRY(need_string(one.get_object(), "no")), static_cast<std::uint64_t>(rev)});
  }
  return out;
}

Answer refused(const Error& error) { return Answer{error.code->status, std::string(error.code->name), error.detail, {}, 0, 0}; }

void act_on_many(Call& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  const auto action = need_string(*body, "action");
  if (!action) return call.refuse(action.error());
  if (!is_case_action(*action)) return call.refuse(fail(errors::kUnknownAction, "there is no action `" + action->substr(0, 64) + "` of a case"));
  const auto cases = cases_of(*body, limits::kCasesAtOnce);
  if (!cases) return call.refuse(cases.error());
  const auto wanted = wanted_of(**cases);
  if (!wanted) return call.refuse(wanted.error());
  body->erase("action");
  body->erase("cases");
  const std::string words = json::serialize(*body);
  const auto slice = std::make_shared<Slice>();
  slice->items.resize(wanted->size());
  slice->left = wanted->size();
  for (std::size_t i = 0; i < wanted->size(); ++i) {
    const Wanted& one = (*wanted)[i];
    if (const auto file = case_seen(call, one.no); !file) {
      put(call, *slice, i, item_of(one.no, refused(file.error())));
      continue;
    }
    ActionIn in;
    in.principal = call.caller.principal;
    in.verb = "case." + *action;
    in.subject = one.no;
    in.body = words;
    in.if_match = one.rev;
    in.arrival = call.now();
    call.city().offer(Input(std::move(in)), [self = call.shared_from_this(), slice, i, no = one.no](const Answer& answer) {
      put(*self, *slice, i, item_of(no, answer));
    });
  }
}

}  // namespace

void add_bulk_routes(std::vector<Route>& out) {
  out.insert(out.end(), {
    {"POST", "/api/v1/cases:offers", "What can be done with many cases, and with which of them", kCrew, Scope::any, "", "CaseNumbers", "BulkOffers", offers_of_many, true},
    {"POST", "/api/v1/cases:act", "One action on several cases, each with the rev that was seen; answers for each", kCrew, Scope::any, "", "BulkAction", "BulkResult", act_on_many},
  });
}

}  // namespace cityloop::serve
