// SPDX-License-Identifier: Apache-2.0
// Notices: what went out and what became of it, receipts by token and by the signed link, previews, and the receivers.
#include <algorithm>

#include "core/notice_text.h"
#include "core/receiver.h"
#include "serve/engine.h"
#include "serve/list.h"
#include "serve/project.h"
#include "serve/secret.h"

namespace cityloop::serve {
namespace {

void list_notices(Call& call) {
  static constexpr Filter kFilters[] = {{"subject", "subject"}, {"state", "state"}, {"target", "target"}, {"type", "type"},
                                        {"from", "created_at", Filter::Type::since}, {"to", "created_at", Filter::Type::until}};
  Query query{"notices"};
  if (const auto known = apply_filters(call, kFilters, query); !known) return call.refuse(known.error());
  if (const auto scoped = apply_area(call, query); !scoped) return call.refuse(scoped.error());
  query.order = "created_at";
  query.descending = true;
  answer_list(call, {std::move(query),
                     "id subject type channel target state level step created_at attempts next_attempt last_error sent_at "
                     "delivered_at read_at receipt_by",
                     {}});
}

void show_notice(Call& call) {
  if (const auto notice = call.find("notices", call.arg()); !notice) return call.refuse(notice.error());
  auto row = call.find_row("notices", call.arg());
  if (!row) return call.refuse(row.error());
  call.answer_json(200, std::move(row->doc));
}

// The outbox is city-wide; the release after a restore is one switch.
void release(Call& call) { offer(call, {"notice.release", "", "{}"}); }
void retry(Call& call) { offer_and_show(call, {"notice.retry", call.arg(), "{}"}, "notices", call.arg()); }

void receipt(Call& call) {
  const auto notice = call.find("notices", call.arg());
  if (!notice) return call.refuse(notice.error());
  offer_and_show(call, {"notice.receipt", call.arg(), call.request.body}, "notices", call.arg());
}

// ---- the signed link ----------------------------------------------------------------------------------------------

std::string html_of(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '&') out += "&amp;";
    else if (c == '"') out += "&quot;";
    else if (c == '\'') out += "&#39;";
    else out.push_back(c);
  }
  return out;
}

