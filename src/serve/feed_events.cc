// SPDX-License-Identifier: Apache-2.0
// Event topics: the ring, replay, snapshots, and the same for `GET /changes`.
#include <algorithm>
#include <charconv>

#include "core/register.h"
#include "serve/feed.h"

namespace cityloop::serve {
namespace {

constexpr std::size_t kSnapshotPart = 500;     // rows of one message
constexpr std::size_t kSnapshotRows = 2'000;   // of one topic, newest first; more is a list, asked page by page
constexpr std::size_t kChangesMost = 1'000;    // events of one answer

Where is(std::string column, std::int64_t value) { return {std::move(column), Where::Op::equal, {value}}; }

Where is_in(std::string column, std::initializer_list<const char*> values) {
  Where where{std::move(column), Where::Op::in, {}};
  for (const char* value : values) where.values.emplace_back(std::string(value));
  return where;
}

Query newest(std::string table, std::vector<Where> where, std::string order) {
  Query query{std::move(table), std::move(where)};
  query.order = std::move(order);
  query.descending = true;
  return query;
}

// What is alive in a topic: the rows that a screen needs to begin with.
std::vector<Query> snapshot_queries(std::string_view topic) {
  if (topic == "alarm")
    return {newest("alarms", {is_in("state", {"pending", "firing"})}, "raised_at"),
            newest("alarms", {is_in("state", {"cleared"}), is("unseen", 1)}, "raised_at")};
  if (topic == "case") return {newest("cases", {is("open", 1)}, "opened_at")};
  if (topic == "report") return {newest("reports", {is_in("state", {"waiting", "placeless"})}, "at")};
  return {};
}

std::uint64_t number_of(std::string_view digits) {
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

// Who reported is no business of a socket.
void hide_reporter(std::string& doc) {
  const std::size_t at = doc.find("\"reporter\":\"");
  if (at == std::string::npos) return;
  const std::size_t end = doc.find('"', at + 12);
  doc.replace(at + 11, end + 1 - (at + 11), "null");
}

}  // namespace

std::vector<std::string> event_topics(const Actor& actor) {
  const auto any = [&](RoleSet set) {
    return std::any_of(actor.roles.begin(), actor.roles.end(), [&](Role role) { return (set & bit(role)) != 0; });
  };
  if (!any(kStaff | roles(Role::wall))) return {};
  std::vector<std::string> out{"alarm", "case", "sys", "rev"};
  if (any(kStaff)) out.push_back("report");
  if (any(kDesk | roles(Role::leader, Role::inspector))) out.push_back("notice");  // as GET /notices
  return out;
}

bool may_hear(const Actor& actor, std::string_view topic) {
  const auto topics = event_topics(actor);
  return std::find(topics.begin(), topics.end(), topic) != topics.end();
}

// ---- the ring

Ring::Ring(const Journal* journal) : journal_(journal) { catch_up_with_journal(); }

void Ring::catch_up_with_journal() {
  {
    std::lock_guard lock(mutex_);
    if (!kept_.empty()) return;
  }
  const auto head = journal_->head();
  if (!head) return;
  std::lock_guard lock(mutex_);
  if (!kept_.empty()) return;
  floor_ = last_ = std::max(last_, head->seq);
}

void Ring::add(const std::vector<LiveDelta>& deltas) {
  std::lock_guard lock(mutex_);
  for (const LiveDelta& delta : deltas) {
    kept_.push_back({delta.seq, delta.topic, delta.area, std::make_shared<const std::string>(delta.message)});
    last_ = std::max(last_, delta.seq);
  }
  while (kept_.size() > limits::kLiveEventsKept) {
    floor_ = kept_.front().seq;
    kept_.pop_front();
  }
}

std::uint64_t Ring::last() const {
  std::lock_guard lock(mutex_);
  return last_;
}

std::optional<std::vector<Sent>> Ring::after(std::uint64_t seq, const std::vector<std::string>& topics, const std::string& scope,
                                             const std::string& root, std::size_t most) const {
  {
    std::lock_guard lock(mutex_);
    if (seq >= floor_) {
      std::vector<Sent> out;
      auto first = std::upper_bound(kept_.begin(), kept_.end(), seq, [](std::uint64_t s, const Sent& event) { return s < event.seq; });
      for (; first != kept_.end(); ++first) {
        if (std::find(topics.begin(), topics.end(), first->topic) == topics.end()) continue;
        if (!in_scope(scope, first->area, root)) continue;
        if (out.size() == most) return std::nullopt;
        out.push_back(*first);
      }
      return out;
    }
    if (last_ - seq > limits::kLiveEventsKept) return std::nullopt;
  }
  return from_journal(seq, topics, scope, root, most);
}

std::optional<std::vector<Sent>> Ring::from_journal(std::uint64_t seq, const std::vector<std::string>& topics, const std::string& scope,
                                                    const std::string& root, std::size_t most) const {
  Query query{"events", {{"key", Where::Op::greater, {seq_key(seq)}}, {"topic", Where::Op::in, {topics.begin(), topics.end()}}}};
  if (!in_scope(scope, "", root)) query.where.push_back({"area", Where::Op::prefix, {scope}});
  query.limit = limits::kPageMost;
  std::vector<Sent> out;
  do {
    auto page = journal_->list(query);
    if (!page || out.size() + page->rows.size() > most) return std::nullopt;
    for (Row& row : page->rows) out.push_back({number_of(row.key), {}, {}, std::make_shared<const std::string>(std::move(row.doc))});
    query.cursor = page->next;
  } while (!query.cursor.empty());
  return out;
}

// ---- to one socket

void Feed::send_event(Connection& c, const Sent& event) {
  send(c, event.text);
  c.last_sent = std::max(c.last_sent, event.seq);
  ++c.unacked;
}

// Sends what is new of the live topics, in order of seq. Stops where the socket's queue is full and goes on from there when it
// has room: what waits lies in the ring, once for all sockets. Too much behind: the screen starts over.
void Feed::catch_up(Connection& c) {
  if (c.gone || !c.welcomed) return;
  c.stalled = c.stalled || c.behind.has_value();
  if (c.behind) return;
  std::vector<std::string> topics;
  std::uint64_t from = ~0ull;
  for (const auto& [name, state] : c.topics) {
    if (!state.live) continue;
    topics.push_back(name);
    from = std::min(from, state.sent);
  }
  const std::uint64_t last = ring_.last();
  if (topics.empty() || last <= from) return;
  const auto events = ring_.after(from, topics, c.caller.actor.area, city_.root_area, limits::kLiveEventsKept);
  if (!events || (c.stalled && events->size() > limits::kLiveBacklog)) return start_over(c, "overload");
  std::uint64_t reached = events->empty() ? last : std::max(last, events->back().seq);
  c.stalled = false;
  for (const Sent& event : *events) {
    if (c.behind) {
      c.stalled = true;
      reached = event.seq - 1;
      break;
    }
    if (event.topic.empty() || event.seq > c.topics[event.topic].sent) send_event(c, event);
  }
  for (const std::string& name : topics) c.topics[name].sent = std::max(c.topics[name].sent, reached);
}

// The screen must begin anew: it fetches snapshots and compares (web.md §4.4).
void Feed::start_over(Connection& c, std::string_view why) {
  JsonWriter out;
  out.begin_object().member("t", "reset").member("why", why).end_object();
  send(c, out);
  const std::uint64_t last = ring_.last();
  for (auto& [name, state] : c.topics) {
    state.live = true;
    state.replays = false;
    state.sent = last;
  }
  for (auto& [id, sub] : c.subscriptions) sub.fresh = true;
  c.stalled = false;
  c.unacked = 0;
  c.acked_at = city_.now();
}

// The topics that wait for replay, together and in one order.
void Feed::replay(const Link& link) {
  Connection& c = *link;
  std::lock_guard lock(c.mutex);
  if (c.gone) return;
  const std::uint64_t last = ring_.last();
  std::vector<std::string> topics;
  std::uint64_t from = ~0ull;
  for (auto& [name, state] : c.topics) {
    if (!state.replays) continue;
    topics.push_back(name);
    from = std::min(from, state.sent);
  }
  if (topics.empty()) return;
  const auto events = from > last ? std::nullopt : ring_.after(from, topics, c.caller.actor.area, city_.root_area, limits::kLiveEventsKept);
  if (!events) return start_over(c, "retention");
  std::uint64_t reached = events->empty() ? last : std::max(last, events->back().seq);
  for (const Sent& event : *events) {
    if (c.behind) {
      c.stalled = true;
      reached = event.seq - 1;
      break;
    }
    send_event(c, event);
  }
  for (const std::string& name : topics) {
    TopicState& state = c.topics[name];
    state.replays = false;
    state.live = true;
    state.sent = reached;
  }
  catch_up(c);
}

// Rows as they are at seq s, then every event after s. A row may already hold a later change: documents are whole.
void Feed::snapshot(const Link& link, std::int64_t id, const std::string& topic) {
  const std::uint64_t s = ring_.last();
  std::vector<std::string> docs;
  Connection& c = *link;
  std::string scope;
  {
    std::lock_guard lock(c.mutex);
    if (c.gone) return;
    scope = c.caller.actor.area;
  }
  for (Query& query : snapshot_queries(topic)) {
    if (!in_scope(scope, "", city_.root_area)) query.where.push_back({"area", Where::Op::prefix, {scope}});
    query.limit = limits::kPageMost;
    do {
      auto page = city_.journal->list(query);
      if (!page) break;
      for (Row& row : page->rows) {
        if (topic == "report") hide_reporter(row.doc);
        docs.push_back(std::move(row.doc));
      }
      query.cursor = page->next;
    } while (!query.cursor.empty() && docs.size() < kSnapshotRows);
  }
  std::lock_guard lock(c.mutex);
  if (c.gone || !c.subscriptions.contains(id)) return;
  const std::size_t parts = std::max<std::size_t>(1, (docs.size() + kSnapshotPart - 1) / kSnapshotPart);
  for (std::size_t part = 0; part < parts; ++part) {
    JsonWriter out(1u << 16);
    out.begin_object().member("t", "snap").member("id", id).member("seq", s);
    out.key("part").begin_array().value(part + 1).value(parts).end_array().key("rows").begin_array();
    for (std::size_t i = part * kSnapshotPart; i < std::min(docs.size(), (part + 1) * kSnapshotPart); ++i) out.raw(docs[i]);
    out.end_array().end_object();
    send(c, out);
  }
  TopicState& state = c.topics[topic];
  if (!state.live && !state.replays) state.sent = s;
  state.live = !state.replays;
  catch_up(c);
}

// ---- GET /changes and /events

void Feed::changes(Api::ChangesQuery query, Respond respond) {
  Waiter waiter{std::move(query), std::move(respond), {}};
  waiter.until = city_.now() + waiter.query.wait;
  bool answered = false;
  answer_changes(waiter, waiter.query.wait.count() == 0, answered);
  if (answered) return;
  {
    std::lock_guard lock(mutex_);
    if (waiters_.size() < limits::kLiveWaiting) {
      waiters_.push_back(std::move(waiter));
      return;
    }
  }
  HttpResponse full = problem(fail(errors::kOverloaded, "too many callers wait for changes"));
  full.headers.emplace_back("Retry-After", "5");
  waiter.respond(std::move(full));
}

void Feed::serve_waiters(Time now) {
  std::vector<Waiter> waiters;
  {
    std::lock_guard lock(mutex_);
    waiters.swap(waiters_);
  }
  std::vector<Waiter> left;
  for (Waiter& waiter : waiters) {
    bool answered = false;
    answer_changes(waiter, now != kNoTime && now >= waiter.until, answered);
    if (!answered) left.push_back(std::move(waiter));
  }
  std::lock_guard lock(mutex_);
  std::move(left.begin(), left.end(), std::back_inserter(waiters_));
}

void Feed::answer_changes(const Waiter& waiter, bool at_once, bool& answered) {
  const Api::ChangesQuery& query = waiter.query;
  const std::uint64_t last = ring_.last();
  std::string_view reset;
  if (query.has_since && query.epoch != city_.epoch) reset = "epoch";
  else if (query.has_since && query.seq > last) reset = "retention";
  std::optional<std::vector<Sent>> events = std::vector<Sent>{};
  if (query.has_since && reset.empty()) events = ring_.after(query.seq, event_topics(query.caller.actor), query.caller.actor.area, city_.root_area, limits::kLiveEventsKept);
  if (!events) reset = "retention";
  if (query.has_since && reset.empty() && events->empty() && !at_once) return;
  answered = true;
  if (!events) events.emplace();
  const bool more = events->size() > kChangesMost;
  if (more) events->resize(kChangesMost);
  const std::uint64_t seq = more ? events->back().seq : std::max(last, events->empty() ? 0 : events->back().seq);
  HttpResponse response;
  if (query.sse) {
    response.headers.emplace_back("Content-Type", "text/event-stream");
    response.body = "retry: 500\n\n";
    if (!reset.empty()) response.body += "event: reset\ndata: {\"t\":\"reset\",\"why\":\"" + std::string(reset) + "\"}\n\n";
    for (const Sent& event : *events) response.body += "id: " + city_.epoch + ":" + std::to_string(event.seq) + "\ndata: " + *event.text + "\n\n";
    response.body += "id: " + city_.epoch + ":" + std::to_string(seq) + "\nevent: seq\ndata: " + std::to_string(seq) + "\n\n";
  } else {
    JsonWriter out(4096);
    out.begin_object().member("epoch", city_.epoch).member("seq", seq).member_or_null("reset", reset).key("events").begin_array();
    for (const Sent& event : *events) out.raw(*event.text);
    response = json_response(200, out.end_array().end_object().take());
  }
  waiter.respond(std::move(response));
}

}  // namespace cityloop::serve
