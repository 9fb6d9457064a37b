// SPDX-License-Identifier: Apache-2.0
// Who has which case open: people at one case see each other. Kept in memory only; a socket that ends leaves.
#include <algorithm>

#include "serve/feed.h"

namespace cityloop::serve {

void Feed::stand(const Link& link, const std::string& subject) {
  Standing now{subject, {}, {}};
  if (!subject.empty()) {
    std::lock_guard lock(link->mutex);
    if (link->gone) return;
    now.principal = link->caller.principal;
    now.person = link->caller.actor.person;
  }
  std::string before;
  {
    std::lock_guard lock(here_mutex_);
    const auto found = here_.find(link->id);
    if (found != here_.end()) before = found->second.subject;
    if (subject.empty())
      here_.erase(link->id);
    else
      here_[link->id] = std::move(now);
  }
  if (!before.empty() && before != subject) tell_here(before);
  if (!subject.empty()) tell_here(subject);
}

// {"t":"here","n":…,"subject":…,"people":[…]} to everybody at the case; a person with two pages is told once. `n`
// orders the messages of threads that overtake each other.
void Feed::tell_here(const std::string& subject) {
  std::vector<LiveFeed::Id> at;
  JsonWriter out;
  {
    std::lock_guard lock(here_mutex_);
    std::map<std::string, std::string> people;
    for (const auto& [id, one] : here_) {
      if (one.subject != subject) continue;
      at.push_back(id);
      people.emplace(one.principal, one.person);
    }
    out.begin_object()
        .member("t", "here")
        .member("n", ++here_n_)
        .member("subject", subject)
        .key("people")
        .begin_array();
    for (const auto& [principal, person] : people)
      out.begin_object().member("id", principal).member("person", person).end_object();
    out.end_array().end_object();
  }
  const auto text = std::make_shared<const std::string>(out.take());
  for (const LiveFeed::Id id : at) {
    const Link link = find(id);
    if (!link) continue;
    std::lock_guard lock(link->mutex);
    if (!link->behind) send(*link, text);
  }
}

}  // namespace cityloop::serve
