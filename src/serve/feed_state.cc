// SPDX-License-Identifier: Apache-2.0
// State topics: kpi, layer:<kind>, obj:asset:<id>. The latest value per key; under pressure changes are merged and that is said.
#include <algorithm>
#include <set>

#include "serve/counts.h"
#include "serve/feed.h"
#include "serve/state_doc.h"

namespace cityloop::serve {
namespace {

constexpr Millis kFastest{250}, kSlowest{2000}, kHidden{5000};
constexpr std::size_t kRowsOfMessage = 2'000;

void put_row(JsonWriter& out, std::uint32_t slot, const LiveAsset* asset) {
  const LiveValue* value = asset == nullptr ? nullptr : main_value(*asset);
  out.begin_array().value(slot).value(asset == nullptr ? 0 : static_cast<int>(asset->level));
  if (value == nullptr) out.null().value(0);
  else out.value(value->value).value(to_ms(value->at));
  out.end_array();
}

bool same_row(const LiveAsset* a, const LiveAsset* b) {
  if (a == nullptr || b == nullptr) return a == b;
  const LiveValue *x = main_value(*a), *y = main_value(*b);
  if (a->level != b->level || (x == nullptr) != (y == nullptr)) return false;
  return x == nullptr || (x->at == y->at && x->value == y->value);
}

bool same_values(const LiveAsset* a, const LiveAsset* b) {
  if (a == nullptr || b == nullptr) return a == b;
  if (a->level != b->level || a->points.size() != b->points.size()) return false;
  return std::equal(a->points.begin(), a->points.end(), b->points.begin(), [](const LiveValue& x, const LiveValue& y) {
    return x.at == y.at && x.value == y.value && x.quality == y.quality;
  });
}

struct View {  // what of a shelf one subscription shows
  const std::string& scope;
  const std::optional<Box>& box;
  bool shows(const BookEntry& entry) const {
    return !entry.retired && entry.area.starts_with(scope) && (!box || (entry.has_place && box->contains(entry.place)));
  }
};

std::string kpi_doc(const CityCounts& counts, const ReadingCounters& readings, Time now) {
  JsonWriter out;
  out.begin_object().key("alarms").begin_object().member("red", counts.red).member("orange", counts.orange);
  out.member("yellow", counts.yellow).member("blue", counts.blue).member("unacknowledged", counts.unacknowledged).end_object();
  out.key("cases").begin_object().member("open", counts.cases_open).member("today", counts.cases_today);
  out.member("closed_today", counts.cases_closed_today).end_object();
  out.member("readings_per_s", readings.per_second).member("readings_total", readings.total).member("now", to_ms(now));
  return out.end_object().take();
}

std::string whole_city_or(const std::string& area, bool everything) { return everything ? std::string() : area; }

}  // namespace

void Feed::run_state(Time now) {
  const auto all = links();
  if (now >= kpi_due_ && !kpi_running_.exchange(true)) {
    kpi_due_ = now + std::chrono::seconds(1);
    city_.worker([self = shared_from_this(), all] {
      self->send_kpi(all);
      self->kpi_running_ = false;
    });
  }
  std::vector<Link> due;
  for (const Link& link : all)
    if (state_due(link, now)) due.push_back(link);
  if (due.empty() || state_running_.exchange(true)) return;
  city_.worker([self = shared_from_this(), due = std::move(due), now] {
    for (const Link& link : due) self->send_states(link, now);
    self->state_running_ = false;
  });
}

void Feed::send_kpi(const std::vector<Link>& all) {
  const auto engine = engine_.lock();
  if (!engine) return;
  std::map<std::string, std::string> docs;  // by scope
  for (const Link& link : all) {
    std::lock_guard lock(link->mutex);
    if (link->gone || !link->welcomed || link->behind) continue;
    for (auto& [id, sub] : link->subscriptions) {
      if (sub.topic != "kpi") continue;
      const std::string scope = whole_city_or(link->caller.actor.area, engine->sees_everything(link->caller.actor));
      std::string& doc = docs[scope];
      if (doc.empty()) {
        const auto counts = count_city(*engine, scope);
        if (!counts) continue;
        doc = kpi_doc(*counts, city_.counters ? city_.counters() : ReadingCounters{}, city_.now());
      }
      JsonWriter out;
      out.begin_object().member("t", "st").member("id", id).member("n", ++sub.n).member_raw("d", doc).end_object();
      send(*link, out);
    }
  }
}

bool Feed::state_due(const Link& link, Time now) const {
  std::unique_lock lock(link->mutex, std::try_to_lock);
  if (!lock || link->gone || !link->welcomed || link->behind) return false;
  return std::any_of(link->subscriptions.begin(), link->subscriptions.end(), [&](const auto& entry) {
    return (entry.second.topic.starts_with("layer:") || entry.second.topic.starts_with("obj:")) && entry.second.due <= now;
  });
}

void Feed::send_states(const Link& link, Time now) {
  Connection& c = *link;
  std::lock_guard lock(c.mutex);
  for (auto& [id, sub] : c.subscriptions) {
    if (c.gone || c.behind) return;
    if (sub.due > now) continue;
    if (sub.topic.starts_with("layer:")) {
      send_layer(c, sub);
      sub.due = now + (sub.low_rate ? kHidden : sub.period);
    } else if (sub.topic.starts_with("obj:")) {
      send_object(c, sub);
      sub.due = sub.low_rate ? now + kHidden : kNoTime;
    }
  }
  if (c.missed.exchange(false)) catch_up(c);
}

void Feed::send_layer(Connection& c, Subscription& sub) {
  const auto engine = engine_.lock();
  const auto book = engine ? engine->book.picture() : Result<std::shared_ptr<const AssetBook::Picture>>(fail(errors::kNotReady, ""));
  const auto live = city_.live();
  if (!book || !live) return;
  const auto found = (*book)->kinds.find(sub.subject);
  static const auto kEmpty = std::make_shared<const AssetBook::Shelf>();
  const auto shelf = found == (*book)->kinds.end() ? kEmpty : found->second;
  const std::string scope = whole_city_or(c.caller.actor.area, engine->sees_everything(c.caller.actor));
  const View view{scope, sub.box};
  const bool anew = sub.fresh || shelf != sub.shelf;
  if (!anew && live == sub.seen) return;
  std::vector<const BookEntry*> rows;
  for (const auto& entry : *shelf) {
    if (!view.shows(*entry)) continue;
    if (!anew) {
      // A chunk that both pictures share has not changed.
      const std::size_t chunk = entry->slot / LiveState::kChunk;
      const bool same = chunk < live->chunks.size() && chunk < sub.seen->chunks.size() && live->chunks[chunk] == sub.seen->chunks[chunk];
      if (same || same_row(live->asset(entry->slot), sub.seen->asset(entry->slot))) continue;
    }
    rows.push_back(entry.get());
  }
  const auto chunked = [&](auto&& write) {
    const std::size_t parts = std::max<std::size_t>(1, (rows.size() + kRowsOfMessage - 1) / kRowsOfMessage);
    for (std::size_t part = 0; part < parts && !c.behind; ++part) {
      const auto first = rows.begin() + static_cast<std::ptrdiff_t>(part * kRowsOfMessage);
      const auto last = rows.begin() + static_cast<std::ptrdiff_t>(std::min(rows.size(), (part + 1) * kRowsOfMessage));
      write(part, parts, std::span<const BookEntry* const>(first, last));
    }
  };
  std::vector<std::uint32_t> gone;
  if (anew && sub.shelf && sub.shelf != shelf) {
    std::set<std::uint32_t> now_there;
    for (const auto& entry : *shelf) now_there.insert(entry->slot);
    for (const auto& entry : *sub.shelf)
      if (!now_there.contains(entry->slot)) gone.push_back(entry->slot);
  }
  if (anew) {
    chunked([&](std::size_t part, std::size_t parts, std::span<const BookEntry* const> some) {
      JsonWriter out(some.size() * 32 + 128);
      out.begin_object().member("t", "snap").member("id", sub.id).member("seq", ring_.last());
      out.key("part").begin_array().value(part + 1).value(parts).end_array().key("rows").begin_array();
      for (const BookEntry* entry : some) out.begin_array().value(entry->slot).value(entry->id).end_array();
      out.end_array().end_object();
      send(c, out);
    });
  }
  if (!rows.empty() || !gone.empty() || anew) {
    chunked([&](std::size_t part, std::size_t, std::span<const BookEntry* const> some) {
      JsonWriter out(some.size() * 40 + 128);
      out.begin_object().member("t", "st").member("id", sub.id).member("n", ++sub.n).key("up").begin_array();
      for (const BookEntry* entry : some) put_row(out, entry->slot, live->asset(entry->slot));
      out.end_array().list("rm", part == 0 ? gone : std::vector<std::uint32_t>{}).end_object();
      send(c, out);
    });
  }
  const std::uint64_t merged = sub.seen && live->turn > sub.seen->turn ? live->turn - sub.seen->turn - 1 : 0;
  sub.fresh = false;
  sub.shelf = shelf;
  sub.seen = live;
  adapt(c, sub, merged);
}

// Slower while the socket or the page does not keep up, and says so; faster again when it does (web.md §4.5).
void Feed::adapt(Connection& c, Subscription& sub, std::uint64_t merged) {
  const bool pressed = c.waiting > limits::kLiveSoftBytes || c.lag > 1000;
  const bool free = c.waiting < limits::kLiveSoftBytes / 4 && c.lag < 500;
  const Millis before = sub.period;
  if (pressed) sub.period = std::min(kSlowest, sub.period * 2);
  else if (free) sub.period = std::max(kFastest, sub.period / 2);
  if (sub.period == before) return;
  JsonWriter out;
  out.begin_object().member("t", "lag").member("id", sub.id).member("merged", merged).member("every", sub.period.count()).end_object();
  send(c, out);
}

void Feed::send_object(Connection& c, Subscription& sub) {
  const auto live = city_.live();
  if (!live || (!sub.fresh && live == sub.seen)) return;
  const auto row = city_.journal->find("assets", sub.subject);
  if (!row || !*row) return;
  const auto asset = asset_of_doc((*row)->doc);
  if (!asset) return;
  const LiveAsset* now = live->asset(asset->slot);
  if (!sub.fresh && same_values(now, sub.seen->asset(asset->slot))) {
    sub.seen = live;
    return;
  }
  const auto packs = city_.packs();
  JsonWriter out(1024);
  out.begin_object().member("t", "st").member("id", sub.id).member("n", ++sub.n).key("up").begin_array();
  put_row(out, asset->slot, now);
  out.end_array().key("rm").begin_array().end_array().key("d");
  put_state(out, asset->id, asset->kind, packs->kind(asset->kind), now, city_.now());
  out.end_object();
  send(c, out);
  sub.fresh = false;
  sub.seen = live;
}

}  // namespace cityloop::serve
