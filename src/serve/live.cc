// SPDX-License-Identifier: Apache-2.0
#include "serve/live.h"

#include "serve/feed.h"

namespace cityloop {

LiveFeed::LiveFeed(CityFace city, Api& api) : feed_(std::make_shared<serve::Feed>(std::move(city), api)) {
  api.set_changes([weak = std::weak_ptr(feed_)](Api::ChangesQuery query, Respond respond) {
    if (const auto feed = weak.lock()) return feed->changes(std::move(query), std::move(respond));
    respond(problem(fail(errors::kNotReady, "the live feed has stopped")));
  });
}

LiveFeed::~LiveFeed() = default;

void LiveFeed::publish(const std::vector<LiveDelta>& deltas) { feed_->publish(deltas); }
void LiveFeed::tick(Time now) { feed_->tick(now); }
LiveFeed::Id LiveFeed::open(std::shared_ptr<LiveSocket> socket, std::string bearer_principal) {
  return feed_->open(std::move(socket), bearer_principal);
}
void LiveFeed::message(Id id, std::string_view text) { feed_->message(id, text); }
void LiveFeed::closed(Id id) { feed_->closed(id); }
Tally::Counts LiveFeed::problems() const { return feed_->problems(); }
std::size_t LiveFeed::sockets() const { return feed_->sockets(); }

}  // namespace cityloop