HttpResponse page(int status, bool zh, const std::string& title, const std::string& inner) {
  HttpResponse out;
  out.status = status;
  out.headers = {{"Content-Type", "text/html; charset=utf-8"}, {"Cache-Control", "no-store"}, {"X-Robots-Tag", "noindex"},
                 {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"}};
  out.body = std::string("<!doctype html><html lang=\"") + (zh ? "zh-CN" : "en") +
             "\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>" + html_of(title) +
             "</title><style>body{font:17px/1.6 system-ui,sans-serif;max-width:34em;margin:2em auto;padding:0 1em;color:#1c2733}"
             "h1{font-size:1.25em}dt{color:#5b6b7b;font-size:.85em}dd{margin:0 0 .6em}button{font:inherit;min-height:48px;padding:0 1.6em;border:0;"
             "border-radius:8px;background:#1769c2;color:#fff}</style>" + inner + "</html>";
  return out;
}

Notice notice_of(const json::object& doc) {
  Notice notice;
  notice.subject = text_or(doc, "subject");
  notice.type = text_or(doc, "type");
  notice.state = text_or(doc, "state");
  notice.level = level_of(text_or(doc, "level")).value_or(Level::none);
  if (const json::value* data = doc.if_contains("data")) notice.data = json::serialize(*data);
  return notice;
}

// What the link is good for: its notice's document. A wrong key and an unknown notice look the same.
Result<json::object> linked(Call& call) {
  const auto nothing = fail(errors::kNotFound, "there is no such notice");
  const auto& city = call.city();
  const std::string_view key = parameter(call, "k").value_or("");
  if (!city.notice_key || !same_secret(city.notice_key(call.arg()), key)) {
    if (call.engine->strangers.take(call.request.peer, call.now())) return fail(errors::kRateLimited, "wait a little");
    return nothing;
  }
  const auto row = city.journal->find("notices", call.arg());
  if (!row || !*row) return nothing;
  auto doc = parse_json((*row)->doc);
  if (!doc || !doc->is_object()) return nothing;
  return std::move(doc->get_object());
}

std::string language_of(Call& call, const json::object& notice) {
  const auto row = call.city().journal->find("receivers", text_or(notice, "target"));
  const auto doc = row && *row ? parse_json((*row)->doc) : Result<json::value>(json::value());
  return doc && doc->is_object() ? text_or(doc->get_object(), "language", "zh") : "zh";
}

// Opening shows it; saying that it was read takes a press, since mail scanners and chats open every link.
void show_linked(Call& call) {
  const auto doc = linked(call);
  if (!doc) return call.refuse(doc.error());
  const std::string language = language_of(call, *doc);
  const bool zh = language != "en";
  const NoticeText text = notice_text(notice_of(*doc), language, call.city().utc_offset);
  std::string inner = "<h1>" + html_of(text.title) + "</h1><dl>";
  for (const auto& [label, value] : text.lines) inner += "<dt>" + html_of(label) + "</dt><dd>" + html_of(value) + "</dd>";
  inner += "</dl>";
  if (text_or(*doc, "state") == "read") inner += std::string("<p>") + (zh ? "已确认阅读" : "Confirmed as read") + "</p>";
  else inner += std::string("<form method=\"post\"><button>") + (zh ? "确认已读" : "I have read it") + "</button></form>";
  call.answer(page(200, zh, text.title, inner));
}

void confirm_linked(Call& call) {
  const auto doc = linked(call);
  if (!doc) return call.refuse(doc.error());
  const bool zh = language_of(call, *doc) != "en";
  call.caller.principal = "system";  // the key was the caller's word; the city writes `link`
  call.request.headers.erase("idempotency-key");
  offer(call, {"notice.receipt", call.arg(), R"({"state":"read"})", 0, [zh](Call& c, const Answer&) {
                 const std::string said = zh ? "已确认阅读" : "Confirmed as read";
                 c.answer(page(200, zh, said, "<h1>" + said + "</h1>"));
               }});
}

// ---- before it is sent --------------------------------------------------------------------------------------------

// What one receiver, or each that the caller sees, would be told of the alarm.
void preview(Call& call) {
  if (const auto known = call.find("alarms", call.arg()); !known) return call.refuse(known.error());
  const auto row = call.find_row("alarms", call.arg());
  if (!row) return call.refuse(row.error());
  const auto alarm = alarm_of_doc(row->doc, "");
  if (!alarm) return call.refuse(alarm.error());
  const std::string wanted(parameter(call, "receiver").value_or(""));
  Area area;
  if (const auto known = call.city().journal->find("areas", alarm->area); known && *known) {
    const auto doc = parse_json((*known)->doc);
    if (doc && doc->is_object()) area = Area{alarm->area, text_or(doc->get_object(), "name"), text_or(doc->get_object(), "name_en"), "", {}};
  }
  Notice notice;
  notice.subject = alarm->id;
  notice.type = "city.alarm.notify";
  notice.level = alarm->level;
  notice.data = alarm_notice_data(*alarm, parameter(call, "reason").value_or(""), area.code.empty() ? nullptr : &area);
  Query query{"receivers"};
  query.limit = limits::kPageMost;
  const auto receivers = call.city().journal->list(query);
  if (!receivers) return call.refuse(receivers.error());
  JsonWriter out;
  out.begin_object().key("items").begin_array();
  for (const Row& one : receivers->rows) {
    const auto doc = parse_json(one.doc);
    if (!doc || !doc->is_object() || (!wanted.empty() && one.key != wanted)) continue;
    const json::object& to = doc->get_object();
    // As the city judges: one that hears of this area anyway, or one that the caller sees.
    const std::string theirs = text_or(to, "area");
    if (!in_scope(theirs, alarm->area, call.city().root_area) && !call.sees(theirs)) continue;
    const std::string language = text_or(to, "language", "zh");
    const NoticeText text = notice_text(notice, language, call.city().utc_offset);
    out.begin_object().member("receiver", one.key).member("channel", text_or(to, "channel", "webhook"));
    out.member("target", text_or(to, "target", text_or(to, "url"))).member("language", language);
    out.member("title", text.title).member("text", plain_text(text, language)).end_object();
  }
  call.answer_json(200, out.end_array().member_raw("next", "null").end_object().take());
}

// ---- receivers ----------------------------------------------------------------------------------------------------

void list_receivers(Call& call) {
  Query query{"receivers"};
  if (const auto scoped = apply_area(call, query); !scoped) return call.refuse(scoped.error());
  answer_list(call, {std::move(query), "name channel target area types at_least language give_up_after", {}});
}

void show_receiver(Call& call) {
  const auto receiver = call.find("receivers", call.arg());
  if (!receiver) return call.refuse(receiver.error());
  auto row = call.find_row("receivers", call.arg());
  if (!row) return call.refuse(row.error());
  call.answer_json(200, std::move(row->doc));
}

void put_receiver(Call& call) {
  const auto rev = call.if_match();
  if (!rev) return call.refuse(rev.error());
  offer_and_show(call, {"receiver.put", call.arg(), call.request.body, *rev}, "receivers", call.arg());
}

void remove_receiver(Call& call) { offer(call, {"receiver.delete", call.arg(), "{}"}); }

}  // namespace

void add_notice_routes(std::vector<Route>& out) {
  constexpr RoleSet kReaders = kDesk | roles(Role::leader, Role::inspector);
  constexpr RoleSet kAdmin = roles(Role::admin);
  out.insert(out.end(), {
    {"GET", "/api/v1/notices", "Notices, newest first, with what became of each", kReaders, Scope::list, "subject state target type from to area @list", "", "[]Notice", list_notices},
    {"GET", "/api/v1/notices/{id}", "One notice", kReaders | roles(Role::integrator), Scope::item, "", "", "Notice", show_notice},
    {"POST", "/api/v1/notices:release", "Let the outbox go after a restore", kAdmin, Scope::city, "", "", "Done", release},
    {"POST", "/api/v1/notices/{id}:retry", "Send a failed notice again", kAdmin, Scope::city, "", "", "Notice", retry},
    {"POST", "/api/v1/notices/{id}/receipt", "The receiver's system says: delivered, read, or failed after all", kKeepers, Scope::item, "", "NoticeReceipt", "Notice", receipt},
    {"GET", "/n/{id}", "The link in a message: the notice as a page; `k` is its key", 0, Scope::open, "k", "", "*", show_linked},
    {"POST", "/n/{id}", "Its reader says that it was read", 0, Scope::open, "k", "*", "*", confirm_linked},
    {"GET", "/api/v1/alarms/{id}/notice", "What receivers would be told of the alarm, before it is sent", kDesk | roles(Role::leader), Scope::item, "receiver reason", "", "[]NoticePreview", preview},
    {"GET", "/api/v1/receivers", "Receivers of notices", kReaders, Scope::list, "area @list", "", "[]Receiver", list_receivers},
    {"GET", "/api/v1/receivers/{name}", "One receiver", kReaders, Scope::item, "", "", "Receiver", show_receiver},
    {"PUT", "/api/v1/receivers/{name}", "Register or change a receiver", kAdmin, Scope::city, "", "ReceiverPut", "Receiver", put_receiver},
    {"DELETE", "/api/v1/receivers/{name}", "Remove a receiver", kAdmin, Scope::city, "", "", "", remove_receiver},
  });
}

}  // namespace cityloop::serve
