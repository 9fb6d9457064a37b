// SPDX-License-Identifier: Apache-2.0
// What a screen says: hello, sub, mod, unsub, ack, pong, here (web.md §4.3). Everything here is outside input.
#include <algorithm>
#include <cmath>

#include "serve/feed.h"

namespace cityloop::serve {
namespace {

constexpr double kMessagesPerSecond = 100, kMessagesBurst = 400;
constexpr double kMovesPerSecond = 20;  // web.md §4.5

std::optional<std::int64_t> whole(const json::object& in, std::string_view key) {
  const json::value* value = in.if_contains(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  if (value->is_uint64() && value->get_uint64() < (1ull << 62)) return static_cast<std::int64_t>(value->get_uint64());
  return std::nullopt;
}

bool is_event_topic(std::string_view topic) { return topic == "alarm" || topic == "case" || topic == "report" || topic == "notice" || topic == "sys" || topic == "rev"; }

bool take(double& bucket) {
  if (bucket < 1) return false;
  bucket -= 1;
  return true;
}

}  // namespace

void Feed::hear(const Link& link, std::string_view text) {
  Connection& c = *link;
  std::string type;
  json::object in;
  {
    std::lock_guard lock(c.mutex);
    if (c.gone) return;
    const Time now = city_.now();
    const double seconds = std::clamp(static_cast<double>((now - c.refilled).count()) / 1000.0, 0.0, 60.0);
    c.refilled = now;
    c.messages = std::min(kMessagesBurst, c.messages + seconds * kMessagesPerSecond);
    c.moves = std::min(kMovesPerSecond, c.moves + seconds * kMovesPerSecond);
    if (!take(c.messages)) return close(c, 4429, "too many messages");
    if (text.size() > limits::kLiveMessageBytes) return close(c, 4400, "a message has at most 64 KiB");
    auto parsed = parse_json(text);
    if (!parsed || !parsed->is_object()) {
      error(c, std::nullopt, errors::kBadJson.name, "a message is one JSON object");
      return close(c, 4400, "not JSON");
    }
    in = std::move(parsed->get_object());
    type = text_or(in, "t");
    if (type != "hello" && !c.welcomed) {
      error(c, std::nullopt, errors::kUnauthenticated.name, "say hello first");
      return close(c, 4401, "no hello came");
    }
    if (type == "mod") return modify(c, in);
    if (type == "unsub") return unsubscribe(c, in);
    if (type == "ack") return acknowledge(c, in);
    if (type == "pong") return;
  }
  if (type == "hello") return hello(link, in);
  if (type == "sub") return subscribe(link, in);
  if (type == "here") return look_at(link, in);
  std::lock_guard lock(c.mutex);
  error(c, std::nullopt, errors::kBadField.name, "there is no such message");
}

void Feed::hello(const Link& link, const json::object& in) {
  Connection& c = *link;
  const std::string ticket = text_or(in, "ticket");
  const auto by_ticket = ticket.empty() ? std::nullopt : api_.take_ticket(ticket);
  std::lock_guard lock(c.mutex);
  if (c.gone) return;
  if (c.welcomed && !by_ticket) return error(c, std::nullopt, errors::kUnauthenticated.name, "the ticket is not valid");
  if (by_ticket) {
    // Signing in again in band: never as somebody else.
    if (c.welcomed && by_ticket->principal != c.caller.principal) return close(c, 4401, "another person's ticket");
    c.caller = *by_ticket;
  }
  if (c.welcomed) return;
  if (c.caller.principal.empty() || (!ticket.empty() && !by_ticket) || event_topics(c.caller.actor).empty()) {
    error(c, std::nullopt, errors::kUnauthenticated.name, "the ticket is not valid; ask for another");
    return close(c, 4401, "no valid ticket");
  }
  welcome(c, &in);
}

void Feed::welcome(Connection& c, const json::object* in) {
  c.welcomed = true;
  const std::uint64_t last = ring_.last();
  const Time now = city_.now();
  c.pinged = now;
  c.acked_at = now;
  JsonWriter out;
  out.begin_object().member("t", "welcome").member("epoch", city_.epoch).member("seq", last).member("now", to_ms(now));
  out.member("hb", 10'000).member("window", 256).member("keep", limits::kLiveEventsKept).end_object();
  send(c, out);
  const json::value* resume = in->if_contains("resume");
  if (resume != nullptr && resume->is_object()) {
    const json::object& from = resume->get_object();
    const auto seq = whole(from, "seq");
    const bool same = text_or(from, "epoch") == city_.epoch;
    JsonWriter answer;
    const bool too_old = !seq || *seq < 0 || static_cast<std::uint64_t>(*seq) > last || last - static_cast<std::uint64_t>(*seq) > limits::kLiveEventsKept;
    if (!same || too_old) answer.begin_object().member("t", "reset").member("why", same ? "retention" : "epoch").end_object();
    else answer.begin_object().member("t", "resumed").member("from", *seq).member("to", last).end_object();
    send(c, answer);
  }
  tell_mode(true, &c);
}

void Feed::subscribe(const Link& link, const json::object& in) {
  Connection& c = *link;
  const auto id = whole(in, "id");
  const std::string topic = text_or(in, "topic");
  std::unique_lock lock(c.mutex);
  if (c.gone) return;
  if (!id) return error(c, std::nullopt, errors::kMissingField.name, "`id` must be a whole number");
  if (!c.subscriptions.contains(*id) && c.subscriptions.size() >= limits::kLiveSubscriptions)
    return error(c, id, errors::kTooMany.name, "at most 32 subscriptions");
  if (is_event_topic(topic)) {
    lock.unlock();
    return subscribe_event(link, *id, topic, in);
  }
  Subscription sub;
  sub.id = *id;
  sub.topic = topic;
  const std::size_t colon = topic.find(':');
  const std::string family = topic.substr(0, colon);
  if (topic.starts_with("obj:asset:")) sub.subject = topic.substr(10);
  else if (colon != std::string::npos) sub.subject = topic.substr(colon + 1);
  const auto packs = city_.packs();
  const bool known = topic == "kpi" || (family == "layer" && packs->kind(sub.subject) != nullptr) || topic.starts_with("obj:asset:");
  if (!known) return error(c, id, errors::kNotFound.name, "there is no such topic");
  if (topic.starts_with("obj:asset:")) {
    const auto row = city_.journal->find("assets", sub.subject);
    const auto asset = row && *row ? asset_of_doc((*row)->doc) : Result<Asset>(fail(errors::kNotFound, ""));
    if (!asset) return error(c, id, errors::kNotFound.name, "there is no such asset");
    if (!in_scope(c.caller.actor.area, asset->area, city_.root_area)) return error(c, id, errors::kForeignArea.name, "this asset lies outside your area");
  }
  if (const auto read = read_query(sub, in); !read) return error(c, id, read.error().code->name, read.error().detail);
  c.subscriptions[*id] = std::move(sub);
}

void Feed::subscribe_event(const Link& link, std::int64_t id, const std::string& topic, const json::object& in) {
  Connection& c = *link;
  const auto from = whole(in, "from");
  {
    std::lock_guard lock(c.mutex);
    if (c.gone) return;
    if (!may_hear(c.caller.actor, topic)) return error(c, id, errors::kForbidden.name, "your role does not hear this topic");
    Subscription sub;
    sub.id = id;
    sub.topic = topic;
    c.subscriptions[id] = std::move(sub);
    TopicState& state = c.topics[topic];
    if (std::find(state.ids.begin(), state.ids.end(), id) == state.ids.end()) state.ids.push_back(id);
    if (from) {
      // Replayed at the next tick, all topics together, so that they come in one order.
      state.live = false;
      state.replays = true;
      state.sent = *from < 0 ? 0 : static_cast<std::uint64_t>(*from);
      return;
    }
  }
  city_.worker([self = shared_from_this(), link, id, topic] { self->snapshot(link, id, topic); });
}

void Feed::modify(Connection& c, const json::object& in) {
  const auto id = whole(in, "id");
  const auto found = id ? c.subscriptions.find(*id) : c.subscriptions.end();
  if (found == c.subscriptions.end()) return error(c, id, errors::kNotFound.name, "there is no such subscription");
  if (!take(c.moves)) return error(c, id, errors::kRateLimited.name, "at most 20 changes a second");
  Subscription changed = found->second;
  if (const auto read = read_query(changed, in); !read) return error(c, id, read.error().code->name, read.error().detail);
  const bool moved = changed.box.has_value() != found->second.box.has_value() ||
                     (changed.box && (changed.box->west != found->second.box->west || changed.box->east != found->second.box->east ||
                                      changed.box->south != found->second.box->south || changed.box->north != found->second.box->north));
  changed.fresh = changed.fresh || moved || (found->second.low_rate && !changed.low_rate);
  changed.due = kNoTime;
  found->second = std::move(changed);
}

// here: {"subject": case number, or "" for none any more}.
void Feed::look_at(const Link& link, const json::object& in) {
  const std::string subject = text_or(in, "subject");
  {
    std::lock_guard lock(link->mutex);
    Connection& c = *link;
    if (c.gone) return;
    if (!take(c.moves)) return error(c, std::nullopt, errors::kRateLimited.name, "at most 20 changes a second");
    if (!subject.empty()) {
      if (c.caller.wall || !may_hear(c.caller.actor, "report")) return error(c, std::nullopt, errors::kForbidden.name, "only people at work stand at a case");
      const auto row = city_.journal->find("cases", subject);
      const auto file = row && *row ? case_of_doc((*row)->doc) : Result<Case>(fail(errors::kNotFound, ""));
      if (!file) return error(c, std::nullopt, errors::kNotFound.name, "there is no such case");
      if (!in_scope(c.caller.actor.area, file->area, city_.root_area)) return error(c, std::nullopt, errors::kForeignArea.name, "this case lies outside your area");
    }
  }
  stand(link, subject);
}

// q: {"bbox":[w,s,e,n], "rate":"low"|"normal"}. Other members are the page's own business.
Result<void> Feed::read_query(Subscription& sub, const json::object& in) {
  const json::value* q = in.if_contains("q");
  if (q == nullptr || q->is_null()) return {};
  if (!q->is_object()) return fail(errors::kWrongType, "`q` must be an object");
  if (const json::value* box = q->get_object().if_contains("bbox")) {
    std::vector<double> numbers;
    if (box->is_array())
      for (const json::value& number : box->get_array()) numbers.push_back(number.is_number() ? number.to_number<double>() : NAN);
    const bool fits = numbers.size() == 4 && std::all_of(numbers.begin(), numbers.end(), [](double n) { return std::isfinite(n); });
    if (!fits && !box->is_null()) return fail(errors::kBadField, "`bbox` must be [west, south, east, north]");
    sub.box.reset();
    if (fits) sub.box = Box{numbers[0], numbers[1], numbers[2], numbers[3]};
  }
  if (const json::value* rate = q->get_object().if_contains("rate")) sub.low_rate = rate->is_string() && rate->get_string() == "low";
  return {};
}

void Feed::unsubscribe(Connection& c, const json::object& in) {
  const auto id = whole(in, "id");
  const auto found = id ? c.subscriptions.find(*id) : c.subscriptions.end();
  if (found == c.subscriptions.end()) return;
  if (const auto topic = c.topics.find(found->second.topic); topic != c.topics.end()) {
    std::erase(topic->second.ids, *id);
    if (topic->second.ids.empty()) c.topics.erase(topic);
  }
  c.subscriptions.erase(found);
}

void Feed::acknowledge(Connection& c, const json::object& in) {
  const auto seq = whole(in, "seq");
  if (!seq || *seq < 0) return;
  c.acks = true;
  c.acked_at = city_.now();
  c.acked = std::max(c.acked, static_cast<std::uint64_t>(*seq));
  c.unacked = c.last_sent > c.acked ? std::min(c.unacked, c.last_sent - c.acked) : 0;
  c.lag = whole(in, "lag").value_or(0);
}

}  // namespace cityloop::serve
