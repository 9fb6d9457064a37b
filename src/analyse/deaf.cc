// SPDX-License-Identifier: Apache-2.0
#include "analyse/deaf.h"

#include <algorithm>

#include "core/limits.h"

namespace cityloop {
namespace {

void merge(std::vector<DeafTimes::Span>& spans) {
  std::ranges::sort(spans);
  std::size_t kept = 0;
  for (const DeafTimes::Span& span : spans) {
    if (kept > 0 && span.first <= spans[kept - 1].second) {
      spans[kept - 1].second = std::max(spans[kept - 1].second, span.second);
    } else {
      spans[kept++] = span;
    }
  }
  spans.resize(kept);
}

}  // namespace

void DeafTimes::add(std::int64_t from, std::int64_t to, const std::string& principal) {
  if (to <= from) return;
  const std::int64_t oldest = to - limits::kDeafKept.count();
  for (auto at = spans_.begin(); at != spans_.end();) {  // what excuses nothing any more
    std::erase_if(at->second, [&](const Span& span) { return span.second < oldest; });
    at = at->second.empty() ? spans_.erase(at) : std::next(at);
  }
  auto& spans = spans_[principal];
  spans.emplace_back(from, to);
  merge(spans);
  if (spans.size() > limits::kDeafPeriods) spans.erase(spans.begin());
}

std::vector<DeafTimes::Span> DeafTimes::spans_for(const Asset* asset, std::int64_t from) const {
  std::vector<Span> found;
  const auto collect = [&](std::string_view principal) {
    const auto at = spans_.find(principal);
    if (at == spans_.end()) return;
    for (const Span& span : at->second) {
      if (span.second > from) found.push_back(span);
    }
  };
  collect("");
  if (asset != nullptr) {
    collect("credential:" + asset->id);
    if (!asset->source.empty()) {
      collect(asset->source);
      collect("source:" + asset->source);
      collect("credential:" + asset->source);
    }
  }
  merge(found);
  return found;
}

std::int64_t DeafTimes::listened(std::int64_t from, std::int64_t to, const Asset* asset) const {
  std::int64_t time = to - from;
  if (spans_.empty() || time <= 0) return time;
  for (const auto& [begin, end] : spans_for(asset, from)) {
    time -= std::max<std::int64_t>(0, std::min(end, to) - std::max(begin, from));
  }
  return time;
}

std::int64_t DeafTimes::after(std::int64_t from, std::int64_t span, const Asset* asset) const {
  std::int64_t moment = from + span;
  if (spans_.empty()) return moment;
  for (const auto& [begin, end] : spans_for(asset, from)) {
    if (begin >= moment) break;
    moment += end - std::max(begin, from);
  }
  return moment;
}

}  // namespace cityloop
