// SPDX-License-Identifier: Apache-2.0
// Behind LiveFeed. Two reliability classes (web.md §4.1): events, in order and never lost without a word; state, the latest
// value per key, merged under pressure. Locks: a connection's own, then the ring's; never the other way round. Of this room only.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "serve/engine.h"
#include "serve/live.h"

namespace cityloop::serve {

using Text = std::shared_ptr<const std::string>;

// ---- events

struct Sent {               // one event, encoded once for every socket
  std::uint64_t seq = 0;
  std::string topic, area;
  Text text;
};

class Ring {
 public:
  explicit Ring(const Journal* journal);
  void add(const std::vector<LiveDelta>& deltas);
  std::uint64_t last() const;
  // While nothing was published, the Journal may have moved on without us (recovery).
  void catch_up_with_journal();
  // Events after `seq` of these topics that the caller's area covers, ascending. From memory, or from the Journal where memory
  // does not reach; nothing when more than `most` came since (then only a snapshot helps).
  std::optional<std::vector<Sent>> after(std::uint64_t seq, const std::vector<std::string>& topics, const std::string& scope,
                                         const std::string& root, std::size_t most) const;

 private:
  std::optional<std::vector<Sent>> from_journal(std::uint64_t seq, const std::vector<std::string>& topics, const std::string& scope,
                                                const std::string& root, std::size_t most) const;

  const Journal* journal_;
  mutable std::mutex mutex_;
  std::deque<Sent> kept_;
  std::uint64_t floor_ = 0;  // events after this are all in kept_
  std::uint64_t last_ = 0;
};

// ---- connections

struct Subscription {
  std::int64_t id = 0;
  std::string topic;
  std::string subject;                  // kind of a layer, id of an asset
  std::optional<Box> box;
  bool low_rate = false;
  Millis period{250};
  Time due{};
  std::uint64_t n = 0;                  // messages of it
  bool fresh = true;                    // next is a snapshot
  std::shared_ptr<const AssetBook::Shelf> shelf;
  std::shared_ptr<const LiveState::Picture> seen;
};

struct TopicState {
  bool live = false;
  bool replays = false;                 // waits to be replayed after `sent`
  std::uint64_t sent = 0;
  std::vector<std::int64_t> ids;        // of the subscriptions
};

struct Connection {
  LiveFeed::Id id = 0;
  std::shared_ptr<LiveSocket> socket;
  Time opened{};

  std::mutex mutex;                     // guards what follows
  bool welcomed = false;
  bool gone = false;
  Api::Caller caller;
  std::map<std::int64_t, Subscription> subscriptions;
  std::map<std::string, TopicState> topics;
  std::size_t waiting = 0;              // bytes in the socket's queue after the last send
  std::optional<Time> behind;           // since when its queue is full: nothing but pings is sent
  bool stalled = false;                 // events wait in the ring until there is room
  bool acks = false;
  Time acked_at{};
  std::uint64_t acked = 0, last_sent = 0, unacked = 0;
  std::int64_t lag = 0;
  double messages = 0, moves = 0;       // token buckets of what the client may send
  Time refilled{};
  Time pinged{};
  std::uint64_t pings = 0;

  std::atomic<bool> missed{false};      // an event came while somebody else held the lock
};
using Link = std::shared_ptr<Connection>;

class Feed : public std::enable_shared_from_this<Feed> {
 public:
  Feed(CityFace city, Api& api);

  void publish(const std::vector<LiveDelta>& deltas);
  void tick(Time now);
  LiveFeed::Id open(std::shared_ptr<LiveSocket> socket, const std::string& principal);
  void message(LiveFeed::Id id, std::string_view text);
  void closed(LiveFeed::Id id);
  std::size_t sockets() const;
  Tally::Counts problems() const { return problems_.read(); }
  void changes(Api::ChangesQuery query, Respond respond);

 private:
  struct Waiter {
    Api::ChangesQuery query;
    Respond respond;
    Time until{};
  };
  struct Standing {
    std::string subject, principal, person;
  };
  enum class Wants : std::uint8_t { snapshot, replay };

  // feed.cc
  Link find(LiveFeed::Id id) const;
  std::vector<Link> links() const;
  void send(Connection& c, Text text);
  void send(Connection& c, JsonWriter& message);
  void close(Connection& c, int code, const std::string& reason);
  void error(Connection& c, std::optional<std::int64_t> id, std::string_view code, std::string_view text);
  void look_after(Connection& c, Time now);    // pings, access, slow sockets
  void tell_mode(bool force, Connection* only);

  // feed_messages.cc
  void hear(const Link& link, std::string_view text);
  void hello(const Link& link, const json::object& in);
  void welcome(Connection& c, const json::object* in);
  void subscribe(const Link& link, const json::object& in);
  void subscribe_event(const Link& link, std::int64_t id, const std::string& topic, const json::object& in);
  void modify(Connection& c, const json::object& in);
  void unsubscribe(Connection& c, const json::object& in);
  void acknowledge(Connection& c, const json::object& in);
  void look_at(const Link& link, const json::object& in);
  Result<void> read_query(Subscription& sub, const json::object& in);

  // feed_presence.cc: who has which case open. No connection's lock may be held.
  void stand(const Link& link, const std::string& subject);  // "" leaves
  void tell_here(const std::string& subject);

  // feed_events.cc
  void catch_up(Connection& c);                // c is locked
  void send_event(Connection& c, const Sent& event);
  void snapshot(const Link& link, std::int64_t id, const std::string& topic);
  void replay(const Link& link);
  void start_over(Connection& c, std::string_view why);
  void answer_changes(const Waiter& waiter, bool at_once, bool& answered);
  void serve_waiters(Time now);

  // feed_state.cc
  void run_state(Time now);
  void send_kpi(const std::vector<Link>& all);
  bool state_due(const Link& link, Time now) const;
  void send_states(const Link& link, Time now);
  void send_layer(Connection& c, Subscription& sub);
  void send_object(Connection& c, Subscription& sub);
  void adapt(Connection& c, Subscription& sub, std::uint64_t merged);

  CityFace city_;
  std::weak_ptr<Engine> engine_;
  Api& api_;
  Ring ring_;
  mutable std::mutex mutex_;                   // links and waiters
  std::map<LiveFeed::Id, Link> links_;
  LiveFeed::Id next_id_ = 1;
  std::vector<Waiter> waiters_;
  std::mutex here_mutex_;                      // here_ and here_n_; taken last
  std::map<LiveFeed::Id, Standing> here_;
  std::uint64_t here_n_ = 0;
  std::atomic<bool> state_running_{false}, kpi_running_{false};
  Time kpi_due_{}, second_due_{};
  std::string mode_ = "normal";
  Tally problems_;
};

// Which event topics these roles hear.
std::vector<std::string> event_topics(const Actor& actor);
bool may_hear(const Actor& actor, std::string_view topic);

}  // namespace cityloop::serve
