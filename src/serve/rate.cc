// SPDX-License-Identifier: Apache-2.0
#include "serve/rate.h"

#include <algorithm>

#include "core/limits.h"

namespace cityloop::serve {

std::optional<Millis> RateLimit::take(const std::string& key, Time now) {
  std::lock_guard lock(mutex_);
  if (buckets_.size() >= limits::kRateKeys && !buckets_.contains(key)) forget(now);
  const auto [found, is_new] = buckets_.try_emplace(key, Bucket{burst_, now});
  Bucket& bucket = found->second;
  const double seconds = static_cast<double>(std::max<std::int64_t>(0, (now - bucket.at).count())) / 1000.0;
  bucket.left = std::min(burst_, bucket.left + seconds * per_second_);
  bucket.at = std::max(bucket.at, now);
  if (bucket.left >= 1) {
    bucket.left -= 1;
    return std::nullopt;
  }
  return Millis(static_cast<std::int64_t>((1 - bucket.left) / per_second_ * 1000) + 1);
}

// Full buckets say nothing; when all are busy the one longest quiet goes.
void RateLimit::forget(Time now) {
  const auto full_after = Millis(static_cast<std::int64_t>(burst_ / per_second_ * 1000));
  std::erase_if(buckets_, [&](const auto& entry) { return entry.second.at + full_after <= now; });
  if (buckets_.size() < limits::kRateKeys) return;
  buckets_.erase(std::min_element(buckets_.begin(), buckets_.end(),
                                  [](const auto& a, const auto& b) { return a.second.at < b.second.at; }));
}

std::optional<Millis> Lockout::begin(const std::string& key, Time now) {
  std::lock_guard lock(mutex_);
  if (failures_.size() >= limits::kRateKeys && !failures_.contains(key)) {
    std::erase_if(failures_, [&](const auto& entry) { return entry.second.last + limits::kLoginLock <= now; });
    if (failures_.size() >= limits::kRateKeys) return limits::kLoginLock;
  }
  Failures& failures = failures_[key];
  if (failures.last + limits::kLoginLock <= now) failures.count = 0;
  if (failures.count >= limits::kLoginFailures) return failures.last + limits::kLoginLock - now;
  ++failures.count;
  failures.last = now;
  return std::nullopt;
}

void Lockout::succeeded(const std::string& key) {
  std::lock_guard lock(mutex_);
  failures_.erase(key);
}

}  // namespace cityloop::serve
